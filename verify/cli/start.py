"""What the command `truewheel` begins with: Ctrl-C while modules load is no fault to be told."""

import signal


def main() -> None:
    """Run the command line; until it can answer Ctrl-C in order, Ctrl-C just ends the process."""
    # Nothing is under way yet, and Python would print the stack of half an import.
    in_order = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from verify.cli.main import main as run  # noqa: PLC0415 - what takes the time

    signal.signal(signal.SIGINT, in_order)
    run()
