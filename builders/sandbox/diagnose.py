"""Says what of a machine can hold a sandbox, what cannot, and what to do about it."""

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker

from builders.debian import INSTALL_HINT as MMDEBSTRAP_HINT
from builders.debian import TOOL
from builders.definition import definition
from builders.images import find_image, list_images
from builders.interpreters import host_interpreters
from builders.sandbox.bubblewrap import INSTALL_HINT as BWRAP_HINT
from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.sandbox.docker_client import connect
from builders.sandbox.interface import NoSandboxError, SandboxFault
from builders.sandbox.select import USER_NAMESPACES_HINT, probe

ENOUGH_BYTES = 4 * 1024**3
BUILD_COMMAND = "truewheel images build"
USER_NAMESPACE_SETTINGS = {
    # file below /proc/sys: the value that forbids them
    "kernel/unprivileged_userns_clone": "0",
    "kernel/apparmor_restrict_unprivileged_userns": "1",
    "user/max_user_namespaces": "0",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One fact about this machine.

    Attributes:
        name: short and stable.
        ok: whether it is as it should be.
        detail: what was found.
        fix: the exact command or sentence that helps; empty when ok.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""


def diagnose(*, cache_root: Path) -> tuple[Check, ...]:
    """Return every check, in a fixed order; what fails is a check that is not ok."""
    return (
        *_container_engine(),
        _mmdebstrap(),
        *_bubblewrap(),
        _interpreters(cache_root),
        *check_cache(cache_root),
    )


def _container_engine() -> Iterator[Check]:
    try:
        client = connect()
    except NoSandboxError as error:
        yield Check(name="engine", ok=False, detail=error.message, fix=error.hint or "")
        return
    yield Check(name="engine", ok=True, detail=f"answers at {client.api.base_url}")
    yield _image(client)


def _image(client: docker.DockerClient) -> Check:
    wanted = definition()
    try:
        found = find_image(client, wanted)
        listed = list_images(client) if found is None else ()
    except SandboxFault as error:
        return Check(name="image", ok=False, detail=error.message, fix="restart the engine")
    if found is not None:
        return Check(name="image", ok=True, detail=f"{found.reference} ({found.image_id})")
    detail = f"{wanted.reference} is missing"
    others = [image.reference for image in listed if not image.current]
    if others:
        detail += f"; outdated: {', '.join(others)}"
    return Check(name="image", ok=False, detail=detail, fix=BUILD_COMMAND)


def _mmdebstrap() -> Check:
    tool = shutil.which(TOOL)
    if tool:
        return Check(name=TOOL, ok=True, detail=tool)
    return Check(name=TOOL, ok=False, detail="not installed", fix=MMDEBSTRAP_HINT)


def _bubblewrap() -> Iterator[Check]:
    try:
        sandbox = BubblewrapSandbox()
    except NoSandboxError as error:
        yield Check(name="bubblewrap", ok=False, detail=error.message, fix=BWRAP_HINT)
        return
    if os.geteuid() != 0:
        yield _user_namespaces()
    try:
        probe(sandbox)
    except SandboxFault as error:
        fix = error.hint or USER_NAMESPACES_HINT
        yield Check(name="bubblewrap", ok=False, detail=error.message, fix=fix)
    else:
        yield Check(name="bubblewrap", ok=True, detail=f"{sandbox.command.executable} ran a job")


def _user_namespaces() -> Check:
    forbidding = [
        name.replace("/", ".")
        for name, value in USER_NAMESPACE_SETTINGS.items()
        if _setting(name) == value
    ]
    if not forbidding:
        return Check(name="user-namespaces", ok=True, detail="not restricted")
    detail = f"restricted by {', '.join(forbidding)}"
    return Check(name="user-namespaces", ok=False, detail=detail, fix=USER_NAMESPACES_HINT)


def _setting(name: str) -> str:
    try:
        return (Path("/proc/sys") / name).read_text("ascii").strip()
    except OSError:
        return ""


def _interpreters(cache_root: Path) -> Check:
    found = host_interpreters(cache_root)
    names = ", ".join(python.release for python in found)
    if found:
        return Check(name="interpreters", ok=True, detail=names)
    fix = "install one or more: uv python install 3.12, pyenv install 3.12, apt install python3-dev"
    return Check(name="interpreters", ok=False, detail="no CPython found", fix=fix)


def check_cache(cache_root: Path) -> Iterator[Check]:
    """Return whether what is made can be kept, and whether there is room."""
    try:
        cache_root.mkdir(parents=True, exist_ok=True)
        probe_file = cache_root / f".probe-{os.getpid()}"
        probe_file.write_bytes(b"")
        probe_file.unlink()
        free = shutil.disk_usage(cache_root).free
    except OSError as error:
        detail = f"{cache_root} is not writable on {platform.node()}: {error.strerror}"
        yield Check(name="cache", ok=False, detail=detail, fix=f"chown or chmod {cache_root}")
        return
    yield Check(name="cache", ok=True, detail=f"{cache_root} is writable")
    enough = free >= ENOUGH_BYTES
    fix = "" if enough else f"free {ENOUGH_BYTES // 1024**3} GiB on the disk of {cache_root}"
    yield Check(name="disk", ok=enough, detail=f"{free // 1024**2} MiB free", fix=fix)
