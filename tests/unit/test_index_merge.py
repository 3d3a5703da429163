from dataclasses import replace
from datetime import UTC, datetime

import pytest
from packaging.utils import NormalizedName
from packaging.version import Version

from verify.index.interface import ConflictingFilesError, FileKind, IndexFile, Sha256
from verify.index.merge import merged

WHEN = datetime(2020, 1, 1, tzinfo=UTC)
FULL = IndexFile(
    project=NormalizedName("demo"),
    version=Version("1.0"),
    filename="demo-1.0.tar.gz",
    kind=FileKind.SDIST,
    url="https://a.example.org/demo-1.0.tar.gz",
    sha256=Sha256("ab" * 32),
    size=0,
    upload_time=WHEN,
    requires_python=None,
    yanked=None,
    provenance="https://a.example.org/demo-1.0.tar.gz.provenance",
)
BARE = replace(
    FULL,
    url="https://b.example.org/demo-1.0.tar.gz",
    sha256=None,
    size=None,
    upload_time=None,
    provenance=None,
)


def test_the_first_index_wins_and_order_is_kept() -> None:
    other = replace(FULL, filename="demo-2.0.tar.gz")
    mirrored = replace(FULL, url=BARE.url)
    assert merged([[FULL], [other, mirrored]]) == (FULL, other)


def test_what_the_first_leaves_open_is_filled_in() -> None:
    assert merged([[BARE], [FULL]]) == (replace(FULL, url=BARE.url),)


def test_what_the_first_says_stays() -> None:
    later = replace(FULL, upload_time=datetime(2021, 1, 1, tzinfo=UTC), yanked="x")
    assert merged([[FULL], [later], [BARE]]) == (FULL,)


@pytest.mark.parametrize("other", [replace(FULL, sha256=Sha256("cd" * 32)), replace(FULL, size=1)])
def test_different_bytes_under_one_name_are_an_error(other: IndexFile) -> None:
    with pytest.raises(ConflictingFilesError, match=r"demo-1\.0\.tar\.gz"):
        merged([[FULL], [other]])
    with pytest.raises(ConflictingFilesError):
        merged([[other, FULL]])


def test_a_filled_in_hash_still_conflicts_with_a_third() -> None:
    with pytest.raises(ConflictingFilesError):
        merged([[BARE], [FULL], [replace(FULL, sha256=Sha256("cd" * 32))]])
