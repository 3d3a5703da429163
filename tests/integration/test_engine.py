"""The engine helper: a real private dockerd in a directory of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from containers.engine import USUAL_SOCKET, answers, engine, private_engine, start, stop
from tests.support.processes import processes_with

ROOT = Path(__file__).resolve().parents[2]
WAIT = "import os, sys, time; print(os.environ['DOCKER_HOST'], flush=True); time.sleep(600)"


def _runtime(host: str) -> str:
    return str(Path(host.removeprefix("unix://")).parent)


def test_two_users_share_an_engine_and_the_last_ends_it(tmp_path: Path) -> None:
    with private_engine(tmp_path) as first:
        with private_engine(tmp_path) as second:
            assert second == first
        assert answers(first.removeprefix("unix://"))
        assert processes_with(_runtime(first))
    assert processes_with(_runtime(first)) == []
    assert not Path(_runtime(first)).exists()


def test_a_started_engine_stays_until_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = start(tmp_path)
    try:
        with private_engine(tmp_path) as used:
            assert used == host
        assert answers(host.removeprefix("unix://"))
        monkeypatch.setenv("DOCKER_HOST", host)
        with engine(tmp_path / "other") as reached:
            assert reached == host
        assert not (tmp_path / "other").exists()
    finally:
        assert stop(tmp_path)
    assert processes_with(_runtime(host)) == []
    assert not stop(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_and_the_engine(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "containers.engine", "run", "--root", str(tmp_path), "--"]
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    with subprocess.Popen(
        [*command, sys.executable, "-c", WAIT],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as helper:
        host = (helper.stdout.readline() if helper.stdout else "").strip()
        assert host.startswith("unix:///")
        helper.send_signal(number)
        assert helper.wait(120) == 128 + number
    assert processes_with(_runtime(host)) == []
    assert processes_with(WAIT) == []


def test_the_exit_status_is_that_of_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "containers.engine", "run", "--root", str(tmp_path), "--"]
    program = [sys.executable, "-c", "raise SystemExit(7)"]
    assert subprocess.run([*command, *program], cwd=ROOT, check=False).returncode == 7


def test_a_socket_that_nobody_serves_does_not_answer(tmp_path: Path) -> None:
    assert not answers(str(tmp_path / "none.sock"))


def test_an_optional_engine_that_cannot_start_is_said_and_done_without(tmp_path: Path) -> None:
    """dockerd refuses a data root that is a file; a machine's own engine is used as it is."""
    (tmp_path / "data").write_text("in the way", encoding="utf-8")
    command = [sys.executable, "-m", "containers.engine", "run", "--root", str(tmp_path)]
    environment = {k: v for k, v in os.environ.items() if k != "DOCKER_HOST"}
    script = ["--", sys.executable, "-c", "import os; print(os.environ.get('DOCKER_HOST'))"]

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        arguments = [*command, *options, *script]
        return subprocess.run(
            arguments, env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    must_start = not answers(USUAL_SOCKET)
    optional = run("--optional")
    assert (optional.returncode, optional.stdout) == (0, "None\n")
    assert ("going on without one" in optional.stderr) is must_start
    assert run().returncode == (4 if must_start else 0)
