"""Choosing among the files of a project: the version, wheel and sdist that pip would take."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, compatible_tags, cpython_tags, sys_tags
from packaging.tags import platform_tags as running_platform_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from verify.index.filenames import SDIST_SUFFIXES, sdist_suffix
from verify.index.interface import FileKind, IndexFile, Project
from verify.index.platforms import platform_tags_for

# A minor version stands for all its patch releases, of which the newest is what people run; this
# one is newer than any.
_NEWEST_PATCH = 99


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What wheels are chosen for.

    Attributes:
        python: (major, minor) of a CPython; None for the running interpreter.
        platform: a platform tag; None for the running machine.
    """

    python: tuple[int, int] | None = None
    platform: str | None = None

    def tags(self) -> tuple[Tag, ...]:
        """The wheel tags it accepts, the best first (PEP 425).

        Raises:
            UsageFault: `platform` is no platform tag.
        """
        if self.python is None and self.platform is None:
            return tuple(sys_tags())
        python = self.python or sys.version_info[:2]
        chosen = self.platform is not None and platform_tags_for(self.platform)
        platforms = list(chosen or running_platform_tags())
        own = cpython_tags(python, abis=_abis(python), platforms=platforms)
        interpreter = f"cp{python[0]}{python[1]}"
        return (*own, *compatible_tags(python, interpreter=interpreter, platforms=platforms))

    def accepts_python(self, requires_python: str | None) -> bool:
        """Whether Requires-Python admits it; an invalid one admits all, as it does for pip."""
        if not requires_python:
            return True
        try:
            specifiers = SpecifierSet(requires_python)
        except InvalidSpecifier:
            return True
        return any(specifiers.contains(v, prereleases=True) for v in self._python_versions())

    def _python_versions(self) -> tuple[str, ...]:
        if self.python is None:
            return (".".join(str(part) for part in sys.version_info[:3]),)
        major, minor = self.python
        return f"{major}.{minor}.{_NEWEST_PATCH}", f"{major}.{minor}.0"


def choose_version(project: Project, specifier: SpecifierSet, target: Target) -> Version | None:
    """The version that pip would install; None if no version satisfies the specifier.

    A version counts if it has a wheel or an sdist for the target. If none has, any version that
    satisfies the specifier does, so that the missing wheel is what gets reported. Yanked files
    count only for a pin to one version (PEP 592), pre-releases as the specifier says (PEP 440).

    Raises:
        UsageFault: the target's platform is no platform tag.
    """
    files = [file for file in project.files if file.version is not None]
    tags = frozenset(target.tags())
    installable = [file for file in files if _is_installable(file, tags, target)]
    return _newest(installable, specifier) or _newest(files, specifier)


def choose_wheels(
    project: Project, version: Version, *, target: Target, glob: str | None, all_wheels: bool
) -> tuple[IndexFile, ...]:
    """The wheels of a release to look at; empty if there are none.

    All of them, or those whose file name matches `glob`, ordered by file name; else the one that
    pip would install on the target: not yanked if possible, best tag, highest build number.

    Raises:
        UsageFault: the target's platform is no platform tag.
    """
    wheels = _of_kind(project, version, FileKind.WHEEL)
    if all_wheels or glob is not None:
        chosen = (wheel for wheel in wheels if glob is None or fnmatchcase(wheel.filename, glob))
        return tuple(sorted(chosen, key=lambda wheel: wheel.filename))
    return ranked_wheels(project, version, target)[:1]


def ranked_wheels(project: Project, version: Version, target: Target) -> tuple[IndexFile, ...]:
    """The wheels of a release that pip can install on a target, in its order of preference.

    Raises:
        UsageFault: the target's platform is no platform tag.
    """
    priorities = {tag: -priority for priority, tag in reversed(list(enumerate(target.tags())))}
    ranked = [
        (rank, wheel)
        for wheel in _of_kind(project, version, FileKind.WHEEL)
        if target.accepts_python(wheel.requires_python)
        and (rank := _rank(wheel, priorities)) is not None
    ]
    return tuple(wheel for _, wheel in sorted(ranked, key=_by_rank, reverse=True))


def choose_sdist(project: Project, version: Version) -> IndexFile | None:
    """The sdist of a release, `.tar.gz` before `.zip` before `.tar.bz2` before all others."""
    sdists = _of_kind(project, version, FileKind.SDIST)
    return min(sdists, key=_sdist_order, default=None)


def is_pinned(specifier: SpecifierSet) -> bool:
    """Whether a specifier names exactly one version: `==1.0` or `===1.0`, not `==1.*`."""
    return any(
        clause.operator == "===" or (clause.operator == "==" and not clause.version.endswith(".*"))
        for clause in specifier
    )


def _newest(files: Iterable[IndexFile], specifier: SpecifierSet) -> Version | None:
    files = list(files)
    usable = {file.version for file in files if file.yanked is None and file.version is not None}
    chosen = max(specifier.filter(usable), default=None)
    if chosen is None and is_pinned(specifier):
        yanked = {file.version for file in files if file.version is not None}
        chosen = max(specifier.filter(yanked), default=None)
    return chosen


def _is_installable(file: IndexFile, tags: frozenset[Tag], target: Target) -> bool:
    if not target.accepts_python(file.requires_python):
        return False
    if file.kind is FileKind.SDIST:
        return True
    return file.kind is FileKind.WHEEL and not tags.isdisjoint(_wheel_tags(file))


def _of_kind(project: Project, version: Version, kind: FileKind) -> list[IndexFile]:
    return [file for file in project.files if file.kind is kind and file.version == version]


def _wheel_tags(file: IndexFile) -> frozenset[Tag]:
    try:
        return parse_wheel_filename(file.filename)[3]
    except InvalidWheelFilename:
        return frozenset()


_Rank = tuple[bool, int, tuple[()] | tuple[int, str], str]


def _rank(file: IndexFile, priorities: dict[Tag, int]) -> _Rank | None:
    try:
        _, _, build, tags = parse_wheel_filename(file.filename)
    except InvalidWheelFilename:
        return None
    matching = [priorities[tag] for tag in tags if tag in priorities]
    return (file.yanked is None, max(matching), build, file.filename) if matching else None


def _by_rank(ranked: tuple[_Rank, IndexFile]) -> _Rank:
    return ranked[0]


def _sdist_order(file: IndexFile) -> tuple[bool, int, str]:
    suffix = sdist_suffix(file.filename)
    position = SDIST_SUFFIXES.index(suffix) if suffix else len(SDIST_SUFFIXES)
    return file.yanked is not None, position, file.filename


def _abis(python: tuple[int, int]) -> Sequence[str]:
    # Named and not left to packaging, which would look whether *this* interpreter is a debug build.
    name = f"cp{python[0]}{python[1]}"
    if python[0] == 2:
        return [f"{name}mu", f"{name}m"]
    return [name] if python >= (3, 8) else [f"{name}m"]
