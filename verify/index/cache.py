"""The cache of release files: content-addressed, shared between processes, checked when read."""

import contextlib
import errno
import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from verify.drafts import draft_file
from verify.index.filenames import why_unsafe
from verify.index.interface import HashMismatchError, IndexFault, Sha256

# A writer touches its file with every block, so a file that nobody wrote to for an hour is the
# leftover of a killed process. Locks would say it sooner, but not on every network file system.
_LEFTOVER_SECONDS = 3600.0

_BLOCK = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class CacheFault(IndexFault):
    """The cache directory cannot be read or written."""


class CacheFullError(CacheFault):
    """No space (or quota, or file size limit) is left for the cache."""


@contextlib.contextmanager
def disk_errors(root: Path) -> Iterator[None]:
    """Turn what a file system refuses below `root` into errors of this axis.

    Raises:
        CacheFullError: no space left.
        CacheFault: anything else.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise CacheFullError(
                f"no space left to write to the cache {root}",
                hint="free some space, or choose another cache directory",
            ) from error
        raise CacheFault(
            f"the cache {root} cannot be used: {error.strerror or error}",
            hint="check its permissions, or choose another cache directory",
        ) from error


class Partial:
    """A file in the making: not visible under any name of the cache until it is published."""

    def __init__(self, root: Path, path: Path, file: BinaryIO) -> None:
        self._root = root
        self.path = path
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> Sha256:
        """Of all bytes written so far."""
        return Sha256(self._digest.hexdigest())

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises:
            CacheFullError: no space left.
        """
        with disk_errors(self._root):
            self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Forget all bytes."""
        with disk_errors(self._root):
            self._file.seek(0)
            self._file.truncate()
        self._digest = hashlib.sha256()
        self.size = 0

    def publish(self, target: Path) -> None:
        """Make the file visible as `target`, whole, at once, readable by everybody."""
        with disk_errors(self._root):
            self._file.close()
            make_directory(target.parent, self._root)
            # Sandboxes read the file as another user, whatever the umask of this process.
            self.path.chmod(0o644)
            self.path.replace(target)


@contextlib.contextmanager
def new_partial(root: Path) -> Iterator[Partial]:
    """A new file in the making below `root`; what is not published in the block is removed.

    Raises:
        CacheFault: the cache cannot be written.
    """
    with contextlib.ExitStack() as stack:
        with disk_errors(root):
            directory = make_directory(root / "tmp", root)
            path, descriptor = stack.enter_context(draft_file(directory, prefix="tmp"))
        file = os.fdopen(descriptor, "wb")
        try:
            yield Partial(root, path, file)
        finally:
            # Closing flushes; what a full disk has to say of that was said, or no longer matters.
            with contextlib.suppress(OSError):
                file.close()


class FileCache:
    """Files by sha256 below `root`: `files/<first two hex digits>/<sha256>/<file name>`.

    Several processes may use one root at the same time.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        _remove_leftovers(root / "tmp")

    def find(self, sha256: Sha256, filename: str) -> Path | None:
        """A cached file whose bytes have this hash *now*; a damaged one is removed."""
        path = self._path(sha256, filename)
        with disk_errors(self._root):
            if not path.is_file():
                return None
            # Nothing is synced to disk when published, so a power cut can leave a file of zeros.
            if _sha256_of(path) == sha256:
                return path
            path.unlink(missing_ok=True)
        return None

    def find_by_url(self, url: str, filename: str) -> Path | None:
        """The file that was last fetched from a URL for which the index gave no hash."""
        try:
            pointer = json.loads(self._pointer(url).read_text(encoding="utf-8"))
            sha256 = Sha256(str(pointer["sha256"]))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        if len(sha256) != hashlib.sha256().digest_size * 2 or not sha256.isalnum():
            return None
        return self.find(sha256, filename)

    def partial(self) -> contextlib.AbstractContextManager[Partial]:
        """A new file in the making; what is not published in the block is removed."""
        return new_partial(self._root)

    def publish(self, partial: Partial, filename: str, *, url: str | None = None) -> Path:
        """Make a finished file visible under its hash, and under `url` if one is given."""
        target = self._path(partial.sha256, filename)
        partial.publish(target)
        if url is not None:
            pointer = json.dumps({"sha256": partial.sha256}).encode()
            write_file(self._pointer(url), pointer, self._root)
        return target

    def add(self, stream: BinaryIO, filename: str, *, sha256: Sha256 | None = None) -> Path:
        """Copy a stream into the cache.

        Raises:
            HashMismatchError: it does not have the given hash.
            CacheFault: the cache cannot be written.
        """
        with self.partial() as partial:
            while chunk := stream.read(_BLOCK):
                partial.write(chunk)
            if sha256 is not None and partial.sha256 != sha256:
                raise HashMismatchError(
                    f"{filename} has sha256 {partial.sha256}, the index promised {sha256}"
                )
            return self.publish(partial, filename)

    def _path(self, sha256: Sha256, filename: str) -> Path:
        reason = why_unsafe(filename)
        if reason is not None:
            raise CacheFault(f"the file name {filename!r} is refused: {reason}")
        return self._root / "files" / sha256[:2] / sha256 / filename

    def _pointer(self, url: str) -> Path:
        digest = hashlib.sha256(url.encode()).hexdigest()
        return self._root / "urls" / digest[:2] / f"{digest}.json"


def write_file(target: Path, content: bytes, root: Path) -> None:
    """Write a small file below `root` at once: readers see the old content or the new.

    Raises:
        CacheFault: the cache cannot be written.
    """
    with new_partial(root) as partial:
        partial.write(content)
        partial.publish(target)


def make_directory(directory: Path, root: Path) -> Path:
    """Create a directory, its parents down from `root` readable by everybody."""
    if directory.is_dir():
        return directory
    if directory != root:
        make_directory(directory.parent, root)
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    return directory


def _sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remove_leftovers(directory: Path) -> None:
    newest = time.time() - _LEFTOVER_SECONDS
    # Another process may clean the same directory at the same time.
    with contextlib.suppress(OSError):
        for path in directory.iterdir():
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < newest:
                    path.unlink()
