"""From what a person names to what is asked for."""

import io
import json
import sys
from pathlib import Path

import pytest

from verify.batch.inputs import STDIN, Choice, Input, read_inputs
from verify.index.select import Target
from verify.lock.inputs.interface import Location

HASH = "ab" * 32
UV_LOCK = f"""\
version = 1

[[package]]
name = "thing"
version = "1.0"
source = {{ registry = "https://index.example.org/simple" }}
wheels = [
    {{ url = "https://files.example.org/thing-1.0-py3-none-any.whl", hash = "sha256:{HASH}" }},
]
"""
MIXED = f"""\
# a comment
Thing==1.0  # thing-1.0-py3-none-any.whl
other===2.0 ; python_version > "3.8"
newest
wide>=1,<2
locked==3.0 --hash=sha256:{HASH}
-e git+https://git.example.org/x.git@main#egg=x
"""


def read(*paths: Path, choice: Choice | None = None) -> tuple[Input, ...]:
    return read_inputs(paths, (), choice or Choice())


def asked(one: Input) -> list[str]:
    return [str(ask) for ask in one.asks]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_requirements_file_is_pins_and_locked_hashes(tmp_path: Path) -> None:
    path = write(tmp_path / "requirements.txt", MIXED)
    (one,) = read(path)
    assert asked(one) == ["Thing==1.0", "other===2.0", "locked==3.0", "x"]
    assert [bool(ask.packages) for ask in one.asks] == [False, False, True, True]
    assert [fault.message for fault in one.faults] == [
        f"{path}:4:1: newest is not pinned to one version",
        f"{path}:5:1: wide<2,>=1 is not pinned to one version",
    ]
    assert one.asks[0].where == Location(path=str(path), line=2, column=1)
    assert one.asks[0].targets == (Target(),)


def test_all_wheels_of_a_lock_are_meant_unless_targets_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "uv.lock", UV_LOCK)
    (one,) = read(path)
    assert (one.kind, asked(one), one.asks[0].targets) == ("uv.lock", ["thing==1.0"], ())
    target = Target(python=(3, 11))
    (one,) = read(path, choice=Choice(targets=(target,)))
    assert one.asks[0].targets == (target,)


def test_entries_of_one_project_are_asked_for_together(tmp_path: Path) -> None:
    lines = [f"b==1 --hash=sha256:{HASH}", f"a==1 --hash=sha256:{HASH}"]
    lines.append(f"b==2 --hash=sha256:{HASH}")
    (one,) = read(write(tmp_path / "requirements.txt", "\n".join(lines)))
    assert [[str(package) for package in ask.packages] for ask in one.asks] == [
        ["b==1", "b==2"],
        ["a==1"],
    ]


def test_a_folder_is_what_of_known_name_lies_below_it(tmp_path: Path) -> None:
    for name in (
        *("b/uv.lock", "a/requirements-dev.txt", "a/requirements/ci.txt", "a/notes.txt"),
        *("b/.git/requirements.txt", "node_modules/uv.lock", "venv/lib/requirements.txt"),
        *("b/pylock.ci.toml", "b/pyproject.toml"),
    ):
        write(tmp_path / name, "thing==1.0\n")
    write(tmp_path / "venv" / "pyvenv.cfg", "")
    found = [str(Path(one.path).relative_to(tmp_path)) for one in read(tmp_path)]
    assert found == [
        "a/requirements-dev.txt",
        "a/requirements/ci.txt",
        "b/pylock.ci.toml",
        "b/uv.lock",
    ]


def test_a_link_to_a_folder_above_is_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "uv.lock", UV_LOCK)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert len(read(tmp_path)) == 1


def test_what_cannot_be_read_is_told_and_the_rest_is_read(tmp_path: Path) -> None:
    bad = write(tmp_path / "uv.lock", "version = \n")
    empty = tmp_path / "empty"
    empty.mkdir()
    good = write(tmp_path / "good" / "requirements.txt", "thing==1.0\n")
    inputs = read(tmp_path / "none.txt", bad, empty, good, tmp_path / "pyproject.toml")
    assert [(one.kind, len(one.asks), len(one.faults)) for one in inputs] == [
        (None, 0, 1),
        (None, 0, 1),
        (None, 0, 1),
        ("requirements.txt", 1, 0),
        (None, 0, 1),
    ]
    assert "holds no lock" in inputs[2].faults[0].message
    assert inputs[3].asks[0].source == 3


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path / "requirements.txt", "thing==1.0\n")
    assert len(read(tmp_path, path)) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.csv", "requirement,wheel,note\nthing==1.0,thing-*.whl,x\n\nother==2.0,,\n"),
        ("list.csv", "\ufeffWheel,Requirement\r\nthing-*.whl,thing==1.0\r\n,other==2.0\r\n"),
        ("list.json", '[{"requirement": "thing==1.0", "wheel": "thing-*.whl"}, "other==2.0"]'),
    ],
)
def test_a_list_is_requirements_with_globs(tmp_path: Path, name: str, text: str) -> None:
    (one,) = read(write(tmp_path / name, text), choice=Choice(all_wheels=True))
    assert one.faults == ()
    assert [(ask.requirement, ask.glob, ask.all_wheels) for ask in one.asks] == [
        ("thing==1.0", "thing-*.whl", False),
        ("other==2.0", None, True),
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("list.csv", "name\nthing\n", "no column named requirement"),
        ("list.csv", "requirement,requirement\na,b\n", "no column named requirement"),
        ("list.csv", "", "no column named requirement"),
        ("list.csv", 'requirement\n"a\n', "is no CSV"),
        ("list.csv", "requirement,wheel\n,x-*.whl\n", "has no requirement"),
        ("list.json", "{}", "no list of requirements"),
        ("list.json", "[1]", "is no requirement"),
        ("list.json", '[{"requirement": 1}]', "is no requirement"),
        ("list.json", "[NaN]", "is no JSON"),
        ("list.json", "[" * 100_000, "is no JSON"),
        ("list.json", "", "is no JSON"),
    ],
)
def test_a_list_that_is_none_is_told(tmp_path: Path, name: str, text: str, told: str) -> None:
    (one,) = read(write(tmp_path / name, text))
    assert (one.kind, one.asks) == (None, ())
    assert told in one.faults[0].message


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("thing>=1", "not pinned"),
        ("thing @ https://x.example.org/x.whl", "names a URL"),
        ("=", "="),
    ],
)
def test_a_bad_row_is_told_and_the_others_are_asked_for(
    tmp_path: Path, row: str, told: str
) -> None:
    (one,) = read(write(tmp_path / "list.json", json.dumps([row, "thing==1.0"])))
    assert asked(one) == ["thing==1.0"]
    assert told in one.faults[0].message


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("thing==1.0\n", "requirements.txt"),
        ("requirement\nthing==1.0\n", "csv"),
        ('["thing==1.0"]', "json"),
    ],
)
def test_standard_input_is_what_it_looks_like(
    text: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    (one,) = read(STDIN)
    assert (one.path, one.kind, asked(one)) == ("-", kind, ["thing==1.0"])
