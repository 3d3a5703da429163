"""RECORD: every member listed once, with its sha256 and size, and nothing else listed.

Installers do not check it (pip and uv never compare its hashes), so a RECORD that lies is a lie
told to whoever audits an installation later.
"""

import base64
import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from verify.archive.errors import UnreadableMemberError
from verify.archive.facts import dangerous, note, unexplained
from verify.archive.member import Content, Member
from verify.archive.reader import Archive
from verify.finding import Finding

_STRONG = {"sha256", "sha384", "sha512"}
"""Recording installed projects: "sha256 or better"; of `hashlib`, those that everybody has."""

_SLACK = 1000
"""Lines of RECORD beyond one for each member that are still told one by one."""

_MAX_PATH = 400

_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
"""Signatures of RECORD cannot be listed in what they sign (binary distribution format, "Signed
wheel files")."""


class Row(NamedTuple):
    """One row of RECORD: path, `algorithm=digest` or empty, size in bytes or empty."""

    path: str
    digest: str
    size: str


def parse_record(data: bytes) -> tuple[Row, ...] | None:
    """The rows of RECORD; None when it is not UTF-8 CSV with three columns throughout."""
    try:
        text = data.decode("utf-8")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return None
    if any(len(row) != 3 for row in rows):
        return None
    return tuple(map(Row._make, rows))


def expected_row(path: str, content: Content) -> Row:
    """The row that tells the truth about a member."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(content.sha256)).rstrip(b"=").decode()
    return Row(path=path, digest=f"sha256={digest}", size=str(content.size))


def is_exempt(path: str, record: str) -> bool:
    """Whether a path is RECORD itself or one of its signatures."""
    if not path.startswith(record):
        return False
    directory = record.removesuffix("RECORD")
    return path == record or path in {directory + name for name in _SIGNATURES}


def record_facts(archive: Archive, record: str, data: bytes) -> Iterator[Finding]:
    """Members against rows, rows against members."""
    # Two characters may end a line. Beyond this many rows RECORD lies anyway: paths are listed
    # twice, or are of members that there are not.
    if data.count(b"\n") + data.count(b"\r") > 2 * (len(archive.members) + _SLACK):
        yield dangerous(
            "record.too-many-rows",
            "RECORD has far more lines than there are members, and is not read.",
            member=record,
            members=len(archive.members),
        )
        return
    rows = parse_record(data)
    if rows is None:
        yield dangerous("record.unreadable", "RECORD is no CSV of three columns.", member=record)
        return
    yield from _path_facts(rows, record)
    listed = {row.path: row for row in rows}
    for member in archive.members:
        if not member.is_dir:
            yield from _member_facts(archive, member, listed.get(member.name), record)
    yield from _absent_facts(rows, archive.members, record)


def _path_facts(rows: Sequence[Row], record: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for row in rows:
        if row.path in seen:
            yield dangerous(
                "record.duplicate-row",
                "RECORD lists a path twice.",
                member=record,
                path=row.path[:_MAX_PATH],
            )
        seen.add(row.path)
        if _leaves_root(row.path):
            yield dangerous(
                "record.unsafe-path",
                "RECORD lists a path outside the installation root.",
                member=record,
                path=row.path[:_MAX_PATH],
            )


def _leaves_root(path: str) -> bool:
    climbs = ".." in path and ".." in re.split(r"[/\\]", path)
    return climbs or path[:1] in {"/", "\\"} or path[1:2] == ":"


def _absent_facts(rows: Iterable[Row], members: Iterable[Member], record: str) -> Iterator[Finding]:
    present = {member.name for member in members if not member.is_dir}
    for path in sorted({row.path for row in rows} - present):
        yield dangerous(
            "record.absent-member",
            "RECORD lists a file that the wheel does not have.",
            member=record,
            path=path[:_MAX_PATH],
        )


def _member_facts(
    archive: Archive, member: Member, row: Row | None, record: str
) -> Iterator[Finding]:
    if is_exempt(member.name, record):
        yield from _exempt_facts(member, row, record)
    elif row is None:
        yield dangerous(
            "record.unlisted-member", "RECORD does not list the member.", member=member.name
        )
    else:
        content = archive.contents.get(member.index)
        # Without content the archive already carries a dangerous finding on this member.
        if content is not None and row != expected_row(member.name, content):
            yield from _row_facts(archive, member, row, content)


def _exempt_facts(member: Member, row: Row | None, record: str) -> Iterator[Finding]:
    if row is None and member.name == record:
        yield note("record.without-itself", "RECORD does not list itself.", member=record)
    if row is not None and (row.digest or row.size or member.name != record):
        yield unexplained(
            "record.listed-signature",
            "RECORD gives a hash or size for itself, or lists its signature.",
            member=member.name,
            digest=row.digest[:200],
            size=row.size[:40],
        )


def _row_facts(archive: Archive, member: Member, row: Row, content: Content) -> Iterator[Finding]:
    if row.size != str(content.size):
        kind = dangerous if row.size else unexplained
        yield kind(
            "record.size",
            "RECORD does not give the member's size.",
            member=member.name,
            recorded=row.size[:40],
            actual=content.size,
        )
    algorithm = row.digest.partition("=")[0]
    if algorithm not in _STRONG:
        yield unexplained(
            "record.weak-hash",
            "RECORD gives no hash, or one weaker than sha256.",
            member=member.name,
            recorded=row.digest[:200],
        )
    else:
        yield from _digest_facts(archive, member, row, content)


def _digest_facts(
    archive: Archive, member: Member, row: Row, content: Content
) -> Iterator[Finding]:
    algorithm, _, recorded = row.digest.partition("=")
    digest = _digest(archive, member, algorithm)
    if digest and recorded == _encoded(digest):
        return
    evidence = {"recorded": row.digest[:200], "sha256": content.sha256}
    if digest and recorded == digest.hex():
        # Honest tools of 2015 did: no lie, but nothing that checks hashes takes it for the hash.
        yield unexplained(
            "record.hash-encoding",
            "RECORD gives the member's hash in hexadecimal, which is not the specified encoding.",
            member=member.name,
            **evidence,
        )
    else:
        yield dangerous(
            "record.hash",
            "RECORD gives another hash than the member has.",
            member=member.name,
            **evidence,
        )


def _digest(archive: Archive, member: Member, algorithm: str) -> bytes:
    """The member's digest, empty when it cannot be read."""
    digest = hashlib.new(algorithm)
    try:
        for window in archive.windows(member):
            digest.update(window)
    except UnreadableMemberError:
        return b""
    return digest.digest()


def _encoded(digest: bytes) -> str:
    """As the specification wants it: base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
