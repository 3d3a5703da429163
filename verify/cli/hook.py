"""`truewheel-lock-check [OPTIONS] FILE...`: `lock --check` of each, as pre-commit names them."""

import subprocess
import sys
from collections.abc import Sequence

import click

from verify.cli.console import say_error
from verify.cli.exits import Exit
from verify.cli.lock import command

_WORST_FIRST = (Exit.FAILED, Exit.USAGE, Exit.DISTRUSTED, Exit.UNDETERMINED)


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge every lock, and exit with the worst of their codes."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with command.make_context("truewheel-lock-check", list(argv)) as context:
            files = [str(path) for path in context.params["inputs"]]
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.ClickException as error:
        say_error(error.format_message(), "it takes the options of truewheel lock --check")
        sys.exit(Exit.USAGE)
    if not files or argv[-len(files) :] != files:
        say_error(
            "name locks, and options before them", "truewheel-lock-check --since HEAD uv.lock"
        )
        sys.exit(Exit.USAGE)
    options = argv[: -len(files)]
    codes = {_judged(file, options) for file in files}
    sys.exit(next((code for code in _WORST_FIRST if code in codes), max(codes, default=0)))


def _judged(file: str, options: Sequence[str]) -> int:
    """The exit code of one; a process each, as everything that may end one ends there."""
    command = (sys.executable, "-m", "verify.cli", "lock", f"--check={file}", *options)
    return subprocess.run(command, check=False).returncode
