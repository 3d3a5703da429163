"""Choosing a sandbox, diagnosing a machine, and the sandboxes of unusual situations."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import docker
import pytest

from builders.images import BuiltImage
from builders.sandbox.diagnose import diagnose
from builders.sandbox.docker import DockerSandbox
from builders.sandbox.interface import Ending, Mount, NoSandboxError, SandboxFault
from builders.sandbox.select import open_sandbox
from builders.sandbox.unsafe_host import LOCK, UnsafeHostSandbox
from tests.support.sandboxes import QUICK, run_command, run_python
from verify.events import silent

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = "/usr/bin/python3"
NO_ENGINE = "unix:///nonexistent/docker.sock"

AS_A_USER = """
import io, json
from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.sandbox.interface import Job, Limits
sandbox, output = BubblewrapSandbox(), io.BytesIO()
hog = "data = bytearray(200 << 20); import time; time.sleep(600)"
program = "import os; print(os.getuid()); open('/build/x', 'w'); open('/x', 'w')"
first = sandbox.run(Job(argv=("/usr/bin/python3", "-c", program)), output)
small = Limits(memory_bytes=96 << 20)
second = sandbox.run(Job(argv=("/usr/bin/python3", "-c", hog), limits=small), output)
said, last = output.getvalue().decode(), first.log.splitlines()[-1]
print(json.dumps([said, first.exit_code, last, second.ending]))
"""


@pytest.mark.usefixtures("image")
def test_auto_takes_the_engine_that_has_our_image(
    engine_client: docker.DockerClient, image: BuiltImage, kept_cache: Path
) -> None:
    assert engine_client.ping()
    sandbox = open_sandbox("auto", cache_root=kept_cache, listener=silent)
    assert (sandbox.name, sandbox.image) == ("docker", image.image_id)
    versions = [python.version for python in sandbox.interpreters()]
    assert versions == sorted(set(versions), reverse=True)
    assert (3, 11) in versions


def test_auto_takes_bubblewrap_where_no_engine_answers(
    kept_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    sandbox = open_sandbox("auto", cache_root=kept_cache, listener=silent)
    assert (sandbox.name, sandbox.image) == ("bubblewrap", None)
    assert sandbox.interpreters()


def test_auto_never_takes_the_unsafe_host_and_says_what_to_install(
    kept_cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSandboxError, match="no sandbox works here") as caught:
        open_sandbox("auto", cache_root=kept_cache, listener=silent)
    hint = caught.value.hint or ""
    assert "apt install bubblewrap" in hint
    assert "dnf install bubblewrap" in hint


def test_an_engine_that_was_asked_for_by_name_is_not_replaced(
    kept_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    with pytest.raises(NoSandboxError, match="no container engine answers"):
        open_sandbox("docker", cache_root=kept_cache, listener=silent)


def test_an_unknown_choice_names_the_known_ones(kept_cache: Path) -> None:
    with pytest.raises(SandboxFault) as caught:
        open_sandbox("chroot", cache_root=kept_cache, listener=silent)
    assert caught.value.hint == "one of auto, docker, bubblewrap, unsafe-host"


def test_an_image_that_is_gone_is_a_fault(docker_sandbox: DockerSandbox) -> None:
    missing = DockerSandbox(client=docker_sandbox.client, image_id=f"sha256:{'0' * 64}")
    with pytest.raises(SandboxFault, match="the container engine failed"):
        run_command(missing, "/bin/true")


def test_bubblewrap_works_for_an_ordinary_user() -> None:
    run = subprocess.run(
        [SYSTEM_PYTHON, "-c", AS_A_USER],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
        env={"PYTHONPATH": str(ROOT), "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
        user=61234,
        group=61234,
        extra_groups=[],
    )
    assert json.loads(run.stdout) == [
        "65534\n",
        1,
        "OSError: [Errno 30] Read-only file system: '/x'",
        "memory",
    ]


@pytest.mark.usefixtures("image", "engine_client")
def test_a_healthy_machine_passes_every_check(kept_cache: Path) -> None:
    checks = diagnose(cache_root=kept_cache)
    assert [check.name for check in checks] == [
        "engine", "image", "mmdebstrap", "bubblewrap", "interpreters", "cache", "disk",
    ]  # fmt: skip
    assert [check for check in checks if not check.ok or check.fix] == []


def test_every_check_that_fails_says_how_to_fix_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    monkeypatch.setenv("PATH", str(tmp_path))
    checks = {check.name: check for check in diagnose(cache_root=Path("/proc/cache"))}
    for name in ("engine", "mmdebstrap", "bubblewrap", "cache"):
        assert not checks[name].ok
        assert checks[name].fix


@contextmanager
def alone_on_the_host() -> Iterator[None]:
    """While no job runs there: other tests have some, too."""
    with LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_unsafe_host_creates_its_places_and_removes_them(tmp_path: Path) -> None:
    file = tmp_path / "archive"
    file.write_bytes(b"content")
    target = PurePosixPath("/truewheel-test/deep/archive")
    program = "import os, sys; print(open(sys.argv[1]).read(), os.getcwd(), sorted(os.environ))"
    argv = (sys.executable, "-c", program, str(target))
    run = run_command(
        UnsafeHostSandbox(), *argv, mounts=(Mount(source=file, target=target),), limits=QUICK
    )
    assert run.output.startswith(b"content /build ['HOME', 'LANG', "), run.outcome
    with alone_on_the_host():
        assert not Path("/build").exists()
        assert not Path("/truewheel-test").exists()
    assert file.read_bytes() == b"content"


def test_unsafe_host_refuses_to_touch_what_exists(tmp_path: Path) -> None:
    mount = Mount(source=tmp_path, target=PurePosixPath("/usr"))
    with pytest.raises(SandboxFault, match="unsafe-host needs /usr for itself"):
        run_command(UnsafeHostSandbox(), "/bin/true", mounts=(mount,))
    with alone_on_the_host():
        assert not Path("/build").exists()


def test_unsafe_host_ends_a_job_at_its_wall_time() -> None:
    limits = QUICK.__class__(wall_seconds=0.5)
    run = run_python(UnsafeHostSandbox(), "import time; time.sleep(600)", limits=limits)
    assert run.outcome.ending is Ending.WALL_TIME
