"""The container sandbox: a Docker engine, or a Podman that answers the same API."""

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import docker
import docker.errors

from builders.sandbox.capture import Capture
from builders.sandbox.docker_client import ENGINE_ERRORS, is_podman
from builders.sandbox.docker_config import ContainerConfig
from builders.sandbox.docker_owner import OWNER_LABEL, owner
from builders.sandbox.docker_streams import Demultiplexer, follow
from builders.sandbox.interface import Ending, Interpreter, Job, Outcome, SandboxFault
from verify.interrupts import uninterrupted

LOOK_SECONDS = 1.0
END_SECONDS = 30
LATE_SECONDS = 3.0
"""How long a busy engine may take to say what a container was killed for, once it has ended."""
_KILLED = 137


@dataclass(frozen=True, kw_only=True, slots=True)
class DockerSandbox:
    """Runs each job in a container of its own, made from one image and removed afterwards.

    Attributes:
        client: of an engine on this machine.
        image_id: `sha256:...` of an image that `builders.images` made.
        available: the interpreters to offer, newest first.
        config: what the engine is asked for.
    """

    client: docker.DockerClient
    image_id: str
    available: Sequence[Interpreter] = ()
    config: ContainerConfig = field(default_factory=ContainerConfig)

    @property
    def name(self) -> str:
        """Return the name that recipes record."""
        return "docker"

    @property
    def image(self) -> str | None:
        """Return the image's digest."""
        return self.image_id

    def interpreters(self) -> tuple[Interpreter, ...]:
        """Return the interpreters available inside, newest first."""
        return tuple(self.available)

    def run(self, job: Job, output: BinaryIO) -> Outcome:
        """Run a job to its end (see `Sandbox.run`).

        Raises:
            SandboxFault: the engine failed, or a mount cannot be made.
        """
        begin = time.monotonic()
        capture = Capture(output=output, limits=job.limits)
        try:
            ending, exit_code = self._run(job, capture, begin + job.limits.wall_seconds)
        except (*ENGINE_ERRORS, OSError) as error:
            raise SandboxFault(
                f"the container engine failed: {error}", hint=_hint(error)
            ) from error
        seconds = time.monotonic() - begin
        return Outcome(ending=ending, exit_code=exit_code, log=capture.log(), seconds=seconds)

    def _run(self, job: Job, capture: Capture, deadline: float) -> tuple[Ending, int | None]:
        with self._container(job) as container:
            meter = _ContainerMeter(client=self.client, container=container)
            with self._attached(container) as connection:
                self.client.api.start(container)
                take = Demultiplexer(capture=capture).feed
                ending = follow(connection, take, deadline, meter)
            if ending is not None:
                return ending, None
            exit_code = int(self.client.api.wait(container, timeout=END_SECONDS)["StatusCode"])
            if meter.out_of_memory(killed=exit_code == _KILLED):
                return Ending.MEMORY, None
            return Ending.EXITED, exit_code

    @contextlib.contextmanager
    def _container(self, job: Job) -> Iterator[str]:
        """Create a container; whatever happens, it is gone at the end of the block."""
        host_config = self.client.api.create_host_config(
            **self.config.host(job, copies_up=is_podman(self.client))
        )
        with contextlib.ExitStack() as stack:
            with uninterrupted():
                container: str = self.client.api.create_container(
                    self.image_id,
                    entrypoint=[],
                    command=self.config.command(job),
                    host_config=host_config,
                    labels={OWNER_LABEL: owner()},
                    **self.config.container(),
                )["Id"]
                stack.callback(self._remove, container)
            yield container

    def _remove(self, container: str) -> None:
        with uninterrupted(), contextlib.suppress(docker.errors.NotFound):
            self.client.api.remove_container(container, force=True, v=True)

    @contextlib.contextmanager
    def _attached(self, container: str) -> Iterator[socket.socket]:
        stream = self.client.api.attach_socket(
            container, params={"stdout": 1, "stderr": 1, "stream": 1}
        )
        # The SDK hands out what is below the HTTP response, which only the response can close, and
        # over Unix sockets a SocketIO around the socket, which has no time limit.
        with contextlib.closing(getattr(stream, "_response", stream)):
            yield getattr(stream, "_sock", stream)


@dataclass(kw_only=True, slots=True)
class _ContainerMeter:
    """Asks the engine now and then whether the kernel had to enforce a bound.

    The kernel itself enforces both; this only ends a tree that lives on after it, e.g. with the
    parent of a process that was killed for its memory.
    """

    client: docker.DockerClient
    container: str
    _begin: float = field(default_factory=time.time)
    _next: float = field(default_factory=lambda: time.monotonic() + LOOK_SECONDS)

    def broken(self) -> Ending | None:
        """Return the bound that the container broke, as far as the engine tells."""
        if time.monotonic() < self._next:
            return None
        self._next = time.monotonic() + LOOK_SECONDS
        if self._has_lost_a_process():
            return Ending.MEMORY
        return Ending.PROCESSES if self._is_crowded() else None

    def out_of_memory(self, *, killed: bool) -> bool:
        """Tell whether the kernel killed a process of the ended container for its memory.

        The engine hears of that and of the end on two ways, in any order: where the container's
        first process was killed, by whomever, the other word is waited for.
        """
        state = self.client.api.inspect_container(self.container)["State"]
        if state["OOMKilled"]:
            return True
        end = time.monotonic() + LATE_SECONDS
        while killed and time.monotonic() < end:
            if self._has_lost_a_process():
                return True
            time.sleep(LOOK_SECONDS / 4)
        return False

    def _has_lost_a_process(self) -> bool:
        """Tell the same of a container whose state does not say it yet."""
        events = self.client.api.events(
            since=int(self._begin),
            until=int(time.time()),  # past already, so the engine answers at once
            filters={"container": self.container, "event": "oom"},
        )
        return bool(list(events))

    def _is_crowded(self) -> bool:
        stats = self.client.api.stats(self.container, stream=False, one_shot=True)
        pids = stats.get("pids_stats") or {}
        return bool(pids.get("limit")) and pids.get("current", 0) >= pids["limit"]


def _hint(error: Exception) -> str | None:
    """Say what is behind the one refusal that people meet: an engine that sees other files."""
    if "bind source path does not exist" in str(error):
        return (
            "the engine does not see this machine's files: it runs elsewhere, or shares only some"
            " directories; use a local engine or --sandbox bubblewrap"
        )
    return None
