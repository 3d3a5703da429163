"""Build environments: virtual environments laid out on the host, used inside the sandbox.

Installing a wheel is unpacking it (PEP 427), so nothing of it runs here. pypa/installer does it for
an interpreter that need not exist on the host, which is why it and not uv is used. Before that each
wheel passes the strict archive reader: one with a structural trick is refused.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile

from builders.errors import BuildFault, FailureCode
from builders.recipe import digest_of
from builders.sandbox.interface import Interpreter, Mount
from builders.store import Store
from verify.archive.errors import UnreadableArchiveError
from verify.archive.reader import read_archive
from verify.finding import FindingClass

CLASHES = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError)
"""What a wheel meets whose files do not fit beside those of another."""

ENVIRONMENT_DIR = PurePosixPath("/env")
ENVIRONMENT_PYTHON = ENVIRONMENT_DIR / "bin" / "python"


def prepare_environment(wheels: Sequence[Path], python: Interpreter, store: Store) -> Mount:
    """The mount of a virtual environment that holds exactly the given wheels.

    Environments are kept by the digest of their wheels (each path's parent directory is its
    sha256, as the file cache lays them out) and of the interpreter.

    Raises:
        BuildFault: a wheel is unfit to be installed.
    """
    digest = digest_of(
        {
            "wheels": sorted(f"{wheel.parent.name}/{wheel.name}" for wheel in wheels),
            "python": [*python.version, str(python.executable)],
        }
    )
    tree = store.find_tree("environments", digest)
    if tree is None:
        with store.new_tree("environments", digest) as draft:
            (draft / _site_packages(python)).mkdir(parents=True)
            for wheel in sorted(wheels):
                _install(wheel, draft, python)
            _lay_out(draft, python)
        tree = store.find_tree("environments", digest)
    assert tree is not None, "a tree that was just kept is found"  # noqa: S101
    return Mount(source=tree, target=ENVIRONMENT_DIR)


def _site_packages(python: Interpreter) -> PurePosixPath:
    major, minor = python.version
    return PurePosixPath("lib") / f"python{major}.{minor}" / "site-packages"


def _lay_out(root: Path, python: Interpreter) -> None:
    """The skeleton that PEP 405 asks for, after the wheels and over none of their files.

    The links come last because writing through a link would leave `root`.
    """
    (root / "bin").mkdir(exist_ok=True)
    config = (
        f"home = {python.executable.parent}\n"
        "include-system-site-packages = false\n"
        f"version = {python.release}\n"
    )
    try:
        (root / "bin" / "python").symlink_to(python.executable)
        (root / "bin" / "python3").symlink_to("python")
        with (root / "pyvenv.cfg").open("x", encoding="utf-8") as file:
            file.write(config)
    except FileExistsError as error:
        raise BuildFault(
            f"a build requirement brings a {error.filename2 or error.filename} of its own",
            code=FailureCode.NO_BUILD_REQUIREMENTS,
        ) from error


def _install(wheel: Path, root: Path, python: Interpreter) -> None:
    from installer import install  # noqa: PLC0415 - only a cold cache needs it
    from installer.destinations import SchemeDictionaryDestination  # noqa: PLC0415
    from installer.exceptions import InstallerError  # noqa: PLC0415
    from installer.sources import WheelFile  # noqa: PLC0415

    _refuse_tricks(wheel)
    site = str(root / _site_packages(python))
    destination = SchemeDictionaryDestination(
        {
            "purelib": site,
            "platlib": site,
            "headers": str(root / "include"),
            "scripts": str(root / "bin"),
            "data": str(root),
        },
        interpreter=str(ENVIRONMENT_PYTHON),
        script_kind="posix",
        # Two distributions may share a file, as namespace packages once did; pip overwrites too.
        overwrite_existing=True,
    )
    try:
        with WheelFile.open(wheel) as source:
            install(source=source, destination=destination, additional_metadata={})
    except (InstallerError, ValueError, KeyError, BadZipFile, *CLASHES) as error:
        raise BuildFault(
            f"build requirement {wheel.name} cannot be installed: {error}",
            code=FailureCode.NO_BUILD_REQUIREMENTS,
        ) from error


def _refuse_tricks(wheel: Path) -> None:
    try:
        findings = read_archive(wheel).findings
    except UnreadableArchiveError as error:
        raise BuildFault(
            f"build requirement {wheel.name} is no wheel: {error}",
            code=FailureCode.NO_BUILD_REQUIREMENTS,
        ) from error
    tricks = [finding for finding in findings if finding.kind is FindingClass.DANGEROUS]
    if tricks:
        raise BuildFault(
            f"build requirement {wheel.name} is refused: {tricks[0].summary}",
            code=FailureCode.NO_BUILD_REQUIREMENTS,
        )
