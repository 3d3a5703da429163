"""A private Docker engine for machines that have `dockerd` but no engine running.

    python -m containers.engine run [--root DIR] [--optional] -- COMMAND...
    python -m containers.engine start|stop [--root DIR]

`run` gives COMMAND a DOCKER_HOST and ends the engine with it. Where an engine already answers (by
DOCKER_HOST or at the usual socket), `run` uses that one and starts nothing. The private engine has
no bridge and touches no firewall rule: containers of truewheel have no network anyway. Several
processes may share one root; the last to leave ends the engine. Standard library only.
"""

import argparse
import contextlib
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

DEFAULT_ROOT = Path(".truewheel/engine")
USUAL_SOCKET = "/var/run/docker.sock"
ANSWER_SECONDS = 3.0
START_SECONDS = 60.0
STOP_SECONDS = 40.0

_children: dict[int, subprocess.Popen[bytes]] = {}
"""The engines that this process started, to be reaped by it."""


class EngineError(Exception):
    """The engine cannot be started."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A started engine, as `engine.json` below its root remembers it."""

    pid: int
    runtime: str
    kept: bool

    @property
    def socket(self) -> str:
        """Return the path of its API socket."""
        return f"{self.runtime}/docker.sock"

    @property
    def host(self) -> str:
        """Return its DOCKER_HOST."""
        return f"unix://{self.socket}"


@contextlib.contextmanager
def engine(root: Path = DEFAULT_ROOT) -> Iterator[str | None]:
    """Give an engine for the length of a block: its DOCKER_HOST, None for the usual socket.

    Raises:
        EngineError: no engine answers and none can be started.
    """
    chosen = os.environ.get("DOCKER_HOST")
    if chosen:
        yield chosen
    elif answers(USUAL_SOCKET):
        yield None
    else:
        with private_engine(root) as host:
            yield host


@contextlib.contextmanager
def private_engine(root: Path) -> Iterator[str]:
    """Share the engine of a root directory, started if needed and ended by its last user."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "users.lock").open("w") as users:
        with _exclusively(root):
            fcntl.flock(users, fcntl.LOCK_SH)
            running = _alive(root) or _start(root, kept=False)
        try:
            yield running.host
        finally:
            with _exclusively(root):
                _leave(root, users.fileno())


def start(root: Path) -> str:
    """Start an engine that stays until `stop`, and return its DOCKER_HOST."""
    root.mkdir(parents=True, exist_ok=True)
    with _exclusively(root):
        running = _alive(root) or _start(root, kept=True)
        _remember(root, Running(pid=running.pid, runtime=running.runtime, kept=True))
        return running.host


def stop(root: Path) -> bool:
    """End the engine of a root directory; tells whether there was one."""
    if not root.is_dir():
        return False
    with _exclusively(root):
        running = _recall(root)
        if running is None:
            return False
        _end(root, running)
        return True


def answers(path: str) -> bool:
    """Tell whether an engine answers at a Unix socket."""
    connection = http.client.HTTPConnection("localhost", timeout=ANSWER_SECONDS)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as channel:
        channel.settimeout(ANSWER_SECONDS)
        try:
            channel.connect(path)
            connection.sock = channel
            connection.request("GET", "/_ping")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False


@contextlib.contextmanager
def _exclusively(root: Path) -> Iterator[None]:
    with (root / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _leave(root: Path, users: int) -> None:
    running = _recall(root)
    if running is None or running.kept:
        return
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody else still uses it, and ends it then
    _end(root, running)


def _start(root: Path, *, kept: bool) -> Running:
    daemon = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if daemon is None:
        raise EngineError("dockerd is not installed: apt install docker.io (Debian, Ubuntu)")
    if os.geteuid() != 0:
        raise EngineError("a private engine needs root; use rootless Docker or Podman instead")
    # Sockets live in a short path: their names are limited to 107 bytes (unix(7)).
    runtime = tempfile.mkdtemp(prefix="truewheel-engine-")
    with (root / "engine.log").open("ab") as log:
        process = subprocess.Popen(
            _daemon_command(daemon, root, runtime),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _children[process.pid] = process
    running = Running(pid=process.pid, runtime=runtime, kept=kept)
    _remember(root, running)
    try:
        _await_answer(root, running, process)
    except BaseException:
        _end(root, running)
        raise
    return running


def _daemon_command(daemon: str, root: Path, runtime: str) -> list[str]:
    return [
        daemon,
        *("--data-root", str((root / "data").resolve())),
        *("--exec-root", f"{runtime}/exec", "--pidfile", f"{runtime}/docker.pid"),
        *("--host", f"unix://{runtime}/docker.sock"),
        *("--bridge=none", "--iptables=false", "--ip6tables=false"),
    ]


def _await_answer(root: Path, running: Running, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(running.socket):
        if process.poll() is not None or time.monotonic() > deadline:
            raise EngineError(f"dockerd did not start; {root / 'engine.log'} says why")
        time.sleep(0.1)


def _end(root: Path, running: Running) -> None:
    """End dockerd, then what it left: its containerd and its runtime directory."""
    containerd = Path(running.runtime) / "exec/containerd/containerd.pid"
    child = int(containerd.read_text()) if containerd.is_file() else None
    _end_process(running.pid, "dockerd")
    if child is not None:
        _end_process(child, "containerd")
    (root / "engine.json").unlink(missing_ok=True)
    _unmount_below(running.runtime)
    shutil.rmtree(running.runtime, ignore_errors=True)


def _unmount_below(directory: str) -> None:
    """Unmount what dockerd keeps mounted, e.g. the host's network once a container used it."""
    tool = shutil.which("umount", path="/usr/bin:/bin")
    mounts = [line.split(" ")[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{directory}/")), reverse=True):
        if tool is not None:
            subprocess.run([tool, mount], check=False, stderr=subprocess.DEVNULL)


def _end_process(pid: int, name: str) -> None:
    """End a process by its id, provided that it still is the program of that name."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _is_program(pid, name):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        _await_end(pid)


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        child = _children.get(pid)
        if child is not None and child.poll() is not None:
            del _children[pid]
        if not _lives(pid):
            return
        time.sleep(0.05)


def _is_program(pid: int, name: str) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == name and _lives(pid)
    except OSError:
        return False


def _lives(pid: int) -> bool:
    """Tell whether there is a process that has not ended; who started it may be slow to reap it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _alive(root: Path) -> Running | None:
    """Return the engine of a root if it answers; one that does not is cleared away."""
    running = _recall(root)
    if running is None or _answers_in_time(running):
        return running
    _end(root, running)
    return None


def _answers_in_time(running: Running) -> bool:
    """Tell whether an engine answers that others may be using, and that may be busy with that."""
    deadline = time.monotonic() + START_SECONDS
    while _is_program(running.pid, "dockerd") and time.monotonic() < deadline:
        if answers(running.socket):
            return True
        time.sleep(0.1)
    return False


def _recall(root: Path) -> Running | None:
    try:
        return Running(**json.loads((root / "engine.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _remember(root: Path, running: Running) -> None:
    (root / "engine.json").write_text(json.dumps(asdict(running)) + "\n")


def _run(root: Path, command: list[str], *, optional: bool) -> int:
    """Run a command with an engine; where it is optional, without one if none can be started."""
    with contextlib.ExitStack() as stack:
        try:
            host = stack.enter_context(engine(root))
        except EngineError as error:
            if not optional:
                raise
            sys.stderr.write(f"engine: {error}; going on without one\n")
            host = None
        environment = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
        return _wait_for(command, environment)


def _wait_for(command: list[str], environment: dict[str, str]) -> int:
    """Run a command; a signal that ends us reaches it first."""
    with subprocess.Popen(command, env=environment) as child:
        try:
            return child.wait()
        except BaseException:
            child.terminate()
            raise


def _leave_by_exception(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return the options, and the command after the first double dash."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    command = arguments[end + 1 :]
    parser = argparse.ArgumentParser(prog="python -m containers.engine", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("action", choices=("run", "start", "stop"))
    parser.add_argument("--root", type=Path, default=DEFAULT_ROOT, help="where its data is kept")
    parser.add_argument("--optional", action="store_true", help="run even without an engine")
    options = parser.parse_args(arguments[:end])
    if bool(command) != (options.action == "run"):
        parser.error("run takes a command after --, start and stop take none")
    return options, command


def main(arguments: list[str] | None = None) -> int:
    """Run the helper; returns the exit status of the command, or 4 where the engine failed."""
    options, command = _parse(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, _leave_by_exception)
    try:
        if options.action == "run":
            return _run(options.root, command, optional=options.optional)
        if options.action == "start":
            sys.stdout.write(f"export DOCKER_HOST={start(options.root)}\n")
            return 0
        return 0 if stop(options.root) else 1
    except EngineError as error:
        sys.stderr.write(f"engine: {error}\n")
        return 4
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
