"""What a rebuild got wrong, read as what to change: one function for each kind of difference.

A refinement compares values of both wheels and gives the fields of `Choices` to change, the
likeliest change first. Whether it was right shows when the wheel is built again.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from builders.generators import generator_pins
from builders.recipe import Recipe
from builders.recipe_values import VERSION
from builders.search.choices import (
    CRLF,
    INSTALL_TOO,
    LF,
    MAX_TAG,
    PYTHON_TAG,
    SETUP_PY,
    UNIVERSAL,
    Choices,
)
from builders.search.hash_seed import seed_for
from builders.search.profile import METADATA, WHEEL, Profile, differing
from builders.static_libraries import library_of
from verify.native.dynamic import read_dynamic
from verify.native.elf import UnreadableElfError, read_elf

Change = Mapping[str, object]
"""Fields of `Choices` by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """An attempt that built a wheel."""

    choices: Choices
    recipe: Recipe
    profile: Profile
    log: str = ""


Refinement = Callable[[Profile, Tried], Iterator[Change]]

_NSPKG = re.compile(r"[^/]*-py([23])\.([0-9]{1,2})-nspkg\.pth")

_TAG = re.compile(rf"({PYTHON_TAG}(?:\.{PYTHON_TAG})*)-none-any")

SETUPTOOLS = NormalizedName("setuptools")

PYTHON_2 = (2, 7)

_MAX_LOOKED_INTO = 20
"""Members that differ; more of them differ for another reason than line ends."""

_UMASKS: Mapping[int, str] = {0o100664: "002", 0o100640: "027"}
"""By the mode of a new regular file: 0o666 without the bits of the umask."""

_UNIVERSAL = frozenset({"py2-none-any", "py3-none-any"})


def hinted(published: Profile) -> Change:
    """What the published wheel says before anything was built."""
    change: dict[str, object] = {}
    python = _path_file_python(published.digests)
    if python is not None:
        change["python"] = python
    if _is_windows(published.dist_info.get(METADATA, b"")):
        change["line_ends"] = CRLF
    umask = _umask(published)
    if umask is not None:
        change["umask"] = umask
    return change


def _umask(published: Profile) -> str | None:
    """The umask of the build, from the modes of files that it wrote, if it is not the usual one.

    bdist_wheel packs those of setuptools with the modes that they have on disk; most other backends
    give every member the mode of a umask of 022.
    """
    own = (f"{published.directory}/{name}" for name in (METADATA, WHEEL))
    metadata, wheel = map(published.archive.by_name.get, own)
    if metadata is None or wheel is None or metadata.mode != wheel.mode:
        return None
    return _UMASKS.get(wheel.mode)


def path_file_python(published: Profile, tried: Tried) -> Iterator[Change]:
    """Setuptools names the file that makes a namespace package after the Python that runs it."""
    python = _path_file_python(differing(published, tried.profile) & published.digests.keys())
    if python is not None:
        yield {"python": python}


def _path_file_python(names: Iterable[str]) -> tuple[int, int] | None:
    found = {(int(m[1]), int(m[2])) for name in names if (m := _NSPKG.fullmatch(name))}
    return found.pop() if len(found) == 1 else None


def computed_version(published: Profile, tried: Tried) -> Iterator[Change]:
    """A plugin computes the version, and the sdist's pyproject.toml holds a placeholder."""
    ours, theirs = (profile.values(METADATA, "Version") for profile in (published, tried.profile))
    if len(ours) == 1 and ours != theirs and re.fullmatch(VERSION, ours[0]):
        yield {"version": ours[0]}


def without_extensions(published: Profile, tried: Tried) -> Iterator[Change]:
    """A wheel for every platform, of a source from which native code was compiled here.

    On PyPy many leave it out. Only the source decides that: what it insists on stays.
    """
    if _is_pure(published) and not _is_pure(tried.profile):
        yield {"pypy": True}


def _is_pure(profile: Profile) -> bool:
    return profile.values(WHEEL, "Root-Is-Purelib") == ("true",)


def generator(published: Profile, tried: Tried) -> Iterator[Change]:
    """The tool that the Generator line names, where the source's requirements rule it out."""
    ours, theirs = (profile.values(WHEEL, "Generator") for profile in (published, tried.profile))
    if ours == theirs or len(ours) != 1:
        return
    locked = {file.name for file in tried.recipe.requirements}
    named = [Requirement(pin) for pin in generator_pins(ours[0]).pins]
    versions = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in named
        if str(pin.specifier).startswith("==") and canonicalize_name(pin.name) in locked
    }
    if versions:
        yield {"versions": {**tried.choices.versions, **versions}}


def sorted_requires(published: Profile, tried: Tried) -> Iterator[Change]:
    """Debian's setuptools writes the same requirements, in sorted order."""
    ours, theirs = (
        profile.values(METADATA, "Requires-Dist") for profile in (published, tried.profile)
    )
    if ours != theirs and sorted(ours) == sorted(theirs) and not tried.choices.sorted_requires:
        yield {"sorted_requires": True}


def set_order(published: Profile, tried: Tried) -> Iterator[Change]:
    """Old releases print the clauses of a requirement in the order of a set of strings.

    That is another in Python 2.7, which had no random hashes, than in a Python 3 of hash seed 0.
    """
    ours, theirs = (
        profile.values(METADATA, "Requires-Dist") for profile in (published, tried.profile)
    )
    is_permuted = ours != theirs and [*map(sorted, ours)] == [*map(sorted, theirs)]
    if is_permuted and tried.choices.python != PYTHON_2:
        yield {"python": PYTHON_2}


def tags(published: Profile, tried: Tried) -> Iterator[Change]:
    """bdist_wheel writes `py2.py3` if told, by an option that need not be in the source."""
    ours, theirs = (profile.values(WHEEL, "Tag") for profile in (published, tried.profile))
    if not ours or sorted(ours) == sorted(theirs) or not _is_pure(tried.profile):
        return
    if frozenset(ours) == _UNIVERSAL:
        yield {"mode": SETUP_PY, "setup_options": UNIVERSAL}
    pythons = [tag.partition("-")[0] for tag in ours if _TAG.fullmatch(tag)]
    tag = ".".join(dict.fromkeys(pythons))
    if len(pythons) == len(ours) and len(tag) <= MAX_TAG:
        yield {"mode": SETUP_PY, "setup_options": (f"--python-tag={tag}",)}


def line_ends(published: Profile, tried: Tried) -> Iterator[Change]:
    """On Windows, text files get CRLF, so METADATA that setuptools writes has it throughout."""
    for name in (METADATA, WHEEL, "entry_points.txt", "top_level.txt"):
        ours, theirs = published.dist_info.get(name, b""), tried.profile.dist_info.get(name, b"")
        if ours and theirs and _is_windows(ours) is not _is_windows(theirs):
            yield {"line_ends": CRLF if _is_windows(ours) else LF}
            return
    for name in sorted(differing(published, tried.profile))[:_MAX_LOOKED_INTO]:
        ours, theirs = published.read(name), tried.profile.read(name)
        if theirs and ours == theirs.replace(b"\n", b"\r\n"):
            yield {"line_ends": CRLF}
            return


def _is_windows(text: bytes) -> bool:
    return text.count(b"\n") == text.count(b"\r\n") > 0


def by_command(published: Profile, tried: Tried) -> Iterator[Change]:
    """A setup.py may pack other files by its command line and by who runs it.

    Asked for last, when nothing that the wheel says explains which members differ.
    """
    names = differing(published, tried.profile)
    own = f"{published.directory}/"
    packed = [name for name in names if not name.startswith(own) and not _is_library(name)]
    if tried.choices.setup_options or not packed:
        return
    if SETUPTOOLS in {file.name for file in tried.recipe.requirements}:
        yield {"mode": SETUP_PY}
        yield {"mode": SETUP_PY, "setup_options": INSTALL_TOO}


def _is_library(name: str) -> bool:
    """Whether a member is compiled, which goes by compilers and not by what was packed how."""
    return ".so" in PurePosixPath(name).suffixes


def hash_seed(published: Profile, tried: Tried) -> Iterator[Change]:
    """A compiler of Python wrote down sets in an order that goes by the seed of string hashes."""
    if tried.choices.hash_seed is not None:
        return
    major, _, minor = tried.recipe.python.partition(".")
    for name in sorted(differing(published, tried.profile))[:_MAX_LOOKED_INTO]:
        if _is_library(name):
            pair = published.read(name), tried.profile.read(name)
            seed = seed_for(*pair, (int(major), int(minor)))
            if seed is not None:
                yield {"hash_seed": seed}
                return


def linked_inside(published: Profile, tried: Tried) -> Iterator[Change]:
    """A module has a library inside that the rebuilt one loads."""
    found: set[str] = set()
    for name in sorted(differing(published, tried.profile))[:_MAX_LOOKED_INTO]:
        if _is_library(name):
            more = _needed(tried.profile.read(name)) - _needed(published.read(name))
            found |= {library for soname in more if (library := library_of(soname))}
    chosen = {*tried.choices.libraries}
    if found - chosen:
        yield {"libraries": tuple(sorted(found | chosen))}


def _needed(data: bytes) -> frozenset[str]:
    """The libraries that a file has the loader load; none where it cannot be read."""
    try:
        return frozenset(read_dynamic(read_elf(data)).needed)
    except UnreadableElfError:
        return frozenset()


REFINEMENTS: tuple[Refinement, ...] = (
    path_file_python,
    computed_version,
    generator,
    without_extensions,
    sorted_requires,
    set_order,
    tags,
    line_ends,
    linked_inside,
    hash_seed,
)
"""Those that need no more than both profiles."""
