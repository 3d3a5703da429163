"""Rust in a source: a build that fails for want of cargo is no failure of the source."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from builders.backends import read_failure
from builders.errors import BuildFault, FailureCode
from builders.rust import RustSource, find_rust

SETUPTOOLS_RUST = """
[build-system]
requires = ["setuptools", "setuptools-rust>=1.5"]
build-backend = "setuptools.build_meta"
"""
MATURIN = """
[build-system]
requires = ["maturin>=1.0,<2.0"]
build-backend = "maturin"
[tool.maturin]
manifest-path = "bindings/python/Cargo.toml"
"""
PLAIN = '[build-system]\nrequires = ["setuptools"]\n'
NO_CARGO = "error: can't find Rust compiler\n\nIf you are using an outdated pip version, ..."
CRATE = {"Cargo.toml": "", "src/lib.rs": ""}
DEEP = {"bindings/python/Cargo.toml": "", "bindings/python/src/lib.rs": ""}
VENDORED = {"vendor/pyo3/Cargo.toml": "", "vendor/pyo3/.cargo-checksum.json": "{}"}


def _sdist(folder: Path, project: str, files: Mapping[str, str]) -> Path:
    path = folder / "example-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in {"pyproject.toml": project, "setup.py": "", **files}.items():
            info = tarfile.TarInfo(f"example-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def _failed(log: str = "") -> BuildFault:
    return BuildFault("the build ended", code=FailureCode.BUILD_FAILED, log=log)


@pytest.mark.parametrize(
    ("project", "files", "log", "found"),
    [
        (SETUPTOOLS_RUST, CRATE, "", RustSource(manifest="Cargo.toml", is_vendored=False)),
        (MATURIN, DEEP, "", RustSource(manifest="bindings/python/Cargo.toml", is_vendored=False)),
        (
            SETUPTOOLS_RUST,
            {**VENDORED, **DEEP},
            "",
            RustSource(manifest="bindings/python/Cargo.toml", is_vendored=True),
        ),
        (PLAIN, CRATE, NO_CARGO, RustSource(manifest="Cargo.toml", is_vendored=False)),
        (PLAIN, CRATE, "error: command 'gcc' failed", None),
        (SETUPTOOLS_RUST, {}, "", None),
        (SETUPTOOLS_RUST, VENDORED, "", None),
    ],
    ids=["declared", "deep", "vendored", "missed", "only-there", "only-declared", "only-vendored"],
)
def test_rust_is_what_is_declared_or_missed_and_there(
    project: str, files: Mapping[str, str], log: str, found: RustSource | None, tmp_path: Path
) -> None:
    assert find_rust(_sdist(tmp_path, project, files), log) == found


def test_a_build_that_needs_cargo_is_unsupported_and_says_so(tmp_path: Path) -> None:
    source = _sdist(tmp_path, SETUPTOOLS_RUST, {**DEEP, **VENDORED})
    read = read_failure(_failed(NO_CARGO), "setuptools.build_meta", source)
    assert read.code is FailureCode.UNSUPPORTED
    assert read.log == NO_CARGO
    assert read.message == (
        "the build needs a Rust toolchain, which the sandbox does not have"
        " (bindings/python/Cargo.toml is Rust, and the crates that it depends on are in the source)"
    )


def test_a_rust_backend_says_where_its_crate_is(tmp_path: Path) -> None:
    read = read_failure(_failed(), "maturin", _sdist(tmp_path, MATURIN, DEEP))
    assert read.message.startswith("the backend maturin needs a Rust toolchain")
    assert "bindings/python/Cargo.toml" in read.message
    assert "not in the source" in read.message


def test_other_failures_of_such_a_source_are_what_they_are(tmp_path: Path) -> None:
    source = _sdist(tmp_path, SETUPTOOLS_RUST, CRATE)
    slow = BuildFault("the build took too long", code=FailureCode.TIMEOUT)
    assert read_failure(slow, "setuptools.build_meta", source) is slow
    plain = _failed()
    assert read_failure(plain, "setuptools.build_meta", _sdist(tmp_path, PLAIN, {})) is plain


def test_a_source_that_cannot_be_read_has_no_rust(tmp_path: Path) -> None:
    path = tmp_path / "example-1.0.tar.gz"
    path.write_bytes(b"no archive")
    failed = _failed(NO_CARGO)
    assert read_failure(failed, "setuptools.build_meta", path) is failed
