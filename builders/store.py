"""What builders remember between runs: resolutions, hook answers, environments, rebuilds."""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from verify.drafts import draft_folder, new_file
from verify.errors import TruewheelError

DRAFT_PREFIX = ".draft-"

LEFTOVER_SECONDS = 24 * 3600.0
"""No build takes a day: a draft of that age was left by a process that was killed."""

DISK_ERRORS = frozenset(
    {
        errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS,
        errno.EIO, errno.EMFILE, errno.ENFILE, errno.ESTALE,
    }
)  # fmt: skip
"""What a machine's own disk, permissions and limits say; never the fault of what is written."""


class StoreError(TruewheelError):
    """The cache directory cannot be written."""


class Store:
    """Kinds of entries below one directory, each entry named by a digest.

    Entries appear whole or not at all, so that processes may share a store and die at any moment.
    Directories and files are readable by everyone: a sandbox reads them as another user.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, kind: str) -> Path:
        """The directory of one kind, made if need be."""
        folder = self._root / kind
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def recall(self, kind: str, digest: str) -> str | None:
        """The text kept under a digest, None if there is none."""
        try:
            return (self._root / kind / digest).read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    def remember(self, kind: str, digest: str, text: str) -> None:
        """Keep a text under a digest."""
        folder = self.folder(kind)
        with (
            storing(folder),
            new_file(folder / digest, prefix=DRAFT_PREFIX, suffix="") as file,
        ):
            file.write(text.encode())

    def find_tree(self, kind: str, digest: str) -> Path | None:
        """The directory kept under a digest, None if there is none."""
        tree = self._root / kind / digest
        return tree if tree.is_dir() else None

    def forget_tree(self, kind: str, digest: str) -> None:
        """Remove a tree at once for other processes; a missing one is fine."""
        tree = self._root / kind / digest
        with (
            suppress(FileNotFoundError),
            storing(tree),
            draft_folder(tree.parent, prefix=DRAFT_PREFIX) as away,
        ):
            tree.rename(away / digest)

    @contextmanager
    def new_tree(self, kind: str, digest: str) -> Iterator[Path]:
        """A directory to fill; on leaving it is kept under the digest, on an error removed."""
        folder = self.folder(kind)
        sweep(folder)
        with storing(folder), draft_folder(folder, prefix=DRAFT_PREFIX) as draft:
            yield draft
            _open_to_everyone(draft)
            # Another process may have been faster; its tree has the same content.
            with suppress(FileExistsError):
                _rename_tree(draft, folder / digest)

    @contextmanager
    def alone(self, kind: str, digest: str) -> Iterator[None]:
        """Makes other threads and processes wait that want the same entry alone.

        Whoever looks at an entry, finds it damaged and replaces it must do so alone: what it
        forgets may else be the whole one that another has made meanwhile.
        """
        folder = self.folder("locks")
        with storing(folder):
            lock = (folder / f"{kind}-{digest}").open("a")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def sweep(folder: Path) -> None:
    """Remove the drafts of processes that were killed, a day later."""
    oldest = time.time() - LEFTOVER_SECONDS
    # Another process may sweep the same folder at the same time.
    with suppress(OSError):
        for path in folder.glob(f"{DRAFT_PREFIX}*"):
            with suppress(OSError):
                if path.lstat().st_mtime < oldest:
                    _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _rename_tree(draft: Path, final: Path) -> None:
    try:
        draft.rename(final)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:
            raise FileExistsError(str(final)) from error
        raise


def _open_to_everyone(tree: Path) -> None:
    for folder, _folders, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


@contextmanager
def storing(folder: Path) -> Iterator[None]:
    """Turns a full disk or a missing permission into the one error that says what to do.

    Raises:
        StoreError: the operating system refused to write below `folder`.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        raise StoreError(
            f"cannot write below {folder}: {error.strerror}",
            hint="free some space or choose another place with --cache-dir",
        ) from error
