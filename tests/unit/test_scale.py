"""docs/scale.md says what the script prints, and the arithmetic is what a simulation comes to."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.scale import LOADS, Inputs, Load, checks, figures, measured, simulated, tables

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "scale.md").read_text("utf-8")
SMALL = [load for load in LOADS if load.wheels < 100_000]


def test_the_tables_are_those_that_the_script_prints() -> None:
    assert "\n".join(tables(Inputs())) in TEXT


def test_the_checks_are_those_that_the_script_prints() -> None:
    head, rule, *rows = checks(Inputs(), SMALL)
    assert f"{head}\n{rule}\n" + "\n".join(rows) in TEXT


@pytest.mark.parametrize("load", SMALL, ids=lambda load: f"{load.name}-{load.machines}")
def test_the_arithmetic_is_what_placing_every_wheel_comes_to(load: Load) -> None:
    told = figures(load, measured(), Inputs()).seconds
    assert 0.85 * told < simulated(load, measured(), Inputs()) < 1.05 * told


def test_one_batch_is_the_bound_of_too_many_machines() -> None:
    load = Load(name="crowded", pure=20_000, native=0, machines=1000)
    told = figures(load, measured(), Inputs()).seconds
    assert told == 20_000 * Inputs().overhead
    assert told < simulated(load, measured(), Inputs()) < told + max(measured().pure) + 1


def test_twice_the_machines_take_half_the_time_for_the_same_money() -> None:
    load = SMALL[0]
    one = figures(load, measured(), Inputs())
    two = figures(replace(load, machines=2), measured(), Inputs())
    assert two.seconds == pytest.approx(one.seconds / 2)
    assert two.dollars == pytest.approx(one.dollars)
    assert two.requests == one.requests + Inputs().more_requests


def documents() -> list[Any]:
    (block,) = re.findall(r"^```yaml\n(.+?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return list(yaml.safe_load_all(block))


def test_the_cluster_is_one_that_the_operator_reads() -> None:
    cluster, _ = documents()
    assert (cluster["apiVersion"], cluster["kind"]) == ("kubernetes.dask.org/v1", "DaskCluster")
    spec = cluster["spec"]
    assert spec.keys() == {"scheduler", "worker"}
    assert spec["worker"]["replicas"] >= 1
    (scheduler,) = spec["scheduler"]["spec"]["containers"]
    (worker,) = spec["worker"]["spec"]["containers"]
    assert (scheduler["name"], worker["name"]) == ("scheduler", "worker")
    assert scheduler["image"] == worker["image"]
    assert worker["args"][:2] == ["truewheel", "worker"]
    assert spec["worker"]["spec"]["automountServiceAccountToken"] is False
    mounted = [mount["name"] for mount in worker["volumeMounts"]]
    assert mounted == [volume["name"] for volume in spec["worker"]["spec"]["volumes"]]


def test_the_service_leads_to_the_scheduler_and_nobody_else_gets_there() -> None:
    cluster, policy = documents()
    spec, name = cluster["spec"]["scheduler"], cluster["metadata"]["name"]
    service = spec["service"]
    named = {port["name"]: port["containerPort"] for port in spec["spec"]["containers"][0]["ports"]}
    assert {port["targetPort"]: port["port"] for port in service["ports"]} == named
    labels = {"dask.org/cluster-name": name}
    assert service["selector"] == {**labels, "dask.org/component": "scheduler"}
    assert policy["spec"]["podSelector"]["matchLabels"] == labels
    assert f"tcp://{name}-scheduler:{named['tcp-comm']}" in TEXT


def test_the_worker_starts_with_these_arguments() -> None:
    from verify.cli.worker import command  # noqa: PLC0415

    cluster, _ = documents()
    arguments = cluster["spec"]["worker"]["spec"]["containers"][0]["args"][2:]
    places = cluster["spec"]["worker"]["spec"]["containers"][0]["resources"]["requests"]["cpu"]
    context = command.make_context("worker", ["tcp://127.0.0.1:8786", *arguments])
    assert context.params["jobs"] == int(places) == Inputs().places
