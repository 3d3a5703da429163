"""Build environments: virtual environments laid out on the host, used inside the sandbox.

They are kept between runs, by the digest of what is in them.

Python 2.7 knows no `pyvenv.cfg`. There the environment is the user base (PEP 370) instead, named by
a variable that every process of the build inherits: `site` then adds its site-packages behind the
standard library, `.pth` files included, as it would in a virtual environment. What `site` would add
next is the interpreter's own site-packages; a `.pth` file of ours, read in between, takes that
away. virtualenv's way, a copy of the interpreter with a changed `site.py`, would say the same with
megabytes; PYTHONPATH would shadow the standard library and read no `.pth` file. What a 2.7 without
OpenSSL lacks is laid beside it, see `builders.python2_hashlib`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from builders import python2_hashlib
from builders.errors import BuildFault, FailureCode
from builders.recipe import digest_of
from builders.sandbox.interface import Interpreter, Mount
from builders.store import Store

LAYOUT = 5
"""Raised when this code lays out environments otherwise; older ones are then not used again."""

ENVIRONMENT_DIR = PurePosixPath("/env")
ENVIRONMENT_PYTHON = ENVIRONMENT_DIR / "bin" / "python"

CLOSE_PTH = "truewheel-close.pth"
CLOSE = "import site; del site.PREFIXES[:]\n"
"""PREFIXES lead `site` of 2.7 to the interpreter's own packages, after those of the user base."""


def environment_variables(python: Interpreter) -> Mapping[str, str]:
    """What a job must set to be in its environment; nothing where `pyvenv.cfg` says it."""
    return {} if _knows_pyvenv(python) else {"PYTHONUSERBASE": str(ENVIRONMENT_DIR)}


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
    _lay_out(root, site_packages, python)


def _knows_pyvenv(python: Interpreter) -> bool:
    return python.version >= (3, 3)


def _site_packages(python: Interpreter) -> PurePosixPath:
    major, minor = python.version
    return PurePosixPath("lib") / f"python{major}.{minor}" / "site-packages"


def _lay_out(root: Path, site_packages: Path, python: Interpreter) -> None:
    """The skeleton that PEP 405 asks for, after the wheels and over none of their files.

    The links come last because writing through a link would leave `root`.
    """
    files = {root / "pyvenv.cfg": _config(python)}
    if not _knows_pyvenv(python):
        hashes = Path(python2_hashlib.__file__).read_text(encoding="utf-8")
        files = {site_packages / CLOSE_PTH: CLOSE, site_packages / "_hashlib.py": hashes}
    try:
        (root / "bin").mkdir(exist_ok=True)
        (root / "bin" / "python").symlink_to(python.executable)
        (root / "bin" / f"python{python.version[0]}").symlink_to("python")
        for path, text in files.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError as error:
        path = Path(error.filename2 or error.filename).relative_to(root)
        raise BuildFault(
            f"a build requirement brings a {path} of its own",
            code=FailureCode.NO_BUILD_REQUIREMENTS,
        ) from error


def _config(python: Interpreter) -> str:
    return (
        f"home = {python.executable.parent}\n"
        "include-system-site-packages = false\n"
        f"version = {python.release}\n"
    )
