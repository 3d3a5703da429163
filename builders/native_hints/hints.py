"""What the ELF files of a published wheel teach about how they were made: values only.

The files may be an attacker's: what is not understood, or too large, is no hint, and nothing is
kept but flags of `builders.native_flags`, plain paths and version numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from builders.native_flags import LINK, ORDER, PYTHON, RUNTIME, is_release
from builders.native_hints.compilation import Compilation
from builders.native_hints.dwarf_units import has_dwarf
from builders.native_hints.linking import Linking
from builders.native_hints.python_release import PythonRelease
from builders.shared_objects import is_shared_object
from verify.archive.errors import ArchiveError
from verify.archive.reader import Archive
from verify.native.elf import Elf, Machine, SectionKind, UnreadableElfError
from verify.native.elf_reader import read_elf

MAX_FILE = 64 * 1024**2
"""Bytes of an ELF file that is looked into."""

MAX_BYTES = 512 * 1024**2
"""Bytes of all of them together."""

MAX_FILES = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class NativeHints:
    """What the ELF files of a wheel for x86-64 Linux say together.

    Attributes:
        files: how many could be read.
        compiler: the GCC version that compiled most of it, e.g. `10.2.1`; None for another one.
        compilers: all that `.comment` names.
        languages: what was compiled, e.g. `C17`, `C++14`.
        flags: a recipe's `compiler_flags`.
        build_paths: where the compiler ran, by the same keys; CPython's headers under `python`.
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


def read_native_hints(archive: Archive) -> NativeHints | None:
    """What a wheel's ELF files say; None where none of them is of x86-64."""
    gathered = _Gathered()
    for name, elf in _elf_files(archive):
        gathered.add(name, elf)
    return gathered.hints() if gathered.files else None


def _elf_files(archive: Archive) -> Iterator[tuple[str, Elf]]:
    left, files = MAX_BYTES, 0
    for member in archive.members:
        if files == MAX_FILES or not is_shared_object(member.name):
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
    compilation: Compilation = field(default_factory=Compilation)
    linking: Linking = field(default_factory=Linking)
    python: PythonRelease = field(default_factory=PythonRelease)
    has_dwarf: bool = False
    is_stripped: bool = False

    def add(self, name: str, elf: Elf) -> None:
        """Read one more file, of that name in the wheel."""
        self.files += 1
        self.is_stripped |= all(section.kind != SectionKind.SYMTAB for section in elf.sections)
        self.has_dwarf |= has_dwarf(elf)
        self.linking.add(elf)
        self.python.add(name, elf)
        self.compilation.add(elf)

    def hints(self) -> NativeHints:
        """All of it."""
        return NativeHints(
            files=self.files,
            compiler=self.compilation.compiler,
            compilers=frozenset(self.compilation.comments),
            languages=frozenset(self.compilation.languages),
            flags=self._flags(),
            build_paths=self._build_paths(),
            has_dwarf=self.has_dwarf,
            is_stripped=self.is_stripped,
            python=self.python.release,
            cython=self.python.cython,
        )

    def _build_paths(self) -> dict[str, str]:
        headers = self.python.headers
        return {**self.compilation.build_paths, **({PYTHON: headers} if headers else {})}

    def _flags(self) -> dict[str, str]:
        release = self.python.release
        optional = {
            RUNTIME: self.linking.runtime,
            PYTHON: release if release and is_release(release) else "",
            ORDER: self.compilation.order,
        }
        return {
            **self.compilation.flags(self.python.minor),
            LINK: self.linking.flags,
            **{key: text for key, text in optional.items() if text},
        }
