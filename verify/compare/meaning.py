"""Where a header field that is otherwise free decides what runs.

A regeneration takes dates and modes from the published file, because nothing depends on them; here
is what does.
"""

import stat
from collections.abc import Callable, Iterable
from functools import partial

from verify.archive.member import Member
from verify.archive.records import SYSTEM_UNIX
from verify.distinfo.targets import placed
from verify.rules.compiled import compiled_sources, is_compiled

Pair = tuple[Member, Member]
"""A published member and the rebuilt one of the same name."""

Judge = Callable[[Member, Member], str | None]
"""Why a field of the published member must be as in the rebuilt one; None if it may be free."""

_EXECUTABLE = 0o111
_READABLE = 0o400
_PROGRAM_SCHEMES = ("/data", "/scripts")


def programs(member: Member) -> tuple[bool, bool]:
    """Whether two kinds of installers make the member executable.

    The first looks at the mode alone (pip: a regular file with an executable bit), the second asks
    first whether a Unix system made the entry (the ZIP libraries of other languages).
    """
    is_executable = bool(member.mode & _EXECUTABLE) and not member.is_dir
    return (
        is_executable and stat.S_ISREG(member.mode),
        is_executable and member.create_system == SYSTEM_UNIX,
    )


def meaningful_fields(members: Iterable[Member]) -> dict[str, Judge]:
    """By the name of a recordable field, who says where it means something.

    Args:
        members: all members of the published archive.
    """
    return {
        "date_time": partial(_dates_bytecode, compiled_sources(members)),
        "external_attr": _decides_use,
        "create_system": _decides_use,
    }


def _dates_bytecode(compiled: frozenset[str], ours: Member, _theirs: Member) -> str | None:
    """Bytecode is run instead of a source that has the date in its header (PEP 3147, zipimport)."""
    if not is_compiled(ours.name, compiled):
        return None
    return "its date decides whether bytecode runs in its place"


def _decides_use(ours: Member, theirs: Member) -> str | None:
    """What `scripts` and `data` hold may be put on the PATH, unlike other data.

    A file that its owner may not read is gone for who unpacks it with its mode, and no error is.
    """
    if programs(ours) != programs(theirs) and _is_in_program_scheme(ours.name):
        return "its mode decides whether it is a program"
    is_other = (ours.mode, ours.create_system) != (theirs.mode, theirs.create_system)
    if is_other and _is_locked(ours):
        return "its mode lets not even its owner read it"
    return None


def _is_in_program_scheme(name: str) -> bool:
    return placed(name).scheme.casefold().endswith(_PROGRAM_SCHEMES)


def _is_locked(member: Member) -> bool:
    return member.mode != 0 and not member.mode & _READABLE and not member.is_dir
