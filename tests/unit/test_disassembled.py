"""`truewheel diff --disassemble`: functions of some name, whole; the verdict is the same."""

from pathlib import Path
from typing import Any

import pytest

from tests.attacks.native.building import linked
from tests.support.command import assert_valid, truewheel
from tests.support.elf import ALONE, compiled, in_section
from tests.support.wheels import entries, honest_files, pack, with_record, write
from verify.compare.disassembled import has_functions, with_functions
from verify.compare.engine import compare
from verify.native.disassembly import MAX_FUNCTIONS, MAX_ROWS
from verify.results import Diff

LIBRARY = "example/_speedups.so"


def _source(by: int) -> str:
    """Functions that differ in each line, more of them than are shown unasked."""
    step = f"a = a * {by} + (a ^ {by}); "
    names = [f"f{at}" for at in range(MAX_FUNCTIONS + 2)]
    return "".join(
        f"long {name}(long a) {{ {step * 40} return a + {at}; }}\n" for at, name in enumerate(names)
    )


def _wheel(folder: Path, files: dict[str, bytes]) -> Path:
    return write(folder, pack(entries(with_record(honest_files(files)))))


@pytest.fixture
def wheels(tmp_path: Path) -> tuple[Path, Path]:
    """A published and a rebuilt wheel with native code that differs."""
    return (
        _wheel(tmp_path / "p", {LIBRARY: linked(_source(5))}),
        _wheel(tmp_path / "r", {LIBRARY: linked(_source(21))}),
    )


def _shown(diff: Diff) -> list[Any]:
    found = next(f for f in diff.findings if f.rule == "native.differs")
    shown: Any = found.evidence["disassembly"]
    return list(shown)


def test_the_functions_that_are_asked_for_are_shown_whole(wheels: tuple[Path, Path]) -> None:
    diff = compare(*wheels)
    assert len(_shown(diff)) == MAX_FUNCTIONS
    last = f"f{MAX_FUNCTIONS + 1}"
    asked = with_functions(diff, *wheels, last)
    (shown,) = _shown(asked)
    assert (shown["name"], shown["more_rows"]) == (last, 0)
    assert len(shown["rows"]) > MAX_ROWS
    assert asked.verdict is diff.verdict
    assert [f.rule for f in asked.findings] == [f.rule for f in diff.findings]


def test_nobody_is_called_so(wheels: tuple[Path, Path]) -> None:
    diff = compare(*wheels)
    assert has_functions(diff)
    assert not has_functions(with_functions(diff, *wheels, "nobody"))


def test_what_is_not_decoded_has_no_functions(tmp_path: Path) -> None:
    code = compiled(ALONE, "-m32", "-nostdlib")
    other = in_section(code, ".text", 3, b"\xcc")
    ours, theirs = (
        _wheel(tmp_path / side, {LIBRARY: data, "example/_speedups.pyd": data[:9] + end})
        for side, data, end in (("p", other, b"1"), ("r", code, b"2"))
    )
    diff = compare(ours, theirs)
    assert with_functions(diff, ours, theirs, "*") == diff


def test_the_command_shows_them_and_says_if_there_are_none(wheels: tuple[Path, Path]) -> None:
    plain = truewheel("diff", *wheels)
    asked = truewheel("diff", *wheels, "--disassemble", "f3")
    assert plain.code == asked.code == 1
    assert f"-v shows {MAX_FUNCTIONS} functions side by side" in plain.stdout
    assert "\n      f3  " in asked.stdout
    assert "\n      f2  " not in asked.stdout
    none = truewheel("diff", *wheels, "--disassemble", "no\x1bbody")
    assert none.code == 1
    assert none.stderr == "no native function that differs is called no\\x1bbody\n"
    document = truewheel("diff", *wheels, "--disassemble", "f[34]", "--json").document
    assert_valid(document)
    found = next(f for f in document["findings"] if f["rule"] == "native.differs")
    assert [shown["name"] for shown in found["evidence"]["disassembly"]] == ["f3", "f4"]
