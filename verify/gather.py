"""Finding the files that a recipe names by hash: in the cache, else at the index."""

from pathlib import Path

from builders.errors import BuildFault, FailureCode
from verify.index.cache import FileCache
from verify.index.interface import Index, ProjectNotFoundError, Sha256


class IndexGatherer:
    """The builders' `Gatherer` over a file cache and an index."""

    def __init__(self, cache: FileCache, index: Index) -> None:
        self._cache = cache
        self._index = index

    def gather(self, name: str, version: str, filename: str, sha256: str) -> Path:
        """See `builders.rebuild.Gatherer`."""
        cached = self._cache.find(Sha256(sha256), filename)
        if cached is not None:
            return cached
        try:
            files = self._index.project(name).files
        except ProjectNotFoundError:
            files = ()
        for file in files:
            if file.filename == filename and file.sha256 == sha256:
                return self._index.fetch(file)
        raise BuildFault(
            f"no index has {filename} of {name} {version} with sha256 {sha256}",
            code=FailureCode.NO_BUILD_REQUIREMENTS,
        )
