"""Which CPython an extension module was compiled against, and which Cython translated it."""

import re
from collections import Counter
from dataclasses import dataclass, field

from builders.native_flags import is_directory
from builders.native_hints.commonest import commonest
from builders.native_hints.contents import contents
from verify.native.elf import Elf

_PYTHON_HEADERS = re.compile(
    rb"[/-](3\.[0-9]{1,2})(\.[0-9]{1,2}(?:(?:a|b|rc)[0-9]{1,2})?)(?:[/-][^/\0]{0,40}){0,2}"
    rb"/include/python\1[a-z]?[/\0]"
)
"""A directory of CPython's headers that names the release, as in PyPA's images since 2021."""

_ANY_PYTHON_HEADERS = re.compile(rb"/include/python(3\.[0-9]{1,2})[a-z]?[/\0]")

_HEADER_OF_MESSAGE = re.compile(
    rb"(?:\A|\0)((?:/[A-Za-z0-9._+-]{1,60}){1,12}/include/python3\.[0-9]{1,2}[a-z]?)"
    rb"(?:/[A-Za-z0-9_-]{1,60}){1,3}\.h(?=\0)"
)
"""A header of CPython's in the message of an `assert`, by `__FILE__`."""

_CYTHON = re.compile(
    rb"_cython_([0-9]{1,2}(?:_[0-9]{1,3}){1,2}(?:(?:a|b|rc)[0-9]{1,2})?)(?:limited)?(?:\0|\.cython_)"
)
"""The module that types of Cython are shared by, which has its version (`CYTHON_ABI`)."""

_LAST_MINOR = 40
"""No CPython 3 is to be expected above it."""

_VERSION_OF_MODULE = re.compile(r"\.cpython-3([0-9]{1,2})-")


@dataclass(kw_only=True)
class PythonRelease:
    """What the files read so far say of it."""

    _releases: Counter[str] = field(default_factory=Counter)
    _minors: Counter[int] = field(default_factory=Counter)
    _cythons: Counter[str] = field(default_factory=Counter)
    _directories: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, elf: Elf) -> None:
        """Read one more file, of that name in the wheel."""
        for data in contents(elf, ".rodata"):
            self._cythons.update(cython_releases(data))
            directories = {*_HEADER_OF_MESSAGE.findall(data)}
            self._directories.update(one.decode("ascii") for one in directories)
        minor = _minor(name)
        self._minors.update([minor] if minor else [])
        self._releases.update(
            _named_headers(elf, _PYTHON_HEADERS)
            or _compiled_in(elf, minor)
            or _named_headers(elf, _ANY_PYTHON_HEADERS)
        )

    @property
    def release(self) -> str | None:
        """The CPython whose headers were used, `X.Y.Z` or only `X.Y`; None for unknown."""
        return commonest(self._releases)

    @property
    def headers(self) -> str | None:
        """The directory of the headers, where messages name it; None where none does."""
        return commonest(Counter(filter(is_directory, self._directories.elements())))

    @property
    def minor(self) -> int:
        """Of the CPython 3 that most modules' names say they are for; 0 where none says one."""
        return max(self._minors, key=lambda one: (self._minors[one], one), default=0)

    @property
    def cython(self) -> str | None:
        """The release of Cython; None for unknown or none."""
        return commonest(self._cythons)


def cython_releases(data: bytes) -> frozenset[str]:
    """The releases of Cython that some bytes name."""
    return frozenset(one.decode("ascii").replace("_", ".") for one in _CYTHON.findall(data))


def _named_headers(elf: Elf, directory: re.Pattern[bytes]) -> set[str]:
    """The versions of CPython in the directories of headers that the line table names."""
    # DWARF 4, 6.2.4: directories stand in the header; DWARF 5, 6.2.4.1: in a section of strings.
    tables = [*contents(elf, ".debug_line"), *contents(elf, ".debug_line_str")]
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
    code = b"".join(contents(elf, ".text"))
    return {f"3.{minor}.{found[0]}" for found in word.findall(code)}
