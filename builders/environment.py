"""Build environments: virtual environments laid out on the host, used inside the sandbox.

They are kept between runs, by the digest of what is in them.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from builders.errors import BuildFault, FailureCode
from builders.recipe import digest_of
from builders.sandbox.interface import Interpreter, Mount
from builders.store import Store

LAYOUT = 2
"""Raised when this code lays out environments otherwise; older ones are then not used again."""

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
            "layout": LAYOUT,
            "python": [*python.version, str(python.executable)],
        }
    )
    tree = store.find_tree("environments", digest)
    if tree is None:
        with store.new_tree("environments", digest) as draft:
            _fill(draft, wheels, python)
        tree = store.find_tree("environments", digest)
    assert tree is not None, "a tree that was just kept is found"  # noqa: S101
    return Mount(source=tree, target=ENVIRONMENT_DIR)


def _fill(root: Path, wheels: Sequence[Path], python: Interpreter) -> None:
    from builders.install import install_wheel  # noqa: PLC0415 - only a cold cache needs it

    site_packages = root / _site_packages(python)
    site_packages.mkdir(parents=True)
    for wheel in sorted(wheels):
        install_wheel(wheel, root, site_packages, str(ENVIRONMENT_PYTHON))
    _lay_out(root, python)


def _site_packages(python: Interpreter) -> PurePosixPath:
    major, minor = python.version
    return PurePosixPath("lib") / f"python{major}.{minor}" / "site-packages"


def _lay_out(root: Path, python: Interpreter) -> None:
    """The skeleton that PEP 405 asks for, after the wheels and over none of their files.

    The links come last because writing through a link would leave `root`.
    """
    config = (
        f"home = {python.executable.parent}\n"
        "include-system-site-packages = false\n"
        f"version = {python.release}\n"
    )
    try:
        (root / "bin").mkdir(exist_ok=True)
        (root / "bin" / "python").symlink_to(python.executable)
        (root / "bin" / "python3").symlink_to("python")
        with (root / "pyvenv.cfg").open("x", encoding="utf-8") as file:
            file.write(config)
    except FileExistsError as error:
        path = Path(error.filename2 or error.filename).relative_to(root)
        raise BuildFault(
            f"a build requirement brings a {path} of its own",
            code=FailureCode.NO_BUILD_REQUIREMENTS,
        ) from error
