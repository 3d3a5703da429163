"""An ELF file as something to change: by address, by section, by table.

Nothing here asks whether the result is a proper file.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

_SECTION = struct.Struct("<IIQQQQIIQQ")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELA = struct.Struct("<QIIq")
_DYNAMIC = struct.Struct("<QQ")

LOAD, NOTE, PHDR, TLS = 1, 4, 6, 7
STACK, RELRO = 0x6474E551, 0x6474E552


@dataclass(frozen=True, kw_only=True)
class Header:
    """A section header; `name` is read, and `name_at` is written."""

    name: str
    name_at: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry: int


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A program header."""

    kind: int
    flags: int
    offset: int
    address: int
    physical: int
    file_size: int
    memory_size: int
    alignment: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of `.dynsym`."""

    name_at: int
    info: int
    other: int
    section: int
    value: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Rela:
    """A row of a table of relocations."""

    place: int
    kind: int
    symbol: int
    addend: int


class Image:
    """A file that is being changed."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)

    def done(self) -> bytes:
        """The file as it is now."""
        return bytes(self.data)

    # Bytes

    def number(self, offset: int, size: int = 8) -> int:
        """The number at an offset of the file."""
        return int.from_bytes(self.data[offset : offset + size], "little")

    def put(self, offset: int, content: bytes) -> None:
        """Write over bytes of the file."""
        assert 0 <= offset <= len(self.data) - len(content)
        self.data[offset : offset + len(content)] = content

    def offset(self, address: int) -> int:
        """Where in the file an address is loaded from."""
        for segment in self.segments():
            if segment.kind == LOAD and 0 <= address - segment.address < segment.file_size:
                return address - segment.address + segment.offset
        raise LookupError(hex(address))

    def read(self, address: int, size: int) -> bytes:
        """Bytes at an address."""
        at = self.offset(address)
        return bytes(self.data[at : at + size])

    def write(self, address: int, content: bytes) -> None:
        """Write over bytes at an address."""
        self.put(self.offset(address), content)

    def content(self, name: str) -> bytes:
        """All of a section."""
        found = self.section(name)
        return bytes(self.data[found.offset : found.offset + found.size])

    def find(self, name: str, content: bytes, which: int = 0) -> int:
        """The offset in the file of some bytes of a section."""
        found, at = self.section(name), -1
        for _ in range(which + 1):
            at = self.content(name).index(content, at + 1)
        return found.offset + at

    def swap(self, name: str, old: bytes, new: bytes, which: int = 0) -> None:
        """Write other bytes where a section has these."""
        assert len(old) == len(new)
        self.put(self.find(name, old, which), new)

    # Section headers

    def headers(self) -> list[Header]:
        """All section headers."""
        start, count, names = self.number(40), self.number(60, 2), self.number(62, 2)
        rows = [_SECTION.unpack_from(self.data, start + 64 * at) for at in range(count)]
        strings = bytes(self.data[rows[names][4] : rows[names][4] + rows[names][5]])
        return [
            Header(
                name=strings[row[0] : strings.index(0, row[0])].decode(),
                **dict(
                    zip(
                        (
                            *("name_at", "kind", "flags", "address", "offset", "size"),
                            *("link", "info", "alignment", "entry"),
                        ),
                        row,
                        strict=True,
                    )
                ),
            )
            for row in rows
        ]

    def section(self, name: str) -> Header:
        """A section by name."""
        return next(header for header in self.headers() if header.name == name)

    def index(self, name: str) -> int:
        """The number of a section."""
        return [header.name for header in self.headers()].index(name)

    def change_section(self, name: str, **fields: int) -> None:
        """Write another section header."""
        at, header = self.index(name), replace(self.section(name), **fields)  # type: ignore[arg-type]
        self.put(self.number(40) + 64 * at, _packed_header(header))

    def set_headers(self, headers: Sequence[Header]) -> None:
        """Write all section headers anew, behind everything else."""
        self.put(self.number(40), bytes(64 * self.number(60, 2)))
        self.align(8)
        at = self.append(b"".join(map(_packed_header, headers)))
        self.put(40, struct.pack("<Q", at))
        self.put(60, struct.pack("<H", len(headers)))

    # Behind the end

    def align(self, to: int, shift: int = 0) -> int:
        """Put zeros behind the end up to an offset."""
        self.data += bytes(-(len(self.data) - shift) % to)
        return len(self.data)

    def append(self, content: bytes) -> int:
        """Put something behind the end; returns its offset."""
        at = len(self.data)
        self.data += content
        return at

    def add_name(self, name: str) -> int:
        """Move the names of sections behind the end with one more; returns its offset there."""
        number = self.number(62, 2)
        headers = self.headers()
        old = headers[number]
        table = bytes(self.data[old.offset : old.offset + old.size])
        if (at := table.find(b"\0" + name.encode() + b"\0") + 1) > 0:
            return at
        self.put(old.offset, bytes(old.size))
        at = self.append(table + name.encode() + b"\0")
        headers[number] = replace(old, offset=at, size=old.size + len(name) + 1)
        self.set_headers(headers)
        return old.size

    def add_section(self, name: str, content: bytes, **fields: int) -> int:
        """Put a section behind the end; returns the offset of its content."""
        name_at = self.add_name(name)
        at = self.append(content)
        base = {
            "kind": 1,
            "flags": 0,
            "address": 0,
            "link": 0,
            "info": 0,
            "alignment": 1,
            "entry": 0,
            "offset": at,
            "size": len(content),
        }
        header = Header(name=name, name_at=name_at, **{**base, **fields})
        self.set_headers([*self.headers(), header])
        return at

    # Program headers

    def segments(self) -> list[Segment]:
        """All program headers."""
        start, count = self.number(32), self.number(56, 2)
        names = (
            *("kind", "flags", "offset", "address", "physical"),
            *("file_size", "memory_size", "alignment"),
        )
        return [
            Segment(
                **dict(zip(names, _SEGMENT.unpack_from(self.data, start + 56 * at), strict=True))
            )
            for at in range(count)
        ]

    def set_segments(self, segments: Sequence[Segment]) -> None:
        """Write all program headers, behind the end if there are more of them than before."""
        content = b"".join(
            _SEGMENT.pack(
                *(one.kind, one.flags, one.offset, one.address, one.physical),
                *(one.file_size, one.memory_size, one.alignment),
            )
            for one in segments
        )
        if len(segments) > self.number(56, 2):
            self.put(self.number(32), bytes(56 * self.number(56, 2)))
            self.align(8)
            self.put(32, struct.pack("<Q", self.append(content)))
        else:
            self.put(self.number(32), content)
        self.put(56, struct.pack("<H", len(segments)))

    def change_segment(self, kind: int, which: int = 0, **fields: int) -> None:
        """Write another program header."""
        segments = self.segments()
        at = [at for at, one in enumerate(segments) if one.kind == kind][which]
        segments[at] = replace(segments[at], **fields)
        self.set_segments(segments)

    def change_kind(self, kind: int, to: int) -> None:
        """Make the first program header of a kind one of another kind."""
        segments = self.segments()
        at = [one.kind for one in segments].index(kind)
        segments[at] = replace(segments[at], kind=to)
        self.set_segments(segments)

    # Tables

    def rows(self) -> list[Row]:
        """`.dynsym`."""
        names = ("name_at", "info", "other", "section", "value", "size")
        return [
            Row(**dict(zip(names, row, strict=True)))
            for row in _SYMBOL.iter_unpack(self.content(".dynsym"))
        ]

    def symbol_name(self, row: Row) -> str:
        """The name of a dynamic symbol."""
        table = self.content(".dynstr")
        return table[row.name_at : table.index(0, row.name_at)].decode()

    def symbol(self, name: str) -> int:
        """The number of a dynamic symbol."""
        return [self.symbol_name(row) for row in self.rows()].index(name)

    def change_symbol(self, name: str | int, **fields: int) -> None:
        """Write another dynamic symbol."""
        at = self.symbol(name) if isinstance(name, str) else name
        row = replace(self.rows()[at], **fields)
        packed = _SYMBOL.pack(row.name_at, row.info, row.other, row.section, row.value, row.size)
        self.put(self.section(".dynsym").offset + 24 * at, packed)

    def address_of(self, name: str) -> int:
        """Where something stands, by the full symbol table."""
        found, names = self.content(".symtab"), self.content(".strtab")
        for row in _SYMBOL.iter_unpack(found):
            if names[row[0] : names.index(0, row[0])] == name.encode() and row[3]:
                return int(row[4])
        raise LookupError(name)

    def relocations(self, table: str = ".rela.dyn") -> list[Rela]:
        """The rows of a table."""
        return [
            Rela(place=place, kind=kind, symbol=symbol, addend=addend)
            for place, kind, symbol, addend in _RELA.iter_unpack(self.content(table))
        ]

    def set_relocations(self, rows: Sequence[Rela], table: str = ".rela.dyn") -> None:
        """Write as many rows as there were, and what linkers leave in their places."""
        packed = b"".join(_RELA.pack(r.place, r.kind, r.symbol, r.addend) for r in rows)
        found = self.section(table)
        assert len(packed) == found.size
        self.put(found.offset, packed)
        for row in rows:
            if row.kind == 8:
                self.write(row.place, struct.pack("<q", row.addend))

    def change_relocation(
        self, is_meant: Callable[[Rela], bool], table: str = ".rela.dyn", **fields: int
    ) -> None:
        """Write another relocation in the place of the first that is meant."""
        rows = self.relocations(table)
        at = next(at for at, row in enumerate(rows) if is_meant(row))
        rows[at] = replace(rows[at], **fields)
        self.set_relocations(rows, table)

    def slot_of(self, symbol: str) -> int:
        """The slot that holds the address of an imported symbol."""
        number = self.symbol(symbol)
        names = {header.name for header in self.headers()}
        for table in (".rela.plt", ".rela.dyn"):
            if table in names:
                for row in self.relocations(table):
                    if row.symbol == number and row.kind in {6, 7}:
                        return row.place
        raise LookupError(symbol)

    def entries(self) -> list[tuple[int, int]]:
        """`.dynamic`."""
        return list(_DYNAMIC.iter_unpack(self.content(".dynamic")))

    def set_entries(self, entries: Sequence[tuple[int, int]]) -> None:
        """Write `.dynamic`, as long as it was."""
        size = self.section(".dynamic").size
        packed = b"".join(_DYNAMIC.pack(*one) for one in entries)
        self.put(self.section(".dynamic").offset, packed[:size].ljust(size, b"\0"))

    def change_entry(self, tag: int, value: int | None = None, *, to: int | None = None) -> None:
        """Write another value of an entry, or another tag."""
        entries = self.entries()
        at = next(at for at, one in enumerate(entries) if one[0] == tag)
        entries[at] = (tag if to is None else to, entries[at][1] if value is None else value)
        self.set_entries(entries)

    def add_entry(self, tag: int, value: int) -> None:
        """Put an entry where the end was; there is room for some."""
        entries = self.entries()
        entries.insert(next(at for at, one in enumerate(entries) if not one[0]), (tag, value))
        self.set_entries(entries)

    def calls(self, target: int, start: int, size: int) -> Iterator[int]:
        """Addresses of the fields of relative calls and jumps to a target, in some code."""
        code = self.read(start, size)
        for at in range(size - 4):
            if code[at] in {0xE8, 0xE9}:
                distance = struct.unpack_from("<i", code, at + 1)[0]
                if start + at + 5 + distance == target:
                    yield start + at + 1

    def point(self, field: int, target: int, behind: int = 0) -> None:
        """Have a 32-bit field lead to a target; an immediate value may stand behind it."""
        self.write(field, struct.pack("<i", target - field - 4 - behind))


def _packed_header(header: Header) -> bytes:
    return _SECTION.pack(
        *(header.name_at, header.kind, header.flags, header.address, header.offset, header.size),
        *(header.link, header.info, header.alignment, header.entry),
    )


def with_symbols(data: bytes, rows: Sequence[tuple[str, Row, int]], names: bytes = b"") -> bytes:
    """A file whose dynamic symbols are others: as patchelf does it, in a segment of their own.

    Args:
        data: the file, with `.gnu.hash` and without `.hash`.
        rows: name, symbol and version number; undefined and local ones first.
        names: what is put into the table of names beside them.
    """
    image = Image(data)
    strings = bytearray(image.content(".dynstr") + names)
    packed = bytearray()
    for name, row, _ in rows:
        at = strings.find(b"\0" + name.encode() + b"\0") + 1 if name else 0
        if name and not at:
            at = len(strings)
            strings += name.encode() + b"\0"
        packed += _SYMBOL.pack(at, row.info, row.other, row.section, row.value, row.size)
    versions = b"".join(struct.pack("<H", number) for _, _, number in rows)
    contents = {
        ".gnu.hash": _hash_table(rows),
        ".dynsym": bytes(packed),
        ".dynstr": bytes(strings),
        ".gnu.version": versions,
    }
    tags = {".gnu.hash": 0x6FFFFEF5, ".dynsym": 6, ".dynstr": 5, ".gnu.version": 0x6FFFFFF0}
    loads = [one for one in image.segments() if one.kind == LOAD]
    memory = -(-max(one.address + one.memory_size for one in loads) // 0x1000) * 0x1000
    start = image.align(0x1000)
    for name, content in contents.items():
        old = image.section(name)
        image.put(old.offset, bytes(old.size))
        image.align(8)
        at = image.append(content)
        address = memory + at - start
        image.change_section(name, offset=at, address=address, size=len(content))
        image.change_entry(tags[name], address)
    size = len(image.data) - start
    image.change_entry(10, len(strings))
    new = Segment(
        kind=LOAD,
        flags=4,
        offset=start,
        address=memory,
        physical=memory,
        file_size=size,
        memory_size=size,
        alignment=0x1000,
    )
    segments = image.segments()
    last = max(at for at, one in enumerate(segments) if one.kind == LOAD)
    first_local = sum(1 for _, row, _ in rows if row.info >> 4 == 0)
    image.change_section(".dynsym", info=first_local)
    image.set_segments([*segments[: last + 1], new, *segments[last + 1 :]])
    return image.done()


def versioned_rows(data: bytes) -> list[tuple[str, Row, int]]:
    """The dynamic symbols as `with_symbols` takes them."""
    image = Image(data)
    numbers = struct.iter_unpack("<H", image.content(".gnu.version"))
    return [
        (image.symbol_name(row), row, number)
        for row, (number,) in zip(image.rows(), numbers, strict=True)
    ]


def _hash_table(rows: Sequence[tuple[str, Row, int]]) -> bytes:
    """`.gnu.hash` of one bucket."""
    first = next(at for at, (_, row, _) in enumerate(rows) if row.section and row.info >> 4 != 0)
    hashes = []
    for name, _, _ in rows[first:]:
        value = 5381
        for byte in name.encode():
            value = (value * 33 + byte) & 0xFFFFFFFF
        hashes.append(value)
    bloom = 0
    for value in hashes:
        bloom |= 1 << value % 64 | 1 << (value >> 6) % 64
    chains = [value & ~1 for value in hashes]
    chains[-1] |= 1
    return struct.pack(f"<IIIIQI{len(chains)}I", 1, first, 1, 6, bloom, first, *chains)
