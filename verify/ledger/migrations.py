"""From a ledger of any age, or none, to the tables of today.

A change of `tables` goes with a function at the end of MIGRATIONS that makes an older ledger the
same; it is never changed after a release, and says what it does in statements of its own.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine, LargeBinary, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from verify.ledger.interface import LedgerFault
from verify.ledger.tables import METADATA, SCHEMA

Migration = Callable[[Connection], None]


def _batches(connection: Connection) -> None:
    """Version 2: runs of the same batch are found by their job, entries tell the wheel's hash."""
    for statement in (
        "ALTER TABLE truewheel_runs ADD COLUMN job VARCHAR(64)",
        "CREATE INDEX truewheel_runs_job ON truewheel_runs (job)",
        "ALTER TABLE truewheel_run_entries ADD COLUMN wheel_sha256 VARCHAR(64)",
    ):
        connection.execute(text(statement))


def _reports(connection: Connection) -> None:
    """Version 3: what a run said can be told again, as it was said."""
    binary = connection.dialect.type_compiler_instance.process(LargeBinary())
    for statement in (
        f"ALTER TABLE truewheel_runs ADD COLUMN body {binary}",
        f"ALTER TABLE truewheel_run_entries ADD COLUMN said {binary}",
        "ALTER TABLE truewheel_run_entries ADD COLUMN asked TEXT",
    ):
        connection.execute(text(statement))


MIGRATIONS: Sequence[Migration] = (_batches, _reports)
"""The first makes version 2 of version 1."""

RACES = (IntegrityError, ProgrammingError)
"""What databases say when another process makes the same table or row at the same moment."""


def newest_version(migrations: Sequence[Migration]) -> int:
    """The version that this truewheel writes."""
    return 1 + len(migrations)


def schema_version(connection: Connection, *, locks: bool = False) -> int | None:
    """The version of the tables in a database, None where there are none.

    Args:
        connection: its transaction reads the version.
        locks: others wait with their reading for the end of the transaction.

    Raises:
        LedgerFault: there is no telling.
    """
    if not inspect(connection).has_table(SCHEMA.name):
        return None
    query = select(SCHEMA.c.version)
    found = connection.execute(query.with_for_update() if locks else query).scalars().all()
    if len(found) != 1 or not isinstance(found[0], int) or found[0] < 1:
        raise LedgerFault(
            "the ledger does not tell its version",
            hint="move it away to begin a new one, or go without: --ledger none",
        )
    return found[0]


def refuse_newer(version: int | None, name: str, migrations: Sequence[Migration]) -> None:
    """Leave alone what a newer truewheel wrote.

    Raises:
        LedgerFault: the version is not known here.
    """
    newest = newest_version(migrations)
    if version is not None and version > newest:
        raise LedgerFault(
            f"the ledger {name} was written by a newer truewheel:"
            f" it has version {version}, this one knows {newest}",
            hint="update truewheel, or name another one with --ledger; it was not changed",
        )


def migrate(engine: Engine, name: str, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a database up to date, in one transaction that other processes wait for.

    Who only may read a ledger that is up to date changes nothing and waits for nobody.

    Raises:
        LedgerFault: a newer truewheel wrote it.
        SQLAlchemyError: the database failed.
    """
    with engine.connect() as connection:
        version = schema_version(connection)
    if version == newest_version(migrations):
        return
    try:
        _migrate(engine, name, migrations)
    except RACES:
        # Another process made what we wanted to make: now it is there, or it fails for good.
        _migrate(engine, name, migrations)


def _migrate(engine: Engine, name: str, migrations: Sequence[Migration]) -> None:
    newest = newest_version(migrations)
    with engine.begin() as connection:
        version = schema_version(connection, locks=True)
        refuse_newer(version, name, migrations)
        if version is None:
            METADATA.create_all(connection)
            connection.execute(insert(SCHEMA).values(one=1, version=newest))
            return
        for step in migrations[version - 1 :]:
            step(connection)
        if version < newest:
            connection.execute(update(SCHEMA).values(version=newest))
