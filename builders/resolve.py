"""Build requirements as the index stood at one moment, resolved by uv, locked by hash.

uv's `--exclude-newer` hides every file uploaded later and every file whose upload time the index
does not tell (PEP 700), so what is uploaded tomorrow cannot change yesterday's environment.
uv only reads metadata here: `--only-binary :all:` keeps it from building (and so running) anything
on the host.
"""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.pylock import Package, PackageWheel, Pylock, PylockValidationError
from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import Version

from builders.errors import BuildFault, FailureCode
from builders.machine import GLIBC_MINOR, environment_tags, uv_platform
from builders.recipe import digest_of
from builders.resolve_old import ListedWheels
from builders.store import Store, StoreError
from builders.uv import UV_TIMEOUT, UvRun, UvTimeoutError, run_uv
from verify.errors import TruewheelError
from verify.index.interface import FileKind, Index, IndexFile, IndexUnreachableError, Sha256

SETTLED = timedelta(minutes=15)
"""Files uploaded a moment ago may not be listed everywhere yet."""

REQUIREMENTS, CONSTRAINTS = "requirements.in", "constraints.txt"

_NEEDS_BUILD = re.compile(r"Wheels are required for `([A-Za-z0-9._-]+)`")

_HAS_NO_WHEEL = re.compile(r"\ball versions of ([A-Za-z0-9._-]+) have no usable wheels\b")
"""uv names first what was asked for, and among it releases that have wheels; this is the cause."""


class UnreadableLockError(IndexUnreachableError):
    """A lock that uv wrote, or that was kept, is none."""


class SourceOnlyError(BuildFault):
    """A requirement has no wheel as of the asked moment; `name` must be built from source first.

    `requirements` are those on it that the resolver told, from deeper down than what was asked for.
    """

    def __init__(self, name: str, requirements: tuple[str, ...] = ()) -> None:
        super().__init__(
            f"build requirement {name} has no wheel", code=FailureCode.NO_BUILD_REQUIREMENTS
        )
        self.name = name
        self.requirements = requirements


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What to resolve.

    Attributes:
        requirements: PEP 508 strings; `name @ file:///...` for one that was built from source.
        constraints: PEP 508 strings that only narrow versions.
        as_of: timezone-aware.
        python: (major, minor) of the interpreter that the environment is for.
        glibc: the minor version of the C library there.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    as_of: datetime
    python: tuple[int, int]
    glibc: int = GLIBC_MINOR


@dataclass(frozen=True, kw_only=True, slots=True)
class UvIndexes:
    """The user's indexes in uv's terms: command-line arguments and environment variables."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]


class UvResolver:
    """Resolves with uv; every answer is kept, since the past does not change."""

    def __init__(self, indexes: UvIndexes, store: Store, *, index: Index, offline: bool) -> None:
        self._indexes = indexes
        self._store = store
        self._index = index
        self._offline = offline

    def resolve(self, question: Question) -> tuple[IndexFile, ...]:
        """The wheels of the environment, sorted by name; built requirements are left out.

        Raises:
            SourceOnlyError: a requirement must be built from source first.
            BuildFault: there is no solution.
            IndexUnreachableError: the index did not answer.
            StoreError: uv's cache cannot be written.
        """
        key = digest_of(
            {
                "requirements": sorted(question.requirements),
                "constraints": sorted(question.constraints),
                "as_of": question.as_of.astimezone(UTC).isoformat(),
                "python": list(question.python),
                "indexes": list(self._indexes.arguments),
                "platform": uv_platform(question.glibc),
            }
        )
        kept = self._store.recall("resolutions", key)
        if kept is not None:
            with suppress(UnreadableLockError):
                return self._chosen_files(kept, question)
        text = self._ask_uv(question)
        files = self._chosen_files(text, question)
        # Of the last minutes and the future more files may appear; offline, others may be cached.
        if not self._offline and question.as_of < datetime.now(UTC) - SETTLED:
            self._store.remember("resolutions", key, text)
        return files

    def _chosen_files(self, text: str, question: Question) -> tuple[IndexFile, ...]:
        tags = environment_tags(question.python, question.glibc)
        rank = {tag: place for place, tag in enumerate(tags)}
        document = _read_toml(text)
        if question.python >= (3, 0):
            return tuple(_chosen_wheel(package, rank) for package in _locked_packages(document))
        listed = ListedWheels(self._index, question.as_of, rank)
        return tuple(_listed_wheel(*release, listed) for release in _releases(document))

    def _ask_uv(self, question: Question) -> str:
        with TemporaryDirectory(prefix="truewheel-") as folder:
            _write_lines(Path(folder) / REQUIREMENTS, question.requirements)
            _write_lines(Path(folder) / CONSTRAINTS, question.constraints)
            command = [
                "pip", "compile", REQUIREMENTS,
                "--constraints", CONSTRAINTS,
                "--format", "pylock.toml",
                "--exclude-newer", question.as_of.astimezone(UTC).isoformat(),
                "--python-version", f"{question.python[0]}.{question.python[1]}",
                "--python-platform", uv_platform(question.glibc),
                "--only-binary", ":all:",
                "--python", sys.executable,
                "--cache-dir", str(self._store.folder("uv").absolute()),
                *self._indexes.arguments,
                *(["--offline"] if self._offline else []),
            ]  # fmt: skip
            return _locked(command, self._indexes.environment, Path(folder))


def _write_lines(path: Path, lines: tuple[str, ...]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _locked(command: list[str], environment: Mapping[str, str], folder: Path) -> str:
    try:
        done = run_uv(command, environment, folder)
    except UvTimeoutError as error:
        # uv gives up a silent index much sooner: these requirements take too long to solve.
        raise BuildFault(
            f"resolving build requirements took more than {UV_TIMEOUT:.0f} s",
            code=FailureCode.TIMEOUT,
        ) from error
    if done.succeeded:
        return done.output
    raise _failure(done)


def _failure(done: UvRun) -> TruewheelError:
    """Whose fault it was: the disk's, the index's, else that of what was asked for."""
    needed = _needs_build(done.errors)
    if needed is not None:
        return SourceOnlyError(needed, tuple(_told_requirements(needed, done.errors)))
    if done.disk_failed:
        return StoreError(
            f"build requirements cannot be resolved: {done.said}",
            hint="free some space or choose another place with --cache-dir",
        )
    if done.index_failed:
        return IndexUnreachableError(
            f"the index could not be asked for build requirements: {done.said}",
            hint="check the network and the index URL; without --offline nothing is assumed cached",
        )
    return BuildFault(
        f"no build environment as of that day: {_in_our_words(done.said)}",
        code=FailureCode.NO_BUILD_REQUIREMENTS,
    )


_NO_SOLUTION = "No solution found when resolving dependencies "
_CONCLUSION = ", we can conclude that your requirements are unsatisfiable."


def _in_our_words(said: str) -> str:
    """Uv talks to whoever wrote the requirements, which nobody here did; and what would help."""
    if not said.startswith(_NO_SOLUTION):
        return said
    why = said.removeprefix(_NO_SOLUTION).removesuffix(_CONCLUSION)
    told = (why[:1].lower() + why[1:]).replace("you require ", "the build requires ")
    return f"{told}; another index that has it can be named with --extra-index-url"


def _needs_build(stderr: str) -> str | None:
    """The project to build from source: one without any wheel, else the first that uv names."""
    named = _NEEDS_BUILD.findall(stderr)
    bare = {*_HAS_NO_WHEEL.findall(stderr)}
    return next((name for name in named if name in bare), named[0] if named else None)


_ASKED = r"depends on {name}(?:\[[^\]\s]*\])?((?:[<>=!~]+[^\s,<>=!~]+,?)+)"
"""uv's words for what one release asks of another project."""


def _told_requirements(name: str, stderr: str) -> Iterator[str]:
    """What uv says that others ask of a project: it only narrows which release is built."""
    for match in re.finditer(_ASKED.format(name=re.escape(name)), stderr):
        try:
            yield f"{name}{SpecifierSet(match[1].rstrip(','))}"
        except ValueError:  # not only InvalidSpecifier: a number may have too many digits
            continue


def _read_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> UnreadableLockError:
    return UnreadableLockError(f"uv wrote a lock that cannot be read: {error}")


def _locked_packages(document: dict[str, Any]) -> tuple[Package, ...]:
    try:
        lock = Pylock.from_dict(document)
    except (ValueError, RecursionError, PylockValidationError) as error:
        raise _unreadable(error) from error
    in_order = sorted(lock.packages, key=lambda package: package.name)
    return tuple(package for package in in_order if package.archive is None)


def _releases(document: dict[str, Any]) -> list[tuple[NormalizedName, Version]]:
    """The chosen releases; without their wheels such a document is no lock, see `resolve_old`."""
    try:
        return sorted(
            (canonicalize_name(package["name"]), Version(package["version"]))
            for package in document.get("packages", ())
            if "archive" not in package
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(error) from error


def _listed_wheel(name: NormalizedName, version: Version, listed: ListedWheels) -> IndexFile:
    file = listed.best(name, version)
    if file is None:
        raise SourceOnlyError(name)
    return file


def _chosen_wheel(package: Package, rank: dict[Tag, int]) -> IndexFile:
    best: tuple[int, str, PackageWheel] | None = None
    for wheel in package.wheels or ():
        filename = _filename(wheel)
        place = _place(filename, rank)
        if place is not None and (best is None or (place, filename) < best[:2]):
            best = (place, filename, wheel)
    if best is None:
        raise SourceOnlyError(package.name)
    _, filename, wheel = best
    return IndexFile(
        project=NormalizedName(package.name),
        version=package.version,
        filename=filename,
        kind=FileKind.WHEEL,
        url=wheel.url or "",
        sha256=Sha256(wheel.hashes["sha256"]) if "sha256" in wheel.hashes else None,
        size=wheel.size,
        upload_time=wheel.upload_time,
        requires_python=None,
        yanked=None,
    )


def _filename(wheel: PackageWheel) -> str:
    return wheel.name or unquote(urlsplit(wheel.url or "").path).rpartition("/")[2]


def _place(filename: str, rank: dict[Tag, int]) -> int | None:
    try:
        tags = parse_wheel_filename(filename)[3]
    except InvalidWheelFilename:
        return None
    return min((rank[tag] for tag in tags if tag in rank), default=None)
