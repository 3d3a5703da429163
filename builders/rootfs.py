"""Makes the root file system of an image with mmdebstrap: no engine and no registry needed."""

import os
import re
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from builders.definition import Definition
from builders.sandbox.bwrap_command import ETC
from builders.sandbox.interface import Interpreter, SandboxFault
from verify.events import Listener, Note, Notice

EPOCH = "1704067200"
"""2024-01-01: every timestamp in the archive; only has to be fixed and past."""

TOOL = "mmdebstrap"
INSTALL_HINT = "apt install mmdebstrap (Debian, Ubuntu) or dnf install mmdebstrap (Fedora)"
LEFTOVERS = (
    "etc/machine-id",
    "etc/resolv.conf",
    "var/cache/apt",
    "var/cache/ldconfig/aux-cache",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
)
PATCHLEVEL = re.compile(r"(?:\./)?usr/include/python(\d+)\.(\d+)/patchlevel\.h")
PATCHLEVEL_VERSION = re.compile(rb'#define\s+PY_VERSION\s+"(\d+\.\d+\.\d+)')


def archive_path(definition: Definition, cache_root: Path) -> Path:
    """Return where the archive of a definition's root is kept once it is made."""
    return cache_root / "images" / f"{definition.digest}.tar"


def root_archive(definition: Definition, *, cache_root: Path, listener: Listener) -> Path:
    """Return the tar archive of a definition's root, made unless it is cached.

    Raises:
        SandboxFault: mmdebstrap is missing or failed.
    """
    archive = archive_path(definition, cache_root)
    if archive.is_file():
        return archive
    what = f"the root file system of {definition.reference}"
    listener(Notice(message=f"building {what} from Debian packages, once: about a minute"))
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_suffix(f".{os.getpid()}.part.tar")
    try:
        _run(_command(definition, partial), listener)
        partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)
    return archive


def archived_interpreters(archive: Path) -> tuple[Interpreter, ...]:
    """Return the interpreters that a root archive brings, read from their headers."""
    found = []
    with tarfile.open(archive) as tar:
        for member in tar:
            match = PATCHLEVEL.fullmatch(member.name)
            content = tar.extractfile(member) if match else None
            release = PATCHLEVEL_VERSION.search(content.read()) if content else None
            if match and release:
                version = int(match[1]), int(match[2])
                found.append(
                    Interpreter(
                        version=version,
                        release=release[1].decode(),
                        executable=PurePosixPath(f"/usr/bin/python{version[0]}.{version[1]}"),
                        headers=True,
                    )
                )
    return tuple(sorted(found, key=lambda python: python.version, reverse=True))


def _command(definition: Definition, target: Path) -> list[str]:
    tool = shutil.which(TOOL)
    if tool is None:
        raise SandboxFault(f"{TOOL} is not installed", hint=INSTALL_HINT)
    return [
        tool,
        "--variant=minbase",
        "--format=tar",
        f"--include={','.join(definition.packages)}",
        *(f"--customize-hook={hook}" for hook in _hooks(definition)),
        definition.suite,
        str(target),
    ]


def _hooks(definition: Definition) -> Iterator[str]:
    """Return shell commands that mmdebstrap runs with the root as `$1`."""
    removed = " ".join(f'"$1/{path}"' for path in LEFTOVERS)
    made = " ".join(f'"$1/{path}"' for path in definition.directories)
    yield f"rm -rf {removed}"
    yield f"mkdir -p {made}"
    # runc gives the tmpfs over a directory that directory's mode, whatever the mount asks for.
    yield 'chmod 0777 "$1/build"'
    for name, content in ETC.items():
        yield f'printf %s {shlex.quote(content.decode())} > "$1/etc/{name}"'
    yield 'find "$1" -xdev -type f -perm /6000 -exec chmod a-s {} +'


def _run(command: list[str], listener: Listener) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "LC_ALL": "C.UTF-8"}
    last: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stderr or ():
                last = [*last[-9:], line.rstrip()]
                if line.startswith("I: "):
                    listener(Note(message=f"mmdebstrap: {line[3:].rstrip()}"))
        except BaseException:
            process.terminate()  # its own handler unmounts and removes what it made
            raise
    if process.returncode:
        raise SandboxFault(
            f"mmdebstrap failed: {' | '.join(last)}",
            hint="it needs a reachable Debian mirror, and root or user namespaces",
        )
