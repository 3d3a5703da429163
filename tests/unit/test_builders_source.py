import gzip
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from builders import sdist as sdist_module
from builders.errors import BuildFault, FailureCode
from builders.source import LEGACY_BACKEND, read_build_system


def sdist(folder: Path, files: dict[str, str], name: str = "thing-1.0.tar.gz") -> Path:
    path = folder / name
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for member, text in files.items():
                archive.writestr(f"thing-1.0/{member}", text)
        return path
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w:bz2") as tar:
        for member, text in files.items():
            info = tarfile.TarInfo(f"thing-1.0/{member}")
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


PYPROJECT = '[build-system]\nrequires = ["flit_core >=3"]\nbuild-backend = "flit_core.buildapi"\n'


@pytest.mark.parametrize("name", ["thing-1.0.tar.gz", "thing-1.0.zip", "thing-1.0.tar.bz2"])
def test_the_declared_build_system_is_read_from_every_format(tmp_path: Path, name: str) -> None:
    system = read_build_system(sdist(tmp_path, {"pyproject.toml": PYPROJECT}, name))
    assert system.declared
    assert system.requires == ("flit_core >=3",)
    assert system.backend == "flit_core.buildapi"


def test_a_source_without_one_gets_the_setuptools_default_of_pep_517(tmp_path: Path) -> None:
    system = read_build_system(sdist(tmp_path, {"setup.py": "", "pyproject.toml": "[tool.x]"}))
    assert not system.declared
    assert system.backend == LEGACY_BACKEND
    assert system.requires == ("setuptools", "wheel")


def test_only_files_at_the_root_count(tmp_path: Path) -> None:
    path = sdist(tmp_path, {"setup.py": "", "vendored/pyproject.toml": PYPROJECT})
    assert not read_build_system(path).declared


def test_backend_path_is_kept(tmp_path: Path) -> None:
    text = '[build-system]\nrequires = []\nbuild-backend = "b"\nbackend-path = ["_build"]\n'
    assert read_build_system(sdist(tmp_path, {"pyproject.toml": text})).backend_path == ("_build",)


@pytest.mark.parametrize(
    "text",
    [
        "[build-system",
        "build-system = 1",
        '[build-system]\nrequires = "setuptools"',
        '[build-system]\nrequires = []\nbuild-backend = ""',
        "a = " + "[" * 5000,
    ],
)
def test_an_invalid_pyproject_is_a_bad_source(tmp_path: Path, text: str) -> None:
    path = sdist(tmp_path, {"pyproject.toml": text})
    with pytest.raises(BuildFault) as caught:
        read_build_system(path)
    assert caught.value.code is FailureCode.BAD_SOURCE


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", gzip.compress(b"x" * 2000, mtime=0), gzip.compress(b"y", mtime=0)[:-4]],
)
def test_a_broken_archive_is_a_bad_source(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thing-1.0.tar.gz"
    path.write_bytes(content)
    with pytest.raises(BuildFault) as caught:
        read_build_system(path)
    assert caught.value.code is FailureCode.BAD_SOURCE


def test_a_source_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdist_module, "MAX_UNPACKED", 1 << 16)
    path = sdist(tmp_path, {"setup.py": "", "zeros": "0" * (1 << 18)})
    with pytest.raises(BuildFault, match="too many bytes"):
        read_build_system(path)


def test_a_source_without_any_build_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildFault, match="neither"):
        read_build_system(sdist(tmp_path, {"README": "hello"}))


def test_many_empty_members_in_a_row_are_no_large_header(tmp_path: Path) -> None:
    path = tmp_path / "thing-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for number in range(5000):
            tar.addfile(tarfile.TarInfo(f"thing-1.0/{number}"))
        tar.addfile(tarfile.TarInfo("thing-1.0/setup.py"))
    assert not read_build_system(path).declared


def test_a_pax_header_of_many_digits_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "thing-1.0.tar.gz"
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 900_000
    with gzip.open(path, "wb", 1) as stream:
        stream.write(header.tobuf(tarfile.USTAR_FORMAT) + b"1" * 900_096)
    with pytest.raises(BuildFault, match="absurd number"):
        read_build_system(path)


def test_a_pyproject_of_more_keys_than_memory_is_refused(tmp_path: Path) -> None:
    text = "[" + ".".join(["a"] * 1000) + "]\n" + "".join(f"b{n}.c = 1\n" for n in range(40_000))
    with pytest.raises(BuildFault, match="too many parts"):
        read_build_system(sdist(tmp_path, {"pyproject.toml": text}))


@pytest.mark.parametrize(
    "line", [f"build-backend = '{'b' * 5000}'", f"backend-path = {['x'] * 101}"]
)
def test_more_than_an_argument_holds_is_a_bad_source(tmp_path: Path, line: str) -> None:
    with pytest.raises(BuildFault) as caught:
        read_build_system(sdist(tmp_path, {"pyproject.toml": f"[build-system]\n{line}\n"}))
    assert caught.value.code is FailureCode.BAD_SOURCE
