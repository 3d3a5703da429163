"""How a METADATA file spells its extras."""

import re

from packaging.utils import canonicalize_name

from verify.distinfo.plain_metadata import PlainMetadata

_USE = re.compile(r"extra *== *(?:'([A-Za-z0-9._-]+)'|\"([A-Za-z0-9._-]+)\")")


def spells_extras_alike(file: PlainMetadata) -> bool:
    """Whether the file has one spelling for each extra, in `Provides-Extra` and in all markers.

    Tools from before PEP 685 compare extras letter by letter, so to them a file with two spellings
    says something else.
    """
    names = set(file.values("provides-extra"))
    for requirement in file.values("requires-dist"):
        marker = requirement.partition(";")[2]
        used = [match[1] or match[2] for match in _USE.finditer(marker)]
        if marker.count("extra") - sum(name.count("extra") for name in used) != len(used):
            return False
        names.update(used)
    return len(set(map(canonicalize_name, names))) == len(names)
