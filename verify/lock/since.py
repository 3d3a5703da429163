"""`--since`: an older copy of a lock, from a file or from git."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from verify.lock.inputs.interface import Lock
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.reading import read_file
from verify.lock.revision import MissingInRevisionError, reader_at


def older_lock(path: Path, lock: Lock, since: str, environ: Mapping[str, str]) -> Lock:
    """What `lock` was before: the file `since`, or `path` at the git revision `since`.

    A file wins over a revision of the same name. A lock that a revision does not have was empty.

    Raises:
        InputFault: the older lock cannot be read.
        GitError: there is neither such a file nor such a revision.
    """
    other = Path(since)
    if other.is_file():
        return read_lock(other, read_file, environ)
    read = reader_at(path, since)
    try:
        read(path)
    except MissingInRevisionError:
        return replace(lock, packages=())
    return read_lock(path, read, environ)
