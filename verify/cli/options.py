"""Options that several commands share, each group collected into one value."""

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any

import click

from verify.cli.config import load_defaults
from verify.cli.seconds import Seconds

CONFINED = ("docker", "bubblewrap")
SANDBOXES = ("auto", *CONFINED, "unsafe-host")

Callback = Callable[..., Any]
"""A click callback: its parameters are options, known by name only."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """How to talk to the person."""

    as_json: bool
    quiet: bool
    verbose: bool
    no_color: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """Where to fetch from, where to build, what to keep.

    Attributes:
        attempts: rebuilds for one wheel at most.
        search_seconds: after which no further attempt is begun.
        timeout: seconds of wall time of one build.
        memory: MiB of one build.
        image_registry: `HOST[:PORT][/PREFIX]`.
    """

    sandbox: str
    cache_root: Path
    index_url: str | None
    extra_index_urls: tuple[str, ...]
    offline: bool
    fresh: bool
    attempts: int
    search_seconds: float
    timeout: float
    memory: int
    image_registry: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Which indexes to ask, and where to keep what they answer."""

    cache_root: Path
    index_url: str | None
    extra_index_urls: tuple[str, ...]
    offline: bool


def with_options(command: Callback, *options: Callable[[Callback], Callback]) -> Callback:
    """A command with further options, in the order of its help."""
    for option in reversed(options):
        command = option(command)
    return command


def gathered(name: str, kind: type[Any]) -> Callable[[Callback], Callback]:
    """Has a command take the options that a dataclass has as fields as one value of that name."""
    names = [field.name for field in fields(kind)]

    def gathering(command: Callback) -> Callback:
        @wraps(command)
        def collected(**options: Any) -> object:  # noqa: ANN401 - as click passes them
            value = kind(**{own: options.pop(own) for own in names})
            return command(**{name: value}, **options)

        return collected

    return gathering


def output_options(command: Callback) -> Callback:
    """`--json`, `-q`, `-v`, `--no-color`; the command takes them as one `output`."""

    @wraps(command)
    def collected(
        *, as_json: bool, quiet: bool, verbose: bool, no_color: bool, **rest: object
    ) -> object:
        plain = no_color or bool(os.environ.get("NO_COLOR"))
        output = Output(as_json=as_json, quiet=quiet, verbose=verbose, no_color=plain)
        return command(output=output, **rest)

    return with_options(
        collected,
        click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout."),
        click.option("-q", "--quiet", is_flag=True, help="No progress; results only."),
        click.option("-v", "--verbose", is_flag=True, help="Show notes, whole diffs and logs."),
        click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR)."),
        click.option(
            "--config",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            callback=load_defaults,
            is_eager=True,
            expose_value=False,
            help="Defaults and policy, instead of the nearest truewheel.toml or pyproject.toml.",
        ),
    )


accounting_option = click.option(
    "--accounting", is_flag=True, help="Print where every byte of the published file went."
)
"""`--accounting`."""


def cache_option(command: Callback) -> Callback:
    """`--cache-dir`; the command takes it as `cache_root`, the platform's place by default."""

    @wraps(command)
    def collected(*, cache_dir: Path | None, **rest: object) -> object:
        return command(cache_root=_cache_root(cache_dir), **rest)

    return click.option(
        "--cache-dir",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="TRUEWHEEL_CACHE_DIR",
        show_envvar=True,
        help="Where fetched and built files are kept.",
    )(collected)


ledger_option = click.option(
    "--ledger",
    metavar="PATH|URL|none",
    envvar="TRUEWHEEL_LEDGER",
    show_envvar=True,
    help="Where verdicts are remembered; by default ledger.sqlite in the cache directory.",
)
"""`--ledger`; the command takes what was given as `ledger`."""

evidence_option = click.option(
    "--evidence",
    metavar="DIR|URL",
    envvar="TRUEWHEEL_EVIDENCE",
    show_envvar=True,
    help="Keep logs, rebuilt wheels and all that was found out: a folder, or s3://..., gs://...",
)
"""`--evidence`; the command takes what was given as `evidence`."""

sandbox_option = click.option(
    "--sandbox",
    type=click.Choice(SANDBOXES),
    default="auto",
    show_default=True,
    help="Where builds run.",
)
"""`--sandbox`."""

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Wheels that are judged at once; as many as there are cores by default.",
)
"""`--jobs`."""


INDEX_OPTIONS = (
    click.option(
        "--index-url",
        metavar="URL",
        help="The index, instead of the one that uv or pip is configured for.",
    ),
    click.option(
        "--extra-index-url",
        "extra_index_urls",
        multiple=True,
        metavar="URL",
        help="A further index; may be given more than once.",
    ),
    click.option("--offline", is_flag=True, help="Use the cache alone."),
)


def index_options(command: Callback) -> Callback:
    """Indexes and cache; the command takes them as one `asked`."""
    return with_options(cache_option(gathered("asked", Asked)(command)), *INDEX_OPTIONS)


def work_options(command: Callback) -> Callback:
    """Indexes, sandbox, cache and limits; the command takes them as one `work`."""
    return _work_options(command, "--budget")


def batch_work_options(command: Callback) -> Callback:
    """The same, where `--budget` is that of all wheels, and `--search-budget` that of one."""
    return _work_options(command, "--search-budget")


def _work_options(command: Callback, budget: str) -> Callback:
    return with_options(
        cache_option(gathered("work", Work)(command)),
        sandbox_option,
        *INDEX_OPTIONS,
        click.option("--fresh", is_flag=True, help="Judge and build again what was remembered."),
        click.option(
            "--attempts",
            type=click.IntRange(min=1),
            default=8,
            show_default=True,
            metavar="N",
            help="Rebuilds that are tried at most for one wheel.",
        ),
        click.option(
            budget,
            "search_seconds",
            type=Seconds(min=0),
            default=600.0,
            show_default=True,
            metavar="SECONDS",
            help="Wall time after which no further attempt at a wheel is begun.",
        ),
        click.option(
            "--timeout",
            type=Seconds(min=1),
            default=900.0,
            show_default=True,
            metavar="SECONDS",
            help="Wall time that one build may take.",
        ),
        click.option(
            "--memory",
            type=click.IntRange(min=64),
            default=4096,
            show_default=True,
            metavar="MIB",
            help="Memory that one build may use.",
        ),
        click.option(
            "--image-registry",
            metavar="HOST[/PREFIX]",
            envvar="TRUEWHEEL_IMAGE_REGISTRY",
            show_envvar=True,
            help="Rebuild native wheels in the published images of this registry.",
        ),
    )


def _cache_root(given: Path | None) -> Path:
    if given is not None:
        return given.resolve()
    from platformdirs import user_cache_path  # noqa: PLC0415 - keeps --version quick

    return user_cache_path("truewheel")
