"""What two shared objects ask of the system, read without looking at their code.

It holds for files of other processors, too, and for those whose code nobody understands.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeVar

from verify.native.dynamic import Dynamic, read_dynamic
from verify.native.elf import Elf, Section, UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.symbols import read_dynamic_symbols
from verify.rules.evidence import TELLING

_MAX_TEXTS = 10
_MAX_KNOWN = 100_000
_MAX_SEARCHED = 64

_Table = TypeVar("_Table")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """What one file asks of the system; None where that cannot be read.

    Attributes:
        imports: names of the functions and variables that it wants of others.
        needed: the libraries that it loads, in order.
        search_path: where it has them looked for, each place on its own.
        constructors: how many functions it runs on loading.
        code_bytes: of all that it may execute.
    """

    imports: frozenset[str] | None
    needed: tuple[str, ...] | None
    search_path: tuple[str, ...] | None
    constructors: int
    code_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlines:
    """Both files' outlines.

    Attributes:
        published, rebuilt: the outlines.
        texts: what `TELLING` finds in what is loaded of the published file and the rebuilt file
            does not hold anywhere; at most ten.
    """

    published: Outline
    rebuilt: Outline
    texts: tuple[bytes, ...]


def read_outlines(published: bytes, rebuilt: bytes) -> Outlines | None:
    """Read both; None if the headers of one cannot be relied on."""
    try:
        ours, theirs = read_elf(published), read_elf(rebuilt)
    except UnreadableElfError:
        return None
    return Outlines(
        published=_outline(ours),
        rebuilt=_outline(theirs),
        texts=tuple(islice(_texts(ours, rebuilt), _MAX_TEXTS)),
    )


def tells_what_it_asks_for(elf: Elf) -> bool:
    """Whether a file's imports and libraries can be read."""
    tables = _readable(read_dynamic_symbols, elf), _readable(read_dynamic, elf)
    return None not in tables


def _outline(elf: Elf) -> Outline:
    symbols = _readable(read_dynamic_symbols, elf)
    dynamic = _readable(read_dynamic, elf)
    names = (symbol.name for symbol in symbols or () if symbol.name and not symbol.is_defined)
    return Outline(
        imports=None if symbols is None else frozenset(names),
        needed=None if dynamic is None else dynamic.needed,
        search_path=None if dynamic is None else _places(dynamic),
        constructors=_constructors(elf),
        code_bytes=sum(section.size for section in elf.loaded if section.is_code),
    )


def _readable(read: Callable[[Elf], _Table], elf: Elf) -> _Table | None:
    try:
        return read(elf)
    except UnreadableElfError:
        return None


def _places(dynamic: Dynamic) -> tuple[str, ...]:
    """The places of both paths; an empty path has none, though one between colons is the cwd."""
    paths = (dynamic.rpath, dynamic.runpath)
    return tuple(place for path in paths if path for place in path.split(":"))


def _constructors(elf: Elf) -> int:
    """Entries of the arrays that the loader, or old start-up code, goes through."""
    counts = {
        name: elf.by_name[name].size // (elf.bits // 8)
        for name in (".init_array", ".preinit_array", ".ctors")
        if name in elf.by_name
    }
    # The table of old compilers begins and ends with an entry that is no function.
    counts[".ctors"] = max(0, counts.get(".ctors", 0) - 2)
    return sum(counts.values())


def _texts(published: Elf, rebuilt: bytes) -> Iterator[bytes]:
    """Distinct texts of the published file alone; only some are looked for one by one."""
    known = {match[0] for match in islice(TELLING.finditer(rebuilt), _MAX_KNOWN)}
    searched = 0
    for text in _telling(published):
        if text in known:
            continue
        known.add(text)
        searched += 1
        # One and the same text may end otherwise: another may follow it without a zero byte.
        if searched > _MAX_SEARCHED or text not in rebuilt:
            yield text


def _telling(elf: Elf) -> Iterator[bytes]:
    contents = (elf.content(section) for section in elf.loaded if _may_hold_texts(section))
    return (match[0] for match in chain.from_iterable(map(TELLING.finditer, contents)))


def _may_hold_texts(section: Section) -> bool:
    # The note names a distribution's package, with addresses of the distribution.
    return section.in_file and section.name != ".note.package"
