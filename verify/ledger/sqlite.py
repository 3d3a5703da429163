"""A ledger in a file: all that is particular to SQLite, and to files.

A new ledger appears whole or not at all. An existing file is looked at before anything writes to
it, and is left as it is unless it is a ledger that only its owner can write.
"""

import os
import sqlite3
import stat
import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from verify.drafts import draft_folder
from verify.ledger.interface import LedgerFault, UnwritableError
from verify.ledger.migrations import (
    Migration,
    migrate,
    newest_version,
    refuse_newer,
    schema_version,
)
from verify.ledger.places import NONE_HINT, first_line, is_about_writing, told

APPLICATION_ID = 0x54525745
"""In bytes 68 to 71 of the file (https://sqlite.org/fileformat.html, 1.3): "TRWE"."""

MAGIC = b"SQLite format 3\0"
BUSY_SECONDS = 60.0
"""How long one process waits for another that writes."""

SETTINGS = (
    "synchronous = NORMAL",  # with WAL a power cut may lose the last verdicts, but damages nothing
    "foreign_keys = ON",
    "trusted_schema = OFF",  # what a schema made by hand could have a query do
)

WRITES = "truewheel_writes"
"""Execution option of a connection whose transactions take the write lock when they begin. One that
reads first and then writes would be refused, not made to wait, if another wrote in between."""


def open_file(path: Path, migrations: Sequence[Migration]) -> Engine:
    """The ledger in a file, made if need be; read-only where nothing can be written.

    Raises:
        LedgerFault: there is another file, or none can be made.
    """
    if not path.exists():
        _make(path, migrations)
    _refuse_foreign(path)
    try:
        return _opened(path, migrations)
    except SQLAlchemyError as error:
        raise told(error, str(path)) from error


def _opened(path: Path, migrations: Sequence[Migration]) -> Engine:
    if not _is_writable(path):
        return _looked_at(path, _reading(path), migrations)
    try:
        return _looked_at(path, "mode=rw", migrations)
    except SQLAlchemyError as error:
        if not is_about_writing(error):
            raise
    # Even who only reads needs room beside the ledger, for the index of what others write.
    return _looked_at(path, _untouched(path), migrations)


def _looked_at(path: Path, how: str, migrations: Sequence[Migration]) -> Engine:
    """The ledger, up to date where it can be written.

    Raises:
        LedgerFault: it is none, or of a newer truewheel.
        SQLAlchemyError: it is damaged, or there is no room.
    """
    engine = _engine(path, how)
    try:
        version = _version(engine, path, migrations)
        if how == "mode=rw" and version < newest_version(migrations):
            migrate(engine.execution_options(**{WRITES: True}), str(path), migrations)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _version(engine: Engine, path: Path, migrations: Sequence[Migration]) -> int:
    with engine.connect() as connection:
        version = schema_version(connection)
    if version is None:
        raise _no_ledger(path, "it has none of its tables")
    refuse_newer(version, str(path), migrations)
    return version


def _make(path: Path, migrations: Sequence[Migration]) -> None:
    """A new ledger, complete when it gets its name; another process may be quicker.

    Raises:
        LedgerFault: nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_open_folder(path)
        with draft_folder(path.parent, prefix=".truewheel-ledger-") as folder:
            draft = folder / path.name
            draft.touch(mode=0o600)
            _fill(draft, migrations)
            with suppress(FileExistsError):
                _name(draft, path)
    except OSError as error:
        raise _cannot_make(path, error.strerror or str(error)) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _cannot_make(path, first_line(error)) from error


def _fill(draft: Path, migrations: Sequence[Migration]) -> None:
    engine = _engine(draft, "mode=rw")
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            # Kept in the file: readers do not wait for a writer, nor it for them.
            raw.execute("PRAGMA journal_mode = WAL")
        migrate(engine.execution_options(**{WRITES: True}), str(draft), migrations)
    finally:
        engine.dispose()


def _name(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if not path.exists():
            draft.replace(path)


def _refuse_foreign(path: Path) -> None:
    """Refuse what is no ledger, and what somebody else could have written verdicts to.

    Raises:
        LedgerFault: see there.
    """
    try:
        with path.open("rb") as stream:
            found, head = os.fstat(stream.fileno()), stream.read(100)
    except OSError as error:
        raise LedgerFault(
            f"the ledger {path} cannot be read: {error.strerror}", hint=NONE_HINT
        ) from error
    if not stat.S_ISREG(found.st_mode):
        raise _no_ledger(path, "it is no regular file")
    if not head.startswith(MAGIC) or len(head) < 100:
        raise _no_ledger(path, "it is no SQLite database")
    if struct.unpack_from(">I", head, 68)[0] != APPLICATION_ID:
        raise _no_ledger(path, "it is a database of something else")
    _refuse_shared(path)


def _refuse_shared(path: Path) -> None:
    """Refuse what others could have written to, if only by a journal that SQLite would replay."""
    for file in (path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))):
        with suppress(FileNotFoundError):
            _refuse_others(file)
    _refuse_open_folder(path)


def _refuse_open_folder(path: Path) -> None:
    if path.parent.stat().st_mode & stat.S_IWOTH:
        raise LedgerFault(
            f"the ledger {path} is in a folder that everybody can write to",
            hint=f"name a place of your own with --ledger, or: chmod o-w {path.parent}",
        )


def _refuse_others(file: Path) -> None:
    found = file.stat()
    if found.st_uid not in {os.geteuid(), 0}:
        raise LedgerFault(
            f"the ledger's file {file} belongs to another user, who could write verdicts to it",
            hint="name another one with --ledger, or take it over with chown if you trust it",
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise LedgerFault(
            f"the ledger's file {file} can be written by others, so its verdicts may be anybody's",
            hint=f"if you trust what is in it: chmod go-w {file}",
        )


def _no_ledger(path: Path, why: str) -> LedgerFault:
    return LedgerFault(
        f"{path} is no ledger: {why}",
        hint="name another file with --ledger; this one was not changed",
    )


def _cannot_make(path: Path, why: str) -> LedgerFault:
    return UnwritableError(
        f"the ledger {path} cannot be made: {why}",
        hint="name another place with --ledger, or go without: --ledger none",
    )


def _is_writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _reading(path: Path) -> str:
    """How to read without changing anything, see https://sqlite.org/wal.html#readonly."""
    return "mode=ro" if os.access(path.parent, os.W_OK) else _untouched(path)


def _untouched(path: Path) -> str:
    """How to read without making a file; where others may be writing, there is no such way."""
    journal = path.with_name(f"{path.name}-wal")
    return "mode=ro" if journal.exists() else "mode=ro&immutable=1"


def _engine(path: Path, how: str) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?{how}",
            uri=True,
            timeout=BUSY_SECONDS,
            check_same_thread=False,
            isolation_level=None,  # SQLAlchemy's transactions alone, see `begin`
        )
        try:
            for setting in SETTINGS:
                connection.execute(f"PRAGMA {setting}")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool)

    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "begin", begin)
    return engine
