"""Libraries to link with that offer what those of an older system did.

A published file names, for each function that it imports, the library and the version that its
linker found. A newer C library has newer versions of some functions, and had others moved from one
library into another. So where a wheel was linked against an older one, its rebuild is linked
against libraries without code, made of the toolchain's own by leaving out what came later. Nothing
of them is loaded; and nothing in a published file has a say in them but which system it is.

Sources: "ELF Symbol Versioning" (Drepper); `knowledge/libraries.toml`.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from builders.errors import BuildFault, FailureCode
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.symbols import ABSOLUTE, Binding, Kind, Symbol, read_dynamic_symbols

_PLACE = "usr/lib/x86_64-linux-gnu"
"""Where a toolchain has its libraries."""

_LINKED = (
    "libc.so.6",
    "libm.so.6",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "libutil.so.1",
    "libstdc++.so.6",
)
_C_LIBRARY = "libc.so.6"

_VERSION = re.compile(r"(?P<family>GLIBC|GLIBCXX|CXXABI)_(?P<number>[0-9]+(?:\.[0-9]+)+)")

_PRIVATE = "GLIBC_PRIVATE"
_FIRST_VERSION = "GLIBC_2.2.5"
"""Of all symbols that there were when the C library came to x86-64."""

_KINDS: Mapping[int, tuple[str, str]] = {
    Kind.OBJECT: (".data", "object"),
    Kind.TLS: ('.section .tdata, "awT", @progbits', "tls_object"),
}
"""Section and type of what is no function."""

_CODE = (".text", "function")


@dataclass(frozen=True, kw_only=True, slots=True)
class _System:
    """What libraries a system has.

    Attributes:
        last: the last version of each family.
        only: the symbols of each library that is a part of the C library since 2.34.
        both: those that the C library had as well.
        first: those that a library had as well, of the first version.
        linked_in: those that no linker takes from a library that has them.
    """

    last: Mapping[str, tuple[int, ...]]
    only: Mapping[str, frozenset[str]]
    both: Mapping[str, frozenset[str]]
    first: Mapping[str, frozenset[str]]
    linked_in: Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Offered:
    """One symbol as a library offers it to the linker.

    Attributes:
        address: the same for names of the same thing. Who takes data by a weak name of it takes it
            by others, too.
        place: in its library's table. By which others goes by that.
    """

    name: str
    version: str
    kind: int
    size: int
    is_weak: bool
    address: int
    place: int


def old_libraries(system: str, toolchain: Path) -> dict[str, str]:
    """Assembly and linker's version scripts of libraries, by file name.

    Args:
        system: a part of the runtime, as `glibc-2.17`; another one has no libraries.
        toolchain: the tree of the toolchain that links.

    Raises:
        BuildFault: the toolchain lacks a library, or has one that cannot be read.
    """
    known = _systems().get(system)
    if known is None:
        return {}
    own = {name: _offered(toolchain / _PLACE / name, known) for name in _LINKED}
    return {
        name: text
        for library, symbols in _as_split(own, known).items()
        for name, text in ((f"{library}.s", _assembly(symbols)), (f"{library}.map", _map(symbols)))
    }


def is_old_system(name: str) -> bool:
    """Whether a part of the runtime has libraries of its own."""
    return name in _systems()


@cache
def facts() -> str:
    """Everything that is known of older systems, as the text that it is read from."""
    return files("builders.knowledge").joinpath("libraries.toml").read_text(encoding="utf-8")


@cache
def made_by() -> str:
    """The source of what makes the libraries of these facts."""
    return Path(__file__).read_text(encoding="utf-8")


@cache
def _systems() -> Mapping[str, _System]:
    table = tomllib.loads(facts())
    only, both, first, linked_in = (
        {library: frozenset(names.split()) for library, names in table[kind].items()}
        for kind in ("only", "both", "first", "linked_in")
    )
    return {
        name: _System(
            last={family: _number(version) for family, version in entry.items()},
            only=only,
            both=both,
            first=first,
            linked_in=linked_in,
        )
        for name, entry in table["system"].items()
    }


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _offered(path: Path, system: _System) -> dict[str, _Offered]:
    """The newest that the older library had of each symbol."""
    try:
        symbols = read_dynamic_symbols(read_elf(path.read_bytes()))
    except (OSError, UnreadableElfError) as error:
        raise BuildFault(
            f"the toolchain's {path.name} is no library: {error}", code=FailureCode.UNSUPPORTED
        ) from error
    found: dict[str, tuple[tuple[int, ...], Symbol]] = {}
    for symbol in symbols:
        number = _age(symbol, system)
        if number is not None and number >= found.get(symbol.name, ((), None))[0]:
            found[symbol.name] = (number, symbol)
    return {
        name: _Offered(
            name=name,
            version=symbol.version or "",
            kind=symbol.kind,
            size=symbol.size,
            is_weak=symbol.binding == Binding.WEAK,
            address=symbol.address,
            place=symbol.index,
        )
        for name, (_, symbol) in found.items()
    }


def _age(symbol: Symbol, system: _System) -> tuple[int, ...] | None:
    """The number of a symbol's version; None where the older library had none such."""
    if not symbol.is_defined or symbol.section == ABSOLUTE or symbol.version is None:
        return None
    match = _VERSION.fullmatch(symbol.version)
    if match is None:  # of a family that is not counted, or private
        return () if symbol.is_default and symbol.version != _PRIVATE else None
    number = _number(match["number"])
    return number if number <= system.last[match["family"]] else None


def _as_split(
    own: Mapping[str, dict[str, _Offered]], system: _System
) -> dict[str, tuple[_Offered, ...]]:
    """The symbols of each library, with those put back that a newer C library took in."""
    found = {library: {**symbols} for library, symbols in own.items()}
    for library, names in system.only.items():
        if names & own[library].keys():
            continue  # it is a library of its own still
        shared = system.both.get(library, frozenset())
        found[library] |= {
            name: own[_C_LIBRARY][name] for name in names | shared if name in own[_C_LIBRARY]
        }
        for name in names:
            found[_C_LIBRARY].pop(name, None)
    for library, names in system.first.items():
        found[library] |= {
            name: replace(own[_C_LIBRARY][name], version=_FIRST_VERSION)
            for name in names & own[_C_LIBRARY].keys()
        }
    for library, names in system.linked_in.items():
        for name in names:
            found[library].pop(name, None)
    return {
        library: tuple(sorted(symbols.values(), key=lambda one: (one.place, one.name)))
        for library, symbols in found.items()
    }


def _assembly(symbols: Iterable[_Offered]) -> str:
    groups: dict[tuple[str, int], list[_Offered]] = {}
    for symbol in symbols:
        section, _ = _KINDS.get(symbol.kind, _CODE)
        groups.setdefault((section, symbol.address), []).append(symbol)
    texts = (f"{section}\n{''.join(map(_label, group))}.zero 1\n"
             for (section, _), group in groups.items())  # fmt: skip
    return "".join(texts) + '.section .note.GNU-stack, "", @progbits\n'


def _label(symbol: _Offered) -> str:
    _, kind = _KINDS.get(symbol.kind, _CODE)
    binding = ".weak" if symbol.is_weak else ".globl"
    return (
        f"{binding} {symbol.name}\n.type {symbol.name}, @{kind}\n"
        f".size {symbol.name}, {symbol.size}\n{symbol.name}:\n"
    )


def _map(symbols: Iterable[_Offered]) -> str:
    versions: dict[str, list[str]] = {}
    for symbol in symbols:
        versions.setdefault(symbol.version, []).append(symbol.name)
    return "".join(
        f"{version} {{ global: {'; '.join(names)}; }};\n"
        for version, names in sorted(versions.items())
    )
