"""What the ELF files of a published wheel teach about how they were compiled: values only.

`.comment` names the compiler. Debug information, where it was left in, says for each source with
which flags and in which directory it was compiled (GCC's -grecord-gcc-switches). The files may be
an attacker's: what is not understood, or too large, is no hint, and nothing is kept but flags of
`builders.native_flags`, plain paths and version numbers.
"""

import re
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from builders.dwarf_units import Unit, compilation_units, has_dwarf
from builders.native_flags import (
    DIRECTORIES,
    EMPTY_LIBS,
    EVERY_SOURCE,
    INSTEAD,
    KEEP_FIELDS,
    LINK,
    MAX_KEYS,
    MAX_ORDER,
    OLD_STRINGS,
    OLD_TAGS,
    ORDER,
    PYTHON,
    REPAIR,
    RETAG,
    RUNTIME,
    RUNTIMES,
    allowed,
    is_directory,
    is_platforms,
    is_release,
    is_source,
)
from verify.archive.errors import ArchiveError
from verify.archive.reader import Archive
from verify.native.elf import Elf, Machine, Section, SectionKind, UnreadableElfError, read_elf

MAX_FILE = 64 * 1024**2
"""Bytes of an ELF file that is looked into."""

MAX_BYTES = 512 * 1024**2
"""Bytes of all of them together."""

MAX_FILES = 500
MAX_UNITS = 20_000
_MAX_SYMBOLS = 50_000
_MAX_NAME = 1000
_MAX_COMMENT = 16 * 1024

USUAL_FLAGS = "-O3 -fwrapv -fPIC"
"""What a CPython that was built from source with no options of its own compiles extensions with.

But for `-g`: it changes no code, and they are for files that nothing of it was left in.

Source: CPython's configure.ac (OPT, CCSHARED, -fwrapv); PyPA's manylinux images build it so, and
their own flags stay out of its sysconfig (`CFLAGS_NODIST` in build-cpython.sh).
"""

USUAL_FLAGS_SINCE_12 = "-O3 -fno-strict-overflow -fPIC"
"""The same since CPython 3.12, where overflowing pointers wrap too."""

_ELF_NAME = re.compile(r"(?:[^/]+/)*[^/]+\.so(?:\.[0-9][^/]*)?")
_COMPILER = re.compile(r"GCC: \([^()]{0,100}\) ([0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})\b.{0,100}")
_PRODUCER = re.compile(
    r"GNU (?P<language>[A-Za-z0-9+]{1,20}) (?P<version>[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2})\b"
    r"(?P<rest>.*)",
    re.DOTALL,
)

_PYTHON_HEADERS = re.compile(
    rb"[/-](3\.[0-9]{1,2})(\.[0-9]{1,2}(?:(?:a|b|rc)[0-9]{1,2})?)(?:[/-][^/\0]{0,40}){0,2}"
    rb"/include/python\1[a-z]?[/\0]"
)
"""A directory of CPython's headers that names the release, as in PyPA's images since 2021."""

_ANY_PYTHON_HEADERS = re.compile(rb"/include/python(3\.[0-9]{1,2})[a-z]?[/\0]")

_CYTHON = re.compile(
    rb"_cython_([0-9]{1,2}(?:_[0-9]{1,3}){1,2}(?:(?:a|b|rc)[0-9]{1,2})?)(?:limited)?(?:\0|\.cython_)"
)
"""The module that types of Cython are shared by, which has its version (`CYTHON_ABI`)."""

_LAST_MINOR = 40
"""No CPython 3 is to be expected above it."""

_VERSION_OF_MODULE = re.compile(r"\.cpython-3([0-9]{1,2})-")

_OLD_STRING = re.compile(rb"_ZNK?Ss[0-9C]|_ZTISs|RKSs|NSt8ios_base7failureE")
"""`std::string`, or the exception that has one, of before GCC 5 (Itanium C++ ABI, 5.1.10)."""

_TABLE_INIT = re.compile(
    rb"H\x83\xec\x08H\x8b\x05.{4}H\x85\xc0t\x05\xe8.{4}H\x83\xc4\x08\xc3", re.DOTALL
)
"""`.init` as glibc's crti.S made it before 2.28."""

_LANDING_PAD = b"\xf3\x0f\x1e\xfa"
"""`endbr64`, the first instruction of what may be called by its address."""

_LATE_VERSION = re.compile(rb"\0GLIBC_2\.(?:29|[3-9][0-9])\0")
"""A version of a symbol that glibc 2.28 has not."""

_RED_HAT = b"(Red Hat "

_NEEDED, _THREADS, _LIBC = 1, b"libpthread.so.0", b"libc.so.6"
_OLD_TAGS, _NEW_TAGS = {15, 16}, {29, 30}
"""DT_RPATH and DT_SYMBOLIC; DT_RUNPATH and DT_FLAGS (System V ABI, chapter 5)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NativeHints:
    """What the ELF files of a wheel for x86-64 Linux say together.

    Attributes:
        files: how many could be read.
        compiler: the GCC version that compiled most of it, e.g. `10.2.1`; None for another one.
        compilers: all that `.comment` names.
        languages: what was compiled, e.g. `C17`, `C++14`.
        flags: a recipe's `compiler_flags`.
        build_paths: where the compiler ran, by the same keys.
        has_dwarf: whether there is debug information.
        is_stripped: whether a file has no symbol table.
        python: the CPython whose headers were used, `X.Y.Z` or only `X.Y`; None for unknown.
        cython: the release of Cython that translated it; None for unknown or none.
    """

    files: int
    compiler: str | None
    compilers: frozenset[str]
    languages: frozenset[str]
    flags: Mapping[str, str]
    build_paths: Mapping[str, str]
    has_dwarf: bool
    is_stripped: bool
    python: str | None = None
    cython: str | None = None

    @property
    def pins(self) -> tuple[str, ...]:
        """Constraints on what builds it again; they ask for nothing that the source does not."""
        return (f"cython=={self.cython}",) if self.cython else ()


_GLIBC = re.compile(r"manylinux(?:1|2010|2014|_[0-9]{1,2}_[0-9]{1,3})(?=_[a-z0-9_]{2,20})")
_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
"""Older names of versions of glibc (PEP 600); old releases of auditwheel know no others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Platforms:
    """The platform tags of a wheel for Linux; a tool like auditwheel writes others than a build.

    Attributes:
        filename: in the file name, in order.
        wheel: in the WHEEL file, in order.
        has_empty_libs: whether the tool left an empty directory for libraries.
        has_directories: whether each directory has an entry of its own.
        has_libs: whether the tool copied libraries.
    """

    filename: tuple[str, ...]
    wheel: tuple[str, ...]
    has_empty_libs: bool = False
    has_directories: bool = False
    has_libs: bool = False

    def are_of(self, machine: str) -> bool:
        """Whether they all are of glibc's Linux on a machine (`uname -m`)."""
        own = re.compile(rf"(?:manylinux(?:[0-9]+|_[0-9]+_[0-9]+)|linux)_{re.escape(machine)}")
        return all(map(own.fullmatch, self.filename))

    @property
    def post_steps(self) -> tuple[str, ...]:
        """What a recipe does to a wheel after its build; nothing where no tool changed it."""
        if all(platform.startswith("linux_") for platform in self.filename):
            return ()
        texts = dict.fromkeys((".".join(self.filename), ".".join(self.wheel)))
        retag = " ".join((RETAG, *texts))
        libs = (EMPTY_LIBS,) if self.has_empty_libs else ()
        repair = (f"{REPAIR} {self._newest}",) if self.has_libs and self._newest else ()
        return (*repair, retag, *libs, *((DIRECTORIES,) if self.has_directories else ()))

    @property
    def _newest(self) -> str | None:
        """The platform with the newest C library, as every auditwheel knows it; None for musl's."""
        found = [name for name in self.filename if _GLIBC.match(name)]
        return max(found, key=lambda name: (_glibc(name), _is_legacy(name)), default=None)


def _is_legacy(platform: str) -> bool:
    return platform.startswith(tuple(_LEGACY))


def _glibc(platform: str) -> tuple[int, ...]:
    """The version of glibc that a platform tag stands for."""
    policy = platform[: match.end()] if (match := _GLIBC.match(platform)) else ""
    return _LEGACY.get(policy) or tuple(map(int, re.findall("[0-9]+", policy)))


def read_native_hints(archive: Archive) -> NativeHints | None:
    """What a wheel's ELF files say; None where none of them is of x86-64."""
    gathered = _Gathered()
    for name, elf in _elf_files(archive):
        gathered.add(name, elf)
    return gathered.hints() if gathered.files else None


def read_platforms(archive: Archive, filename: str, wheel_tags: Iterable[str]) -> Platforms | None:
    """The platform tags of a wheel for Linux; None for another one, or where they contradict.

    Args:
        archive: the wheel.
        filename: its file name.
        wheel_tags: the `Tag` values of its WHEEL file, in order.
    """
    named = tuple(filename.removesuffix(".whl").rpartition("-")[2].split("."))
    listed = tuple(dict.fromkeys(tag.rpartition("-")[2] for tag in wheel_tags))
    if not is_platforms(named) or not is_platforms(listed) or {*named} != {*listed}:
        return None
    libs = f"{filename.partition('-')[0]}.libs/"
    names = [member.name for member in archive.members]
    folders = {name[: at + 1] for name in names for at, end in enumerate(name) if end == "/"}
    return Platforms(
        filename=named,
        wheel=listed,
        has_empty_libs=[name for name in names if name.startswith(libs)] == [libs],
        has_directories=folders <= {*names},
        has_libs=any(name.startswith(libs) and _ELF_NAME.fullmatch(name) for name in names),
    )


def _elf_files(archive: Archive) -> Iterator[tuple[str, Elf]]:
    left, files = MAX_BYTES, 0
    for member in archive.members:
        if files == MAX_FILES or _ELF_NAME.fullmatch(member.name) is None:
            continue
        if member.size > min(MAX_FILE, left):
            continue
        files, left = files + 1, left - member.size
        try:
            elf = read_elf(archive.read(member.name, limit=MAX_FILE))
        except (ArchiveError, UnreadableElfError):
            continue
        if (elf.machine, elf.bits) == (Machine.X86_64, 64):
            yield member.name, elf


@dataclass(kw_only=True)
class _Gathered:
    """What the files read so far have said."""

    files: int = 0
    comments: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    languages: set[str] = field(default_factory=set)
    flags: dict[str, Counter[str]] = field(default_factory=dict)
    paths: dict[str, Counter[str]] = field(default_factory=dict)
    orders: set[tuple[str, ...]] = field(default_factory=set)
    pythons: Counter[str] = field(default_factory=Counter)
    minors: Counter[int] = field(default_factory=Counter)
    cythons: Counter[str] = field(default_factory=Counter)
    units: int = 0
    has_dwarf: bool = False
    is_stripped: bool = False
    has_threads: bool = False
    always_needs_libc: bool = True
    has_old_tags: bool = False
    has_old_strings: bool = False
    has_new_strings: bool = False
    has_table_init: bool = False
    has_landing_pads: bool = False
    has_late_versions: bool = False
    is_red_hat: bool = False

    def add(self, name: str, elf: Elf) -> None:
        """Read one more file, of that name in the wheel."""
        self.files += 1
        self.comments.update(_comments(elf))
        self.is_stripped |= all(section.kind != SectionKind.SYMTAB for section in elf.sections)
        self.has_dwarf |= has_dwarf(elf)
        entries = _dynamic(elf)
        needed = {name for tag, name in entries if tag == _NEEDED}
        tags = {tag for tag, _ in entries}
        self.has_old_tags |= bool(tags & _OLD_TAGS) and not tags & _NEW_TAGS
        self.has_threads |= _THREADS in needed
        self.always_needs_libc &= _LIBC in needed
        imports = _imports(elf)
        self.has_old_strings |= any(map(_OLD_STRING.search, imports))
        self.has_new_strings |= any(b"cxx11" in name for name in imports)
        self.has_late_versions |= any(
            _LATE_VERSION.search(elf.content(one)) is not None for one in _named(elf, ".dynstr")
        )
        init = b"".join(elf.content(one) for one in _named(elf, ".init"))
        self.has_table_init |= _TABLE_INIT.fullmatch(init) is not None
        self.has_landing_pads |= init.startswith(_LANDING_PAD)
        self.is_red_hat |= any(_RED_HAT in elf.content(one) for one in _named(elf, ".comment"))
        for section in _named(elf, ".rodata"):
            found = {*_CYTHON.findall(elf.content(section))}
            self.cythons.update(one.decode("ascii").replace("_", ".") for one in found)
        minor = _minor(name)
        self.minors.update([minor] if minor else [])
        self.pythons.update(
            _named_headers(elf, _PYTHON_HEADERS)
            or _compiled_in(elf, minor)
            or _named_headers(elf, _ANY_PYTHON_HEADERS)
        )
        sources = []
        try:
            for unit in compilation_units(elf):
                self.units += 1
                if self.units > MAX_UNITS:
                    return
                sources.append(self._add_unit(unit))
        except UnreadableElfError:
            return  # what was read until then is as good a hint as any
        self.orders.add(tuple(dict.fromkeys(filter(None, sources))))

    def _add_unit(self, unit: Unit) -> str:
        """Take what a unit says; gives its source, empty for one that is not plain."""
        producer = _PRODUCER.fullmatch(unit.producer)
        if producer is None or producer["language"] == "AS":
            return ""
        self.versions[producer["version"]] += 1
        self.languages.add(producer["language"])
        source = _source(unit)
        flags = allowed(word for word in producer["rest"].split() if word.startswith("-"))
        self.flags.setdefault(source, Counter())[sys.intern(flags)] += 1
        if is_directory(unit.directory):
            self.paths.setdefault(source, Counter())[unit.directory] += 1
        return source

    def hints(self) -> NativeHints:
        """All of it."""
        minor = max(self.minors, key=lambda one: (self.minors[one], one), default=0)
        usual = USUAL_FLAGS_SINCE_12 if minor >= 12 else USUAL_FLAGS
        flags = _by_source(self.flags) if self.flags else {INSTEAD: usual}
        if self.has_old_strings and not self.has_new_strings:
            flags = {source: f"{text} {OLD_STRINGS}" for source, text in flags.items()}
        python = _most(self.pythons)
        return NativeHints(
            files=self.files,
            compiler=_most(self.versions or self.comments),
            compilers=frozenset(self.comments),
            languages=frozenset(self.languages),
            flags={
                **flags,
                LINK: self._link_flags(),
                **({RUNTIME: runtime} if (runtime := self._runtime()) else {}),
                **({PYTHON: python} if python and is_release(python) else {}),
                **({ORDER: order} if (order := self._order()) else {}),
            },
            build_paths=_by_source(self.paths),
            has_dwarf=self.has_dwarf,
            is_stripped=self.is_stripped,
            python=python,
            cython=_most(self.cythons),
        )

    def _link_flags(self) -> str:
        """How libraries came to be needed.

        Debian's GCC leaves out those that nothing is taken from, that of Red Hat does not. A
        CPython built where threads are a library of their own has `-pthread` in its LDSHARED.
        """
        keep = ("-Wl,--no-as-needed",) if self.always_needs_libc else ()
        tags = (OLD_TAGS,) if self.has_old_tags else ()
        return " ".join((KEEP_FIELDS, *keep, *tags, *(("-pthread",) if self.has_threads else ())))

    def _order(self) -> str:
        """In which order the objects were linked, of all files that are of several sources."""
        orders = [" ".join(order) for order in sorted(self.orders) if len(order) > 1]
        while len(text := " | ".join(orders)) > MAX_ORDER:
            orders.remove(max(orders, key=len))
        return text

    def _runtime(self) -> str:
        """Which parts of the C runtime are not those of Debian's compiler."""
        # Red Hat's toolsets for 7 compile against its glibc, which is 2.17; those for 8, 2.28.
        found = (
            self.has_table_init,
            self.is_red_hat,
            self.has_landing_pads and self.is_red_hat,
            self.has_table_init and self.is_red_hat,
            self.has_landing_pads and self.is_red_hat and not self.has_late_versions,
        )
        wanted = zip(RUNTIMES, found, strict=True)
        return " ".join(word for word, is_wanted in wanted if is_wanted)


def _most(counted: Counter[str]) -> str | None:
    """The commonest; of equally common ones the last in order."""
    return max(counted, key=lambda text: (counted[text], text), default=None)


def _by_source(counted: Mapping[str, Counter[str]]) -> dict[str, str]:
    """The commonest text under the key of every source, and the sources that have another one."""
    if not counted:
        return {}
    common = _most(sum(counted.values(), Counter[str]())) or ""
    own = {source: _most(texts) or "" for source, texts in sorted(counted.items()) if source}
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


def _named_headers(elf: Elf, directory: re.Pattern[bytes]) -> set[str]:
    """The versions of CPython in the directories of headers that the line table names."""
    # DWARF 4, 6.2.4: directories stand in the header; DWARF 5, 6.2.4.1: in a section of strings.
    names = (".debug_line", ".debug_line_str")
    tables = [elf.content(one) for name in names for one in _named(elf, name)]
    found = (match.groups() for data in tables for match in directory.finditer(data))
    return {b"".join(parts).decode("ascii") for parts in found}


def _minor(name: str) -> int | None:
    """Of the CPython 3 that a module's name says it is for; None where it says none."""
    version = _VERSION_OF_MODULE.search(name)
    return int(version[1]) if version and int(version[1]) <= _LAST_MINOR else None


def _compiled_in(elf: Elf, minor: int | None) -> set[str]:
    """The releases of a version that `PY_VERSION_HEX` says in the code, where Cython puts it.

    Four bytes that look like it are good enough where the file does not name its headers.
    """
    if minor is None:
        return set()
    word = re.compile(rb"\xf0([\x00-\x1f])%s\x03" % (re.escape(bytes((minor,))),))
    code = b"".join(elf.content(one) for one in _named(elf, ".text"))
    return {f"3.{minor}.{found[0]}" for found in word.findall(code)}


def _imports(elf: Elf) -> tuple[bytes, ...]:
    """The names of the symbols that a file takes from its libraries."""
    section = elf.by_name.get(".dynsym")
    if section is None:
        return ()
    names = elf.content(elf.sections[section.link])
    symbols = struct.iter_unpack("<IBBHQQ", elf.content(section)[: _MAX_SYMBOLS * 24])
    starts = [at for at, _, _, place, _, _ in symbols if place == 0 and at < len(names)]
    return tuple(names[at : max(at, names.find(b"\0", at, at + _MAX_NAME))] for at in starts)


def _named(elf: Elf, name: str) -> Iterator[Section]:
    return (section for section in elf.sections if section.name == name and section.in_file)


def _dynamic(elf: Elf) -> tuple[tuple[int, bytes], ...]:
    """The entries of the dynamic section: each tag, and the text that its value would name."""
    section = elf.by_name.get(".dynamic")
    if section is None:
        return ()
    names = elf.content(elf.sections[section.link])
    data = elf.content(section)[:_MAX_COMMENT]
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
    pairs = tuple(zip(words[::2], words[1::2], strict=False))
    last = next((at for at, (tag, _) in enumerate(pairs) if tag == 0), len(pairs))
    return tuple(
        (tag, names[at : max(at, names.find(b"\0", at, at + _MAX_NAME))] if tag == _NEEDED else b"")
        for tag, at in pairs[:last]
    )
