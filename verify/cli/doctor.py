"""`truewheel doctor`: can this machine rebuild, and what to do if not."""

from collections.abc import Iterable
from pathlib import Path

import click

from builders.sandbox.diagnose import Check, diagnose
from reports.as_json import JSONObject, dump
from verify.cli.console import result_console
from verify.cli.exits import Exit
from verify.cli.options import Output, cache_option, output_options

SANDBOXES = ({"engine", "image"}, {"bubblewrap"})
"""A sandbox works when all checks of one of these sets pass."""

NEEDED = {"cache", "disk"}


@click.command("doctor")
@cache_option
@output_options
def command(*, cache_root: Path, output: Output) -> Exit:
    """Find out whether this machine can rebuild wheels, and print the fix for each failure.

    Exits with 0 if at least one sandbox works, 4 if none does.
    """
    checks = diagnose(cache_root=cache_root)
    usable = can_rebuild(checks)
    if output.as_json:
        click.echo(dump(_document(checks, usable=usable)))
    else:
        _render(checks, output)
        click.echo(f"This machine {'can' if usable else 'cannot'} rebuild wheels.")
    return Exit.TRUSTED if usable else Exit.FAILED


def can_rebuild(checks: Iterable[Check]) -> bool:
    """Whether at least one sandbox works and its results can be kept."""
    passed = {check.name for check in checks if check.ok}
    return any(needed <= passed for needed in SANDBOXES) and passed >= NEEDED


def _render(checks: Iterable[Check], output: Output) -> None:
    from rich.text import Text  # noqa: PLC0415 - JSON output does without rich

    console = result_console(output)
    for check in checks:
        line = Text("ok   " if check.ok else "FAIL ", style="green" if check.ok else "red")
        line.append(f"{check.name:<16}", style="bold")
        line.append(check.detail, style="")
        console.print(line)
        if check.fix:
            console.print(Text(f"     {'':<16}fix: {check.fix}", style="yellow"))


def _document(checks: Iterable[Check], *, usable: bool) -> JSONObject:
    """`truewheel.doctor/1`."""
    return {
        "schema": "truewheel.doctor/1",
        "can_rebuild": usable,
        "checks": [
            {"name": check.name, "ok": check.ok, "detail": check.detail, "fix": check.fix or None}
            for check in checks
        ],
    }
