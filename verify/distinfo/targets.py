"""Where installers put members: two of them at one path let the order decide which one stays.

Installers write members one after another in the order of the archive, which a regeneration takes
from the published file. Most do not notice that a path was already written.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from verify.archive.facts import dangerous
from verify.archive.folding import folded
from verify.archive.member import Member
from verify.distinfo.locate import DATA
from verify.finding import Finding

LIBRARY = "lib:"
PROGRAMS = "bin:"
_HEADERS = "include:"
PREFIX = "prefix:"

_ROOTS = {"purelib": LIBRARY, "platlib": LIBRARY, "scripts": PROGRAMS, "headers": _HEADERS}
"""Schemes other than `data`. Nearly everywhere `purelib` and `platlib` are one directory, and
`Root-Is-Purelib` puts what is in no scheme into one of them."""

_INSIDE_PREFIX = (
    (re.compile(r"(?:bin|scripts)/(.+)"), PROGRAMS),
    (
        re.compile(r"(?:local/)?lib(?:64)?/(?:(?:python|pypy)[^/]*/)?(?:site|dist)-packages/(.+)"),
        LIBRARY,
    ),
    (re.compile(r"(?:local/)?include/(?:site/)?(?:(?:python|pypy)[^/]*/)?[^/]+/(.+)"), _HEADERS),
)
"""Where the other schemes are inside the prefix that `data` is: `sysconfig`'s schemes on POSIX and
Windows, Debian's, and pip's directory for headers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A member's way to its paths; only different ways can lead two members to one path.

    Attributes:
        scheme: the directories of the name that the installer takes away, empty for the root.
        targets: keys of the paths that some installation has for it.
    """

    scheme: str
    targets: tuple[str, ...]


def placed(name: str) -> Placed:
    """The paths of a member, folded as file systems fold names."""
    top, _, below = name.partition("/")
    scheme, _, rest = below.partition("/")
    is_in_scheme = rest and "." in top and folded(top).endswith(DATA)
    if not is_in_scheme:
        return Placed(scheme="", targets=(LIBRARY + folded(name),))
    path = folded(rest)
    root = _ROOTS.get(folded(scheme))
    if root is not None:
        targets: tuple[str, ...] = (root + path,)
    else:
        inside = ((pattern.fullmatch(path), root) for pattern, root in _INSIDE_PREFIX)
        targets = (PREFIX + path, *(root + match[1] for match, root in inside if match))
    return Placed(scheme=f"{top}/{scheme}", targets=targets)


def program_names(name: str) -> list[str]:
    """The names under which a member ends among the programs, folded; most members have none."""
    programs = (t.removeprefix(PROGRAMS) for t in placed(name).targets if t.startswith(PROGRAMS))
    return [program for program in programs if "/" not in program]


def target_facts(members: Iterable[Member]) -> Iterator[Finding]:
    """One finding for each member that some installer puts where it puts another one."""
    owners: dict[str, tuple[str, str]] = {}
    for member in members:
        if member.is_dir:
            continue
        place = placed(member.name)
        for target in place.targets:
            scheme, other = owners.setdefault(target, (place.scheme, member.name))
            # Within one scheme names that merge are `archive.name-twins`.
            if scheme != place.scheme:
                yield dangerous(
                    "distinfo.same-target",
                    "Two members are installed to one path, so their order decides what is there.",
                    member=member.name,
                    other=other,
                    target=target,
                )
