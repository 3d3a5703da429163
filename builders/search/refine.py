"""What a rebuild got wrong, read as what to change: one function for each kind of difference.

A refinement compares values of both wheels and gives the fields of `Choices` to change, the
likeliest change first. Whether it was right shows when the wheel is built again.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from builders.backends import calls_setuptools
from builders.generators import generator_pins
from builders.native_flags import are_lines
from builders.recipe import Recipe
from builders.recipe_values import VERSION
from builders.search.choices import (
    CRLF,
    INSTALL_TOO,
    LF,
    MAX_TAG,
    PYTHON_TAG,
    SETUP_PY,
    STABLE_ABI,
    UNIVERSAL,
    Choices,
)
from builders.search.hash_seed import seed_for
from builders.search.line_numbers import more_lines
from builders.search.profile import METADATA, WHEEL, Profile, differing, is_windows_text
from builders.search.set_orders import is_other_order, is_permuted, seed_for_metadata
from builders.static_libraries import library_of
from verify.archive.errors import ArchiveError
from verify.native.dynamic import read_dynamic
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf

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

_PROGRAM = re.compile(r"^([A-Za-z][\w.-]{0,60}?)([23])\.([0-9]{1,2})[ \t]*=", re.MULTILINE)

_TAG = re.compile(rf"({PYTHON_TAG}(?:\.{PYTHON_TAG})*)-none-any")

_STABLE_TAG = re.compile(rf"({STABLE_ABI})-abi3-\w+")

_NO_DESCRIPTION = frozenset({b"", b"UNKNOWN"})

SETUPTOOLS = NormalizedName("setuptools")

PYTHON_2 = (2, 7)

_MAX_LOOKED_INTO = 20
"""Members that differ; more of them differ for another reason than line ends."""

_MAX_MODULE = 64 * 1024**2
"""Bytes of a module that is compared with a rebuilt one."""

_UMASKS: Mapping[int, str] = {0o100664: "002", 0o100640: "027"}
"""By the mode of a new regular file: 0o666 without the bits of the umask."""

_UNIVERSAL = frozenset({"py2-none-any", "py3-none-any"})


def hinted(published: Profile) -> Change:
    """What the published wheel says before anything was built."""
    change: dict[str, object] = {}
    python = _path_file_python(published.digests)
    if python is not None:
        change["python"] = python
    if is_windows_text(published.dist_info.get(METADATA, b"")):
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


def program_python(published: Profile, tried: Tried) -> Iterator[Change]:
    """A setup.py names a program after the Python that runs it, as in `tool-3.7`."""
    ours, theirs = (_programs(profile) for profile in (published, tried.profile))
    found = {
        version
        for name in ours.keys() & theirs.keys()
        for version in ours[name] - theirs[name]
        if len(ours[name]) == len(theirs[name])
    }
    if len(found) == 1:
        yield {"python": found.pop()}


def _programs(profile: Profile) -> dict[str, set[tuple[int, int]]]:
    """By the rest of their names, the versions that programs are named after."""
    found: dict[str, set[tuple[int, int]]] = {}
    text = profile.dist_info.get("entry_points.txt", b"").decode("utf-8", "replace")
    for match in _PROGRAM.finditer(text):
        found.setdefault(match[1], set()).add((int(match[2]), int(match[3])))
    return found


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
    """Old releases write extras, and clauses of a requirement, in the order of a set of strings.

    That is another in Python 2.7, which had no random hashes, than in a Python 3 of hash seed 0,
    and another one in each run of a Python 3 that nobody gave a seed.
    """
    extras, requirements = (
        (published.values(METADATA, key), tried.profile.values(METADATA, key))
        for key in ("Provides-Extra", "Requires-Dist")
    )
    # Of extras, wheel writes some once more: where each stands first is the order of the set.
    extras = tuple(dict.fromkeys(extras[0])), tuple(dict.fromkeys(extras[1]))
    if not (is_permuted(*extras) or is_other_order(*requirements)):
        return
    yield from _in_python_2(published, tried)
    if tried.choices.hash_seed is None:
        seed = seed_for_metadata(extras, requirements, python_of(tried.recipe))
        if seed is not None:
            yield {"hash_seed": seed}


def other_requires(published: Profile, tried: Tried) -> Iterator[Change]:
    """A setup.py may ask for something else where Python 2.7 runs it."""
    ours, theirs = (
        profile.values(METADATA, "Requires-Dist") for profile in (published, tried.profile)
    )
    if sorted(ours) != sorted(theirs):
        yield from _in_python_2(published, tried)


def description_start(published: Profile, tried: Tried) -> Iterator[Change]:
    """The header parser of Python 2.7 drops an empty line with which a description begins."""
    ours, theirs = (
        profile.dist_info.get(METADATA, b"").replace(b"\r\n", b"\n").partition(b"\n\n")[2]
        for profile in (published, tried.profile)
    )
    if ours != theirs and ours == theirs.removeprefix(b"\n"):
        yield from _in_python_2(published, tried)


def missing_description(published: Profile, tried: Tried) -> Iterator[Change]:
    """A sdist may lack the file that a setup.py reads a description from; its PKG-INFO has that."""
    ours, theirs = (
        profile.dist_info.get(METADATA, b"").replace(b"\r\n", b"\n").partition(b"\n\n")[2].strip()
        for profile in (published, tried.profile)
    )
    if ours not in _NO_DESCRIPTION and theirs in _NO_DESCRIPTION and not tried.choices.description:
        yield {"description": True}


def dict_order(published: Profile, tried: Tried) -> Iterator[Change]:
    """JSON beside METADATA has its keys in the order of a dict: of hashes, in Python 2.7."""
    for name, theirs in sorted(tried.profile.dist_info.items()):
        ours = published.dist_info.get(name)
        if name.endswith(".json") and ours not in {None, theirs} and _is_same_json(ours, theirs):
            yield from _in_python_2(published, tried)
            return


def _is_same_json(ours: bytes | None, theirs: bytes) -> bool:
    """Whether two values are equal, or of the same bytes: lists were filled from a dict, too."""
    if Counter(ours or b"") == Counter(theirs):
        return True
    try:
        return bool(json.loads(ours or b"") == json.loads(theirs))
    except (ValueError, RecursionError):
        return False


def _in_python_2(published: Profile, tried: Tried) -> Iterator[Change]:
    """Python 2.7, unless it was used already; it tags every wheel for Python 2, too."""
    tags = published.values(WHEEL, "Tag")
    if python_of(tried.recipe) != PYTHON_2 and any(tag.startswith("py2") for tag in tags):
        yield {"python": PYTHON_2}


def python_of(recipe: Recipe) -> tuple[int, int]:
    """(major, minor) of a recipe's interpreter."""
    major, _, minor = recipe.python.partition(".")
    return int(major), int(minor)


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


def stable_abi(published: Profile, tried: Tried) -> Iterator[Change]:
    """bdist_wheel writes a tag for the stable ABI if told, which need not be done in the source."""
    ours, theirs = (
        {tag.rpartition("-")[0] for tag in profile.values(WHEEL, "Tag")}
        for profile in (published, tried.profile)
    )
    found = [_STABLE_TAG.fullmatch(tag) for tag in published.values(WHEEL, "Tag")]
    stated = {match and match[1] for match in found}
    if ours != theirs and len(stated) == 1 and None not in stated:
        yield {"mode": SETUP_PY, "setup_options": (f"--py-limited-api={stated.pop()}",)}


def line_ends(published: Profile, tried: Tried) -> Iterator[Change]:
    """On Windows, text files get CRLF, so METADATA that setuptools writes has it throughout."""
    for name in (METADATA, WHEEL, "entry_points.txt", "top_level.txt"):
        ours, theirs = published.dist_info.get(name, b""), tried.profile.dist_info.get(name, b"")
        if ours and theirs and is_windows_text(ours) is not is_windows_text(theirs):
            wanted = CRLF if is_windows_text(ours) else LF
            if wanted != tried.choices.line_ends:
                yield {"line_ends": wanted}
            elif wanted == CRLF:
                # For Python 3, some releases of wheel write the bytes of a text as they are.
                yield from _in_python_2(published, tried)
            return
    for name in sorted(differing(published, tried.profile))[:_MAX_LOOKED_INTO]:
        ours, theirs = published.read(name), tried.profile.read(name)
        if theirs and ours == theirs.replace(b"\n", b"\r\n"):
            yield {"line_ends": CRLF}
            return


def by_command(published: Profile, tried: Tried) -> Iterator[Change]:
    """A setup.py may pack other files by its command line and by who runs it.

    Asked for last, when nothing that the wheel says explains which members differ.
    """
    names = differing(published, tried.profile)
    own = f"{published.directory}/"
    packed = [name for name in names if not name.startswith(own) and not _is_library(name)]
    if tried.choices.setup_options or not packed:
        return
    if may_run_setup_py(tried.recipe):
        yield {"mode": SETUP_PY}
        yield {"mode": SETUP_PY, "setup_options": INSTALL_TOO}


def may_run_setup_py(recipe: Recipe) -> bool:
    """Whether setuptools is there, and is what builds the source."""
    is_there = SETUPTOOLS in {file.name for file in recipe.requirements}
    return is_there and calls_setuptools(recipe.backend)


def _is_library(name: str) -> bool:
    """Whether a member is compiled, which goes by compilers and not by what was packed how."""
    return ".so" in PurePosixPath(name).suffixes


def hash_seed(published: Profile, tried: Tried) -> Iterator[Change]:
    """A compiler of Python wrote down sets in an order that goes by the seed of string hashes."""
    if tried.choices.hash_seed is not None:
        return
    for name in sorted(differing(published, tried.profile))[:_MAX_LOOKED_INTO]:
        if _is_library(name):
            pair = published.read(name), tried.profile.read(name)
            seed = seed_for(*pair, python_of(tried.recipe))
            if seed is not None:
                yield {"hash_seed": seed}
                return


def line_numbers(published: Profile, tried: Tried) -> Iterator[Change]:
    """Modules name lines of what Cython wrote, which has more or fewer before its code."""
    if tried.choices.lines:
        return
    found: dict[str, int] = {}
    for name in sorted(differing(published, tried.profile))[:_MAX_LOOKED_INTO]:
        module = PurePosixPath(name).name.partition(".")[0]
        if _is_library(name):
            lines = more_lines(_module(published, name), _module(tried.profile, name))
            if lines:
                found[module] = lines
    text = " ".join(f"{module}:{lines}" for module, lines in sorted(found.items()))
    if text and are_lines(text):
        yield {"lines": text}


def _module(profile: Profile, name: str) -> bytes:
    """The content of a module, which has its debug information in it; empty if there is none."""
    try:
        return profile.archive.read(name, limit=_MAX_MODULE)
    except ArchiveError:
        return b""


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
    program_python,
    computed_version,
    generator,
    without_extensions,
    sorted_requires,
    set_order,
    other_requires,
    description_start,
    missing_description,
    dict_order,
    tags,
    stable_abi,
    line_ends,
    linked_inside,
    line_numbers,
    hash_seed,
)
"""Those that need no more than both profiles."""
