"""Reads `.gcc_except_table`, which says where each function lands when something is thrown.

An exception table (LSDA) sends control to any address of its function, so it is as good as code.
Each is decoded to values that do not depend on where things stand, and all of them together must
be the whole section.

Sources: GCC's `except.c` (`output_one_function_exception_table`), which writes them, and
libstdc++'s `eh_personality.cc`, which reads them; LLVM's `EHStreamer.cpp` writes the same.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from verify.native.cursor import Cursor
from verify.native.elf import Elf, UnreadableElfError
from verify.native.frames import (
    OMITTED,
    CommonFrame,
    Frame,
    Reference,
    loaded_section,
    pointer_size,
    read_frames,
    read_pointer,
)

SameReference = Callable[[int, int], bool]
"""Whether an address of the published file denotes what one of the rebuilt file does.

Of a slot the address is the slot's own: what it denotes is what the loader puts there.
"""

_SECTION = ".gcc_except_table"
_ULEB128, _UDATA4 = 0x01, 0x03
_NOT_ZERO = re.compile(rb"[^\0]")
_ANY_SIZE = 1 << 64
MAX_TABLES_SIZE = 8 * 1024**2
"""Bytes of exception tables that are read; libraries of 30 MB have less than 1 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallSite:
    """What happens when an exception comes through some code.

    Attributes:
        start, length: the code, in bytes from the start of the function.
        landing_pad: where it lands, from the start of the function; None: it passes through.
        action: one more than the offset of the first action; 0 for none.
    """

    start: int
    length: int
    landing_pad: int | None
    action: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExceptionTable:
    """The exceptions of one function.

    Attributes:
        call_sites: in their order.
        actions: the action table, as it is: filters and the way to the next action.
        types: what may be caught, by filter: the first one is filter 1; None catches everything.
        filters: the exception specifications, as they are: lists of filters.
        address, size: of the table itself.
    """

    call_sites: tuple[CallSite, ...]
    actions: bytes
    types: tuple[Reference | None, ...]
    filters: bytes
    address: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Unwinding:
    """A frame together with the exceptions of its code."""

    frame: Frame
    table: ExceptionTable | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AllUnwinding:
    """All that a file says about unwinding.

    Attributes:
        functions: by the address of their code.
        orphans: exception tables of no function: the linker dropped a function that another file
            has as well, and left its table.
    """

    functions: tuple[Unwinding, ...]
    orphans: tuple[ExceptionTable, ...]


def read_unwinding(elf: Elf) -> AllUnwinding:
    """Read how to unwind from each function of a file.

    Raises:
        UnreadableElfError: a byte of `.eh_frame`, `.eh_frame_hdr` or `.gcc_except_table` is not
            accounted for, or contradicts the rest.
    """
    frames = read_frames(elf)
    tables = _read_tables(elf, frames)
    return AllUnwinding(
        functions=tuple(
            Unwinding(frame=frame, table=tables.get(frame.exception_table or 0)) for frame in frames
        ),
        orphans=_read_orphans(elf, tables.values()),
    )


def _read_tables(elf: Elf, frames: Iterable[Frame]) -> dict[int, ExceptionTable]:
    """The exception tables of functions, by their address."""
    found: dict[int, ExceptionTable] = {}
    section = loaded_section(elf, _SECTION)
    room = section.size if section else 0
    if room > MAX_TABLES_SIZE:
        raise UnreadableElfError(f"{_SECTION} is larger than {MAX_TABLES_SIZE} B")
    for frame in frames:
        address = frame.exception_table
        if address is None:
            continue
        if address in found:
            raise UnreadableElfError(f"two functions have the exception table {address:#x}")
        found[address] = read_exception_table(elf, address, frame.start, frame.size)
        room -= found[address].size
        if room < 0:  # Tables that overlap could make much to read of a small file.
            raise UnreadableElfError(f"{_SECTION} has tables that overlap")
    return found


def _read_orphans(elf: Elf, tables: Iterable[ExceptionTable]) -> tuple[ExceptionTable, ...]:
    """What stands between the tables of functions: other tables, and zeros to align them."""
    section = loaded_section(elf, _SECTION)
    if section is None:
        return ()
    data = elf.content(section)
    found = []
    reached = 0
    spans = sorted((table.address - section.address, table.size) for table in tables)
    for start, size in [*spans, (section.size, 0)]:
        while match := _NOT_ZERO.search(data, reached, start):
            address = section.address + match.start()
            found.append(read_exception_table(elf, address, 0, _ANY_SIZE))
            reached = found[-1].address - section.address + found[-1].size
        if reached > start:
            raise UnreadableElfError(f"{_SECTION} has tables that overlap")
        reached = start + size
    return tuple(found)


def read_exception_table(
    elf: Elf, address: int, function_start: int, function_size: int
) -> ExceptionTable:
    """Read the exception table at an address, for a function that stands and is as large as given.

    Raises:
        UnreadableElfError: it is cut off, leads out of the function, or holds what nothing reads.
    """
    section = loaded_section(elf, _SECTION)
    if section is None or not section.address <= address < section.end:
        raise UnreadableElfError(f"the exception table {address:#x} is not in {_SECTION}")
    if not section.in_file:
        raise UnreadableElfError(f"{_SECTION} has no bytes")
    base = section.address - section.offset
    cursor = Cursor(elf.data, address - base, section.end - base)
    try:
        return _Table(elf, cursor, base, function_size).read(function_start)
    except UnreadableElfError as error:
        raise UnreadableElfError(f"the exception table {address:#x}: {error}") from error


class _Table:
    """Reads one table, part after part."""

    def __init__(self, elf: Elf, cursor: Cursor, base: int, size: int) -> None:
        self._elf = elf
        self._cursor = cursor
        self._base = base
        self._size = size

    def read(self, function_start: int) -> ExceptionTable:
        cursor = self._cursor
        start = cursor.at
        shift = self._landing_pads_start(function_start)
        encoding = cursor.byte()
        types_end = None if encoding == OMITTED else cursor.padded_uleb() + cursor.at
        sites = self._call_sites(shift)
        width = 0 if types_end is None else pointer_size(self._elf, encoding)
        filters = _Filters(cursor, types_end)
        actions = _read_actions(cursor, sites, filters, width)
        types = () if types_end is None else self._types(encoding, types_end, width)
        if filters.types > len(types):
            raise UnreadableElfError("catches a type that there is not")
        return ExceptionTable(
            call_sites=sites,
            actions=actions,
            types=types,
            filters=cursor.take(filters.size),
            address=self._base + start,
            size=cursor.at - start,
        )

    def _landing_pads_start(self, function_start: int) -> int:
        """What landing pads are relative to, from the start of the function."""
        encoding = self._cursor.byte()
        if encoding == OMITTED:
            return 0
        start = read_pointer(self._elf, self._cursor, encoding, self._base)
        if start is None or start.is_indirect:
            raise UnreadableElfError("does not say where its landing pads are")
        return start.address - function_start

    def _call_sites(self, shift: int) -> tuple[CallSite, ...]:
        cursor = self._cursor
        encoding = cursor.byte()
        if encoding not in {_ULEB128, _UDATA4}:
            raise UnreadableElfError(f"has call sites in the encoding {encoding:#x}")
        end = cursor.uleb() + cursor.at
        part = Cursor(cursor.data, cursor.at, min(end, cursor.end))
        cursor.take(end - cursor.at)
        found = []
        reached = 0
        while part.at < end:
            wide = encoding == _UDATA4
            start, length, pad = (part.unsigned(4) if wide else part.uleb() for _ in range(3))
            if start < reached or not length or start + length > self._size:
                raise UnreadableElfError("a call site is not in its function, or not in order")
            reached = start + length
            found.append(
                CallSite(
                    start=start,
                    length=length,
                    landing_pad=self._landing_pad(pad, shift),
                    action=part.uleb(),
                )
            )
        return tuple(found)

    def _landing_pad(self, pad: int, shift: int) -> int | None:
        if not pad:
            return None
        if not 0 <= pad + shift < self._size:
            raise UnreadableElfError("a landing pad is not in its function")
        return pad + shift

    def _types(self, encoding: int, end: int, width: int) -> tuple[Reference | None, ...]:
        """The types, which stand right before `end`, the last one first; zeros align them."""
        cursor = self._cursor
        count, padding = divmod(end - cursor.at, width)
        if count < 0 or any(cursor.take(padding)):
            raise UnreadableElfError("has no room for its types, or more than they need")
        found = [read_pointer(self._elf, cursor, encoding, self._base) for _ in range(count)]
        return tuple(reversed(found))


class _Filters:
    """What the filters of actions need: types before `end`, and lists of types behind it.

    Filter N catches the Nth type, 0 is a cleanup, and -1 - N is the exception specification with
    the types that are listed N bytes behind `end`, up to a 0.

    Attributes:
        end: where the types end; None if there are none.
        types: how many are needed.
        size: of the lists up to the last one that is needed, in bytes.
    """

    def __init__(self, cursor: Cursor, end: int | None) -> None:
        self.end = end
        self.types = 0
        self.size = 0
        self._lists = Cursor(cursor.data, cursor.at if end is None else end, cursor.end)

    def add(self, value: int) -> None:
        """Take one more filter into account; all together read each list once."""
        if value and self.end is None:
            raise UnreadableElfError("catches by type, but has no types")
        self.types = max(self.types, value)
        while self.size < -value:
            number = self._lists.uleb()
            self.types = max(self.types, number)
            if not number:
                self.size = self._lists.at - (self.end or 0)


def _read_actions(
    cursor: Cursor, sites: Sequence[CallSite], filters: _Filters, width: int
) -> bytes:
    """Read the action table, and note its filters.

    Nothing says how long it is, nor how many types follow. There are as many as the filters need,
    so the table ends where only zeros are before their room; without types, behind the last action
    that a call site has. Compilers leave actions in it that nothing leads to any more, and no
    action but types where no call sites are left.
    """
    wanted = {site.action - 1 for site in sites if site.action}
    last = max(wanted, default=-1)
    start = cursor.at
    starts: set[int] = set()
    has_actions = bool(sites) or _is_misaligned(cursor, filters, width)
    while (at := cursor.at - start) <= last or (has_actions and _is_more(cursor, filters, width)):
        filters.add(cursor.sleb())
        field = cursor.at - start
        step = cursor.sleb()
        if step and field + step not in starts:
            raise UnreadableElfError("an action leads to none that stands before it")
        starts.add(at)
    if not wanted <= starts:
        raise UnreadableElfError("a call site has an action that there is not")
    return cursor.data[start : cursor.at]


def _is_misaligned(cursor: Cursor, filters: _Filters, width: int) -> bool:
    """Whether there is more before the types than types and zeros that align them."""
    room = (filters.end - cursor.at) % width if filters.end else 0
    return any(cursor.data[cursor.at : cursor.at + room])


def _is_more(cursor: Cursor, filters: _Filters, width: int) -> bool:
    """Whether there is more before the types that are needed than zeros that align them."""
    if filters.end is None:
        return False
    rest = filters.end - cursor.at - width * filters.types
    return rest >= width or any(cursor.data[cursor.at : cursor.at + max(rest, 0)])


def compare_frames(
    published: Unwinding, rebuilt: Unwinding, same_reference: SameReference
) -> str | None:
    """Say what differs between how two functions are unwound, apart from where things stand.

    Returns:
        A clause about the published function; None if nothing differs.
    """
    ours, theirs = published.frame, rebuilt.frame
    if ours.size != theirs.size:
        return f"is {ours.size} B of code, the rebuild's {theirs.size} B"
    if _without_personality(ours.cie) != _without_personality(theirs.cie):
        return "begins its frame in another way"
    if not _same(ours.cie.personality, theirs.cie.personality, same_reference):
        return "has another personality routine"
    if ours.instructions != theirs.instructions:
        return "has other call frame instructions"
    return _compare_tables(published.table, rebuilt.table, same_reference)


def _compare_tables(
    published: ExceptionTable | None, rebuilt: ExceptionTable | None, same_reference: SameReference
) -> str | None:
    if published is None or rebuilt is None:
        if published is rebuilt:
            return None
        return "has an exception table" if published else "has no exception table"
    if published.call_sites != rebuilt.call_sites:
        return "lands elsewhere when something is thrown"
    if (published.actions, published.filters) != (rebuilt.actions, rebuilt.filters):
        return "does something else when something is thrown"
    pairs = zip(published.types, rebuilt.types, strict=False)
    if len(published.types) != len(rebuilt.types) or not all(
        _same(ours, theirs, same_reference) for ours, theirs in pairs
    ):
        return "catches other types"
    return None


def compare_orphans(
    published: AllUnwinding, rebuilt: AllUnwinding, same_reference: SameReference
) -> str | None:
    """Say what differs between exception tables of no function, in any order.

    Returns:
        A clause about the published file; None if nothing differs.
    """
    ours = sorted(published.orphans, key=_shape)
    theirs = sorted(rebuilt.orphans, key=_shape)
    if len(ours) != len(theirs) or any(
        _compare_tables(one, other, same_reference) for one, other in zip(ours, theirs, strict=True)
    ):
        return "has other exception tables of no function"
    return None


def _shape(table: ExceptionTable) -> tuple[object, ...]:
    sites = [(s.start, s.length, s.landing_pad or 0, s.action) for s in table.call_sites]
    return sites, table.actions, table.filters, len(table.types), table.address


def _without_personality(cie: CommonFrame) -> tuple[object, ...]:
    return (
        cie.version,
        cie.augmentation,
        cie.code_factor,
        cie.data_factor,
        cie.return_register,
        cie.pointer_encoding,
        cie.table_encoding,
        cie.instructions,
    )


def _same(ours: Reference | None, theirs: Reference | None, same_reference: SameReference) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    return ours.is_indirect == theirs.is_indirect and same_reference(ours.address, theirs.address)
