"""Guarantee 7 of `builders.sandbox.interface`: nothing is left, however a run ends."""

import gc
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
import pytest

from builders.sandbox import docker_owner
from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.sandbox.docker import DockerSandbox
from builders.sandbox.docker_owner import OWNER_LABEL, owner, reap
from builders.sandbox.interface import Job, Sandbox, SandboxFault
from tests.support.sandboxes import (
    PYTHON,
    QUICK,
    groups_of,
    leftovers,
    marker,
    mounts,
    processes_with,
    run_command,
    run_python,
    wait_for_mounts,
)

WAIT_SECONDS = 120.0

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
from builders.sandbox import docker
from builders.sandbox.docker import DockerSandbox
from builders.sandbox.docker_client import connect
docker.OWNER_LABEL += os.environ["WORD"]
sandbox = DockerSandbox(client=connect(), image_id={image!r})
"""


@pytest.fixture(autouse=True)
def _own_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no other test makes some: what runs leave is looked for there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))


def _containers(client: docker.DockerClient, label: str | None = None) -> list[str]:
    """Return those with a label, of this process without: other test runs may share the engine."""
    label = label or f"{OWNER_LABEL}={owner()}"
    found = client.api.containers(all=True, filters={"label": label})
    return [container["Id"] for container in found]


def _wait_for(word: str, *, present: bool) -> bool:
    deadline = time.monotonic() + WAIT_SECONDS
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
    before, mounted, word = leftovers(), mounts(), marker()
    with pytest.raises(KeyboardInterrupt), _interrupting(word):
        run_command(bounded, "/bin/sh", "-c", "setsid sleep 300 & sleep 300", word)
    assert processes_with(word) == []
    assert leftovers() == before
    assert _containers(engine_client) == []
    wait_for_mounts(mounted)


def test_a_finished_run_leaves_nothing(
    bounded: Sandbox, engine_client: docker.DockerClient
) -> None:
    before, mounted, descriptors = leftovers(), mounts(), _descriptors()
    for _ in range(3):
        run_python(bounded, "open('/build/file', 'w').write('x' * 1000)")
    assert leftovers() == before
    assert _descriptors() <= descriptors  # a connection to the engine may have been closed, too
    assert _containers(engine_client) == []
    wait_for_mounts(mounted)


def _descriptors() -> Counter[str]:
    """What this process has open, by kind."""
    gc.collect()  # not while it is looked at: what earlier tests left would go then
    found = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # it is that of this look
            found.append(re.sub(r"[0-9]+", "N", str(path.readlink())))
    return Counter(found)


class _FullDisk(io.BytesIO):
    def write(self, _data: object) -> int:
        raise OSError(28, "No space left on device")


def test_an_output_that_cannot_be_written_is_a_fault_and_leaves_nothing(
    sandbox: Sandbox, engine_client: docker.DockerClient
) -> None:
    before, mounted, word = leftovers(), mounts(), marker()
    job = Job(argv=("/bin/sh", "-c", "echo x; sleep 300", word), limits=QUICK)
    with pytest.raises(SandboxFault, match="No space left"):
        sandbox.run(job, _FullDisk())
    assert processes_with(word) == []
    assert leftovers() == before
    assert _containers(engine_client) == []
    wait_for_mounts(mounted)


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.02, 0.5])
def test_a_bubblewrap_job_dies_with_its_killed_owner(delay: float) -> None:
    word = marker()
    with _owner(MAKE_BUBBLEWRAP, word) as running:
        assert _wait_for(word, present=True)
        time.sleep(delay)
        running.kill()
    assert _wait_for(word, present=False)
    # The next run removes the control group that only a living owner could have removed; the kernel
    # lets nobody as long as it is at the end of the last process.
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        run_command(BubblewrapSandbox(), "/bin/true")
        left = groups_of(running.pid)
        if not left:
            break
        assert time.monotonic() < deadline, left


def _wait_until_running(client: docker.DockerClient, label: str) -> None:
    """An engine that is still starting a container gives up once nobody asks for it any more."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        (container,) = client.api.containers(all=True, filters={"label": label})
        if container["State"] == "running":
            return
        assert time.monotonic() < deadline, container
        time.sleep(0.05)


def test_the_container_of_a_killed_owner_is_removed_by_the_next(
    engine_client: docker.DockerClient,
    docker_sandbox: DockerSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Under a label of its own: the next may be a command of a test that runs beside this one."""
    word = marker()
    label = f"{OWNER_LABEL}{word}"
    monkeypatch.setattr(docker_owner, "OWNER_LABEL", label)
    make = MAKE_DOCKER.format(image=docker_sandbox.image)
    with _owner(make, word) as running:
        assert _wait_for(word, present=True)
        _wait_until_running(engine_client, label)
        assert reap(engine_client) == 0
        running.kill()
    assert processes_with(word)
    assert len(_containers(engine_client, label)) == 1
    assert reap(engine_client) == 1
    assert _containers(engine_client, label) == []
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
