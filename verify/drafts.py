"""Files and folders in the making: whole under their name at once, or gone, whatever ends us."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp, mkstemp
from typing import BinaryIO

from verify.errors import UsageFault
from verify.interrupts import uninterrupted

READABLE = 0o644
"""Sandboxes and web servers read what we write as other users."""


def require_place(target: Path) -> None:
    """Make sure, before any work is done for it, that a file can be made where it is asked for.

    Raises:
        UsageFault: there is no such folder, or nothing can be written to it.
    """
    if not target.parent.is_dir():
        raise UsageFault(
            f"cannot write {target}: there is no folder {target.parent}",
            hint=f"mkdir -p {target.parent}",
        )
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise UsageFault(
            f"cannot write {target}: {target.parent} is closed to you", hint="choose another place"
        )


@contextmanager
def new_file(
    target: Path,
    *,
    prefix: str = ".truewheel-",
    suffix: str = ".part",
    mode: int = READABLE,
    synced: bool = False,
) -> Iterator[BinaryIO]:
    """A file to write; a block that succeeds makes it visible as `target`, in one step.

    `synced` waits until the content is on the disk before that.

    Raises:
        OSError: it cannot be written.
    """
    with draft_file(target.parent, prefix=prefix, suffix=suffix) as (draft, descriptor):
        with os.fdopen(descriptor, "wb") as file:
            yield file
            if synced:
                file.flush()
                os.fsync(file.fileno())
        draft.chmod(mode)
        draft.replace(target)


@contextmanager
def draft_file(folder: Path, *, prefix: str, suffix: str = "") -> Iterator[tuple[Path, int]]:
    """A new file and its open descriptor, which the block closes; not there after the block.

    Raises:
        OSError: it cannot be made.
    """
    with _gone_after() as made:
        # A signal between the file's making and our knowing its name would leave it behind.
        with uninterrupted():
            descriptor, name = mkstemp(prefix=prefix, suffix=suffix, dir=folder)
            made.append(Path(name))
        yield made[0], descriptor


@contextmanager
def draft_folder(parent: Path, *, prefix: str) -> Iterator[Path]:
    """A new folder, removed after the block where it has not been renamed.

    Raises:
        OSError: it cannot be made.
    """
    with _gone_after() as made:
        with uninterrupted():
            made.append(Path(mkdtemp(prefix=prefix, dir=parent)))
        yield made[0]


@contextmanager
def _gone_after() -> Iterator[list[Path]]:
    """A list of files and folders, which are removed at the end of the block."""
    made: list[Path] = []
    try:
        try:
            yield made
        finally:
            _remove(made)
    finally:
        # Again: a signal may have come before the first was through.
        _remove(made)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink(missing_ok=True)
