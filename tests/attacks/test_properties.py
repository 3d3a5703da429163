"""Laws of a comparison that hold whatever tool packed the wheels, and on whatever day."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.choices import Choices
from tests.fuzz.edits import FILE_EDITS, Draft
from tests.fuzz.honest import PAIRS, streamed
from tests.fuzz.laws import check_diff
from tests.fuzz.rewrite import rewritten
from tests.support.command import truewheel
from tests.support.wheels import (
    FILENAME,
    Entry,
    entries,
    honest_files,
    pack,
    varied_text,
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.finding import FindingClass
from verify.results import Diff
from verify.verdict import Verdict

SEEDS = ("0", "1", "42", "4294967295")
SETTINGS = (*((level, 0) for level in range(10)), *((6, strategy) for strategy in range(1, 5)))
"""Level and strategy of zlib."""

NAMES = st.from_regex(r"example/[a-z]{1,8}\.(txt|py|json)", fullmatch=True)
FILES = st.dictionaries(NAMES, st.binary(max_size=300), max_size=4)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compared")


def _compare(directory: Path, published: bytes, rebuilt: bytes) -> Diff:
    return compare(write(directory / "p", published), write(directory / "r", rebuilt))


@st.composite
def packed(draw: st.DrawFn, entry: Entry) -> Entry:
    """An entry as some honest tool writes it, on some day and system."""
    year, month, day = draw(st.integers(0, 127)), draw(st.integers(1, 12)), draw(st.integers(1, 28))
    hour, minute, second = (draw(st.integers(0, limit)) for limit in (23, 59, 29))
    level, strategy = draw(st.sampled_from(SETTINGS))
    chosen = replace(
        entry,
        date=year << 9 | month << 5 | day,
        time=hour << 11 | minute << 5 | second,
        mode=draw(st.sampled_from((0o100644, 0o100755, 0o100600, 0o644))),
        system=draw(st.sampled_from((0, 3))),
        method=draw(st.sampled_from((0, 8))),
        level=level,
        strategy=strategy,
        central={"internal": draw(st.integers(0, 1)), "made_by": draw(st.sampled_from((20, 63)))},
    )
    return streamed(chosen) if chosen.method and draw(st.booleans()) else chosen


@st.composite
def packings(draw: st.DrawFn, members: Sequence[Entry]) -> list[Entry]:
    """The same members in some order, each as some tool writes it."""
    return [draw(packed(entry)) for entry in draw(st.permutations(members))]


@settings(max_examples=80, deadline=None)
@given(files=FILES, data=st.data())
def test_the_same_file_is_identical(
    directory: Path, files: dict[str, bytes], data: st.DataObject
) -> None:
    wheel = pack(data.draw(packings(entries(with_record(honest_files(files))))))
    diff = _compare(directory, wheel, wheel)
    assert diff.verdict is Verdict.IDENTICAL
    assert diff.accounting.reproduced_bytes == len(wheel)


@settings(max_examples=80, deadline=None)
@given(files=FILES, data=st.data())
def test_the_account_of_a_regenerated_wheel_is_all_that_writes_it_again(
    directory: Path, files: dict[str, bytes], data: st.DataObject
) -> None:
    members = entries(with_record(honest_files({"example/t.txt": varied_text(900), **files})))
    ours, theirs = data.draw(packings(members)), data.draw(packings(members))
    published, rebuilt = pack(ours), pack(theirs)
    diff = _compare(directory, published, rebuilt)
    check_diff(diff, published, rebuilt)
    assert diff.verdict in {Verdict.REGENERATED, Verdict.IDENTICAL}
    accounts = [f.evidence for f in diff.findings if f.rule == "container.recorded-fields"]
    # Not in the assertion itself: a diff of two wheels would take its time.
    is_same = rewritten(theirs, accounts[0] if accounts else {}) == published
    assert is_same


@settings(max_examples=150, deadline=None)
@given(program=st.binary(max_size=60), data=st.data())
def test_the_order_of_members_changes_no_verdict(
    directory: Path, program: bytes, data: st.DataObject
) -> None:
    choices = Choices(program)
    draft = Draft(files=honest_files())
    for _ in range(choices.number(4)):
        choices.pick(FILE_EDITS)(draft, choices)
    ours, theirs = entries(with_record(draft.files)), entries()
    plain = _compare(directory, pack(ours), pack(theirs))
    mixed = _compare(
        directory,
        pack(data.draw(st.permutations(ours))),
        pack(data.draw(st.permutations(theirs))),
    )
    assert _verdict(mixed) is _verdict(plain)
    assert _rules(mixed) == _rules(plain)
    assert mixed.accounting.unexplained_bytes == plain.accounting.unexplained_bytes


def _verdict(diff: Diff) -> Verdict:
    """Files that differ in the order of their members have no common sha256."""
    return Verdict.REGENERATED if diff.verdict is Verdict.IDENTICAL else diff.verdict


def _rules(diff: Diff) -> set[str]:
    """Not the members: of two at one path, the later one is named."""
    return {f.rule for f in diff.findings if f.kind is not FindingClass.NOTE}


def _written(directory: Path, name: str) -> tuple[Path, Path]:
    pair = PAIRS[name]()
    return (
        write(directory / "p", pair.published, pair.filename),
        write(directory / "r", pair.rebuilt, pair.filename),
    )


def _outputs(published: Path, rebuilt: Path) -> set[tuple[int, str]]:
    runs = [
        truewheel("diff", "--json", published, rebuilt, environment={"PYTHONHASHSEED": seed})
        for seed in SEEDS
    ]
    return {(ran.code, ran.stdout) for ran in runs}


@pytest.mark.parametrize("name", PAIRS)
def test_trusted_pairs_have_the_same_document_under_any_hash_seed(
    name: str, tmp_path: Path
) -> None:
    assert len(_outputs(*_written(tmp_path, name))) == 1


TAMPERED = {
    "b.pth": b"import os\n",
    "example/new.py": b"x = 1\n",
    "example-1.0.data/scripts/tool": b"#!python\n",
    "example-1.0.data/nowhere/x": b"x",
    "EXAMPLE/core.py": b"",
    "example/../up.py": b"",
}


def test_tampered_pair_has_the_same_document_under_any_hash_seed(tmp_path: Path) -> None:
    metadata = b"Name: x\nName: y\nRequires-Dist: ??\nFoo: x\nBar: y\nPlatform\xff: z\n"
    files = honest_files({**TAMPERED, "example-1.0.dist-info/METADATA": metadata})
    rows = ["a,,", "b,,", "../c,,", "example/core.py,md5=x,1"]
    members = entries({**with_record(files, rows), f"{FILENAME}/x": b""})
    published = write(tmp_path / "p", pack([*members, *members[:3]], trailing=b"x"))
    outputs = _outputs(published, write(tmp_path / "r", pack(entries())))
    assert len(outputs) == 1
    assert outputs.pop()[0] == 1
