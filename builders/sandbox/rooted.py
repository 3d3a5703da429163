"""Opens a sandbox whose root file system is a certain image, whatever the kind of sandbox."""

from dataclasses import dataclass
from pathlib import Path

from builders.debian import archive_path
from builders.definition import Definition
from builders.root_tree import build_root, find_root
from builders.sandbox.bubblewrap import BubblewrapSandbox, host_command
from builders.sandbox.engine_hosts import answering_host
from builders.sandbox.interface import NoSandboxError, Sandbox, SandboxFault
from builders.sandbox.select import AUTO, BUBBLEWRAP, DOCKER, probe
from verify.events import Listener, Note

REAL = {AUTO: (DOCKER, BUBBLEWRAP), DOCKER: (DOCKER,), BUBBLEWRAP: (BUBBLEWRAP,)}
"""The kinds to try for each choice; nothing here ever runs unconfined."""


def open_rooted(
    choice: str, image: Definition, *, cache_root: Path, listener: Listener, offline: bool = False
) -> Sandbox:
    """Return a sandbox that has just run a probe in this image, which is made if need be.

    It offers no interpreters: what its jobs run is part of the image.

    Raises:
        NoSandboxError: no sandbox of the choice works here, or it is none that confines.
        SandboxFault: the image cannot be made, or may not be because of `offline`.
    """
    if choice not in REAL:
        raise NoSandboxError(
            f"{choice} confines nothing, and {image.name} runs on hostile files",
            hint="use --sandbox docker or --sandbox bubblewrap",
        )
    opening = _Opening(image=image, cache_root=cache_root, listener=listener, offline=offline)
    failures = []
    for kind in REAL[choice]:
        try:
            sandbox = opening.docker() if kind == DOCKER else opening.bubblewrap()
            probe(sandbox)
        except SandboxFault as error:
            failures.append(error)
            listener(Note(message=error.message))
        else:
            return sandbox
    if len(failures) == 1:
        raise failures[0]
    raise NoSandboxError(
        "; ".join(error.message for error in failures),
        hint="; or ".join(error.hint for error in failures if error.hint) or None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opening:
    image: Definition
    cache_root: Path
    listener: Listener
    offline: bool

    def docker(self) -> Sandbox:
        answering_host()  # before the SDK is imported, which takes a tenth of a second
        from builders.images import build_image, find_image  # noqa: PLC0415 - see above
        from builders.sandbox.docker import DockerSandbox  # noqa: PLC0415 - see above
        from builders.sandbox.docker_client import connect  # noqa: PLC0415 - see above
        from builders.sandbox.docker_owner import reap  # noqa: PLC0415 - see above

        client = connect()
        if find_image(client, self.image) is None:
            self._refuse_fetching()
        built = build_image(client, self.image, cache_root=self.cache_root, listener=self.listener)
        reap(client)
        return DockerSandbox(client=client, image_id=built.image_id)

    def bubblewrap(self) -> Sandbox:
        host_command()  # before anything is made for a sandbox that is not there
        if find_root(self.image, self.cache_root) is None:
            self._refuse_fetching()
        built = build_root(self.image, cache_root=self.cache_root, listener=self.listener)
        return BubblewrapSandbox(command=host_command(built.root))

    def _refuse_fetching(self) -> None:
        if self.offline and not archive_path(self.image, self.cache_root).is_file():
            raise SandboxFault(
                f"{self.image.reference} is not made yet, which takes the network",
                hint=f"run this once: truewheel images build {self.image.name}",
            )
