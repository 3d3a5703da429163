"""Wheels for Python 2, which uv resolves for, though the lock it writes leaves them out.

uv reads tags, markers and Requires-Python for `--python-version 2.7` as pip did;
only its pylock.toml names no wheel whose tags are all of Python 2. So the release is uv's choice,
and its file is found in the index's listing.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import Version

from builders.listed import listed_files
from verify.index.interface import (
    FileKind,
    Index,
    IndexFile,
)


class ListedWheels:
    """The wheels that an index lists, as of one moment, for one interpreter.

    Args:
        index: where to look.
        as_of: later uploads do not exist; neither do files of unknown upload time, as for uv.
        rank: the tags that the interpreter accepts, the best one's rank being the lowest.
    """

    def __init__(self, index: Index, as_of: datetime, rank: Mapping[Tag, int]) -> None:
        self._index = index
        self._as_of = as_of
        self._rank = rank

    def best(self, name: NormalizedName, version: Version) -> IndexFile | None:
        """The wheel of a release that pip would take, None where there is none.

        Raises:
            BuildFault: indexes contradict each other.
            IndexFault: the index failed.
        """
        fitting = [
            (file.yanked is not None, place, file.filename, file)
            for file in listed_files(name, self._index)
            if file.version == version and self._existed(file)
            for place in self._places(file)
        ]
        return min(fitting, key=lambda found: found[:3])[3] if fitting else None

    def _existed(self, file: IndexFile) -> bool:
        return (
            file.kind is FileKind.WHEEL
            and file.upload_time is not None
            and file.upload_time <= self._as_of
        )

    def _places(self, file: IndexFile) -> Iterator[int]:
        """The rank of each tag that fits."""
        try:
            tags = parse_wheel_filename(file.filename)[3]
        except InvalidWheelFilename:
            return
        yield from (self._rank[tag] for tag in tags if tag in self._rank)
