"""Rule `directory-entry`: one side has an entry for a directory that is there anyway.

Explains: an entry that is a directory by its name, and by its mode if it has one, that holds
nothing (stored, or as the empty deflate stream), on one side only. The directory is
- the dist-info directory or one below it, with a file that is in both wheels; or
- a package in packages: each directory from the root on has an `__init__.py`, which is the same in
  both wheels.

Harmless because: whoever unpacks either wheel has the directory; installers of wheels make
directories as files need them and skip such entries. Whoever imports from the wheel as it is finds
a package by its `__init__.py`. A directory of modules without one is none of these: up to Python
3.12 `zipimport` finds such a namespace package by its entry only. Nor is a directory of metadata
beside the dist-info directory: the first that the archive names is the one that counts.
"""

import stat
from bisect import bisect_left

from verify.archive.facts import benign
from verify.archive.member import Member
from verify.archive.records import DEFLATED, STORED
from verify.finding import Finding
from verify.rules.interface import Context, Difference, DifferenceKind

_OWNER = stat.S_IRWXU
_MAX_BELOW = 64
"""Files below a directory that are looked through for one that is in both wheels."""

_PACKED = {STORED: 0, DEFLATED: 2}
"""Bytes that nothing takes; the bits of a stream are accounted for as those of every other."""


def directory_entry(difference: Difference, context: Context) -> Finding | None:
    """Explain a redundant directory."""
    side = difference.published or difference.rebuilt
    if difference.kind is DifferenceKind.CHANGED or side is None:
        return None
    is_there = _is_metadata(difference.name, context) or _is_package(difference.name, context)
    if not is_there or not _is_plain(side.member):
        return None
    return benign(
        "directory-entry",
        "One of the wheels has an entry for a directory that holds files in both.",
        member=difference.name,
        difference=difference.kind.value,
    )


def _is_metadata(directory: str, context: Context) -> bool:
    names = context.files[0]
    if context.dist_info is None or not directory.startswith(f"{context.dist_info}/"):
        return False
    at = bisect_left(names, directory)
    below = (name for name in names[at : at + _MAX_BELOW] if name.startswith(directory))
    return any(name in context.rebuilt.by_name for name in below)


def _is_package(directory: str, context: Context) -> bool:
    parts = directory.split("/")[:-1]
    packages = ("/".join(parts[: at + 1]) for at in range(len(parts)))
    return all(_is_same(f"{package}/__init__.py", context) for package in packages)


def _is_same(name: str, context: Context) -> bool:
    archives = (context.published, context.rebuilt)
    is_in_both = all(name in archive.by_name for archive in archives)
    return is_in_both and name not in context.differences


def _is_plain(member: Member) -> bool:
    mode = member.mode
    # Whoever unpacks the archive with its modes gets a directory for himself, and for no others.
    is_own = mode & _OWNER == _OWNER and not mode & stat.S_IWOTH
    is_open = mode == 0 or (stat.S_ISDIR(mode) and is_own)
    is_empty = member.size == 0 and member.compressed_size == _PACKED.get(member.method)
    return member.is_dir and is_open and is_empty
