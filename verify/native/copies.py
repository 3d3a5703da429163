"""Libraries that a repair tool copied into the wheels, under names that differ.

auditwheel puts the beginning of a file's sha256 into the name of its copy, and has whatever loads
it ask for that name: `libz-2f1d0a3c.so.1.2.7`. So two modules of one source differ in these names
wherever the copies do, or where only one of them was repaired: in what they load, and in which
library has to define a symbol's version.

Only the names of the libraries that are loaded, one for one in their order, say which copy is which
on the other side. Each pair is told as a difference, so that nothing is ever explained by it: what
it is for is that everything else is compared.
"""

import re
from collections.abc import Mapping

from verify.native.dynamic import Dynamic

_NAME = re.compile(
    r"(?P<stem>[^./]+?)(?:-(?P<hash>[0-9a-f]{8}))?(?P<rest>(?:\.[^./]+)*?\.so)(?:\.\d+[a-z]?)*",
    re.ASCII,
)
"""auditwheel's `copylib`: the hash stands before the first dot."""


def is_copy(name: str) -> bool:
    """Whether a library is called as auditwheel calls what it has copied."""
    match = _NAME.fullmatch(name)
    return match is not None and match["hash"] is not None


def copies_of(published: Dynamic, rebuilt: Dynamic) -> Mapping[str, str]:
    """What the rebuilt file loads in place of each copy that only the published one does, by name.

    Nothing where the files do not load the same libraries in the same order, apart from that.
    """
    if len(published.needed) != len(rebuilt.needed):
        return {}
    pairs = list(zip(published.needed, rebuilt.needed, strict=True))
    found = {ours: theirs for ours, theirs in pairs if ours != theirs}
    if not all(is_copy(ours) and _is_one(ours, theirs) for ours, theirs in found.items()):
        return {}
    names = [*found, *found.values()]
    is_clear = len(set(names)) == len(names) and not found.keys() & set(rebuilt.needed)
    return found if is_clear else {}


def _is_one(ours: str, theirs: str) -> bool:
    """Whether two names are those of one library, whatever its version and the hash of its file."""
    left, right = _NAME.fullmatch(ours), _NAME.fullmatch(theirs)
    if left is None or right is None:
        return False
    return (left["stem"], left["rest"]) == (right["stem"], right["rest"])
