"""The writing side of `truewheel lock`: from inputs to a lock of trusted hashes."""

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from pathlib import Path
from threading import Thread

import click
from packaging.pylock import is_valid_pylock_path
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from builders.store import Store
from reports.as_json import dump
from verify.check import check
from verify.cli.bench import open_bench
from verify.cli.console import progress, result_console, say_error
from verify.cli.exits import Exit
from verify.cli.options import Output, Work
from verify.cli.targets import Targets
from verify.errors import TruewheelError, UsageFault
from verify.index.config import uv_arguments, uv_environment
from verify.index.interface import IndexFile
from verify.lock.inputs.interface import Location, LockFormat
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.reading import MAX_BYTES, Read, bounded, read_file
from verify.lock.making.lock import MadeLock
from verify.lock.making.make import Earlier, Tools, make_lock
from verify.lock.making.output import Before, look, write
from verify.lock.making.pylock_text import pylock_text
from verify.lock.making.requirements_text import REFUSED, requirements_text
from verify.lock.making.resolution import Resolver
from verify.lock.making.sdists import SdistChoice
from verify.lock.making.source_metadata import Requires
from verify.lock.making.targets import LockTarget
from verify.lock.making.wanted import Selection, Wanted, gather
from verify.lock.revision import written_at
from verify.lock.sources import source_refusals
from verify.results import Failure
from verify.verdict import Verdict
from verify.workbench import Workbench

STDIN = Path("-")
"""As an input it is standard input, as the output standard output; as pip-compile has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Making:
    """What a person asked the lock to be.

    Attributes:
        place: where to write it; None or `-` to print it.
        partial: write it even if it does not close.
        sdists: projects whose sdists are to be locked.
        all_sdists: those of all.
    """

    inputs: tuple[Path, ...]
    place: Path | None
    extras: tuple[str, ...]
    groups: tuple[str, ...]
    universal: bool
    sdists: tuple[str, ...]
    all_sdists: bool
    upgrade: bool
    partial: bool

    @property
    def is_asked(self) -> bool:
        """Whether a person said anything of it."""
        return any(getattr(self, field.name) for field in fields(self))

    @property
    def output(self) -> Path | None:
        """The file to write; None to print it."""
        return None if self.place == STDIN else self.place

    @property
    def selection(self) -> Selection:
        """What of a pyproject.toml is wanted."""
        return Selection(extras=self.extras, groups=self.groups)

    @property
    def is_pylock(self) -> bool:
        """Whether the lock is a pylock.toml, else a requirements file."""
        return self.output is not None and self.output.suffix == ".toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What came of it.

    Attributes:
        written: whether the output holds the lock now.
        changed: whether it is another than before.
    """

    lock: MadeLock | None
    text: str = ""
    written: bool = False
    changed: bool = False
    failure: Failure | None = None


def make(
    making: Making, chosen: Targets, *, ledger: str | None, work: Work, output: Output
) -> Exit:
    """Make a lock, write it if it closes, and say what became of it."""
    targets = chosen.of_lock()
    before = _look(making)
    wanted = gather(making.inputs, making.selection, _reader(making), os.environ)
    if work.index_url is not None:
        wanted = replace(wanted, shown_index_url=None)  # another one is asked
    work = _with_indexes(work, wanted)
    earlier = _earlier(before.path, making) if before and before.digest else None
    with (
        progress(output) as listener,
        closing(open_bench(work, listener, ledger=ledger)) as bench,
    ):
        made = _made(making, wanted, targets, earlier, bench)
    made = _put(made, making, before)
    _show(made, making, output)
    return _exit(made)


def _look(making: Making) -> Before | None:
    if making.output is None:
        if making.partial:
            raise UsageFault("--partial writes a file", hint="name it with -o")
        return None
    name = making.output.name
    if making.is_pylock and not is_valid_pylock_path(making.output):
        raise UsageFault(
            f"no installer takes {name} for a lock", hint="name it pylock.toml or pylock.NAME.toml"
        )
    return look(making.output)


def _reader(making: Making) -> Read:
    """Read inputs, `-` from standard input, and with them whatever they include."""
    place = making.output and os.path.realpath(making.output)

    def read(path: Path) -> bytes:
        if path == STDIN and path in making.inputs:
            return bounded(sys.stdin.buffer.read(MAX_BYTES + 1), Location(path="-"))
        if os.path.realpath(path) == place:
            raise UsageFault(f"{path} is an input and the output", hint="name another file with -o")
        return read_file(path)

    return read


def _with_indexes(work: Work, wanted: Wanted) -> Work:
    """The command line's indexes before those that the inputs name."""
    return replace(
        work,
        index_url=work.index_url or wanted.index_url,
        extra_index_urls=(*work.extra_index_urls, *wanted.extra_index_urls),
    )


def _earlier(path: Path, making: Making) -> Earlier:
    lock = read_lock(path, _without_refusals, os.environ)
    if lock.format is not (LockFormat.PYLOCK if making.is_pylock else LockFormat.REQUIREMENTS):
        raise UsageFault(
            f"{path} is a {lock.format}, which truewheel does not write",
            hint="name a requirements file or a pylock.toml with -o; --check judges this one",
        )
    return Earlier(lock=lock, written=written_at(path), keep=not making.upgrade)


def _without_refusals(path: Path) -> bytes:
    """A lock without the lines that `--partial` stops installers with."""
    lines = read_file(path).splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(REFUSED.encode()))


def _made(
    making: Making,
    wanted: Wanted,
    targets: Sequence[LockTarget],
    earlier: Earlier | None,
    bench: Workbench,
) -> Made:
    settings = bench.settings
    cache = Store(settings.cache_root).folder("uv")
    tools = Tools(
        index=bench.index,
        judge=lambda subject: check(subject, bench),
        refusals=lambda source, listing: source_refusals(source, listing, bench),
        built=lambda source: _built(source, bench),
        sdists=SdistChoice(
            policy=settings.policy,
            names=frozenset(map(_project, making.sdists)),
            everything=making.all_sdists,
        ),
        resolver=lambda kept: Resolver(
            arguments=uv_arguments(bench.config),
            environment=uv_environment(bench.config),
            cache=cache,
            offline=settings.offline,
            kept=kept,
        ),
        listener=bench.listener,
        policy=bench.policy_id,
    )
    Thread(target=bench.warm, daemon=True).start()  # while uv resolves
    try:
        bench.begin_run([str(path) for path in making.inputs])
        lock = make_lock(
            wanted,
            targets,
            tools,
            universal=making.universal,
            earlier=earlier,
        )
        bench.end_run()
    except UsageFault:
        raise
    except TruewheelError as error:
        return Made(lock=None, failure=Failure(message=error.message, hint=error.hint))
    return Made(lock=lock, text=pylock_text(lock) if making.is_pylock else requirements_text(lock))


def _built(source: IndexFile, bench: Workbench) -> Requires:
    from verify.lock.making.built_requires import built_requires  # noqa: PLC0415 - it builds

    return built_requires(source, bench)


def _project(name: str) -> NormalizedName:
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName as error:
        raise UsageFault(f"--sdist: {name!r} is no name of a project") from error


def _put(made: Made, making: Making, before: Before | None) -> Made:
    if made.lock is None or before is None or not (made.lock.closes or making.partial):
        return made
    try:
        changed = write(made.text, before)
    except TruewheelError as error:
        return replace(made, failure=Failure(message=error.message, hint=error.hint))
    return replace(made, written=True, changed=changed)


def _show(made: Made, making: Making, output: Output) -> None:
    if made.failure is not None:
        say_error(made.failure.message, made.failure.hint)
    if output.as_json:
        from reports.made_lock_json import made_lock_document  # noqa: PLC0415 - as needed

        path = str(making.output) if making.output else None
        click.echo(
            dump(
                made_lock_document(
                    made.lock,
                    output=path,
                    written=made.written,
                    changed=made.changed,
                    failure=made.failure,
                )
            )
        )
        return
    if made.lock is None:
        return
    if making.output is None and made.lock.closes:
        click.echo(made.text, nl=False)
    from reports.made_lock_text import render_made_lock  # noqa: PLC0415 - JSON does without rich

    render_made_lock(
        made.lock,
        result_console(output, stderr=making.output is None),
        output=str(making.output) if made.written else None,
        changed=made.changed,
        verbose=output.verbose,
    )


def _exit(made: Made) -> Exit:
    if made.failure is not None or made.lock is None:
        return Exit.FAILED
    if made.lock.closes:
        return Exit.TRUSTED
    judged = any(one.verdict is not Verdict.UNDETERMINED for one in made.lock.open_results)
    return Exit.DISTRUSTED if judged else Exit.UNDETERMINED
