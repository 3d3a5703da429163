"""License files in the dist-info directory, by name."""

import re

_NAME = re.compile(
    r"(licenses/(?:[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}/){0,8})?"
    r"((?:LICEN[CS]E|COPYING|NOTICE|AUTHORS)[A-Za-z0-9_-]{0,40}"
    r"(?:\.(?:APACHE|BSD|GPL|LESSER|LGPL|MIT|MPL|PSF))?(?:\.(?:txt|TXT|md|rst))?)"
)
"""What setuptools collects by itself (`LICEN[CS]E*`, `COPYING*`, `NOTICE*`, `AUTHORS*`), and only
suffixes of text: nothing that an interpreter, a loader or a shell acts on."""


def license_place(name: str, dist_info: str | None) -> tuple[str, str] | None:
    """Where in the dist-info directory a license file is, and its last segment.

    The place is empty for the directory itself; None for what is no license file there.
    """
    prefix = f"{dist_info}/"
    if dist_info is None or not name.startswith(prefix):
        return None
    match = _NAME.fullmatch(name.removeprefix(prefix))
    return (match[1] or "", match[2]) if match else None
