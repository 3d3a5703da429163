"""`--python-version` and `--platform`, where each may be repeated: what wheels are chosen for."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import click

from verify.cli.options import Callback, gathered, with_options
from verify.errors import UsageFault
from verify.index.select import Target
from verify.lock.making.targets import LockTarget, lock_targets

_PYTHON = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}(?:\.[0-9]{1,3})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """The targets that a person named.

    Attributes:
        pythons: `X.Y` or `X.Y.Z` each; none for the running one.
        platforms: a platform tag each; none for the running one.
    """

    pythons: tuple[str, ...]
    platforms: tuple[str, ...]

    def of_lock(self) -> tuple[LockTarget, ...]:
        """What a lock is made for.

        Raises:
            UsageFault: one of them is nothing that wheels are made for.
        """
        return lock_targets(tuple(map(python_version, self.pythons)), self.platforms)

    def of_wheels(self) -> tuple[Target, ...]:
        """What wheels are chosen for; none where none was named.

        Raises:
            UsageFault: one of them is nothing that wheels are made for.
        """
        if not (self.pythons or self.platforms):
            return ()
        return tuple(target.wheels for target in self.of_lock())


def target_options(*, metavar: str, purpose: str) -> Callable[[Callback], Callback]:
    """Both options, told for a purpose; the command takes them as one `targets`."""

    def declared(command: Callback) -> Callback:
        return with_options(
            gathered("targets", Targets)(command),
            click.option(
                "--python-version",
                "pythons",
                multiple=True,
                metavar=metavar,
                help=f"{purpose}; may be repeated.",
            ),
            click.option(
                "--platform",
                "platforms",
                multiple=True,
                metavar="TAG",
                help="... and for this platform tag; may be repeated.",
            ),
        )

    return declared


def python_version(text: str) -> tuple[int, ...]:
    """(major, minor) of `X.Y`, (major, minor, patch) of `X.Y.Z`.

    Raises:
        UsageFault: it is something else.
    """
    if not _PYTHON.fullmatch(text):
        raise UsageFault(
            f"{text!r} is no Python version", hint="write it as X.Y, e.g. 3.12, or X.Y.Z"
        )
    return tuple(map(int, text.split(".")))
