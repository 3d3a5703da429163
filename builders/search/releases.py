"""Other releases of a build requirement, without asking a resolver again."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import Version

from builders.errors import BuildFault, FailureCode
from builders.listed import listed_files
from builders.machine import environment_tags
from builders.recipe import LockedFile, Recipe
from builders.releases import refuse_own_releases
from verify.index.interface import (
    FileKind,
    Index,
    IndexFile,
)


class Releases:
    """Wheels of projects at the index, as they stood at a moment."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def versions(self, name: NormalizedName, python: str, as_of: datetime) -> Iterator[Version]:
        """Final versions that had a wheel for a Python (`X.Y`), youngest first.

        Raises:
            IndexFault: an index failed.
        """
        found = {
            file.version
            for file in listed_files(name, self._index)
            if file.version is not None
            and not file.version.is_prerelease
            and file.upload_time is not None
            and file.upload_time <= as_of
            and file.yanked is None
            and _place(file, python) is not None
        }
        yield from sorted(found, reverse=True)

    def is_listed(self, file: LockedFile, as_of: datetime) -> bool:
        """Whether the index had exactly this file at a moment.

        Raises:
            BuildFault: indexes contradict each other.
            IndexFault: an index failed.
        """
        return any(
            (listed.filename, listed.sha256) == (file.filename, file.sha256)
            and listed.upload_time is not None
            and listed.upload_time <= as_of
            for listed in listed_files(file.name, self._index)
        )

    def replaced(self, recipe: Recipe, versions: Mapping[NormalizedName, str]) -> Recipe:
        """The recipe with other releases of some requirements, or with further ones.

        Raises:
            BuildFault: there is no such wheel as of the recipe's moment, or it is of a release that
                is being built.
            IndexFault: an index failed.
        """
        locked = {file.name: file for file in recipe.requirements}
        for name, version in versions.items():
            if name not in locked or locked[name].version != version:
                locked[name] = self._wheel(name, version, recipe)
        files = tuple(locked[name] for name in sorted(locked))
        found = replace(recipe, requirements=files)
        refuse_own_releases(found)
        return found

    def _wheel(self, name: NormalizedName, version: str, recipe: Recipe) -> LockedFile:
        wanted = Version(version)
        found = [
            (place, file.filename, str(file.sha256))
            for file in listed_files(name, self._index)
            if file.version == wanted
            and file.sha256 is not None
            and file.upload_time is not None
            and file.upload_time <= recipe.as_of
            and (place := _place(file, recipe.python)) is not None
        ]
        if not found:
            raise BuildFault(
                f"the index had no wheel of {name} {version} for CPython {recipe.python}",
                code=FailureCode.NO_BUILD_REQUIREMENTS,
            )
        _, filename, sha256 = min(found)
        return LockedFile(name=name, version=version, filename=filename, sha256=sha256)


def _place(file: IndexFile, python: str) -> int | None:
    """How well a file fits a Python of this machine, 0 best; None for no wheel or one that fails.

    The place of its best tag among those that the environment accepts, as pip and uv choose.
    """
    if file.kind is not FileKind.WHEEL:
        return None
    major, _, minor = python.partition(".")
    try:
        tags = parse_wheel_filename(file.filename)[3]
        # Requires-Python of build tools never cuts within a minor version.
        is_allowed = SpecifierSet(file.requires_python or "").contains(f"{python}.99")
    except (InvalidWheelFilename, ValueError):  # also a number of too many digits
        return None
    if not is_allowed:
        return None
    accepted = environment_tags((int(major), int(minor)))
    return next((place for place, tag in enumerate(accepted) if tag in tags), None)
