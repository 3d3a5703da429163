"""What bubblewrap shows of the host's /usr: a compiler, its libraries, and Python without packages.

/usr also holds whole applications with Python interpreters and wheels of their own (cloud tools,
editors). A build must neither use them nor find a published wheel there, so of the directories that
applications install to, only known parts are shown.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

LINKED_TO_USR = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
NOT_NEEDED = ("local", "src", "games", "etc")

NEEDED = {
    "lib": (
        "*-linux-*",  # Debian's multiarch directories
        "bfd-plugins",
        "compat-ld",
        "gcc*",
        "gold-ld",
        "locale",
        "perl*",
        "pkgconfig",
        "python2*",
        "python3*",
        "rpm",  # Fedora's compiler specs, which its Python passes to every compilation
        "terminfo",
    ),
    "libexec": ("coreutils", "gcc*"),
    "share": (
        "aclocal*",
        "autoconf*",
        "automake*",
        "binutils",
        "bison*",
        "cmake*",  # all of these programs stand in bin, and do not run without what is here
        "gcc*",
        "libtool*",
        "perl*",
        "pkgconfig",
        "swig*",
        "terminfo",
        "zoneinfo",
    ),
}
"""Shown directories below /usr by their parent; files beside them are shown too."""

PYTHON_PACKAGES = (
    "lib*/python[23]*/site-packages",
    "lib*/python[23]*/dist-packages",
    "lib*/python[23]*/ensurepip/_bundled",
    "lib*/python[23]*/test",
)
"""Installed packages, and the published wheels that CPython ships along."""


def host_root(usr: Path = Path("/usr")) -> Iterator[str]:
    """Return bwrap's arguments for /usr and the links to it."""
    yield from ("--ro-bind", str(usr), "/usr")
    for path in sorted({*_unneeded(usr), *_packages(usr)}):
        yield from empty_directory(PurePosixPath("/usr") / path.relative_to(usr))
    yield from _links_to_usr(Path("/"))


def image_root(root: Path) -> Iterator[str]:
    """Return the same for the root file system of an image, which holds only what it needs."""
    yield from ("--ro-bind", str(root / "usr"), "/usr")
    yield from _links_to_usr(root)


def _links_to_usr(root: Path) -> Iterator[str]:
    for name in LINKED_TO_USR:
        path = root / name
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), f"/{name}")
        elif path.is_dir():
            yield from ("--ro-bind", str(path), f"/{name}")


def empty_directory(path: PurePosixPath) -> tuple[str, ...]:
    """Return the arguments that lay an empty read-only directory over one that exists."""
    return ("--tmpfs", str(path), "--remount-ro", str(path))


def _unneeded(usr: Path) -> Iterator[Path]:
    for name in NOT_NEEDED:
        if _is_directory(usr / name):
            yield usr / name
    for parent, patterns in NEEDED.items():
        for path in (usr / parent).glob("*"):
            needed = any(fnmatchcase(path.name, pattern) for pattern in patterns)
            if _is_directory(path) and not needed:
                yield path


def _packages(usr: Path) -> Iterator[Path]:
    for pattern in PYTHON_PACKAGES:
        yield from filter(_is_directory, usr.glob(pattern))


def _is_directory(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
