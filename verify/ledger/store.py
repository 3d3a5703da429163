"""The ledger as a database: recall a verdict, record one, note what a run said."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, insert, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from verify.errors import UsageFault
from verify.ledger.interface import Key, LedgerFault, Remembered, Run, RunEntry, moment_text
from verify.ledger.migrations import MIGRATIONS, Migration, migrate
from verify.ledger.places import NONE_HINT, told
from verify.ledger.sqlite import WRITES, open_file
from verify.ledger.stored import pack, seconds_in, unpack
from verify.ledger.tables import ENTRIES, RUNS, VERDICTS


class Ledger:
    """Verdicts and runs in a database; threads may share it, and processes the database.

    Every method raises LedgerFault where the database fails.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{WRITES: True})
        self.name = name

    @classmethod
    def open(cls, where: str, migrations: Sequence[Migration] = MIGRATIONS) -> Self:
        """The ledger in a file, or in the database of a SQLAlchemy URL; made if need be.

        Raises:
            UsageFault: the URL is none.
            LedgerFault: it cannot be used; what is there is left as it was.
        """
        if "://" not in where:
            return cls(open_file(Path(where), migrations), where)
        url = _url(where)
        if url.get_backend_name() == "sqlite":
            if not url.database or url.query:
                raise UsageFault(
                    "a ledger in SQLite is a file", hint="give its path: --ledger PATH"
                )
            return cls(open_file(Path(url.database), migrations), url.database)
        return cls(_open_server(where, migrations), url.render_as_string(hide_password=True))

    def close(self) -> None:
        """Let go of the database; the ledger may still be used, which opens it again."""
        self._engine.dispose()

    def recall(self, key: Key) -> Remembered | None:
        """What is remembered of a key, None if nothing is, or nothing that can be read."""
        query = select(VERDICTS.c.body).where(VERDICTS.c.key == key.digest)
        with self._told(), self._engine.connect() as connection:
            body = connection.execute(query).scalar_one_or_none()
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
        with self._told(), self._engine.connect() as connection:
            body = connection.execute(query).scalar_one_or_none()
        return seconds_in(body) if isinstance(body, bytes) else None

    def begin_run(
        self, inputs: Sequence[str], *, tool: str, rules: str, job: str | None = None
    ) -> int:
        """Note that a run begins now; gives its number."""
        columns = {
            "started_at": moment_text(datetime.now(UTC)),
            "tool": tool,
            "rules": rules,
            "inputs": json.dumps(list(inputs), ensure_ascii=True),
            "job": job,
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

    def note_all(self, run: int, entries: Iterable[tuple[int, RunEntry]]) -> None:
        """Note what a run said of several wheels, all of it or nothing."""
        rows = [
            {
                "run": run,
                "position": position,
                **{name: _storable(value) for name, value in asdict(entry).items()},
            }
            for position, entry in entries
        ]
        if rows:
            self._write(lambda connection: connection.execute(insert(ENTRIES), rows))

    def end_run(self, run: int) -> None:
        """Note that a run came to its end now."""
        ended = update(RUNS).where(RUNS.c.id == run).values(ended_at=moment_text(datetime.now(UTC)))
        self._write(lambda connection: connection.execute(ended))

    def runs(self) -> tuple[dict[str, Any], ...]:
        """The runs in their order: the columns of RUNS, `inputs` as a list."""
        with self._told(), self._engine.connect() as connection:
            rows = connection.execute(select(RUNS).order_by(RUNS.c.id)).mappings().all()
        return tuple({**row, "inputs": json.loads(row["inputs"])} for row in rows)

    def runs_of(self, job: str) -> tuple[Run, ...]:
        """The runs of a batch's job, the latest first."""
        query = select(RUNS).where(RUNS.c.job == job).order_by(RUNS.c.id.desc())
        with self._told(), self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return tuple(
            Run(
                number=row["id"],
                inputs=tuple(json.loads(row["inputs"])),
                rules=row["rules"],
                ended=row["ended_at"] is not None,
            )
            for row in rows
        )

    def entries(self, run: int) -> tuple[RunEntry, ...]:
        """What a run said, in its order."""
        query = select(ENTRIES).where(ENTRIES.c.run == run).order_by(ENTRIES.c.position)
        with self._told(), self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        fields = RunEntry.__dataclass_fields__
        return tuple(RunEntry(**{name: row[name] for name in fields}) for row in rows)

    def _write(self, write: Any) -> None:  # noqa: ANN401 - a function whose result is nobody's
        with self._told():
            try:
                self._written(write)
            except IntegrityError:
                # Another process was quicker to insert; what was an insert is now an update.
                self._written(write)

    def _written(self, write: Any) -> None:  # noqa: ANN401 - see above
        with self._writer.begin() as connection:
            write(connection)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise told(error, self.name) from error


def _url(text: str) -> Any:  # noqa: ANN401 - sqlalchemy.URL, which mypy sees as any
    try:
        url = make_url(text)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise UsageFault(
            "the ledger's URL names no database that truewheel can speak to",
            hint="give a path, or a SQLAlchemy URL like postgresql+psycopg://USER@HOST/DATABASE",
        ) from error
    return url


def _open_server(text: str, migrations: Sequence[Migration]) -> Engine:
    name = make_url(text).render_as_string(hide_password=True)
    try:
        engine = create_engine(text, pool_pre_ping=True)
        migrate(engine, name, migrations)
    except ImportError as error:
        raise LedgerFault(
            f"the ledger {name} needs a Python package that is not installed: {error.name}",
            hint=f"install it beside truewheel; else {NONE_HINT}",
        ) from error
    except SQLAlchemyError as error:
        raise told(error, name) from error
    return engine


def _storable(value: Any) -> Any:  # noqa: ANN401 - a column's value
    """A text that any database takes: hostile names hold lone surrogates and zero bytes."""
    if not isinstance(value, str):
        return value
    return value.encode("ascii", "backslashreplace").decode("ascii").replace("\0", "\\x00")
