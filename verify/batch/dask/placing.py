"""Where a wheel can be judged: what it needs of a machine, as far as its name and listing tell.

The same choice as a rebuild makes later with the wheel at hand, made among all machines there are:
a wheel goes where the interpreter is that its rebuild would take if every machine had all of them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from builders.errors import BuildFault
from builders.hints import Hints
from builders.pythons import choose_python
from builders.sandbox.interface import Interpreter
from builders.sandbox.select import AUTO
from verify.batch.dask.machines import (
    CONFINED,
    PLACE,
    Machine,
    of_machine,
    of_python,
    of_rules,
    of_sandbox,
    of_toolchain,
)
from verify.index.interface import IndexFile

NEWEST_PATCH = 99
"""Of an interpreter whose patch release is not known; Requires-Python seldom asks for one."""

_LINUX = re.compile(r"(?:manylinux(?:[0-9]+|_[0-9]+_[0-9]+)|linux)_(.+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """What a job takes of a worker, as names of resources; at least one worker has them all."""

    needs: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unplaced:
    """No worker has what it takes.

    Attributes:
        why: for people.
        at_all: whether none can judge any wheel of the batch.
    """

    why: str
    at_all: bool = False


class _NobodyError(Exception):
    """No machine is left."""


@dataclass(kw_only=True)
class _Choice:
    """Machines that are left, and what was asked of them so far."""

    machines: Sequence[Machine]
    needs: set[str]

    def keep(self, needs: Iterable[str], why: str) -> None:
        """Those that have all of these.

        Raises:
            _NobodyError: none has.
        """
        self.needs.update(needs)
        self.machines = [each for each in self.machines if self.needs <= each.resources.keys()]
        if not self.machines:
            raise _NobodyError(why)


def place(
    wheel: IndexFile | None, machines: Sequence[Machine], *, sandbox: str, rules: str
) -> Placed | Unplaced:
    """Where a wheel is to be judged.

    Args:
        wheel: as the index lists it.
        machines: those of all workers.
        sandbox: the batch's choice of one.
        rules: the batch's rules version; no other one may judge for it.
    """
    choice = _Choice(machines=machines, needs=set())
    try:
        _place_any(choice, sandbox, rules)
    except _NobodyError as nobody:
        return Unplaced(why=str(nobody), at_all=True)
    try:
        if wheel is not None:
            _place_this(choice, wheel)
    except _NobodyError as nobody:
        return Unplaced(why=str(nobody))
    return Placed(needs=frozenset(choice.needs))


def places(needs: frozenset[str], machines: Iterable[Machine]) -> int:
    """How many jobs with these needs can run at once."""
    return sum(each.places for each in machines if needs <= each.resources.keys())


def _place_any(choice: _Choice, sandbox: str, rules: str) -> None:
    choice.keep([PLACE], "there is no worker")
    why = "no worker has the truewheel, the Python and the libraries of this batch"
    choice.keep([of_rules(rules)], why)
    if sandbox == AUTO:
        choice.keep([CONFINED], "no worker has a sandbox that confines")
    else:
        choice.keep([of_sandbox(sandbox)], f"no worker has the sandbox {sandbox}")


def _place_this(choice: _Choice, wheel: IndexFile) -> None:
    try:
        name, version, _build, tags = parse_wheel_filename(wheel.filename)
    except InvalidWheelFilename:
        return  # judging it will say so, anywhere
    machine = _machine({tag.platform for tag in tags})
    if machine is not None:
        _place_native(choice, machine)
    hints = Hints(
        name=name,
        version=version,
        tags=tags,
        generator=None,
        newest=None,
        requires_python=wheel.requires_python,
    )
    python = _python(hints, wheel.upload_time or datetime.now(UTC), choice.machines)
    choice.keep([of_python(python)], "")


def _place_native(choice: _Choice, machine: str) -> None:
    choice.keep([of_machine(machine)], f"no worker is a machine of the architecture {machine}")
    # Which compiler it takes only the wheel itself tells.
    most = max((each.toolchains for each in choice.machines), key=len)
    if not most:
        raise _NobodyError(f"no worker of the architecture {machine} has compilers, or makes them")
    choice.keep(map(of_toolchain, most), "")


def _machine(platforms: Iterable[str]) -> str | None:
    """The architecture of a wheel for glibc's Linux; None for any, and for what is not known."""
    found = [_LINUX.fullmatch(platform) for platform in platforms]
    named = {match[1] for match in found if match is not None}
    return named.pop() if len(named) == 1 and all(found) else None


def _python(hints: Hints, as_of: datetime, machines: Iterable[Machine]) -> tuple[int, int]:
    versions = sorted({version for each in machines for version in each.pythons})
    available = [
        Interpreter(
            version=version,
            release=f"{version[0]}.{version[1]}.{NEWEST_PATCH}",
            executable=PurePosixPath("/python"),
        )
        for version in versions
    ]
    try:
        return choose_python(hints, as_of, available).version
    except BuildFault as fault:
        raise _NobodyError(fault.message.replace("the sandbox lacks", "no worker has")) from fault
