"""The command `truewheel`: a group that loads a command's module only when it is asked for."""

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from traceback import extract_tb
from types import FrameType
from typing import NoReturn

import click

from verify import __version__
from verify.cli.console import say_error
from verify.cli.exits import Exit
from verify.cli.streams import prepare, send_nowhere
from verify.errors import TruewheelError, UsageFault

COMMANDS = {
    "check": "rebuild published wheels from their source and judge every difference",
    "diff": "compare two wheel files: no network, no build",
    "timeline": "show when a project's files were uploaded, and what came late",
    "policy": "show what a wheel has to be to be trusted here",
    "lock": "write a lock that holds only trusted hashes, or judge one that is there",
    "report": "write results as HTML, SARIF and other formats",
    "batch": "judge many wheels, in parallel and resumable",
    "worker": "judge wheels for batches elsewhere, by dask.distributed",
    "rebuild": "replay a recipe",
    "images": "build, list and carry the sandbox's images and toolchains",
    "doctor": "find out whether this machine can rebuild, and what to do if not",
}
"""Name and one line of each command; `verify.cli.<name>` has it as `command`."""


_STDOUT, _STDERR = 1, 2
_FRAMES = 12
"""Calls that are named of a fault of our own, the innermost ones: recursion has a thousand."""
_COMPLETION = "_TRUEWHEEL_COMPLETE"
"""What a shell sets to ask click for completions."""


class LazyGroup(click.Group):
    """Knows its commands by name, so that `--version` and `--help` import none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of a person's needs."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"verify.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="truewheel")
def truewheel() -> None:
    """Tell whether a published Python wheel is what its source builds to.

    A verdict says just that. It does not say that the source is harmless.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the contract's code."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    _end_in_order()
    prepare()
    sys.exit(_flushed(argv, _run(argv)))


def _run(argv: list[str]) -> int:
    """The one place that turns errors into words and exit codes."""
    try:
        return _invoke(argv)
    except (click.Abort, KeyboardInterrupt):
        return _say(argv, "interrupted", None, 128 + signal.SIGINT)
    except BrokenPipeError:
        # The reader of our output left, so there is nobody to tell.
        send_nowhere(_STDOUT)
        return Exit.FAILED
    except Exception as error:  # noqa: BLE001 - Python's own exit code, 1, would look like a verdict
        return _say(argv, *_words(error))


def _invoke(argv: list[str]) -> int:
    """What click's own `main` does, which would exit with 1 when the reader of our output leaves.

    rich does the same; 1 means that a wheel was judged and is not trusted.
    """
    if _COMPLETION in os.environ:
        truewheel.main(argv, prog_name="truewheel")
    try:
        with truewheel.make_context("truewheel", list(argv)) as context:
            return int(truewheel.invoke(context) or 0)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        raise


def _words(error: Exception) -> tuple[str, str | None, int]:
    """What failed, what to do about it, and the exit code."""
    match error:
        case click.ClickException():
            return error.format_message(), "see truewheel --help", Exit.USAGE
        case TruewheelError():
            code = Exit.USAGE if isinstance(error, UsageFault) else Exit.FAILED
            return error.message, error.hint, code
        case FileNotFoundError() if _is_homeless():
            hint = "change to a directory that exists"
            return "the working directory does not exist any more", hint, Exit.FAILED
        case OSError():
            return f"the system refused: {error}", None, Exit.FAILED
        case MemoryError():
            return "there is not enough memory", None, Exit.FAILED
    return _fault(error)


def _fault(error: Exception) -> tuple[str, str, int]:
    """What whoever mends it has to know, in two lines; values may be secrets, so none is shown."""
    frames = extract_tb(error.__traceback__)
    way = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-_FRAMES:]]
    message = f"this is a fault of truewheel itself: {type(error).__name__} in {frames[-1].name}"
    return message, f"please report it, with this: {' '.join(way)}", Exit.FAILED


def _is_homeless() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - Path.cwd is this and no more
    except FileNotFoundError:
        return True
    return False


def _flushed(argv: list[str], code: int) -> int:
    """The code, unless what was printed cannot be written out; Python's own for that is 120."""
    try:
        sys.stdout.flush()
    except OSError as error:
        send_nowhere(_STDOUT)
        if isinstance(error, BrokenPipeError):
            return Exit.FAILED
        return _say(argv, f"the output cannot be written: {error}", None, Exit.FAILED)
    return code


def _end_in_order() -> None:
    """Have SIGTERM and a closed terminal unwind like an exit, so that sandboxes are taken down."""
    signal.signal(signal.SIGTERM, _end)
    # Under nohup it is ignored, and that is to stay so.
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, _end)


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _wants_json(argv: list[str]) -> bool:
    asked = f" {' '.join(argv)} "
    return any(f" {form} " in asked for form in ("--json", "--format json", "--format=json"))


def _say(argv: list[str], message: str, hint: str | None, code: int) -> int:
    """Tell an error on standard error, and where JSON is asked for as the one document on stdout.

    A stream that does not take it is given up: an error about it could be told to nobody.
    """
    try:
        say_error(message, hint)
    except OSError:
        send_nowhere(_STDERR)
    if _wants_json(argv):
        from reports.as_json import dump, error_document  # noqa: PLC0415 - errors only

        try:
            click.echo(dump(error_document(message, hint)))
        except OSError:
            send_nowhere(_STDOUT)
    return code
