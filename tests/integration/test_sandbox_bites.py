"""Takes one protection away at a time and shows that the hostile job then succeeds.

Without these, a guarantee's test could pass for another reason than the guarantee.
"""

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import docker.types

from builders.sandbox.bubblewrap import BubblewrapSandbox, host_command
from builders.sandbox.bwrap_command import BwrapCommand, Descriptors
from builders.sandbox.docker import DockerSandbox
from builders.sandbox.docker_config import ContainerConfig
from builders.sandbox.interface import Ending, Job, Mount, Sandbox
from tests.support.sandboxes import QUICK, marker, run_command, run_python

CONNECT = """
    import socket
    socket.create_connection(("127.0.0.1", {port}), timeout=60).close()
"""
NEW_USER_NAMESPACE = "import ctypes; raise SystemExit(ctypes.CDLL(None).unshare(0x10000000) != 0)"
MEMORY_FILE = "import os; os.close(os.memfd_create('hidden'))"


def _bubblewrap(command: type[BwrapCommand]) -> BubblewrapSandbox:
    host = host_command()
    return BubblewrapSandbox(
        command=command(executable=host.executable, privileged=host.privileged)
    )


class _SharedNetwork(BwrapCommand):
    def namespaces(self) -> list[str]:
        return [option for option in super().namespaces() if option != "--unshare-net"]


class _SharedProcesses(BwrapCommand):
    def namespaces(self) -> list[str]:
        return [option for option in super().namespaces() if option != "--unshare-pid"]


class _WritableMounts(BwrapCommand):
    def mounts(self, job: Job) -> Iterator[str]:
        for argument in super().mounts(job):
            yield "--bind" if argument == "--ro-bind" else argument


class _InheritedEnvironment(BwrapCommand):
    def environment(self, _job: Job) -> list[str]:
        return []


class _StaysRoot(BwrapCommand):
    def become_nobody(self) -> list[str]:
        return []


class _UnsealedRoot(_StaysRoot):
    def seal(self) -> list[str]:
        return []


class _Unfiltered(BwrapCommand):
    def system_calls(self, _descriptors: Descriptors) -> list[str]:
        return []


class _HostNetwork(ContainerConfig):
    def network(self) -> dict[str, Any]:
        return {"network_mode": "host"}


class _WritableBinds(ContainerConfig):
    def mounts(self, job: Job) -> list[docker.types.Mount]:
        return [
            docker.types.Mount(str(mount.target), str(mount.source), type="bind")
            for mount in job.mounts
        ]


class _EngineEnvironment(ContainerConfig):
    def entering(self, job: Job) -> list[str]:
        return list(job.argv)


class _WritableRoot(ContainerConfig):
    def container(self) -> dict[str, Any]:
        return {**super().container(), "user": "0:0"}

    def privileges(self) -> dict[str, Any]:
        return {}

    def root(self) -> dict[str, Any]:
        return {**super().root(), "read_only": False}


class _Unbounded(ContainerConfig):
    def bounds(self, _job: Job) -> dict[str, Any]:
        return {}


def _without(sandbox: DockerSandbox, config: ContainerConfig) -> DockerSandbox:
    return replace(sandbox, config=config)


def _reaches_the_host(sandbox: Sandbox) -> bool:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        return run_python(sandbox, CONNECT.format(port=port)).outcome.exit_code == 0


def _writes_a_mount(sandbox: Sandbox, directory: Path) -> bool:
    directory.chmod(0o777)
    mount = Mount(source=directory, target=PurePosixPath("/source"))
    run_python(sandbox, "open('/source/new', 'w').close()", mounts=(mount,))
    return (directory / "new").exists()


def _environment(sandbox: Sandbox) -> set[str]:
    program = "import json, os; print(json.dumps(sorted(os.environ)))"
    said = run_python(sandbox, program).said
    assert isinstance(said, list)
    return set(said)


def _sees(sandbox: Sandbox, word: str) -> bool:
    program = "import glob\nfor path in glob.glob('/proc/[0-9]*/cmdline'): print(open(path).read())"
    return word.encode() in run_python(sandbox, program).output


def test_without_its_network_namespace_a_job_reaches_the_host(
    bubblewrap_sandbox: BubblewrapSandbox, docker_sandbox: DockerSandbox
) -> None:
    assert not _reaches_the_host(bubblewrap_sandbox)
    assert not _reaches_the_host(docker_sandbox)
    assert _reaches_the_host(_bubblewrap(_SharedNetwork))
    assert _reaches_the_host(_without(docker_sandbox, _HostNetwork()))


def test_without_read_only_mounts_a_job_writes_to_the_host(
    docker_sandbox: DockerSandbox, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    assert _writes_a_mount(_bubblewrap(_WritableMounts), tmp_path / "first")
    assert _writes_a_mount(_without(docker_sandbox, _WritableBinds()), tmp_path / "second")


def test_without_the_exact_environment_a_job_sees_what_sandboxes_add(
    docker_sandbox: DockerSandbox,
) -> None:
    assert "PWD" in _environment(_bubblewrap(_InheritedEnvironment))
    assert "HOSTNAME" in _environment(_without(docker_sandbox, _EngineEnvironment()))


def test_without_a_sealed_root_a_root_user_writes_to_it(docker_sandbox: DockerSandbox) -> None:
    program = "open('/etc/new', 'w').close()"
    assert run_python(_bubblewrap(_StaysRoot), program).outcome.exit_code == 1
    assert run_python(_bubblewrap(_UnsealedRoot), program).outcome.exit_code == 0
    writable = _without(docker_sandbox, _WritableRoot())
    assert run_python(writable, program).outcome.exit_code == 0


def test_without_the_change_of_user_a_job_reads_files_of_root(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    mount = Mount(source=tmp_path, target=PurePosixPath("/source"))
    command = ("/bin/cat", "/source/secret")
    assert run_command(BubblewrapSandbox(), *command, mounts=(mount,)).output == b""
    assert run_command(_bubblewrap(_StaysRoot), *command, mounts=(mount,)).output == b"secret"


def test_without_its_process_namespace_a_job_sees_the_hosts_processes() -> None:
    word = marker()
    with subprocess.Popen(["/bin/sh", "-c", "sleep 600", word]) as other:
        assert not _sees(BubblewrapSandbox(), word)
        assert _sees(_bubblewrap(_SharedProcesses), word)
        other.kill()


def test_without_the_system_call_filter_hidden_memory_is_possible(
    docker_sandbox: DockerSandbox,
) -> None:
    assert run_python(BubblewrapSandbox(), MEMORY_FILE).outcome.exit_code == 1
    assert run_python(_bubblewrap(_Unfiltered), MEMORY_FILE).outcome.exit_code == 0
    assert run_python(docker_sandbox, MEMORY_FILE).outcome.exit_code == 1
    unfiltered = _without(docker_sandbox, _EngineEnvironment())
    assert run_python(unfiltered, MEMORY_FILE).outcome.exit_code == 0


def test_without_the_system_call_filter_a_job_makes_user_namespaces() -> None:
    assert run_python(BubblewrapSandbox(), NEW_USER_NAMESPACE).outcome.exit_code == 1
    assert run_python(_bubblewrap(_Unfiltered), NEW_USER_NAMESPACE).outcome.exit_code == 0


def test_without_bounds_a_memory_hog_lives(bounded: Sandbox, docker_sandbox: DockerSandbox) -> None:
    hog = "data = bytearray(200 << 20)"
    small = replace(QUICK, memory_bytes=96 * 1024**2)
    assert run_python(
        bounded, hog + "; import time; time.sleep(600)", limits=small
    ).outcome.ending is (Ending.MEMORY)
    assert run_python(bounded, hog).outcome.exit_code == 0
    unbounded = _without(docker_sandbox, _Unbounded())
    assert run_python(unbounded, hog, limits=small).outcome.exit_code == 0
