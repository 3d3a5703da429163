"""A scheduler of dask's and workers, each a process of its own on loopback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.command import COMMAND
from tests.support.ports import free_port

READY_SECONDS = 180
REPLAY = (sys.executable, "-m", "benchmarks.replay")
SCHEDULER = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1")
ROOT = Path(__file__).resolve().parents[2]


def _processor_seconds(pid: int) -> float:
    """Fields 14 and 15 of proc(5)'s stat, after the name, which may hold spaces."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class DaskCluster:
    """A scheduler, which may be ended and started again, and its workers by name.

    Args:
        folder: for what they say.
        protocol: `tcp`, or `tls` with the certificates that `environ` names.
        environ: of all of them, besides this process'.
    """

    def __init__(
        self, folder: Path, protocol: str = "tcp", environ: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.address = f"{protocol}://127.0.0.1:{free_port()}"
        self.environ = dict(environ or {})
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.scheduler: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start_scheduler()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.workers.values():
            worker.terminate()
        for worker in self.workers.values():
            with suppress(subprocess.TimeoutExpired):
                worker.wait(READY_SECONDS)
            worker.kill()
            worker.wait()
        self.end_scheduler()

    def start_scheduler(self) -> None:
        protocol, _, port = self.address.split(":")
        fixed = ("--protocol", protocol, "--port", port, "--dashboard-address", "127.0.0.1:0")
        self.scheduler = self._start("scheduler", *SCHEDULER, *fixed)
        self.wait_for("scheduler", "Scheduler at:")

    def end_scheduler(self) -> None:
        """At once, as by a machine that fails."""
        if self.scheduler is not None:
            self.scheduler.kill()
            self.scheduler.wait()

    def replay(self, name: str, *arguments: str) -> None:
        """A worker that replays."""
        fixed = (self.address, "--name", name, "--log", str(self.log))
        self.workers[name] = self._start(name, *REPLAY, *fixed, *arguments)

    def work(self, name: str, *arguments: str | Path) -> None:
        """A worker that judges."""
        fixed = ("worker", self.address, "--name", name)
        self.workers[name] = self._start(name, *COMMAND, *fixed, *map(str, arguments))

    def wait_for_workers(self) -> None:
        for name in self.workers:
            self.wait_for(name, "at work for")

    def kill(self, name: str) -> None:
        worker = self.workers.pop(name)
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def evict(self, name: str) -> int:
        """As Kubernetes does; gives the exit code."""
        worker = self.workers.pop(name)
        worker.terminate()
        return worker.wait(READY_SECONDS)

    def processor_seconds(self) -> tuple[float, float]:
        """Of the scheduler, and of all workers together."""
        assert self.scheduler is not None
        workers = sum(_processor_seconds(worker.pid) for worker in self.workers.values())
        return _processor_seconds(self.scheduler.pid), workers

    @property
    def log(self) -> Path:
        """What workers that replay note: name, `begins`, `ends` or `stops`, project."""
        return self.folder / "replayed.log"

    def noted(self) -> list[tuple[str, str, str]]:
        if not self.log.exists():
            return []
        lines = (line.split() for line in self.log.read_text("utf-8").splitlines())
        return [(worker, what, project) for worker, what, project in lines]

    def wait_until_noted(self, what: str, project: str, times: int = 1) -> str:
        """The worker that notes it, for the last of so many times."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            found = [worker for worker, *rest in self.noted() if rest == [what, project]]
            if len(found) >= times:
                return found[times - 1]
            time.sleep(0.02)
        raise AssertionError(f"nobody noted that {project} {what}: {self.noted()}")

    def wait_for(self, name: str, text: str) -> None:
        path, deadline = self._output(name), time.monotonic() + READY_SECONDS
        while text not in path.read_text("utf-8", errors="replace"):
            assert time.monotonic() < deadline, path.read_text("utf-8", errors="replace")
            time.sleep(0.02)

    def _output(self, name: str) -> Path:
        return self.folder / f"{name}.txt"

    def _start(self, name: str, *command: str) -> "subprocess.Popen[bytes]":
        with self._output(name).open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env={
                    **os.environ,
                    "PIP_CONFIG_FILE": os.devnull,
                    "UV_NO_CONFIG": "1",
                    **self.environ,
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
