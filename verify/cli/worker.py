"""`truewheel worker`: judge wheels for batches elsewhere, by a scheduler of dask's."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reports.as_json import JSONObject, dump
from verify.batch.crew import cores
from verify.cli.batch_crew import require_dask
from verify.cli.console import progress
from verify.cli.options import Output, cache_option, jobs_option, output_options, sandbox_option
from verify.cli.seconds import Seconds

if TYPE_CHECKING:
    from verify.batch.dask.machines import Machine


@click.command("worker")
@click.argument("address", envvar="DASK_SCHEDULER_ADDRESS", metavar="[ADDRESS]")
@jobs_option
@click.option(
    "--name",
    metavar="NAME",
    envvar="DASK_WORKER_NAME",
    show_envvar=True,
    help="What the scheduler calls this worker; its address by default.",
)
@click.option(
    "--wait",
    type=Seconds(min=1),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Time after which a scheduler that does not answer is given up.",
)
@sandbox_option
@cache_option
@output_options
def command(  # noqa: PLR0913 - click passes each option by name
    *,
    address: str,
    jobs: int | None,
    name: str | None,
    wait: float,
    sandbox: str,
    cache_root: Path,
    output: Output,
) -> int:
    """Judge wheels for every `truewheel batch --dask ADDRESS`, until a signal ends it.

    ADDRESS is that of the scheduler, tcp://HOST:PORT; without it, DASK_SCHEDULER_ADDRESS has it.
    What this machine can build is found out first and told to the scheduler.

    Whoever reaches the scheduler can run any code on its workers: see docs/scale.md.

    Exits with 4 if no sandbox works here, or if the scheduler does not answer, else by the signal.
    """
    require_dask(address)
    from verify.batch.dask.hands import LocalHands  # noqa: PLC0415 - as `require_dask` says
    from verify.batch.dask.offer import offer  # noqa: PLC0415
    from verify.batch.dask.worker import Service  # noqa: PLC0415

    with progress(output) as listener:
        machine = offer(
            sandbox=sandbox, cache_root=cache_root, places=jobs or cores(), listener=listener
        )
    say = partial(_say, is_quiet=output.quiet)
    say(f"offers {', '.join(machine.resources)}; {machine.places} at once")
    service = Service(
        address=address,
        machine=machine,
        hands=lambda: LocalHands(sandbox=machine.sandbox, cache_root=cache_root),
        name=name,
        seconds=wait,
        told=say,
    )
    number = service.run()
    if output.as_json:
        click.echo(dump(_document(address, machine)))
    return 128 + number


def _document(address: str, machine: "Machine") -> JSONObject:
    """`truewheel.worker/1`: what was offered, and to whom."""
    return {
        "schema": "truewheel.worker/1",
        "scheduler": address,
        "places": machine.places,
        "resources": list(machine.resources),
    }


def _say(text: str, *, is_quiet: bool) -> None:
    if not is_quiet:
        print(f"truewheel: {text}", file=sys.stderr, flush=True)  # noqa: T201 - for a log
