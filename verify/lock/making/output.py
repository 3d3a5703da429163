"""Putting a made lock where it is asked for: whole, or not at all."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from verify.drafts import new_file
from verify.errors import TruewheelError, UsageFault
from verify.lock.inputs.locks import is_of_another_tool


class OutputFault(TruewheelError):  # noqa: N818 - a fault of the place, not of the tool
    """The lock cannot be written; what was there is untouched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Before:
    """What stood at the output's place when the lock was begun; digest is None for nothing."""

    path: Path
    digest: str | None


def look(path: Path) -> Before:
    """Look at an output's place, before any work is done for it.

    Raises:
        UsageFault: no file can be there.
        OutputFault: it must not be written, or read.
    """
    if is_of_another_tool(path.name):
        raise UsageFault(
            f"{path} is the lock of another tool, which truewheel does not write",
            hint="name a requirements file or a pylock.toml with -o; --check judges such a lock",
        )
    place = _place(path)
    wrong = _unfit(path, place)
    if wrong is not None:
        raise UsageFault(f"{path} {wrong}", hint="name a file to write, with -o")
    needed = [place.parent, *([place] if place.exists() else [])]
    if not all(os.access(each, os.W_OK) for each in needed):
        raise OutputFault(f"{path} cannot be written", hint="make it writable, or name another")
    return Before(path=path, digest=_digest(place))


def _unfit(path: Path, place: Path) -> str | None:
    if path.is_symlink() and place.is_symlink():
        return "is a symbolic link that leads to itself"
    if place.is_dir():
        return "is a directory"
    if not place.parent.is_dir():
        return "is in a directory that does not exist"
    return "is not a regular file" if place.exists() and not place.is_file() else None


def write(text: str, before: Before) -> bool:
    """Put a lock there; whether anything changed.

    Raises:
        OutputFault: it cannot be written, or somebody else wrote there meanwhile.
    """
    path, data = before.path, text.encode("utf-8")
    place = _place(path)
    try:
        with _alone(place.parent):
            now = _digest(place)
            if now == sha256(data).hexdigest():
                return False
            if now != before.digest:
                raise OutputFault(
                    f"somebody else wrote {path} meanwhile", hint="look at it, and lock again"
                )
            _replace(place, data)
    except OSError as error:
        raise OutputFault(
            f"cannot write {path}: {error.strerror}", hint="what was there is untouched"
        ) from error
    return True


def _place(path: Path) -> Path:
    """Where the file itself is: a link stays one, and what it leads to is replaced."""
    return Path(os.path.realpath(path))  # resolve() raises where a link leads to itself


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold other writers to this folder off: between a look and a rename one could slip in."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _digest(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputFault(f"cannot read {path}: {error.strerror}") from error


def _replace(place: Path, data: bytes) -> None:
    mode = place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask()
    with new_file(place, prefix=f".{place.name}-", suffix="", mode=mode, synced=True) as file:
        file.write(data)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
