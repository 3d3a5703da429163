"""Build requirements that exist only as an sdist: which one to build."""

from collections.abc import Iterable
from datetime import datetime

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from builders.errors import BuildFault, FailureCode
from builders.listed import listed_files
from builders.recipe import SourceFile
from verify.index.interface import (
    FileKind,
    Index,
    IndexFile,
)


def newest_sdist(
    name: NormalizedName, requirements: Iterable[str], as_of: datetime, index: Index
) -> SourceFile:
    """The sdist to build for a requirement without a wheel: the newest final version allowed.

    Args:
        name: the project.
        requirements: PEP 508 strings, constraints included; those on other projects are ignored.
        as_of: later uploads do not exist; neither do files of unknown upload time.
        index: where to look.

    Raises:
        BuildFault: there is none.
        IndexFault: the index failed.
    """
    asked = [Requirement(text) for text in requirements]
    allowed = [item.specifier for item in asked if canonicalize_name(item.name) == name]
    candidates = [
        (file.version, file.filename.endswith(".tar.gz"), file.filename, str(file.sha256))
        for file in listed_files(name, index)
        if file.version is not None and _existed(file, as_of) and _allowed(file.version, allowed)
    ]
    if not candidates:
        raise BuildFault(
            f"build requirement {name} has neither a wheel nor an sdist as of that day",
            code=FailureCode.NO_BUILD_REQUIREMENTS,
        )
    version, _preferred, filename, sha256 = max(candidates)
    return SourceFile(name=name, version=str(version), filename=filename, sha256=sha256)


def _existed(file: IndexFile, as_of: datetime) -> bool:
    return (
        file.kind is FileKind.SDIST
        and file.sha256 is not None
        and file.upload_time is not None
        and file.upload_time <= as_of
        and file.yanked is None
    )


def _allowed(version: Version, specifiers: list[SpecifierSet]) -> bool:
    return not version.is_prerelease and all(item.contains(version) for item in specifiers)
