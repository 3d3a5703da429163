"""The rules version: it changes with whatever judges or builds, so that nobody has to raise it."""

import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from verify.ledger.interface import LedgerFault

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("builders", "containers", "verify")
"""Whole, since a list of what judges would one day lack something."""

LIBRARIES = ("capstone", "packaging")
"""Others' code that findings depend on: it disassembles, and it parses metadata."""

_BYTECODE = "__pycache__"


@cache
def rules_version() -> str:
    """Lower-case hex sha256 over the sources and data of what judges and builds.

    The interpreter that judges is part of it, since rules parse code with its own parser.

    Raises:
        LedgerFault: there are no sources to be found.
    """
    return digest_of_code(ROOT)


def digest_of_code(root: Path) -> str:
    """The same for the packages below a directory."""
    digest = hashlib.sha256("\0".join(_surroundings()).encode())
    for package in PACKAGES:
        paths = sorted(_files(root / package))
        if not any(path.endswith(".py") for path in paths):
            raise LedgerFault(
                f"truewheel's own code is not where it should be: {root / package}",
                hint="judge without a ledger: --ledger none",
            )
        for path in paths:
            name = os.path.relpath(path, root)
            digest.update(f"\0{name}\0".encode(errors="surrogateescape"))
            with open(path, "rb") as stream:  # noqa: PTH123 - hundreds of them, at every start
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != _BYTECODE]
        yield from (os.path.join(where, name) for name in names)  # noqa: PTH118 - see above


def _surroundings() -> Iterator[str]:
    yield f"python {sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"
    for name in LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError as error:
            raise LedgerFault(
                f"the version of {name} is not to be found out",
                hint="judge without a ledger: --ledger none",
            ) from error
