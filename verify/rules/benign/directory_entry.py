"""Rule `directory-entry`: one side has an entry for a directory that is there anyway.

Explains: an entry that is a directory by its name, and by its mode if it has one, that holds
nothing (stored, or as the empty deflate stream), on one side only, while both sides have a file
below it.

Harmless because: whoever unpacks either wheel has the directory; installers of wheels make
directories as files need them and skip such entries. A directory without files is none of these: it
can be imported, as a namespace package.
"""

import stat

from verify.archive.facts import benign
from verify.archive.member import Member
from verify.archive.records import DEFLATED, STORED
from verify.finding import Finding
from verify.rules.interface import Context, Difference, DifferenceKind

_OWNER = stat.S_IRWXU
_PACKED = {STORED: 0, DEFLATED: 2}
"""Bytes that nothing takes; the bits of a stream are accounted for as those of every other."""


def directory_entry(difference: Difference, context: Context) -> Finding | None:
    """Explain a redundant directory."""
    side = difference.published or difference.rebuilt
    if difference.kind is DifferenceKind.CHANGED or side is None:
        return None
    if not _is_plain(side.member) or not context.holds_files(difference.name):
        return None
    return benign(
        "directory-entry",
        "One of the wheels has an entry for a directory that holds files in both.",
        member=difference.name,
        difference=difference.kind.value,
    )


def _is_plain(member: Member) -> bool:
    mode = member.mode
    # Whoever unpacks the archive with its modes gets a directory for himself, and for no others.
    is_own = mode & _OWNER == _OWNER and not mode & stat.S_IWOTH
    is_open = mode == 0 or (stat.S_ISDIR(mode) and is_own)
    is_empty = member.size == 0 and member.compressed_size == _PACKED.get(member.method)
    return member.is_dir and is_open and is_empty
