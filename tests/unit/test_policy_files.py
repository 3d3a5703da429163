import os
from pathlib import Path

import pytest

from verify.policy.errors import PolicyFault
from verify.policy.files import find_config, named_config

OWN, SHARED = "truewheel.toml", "pyproject.toml"


def write(path: Path, text: str = "memory = 1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def table(memory: int) -> str:
    return f"[tool.truewheel]\nmemory = {memory}\n"


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    write(tmp_path / SHARED, "[tool.other]\nmemory = 1\n")
    assert find_config(tmp_path) is None


def test_the_nearest_file_counts_and_the_own_one_beats_the_shared_one_beside_it(
    tmp_path: Path,
) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    steps = [
        (tmp_path / SHARED, table(1), "../../pyproject.toml"),
        (tmp_path / OWN, "memory = 2", "../../truewheel.toml"),
        (tmp_path / "a" / SHARED, table(3), "../pyproject.toml"),
        (inner / SHARED, "[project]\n", "../pyproject.toml"),
        (inner / OWN, "memory = 5", "truewheel.toml"),
    ]
    for path, text, source in steps:
        write(path, text)
        found = find_config(inner)
        assert found is not None
        assert (found.source, found.is_named) == (source, False)


def test_faults_of_a_shared_file_say_where_in_it(tmp_path: Path) -> None:
    write(tmp_path / SHARED, "[tool.truewheel]\nmemry = 1\n")
    found = find_config(tmp_path)
    assert found is not None
    with pytest.raises(PolicyFault, match=r"pyproject\.toml: tool\.truewheel\.memry is an unknown"):
        found.top.table({"memory"})


@pytest.mark.parametrize("name", [OWN, SHARED])
@pytest.mark.parametrize("content", [b"[", b"a = 1\na = 2", b"\xff", b"a = " + b"[" * 100_000])
def test_a_file_that_cannot_be_read_is_never_passed_over(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PolicyFault, match=f"^{name} cannot be read"):
        find_config(tmp_path)


def test_a_mistake_in_toml_is_told_with_line_and_column(tmp_path: Path) -> None:
    write(tmp_path / OWN, "memory = 1\nsandbox = \n")
    with pytest.raises(PolicyFault, match=r"\(at line 2, column 11\)"):
        find_config(tmp_path)


def test_a_named_file_is_relative_to_the_start_as_well(tmp_path: Path) -> None:
    path = write(tmp_path / "elsewhere" / "team.toml")
    (tmp_path / "here").mkdir()
    found = named_config(path, tmp_path / "here")
    assert (found.source, found.is_named) == ("../elsewhere/team.toml", True)


def test_a_named_pyproject_without_our_table_is_a_mistake(tmp_path: Path) -> None:
    path = write(tmp_path / SHARED, "[project]\n")
    with pytest.raises(PolicyFault, match=r"has no table \[tool\.truewheel\]"):
        named_config(path, tmp_path)


def test_a_file_of_somebody_else_above_ones_own_directory_does_not_count(tmp_path: Path) -> None:
    path = write(tmp_path / OWN)
    if os.geteuid() == 0:
        os.chown(path, 1234, -1)  # root's own files count for everybody
    owner = path.stat().st_uid
    roots = tmp_path / "here"
    roots.symlink_to("/")
    with pytest.raises(PolicyFault, match=r"\.\./truewheel\.toml belongs to another user"):
        find_config(roots, user=owner + 1)
    assert find_config(roots, user=owner) is not None


def test_a_file_of_the_owner_of_the_directory_counts(tmp_path: Path) -> None:
    path = write(tmp_path / OWN)
    assert find_config(tmp_path, user=path.stat().st_uid + 1) is not None
