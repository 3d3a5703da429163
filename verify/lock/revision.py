"""Files as a git revision has them, and when a file was written.

git is asked for objects only (`ls-tree`, `cat-file`), which runs no filter, hook or pager; a
file's size is asked for before its bytes.
"""

import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from verify.errors import UsageFault
from verify.lock.inputs.interface import InputFault, Location, quoted
from verify.lock.inputs.reading import MAX_BYTES, Read, read_file

GIT_SECONDS = 30.0

_OPTIONS = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "--no-pager")
_ENVIRONMENT = {
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_REGULAR = ("100644", "100755")


class GitError(UsageFault):
    """git is not here, or knows no such repository or revision."""


class MissingInRevisionError(InputFault):
    """A revision has no such file."""


def reader_at(path: Path, revision: str) -> Read:
    """A reader of files as a revision of the repository around `path` has them.

    Raises:
        GitError: there is no git, no repository, or no such revision.
        MissingInRevisionError: the revision is HEAD, and nothing has been committed yet.
    """
    folder = path.parent
    commit = _commit(folder, revision)

    def read(asked: Path) -> bytes:
        return _blob(folder, commit, asked, revision)

    return read


def _commit(folder: Path, revision: str) -> str:
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    code, said, error = _git(folder, arguments)
    if code == 0:
        return said.decode("ascii", "replace").strip()
    if revision == "HEAD" and _git(folder, ("symbolic-ref", "--quiet", "HEAD"))[0] == 0:
        raise MissingInRevisionError(Location(path=revision), "nothing has been committed yet")
    words = error.decode("utf-8", "replace").strip().split("\n", 1)[0].removeprefix("fatal: ")
    raise GitError(
        f"--since {quoted(revision)} is neither a file nor a revision that git knows here"
        + (f": {words}" if words else ""),
        hint="name an older copy of the lock, or a revision such as HEAD~1 or origin/main;"
        " a shallow clone has none but its own (fetch-depth: 0)",
    )


def _blob(folder: Path, commit: str, path: Path, revision: str) -> bytes:
    where = Location(path=f"{revision}:{path}")
    relative = os.path.relpath(path, folder)
    code, said, _ = _git(folder, ("ls-tree", "-z", commit, "--", f"./{relative}"))
    meta, _, _ = said.partition(b"\t")
    if code != 0 or not said:
        raise MissingInRevisionError(where, "there is no such file in that revision")
    mode, kind, name = meta.decode("ascii", "replace").split()
    if kind != "blob" or mode not in _REGULAR:
        raise InputFault(where, "is not a regular file in that revision")
    code, size, _ = _git(folder, ("cat-file", "-s", name))
    if code == 0 and int(size) <= MAX_BYTES:
        code, data, _ = _git(folder, ("cat-file", "blob", name))
        if code == 0:
            return data
    if code == 0:
        raise InputFault(where, f"is longer than {MAX_BYTES} bytes")
    raise InputFault(where, "git cannot read it", hint="a partial clone may lack it; fetch it")


def written_at(path: Path) -> datetime | None:
    """When a file was last written: its last commit if it is as committed, else its own time."""
    try:
        stamp = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        folder = path.parent
        if _blob(folder, _commit(folder, "HEAD"), path, "HEAD") != read_file(path):
            return stamp
        arguments = ("log", "-1", "--format=%cI", "HEAD", "--", f"./{path.name}")
        code, said, _ = _git(folder, arguments)
        return datetime.fromisoformat(said.decode("ascii").strip()) if code == 0 else stamp
    except (UsageFault, ValueError):
        return stamp
    except OSError:
        return None


def _git(folder: Path, arguments: Sequence[str]) -> tuple[int, bytes, bytes]:
    """Exit code and both outputs."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    command = ["git", *_OPTIONS, *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**environment, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git cannot be run: {error}", hint="install git, or name a file") from error
    return done.returncode, done.stdout, done.stderr
