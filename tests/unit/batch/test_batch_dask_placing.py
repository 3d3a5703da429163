"""Where a wheel goes is told by its name, its listing and what workers offer."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from benchmarks.replay import listed
from verify.batch.dask.machines import Machine, merged, read_machine
from verify.batch.dask.placing import Placed, Unplaced, place, places
from verify.index.interface import IndexFile

RULES = "ab" * 32
HERE = Machine(
    places=4,
    rules=RULES,
    sandbox="bubblewrap",
    machine="x86_64",
    pythons=frozenset({(3, 9), (3, 11), (3, 12)}),
    toolchains=frozenset({"gcc-10", "gcc-12"}),
)
OLD = replace(HERE, pythons=frozenset({(2, 7), (3, 6)}), toolchains=frozenset({"gcc-10"}))


def wheel(filename: str, *, requires: str | None = None, year: int = 2024) -> IndexFile:
    file = listed("thing==1.0").wheel
    assert file is not None
    uploaded = datetime(year, 6, 1, tzinfo=UTC)
    return replace(file, filename=filename, requires_python=requires, upload_time=uploaded)


def needs(file: IndexFile, *machines: Machine, sandbox: str = "auto") -> set[str]:
    found = place(file, machines or (HERE, OLD), sandbox=sandbox, rules=RULES)
    assert isinstance(found, Placed), found
    assert places(found.needs, machines or (HERE, OLD)) > 0
    general = {"truewheel", f"truewheel.rules.{RULES[:12]}", "truewheel.sandbox.confined"}
    return {need.removeprefix("truewheel.") for need in found.needs - general}


def why_not(file: IndexFile, *machines: Machine, sandbox: str = "auto") -> Unplaced:
    found = place(file, machines, sandbox=sandbox, rules=RULES)
    assert isinstance(found, Unplaced), found
    return found


@pytest.mark.parametrize("machine", [HERE, OLD, replace(HERE, sandbox="unsafe-host")])
def test_a_machine_is_read_as_it_is_advertised(machine: Machine) -> None:
    short = replace(machine, rules=machine.rules[:12])
    assert read_machine(machine.resources) == short
    assert ("truewheel.sandbox.confined" in machine.resources) == (machine.sandbox == "bubblewrap")


@pytest.mark.parametrize(
    "resources", [{}, {"GPU": 1}, {"truewheel": 2.0}, {**HERE.resources, "truewheel": "many"}]
)
def test_another_worker_is_no_machine(resources: dict[str, object]) -> None:
    assert read_machine(resources) is None


def test_machines_that_are_the_same_count_together() -> None:
    assert merged([HERE, OLD, replace(HERE, places=2)]) == [replace(HERE, places=6), OLD]


@pytest.mark.parametrize(
    ("filename", "requires", "year", "python"),
    [
        ("thing-1.0-py3-none-any.whl", None, 2024, "3.12"),
        ("thing-1.0-py3-none-any.whl", None, 2022, "3.9"),
        ("thing-1.0-py3-none-any.whl", "<3.12", 2024, "3.11"),
        ("thing-1.0-py2-none-any.whl", None, 2024, "2.7"),
        ("thing-1.0-cp36-none-any.whl", None, 2024, "3.6"),
        ("thing-1.0-cp39-cp39-win_amd64.whl", None, 2024, "3.9"),
    ],
)
def test_a_wheel_needs_the_interpreter_that_its_rebuild_would_take(
    filename: str, requires: str | None, year: int, python: str
) -> None:
    assert needs(wheel(filename, requires=requires, year=year)) == {f"python.{python}"}


def test_a_native_wheel_needs_its_architecture_and_all_compilers_that_any_has() -> None:
    native = wheel("thing-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl")
    compilers = {"toolchain.gcc-10", "toolchain.gcc-12"}
    assert needs(native) == {"machine.x86_64", "python.3.11", *compilers}
    bare = replace(HERE, toolchains=frozenset())
    assert why_not(native, bare).why == (
        "no worker of the architecture x86_64 has compilers, or makes them"
    )
    arm = replace(HERE, machine="aarch64")
    assert why_not(native, arm) == Unplaced(why="no worker is a machine of the architecture x86_64")


def test_what_is_not_known_needs_a_sandbox_only() -> None:
    assert needs(wheel("nonsense.whl")) == set()
    assert "machine.x86_64" not in needs(wheel("thing-1.0-cp39-cp39-musllinux_1_1_x86_64.whl"))


def test_an_interpreter_that_nobody_has_is_named() -> None:
    found = why_not(wheel("thing-1.0-cp27-none-any.whl"), HERE)
    assert found.why.startswith("the wheel was built with CPython 2.7, which no worker has")
    assert not found.at_all


@pytest.mark.parametrize(
    ("machine", "sandbox", "why"),
    [
        (None, "auto", "there is no worker"),
        (replace(HERE, rules="cd" * 32), "auto", "no worker has the truewheel"),
        (replace(HERE, sandbox="unsafe-host"), "auto", "no worker has a sandbox that confines"),
        (HERE, "docker", "no worker has the sandbox docker"),
        (HERE, "unsafe-host", "no worker has the sandbox unsafe-host"),
    ],
)
def test_a_worker_that_may_judge_nothing_gets_nothing(
    machine: Machine | None, sandbox: str, why: str
) -> None:
    machines = [] if machine is None else [machine]
    found = why_not(wheel("thing-1.0-py3-none-any.whl"), *machines, sandbox=sandbox)
    assert found.why.startswith(why)
    assert found.at_all


def test_only_who_asks_for_it_gets_a_sandbox_that_confines_nothing() -> None:
    machine = replace(HERE, sandbox="unsafe-host")
    found = place(None, [machine], sandbox="unsafe-host", rules=RULES)
    assert isinstance(found, Placed)
