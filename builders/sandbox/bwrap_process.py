"""One started bwrap: its first inner process, its exit code, and its certain end."""

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from builders.sandbox.bwrap_command import ETC, BwrapCommand, Descriptors
from builders.sandbox.cgroup import ControlGroup, confine
from builders.sandbox.interface import Job, Limits, SandboxFault
from builders.sandbox.limits import impose
from builders.sandbox.proctree import ProcessTree
from builders.sandbox.seccomp import filter_program
from verify.interrupts import uninterrupted

START_SECONDS = 30.0
"""Far more than a start takes (0.02 s); one that hangs longer is a fault."""

REAP_SECONDS = 1.0
END_SECONDS = 30.0
"""For the kernel to end every process of a namespace that is killed and free its memory."""


@dataclass(kw_only=True, slots=True)
class BwrapProcess:
    """bwrap itself (`popen`) and the first process of its PID namespace (`init`).

    Killing `init` makes the kernel kill everything in the namespace, double forks and new sessions
    included (pid_namespaces(7)).
    """

    popen: subprocess.Popen[bytes]
    status: int
    release: int
    init: int | None = None
    _init_handle: int | None = None
    _meter: ControlGroup | ProcessTree | None = None
    _reports: bytearray = field(default_factory=bytearray)

    def find_init(self) -> None:
        """Wait until bwrap tells its inner process, which then still waits for `let_go`."""
        deadline = time.monotonic() + START_SECONDS
        while b"\n" not in self._reports:
            if not select.select([self.status], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise SandboxFault("bubblewrap did not start in time")
            data = os.read(self.status, 4096)
            if not data:
                return  # bwrap gave up; standard error says why
            self._reports += data
        self.init = _report(bytes(self._reports), "child-pid")
        if self.init is not None:
            with contextlib.suppress(ProcessLookupError):
                self._init_handle = os.pidfd_open(self.init)

    def confine(self, limits: Limits, *, control_group: bool) -> ControlGroup | ProcessTree | None:
        """Bound the tree to come; returns what measures it, None when bwrap is already gone."""
        if self.init is None:
            return None
        try:
            impose(self.init, limits)
        except ProcessLookupError:
            return None
        with uninterrupted():
            group = confine(self.init, limits) if control_group else None
            self._meter = group or ProcessTree(init=self.init, limits=limits)
        return self._meter

    def let_go(self) -> None:
        """Let the inner process set up the sandbox and, once that is done, start the job."""
        stdin, stdout = self.popen.stdin, self.popen.stdout
        with contextlib.suppress(BrokenPipeError):
            os.write(self.release, b"\n")
        if stdin is None or stdout is None or not self._reads(stdout.fileno()):
            return
        with contextlib.suppress(BrokenPipeError):
            stdin.write(b"\n")
        stdin.close()

    def _reads(self, descriptor: int) -> bool:
        """Take the one byte that says that the sandbox is set up; False where bwrap gave up."""
        if not select.select([descriptor], [], [], START_SECONDS)[0]:
            raise SandboxFault("bubblewrap did not set up the sandbox in time")
        return bool(os.read(descriptor, 1))

    def exit_code(self) -> int | None:
        """Return what the job's first process exited with; None where bwrap never started it."""
        while data := os.read(self.status, 4096):
            self._reports += data
        self.popen.wait()
        return _report(bytes(self._reports), "exit-code")

    def end(self) -> None:
        """Kill the whole tree, if it still lives, and wait until it is gone."""
        with uninterrupted():
            if self._init_handle is None:
                self.popen.kill()  # it never told its inner process, which dies with it
            else:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._init_handle, signal.SIGKILL)
                select.select([self._init_handle], [], [], END_SECONDS)
                os.close(self._init_handle)
                self._init_handle = None
            try:
                self.popen.wait(REAP_SECONDS)  # so that bwrap itself reaps its inner process
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
            for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
                if stream is not None:
                    stream.close()
            if self._meter is not None:
                self._meter.remove()


@contextlib.contextmanager
def started(command: BwrapCommand, job: Job) -> Iterator[BwrapProcess]:
    """Start bwrap on a job; nothing of it is left at the end of the block, however that ends."""
    with contextlib.ExitStack() as ours:
        with contextlib.ExitStack() as theirs:
            status, their_status = _pipe(ours, theirs)
            their_block, release = _pipe(theirs, ours)
            descriptors = Descriptors(
                status=their_status,
                block=their_block,
                seccomp=_memory_file(theirs, filter_program()),
                etc={name: _memory_file(theirs, content) for name, content in ETC.items()},
            )
            # By --args: the job can read bwrap's command line in /proc/1; mounts name host paths.
            options = "\0".join(command.options(job, descriptors))
            arguments = _memory_file(theirs, options.encode())
            line = [str(command.executable), "--args", str(arguments), "--", *command.inner(job)]
            with uninterrupted():
                popen = _spawn(line, (*descriptors.all(), arguments))
                process = BwrapProcess(popen=popen, status=status, release=release)
                ours.callback(process.end)
        process.find_init()
        yield process


def _spawn(command: list[str], inherited: tuple[int, ...]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env={},
            umask=0o022,
            start_new_session=True,
            pass_fds=inherited,
        )
    except OSError as error:
        raise SandboxFault(f"cannot start bubblewrap: {error}") from error


def _pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[int, int]:
    read_end, write_end = os.pipe()
    reader.callback(os.close, read_end)
    writer.callback(os.close, write_end)
    return read_end, write_end


def _memory_file(stack: contextlib.ExitStack, content: bytes) -> int:
    descriptor = os.memfd_create("truewheel")
    stack.callback(os.close, descriptor)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _report(reports: bytes, key: str) -> int | None:
    """Return a number from the JSON documents, one a line, of --json-status-fd."""
    for line in reports.splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict) and isinstance(document.get(key), int):
            return int(document[key])
    return None
