"""What a release file is, by its name, and whether the name may become a path."""

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from verify.index.interface import FileKind

# Longest component that ext4, XFS, APFS and NTFS accept.
_MAX_NAME_BYTES = 255

SDIST_SUFFIXES = (
    ".tar.gz",
    ".zip",
    ".tar.bz2",
    ".tgz",
    ".tar.xz",
    ".tbz",
    ".txz",
    ".tar.lzma",
    ".tar.Z",
    ".tar",
)
"""Suffixes that sdists have had (PEP 625 left only the first), most preferred first."""

# distutils' `bdist_dumb` wrote binary archives under sdist suffixes: name-1.0.linux-x86_64.tar.gz.
_DUMB_PLATFORMS = (".linux-", ".macosx-", ".win-", ".win32", ".freebsd-", ".cygwin-", ".darwin-")


def why_unsafe(filename: str) -> str | None:
    """Why a file name from an index must not become a path or reach a terminal; None if it may."""
    if filename in {"", ".", ".."}:
        return "it is not a name"
    if "/" in filename or "\\" in filename:
        return "it contains a path separator"
    # Also refuses lone surrogates and the invisible characters that reorder text on a screen.
    if not filename.isprintable():
        return "it contains control characters"
    if len(filename.encode()) > _MAX_NAME_BYTES:
        return f"it is longer than {_MAX_NAME_BYTES} bytes"
    return None


def describe(filename: str, project: NormalizedName) -> tuple[FileKind, Version | None]:
    """Kind and version of a file that is listed under `project`.

    The version is None where the name has no valid one (PEP 440), or names another project: pip
    ignores both.
    """
    if filename.endswith(".whl"):
        return FileKind.WHEEL, _wheel_version(filename, project)
    suffix = sdist_suffix(filename)
    if suffix is None:
        return FileKind.OTHER, None
    stem = filename[: -len(suffix)]
    if any(platform in stem for platform in _DUMB_PLATFORMS):
        return FileKind.OTHER, None
    return FileKind.SDIST, _sdist_version(stem, project)


def sdist_suffix(filename: str) -> str | None:
    """The sdist suffix that a file name ends with."""
    return next((s for s in SDIST_SUFFIXES if filename.endswith(s)), None)


def _wheel_version(filename: str, project: NormalizedName) -> Version | None:
    # Only the version: expanding the compressed tag sets of thousands of files takes seconds.
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) not in {5, 6} or canonicalize_name(parts[0]) != project:
        return None
    return _version(parts[1])


def _sdist_version(stem: str, project: NormalizedName) -> Version | None:
    # Old names hold hyphens on both sides (`a-b-1.0-2`), so the project decides where to split.
    for position, character in enumerate(stem):
        if character == "-" and canonicalize_name(stem[:position]) == project:
            version = _version(stem[position + 1 :])
            if version is not None:
                return version
    return None


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None
