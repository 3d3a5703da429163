"""The ledger's tables, in terms that every database understands.

Moments are texts, see `moment_text`. What is only read as a whole is in `body`; a column is there
to find rows by, or to report on many of them.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

SCHEMA = Table(
    "truewheel_schema",
    METADATA,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)
"""One row, whose `one` is 1."""

VERDICTS = Table(
    "truewheel_verdicts",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("wheel", Text, nullable=False),
    Column("wheel_sha256", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("source_sha256", String(64), nullable=False),
    Column("tool", String(64), nullable=False),
    Column("rules", String(64), nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("reason", String(64)),
    Column("judged_at", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("truewheel_verdicts_wheel", "wheel_sha256"),
)
"""The latest judgement by the digest of its key; `body` is what `verify.ledger.stored` packs."""

RUNS = Table(
    "truewheel_runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("started_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("tool", String(64), nullable=False),
    Column("rules", String(64), nullable=False),
    Column("inputs", Text, nullable=False),
    Column("job", String(64)),
    Column("body", LargeBinary),
    Index("truewheel_runs_job", "job"),
)
"""Checks of one command; `inputs` is a JSON list of what was asked for.

`job` is the same for batches of the same inputs and choice of wheels, and null for anything else.
`body` is what `verify.batch.recalled` packs of a batch besides its results.
"""

ENTRIES = Table(
    "truewheel_run_entries",
    METADATA,
    Column("run", Integer, ForeignKey(RUNS.c.id), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("requirement", Text, nullable=False),
    Column("wheel", Text),
    Column("key", String(64)),
    Column("verdict", String(32), nullable=False),
    Column("reason", String(64)),
    Column("trusted", Boolean, nullable=False),
    Column("remembered", Boolean, nullable=False),
    Column("wheel_sha256", String(64)),
    Column("said", LargeBinary),
    Column("asked", Text),
)
"""What each run said, in its order; it stays when the verdict is found out anew.

`said` is what `verify.ledger.said` packs; `asked` a JSON list of the places that ask for the wheel.
"""
