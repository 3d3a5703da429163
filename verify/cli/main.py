"""The command `truewheel`: a group that loads a command's module only when it is asked for."""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import NoReturn

import click

from verify import __version__
from verify.cli.console import say_error
from verify.cli.exits import Exit
from verify.errors import TruewheelError, UsageFault

COMMANDS = {
    "check": "rebuild published wheels from their source and judge every difference",
    "diff": "compare two wheel files: no network, no build",
    "rebuild": "replay a recipe",
    "images": "build and list the sandbox's images",
    "doctor": "find out whether this machine can rebuild, and what to do if not",
}
"""Name and one line of each command; `verify.cli.<name>` has it as `command`."""


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
    signal.signal(signal.SIGTERM, _end)
    sys.exit(_run(argv))


def _run(argv: list[str]) -> int:
    """The one place that turns errors into words and exit codes."""
    try:
        code = truewheel.main(argv, prog_name="truewheel", standalone_mode=False)
    except click.ClickException as error:
        return _say(argv, error.format_message(), "see truewheel --help", Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        return _say(argv, "interrupted", None, 128 + signal.SIGINT)
    except TruewheelError as error:
        code = Exit.USAGE if isinstance(error, UsageFault) else Exit.FAILED
        return _say(argv, error.message, error.hint, code)
    except BrokenPipeError:
        # The reader of our output left; a second error at interpreter exit would be noise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return Exit.FAILED
    except Exception:  # noqa: BLE001 - Python's own exit code for it, 1, would look like a verdict
        traceback.print_exc()
        return _say(argv, "this is a fault of truewheel itself", "please report it", Exit.FAILED)
    return int(code or 0)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM unwinds like an exit, so that sandboxes are taken down."""
    sys.exit(128 + signal.SIGTERM)


def _say(argv: list[str], message: str, hint: str | None, code: int) -> int:
    """Tell an error on standard error, with --json also as the one document on standard output."""
    say_error(message, hint)
    if "--json" in argv:
        from reports.as_json import dump, error_document  # noqa: PLC0415 - errors only

        click.echo(dump(error_document(message, hint)))
    return code
