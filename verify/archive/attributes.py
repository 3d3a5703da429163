"""Flags, methods, versions, attributes and modes of one member."""

import stat
from collections.abc import Iterable, Iterator
from datetime import date

from verify.archive.facts import dangerous, note, unexplained
from verify.archive.limits import is_bomb
from verify.archive.member import Member
from verify.archive.records import (
    DEFLATED,
    FLAG_DEFLATE_OPTION,
    FLAG_DESCRIPTOR,
    FLAG_ENCRYPTED,
    FLAG_MASKED,
    FLAG_PATCHED,
    FLAG_STRONG_ENCRYPTION,
    FLAG_UTF8,
    STORED,
    SYSTEM_DOS,
    SYSTEM_UNIX,
)
from verify.finding import Finding

KNOWN_FLAGS = FLAG_DEFLATE_OPTION | FLAG_DESCRIPTOR | FLAG_UTF8
_HIDING_FLAGS = FLAG_ENCRYPTED | FLAG_STRONG_ENCRYPTION | FLAG_MASKED | FLAG_PATCHED

INTERNAL_TEXT = 1
"""APPNOTE 4.4.14: bit 0 says that the member is apparently text."""

DOS_DIRECTORY = 0x10
"""The directory bit of MS-DOS attributes, the only one of the lower half that writers set."""

_NEWEST_VERSION = 63
"""APPNOTE 4.4.3.2: 6.3 is the newest defined."""

_NEEDED_VERSIONS = frozenset({10, 20, 45})
"""APPNOTE 4.4.3.2: the default, deflate or directories, ZIP64. Extractors leave out members that
need more than they know (UnZip 6.0: 4.6), so any other value decides what is extracted."""

_SPECIAL_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX


def attribute_facts(member: Member, *, system_needed: int) -> Iterator[Finding]:
    """Everything in a member's fixed fields that wheel writers do not write."""
    yield from _flag_facts(member)
    yield from _mode_facts(member)
    yield from _version_facts(member, system_needed)
    yield from _size_facts(member)
    if not is_date(member):
        yield unexplained(
            "archive.invalid-time",
            "The time stamp is no date and time.",
            member=member.name,
            date_time=list(member.date_time),
        )


def streamed_facts(members: Iterable[Member]) -> list[Finding]:
    """A note on members whose sizes stand behind the data, as writers to a pipe leave them.

    The public index refuses such wheels. Here each descriptor has been held against the headers,
    and what else is odd about one is a finding of its own.
    """
    streamed = [member.name for member in members if member.has_descriptor]
    if not streamed:
        return []
    return [
        note(
            "archive.data-descriptor",
            "Members have their sizes behind the data instead of before it.",
            count=len(streamed),
            first=streamed[:8],
        )
    ]


def is_date(member: Member) -> bool:
    """Whether calendar and clock have the DOS date and time; seconds are stored halved."""
    year, month, day, hour, minute, second = member.date_time
    try:
        date(year, month, day)
    except ValueError:
        return False
    return hour < 24 and minute < 60 and second < 60


def _flag_facts(member: Member) -> Iterator[Finding]:
    if member.flags & _HIDING_FLAGS:
        yield dangerous(
            "archive.encrypted",
            "The member is marked as encrypted, masked or patched.",
            member=member.name,
            flags=member.flags,
        )
    if member.flags & ~(KNOWN_FLAGS | _HIDING_FLAGS):
        yield unexplained(
            "archive.unknown-flags", "Unknown flag bits.", member=member.name, flags=member.flags
        )
    if member.method not in {STORED, DEFLATED}:
        yield dangerous(
            "archive.unknown-method",
            "The compression method is neither stored nor deflate, so the content is not checked.",
            member=member.name,
            method=member.method,
        )


def _mode_facts(member: Member) -> Iterator[Finding]:
    kind = stat.S_IFMT(member.mode)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        yield dangerous(
            "archive.special-file",
            "The mode is that of a symbolic link, device, socket or pipe.",
            member=member.name,
            mode=oct(member.mode),
        )
    elif (kind == stat.S_IFDIR) != member.is_dir and kind:
        yield dangerous(
            "archive.kind-contradiction",
            "The mode and the name disagree on whether this is a directory.",
            member=member.name,
            mode=oct(member.mode),
        )
    if member.mode & _SPECIAL_BITS:
        yield dangerous(
            "archive.special-mode",
            "The mode has a set-user-id, set-group-id or sticky bit.",
            member=member.name,
            mode=oct(member.mode),
        )
    if member.external_attr & 0xFFFF not in ({0, DOS_DIRECTORY} if member.is_dir else {0}):
        yield unexplained(
            "archive.dos-attributes",
            "MS-DOS attributes that wheel writers do not set.",
            member=member.name,
            attributes=member.external_attr & 0xFFFF,
        )


def _version_facts(member: Member, system_needed: int) -> Iterator[Finding]:
    is_known = member.made_by <= _NEWEST_VERSION and member.version_needed in _NEEDED_VERSIONS
    if not is_known or system_needed:
        yield unexplained(
            "archive.unknown-version",
            "A version of the ZIP format that wheel writers do not name.",
            member=member.name,
            made_by=member.made_by,
            needed=member.version_needed,
        )
    if member.create_system not in {SYSTEM_DOS, SYSTEM_UNIX}:
        yield unexplained(
            "archive.unknown-system",
            "Made on a system that wheel writers do not name.",
            member=member.name,
            system=member.create_system,
        )
    if member.internal_attr & ~INTERNAL_TEXT:
        yield unexplained(
            "archive.internal-attributes",
            "Internal attributes beyond the text bit.",
            member=member.name,
            attributes=member.internal_attr,
        )


def _size_facts(member: Member) -> Iterator[Finding]:
    if is_bomb(member.compressed_size, member.size):
        yield dangerous(
            "archive.bomb",
            "The member inflates to more than an honest one could need.",
            member=member.name,
            compressed=member.compressed_size,
            size=member.size,
        )
    if member.is_dir and member.size:
        yield dangerous(
            "archive.directory-data",
            "A directory entry has content.",
            member=member.name,
            size=member.size,
        )
