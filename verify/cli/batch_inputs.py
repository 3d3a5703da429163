"""What a batch is asked for, and which share of it to judge this time."""

import os
from dataclasses import dataclass
from pathlib import Path

from verify.batch.inputs import STDIN, Choice, Input, read_inputs
from verify.batch.installed import default_environment
from verify.batch.journal import job_of
from verify.batch.run import Order
from verify.cli.targets import Targets
from verify.errors import UsageFault

ACTIVE = "active"
"""`--installed` without a value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """What a person named to be judged, as it was said.

    Attributes:
        installed: environments; `ACTIVE` for the active one.
        glob: file names of wheels.
    """

    inputs: tuple[Path, ...]
    installed: tuple[str, ...]
    targets: Targets
    glob: str | None
    all_wheels: bool

    def choice(self) -> Choice:
        """Which wheels are meant where an input leaves it open.

        Raises:
            UsageFault: a target is nothing that wheels are made for.
        """
        return Choice(targets=self.targets.of_wheels(), glob=self.glob, all_wheels=self.all_wheels)

    def read(self, choice: Choice) -> tuple[Input, ...]:
        """What the inputs say; what cannot be read of them is in their faults.

        Raises:
            UsageFault: none of them says anything.
        """
        environments = [_environment(name) for name in self.installed]
        return _readable(read_inputs(self.inputs, environments, choice))

    def job(self, choice: Choice) -> str:
        """What the journal knows the batch by: the same inputs go on where they were broken off."""
        places = sorted({_absolute(path) for path in self.inputs})
        return job_of([places, sorted(self.installed), repr(choice)])

    @property
    def as_said(self) -> tuple[str, ...]:
        """The inputs as they were named."""
        return (*map(str, self.inputs), *(f"--installed={name}" for name in self.installed))


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What of a batch to judge this time; the attributes are those of an `Order`."""

    limit: int | None
    budget: float | None
    only_undetermined: bool
    changed: bool

    def order(self, inputs: tuple[Input, ...]) -> Order:
        """This of some inputs."""
        return Order(
            inputs=inputs,
            limit=self.limit,
            budget=self.budget,
            only_undetermined=self.only_undetermined,
            changed=self.changed,
        )

    @property
    def as_said(self) -> tuple[str, ...]:
        """The options that leave out what earlier runs had, where they were given."""
        given = {"--only-undetermined": self.only_undetermined, "--changed": self.changed}
        return tuple(name for name, is_given in given.items() if is_given)


def _readable(inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    """The same inputs.

    Raises:
        UsageFault: none of them says anything.
    """
    faults = [fault for one in inputs for fault in one.faults]
    if faults and not any(one.asks for one in inputs):
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise UsageFault(f"no input can be read: {faults[0].message}{more}", hint=faults[0].hint)
    return inputs


def _environment(name: str) -> Path:
    return default_environment(os.environ) if name == ACTIVE else Path(name)


def _absolute(path: Path) -> str:
    return str(path if path == STDIN else path.absolute())
