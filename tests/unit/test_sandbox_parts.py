"""The small parts of the sandboxes, without any sandbox."""

import errno
import io
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builders.sandbox.bwrap_command import BwrapCommand, Descriptors
from builders.sandbox.capture import Capture
from builders.sandbox.cgroup import ControlGroup, confine
from builders.sandbox.docker_owner import is_dead, owner
from builders.sandbox.docker_streams import Demultiplexer
from builders.sandbox.interface import Ending, Job, Limits, NoSandboxError, SandboxFault
from builders.sandbox.limits import resource_limits
from builders.sandbox.seccomp import ARCHITECTURES, DENIED, MISSING, filter_program
from builders.sandbox.supervise import supervise
from verify.interrupts import uninterrupted

ALLOW = 0x7FFF0000
KILL = 0x80000000
LIMITS = Limits(log_bytes=5, output_bytes=8)


def _decide(program: bytes, machine: str, number: int, *arguments: int) -> int:
    """Run a filter on one system call as the kernel would; returns the verdict."""
    instructions = list(struct.iter_unpack("<HBBI", program))
    padded = [*arguments, *[0] * (6 - len(arguments))]
    audit = ARCHITECTURES[machine].audit
    data = struct.pack("<IIQ6Q", number, audit, 0, *padded)
    position = accumulator = 0
    while True:
        code, on_true, on_false, operand = instructions[position]
        position += 1
        if code == 0x20:
            accumulator = struct.unpack_from("<I", data, operand)[0]
        elif code == 0x06:
            return int(operand)
        else:
            holds = {
                0x15: accumulator == operand,
                0x35: accumulator >= operand,
                0x45: bool(accumulator & operand),
            }[code]
            position += on_true if holds else on_false


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
def test_the_filter_refuses_exactly_the_listed_calls(machine: str) -> None:
    program = filter_program(machine)
    column = ARCHITECTURES[machine].column
    for calls, error in ((DENIED, errno.EPERM), (MISSING, errno.ENOSYS)):
        for name, row in calls.items():
            number = row[column]
            if number is not None:
                assert _decide(program, machine, number) == 0x50000 | error, name
    known = {row[column] for row in (*DENIED.values(), *MISSING.values())}
    special = {ARCHITECTURES[machine].socket, ARCHITECTURES[machine].socketpair}
    for number in set(range(450)) - known - special:
        assert _decide(program, machine, number) == ALLOW, number


@pytest.mark.parametrize("machine", sorted(ARCHITECTURES))
def test_the_filter_looks_at_the_low_half_of_arguments_only(machine: str) -> None:
    program, numbers = filter_program(machine), ARCHITECTURES[machine]
    refused = 0x50000 | errno.EPERM
    high = 1 << 32  # the kernel itself ignores the upper half of these arguments
    assert _decide(program, machine, numbers.clone, 0x10000000 | 17) == refused
    assert _decide(program, machine, numbers.clone, 0x01200011) == ALLOW
    assert _decide(program, machine, numbers.ioctl, 0, high | 0x5412) == refused
    assert _decide(program, machine, numbers.ioctl, 0, 0x5401) == ALLOW
    assert _decide(program, machine, numbers.socket, high | 40) == 0x50000 | errno.EAFNOSUPPORT
    assert _decide(program, machine, numbers.socket, 2) == ALLOW


def test_the_filter_kills_calls_of_another_architecture() -> None:
    program = filter_program("x86_64")
    assert _decide(program, "aarch64", 0) == KILL
    assert _decide(program, "x86_64", 0x40000000) == 0x50000 | errno.ENOSYS


def test_a_machine_without_a_known_filter_has_no_sandbox() -> None:
    with pytest.raises(NoSandboxError, match="riscv64") as caught:
        filter_program("riscv64")
    assert caught.value.hint == "run truewheel on one of: aarch64, x86_64"


def test_a_capture_passes_on_and_keeps_up_to_its_limits() -> None:
    output = io.BytesIO()
    capture = Capture(output=output, limits=LIMITS)
    assert capture.take_output(b"12345678") is None
    assert capture.take_output(b"9") is Ending.OUTPUT_SIZE
    assert output.getvalue() == b"12345678"
    assert capture.take_log(b"abc\xff") is None
    assert capture.take_log(b"de") is Ending.LOG_SIZE
    assert capture.log() == "abc\N{REPLACEMENT CHARACTER}d"


@pytest.mark.parametrize("size", [1, 3, 8, 100])
def test_frames_are_split_wherever_the_connection_cuts_them(size: int) -> None:
    output = io.BytesIO()
    capture = Capture(output=output, limits=Limits())
    frames = b"".join(
        struct.pack(">BxxxI", stream, len(payload)) + payload
        for stream, payload in [(1, b"out"), (2, b"error"), (1, b""), (1, b"put"), (2, b"!")]
    )
    demultiplexer = Demultiplexer(capture=capture)
    for start in range(0, len(frames), size):
        assert demultiplexer.feed(frames[start : start + size]) is None
    assert (output.getvalue(), capture.log()) == (b"output", "error!")


def test_a_frame_of_an_unknown_stream_is_a_fault() -> None:
    demultiplexer = Demultiplexer(capture=Capture(output=io.BytesIO(), limits=Limits()))
    with pytest.raises(SandboxFault, match="neither output nor log"):
        demultiplexer.feed(struct.pack(">BxxxI", 7, 1) + b"x")


def test_a_frame_that_breaks_a_bound_tells_so() -> None:
    demultiplexer = Demultiplexer(capture=Capture(output=io.BytesIO(), limits=LIMITS))
    assert demultiplexer.feed(struct.pack(">BxxxI", 2, 6) + b"123456") is Ending.LOG_SIZE


class _Broken:
    def broken(self) -> Ending:
        return Ending.MEMORY


def test_a_broken_bound_is_noticed_while_the_process_says_nothing() -> None:
    with subprocess.Popen(["/bin/sleep", "600"], stdout=subprocess.PIPE, bufsize=0) as process:
        capture = Capture(output=io.BytesIO(), limits=LIMITS)
        deadline = time.monotonic() + 600
        ending = supervise(process, capture, deadline=deadline, meter=_Broken())
        process.kill()
    assert ending is Ending.MEMORY


def test_an_interrupt_waits_for_the_end_of_the_block() -> None:
    reached = []

    def work() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
            reached.append("the end")
        reached.append("behind")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_owner_is_dead_once_its_process_has_ended() -> None:
    program = "from builders.sandbox.docker_owner import owner; print(owner())"
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert is_dead(other.stdout.decode().strip())
    assert not is_dead(owner())


@pytest.mark.parametrize("label", ["", "x", "other-boot/pid:[1]/1/1", "a/b/c/d/e"])
def test_an_owner_that_cannot_be_known_is_not_dead(label: str) -> None:
    assert not is_dead(label)


def test_a_number_that_was_given_to_a_new_process_does_not_hide_a_death() -> None:
    assert is_dead(owner() + "0")


def test_no_control_group_is_made_where_the_hierarchy_refuses(tmp_path: Path) -> None:
    assert confine(os.getpid(), Limits(), root=tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("events", ["memory.events", "memory.oom_control"])
def test_a_control_group_tells_what_the_kernel_enforced(tmp_path: Path, events: str) -> None:
    group = ControlGroup(memory=tmp_path, pids=tmp_path)
    assert group.broken() is None
    (tmp_path / events).write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 0\n")
    (tmp_path / "pids.events").write_text("max 2\n")
    assert group.broken() is Ending.PROCESSES
    (tmp_path / events).write_text("oom_kill 1\n")
    assert group.broken() is Ending.MEMORY


def test_the_resource_limits_are_these() -> None:
    assert resource_limits(Limits(cpu_seconds=7, disk_bytes=9)) == {
        "core": 0,
        "cpu": 7,
        "fsize": 9,
        "memlock": 65536,
        "msgqueue": 0,
        "nofile": 4096,
        "stack": 8388608,
    }


def test_an_ordinary_user_gets_a_user_namespace_and_root_a_change_of_user() -> None:
    descriptors = Descriptors(status=3, block=4, seccomp=5, etc={})
    job = Job(argv=("/bin/true",))
    user = BwrapCommand(executable=Path("/usr/bin/bwrap"), privileged=False)
    root = BwrapCommand(executable=Path("/usr/bin/bwrap"), privileged=True)
    assert "--unshare-user" in user.options(job, descriptors)
    assert "--disable-userns" in user.options(job, descriptors)
    assert "/usr/bin/setpriv" not in user.inner(job)
    assert "--unshare-user" not in root.options(job, descriptors)
    assert root.inner(job)[4:7] == ["/usr/bin/setpriv", "--reuid", "65534"]
