"""docs/commands.md: what `--help` says of each command.

make docs
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from verify.cli.main import truewheel

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
WIDTH = 98

HEAD = """\
# Commands

What `truewheel COMMAND --help` says; `make docs` writes this page. Exit codes are the same for all:
0 everything is trusted, 1 something was judged and is not, 2 a usage error, 3 nothing is distrusted
but something is undetermined, 4 truewheel itself failed. See [verdicts](verdicts.md).

Shell completion is described in [plugging in](plugging-in.md).
"""


def page() -> str:
    """The whole page."""
    return "\n".join((HEAD, *_sections(truewheel, None, "truewheel")))


def _sections(command: click.Command, above: click.Context | None, name: str) -> Iterator[str]:
    settings = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = command.context_class(command, parent=above, info_name=name, **settings)
    path = context.command_path
    yield f"## {path}\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None, each
            yield from _sections(found, context, each)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
