"""Where a copied library is said to come from: a table of distributions' own libraries.

A label, never a proof: the beginning of a hash in a file name and a build-id can be put on any
bytes.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_MIN_DIGITS = 8
"""Of the hash in a name; auditwheel writes that many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """A package that holds a library which is labelled as this one.

    Attributes:
        package: source package and version.
        system: the distribution and its release.
        told_by: what says so: `hash-in-name`, `build-id`.
    """

    package: str
    system: str
    told_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    file: str
    sha256: str
    build_id: str
    package: str
    system: str


def origins(*, name: str, sha256: str | None, build_id: str | None) -> tuple[Origin, ...]:
    """The packages whose library a copy is labelled as.

    Args:
        name: the file name that it had before it was copied.
        sha256: the beginning of the original file's, as the copy's name has it; eight digits.
        build_id: of the copy, in hexadecimal.
    """
    found = []
    for row in _table():
        told = (
            ("hash-in-name", _begins(row, name, sha256)),
            ("build-id", build_id is not None and build_id == row.build_id),
        )
        told_by = tuple(label for label, is_told in told if is_told)
        if told_by:
            found.append(Origin(package=row.package, system=row.system, told_by=told_by))
    return tuple(found)


def _begins(row: _Row, name: str, digits: str | None) -> bool:
    is_long_enough = digits is not None and len(digits) >= _MIN_DIGITS
    return is_long_enough and name == row.file and row.sha256.startswith(digits or "-")


@cache
def _table() -> tuple[_Row, ...]:
    table = files("builders.knowledge").joinpath("packaged_libraries.toml")
    return tuple(
        _Row(
            file=library["file"],
            sha256=library["sha256"],
            build_id=library["build_id"],
            package=library["package"],
            system=system["name"],
        )
        for system in tomllib.loads(table.read_text(encoding="utf-8"))["system"]
        for library in system["library"]
    )
