"""Rust in a source: recognised by what cargo and the build backends go by, without running it."""

import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builders.errors import BuildFault
from builders.sdist import READ_FILE, all_files, planning_files

MAX_SEARCHED = 1024**3
"""Bytes that a source may unpack to while its names are read."""

_MAX_WIDTH = 200
_MANIFEST = "Cargo.toml"
_CHECKSUM = ".cargo-checksum.json"
"""`cargo vendor` writes one for each crate (The Cargo Book, "Source Replacement")."""

_DECLARED = re.compile(rb"\bsetuptools[-_.]rust\b|\[tool\.maturin\b|\bmaturin\b", re.IGNORECASE)
"""pyproject.toml: a build requirement, a table, or a list of tables (README of both)."""

_MISSED = re.compile(
    r"can't find Rust compiler|\bRust toolchain\b|\bcargo(?:\.exe)?\b.*\bnot (?:found|installed)"
    r"|No such file or directory: '(?:[^']*/)?(?:cargo|rustc)'|\bno module named setuptools_rust\b",
    re.IGNORECASE,
)
"""What setuptools-rust, maturin and the shell say where there is no cargo."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RustSource:
    """The crates of a source.

    Attributes:
        manifest: the path of the uppermost Cargo.toml, relative to the source's root.
        is_vendored: whether the crates that it depends on are in the source.
    """

    manifest: str
    is_vendored: bool

    def __str__(self) -> str:
        """A clause."""
        crates = "in the source" if self.is_vendored else "not in the source"
        return f"{self.manifest} is Rust, and the crates that it depends on are {crates}"


def find_rust(sdist: Path, log: str) -> RustSource | None:
    """The Rust that a failed build was about; None where none is declared, missed, or there.

    Args:
        sdist: the source.
        log: what the build printed.
    """
    try:
        project = planning_files(sdist).get(READ_FILE, b"")
        if not _DECLARED.search(project) and not _MISSED.search(log):
            return None
        with closing(all_files(sdist, limit=MAX_SEARCHED)) as files:
            return _read(file.name for file in files)
    except BuildFault:
        return None


def _read(names: Iterable[str]) -> RustSource | None:
    manifests: list[PurePosixPath] = []
    vendored: set[PurePosixPath] = set()
    for path in map(PurePosixPath, names):
        if path.name == _MANIFEST:
            manifests.append(path)
        elif path.name == _CHECKSUM:
            vendored.add(path.parent)
    own = [path for path in manifests if path.parent not in vendored]
    if not own:
        return None
    first = min(own, key=lambda path: (len(path.parts), path))
    inside = PurePosixPath(*first.parts[1:]) if len(first.parts) > 1 else first
    return RustSource(manifest=str(inside)[:_MAX_WIDTH], is_vendored=bool(vendored))
