"""What is installed in an environment, without running any of it."""

import sys
from pathlib import Path

import pytest

from verify.batch.installed import default_environment, read_environment
from verify.lock.inputs.interface import InputFault


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """Where a virtual environment keeps its packages."""
    (tmp_path / "pyvenv.cfg").touch()
    folder = tmp_path / "lib" / "python3.9" / "site-packages"
    folder.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    return folder


def install(packages: Path, name: str, metadata: str, direct_url: str | None = None) -> None:
    folder = packages / f"{name}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(metadata, encoding="utf-8")
    if direct_url is not None:
        (folder / "direct_url.json").write_text(direct_url, encoding="utf-8")


def test_an_environment_is_its_distributions(packages: Path, tmp_path: Path) -> None:
    install(packages, "Thing_One-1.0", "Name: Thing.One\nVersion: 1.0\n")
    install(packages, "a-2", "Name: a\nVersion: 2\n")
    for place in (tmp_path, tmp_path / "bin" / "python"):
        found = read_environment(place)
        assert [each.requirement for each in found.distributions] == ["a==2", "thing-one==1.0"]
        assert (found.python, found.faults) == ((3, 9), ())


def test_what_did_not_come_from_an_index_is_told(packages: Path, tmp_path: Path) -> None:
    install(packages, "own-1", "Name: own\nVersion: 1\n", '{"url": "file:///x"}')
    install(packages, "left-1", "")
    install(packages, "odd-1", "Name: odd\nVersion: one\n")
    found = read_environment(tmp_path)
    assert found.distributions == ()
    told = " ".join(fault.message for fault in found.faults)
    assert "own==1 was not installed from an index" in told
    assert len(found.faults) == 3


def test_nothing_in_an_environment_runs(packages: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    (packages / "x.pth").write_text(f"import os; os.mkdir({str(ran)!r})\n", encoding="utf-8")
    python = tmp_path / "bin" / "python"
    python.write_text(f"#!/bin/sh\nmkdir {ran}\n", encoding="utf-8")
    python.chmod(0o755)
    read_environment(tmp_path)
    read_environment(python)
    assert not ran.exists()


def test_an_interpreter_tells_where_packages_are() -> None:
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert read_environment(base).python == sys.version_info[:2]


@pytest.mark.parametrize("name", ["none", "file", "folder", "false"])
def test_what_is_no_environment_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "false").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (tmp_path / "false").chmod(0o755)
    with pytest.raises(InputFault):
        read_environment(tmp_path / name)


def test_the_active_environment_is_the_default() -> None:
    assert default_environment({"VIRTUAL_ENV": "/x"}) == Path("/x")
    assert default_environment({}) == Path(sys.executable)
