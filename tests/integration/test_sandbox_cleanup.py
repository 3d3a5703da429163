"""Guarantee 7 of `builders.sandbox.interface`: nothing is left, however a run ends."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest

from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.sandbox.docker import DockerSandbox
from builders.sandbox.docker_owner import OWNER_LABEL, owner, reap
from builders.sandbox.interface import Job, Sandbox, SandboxFault
from tests.support.sandboxes import (
    PYTHON,
    QUICK,
    leftovers,
    marker,
    processes_with,
    run_command,
    run_python,
)

OWNER = """
import io, os
from builders.sandbox.interface import Job
{make}
job = Job(argv=("/bin/sh", "-c", "sleep 300; true", os.environ["WORD"]))
sandbox.run(job, io.BytesIO())
"""

MAKE_BUBBLEWRAP = """
from builders.sandbox.bubblewrap import BubblewrapSandbox
sandbox = BubblewrapSandbox()
"""

MAKE_DOCKER = """
from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.sandbox.docker import DockerSandbox
from builders.sandbox.docker_client import connect
sandbox = DockerSandbox(client=connect(), image_id={image!r})
"""


def _containers(client: docker.DockerClient) -> list[str]:
    """Return those of this process; other test runs may share the engine."""
    label = f"{OWNER_LABEL}={owner()}"
    found = client.api.containers(all=True, filters={"label": label})
    return [container["Id"] for container in found]


def _wait_for(word: str, *, present: bool) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if bool(processes_with(word)) is present:
            return True
        time.sleep(0.05)
    return False


def _owner(make: str, word: str) -> subprocess.Popen[bytes]:
    """Start a process that owns a sleeping job with this word in its arguments."""
    command = [sys.executable, "-c", OWNER.format(make=make)]
    return subprocess.Popen(command, env={**os.environ, "WORD": word})


@contextmanager
def _interrupting(word: str) -> Iterator[None]:
    """Press Ctrl-C as soon as a process with this word runs."""

    def press() -> None:
        if _wait_for(word, present=True):
            time.sleep(0.1)
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_an_interrupted_run_leaves_nothing(
    bounded: Sandbox, engine_client: docker.DockerClient
) -> None:
    before, word = leftovers(), marker()
    with pytest.raises(KeyboardInterrupt), _interrupting(word):
        run_command(bounded, "/bin/sh", "-c", "setsid sleep 300 & sleep 300", word)
    assert processes_with(word) == []
    assert leftovers() == before
    assert _containers(engine_client) == []


def test_a_finished_run_leaves_nothing(
    bounded: Sandbox, engine_client: docker.DockerClient
) -> None:
    before, descriptors = leftovers(), len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        run_python(bounded, "open('/build/file', 'w').write('x' * 1000)")
    assert leftovers() == before
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    assert _containers(engine_client) == []


class _FullDisk(io.BytesIO):
    def write(self, _data: object) -> int:
        raise OSError(28, "No space left on device")


def test_an_output_that_cannot_be_written_is_a_fault_and_leaves_nothing(
    sandbox: Sandbox, engine_client: docker.DockerClient
) -> None:
    before, word = leftovers(), marker()
    job = Job(argv=("/bin/sh", "-c", "echo x; sleep 300", word), limits=QUICK)
    with pytest.raises(SandboxFault, match="No space left"):
        sandbox.run(job, _FullDisk())
    assert processes_with(word) == []
    assert leftovers() == before
    assert _containers(engine_client) == []


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.02, 0.5])
def test_a_bubblewrap_job_dies_with_its_killed_owner(delay: float) -> None:
    word = marker()
    with _owner(MAKE_BUBBLEWRAP, word) as running:
        assert _wait_for(word, present=True)
        time.sleep(delay)
        running.kill()
    assert _wait_for(word, present=False)
    # The next run removes the control group that only a living owner could have removed.
    run_command(BubblewrapSandbox(), "/bin/true")
    assert list(Path("/sys/fs/cgroup").glob(f"**/truewheel-{running.pid}-*")) == []


def test_the_container_of_a_killed_owner_is_removed_by_the_next(
    engine_client: docker.DockerClient, docker_sandbox: DockerSandbox
) -> None:
    word = marker()
    make = MAKE_DOCKER.format(image=docker_sandbox.image)
    with _owner(make, word) as running:
        assert _wait_for(word, present=True)
        assert reap(engine_client) == 0
        running.kill()
    assert processes_with(word)
    assert reap(engine_client) == 1
    assert _containers(engine_client) == []
    assert _wait_for(word, present=False)


def test_runs_in_threads_do_not_disturb_each_other(sandbox: Sandbox) -> None:
    outputs: dict[int, bytes] = {}

    def run(index: int) -> None:
        outputs[index] = run_command(sandbox, PYTHON, "-c", f"print({index})").output

    threads = [threading.Thread(target=run, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == {index: f"{index}\n".encode() for index in range(4)}
