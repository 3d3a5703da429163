"""RECORD: what auditors of an installation believe, and installers never check."""

import base64
import csv
import hashlib
import io
from collections.abc import Callable

from tests.attacks.catalogue.technique import PAYLOAD, Family, Tampered
from tests.support.real_wheels import RealWheel, write_record
from tests.support.wheels import pack, record_row

RECORD = Family("RECORD")

_Row = list[str]


def _rows(wheel: RealWheel) -> list[_Row]:
    text = wheel.files[wheel.record].decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def _rewritten(wheel: RealWheel, change: Callable[[_Row], _Row | None]) -> bytes:
    """The wheel with the row of the module changed, or (None) left out."""
    rows = [change(row) if row[0] == wheel.module else row for row in _rows(wheel)]
    return wheel.forge({}, record=write_record(row for row in rows if row is not None))


def _extended(wheel: RealWheel, *rows: str) -> bytes:
    added = "".join(f"{row}\n" for row in rows).encode()
    return wheel.forge({}, record=wheel.files[wheel.record] + added)


def _digest(algorithm: str, data: bytes) -> str:
    digest = hashlib.new(algorithm, data).digest()
    return f"{algorithm}=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _with_other_line_ends(text: bytes) -> bytes:
    if b"\r\n" in text:
        return text.replace(b"\r\n", b"\n")
    return text.replace(b"\n", b"\r\n")


@RECORD.dangerous("record.hash", "Audits by RECORD vouch for another module.")
def stale_record(wheel: RealWheel) -> bytes:
    """The module is changed, RECORD still tells of the old one."""
    data = wheel.files[wheel.module]
    changed = PAYLOAD + data[len(PAYLOAD) :]
    return wheel.forge({wheel.module: changed}, record=wheel.files[wheel.record])


@RECORD.dangerous("record.hash", "Audits report an honest installation as damaged.")
def wrong_hash(wheel: RealWheel) -> list[bytes]:
    other = _digest("sha256", PAYLOAD)
    return [
        _rewritten(wheel, lambda row: [row[0], other, row[2]]),
        _rewritten(wheel, lambda row: [row[0], f"{row[1]}=", row[2]]),
        _rewritten(wheel, lambda row: [row[0], _digest("sha512", PAYLOAD), row[2]]),
    ]


@RECORD.dangerous("record.size", "Audits by size vouch for another module.")
def wrong_size(wheel: RealWheel) -> list[bytes]:
    return [
        _rewritten(wheel, lambda row: [row[0], row[1], f"{row[2]}9"]),
        _rewritten(wheel, lambda row: [row[0], row[1], f"+{row[2]}"]),
        _rewritten(wheel, lambda row: [row[0], row[1], f"0{row[2]}"]),
    ]


@RECORD.dangerous("record.unlisted-member", "Uninstalling leaves the module behind.")
def unlisted_module(wheel: RealWheel) -> bytes:
    return wheel.forge({"unlisted.py": PAYLOAD}, record=wheel.files[wheel.record])


@RECORD.dangerous("record.unlisted-member", "Audits by RECORD never look at the module.")
def row_left_out(wheel: RealWheel) -> bytes:
    return _rewritten(wheel, lambda _row: None)


@RECORD.dangerous("record.absent-member", "Audits find a module missing that never was.")
def row_of_an_absent_member(wheel: RealWheel) -> list[bytes]:
    return [_extended(wheel, record_row("ghost.py", b"")), _extended(wheel, "folder/,,")]


@RECORD.dangerous("record.absent-member", "One reader resolves the path, another one does not.")
def row_in_another_spelling(wheel: RealWheel) -> list[bytes]:
    return [
        _rewritten(wheel, lambda row: [f"./{row[0]}", *row[1:]]),
        _rewritten(wheel, lambda row: [row[0].upper(), *row[1:]]),
        _rewritten(wheel, lambda row: [f"{row[0]} ", *row[1:]]),
    ]


@RECORD.dangerous("record.duplicate-row", "Auditors differ in which row they believe.")
def two_rows_for_one_member(wheel: RealWheel) -> list[bytes]:
    return [
        _extended(wheel, ",".join(_rows(wheel)[0])),
        _extended(wheel, record_row(wheel.module, PAYLOAD)),
    ]


@RECORD.dangerous("record.unsafe-path", "Uninstalling removes files of the system.")
def row_outside_the_root(wheel: RealWheel) -> list[bytes]:
    paths = ("../../../bin/sh", "/bin/sh", "C:/Windows/x.dll", "..\\x.py")
    return [_extended(wheel, record_row(path, b"")) for path in paths]


@RECORD.dangerous("record.unreadable", "Parsers differ in what the rows are.")
def rows_that_are_no_csv(wheel: RealWheel) -> list[bytes]:
    old = wheel.files[wheel.record]
    return [
        _extended(wheel, "a,b"),
        _extended(wheel, "a,b,c,d"),
        _extended(wheel, '"open'),
        _extended(wheel, "# a comment"),
        wheel.forge({}, record=old + b"\xff,,\n"),
        wheel.forge({}, record=old.replace(b"\n", b"\r\r")),
        wheel.forge({}, record=old + b"\n"),
    ]


@RECORD.dangerous("record.unlisted-member", "Readers that skip a byte order mark see other names.")
def record_after_a_byte_order_mark(wheel: RealWheel) -> bytes:
    return wheel.forge({}, record=b"\xef\xbb\xbf" + wheel.files[wheel.record])


@RECORD.dangerous("record.unlisted-member", "RECORD vouches for nothing at all.")
def empty_record(wheel: RealWheel) -> bytes:
    return wheel.forge({}, record=b"")


@RECORD.dangerous("record.too-many-rows", "The judge is kept busy with rows.")
def millions_of_rows(wheel: RealWheel) -> bytes:
    return wheel.forge({}, record=wheel.files[wheel.record] + b",,\n" * 20_000)


@RECORD.dangerous("distinfo.missing-file", "Nothing can be audited or uninstalled.")
def no_record(wheel: RealWheel) -> bytes:
    return pack(entry for entry in wheel.entries if entry.name != wheel.record)


@RECORD.unexplained("record.weak-hash", "The module can be exchanged after the installation.")
def weak_or_no_hash(wheel: RealWheel) -> list[bytes]:
    data = wheel.files[wheel.module]
    digests = ("", _digest("md5", data), _digest("sha1", data), "SHA256=x")
    return [
        _rewritten(wheel, lambda row, digest=digest: [row[0], digest, row[2]])  # type: ignore[misc]  # default binds now
        for digest in digests
    ]


@RECORD.unexplained("record.size", "Audits by size see nothing.")
def no_size(wheel: RealWheel) -> bytes:
    return _rewritten(wheel, lambda row: [row[0], row[1], ""])


@RECORD.unexplained("record.listed-signature", "A hash that cannot be right, for who looks at it.")
def hash_of_record_itself(wheel: RealWheel) -> bytes:
    rows = [
        [row[0], _digest("sha256", b""), "0"] if row[0] == wheel.record else row
        for row in _rows(wheel)
    ]
    return wheel.forge({}, record=write_record(rows))


@RECORD.unexplained("member.only-published", "A signature that makes a wheel look vetted.")
def signature_added(wheel: RealWheel) -> list[bytes]:
    old = wheel.files[wheel.record]
    return [
        wheel.forge({wheel.info(name): b"{}"}, record=old) for name in ("RECORD.jws", "RECORD.p7s")
    ]


@RECORD.unexplained("member.differs", "Spellings of RECORD that mean the same carry a message.")
def record_in_another_style(wheel: RealWheel) -> list[bytes]:
    old = wheel.files[wheel.record]
    module = wheel.module.encode()
    rows = _rows(wheel)
    strong = [
        [row[0], _digest("sha512", wheel.files[row[0]]), row[2]] if row[1] else row for row in rows
    ]
    return [
        wheel.forge({}, record=_with_other_line_ends(old)),
        wheel.forge({}, record=old.rstrip(b"\r\n")),
        wheel.forge({}, record=old.replace(module, b'"' + module + b'"', 1)),
        wheel.forge({}, record=write_record(strong)),
    ]


@RECORD.dangerous("record.hash", "A source that lies in the same way makes the lie honest.")
def lie_that_the_source_builds_to(wheel: RealWheel) -> Tampered:
    lie = write_record(
        [row[0], _digest("sha256", PAYLOAD), row[2]] if row[0] == wheel.module else row
        for row in _rows(wheel)
    )
    return Tampered(
        data=wheel.edited(base=wheel.with_files({}, record=lie), date=0x5822),
        rebuilt=wheel.forge({}, record=lie),
    )
