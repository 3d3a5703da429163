"""The ledger as a database: recall a verdict, record one, note what a run said."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import count, zip_longest
from pathlib import Path
from typing import Any, Self

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    RowMapping,
    Select,
    bindparam,
    create_engine,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from verify.errors import UsageFault
from verify.ledger.interface import (
    Key,
    LedgerFault,
    Remembered,
    Run,
    RunEntry,
    Told,
    moment_text,
)
from verify.ledger.migrations import MIGRATIONS, Migration, migrate
from verify.ledger.outages import Patience, connect_arguments, patience_of
from verify.ledger.places import NONE_HINT, secrets_in, shown, told
from verify.ledger.said import unpack_said
from verify.ledger.sqlite import WRITES, open_file
from verify.ledger.stored import pack, seconds_in, unpack, unpack_by_digest
from verify.ledger.tables import ENTRIES, RUNS, VERDICTS

AT_ONCE = 500
"""Rows that are fetched together; a row may have megabytes."""

SHORT = tuple(name for name in RunEntry.__dataclass_fields__ if name != "said")
"""The columns of an entry that are small."""

NO_SERVER = Patience(seconds=None)

_GONE = delete(ENTRIES).where(
    ENTRIES.c.run == bindparam("this_run"), ENTRIES.c.position == bindparam("this")
)


class Ledger:
    """Verdicts and runs in a database; threads may share it, and processes the database.

    Every method raises LedgerFault where the database fails.
    """

    def __init__(
        self, engine: Engine, name: str, patience: Patience, secrets: Sequence[str] = ()
    ) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{WRITES: True})
        # One query is one question to a server, without the beginning and end of a transaction.
        self._reader = engine
        if engine.dialect.name != "sqlite":
            self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._patience, self._secrets = patience, secrets
        self.name = name

    @classmethod
    def open(cls, where: str, migrations: Sequence[Migration] = MIGRATIONS) -> Self:
        """The ledger in a file, or in the database of a SQLAlchemy URL; made if need be.

        Raises:
            UsageFault: the URL is none.
            LedgerFault: it cannot be used; what is there is left as it was.
        """
        if "://" not in where:
            return cls(open_file(Path(where), migrations), where, NO_SERVER)
        url = _url(where)
        if url.get_backend_name() == "sqlite":
            if not url.database or url.query:
                raise UsageFault(
                    "a ledger in SQLite is a file", hint="give its path: --ledger PATH"
                )
            return cls(open_file(Path(url.database), migrations), url.database, NO_SERVER)
        engine = _open_server(url, migrations)
        return cls(engine, shown(url), patience_of(url), secrets_in(url))

    def close(self) -> None:
        """Let go of the database; the ledger may still be used, which opens it again."""
        self._engine.dispose()

    def recall(self, key: Key) -> Remembered | None:
        """What is remembered of a key, None if nothing is, or nothing that can be read."""
        body = self._one(select(VERDICTS.c.body).where(VERDICTS.c.key == key.digest))
        return unpack(body, key) if isinstance(body, bytes) else None

    def record(self, remembered: Remembered) -> None:
        """Remember a judgement, instead of what was remembered of its key."""
        key, judgement = remembered.key, remembered.judgement
        columns = {
            "wheel": _storable(key.wheel),
            "wheel_sha256": key.wheel_sha256,
            "source": _storable(key.source),
            "source_sha256": key.source_sha256,
            "tool": key.tool,
            "rules": key.rules,
            "verdict": judgement.verdict.value,
            "reason": judgement.reason,
            "judged_at": moment_text(remembered.judged_at),
            "body": pack(remembered),
        }

        def write(connection: Connection) -> None:
            changed = update(VERDICTS).where(VERDICTS.c.key == key.digest).values(columns)
            if not connection.execute(changed).rowcount:
                connection.execute(insert(VERDICTS).values(key=key.digest, **columns))

        self._write(write)

    def seconds(self, wheel_sha256: str) -> float | None:
        """What it took to judge a wheel when it was judged last, by whatever rules; else None."""
        query = (
            select(VERDICTS.c.body)
            .where(VERDICTS.c.wheel_sha256 == wheel_sha256)
            .order_by(VERDICTS.c.judged_at.desc())
            .limit(1)
        )
        body = self._one(query)
        return seconds_in(body) if isinstance(body, bytes) else None

    def begin_run(
        self,
        inputs: Sequence[str],
        *,
        tool: str,
        rules: str,
        job: str | None = None,
        body: bytes | None = None,
    ) -> int:
        """Note that a run begins now; gives its number."""
        columns = {
            "started_at": moment_text(datetime.now(UTC)),
            "tool": tool,
            "rules": rules,
            "inputs": json.dumps(list(inputs), ensure_ascii=True),
            "job": job,
            "body": body,
        }
        numbers: list[int] = []

        def write(connection: Connection) -> None:
            done = connection.execute(insert(RUNS).values(columns))
            numbers[:] = done.inserted_primary_key or ()

        self._write(write)
        return numbers[0]

    def note(self, run: int, position: int, entry: RunEntry) -> None:
        """Note what a run said of one wheel, at a position that is its own."""
        self.note_all(run, [(position, entry)])

    def note_all(
        self, run: int, entries: Iterable[tuple[int, RunEntry]], asked: Sequence[str] = ()
    ) -> None:
        """Note what a run said of several wheels, all of it or nothing; `asked` is as long."""
        rows = [
            {
                "run": run,
                "position": position,
                "asked": places,
                **{name: _storable(value) for name, value in asdict(entry).items()},
            }
            for (position, entry), places in zip_longest(entries, asked)
        ]
        places = [{"this_run": row["run"], "this": row["position"]} for row in rows]
        tries = count()

        def write(connection: Connection) -> None:
            if next(tries):  # it may have come through, and only the answer was lost
                connection.execute(_GONE, places)
            connection.execute(insert(ENTRIES), rows)

        if rows:
            self._write(write)

    def end_run(self, run: int) -> None:
        """Note that a run came to its end now."""
        ended = update(RUNS).where(RUNS.c.id == run).values(ended_at=moment_text(datetime.now(UTC)))
        self._write(lambda connection: connection.execute(ended))

    def keep(self, run: int, body: bytes) -> None:
        """Keep what a run says besides its entries."""
        kept = update(RUNS).where(RUNS.c.id == run).values(body=body)
        self._write(lambda connection: connection.execute(kept))

    def runs(self) -> tuple[dict[str, Any], ...]:
        """The runs in their order: the columns of RUNS, `inputs` as a list."""
        rows = self._rows(select(RUNS).order_by(RUNS.c.id))
        return tuple({**row, "inputs": json.loads(row["inputs"])} for row in rows)

    def runs_of(self, job: str) -> tuple[Run, ...]:
        """The runs of a batch's job, the latest first."""
        query = select(RUNS).where(RUNS.c.job == job).order_by(RUNS.c.id.desc())
        return tuple(map(_run, self._rows(query)))

    def run(self, number: int) -> Run | None:
        """The run of a number, None if there is none."""
        return self._one_run(select(RUNS).where(RUNS.c.id == number))

    def latest_batch(self) -> Run | None:
        """The batch that began last, None if there was none."""
        query = select(RUNS).where(RUNS.c.job.is_not(None)).order_by(RUNS.c.id.desc())
        return self._one_run(query)

    def batch_before(self, run: Run) -> Run | None:
        """The run before it of the same batch that came to an end, None if there is none."""
        query = (
            select(RUNS)
            .where(RUNS.c.job == run.job, RUNS.c.id < run.number, RUNS.c.ended_at.is_not(None))
            .order_by(RUNS.c.id.desc())
        )
        return self._one_run(query)

    def _one_run(self, query: "Select[Any]") -> Run | None:
        rows = self._rows(query.limit(1))
        return _run(rows[0]) if rows else None

    def told(self, run: int) -> Iterator[Told]:
        """What a run said in its order, with what the ledger has of each wheel: one query."""
        query = (
            select(ENTRIES, VERDICTS.c.body)
            .outerjoin(VERDICTS, VERDICTS.c.key == ENTRIES.c.key)
            .where(ENTRIES.c.run == run)
            .order_by(ENTRIES.c.position)
            .execution_options(yield_per=AT_ONCE)
        )
        with self._told(), self._engine.connect() as connection:
            for row in connection.execute(query).mappings():
                yield _told_of(row)

    def entries(self, run: int) -> tuple[RunEntry, ...]:
        """What a run said, in its order."""
        return tuple(self.entries_of([run]))

    def entries_of(self, runs: Collection[int]) -> Iterator[RunEntry]:
        """What several runs said, the earliest first, each in its order; without `said`."""
        query = (
            select(*(ENTRIES.c[name] for name in SHORT))
            .where(ENTRIES.c.run.in_(runs))
            .order_by(ENTRIES.c.run, ENTRIES.c.position)
            .execution_options(yield_per=AT_ONCE)
        )
        with self._told(), self._engine.connect() as connection:
            for row in connection.execute(query).mappings():
                yield RunEntry(**row)

    def _one(self, query: "Select[Any]") -> object:
        rows = self._rows(query)
        return next(iter(rows[0].values())) if rows else None

    def _rows(self, query: "Select[Any]") -> Sequence[RowMapping]:
        def read() -> Sequence[RowMapping]:
            with self._reader.connect() as connection:
                return connection.execute(query).mappings().all()

        with self._told():
            return self._patience.of(read)

    def _write(self, write: Any) -> None:  # noqa: ANN401 - a function whose result is nobody's
        """Write in one transaction; `write` is begun again where it may not have come through."""

        def written() -> None:
            with self._writer.begin() as connection:
                write(connection)

        with self._told():
            try:
                self._patience.of(written)
            except IntegrityError:
                # Another process was quicker to insert; what was an insert is now an update.
                self._patience.of(written)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise told(error, self.name, self._secrets) from error


def _run(row: RowMapping) -> Run:
    return Run(
        number=row["id"],
        inputs=tuple(json.loads(row["inputs"])),
        rules=row["rules"],
        ended=row["ended_at"] is not None,
        job=row["job"],
        body=row["body"],
    )


def _told_of(row: RowMapping) -> Told:
    entry = RunEntry(**{name: row[name] for name in (*SHORT, "said")})
    body, result = row["body"], None
    found = unpack_by_digest(body, entry.key) if body is not None and entry.key else None
    if entry.said is not None:
        result = unpack_said(entry.said, found.judgement if found else None)
    return Told(entry=entry, result=result, asked=row["asked"])


def _url(text: str) -> URL:
    try:
        url = make_url(text)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise UsageFault(
            "the ledger's URL names no database that truewheel can speak to",
            hint="give a path, or a SQLAlchemy URL like postgresql+psycopg://USER@HOST/DATABASE",
        ) from error
    if "@" in f"{url.host}{url.database}":
        # The rest of a password would be taken for the host, and shown.
        raise UsageFault(
            "the ledger's URL has more than one @", hint="write that of a password as %40"
        )
    return url


def _open_server(url: URL, migrations: Sequence[Migration]) -> Engine:
    name = shown(url)
    try:
        engine = create_engine(url, connect_args=connect_arguments(url))
        migrate(engine, name, migrations)
    except ImportError as error:
        raise LedgerFault(
            f"the ledger {name} needs a Python package that is not installed: {error.name}",
            hint=f"{_how_to_install(url)}; else {NONE_HINT}",
        ) from error
    except SQLAlchemyError as error:
        raise told(error, name, secrets_in(url)) from error
    return engine


def _how_to_install(url: URL) -> str:
    if url.drivername == "postgresql+psycopg":
        return 'install "truewheel[postgresql]"'
    return "install it beside truewheel"


def _storable(value: Any) -> Any:  # noqa: ANN401 - a column's value
    """A text that any database takes: hostile names hold lone surrogates and zero bytes."""
    if not isinstance(value, str):
        return value
    return value.encode("ascii", "backslashreplace").decode("ascii").replace("\0", "\\x00")
