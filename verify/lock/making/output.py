"""Putting a made lock where it is asked for: whole, or not at all."""

import os
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from verify.errors import TruewheelError, UsageFault


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
    """
    if path.is_dir() or not path.parent.is_dir():
        what = "is a directory" if path.is_dir() else "is in a directory that does not exist"
        raise UsageFault(f"{path} {what}", hint="name a file to write, with -o")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OutputFault(f"{path} cannot be written", hint="make it writable, or name another")
    return Before(path=path, digest=_digest(path))


def write(text: str, before: Before) -> bool:
    """Put a lock there; whether anything changed.

    Raises:
        OutputFault: it cannot be written, or somebody else wrote there meanwhile.
    """
    path, data = before.path, text.encode("utf-8")
    try:
        if _digest(path) != before.digest:
            raise OutputFault(
                f"somebody else wrote {path} meanwhile", hint="look at it, and lock again"
            )
        if before.digest == sha256(data).hexdigest():
            return False
        _replace(path, data)
    except OSError as error:
        raise OutputFault(
            f"cannot write {path}: {error.strerror}", hint="what was there is untouched"
        ) from error
    return True


def _digest(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputFault(f"cannot read {path}: {error.strerror}") from error


def _replace(path: Path, data: bytes) -> None:
    place = path.resolve()
    mode = place.stat().st_mode & 0o777 if place.exists() else 0o666 & ~_umask()
    descriptor, name = tempfile.mkstemp(prefix=f".{place.name}-", dir=place.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(mode)
        draft.replace(place)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
