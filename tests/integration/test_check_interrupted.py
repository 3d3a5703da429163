"""A check that is stopped half-way leaves nothing behind: no process, container, draft or file."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from builders.sandbox.docker_owner import OWNER_LABEL
from tests.support.command import COMMAND
from tests.support.processes import processes_with
from tests.support.projects import SDIST, WHEEL, hostile_backend, make_sdist, make_wheel
from tests.support.sandboxes import marker

if TYPE_CHECKING:
    import docker


SECONDS = 120


def wait_for(word: str, *, present: bool) -> None:
    deadline = time.monotonic() + SECONDS
    while bool(processes_with(word)) is not present:
        assert time.monotonic() < deadline, "the build never started, or never ended"
        time.sleep(0.05)


def drafts(cache: Path) -> set[Path]:
    """What is being made, and what a test that kills has left: all tests share one cache."""
    return {*cache.rglob(".draft-*")}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_takes_the_build_down(
    number: signal.Signals,
    sandbox_name: str,
    cache: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    word, before = marker(), drafts(cache)
    child = f"[sys.executable, '-c', 'import time; time.sleep(600)', '{word}']"
    body = f"import subprocess, sys\nsubprocess.run({child})"
    make_sdist(tmp_path, backend=hostile_backend(body))
    make_wheel(tmp_path)
    files = ["--file", str(tmp_path / WHEEL), "--sdist", str(tmp_path / SDIST)]
    options = ["--offline", "--sandbox", sandbox_name, "--cache-dir", str(cache)]
    process = subprocess.Popen(
        [*COMMAND, "check", *files, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    wait_for(word, present=True)
    process.send_signal(number)
    _output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + number
    assert b"Traceback" not in errors
    wait_for(word, present=False)
    assert drafts(cache) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([SDIST, WHEEL])
    if sandbox_name == "docker":
        client: docker.DockerClient = request.getfixturevalue("engine_client")
        # Not client.containers.list, which fails where a test beside this one removes its own.
        containers = client.api.containers(all=True, filters={"label": OWNER_LABEL})
        labels = [one["Labels"][OWNER_LABEL] for one in containers]
        assert [label for label in labels if f"/{process.pid}/" in label] == []
