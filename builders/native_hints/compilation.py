"""How sources were compiled: by which GCC, with which flags, where, and in which order.

`.comment` names the compiler. Debug information, where it was left in, says for each source with
which flags and in which directory it was compiled (GCC's -grecord-gcc-switches).
"""

import re
import struct
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from builders.native_flags import (
    EVERY_SOURCE,
    INSTEAD,
    MAX_KEYS,
    MAX_ORDER,
    OLD_STRINGS,
    allowed,
    is_directory,
    is_source,
)
from builders.native_hints.commonest import commonest
from builders.native_hints.contents import text_at
from builders.native_hints.dwarf_units import Unit, compilation_units
from verify.native.elf import Elf, UnreadableElfError

MAX_UNITS = 20_000
"""Of all files together."""

_MAX_COMMENT = 16 * 1024

_SYMBOL = struct.Struct("<IBBHQQ")
"""Source: ELF gABI, chapter 4, figure 4-16."""

_MAX_SYMBOLS = 50_000

USUAL_FLAGS = "-O3 -fwrapv -fPIC"
"""What a CPython that was built from source with no options of its own compiles extensions with.

But for `-g`: it changes no code, and they are for files that nothing of it was left in.

Source: CPython's configure.ac (OPT, CCSHARED, -fwrapv); PyPA's manylinux images build it so, and
their own flags stay out of its sysconfig (`CFLAGS_NODIST` in build-cpython.sh).
"""

USUAL_FLAGS_SINCE_12 = "-O3 -fno-strict-overflow -fPIC"
"""The same since CPython 3.12, where overflowing pointers wrap too."""

_COMPILER = re.compile(r"GCC: \([^()]{0,100}\) ([0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})\b.{0,100}")
_PRODUCER = re.compile(
    r"GNU (?P<language>[A-Za-z0-9+]{1,20}) (?P<version>[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})\b"
    r"(?P<rest>.*)",
    re.DOTALL,
)

_OLD_STRING = re.compile(rb"_ZNK?Ss[0-9C]|_ZTISs|RKSs|NSt8ios_base7failureE")
"""`std::string`, or the exception that has one, of before GCC 5 (Itanium C++ ABI, 5.1.10)."""


@dataclass(kw_only=True)
class Compilation:
    """What the files read so far say of it.

    Attributes:
        comments: the versions of GCC that `.comment` names, with the number of files.
        languages: what was compiled, e.g. `C17`, `C++14`.
    """

    comments: Counter[str] = field(default_factory=Counter)
    languages: set[str] = field(default_factory=set)
    _versions: Counter[str] = field(default_factory=Counter)
    _flags: dict[str, Counter[str]] = field(default_factory=dict)
    _directories: dict[str, Counter[str]] = field(default_factory=dict)
    _orders: set[tuple[str, ...]] = field(default_factory=set)
    _units: int = 0
    _has_old_strings: bool = False
    _has_new_strings: bool = False

    def add(self, elf: Elf) -> None:
        """Read one more file."""
        self.comments.update(_comments(elf))
        imports = _imports(elf)
        self._has_old_strings |= any(map(_OLD_STRING.search, imports))
        self._has_new_strings |= any(b"cxx11" in name for name in imports)
        sources = []
        try:
            for unit in compilation_units(elf):
                self._units += 1
                if self._units > MAX_UNITS:
                    return
                sources.append(self._add_unit(unit))
        except UnreadableElfError:
            return  # what was read until then is as good a hint as any
        self._orders.add(tuple(dict.fromkeys(filter(None, sources))))

    def _add_unit(self, unit: Unit) -> str:
        """Take what a unit says; gives its source, empty for one that is not plain."""
        producer = _PRODUCER.fullmatch(unit.producer)
        if producer is None or producer["language"] == "AS":
            return ""
        self._versions[producer["version"]] += 1
        self.languages.add(producer["language"])
        source = _source(unit)
        flags = allowed(word for word in producer["rest"].split() if word.startswith("-"))
        self._flags.setdefault(source, Counter())[sys.intern(flags)] += 1
        if is_directory(unit.directory):
            self._directories.setdefault(source, Counter())[unit.directory] += 1
        return source

    @property
    def compiler(self) -> str | None:
        """The GCC version that compiled most of it, e.g. `10.2.1`; None for another one."""
        return commonest(self._versions or self.comments)

    def flags(self, minor: int) -> dict[str, str]:
        """A recipe's `compiler_flags` that generate code.

        Args:
            minor: of the CPython 3 whose usual flags stand in where no file says any.
        """
        usual = USUAL_FLAGS_SINCE_12 if minor >= 12 else USUAL_FLAGS
        flags = _by_source(self._flags) if self._flags else {INSTEAD: usual}
        if self._has_old_strings and not self._has_new_strings:
            return {source: f"{text} {OLD_STRINGS}" for source, text in flags.items()}
        return flags

    @property
    def build_paths(self) -> dict[str, str]:
        """Where the compiler ran, by the keys of a recipe's `compiler_flags`."""
        return _by_source(self._directories)

    @property
    def order(self) -> str:
        """In which order the objects were linked, of all files that are of several sources."""
        orders = [" ".join(order) for order in sorted(self._orders) if len(order) > 1]
        while len(text := " | ".join(orders)) > MAX_ORDER:
            orders.remove(max(orders, key=len))
        return text


def _by_source(counted: Mapping[str, Counter[str]]) -> dict[str, str]:
    """The commonest text under the key of every source, and the sources that have another one."""
    if not counted:
        return {}
    common = commonest(sum(counted.values(), Counter[str]())) or ""
    own = {source: commonest(texts) or "" for source, texts in sorted(counted.items()) if source}
    others = [(source, text) for source, text in own.items() if text != common]
    return {EVERY_SOURCE: common, **dict(others[: MAX_KEYS - 2])}


def _source(unit: Unit) -> str:
    """The path of a unit's source below where it was compiled, empty for one that is not plain."""
    path = PurePosixPath(unit.name)
    if path.is_absolute():
        below = path.is_relative_to(unit.directory) and unit.directory.startswith("/")
        path = path.relative_to(unit.directory if below else "/")
    return str(path) if is_source(str(path)) else ""


def _comments(elf: Elf) -> Iterator[str]:
    """The versions of GCC that `.comment` names, each once."""
    section = elf.by_name.get(".comment")
    data = elf.content(section)[:_MAX_COMMENT] if section else b""
    texts = {text.decode("utf-8", "replace") for text in data.split(b"\0")}
    return (match[1] for text in sorted(texts) if (match := _COMPILER.fullmatch(text)))


def _imports(elf: Elf) -> tuple[bytes, ...]:
    """The names of the symbols that a file takes from its libraries."""
    section = elf.by_name.get(".dynsym")
    if section is None:
        return ()
    strings = elf.content(elf.sections[section.link])
    table = elf.content(section)
    end = min(len(table) // _SYMBOL.size, _MAX_SYMBOLS) * _SYMBOL.size
    symbols = _SYMBOL.iter_unpack(table[:end])
    starts = [at for at, _, _, place, _, _ in symbols if place == 0 and at < len(strings)]
    return tuple(text_at(strings, at) for at in starts)
