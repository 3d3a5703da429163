"""License files that METADATA names (PEP 639), held against the members."""

from collections.abc import Container, Iterator

from packaging.version import InvalidVersion, Version

from verify.archive.facts import unexplained
from verify.distinfo.metadata import parse_headers
from verify.finding import Finding

_FIELD = "license-file"

_FIRST_VERSION = Version("2.4")
"""Before, tools wrote License-File without a specification, and put the files anywhere."""

_MAX_LISTED = 8


def license_facts(data: bytes, path: str, members: Container[str]) -> Iterator[Finding]:
    """One finding when files are named that are not below `licenses/` of the dist-info directory.

    Args:
        data: the content of METADATA.
        path: its name.
        members: names of all members.
    """
    # Parsing is what takes time, and most wheels name none.
    if _FIELD.encode() not in data.lower():
        return
    headers = parse_headers(data)
    if not _is_specified(headers.values("metadata-version")):
        return
    directory = path.removesuffix("METADATA")
    absent = [
        name
        for name in headers.values(_FIELD)
        if f"{directory}licenses/{_text(name)}" not in members
    ]
    if absent:
        yield unexplained(
            "metadata.license-file",
            "METADATA names license files that the wheel does not have.",
            member=path,
            count=len(absent),
            first=[name[:200] for name in absent[:_MAX_LISTED]],
        )


def _text(value: str) -> str:
    """A header value as UTF-8; headers keep one character for each byte."""
    return value.encode("latin-1").decode("utf-8", "replace")


def _is_specified(versions: list[str]) -> bool:
    try:
        return any(Version(version) >= _FIRST_VERSION for version in versions)
    except InvalidVersion:
        return False
