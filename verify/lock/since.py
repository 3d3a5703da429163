"""`--since`: an older copy of a lock, from a file or from git."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from verify.lock.inputs.interface import Lock
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.reading import read_file
from verify.lock.revision import MissingInRevisionError, reader_at

_SUFFIXES = frozenset({".in", ".lock", ".toml", ".txt"})


def older_lock(path: Path, lock: Lock, since: str, environ: Mapping[str, str]) -> Lock:
    """What `lock` was before: the file `since`, or `path` at the git revision `since`.

    Only what is written as a path is one: whoever wrote the change could else add a file that is
    called `origin/main`. A lock that a revision does not have was empty.

    Raises:
        InputFault: the older lock cannot be read.
        GitError: there is neither such a file nor such a revision.
    """
    other = Path(since)
    if _is_path(since) and other.is_file():
        return read_lock(other, read_file, environ)
    try:
        read = reader_at(path, since)
        read(path)
    except MissingInRevisionError:
        return replace(lock, packages=())
    return read_lock(path, read, environ)


def _is_path(text: str) -> bool:
    return text.startswith(("/", "./", "../")) or Path(text).suffix in _SUFFIXES
