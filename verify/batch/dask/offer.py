"""What this machine offers to a batch elsewhere: found out as `truewheel doctor` does."""

import platform
import shutil
from pathlib import Path

from builders.debian import TOOL
from builders.sandbox.diagnose import check_cache
from builders.sandbox.interface import NoSandboxError
from builders.sandbox.select import open_sandbox
from builders.toolchains import list_toolchains
from verify.batch.dask.machines import Machine
from verify.events import Listener
from verify.ledger.rules import rules_version


def offer(*, sandbox: str, cache_root: Path, places: int, listener: Listener) -> Machine:
    """This machine as a worker; its sandbox has run a job, and its image is built.

    Raises:
        SandboxFault: no sandbox works here, or its results cannot be kept.
        LedgerFault: truewheel cannot tell its own version.
    """
    for check in check_cache(cache_root):
        if not check.ok:
            raise NoSandboxError(f"{check.name}: {check.detail}", hint=check.fix)
    opened = open_sandbox(sandbox, cache_root=cache_root, listener=listener)
    makes = shutil.which(TOOL) is not None
    return Machine(
        places=places,
        rules=rules_version(),
        sandbox=opened.name,
        machine=platform.machine(),
        pythons=frozenset(python.version for python in opened.interpreters()),
        toolchains=frozenset(
            kept.definition.name for kept in list_toolchains(cache_root) if makes or kept.toolchain
        ),
    )
