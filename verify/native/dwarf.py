r"""Checks that debug information has the shape of debug information.

What is checked: each section is one chain of units that ends where the section does, of a known
version; abbreviations, address ranges, range lists and string tables are what they must be, byte
by byte; offsets from one section into another lead to where something begins there.

What is not: nobody executes debug information, and its contents may hold any text. The entries of
units, line number programs and location lists are bounded by their section and their units, and
not read. `.debug_loc` is bounded by its section alone: since GCC 8, numbers stand between its
lists that only the entries of units tell apart (`DW_AT_GNU_locviews`).

Source: DWARF 2 to 5; section numbers below are of DWARF 5.
"""

import codecs
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial

from verify.native.elf import UnreadableElfError

Contents = Mapping[str, bytes]
"""What the debug sections of a file hold, inflated, by name."""

MAX_UNITS = 1_000_000
_VERSIONS = range(2, 6)
_RESERVED_LENGTH = 0xFFFFFFF0


def is_known(name: str) -> bool:
    """Whether a section of that name can be checked."""
    return name in _CHECKS


class DebugInformation:
    """The debug sections of one file.

    Args:
        contents: what they hold.
        address_size: of the machine, in bytes.
        reproduced: the strings that a rebuilt file has in a section of that name.
    """

    def __init__(
        self,
        contents: Contents,
        address_size: int,
        reproduced: Callable[[str], frozenset[bytes]] = lambda _name: frozenset(),
    ) -> None:
        self.contents = contents
        self.address_size = address_size
        self.reproduced = reproduced

    def check(self, name: str) -> None:
        """Check one section of a known name.

        Raises:
            UnreadableElfError: it has not the shape that its name asks for.
        """
        _CHECKS[name](self, self.contents[name])

    @cached_property
    def units(self) -> frozenset[int]:
        """Where units begin in `.debug_info`."""
        return frozenset(start for start, _, _ in _chain(self.contents.get(".debug_info", b""), 8))

    @cached_property
    def abbreviations(self) -> frozenset[int]:
        """Where the abbreviations of a unit begin in `.debug_abbrev`."""
        data = self.contents.get(".debug_abbrev", b"")
        starts = []
        at = 0
        while at < len(data):
            found = _ABBREVIATIONS.match(data, at)
            if found is None:
                raise UnreadableElfError("has something that is no abbreviation")
            starts.append(at)
            at = found.end()
            if len(starts) > MAX_UNITS:
                raise UnreadableElfError(f"has more than {MAX_UNITS} units")
        return frozenset(starts)


_ULEB = rb"[\x80-\xff]{0,9}+[\x00-\x7f]"
_ABBREVIATIONS = re.compile(
    # 7.5.3: a code, a tag, whether there are children; attributes with their forms, of which
    # DW_FORM_implicit_const (0x21) has its value here; and zeros where each list ends.
    rb"(?:(?!\x00)U(?!\x00)U[\x00\x01](?:(?!\x00)U(?:\x21U|(?![\x00\x21])U))*+\x00\x00)*+\x00".replace(
        b"U", _ULEB
    ),
    re.DOTALL,
)


def _number(data: bytes, start: int, size: int) -> int:
    return int.from_bytes(data[start : start + size], "little")


def _chain(data: bytes, least: int) -> Iterator[tuple[int, int, int]]:
    """Units: where each begins, where it goes on behind its length, and where it ends.

    Args:
        data: the section.
        least: how many bytes follow the length at least.

    Raises:
        UnreadableElfError: the last one does not end where the section does (7.4).
    """
    start = count = 0
    while start < len(data):
        count += 1
        if count > MAX_UNITS:
            raise UnreadableElfError(f"has more than {MAX_UNITS} units")
        size = _number(data, start, 4)
        end = start + 4 + size
        if not least <= size < _RESERVED_LENGTH or end > len(data):
            raise UnreadableElfError("has a unit that is too short, or ends behind it")
        yield start, start + 4, end
        start = end


def _versioned(data: bytes, least: int) -> Iterator[tuple[int, int, int, int]]:
    """Units with a version: it, where the unit goes on behind it and ends, and where it began.

    Args:
        data: the section.
        least: how many bytes follow the version at least.
    """
    for start, at, end in _chain(data, 2 + least):
        version = _number(data, at, 2)
        if version not in _VERSIONS:
            raise UnreadableElfError(f"has a unit of version {version}")
        yield version, at + 2, end, start


def _require(is_right: bool, what: str) -> None:  # noqa: FBT001
    if not is_right:
        raise UnreadableElfError(what)


def _check_info(debug: DebugInformation, data: bytes) -> None:
    """7.5.1: units with a header, whose abbreviations there are."""
    for version, at, end, _ in _versioned(data, 6):
        if version >= 5:
            size, abbreviations = data[at + 1], _number(data, at + 2, 4)
            header = 6 + _UNIT_HEADERS.get(data[at], end)
        else:
            abbreviations, size = _number(data, at, 4), data[at + 4]
            header = 5
        _require(size == debug.address_size, "has a unit for another machine")
        _require(at + header < end, "has an empty unit, or one of an unknown kind")
        _require(abbreviations in debug.abbreviations, "has a unit without abbreviations")


_UNIT_HEADERS = {1: 0, 2: 12, 3: 0, 4: 8, 5: 8, 6: 12}
"""Bytes in the header of a unit that depend on its kind (7.5.1.1 to 7.5.1.3)."""


def _check_types(debug: DebugInformation, data: bytes) -> None:
    """DWARF 4, 7.5.1.2: the same with a signature and an offset."""
    for version, at, end, _ in _versioned(data, 17):
        _require(version == 4 and data[at + 4] == debug.address_size, "has an unknown unit")
        _require(at + 17 < end, "has an empty unit")
        _require(_number(data, at, 4) in debug.abbreviations, "has a unit without abbreviations")


def _check_abbreviations(debug: DebugInformation, _data: bytes) -> None:
    _require(bool(debug.abbreviations), "is empty")


_STEP = 1024**2
_NO_TEXT = bytes(set(range(0x20)) - set(b"\t\n\r\0")) + b"\x7f"

_ODD_STRING = re.compile(rb"(?<![^\0])[\t\n\r -~]*+[^\0\t\n\r -~][^\0]*+")
"""A string that is more than plain ASCII; one by one, they take a hundred times as long."""

MAX_STRINGS = 1_000_000
"""Of such strings in one section that has one that is no text."""


def _check_strings(debug: DebugInformation, data: bytes, *, name: str) -> None:
    """7.26: strings of UTF-8, each with a NUL behind it, or ones that the rebuilt file has as well.

    The value of a constant array of bytes stands there like a name (`DW_AT_const_value`).
    """
    _require(data.endswith(b"\0"), "has a string that does not end")
    if _is_text(data):
        return
    reproduced = debug.reproduced(name)
    for count, string in enumerate(odd_strings(data), 1):
        _require(count <= MAX_STRINGS, f"has more than {MAX_STRINGS} strings that are not plain")
        _require(string in reproduced or _is_text(string), "has a string that is no text")


def odd_strings(data: bytes) -> Iterator[bytes]:
    """The strings of a section that are more than plain ASCII, in their order."""
    return (found[0] for found in _ODD_STRING.finditer(data))


def _is_text(data: bytes) -> bool:
    if len(data.translate(None, _NO_TEXT)) != len(data):
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(data), _STEP):
            decoder.decode(data[at : at + _STEP], at + _STEP >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def _check_address_ranges(debug: DebugInformation, data: bytes) -> None:
    """6.1.2: for a unit its pairs of address and length, the last one zeros."""
    size = debug.address_size
    for version, at, end, start in _versioned(data, 6):
        _require(version == 2 and data[at + 4 : at + 6] == bytes((size, 0)), "is of unknown kind")
        _require(_number(data, at, 4) in debug.units, "is about a unit that there is not")
        pairs = start + -(-(at + 6 - start) // (2 * size)) * (2 * size)
        padding = set(data[at + 6 : pairs])
        _require(padding in _PADDINGS, "has bytes that nothing reads")
        _require(
            pairs < end and (end - pairs) % (2 * size) == 0 and not any(data[end - 2 * size : end]),
            "has ranges that do not end",
        )


_PADDINGS: tuple[set[int], ...] = (set(), {0x00}, {0xFF})
"""LLVM fills with ones."""


def _check_ranges(debug: DebugInformation, data: bytes) -> None:
    """DWARF 4, 2.17.3: pairs of addresses, the last one zeros."""
    size = 2 * debug.address_size
    _require(len(data) % size == 0 and not any(data[-size:]), "has ranges that do not end")


def _list_headers(debug: DebugInformation, data: bytes) -> Iterator[tuple[int, int]]:
    """7.28, 7.29: where the lists of each unit begin and end."""
    for version, at, end, _ in _versioned(data, 6):
        _require(
            version == 5 and data[at : at + 2] == bytes((debug.address_size, 0)),
            "is of an unknown kind",
        )
        lists = at + 6 + 4 * _number(data, at + 2, 4)
        _require(lists <= end, "has more lists than it has room for")
        yield lists, end


def _range_lists(size: int) -> re.Pattern[bytes]:
    entries = rb"\x00|\x01U|[\x02\x03\x04]UU|\x05A|\x06AA|\x07AU"
    address = b".{%d}" % size
    entries = entries.replace(b"U", _ULEB).replace(b"A", address)
    return re.compile(rb"(?:%s)*+" % entries, re.DOTALL)


_RANGE_LISTS = {size: _range_lists(size) for size in (4, 8)}


def _check_range_lists(debug: DebugInformation, data: bytes) -> None:
    """7.25: entries of known kinds, the last one an end."""
    for at, end in _list_headers(debug, data):
        found = _RANGE_LISTS[debug.address_size].fullmatch(data, at, end)
        _require(found is not None and not any(data[end - 1 : end]), "has an unknown range")


def _check_location_lists(debug: DebugInformation, data: bytes) -> None:
    for _ in _list_headers(debug, data):
        pass


def _check_nothing(_debug: DebugInformation, _data: bytes) -> None:
    """`.debug_loc` cannot be read on its own, see above."""


def _check_lines(debug: DebugInformation, data: bytes) -> None:
    """6.2.4: a header with the lengths of the standard opcodes, within its unit."""
    for version, start, end, _ in _versioned(data, 4):
        at = start
        if version >= 5:
            _require(data[at : at + 2] == bytes((debug.address_size, 0)), "is of an unknown kind")
            at = start + 2
        program = at + 4 + _number(data, at, 4)
        opcodes = at + (9 if version >= 4 else 8)
        _require(opcodes < program <= end, "has a header that ends behind its unit")
        count = data[opcodes]
        _require(count >= 1 and opcodes + count < program, "has a header that is too short")
        lengths = data[opcodes + 1 : opcodes + count]
        _require(lengths == _OPCODE_LENGTHS[: count - 1], "has opcodes of its own")


_OPCODE_LENGTHS = bytes((0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1))
"""Operands of the standard opcodes 1 to 12 (6.2.5.2)."""


def _check_frames(_debug: DebugInformation, data: bytes) -> None:
    """6.4.1: common entries, and entries that refer to one."""
    commons = set()
    for start, at, _ in _chain(data, 4):
        if data[at : at + 4] == b"\xff" * 4:
            commons.add(start)
        else:
            _require(_number(data, at, 4) in commons, "has an entry that belongs to no other")


_PUBLIC_NAMES = re.compile(rb"(?:(?!\x00{4}).{4}[^\x00]*+\x00)*+\x00{4}", re.DOTALL)


def _check_public_names(debug: DebugInformation, data: bytes) -> None:
    """DWARF 4, 6.1.1: for a unit its names, each with an offset."""
    for version, at, end, _ in _versioned(data, 12):
        _require(version == 2, "is of an unknown kind")
        _require(_number(data, at, 4) in debug.units, "is about a unit that there is not")
        _require(_PUBLIC_NAMES.fullmatch(data, at + 8, end) is not None, "has an unknown name")


def _check_string_offsets(debug: DebugInformation, data: bytes) -> None:
    """7.26: offsets into `.debug_str`."""
    strings = len(debug.contents.get(".debug_str", b""))
    for version, at, end, _ in _versioned(data, 2):
        _require(version == 5 and not any(data[at : at + 2]), "is of an unknown kind")
        _require((end - at - 2) % 4 == 0, "has half an offset")
        _require(
            max(struct.iter_unpack("<I", data[at + 2 : end]), default=(0,)) < (strings,),
            "has an offset that leads nowhere",
        )


def _check_addresses(debug: DebugInformation, data: bytes) -> None:
    """7.27: addresses."""
    for version, at, end, _ in _versioned(data, 2):
        _require(
            version == 5 and data[at : at + 2] == bytes((debug.address_size, 0)),
            "is of an unknown kind",
        )
        _require((end - at - 2) % debug.address_size == 0, "has half an address")


_CHECKS: Mapping[str, Callable[[DebugInformation, bytes], None]] = {
    ".debug_abbrev": _check_abbreviations,
    ".debug_addr": _check_addresses,
    ".debug_aranges": _check_address_ranges,
    ".debug_frame": _check_frames,
    ".debug_info": _check_info,
    ".debug_line": _check_lines,
    ".debug_line_str": partial(_check_strings, name=".debug_line_str"),
    ".debug_loc": _check_nothing,
    ".debug_loclists": _check_location_lists,
    ".debug_pubnames": _check_public_names,
    ".debug_pubtypes": _check_public_names,
    ".debug_ranges": _check_ranges,
    ".debug_rnglists": _check_range_lists,
    ".debug_str": partial(_check_strings, name=".debug_str"),
    ".debug_str_offsets": _check_string_offsets,
    ".debug_types": _check_types,
}
