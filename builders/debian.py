"""Makes tar archives of Debian packages with mmdebstrap: no engine and no registry needed."""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterable
from pathlib import Path

from builders.definition import Packaged
from builders.sandbox.interface import SandboxFault
from builders.store import DRAFT_PREFIX, Store, storing, sweep
from verify.events import Listener, Note

EPOCH = "1704067200"
"""2024-01-01: every timestamp in the archive; only has to be fixed and past."""

KIND = "images"
TOOL = "mmdebstrap"
INSTALL_HINT = "apt install mmdebstrap (Debian, Ubuntu) or dnf install mmdebstrap (Fedora)"


def archive_path(packaged: Packaged, cache_root: Path) -> Path:
    """Return where the archive of a definition is kept once it is made."""
    return cache_root / KIND / f"{packaged.digest}.tar"


def make_archive(
    packaged: Packaged, *, options: Iterable[str], cache_root: Path, listener: Listener
) -> Path:
    """Return the tar archive of a definition, made by mmdebstrap with these options.

    It appears whole or not at all; whoever else makes the same one meanwhile does no harm.

    Raises:
        SandboxFault: mmdebstrap is missing or failed.
        StoreError: the cache cannot be written.
    """
    tool = shutil.which(TOOL)
    if tool is None:
        raise SandboxFault(f"{TOOL} is not installed", hint=INSTALL_HINT)
    archive = archive_path(packaged, cache_root)
    folder = Store(cache_root).folder(KIND)
    sweep(folder)
    draft = folder / f"{DRAFT_PREFIX}{uuid.uuid4().hex}.tar"
    include = f"--include={','.join(packaged.packages)}"
    try:
        _run([tool, "--format=tar", include, *options, packaged.suite, str(draft)], listener)
        with storing(folder):
            draft.replace(archive)
    finally:
        draft.unlink(missing_ok=True)
    return archive


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
