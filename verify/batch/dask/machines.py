"""What a worker's machine can build, as dask advertises it: abstract resources, by name.

Each resource is there as often as the worker has places, and a job takes one of each that it
needs: so dask places it where all of them are.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from builders.sandbox.select import UNSAFE_HOST

PLACE = "truewheel"
"""What every job takes: as many run at once as a worker has places."""

_RULES, _SANDBOX, _MACHINE, _PYTHON, _TOOLCHAIN = (
    f"{PLACE}.{kind}." for kind in ("rules", "sandbox", "machine", "python", "toolchain")
)
CONFINED = f"{_SANDBOX}confined"
"""The resource of any sandbox that confines what runs in it."""

DIGITS = 12
"""Of the rules version: enough to tell two of them apart."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A worker, by what it can build; or several that are the same.

    Attributes:
        places: wheels that it judges at once.
        rules: the rules version of its truewheel, or the first digits of it.
        sandbox: where its builds run.
        machine: as `uname -m` says it.
        pythons: (major, minor) of each CPython that its sandbox has.
        toolchains: names of those that it has, or can make.
    """

    places: int
    rules: str
    sandbox: str
    machine: str
    pythons: frozenset[tuple[int, int]]
    toolchains: frozenset[str]

    @cached_property
    def resources(self) -> dict[str, float]:
        """What dask is told of it, sorted."""
        names = {
            PLACE,
            of_rules(self.rules),
            of_sandbox(self.sandbox),
            *([] if self.sandbox == UNSAFE_HOST else [CONFINED]),
            of_machine(self.machine),
            *map(of_python, self.pythons),
            *map(of_toolchain, self.toolchains),
        }
        return dict.fromkeys(sorted(names), float(self.places))


def of_rules(version: str) -> str:
    """The resource of a rules version."""
    return f"{_RULES}{version[:DIGITS]}"


def of_sandbox(name: str) -> str:
    """The resource of a kind of sandbox."""
    return f"{_SANDBOX}{name}"


def of_machine(machine: str) -> str:
    """The resource of an architecture."""
    return f"{_MACHINE}{machine}"


def of_python(version: tuple[int, int]) -> str:
    """The resource of a CPython."""
    return f"{_PYTHON}{version[0]}.{version[1]}"


def of_toolchain(name: str) -> str:
    """The resource of a toolchain."""
    return f"{_TOOLCHAIN}{name}"


def read_machine(resources: Mapping[str, object]) -> Machine | None:
    """The machine that advertises these, None for a worker that is none of truewheel's."""
    count = resources.get(PLACE)
    if not isinstance(count, int | float) or not 1 <= count < 1e6:
        return None
    known = sorted(resources.keys() - {CONFINED})
    rules, sandbox, machine = (
        next(_named(known, kind), None) for kind in (_RULES, _SANDBOX, _MACHINE)
    )
    if rules is None or sandbox is None or machine is None:
        return None
    return Machine(
        places=int(count),
        rules=rules,
        sandbox=sandbox,
        machine=machine,
        pythons=frozenset(filter(None, map(_version, _named(resources, _PYTHON)))),
        toolchains=frozenset(_named(resources, _TOOLCHAIN)),
    )


def merged(machines: Iterable[Machine]) -> list[Machine]:
    """Each kind of machine once, with the places of all of that kind."""
    places: dict[Machine, int] = {}
    for machine in machines:
        kind = replace(machine, places=1)
        places[kind] = places.get(kind, 0) + machine.places
    return [replace(kind, places=count) for kind, count in places.items()]


def _named(resources: Iterable[str], kind: str) -> Iterator[str]:
    return (name.removeprefix(kind) for name in resources if name.startswith(kind))


def _version(text: str) -> tuple[int, int] | None:
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None
