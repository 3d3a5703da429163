"""Puts the layers of an image on top of each other, as one tree of plain files.

The layers are a stranger's archives. So nothing is unpacked as it comes: first all of them are read
into one table of paths, where each layer changes what the lower ones say, and then the tree is
written from the table once, in order, into a directory that is new. What is written to is therefore
always a directory that was made here.

Source: OCI image specification 1.1, "Image Layer Filesystem Changeset".
"""

import os
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from builders.registry import RegistryFault
from builders.store import DISK_ERRORS
from builders.unpack import BROKEN, Shown

MAX_MEMBERS = 1_000_000
MAX_BYTES = 16 * 1024**3
"""Of the tree; the largest of the known images unpack to about two GiB."""

MAX_HEADER = 1024**2
"""Bytes of one header; tarfile reads as many as it says into memory."""

_PAX_DIGITS = re.compile(rb"[0-9]{64}")

_GONE, _ALL_GONE = ".wh.", ".wh..wh..opq"

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What stands at a path: a directory, a link's target, or the place of a file's content."""

    kind: bytes
    mode: int = 0o755
    target: str = ""
    layer: int = 0
    offset: int = 0
    size: int = 0


_DIRECTORY = _Entry(tarfile.DIRTYPE)


@dataclass(slots=True)
class _Node:
    """A path in the table with what is below it; a `layer` made it last."""

    entry: _Entry = _DIRECTORY
    layer: int = -1
    below: dict[str, "_Node"] = field(default_factory=dict)


def merge(layers: Sequence[Path], root: Path, shown: Shown) -> None:
    """Write what is shown of an image into the new directory `root`.

    Args:
        layers: tar archives without compression, the lowest first.
        root: is made.
        shown: what is wanted.

    Raises:
        RegistryFault: a layer is damaged, or holds what it must not.
        OSError: the operating system refused to write.
    """
    top = _Node()
    count = 0
    for number, layer in enumerate(layers):
        with layer.open("rb") as file:
            try:
                with tarfile.open(fileobj=cast("BinaryIO", _Headers(file)), mode="r:") as tar:
                    count += _add(tar, number, top, shown)
            except BROKEN as error:
                raise RegistryFault(f"a layer of the image is damaged: {error}") from error
        if count > MAX_MEMBERS:
            raise RegistryFault("the image has too many files")
    for path in shown.paths - shown.linkable:
        node = _find(top, PurePosixPath(path).parts)
        if node is not None and node.entry.kind == tarfile.SYMTYPE:
            raise RegistryFault(f"an image must not have a link for {path}")
    _write(top, layers, root)


class _Headers:
    """A layer of which tarfile reads nothing but headers: contents are copied past it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def read(self, size: int) -> bytes:
        """So many bytes; raises ValueError for what is no honest header."""
        if size > MAX_HEADER:
            raise ValueError("a header is too large")
        data = self._file.read(size)
        # tarfile's search for hdrcharset takes quadratic time in a run of digits (CVE-2024-6232).
        if size > tarfile.BLOCKSIZE and _PAX_DIGITS.search(data):
            raise ValueError("a header has an absurd number")
        return data


def _add(tar: tarfile.TarFile, number: int, top: _Node, shown: Shown) -> int:
    """Change the table as a layer says; gives how many members it has."""
    count = 0
    own: list[tuple[Parts, tarfile.TarInfo]] = []
    for member in tar:
        count += 1
        if count > MAX_MEMBERS:
            break
        path = PurePosixPath(member.name)
        if not shown.holds(path) and not _is_whiteout(path):
            continue
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise RegistryFault(f"an image must not hold {member.name[:200]!r}")
        if _is_whiteout(path):
            # "Whiteout files MUST only apply to resources in lower/parent layers."
            _remove(top, path)
        else:
            own.append((path.parts, member))
    links: list[tuple[Parts, Parts]] = []
    for parts, member in own:
        if member.islnk():
            links.append((parts, PurePosixPath(member.linkname).parts))
        else:
            _put(top, parts, _entry(member, number), number)
    for parts, target in links:
        node = _find(top, target)
        if node is None or node.entry.kind == tarfile.DIRTYPE:
            raise RegistryFault(f"{'/'.join(parts)[:200]} is a second name of what is not there")
        _put(top, parts, node.entry, number)
    return count


def _is_whiteout(path: PurePosixPath) -> bool:
    return path.name.startswith(_GONE)


def _remove(top: _Node, path: PurePosixPath) -> None:
    parent = _find(top, path.parts[:-1])
    if parent is None:
        return
    if path.name == _ALL_GONE:
        parent.below.clear()
    else:
        parent.below.pop(path.name.removeprefix(_GONE), None)


def _find(top: _Node, parts: Parts) -> _Node | None:
    node: _Node | None = top
    for part in parts:
        node = node.below.get(part) if node else None
    return node


def _put(top: _Node, parts: Parts, entry: _Entry, number: int) -> None:
    node = top
    for part in parts[:-1]:
        node = node.below.setdefault(part, _Node(layer=number))
        if node.entry.kind != tarfile.DIRTYPE:
            raise RegistryFault(f"{'/'.join(parts)[:200]} leads through what is no directory")
    known = node.below.get(parts[-1])
    both = known is not None and known.entry.kind == entry.kind == tarfile.DIRTYPE
    if known is not None and known.layer == number and not both:
        raise RegistryFault(f"{'/'.join(parts)[:200]} stands in one layer twice")
    below = known.below if known is not None and both else {}
    node.below[parts[-1]] = _Node(entry, number, below)


def _entry(member: tarfile.TarInfo, number: int) -> _Entry:
    if member.isdir():
        return _DIRECTORY
    if member.issym():
        return _Entry(tarfile.SYMTYPE, target=member.linkname)
    if not member.isreg() or member.issparse() or member.size < 0:
        raise RegistryFault(
            f"an image must not hold {member.name[:200]!r}: neither a file nor a directory nor a"
            " link"
        )
    # Nobody but its owner runs a program as another one; everybody may read what a build reads.
    mode = 0o755 if member.mode & 0o111 else 0o644
    return _Entry(
        tarfile.REGTYPE,
        mode=mode,
        layer=number,
        offset=member.offset_data,
        size=member.size,
    )


def _write(top: _Node, layers: Sequence[Path], root: Path) -> None:
    left = MAX_BYTES
    first: dict[tuple[int, int], Path] = {}
    with ExitStack() as stack:
        files = [stack.enter_context(layer.open("rb")) for layer in layers]
        root.mkdir()
        for path, entry in _walk(top.below, root):
            try:
                if entry.kind == tarfile.DIRTYPE:
                    path.mkdir()
                elif entry.kind == tarfile.SYMTYPE:
                    path.symlink_to(entry.target)
                elif (other := first.get((entry.layer, entry.offset))) and entry.size:
                    path.hardlink_to(other)
                else:
                    left -= entry.size
                    if left < 0:
                        raise RegistryFault("the image is too large")
                    first[entry.layer, entry.offset] = path
                    _copy(files[entry.layer].fileno(), entry, path)
            except (OSError, ValueError) as error:
                if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                    raise
                # Such as a name that is too long, or a target that is empty.
                raise RegistryFault(f"the image cannot be unpacked: {error}") from error


def _walk(below: Mapping[str, _Node], folder: Path) -> Iterator[tuple[Path, _Entry]]:
    """Every path of the table, each after its directory; not by recursion, which has an end."""
    left = [(folder / name, node) for name, node in sorted(below.items(), reverse=True)]
    while left:
        path, node = left.pop()
        yield path, node.entry
        left += [(path / name, each) for name, each in sorted(node.below.items(), reverse=True)]


def _copy(source: int, entry: _Entry, path: Path) -> None:
    with path.open("xb") as file:
        at, left = entry.offset, entry.size
        while left:
            data = os.pread(source, min(left, 1024**2), at)
            if not data:
                raise RegistryFault("a layer of the image ends too soon")
            file.write(data)
            at, left = at + len(data), left - len(data)
        os.fchmod(file.fileno(), entry.mode)
