"""What the index lists of a build requirement."""

from packaging.utils import NormalizedName

from builders.errors import BuildFault, FailureCode
from verify.index.interface import (
    ConflictingFilesError,
    Index,
    IndexFile,
    ProjectNotFoundError,
)


def listed_files(name: NormalizedName, index: Index) -> tuple[IndexFile, ...]:
    """All files of a project, none where no index knows it.

    Raises:
        BuildFault: indexes contradict each other.
        IndexFault: an index failed.
    """
    try:
        return index.project(name).files
    except ProjectNotFoundError:
        return ()
    except ConflictingFilesError as error:
        raise BuildFault(
            f"build requirement {name} is ambiguous: {error.message}",
            code=FailureCode.NO_BUILD_REQUIREMENTS,
        ) from error
