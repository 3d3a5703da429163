"""What every sandbox does with an honest job: streams, exit codes, mounts, interpreters."""

import os
from pathlib import Path, PurePosixPath

import pytest

from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.sandbox.interface import Ending, Mount, Sandbox, SandboxFault
from tests.support.sandboxes import run_command, run_python


def test_exactly_the_bytes_of_standard_output_come_out(sandbox: Sandbox) -> None:
    program = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 40000 + b'\\n\\r\\0end')"
    run = run_python(sandbox, program)
    assert run.output == bytes(range(256)) * 40000 + b"\n\r\0end"
    assert (run.outcome.ending, run.outcome.exit_code) == (Ending.EXITED, 0)
    assert run.outcome.log == ""


def test_standard_error_is_the_log_with_undecodable_bytes_replaced(sandbox: Sandbox) -> None:
    run = run_python(sandbox, "import sys; sys.stderr.buffer.write(b'a\\xffb\\n'); print('out')")
    assert run.outcome.log == "a\N{REPLACEMENT CHARACTER}b\n"
    assert run.output == b"out\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 0", 0), ("exit 3", 3), ("exit 255", 255), ("kill -9 $$", 137), ("kill -15 $$", 143)],
)
def test_the_exit_code_is_that_of_the_first_process(
    sandbox: Sandbox, command: str, code: int
) -> None:
    outcome = run_command(sandbox, "/bin/sh", "-c", command).outcome
    assert (outcome.ending, outcome.exit_code) == (Ending.EXITED, code)


def test_a_program_that_cannot_start_exits_as_in_a_shell(sandbox: Sandbox) -> None:
    assert run_command(sandbox, "/missing").outcome.exit_code == 127
    assert run_command(sandbox, "/etc/passwd").outcome.exit_code == 126


def test_a_broken_pipe_kills_as_it_does_outside(sandbox: Sandbox) -> None:
    command = "set -o pipefail; yes | head -1; exit $?"
    assert run_command(sandbox, "/bin/bash", "-c", command).outcome.exit_code == 141


def test_hidden_parts_of_a_mount_are_empty_directories(sandbox: Sandbox, tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "module.py").write_text("")
    for directory in (tmp_path, tmp_path / "lib", packages):
        directory.chmod(0o755)
    target = PurePosixPath("/opt/python/9.9")
    hidden = (target / "lib/site-packages", target / "not-there")
    mount = Mount(source=tmp_path, target=target, hidden=hidden)
    program = "import json, os; print(json.dumps([os.listdir(p[0]) for p in os.walk('/opt')]))"
    said = run_python(sandbox, program, mounts=(mount,)).said
    assert said == [["python"], ["9.9"], ["lib"], ["site-packages"], []]


def test_a_single_file_can_be_mounted(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "archive"
    file.write_bytes(b"content")
    file.chmod(0o644)
    mount = Mount(source=file, target=PurePosixPath("/source/deep/archive"))
    run = run_command(sandbox, "/bin/cat", str(mount.target), mounts=(mount,))
    assert run.output == b"content"


@pytest.mark.parametrize("mode", [None, 0o700])
def test_a_mount_that_cannot_be_read_is_a_fault_of_the_sandbox(
    sandbox: Sandbox, tmp_path: Path, mode: int | None
) -> None:
    source = tmp_path / "source"
    if mode is not None:
        source.mkdir()
        source.chmod(mode)
    mount = Mount(source=source, target=PurePosixPath("/source"))
    with pytest.raises(SandboxFault, match="cannot mount"):
        run_command(sandbox, "/bin/true", mounts=(mount,))


def test_every_interpreter_works_and_sees_no_packages_of_the_host(sandbox: Sandbox) -> None:
    program = (
        "import ssl, zlib, ctypes, sqlite3, bz2, multiprocessing, sys\n"
        "multiprocessing.Lock()\n"
        "try:\n    import pip\nexcept ImportError:\n"
        "    sys.stdout.write('.'.join(map(str, sys.version_info[:3])))\n"
    )
    found = sandbox.interpreters()
    assert found
    for python in found:
        argv = (str(python.executable), "-c", program)
        run = run_command(sandbox, *argv, mounts=python.mounts, environment=python.environment)
        assert run.output.decode() == python.release, run.outcome.log


def test_no_published_wheel_can_be_found_in_the_root_or_an_interpreter(sandbox: Sandbox) -> None:
    mounts = tuple(mount for python in sandbox.interpreters() for mount in python.mounts)
    run = run_command(sandbox, "/usr/bin/find", "/usr", "/opt", "-name", "*.whl", mounts=mounts)
    assert run.output == b""


def test_the_compiler_works(sandbox: Sandbox) -> None:
    command = "echo 'int main(void) { return 7; }' > a.c && gcc -o a a.c && ./a"
    assert run_command(sandbox, "/bin/sh", "-c", command).outcome.exit_code == 7


def test_running_costs_little_more_than_the_job(bubblewrap_sandbox: BubblewrapSandbox) -> None:
    """Of the processors: how long that takes is up to what else the machine is at."""
    seconds = []
    for _ in range(5):
        before = _processor_seconds()
        run_command(bubblewrap_sandbox, "/bin/true")
        seconds.append(_processor_seconds() - before)
    assert min(seconds) < 0.2, seconds


def _processor_seconds() -> float:
    """Of this process and of all that it started and that ended."""
    return sum(os.times()[:4])


def test_this_process_is_as_unconfined_as_before(sandbox: Sandbox) -> None:
    before = os.umask(0o027)
    os.umask(before)
    run_command(sandbox, "/bin/true")
    assert os.umask(before) == before
