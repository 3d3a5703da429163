from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from builders.built_wheel import check_built_wheel
from builders.errors import BuildFault
from builders.recipe import LockedFile
from tests.support.wheels import (
    DIST_INFO,
    FILENAME,
    entries,
    honest_files,
    pack,
    with_record,
    write,
)

PLANNED = LockedFile(
    name=canonicalize_name("example"),
    version="1.0.0",
    filename="example-1.0.0.tar.gz",
    sha256="ab" * 32,
)
HEAD = b"Metadata-Version: 2.1\nName: Example\nVersion: 1.0\n"


def built(folder: Path, metadata: bytes, filename: str = FILENAME) -> Path:
    files = {**honest_files(), f"{DIST_INFO}/METADATA": metadata}
    return write(folder, pack(entries(with_record(files))), filename)


@pytest.mark.parametrize(
    "metadata",
    [
        HEAD,
        HEAD
        + b"Requires-Dist: other (>=1) ; extra == 'x'\n\nRequires-Dist: y @ https://a.example.org\n",
        HEAD.replace(b"\n", b"\r\n") + b"Requires-Dist: other\r\n\r\nText\r\r\n",
    ],
)
def test_the_planned_release_is_accepted(metadata: bytes, tmp_path: Path) -> None:
    check_built_wheel(built(tmp_path, metadata), PLANNED)


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        HEAD.replace(b"Example", b"other"),
        HEAD.replace(b"1.0", b"1.1"),
        HEAD.replace(b"Version: 1.0", b"Version: " + b"1" * 5000),
        HEAD + b"Name: example\n",
        HEAD + b"Requires-Dist: y @ https://example.org/y.whl\n",
        HEAD + b"Requires-Dist: y\n @ https://example.org/y.whl\n",
        HEAD + b"Requires-Dist: =?utf-8?q?y_@_https://example.org/y.whl?=\n",
        HEAD + b"X: a\r\rb\nRequires-Dist: y @ https://example.org/y.whl\n",
        HEAD + b"no field\nRequires-Dist: y\n",
        HEAD + b"Requires-Dist: y-1.0-py3-none-any.whl\n",
        HEAD + b"Requires-Dist: y\n" * 1001,
    ],
    ids=lambda metadata: repr(metadata[-40:]),
)
def test_any_other_metadata_is_refused(metadata: bytes, tmp_path: Path) -> None:
    with pytest.raises(BuildFault):
        check_built_wheel(built(tmp_path, metadata), PLANNED)


def with_more(folder: Path, name: str) -> Path:
    files = {**honest_files(), f"{DIST_INFO}/METADATA": HEAD, name: HEAD}
    return write(folder, pack(entries(with_record(files))))


def test_metadata_of_projects_that_it_has_copies_of_are_its_own_affair(tmp_path: Path) -> None:
    wheel = with_more(tmp_path, "example/vendored/other-1.0.dist-info/METADATA")
    check_built_wheel(wheel, PLANNED)


@pytest.mark.parametrize(
    "name",
    [
        "other-1.0.dist-info/METADATA",
        "other-1.0.dist-info/entry_points.txt",
        "example-1.0.data/purelib/other-1.0.dist-info/METADATA",
        "example-1.0.DATA/platlib/other-1.0.dist-info/entry_points.txt",
    ],
)
def test_another_release_beside_it_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BuildFault):
        check_built_wheel(with_more(tmp_path, name), PLANNED)


def test_another_file_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildFault):
        check_built_wheel(built(tmp_path, HEAD, "example-2.0-py3-none-any.whl"), PLANNED)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildFault):
        check_built_wheel(write(tmp_path, b"no archive"), PLANNED)
