"""Installing one build requirement on the host: unpacking it (PEP 427), so nothing of it runs.

pypa/installer does it for an interpreter that need not exist on the host, which is why it and not
uv is used. Its input is hostile: each wheel first passes the strict archive reader, and a shape on
which installer would loop or take all memory is refused.
"""

import configparser
import csv
import lzma
import warnings
import zlib
from pathlib import Path
from zipfile import BadZipFile

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.records import InvalidRecordEntry
from installer.sources import WheelFile

from builders.errors import BuildFault, FailureCode
from builders.store import DISK_ERRORS
from verify.archive.errors import ArchiveError
from verify.archive.reader import Archive, read_archive
from verify.finding import FindingClass

MAX_READ_WHOLE = {"WHEEL": 1 << 20, "entry_points.txt": 1 << 20, "RECORD": 32 << 20}
"""Bytes of the files that installer reads at once."""

HOSTILE = (
    InstallerError, InvalidRecordEntry,  # its own
    configparser.Error,  # entry_points.txt
    csv.Error,  # RECORD
    BadZipFile, zlib.error, lzma.LZMAError, EOFError,  # zipfile
    RuntimeError,  # zipfile's for encrypted members; RecursionError, NotImplementedError
    ValueError,  # names with NUL, undecodable text
    AssertionError, AttributeError, LookupError, TypeError,  # headers and rows that are not there
)  # fmt: skip
"""What a wheel can make installer, and the parsers it uses, raise. OSError is told apart by its
number: a path that is too long is the wheel's fault, a full disk is not."""


def install_wheel(wheel: Path, root: Path, site_packages: Path, python: str) -> None:
    """Install a wheel below `root`; `python` is the interpreter that its scripts will name.

    Raises:
        BuildFault: it is unfit to be installed.
        OSError: the disk is (one of DISK_ERRORS).
    """
    _refuse_tricks(wheel)
    destination = SchemeDictionaryDestination(
        {
            "purelib": str(site_packages),
            "platlib": str(site_packages),
            "headers": str(root / "include"),
            "scripts": str(root / "bin"),
            "data": str(root),
        },
        interpreter=python,
        script_kind="posix",
        # Two distributions may share a file, as namespace packages once did; pip overwrites too.
        overwrite_existing=True,
    )
    try:
        with warnings.catch_warnings(), WheelFile.open(wheel) as source:
            warnings.simplefilter("ignore")  # it skips bytecode, and says so
            install(source=source, destination=destination, additional_metadata={})
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise
        raise _refused(wheel, f"cannot be installed: {error.strerror or 'OSError'}") from error
    except HOSTILE as error:
        # Not its text, which names random directories of this machine.
        raise _refused(wheel, f"cannot be installed: {type(error).__name__}") from error


def _refuse_tricks(wheel: Path) -> None:
    try:
        archive = read_archive(wheel)
    except ArchiveError as error:
        raise _refused(wheel, f"is no wheel: {error}") from error
    for finding in archive.findings:
        if finding.kind is FindingClass.DANGEROUS:
            raise _refused(wheel, f"is refused: {finding.summary}")
    _refuse_names(wheel, archive)


def _refuse_names(wheel: Path, archive: Archive) -> None:
    for member in archive.members:
        parts = member.name.removesuffix("/").split("/")
        if any(part in {"", ".", ".."} for part in parts):
            raise _refused(wheel, "has a member whose name is no plain path")
        # A file of a scheme is X.data/scheme/file; for X.data itself installer looks for ever.
        is_file = not member.name.endswith("/")
        if is_file and parts[0].endswith(".data") and len(parts) < 3:
            raise _refused(wheel, "has a file where its data directory belongs")
        if member.size > MAX_READ_WHOLE.get(parts[-1], member.size):
            raise _refused(wheel, f"has a {parts[-1]} that is too large")


def _refused(wheel: Path, why: str) -> BuildFault:
    return BuildFault(
        f"build requirement {wheel.name} {why}", code=FailureCode.NO_BUILD_REQUIREMENTS
    )
