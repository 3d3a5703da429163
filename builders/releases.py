"""Soundness rule 2: no wheel of a release takes part in that release's own rebuild, at any depth.

A build requirement that has to be built from source carries to the outer build what its own build
environment held. So the releases that must stay out are all those on the way from the wheel under
test down to the source that is being built: the chain.
"""

from collections.abc import Iterable, Sequence

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from builders.errors import BuildFault, FailureCode
from builders.recipe import LockedFile, Recipe, SourceFile
from builders.requirements import Versioned
from verify.index.filenames import describe


def same_release(name: str, version: str, other_name: str, other_version: str) -> bool:
    """Whether two files belong to one release: normalized names and public versions (PEP 440).

    A local version is a variant of its public version's release. Of one project, versions that
    cannot be compared count as the same.
    """
    if canonicalize_name(name) != canonicalize_name(other_name):
        return False
    try:
        return Version(Version(version).public) == Version(Version(other_version).public)
    except ValueError:
        return True


def exclusions(chain: Iterable[SourceFile]) -> tuple[str, ...]:
    """Constraints that keep the releases of a chain out of a resolution.

    `!=` with a public version excludes its local variants too (PEP 440, version exclusion).

    Raises:
        BuildFault: a version is none of PEP 440.
    """
    return tuple(f"{source.name}!={_public(source)}" for source in chain)


def _public(source: SourceFile) -> str:
    try:
        return Version(source.version).public
    except ValueError as error:
        raise BuildFault(
            f"{source.filename} has no version that can be compared", code=FailureCode.UNSUPPORTED
        ) from error


def refuse_releases(chain: Sequence[SourceFile], files: Iterable[Versioned]) -> None:
    """Refuse files of a release of the chain, whatever a resolver made of the constraints.

    Raises:
        BuildFault: there is such a file.
    """
    for file in files:
        for source in chain:
            if same_release(file.name, file.version, source.name, source.version):
                raise BuildFault(
                    f"{source.name} {source.version} would take part in its own rebuild",
                    code=FailureCode.NO_BUILD_REQUIREMENTS,
                )


def refuse_own_releases(recipe: Recipe, above: tuple[SourceFile, ...] = ()) -> None:
    """Check rule 2 in a recipe that may come from anywhere, and that its names are no pretence.

    Raises:
        BuildFault: a requirement, at any depth, is of a release that is being built, or a file is
            not what the recipe calls it.
    """
    chain = (*above, recipe.source)
    _refuse_misnamed_source(recipe.source)
    files = (*recipe.requirements, *recipe.repair_tools)
    refuse_releases(chain, files)
    for file in files:
        if file.recipe is None:
            _refuse_misnamed_wheel(file)
        else:
            _refuse_other_source(file, file.recipe.source)
            refuse_own_releases(file.recipe, chain)


def _refuse_misnamed_wheel(file: LockedFile) -> None:
    try:
        name, version, _build, _tags = parse_wheel_filename(file.filename)
        honest = name == file.name and version == Version(file.version)
    except (InvalidWheelFilename, ValueError):
        honest = False
    if not honest:
        raise _misnamed(file)


def _refuse_misnamed_source(source: SourceFile) -> None:
    """Old sdists are named in many ways, so only a name that says otherwise is refused."""
    _kind, told = describe(source.filename, source.name)
    name = source.name
    try:
        if told is None:
            name, told = parse_sdist_filename(source.filename)
        honest = name == source.name and told == Version(source.version)
    except InvalidSdistFilename:
        honest = True
    except ValueError:
        honest = False
    if not honest:
        raise _misnamed(source)


def _refuse_other_source(file: LockedFile, source: SourceFile) -> None:
    if (file.name, file.version, file.filename, file.sha256) != (
        source.name,
        source.version,
        source.filename,
        source.sha256,
    ):
        raise _misnamed(file)


def _misnamed(file: LockedFile | SourceFile) -> BuildFault:
    return BuildFault(
        f"{file.filename} is not of {file.name} {file.version}, as its recipe says",
        code=FailureCode.NO_BUILD_REQUIREMENTS,
    )
