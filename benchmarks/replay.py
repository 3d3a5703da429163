"""Wheels that take as long as measured ones, and come to a verdict without being built.

`python -m benchmarks.replay ADDRESS` is a worker as `truewheel worker` is, but for who judges: each
wheel is found to be identical after the seconds that it is said to take. Everything else is what a
batch on dask.distributed runs.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from builders.recipe import BackendCall, Recipe, SourceFile, recipe_to_json
from builders.sandbox.interface import Limits
from verify.batch.dask.hands import Told, settings_for
from verify.batch.dask.machines import Machine
from verify.batch.dask.quiet import hush
from verify.batch.dask.wire import Order, Terms
from verify.batch.inputs import Input
from verify.batch.interface import (
    Ask,
    Failed,
    Finished,
    Found,
    FoundWheel,
    Job,
    Stage,
    Tidings,
    Trouble,
)
from verify.events import silent
from verify.index.interface import FileKind, IndexFile, Sha256
from verify.ledger.interface import Key, Remembered
from verify.ledger.rules import rules_version
from verify.lock.inputs.interface import Location
from verify.results import (
    Accounting,
    Attempt,
    CheckedSource,
    CheckedWheel,
    CheckResult,
    Diff,
    FileIdentity,
    Judgement,
    Seconds,
)
from verify.subject import Subject
from verify.verdict import Verdict
from verify.workbench import Settings, Workbench

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
TICK = 0.05
SIZE = 50_000
INDEX = "https://index.example.org/simple"


@dataclass(kw_only=True)
class ReplayHands:
    """Judges without looking: see `verify.batch.dask.hands.Hands`.

    Attributes:
        seconds: that wheels take, by the project's name; 0 for others.
        log: where each wheel is noted when it begins and ends; None for nowhere.
        name: of the worker, in the log.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    log: Path | None = None
    name: str = ""
    _benches: dict[Terms, Workbench] = field(default_factory=dict)
    _is_closed: bool = False

    def judge(self, order: Order, told: Told, is_wanted: Callable[[], bool]) -> Finished | Failed:
        """See `Hands`."""
        wheel = order.subject.wheel
        took = self.seconds.get(wheel.project, 0.0) if wheel else 0.0
        self._note("begins", order)
        if took:
            told(Stage(name="build"))
        end = time.monotonic() + took
        while time.monotonic() < end:
            if self._is_closed or not is_wanted():
                self._note("stops", order)
                return Failed(trouble=Trouble.LOST, message="nobody wants it any more")
            time.sleep(min(TICK, max(end - time.monotonic(), 0)))
        self._note("ends", order)
        return identical(order.subject, self._bench(order.terms), took)

    def close(self) -> None:
        """See `Hands`."""
        self._is_closed = True

    def _bench(self, terms: Terms) -> Workbench:
        if terms not in self._benches:
            settings = settings_for(terms, sandbox="bubblewrap", cache_root=Path("/nowhere"))
            if settings is None:
                raise ValueError("the indexes differ")
            self._benches[terms] = Workbench(settings, silent)
        return self._benches[terms]

    def _note(self, what: str, order: Order) -> None:
        if self.log is not None and order.subject.wheel is not None:
            line = f"{self.name} {what} {order.subject.wheel.project}\n".encode()
            descriptor = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, line)
            os.close(descriptor)


def identical(subject: Subject, bench: Workbench, seconds: float) -> Finished:
    """What a worker says of a wheel that has the bytes of its rebuild."""
    wheel, source, memory = subject.wheel, subject.source, bench.memory
    if wheel is None or source is None or memory is None:
        raise ValueError("a replayed wheel has a source, and is remembered")
    hashes = wheel.sha256 or Sha256(""), source.sha256 or Sha256("")
    served = tuple(each.sha256 for each in wheel.core_metadata if each.sha256 is not None)
    key = memory.key(wheel, source, hashes, served)
    judgement = _judgement(key, wheel, source, seconds)
    result = CheckResult(
        requirement=subject.requirement,
        wheel=CheckedWheel(
            filename=wheel.filename,
            sha256=wheel.sha256,
            size=SIZE,
            url=wheel.url,
            upload_time=wheel.upload_time,
        ),
        source=CheckedSource(kind="sdist", filename=source.filename, sha256=source.sha256),
        verdict=judgement.verdict,
        reason=None,
        detail=None,
        trusted=False,
        reasons=(),
        diff=judgement.diff,
        recipe=judgement.recipe,
        attempts=judgement.attempts,
        seconds=judgement.seconds,
    )
    now = datetime.now(UTC)
    kept = Remembered(key=key, judgement=judgement, effort=memory.effort, judged_at=now)
    return Finished(result=result, kept=kept)


def _judgement(key: Key, wheel: IndexFile, source: IndexFile, seconds: float) -> Judgement:
    same = FileIdentity(filename=wheel.filename, sha256=key.wheel_sha256, size=SIZE)
    recipe = Recipe(
        source=SourceFile(
            name=wheel.project,
            version=str(wheel.version),
            filename=source.filename,
            sha256=key.source_sha256,
        ),
        python="3.11",
        sandbox="bubblewrap",
        image=None,
        as_of=DAY,
        backend=BackendCall(mode="pep517", backend="setuptools.build_meta"),
        requirements=(),
    )
    return Judgement(
        verdict=Verdict.IDENTICAL,
        reason=None,
        detail=None,
        diff=Diff(
            published=same,
            rebuilt=same,
            verdict=Verdict.IDENTICAL,
            findings=(),
            accounting=Accounting(
                published_bytes=SIZE,
                reproduced_bytes=SIZE,
                explained_bytes=0,
                unexplained_bytes=0,
            ),
        ),
        recipe=recipe_to_json(recipe),
        attempts=(
            Attempt(recipe=recipe.digest, verdict=Verdict.IDENTICAL, reason=None, seconds=seconds),
        ),
        seconds=Seconds(build=seconds, total=seconds),
    )


@dataclass(kw_only=True)
class Listed:
    """A crew that knows every wheel it is asked for: see `verify.batch.interface.Crew`."""

    seconds: Mapping[str, float] = field(default_factory=dict)
    size: int = 100
    _asked: deque[Job] = field(default_factory=deque)

    @property
    def idle(self) -> int:
        """See `Crew`."""
        return self.size - len(self._asked)

    def begin(self, job: Job) -> None:
        """See `Crew`."""
        self._asked.append(job)

    def wait(self, seconds: float) -> Sequence[Tidings]:  # noqa: ARG002 - the protocol's
        """See `Crew`."""
        found = [(job, self._found(job)) for job in self._asked]
        self._asked.clear()
        return found

    def close(self) -> None:
        """See `Crew`."""

    def _found(self, job: Job) -> Found:
        subject = listed(job.name)
        took = self.seconds.get(job.name.partition("==")[0])
        return Found(wheels=(FoundWheel(subject=subject, seconds=took),))


def listed(requirement: str) -> Subject:
    """The wheel and the source of a pin, as an index would list them."""
    name, _, version = requirement.partition("==")
    return Subject(
        requirement=requirement,
        wheel=_file(name, version, f"{name}-{version}-py3-none-any.whl", FileKind.WHEEL),
        source=_file(name, version, f"{name}-{version}.tar.gz", FileKind.SDIST),
    )


def _file(name: str, version: str, filename: str, kind: FileKind) -> IndexFile:
    return IndexFile(
        project=canonicalize_name(name),
        version=Version(version),
        filename=filename,
        kind=kind,
        url=f"https://files.example.org/{filename}",
        sha256=Sha256(hashlib.sha256(filename.encode()).hexdigest()),
        size=SIZE,
        upload_time=DAY,
        requires_python=None,
        yanked=None,
    )


def pins(names: Iterable[str]) -> Input:
    """An input that asks for version 1.0 of each of these."""
    asks = (
        Ask(source=0, where=Location(path="replayed.txt", line=line), requirement=f"{name}==1.0")
        for line, name in enumerate(names, 1)
    )
    return Input(path="replayed.txt", kind="requirements.txt", asks=tuple(asks))


def bench_in(folder: Path) -> Workbench:
    """The bench of a batch that replays, with a ledger in that folder."""
    settings = Settings(
        sandbox="bubblewrap",
        cache_root=folder,
        index_url=INDEX,
        ledger=str(folder / "ledger.sqlite"),
        limits=Limits(),
        environ=(),
        cwd=folder,
    )
    return Workbench(settings, silent)


def main(arguments: Sequence[str]) -> int:
    """A worker, until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay")
    parser.add_argument("address")
    parser.add_argument("--name", default=f"replay-{os.getpid()}")
    parser.add_argument("--places", type=int, default=1)
    parser.add_argument("--machine", default="x86_64")
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--toolchain", action="append", default=[])
    parser.add_argument("--seconds", type=json.loads, default={}, help="a JSON object")
    parser.add_argument("--log", type=Path)
    given = parser.parse_args(arguments)
    hush()
    from verify.batch.dask.worker import Service  # noqa: PLC0415 - after it is hushed

    pythons = [text.split(".") for text in given.python or ["3.11"]]
    machine = Machine(
        places=given.places,
        rules=rules_version(),
        sandbox="bubblewrap",
        machine=given.machine,
        pythons=frozenset((int(major), int(minor)) for major, minor in pythons),
        toolchains=frozenset(given.toolchain),
    )
    service = Service(
        address=given.address,
        machine=machine,
        hands=lambda: ReplayHands(seconds=given.seconds, log=given.log, name=given.name),
        name=given.name,
        seconds=60.0,
        told=lambda text: print(text, file=sys.stderr, flush=True),
    )
    return 128 + service.run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
