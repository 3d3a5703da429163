"""Chooses the sandbox: the one that was asked for by name, else the best that really works."""

import io
import tempfile
from pathlib import Path, PurePosixPath
from typing import Protocol

from builders.definition import definition
from builders.interpreters import host_interpreters
from builders.sandbox.bubblewrap import INSTALL_HINT as BWRAP_HINT
from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.sandbox.engine_hosts import answering_host
from builders.sandbox.interface import (
    Interpreter,
    Job,
    Limits,
    Mount,
    NoSandboxError,
    Sandbox,
    SandboxFault,
)
from builders.sandbox.unsafe_host import UnsafeHostSandbox
from builders.sandbox.verified import is_verified, verified
from verify.events import Listener, Note

AUTO, DOCKER, BUBBLEWRAP, UNSAFE_HOST = "auto", "docker", "bubblewrap", "unsafe-host"
CHOICES = (AUTO, DOCKER, BUBBLEWRAP, UNSAFE_HOST)
PROBE_LIMITS = Limits(wall_seconds=30.0)
PROBE = b"truewheel"
ENGINE_HINT = (
    "a container engine by apt install docker.io mmdebstrap (Debian, Ubuntu)"
    " or dnf install moby-engine mmdebstrap (Fedora)"
)


class _Opener(Protocol):
    def __call__(self, cache_root: Path, listener: Listener, /) -> Sandbox: ...


def open_sandbox(choice: str, *, cache_root: Path, listener: Listener) -> Sandbox:
    """Return a sandbox that has run a probe, now or when an earlier start tried its interpreters.

    `auto` takes the container engine, else bubblewrap, and never `unsafe-host`.

    Raises:
        NoSandboxError: the choice, or with `auto` every sandbox, is unusable here; the hint says
            what to install.
        SandboxFault: the choice is none of `CHOICES`.
    """
    openers: dict[str, _Opener] = {
        DOCKER: _open_docker,
        BUBBLEWRAP: _open_bubblewrap,
        UNSAFE_HOST: _open_unsafe_host,
        AUTO: _open_best,
    }
    if choice not in openers:
        raise SandboxFault(f"there is no sandbox {choice!r}", hint=f"one of {', '.join(CHOICES)}")
    return openers[choice](cache_root, listener)


def _open_best(cache_root: Path, listener: Listener) -> Sandbox:
    failures = []
    for opener in (_open_docker, _open_bubblewrap):
        try:
            return opener(cache_root, listener)
        except SandboxFault as error:
            failures.append(error.message)
            listener(Note(message=error.message))
    raise NoSandboxError(
        f"no sandbox works here: {'; '.join(failures)}", hint=f"{BWRAP_HINT}; or {ENGINE_HINT}"
    )


def _open_docker(cache_root: Path, listener: Listener) -> Sandbox:
    answering_host()  # before the SDK is imported, which takes a tenth of a second
    from builders.images import build_image  # noqa: PLC0415 - see above
    from builders.sandbox.docker import DockerSandbox  # noqa: PLC0415 - see above
    from builders.sandbox.docker_client import connect  # noqa: PLC0415 - see above
    from builders.sandbox.docker_owner import reap  # noqa: PLC0415 - see above

    client = connect()
    image = build_image(client, definition(), cache_root=cache_root, listener=listener)
    reap(client)
    bare = DockerSandbox(client=client, image_id=image.image_id)
    mounted = [python for python in host_interpreters(cache_root) if python.mounts]
    candidates = _distinct([*mounted, *image.interpreters])
    if not is_verified(bare, candidates, cache_root):
        probe(bare)
    available = verified(bare, candidates, cache_root)
    return DockerSandbox(client=client, image_id=image.image_id, available=available)


def _open_bubblewrap(cache_root: Path, _listener: Listener) -> Sandbox:
    bare = BubblewrapSandbox()
    candidates = host_interpreters(cache_root)
    if not is_verified(bare, candidates, cache_root):
        try:
            probe(bare)
        except SandboxFault as error:
            raise NoSandboxError(error.message, hint=USER_NAMESPACES_HINT) from error
    available = verified(bare, candidates, cache_root)
    return BubblewrapSandbox(available=available)


def _open_unsafe_host(cache_root: Path, listener: Listener) -> Sandbox:
    listener(Note(message="unsafe-host confines nothing: builds run as you, with your files"))
    return UnsafeHostSandbox(available=host_interpreters(cache_root))


USER_NAMESPACES_HINT = (
    "as an ordinary user bubblewrap needs user namespaces:"
    " sysctl kernel.unprivileged_userns_clone=1 (Debian),"
    " sysctl kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile for bwrap"
    " (Ubuntu 24.04 and later), sysctl user.max_user_namespaces=10000 (others)"
)


def probe(sandbox: Sandbox) -> None:
    """Run a job that reads a mounted file, which also shows that the engine sees our files.

    Raises:
        SandboxFault: it did not come back with the file's content.
    """
    with tempfile.TemporaryDirectory(prefix="truewheel-probe-") as directory:
        file = Path(directory) / "probe"
        file.write_bytes(PROBE)
        file.chmod(0o644)
        mount = Mount(source=file, target=PurePosixPath("/source/probe"))
        output = io.BytesIO()
        job = Job(argv=("/bin/cat", str(mount.target)), mounts=(mount,), limits=PROBE_LIMITS)
        outcome = sandbox.run(job, output)
    if output.getvalue() != PROBE:
        reason = outcome.log.strip() or f"exit code {outcome.exit_code}"
        raise SandboxFault(f"the {sandbox.name} sandbox cannot read a mounted file: {reason}")


def _distinct(interpreters: list[Interpreter]) -> list[Interpreter]:
    """Drop later interpreters of the same place; different places are tried side by side."""
    return list({python.executable: python for python in reversed(interpreters)}.values())[::-1]
