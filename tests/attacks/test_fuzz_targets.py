"""What is fuzzed, without a fuzzer: every seed, what fuzzing has found, and laws that can break."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.campaign import INPUT_SECONDS
from tests.fuzz.edits import drawn_pair
from tests.fuzz.forward import forward_contents
from tests.fuzz.honest import equivalent
from tests.fuzz.laws import BrokenLawError, check_diff, check_document, check_plain
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS
from tests.support.wheels import Entry, entries, honest_files, pack, with_record, write
from verify.compare.engine import compare
from verify.results import Diff
from verify.verdict import Verdict

FUZZED = ("zip-reader", "dist-info", "whole-diff", "native")

FOUND: dict[str, tuple[str, bytes]] = {
    "metadata-that-ends-before-its-name": (
        "dist-info",
        b"\0no field\nMetadata-Version: 2.1\nName: example\nVersion: 1.0\n",
    ),
}
"""Inputs that have broken a law, by what was wrong."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzed")


@pytest.mark.parametrize("target", FUZZED)
def test_every_seed_keeps_every_law_in_time(target: str, directory: Path) -> None:
    for data in seeds(target).values():
        start = time.process_time()
        TARGETS[target](data, directory)
        assert time.process_time() - start < INPUT_SECONDS


@pytest.mark.parametrize("name", FOUND)
def test_what_fuzzing_found_stays_mended(name: str, directory: Path) -> None:
    target, data = FOUND[name]
    TARGETS[target](data, directory)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=120))
def test_any_edits_of_an_honest_wheel_keep_every_law(directory: Path, data: bytes) -> None:
    TARGETS["whole-diff"](data, directory)


@settings(max_examples=100, deadline=None)
@given(kind=st.integers(0, 4), data=st.binary(max_size=200))
def test_any_dist_info_keeps_every_law(directory: Path, kind: int, data: bytes) -> None:
    TARGETS["dist-info"](bytes([kind]) + data, directory)


def test_edits_reach_every_verdict(directory: Path) -> None:
    """Otherwise the laws on trust would be about nothing."""
    found = set()
    for data in seeds("whole-diff").values():
        pair = drawn_pair(data)
        published = write(directory / "p", pair.published, pair.published_name)
        found.add(
            compare(published, write(directory / "r", pair.rebuilt, pair.rebuilt_name)).verdict
        )
    assert found == set(Verdict)


def _falsified(diff: Diff, **change: object) -> Diff:
    return replace(diff, **change)  # type: ignore[arg-type]  # by field name


FALSIFIED: dict[str, Callable[[Diff], Diff]] = {
    "share": lambda diff: _falsified(diff, accounting=replace(diff.accounting, explained_bytes=0)),
    "size": lambda diff: _falsified(
        diff,
        accounting=replace(
            diff.accounting,
            published_bytes=diff.accounting.published_bytes + 1,
            explained_bytes=diff.accounting.explained_bytes + 1,
        ),
    ),
    "unexplained": lambda diff: _falsified(
        diff,
        accounting=replace(
            diff.accounting,
            explained_bytes=0,
            unexplained_bytes=diff.accounting.explained_bytes,
        ),
    ),
    "identical": lambda diff: _falsified(diff, verdict=Verdict.IDENTICAL),
    "regenerated": lambda diff: _falsified(diff, verdict=Verdict.REGENERATED),
    "different": lambda diff: _falsified(diff, verdict=Verdict.DIFFERENT),
    "suspicious": lambda diff: _falsified(diff, verdict=Verdict.SUSPICIOUS),
    "undetermined": lambda diff: _falsified(diff, verdict=Verdict.UNDETERMINED),
    "unnamed": lambda diff: _falsified(
        diff, findings=tuple(f for f in diff.findings if f.rule != "record-follows")
    ),
}


def _equivalent(tmp_path: Path) -> tuple[Diff, bytes, bytes]:
    pair = equivalent()
    diff = compare(write(tmp_path / "p", pair.published), write(tmp_path / "r", pair.rebuilt))
    return diff, pair.published, pair.rebuilt


def test_an_honest_result_keeps_the_laws(tmp_path: Path) -> None:
    diff, published, rebuilt = _equivalent(tmp_path)
    check_diff(diff, published, rebuilt)
    check_document(diff)


@pytest.mark.parametrize("lie", FALSIFIED)
def test_a_false_result_breaks_a_law(lie: str, tmp_path: Path) -> None:
    diff, published, rebuilt = _equivalent(tmp_path)
    with pytest.raises(BrokenLawError):
        check_diff(FALSIFIED[lie](diff), published, rebuilt)


def test_trust_in_another_dependency_breaks_a_law(tmp_path: Path) -> None:
    """Even if a rule were to call the METADATA that holds it benign."""
    diff, published, _ = _equivalent(tmp_path)
    name = "example-1.0.dist-info/METADATA"
    metadata = honest_files()[name].replace(b"other>=1", b"evil>=1")
    rebuilt = pack(entries(with_record(honest_files({name: metadata}))))
    named = replace(diff.findings[0], member=name)
    members = (*(f.member for f in diff.findings), "example/text.txt")
    findings = (*diff.findings, named, *(replace(named, member=member) for member in members))
    with pytest.raises(BrokenLawError, match="installed as"):
        check_diff(_falsified(diff, findings=findings), published, rebuilt)


def test_text_that_steers_a_terminal_breaks_a_law() -> None:
    check_plain("plain \x1b[1mbold\x1b[0m\n")
    for text in ("\x1b[2J", "\x9b", "\r", "\u202e", "\t", "\udcff"):
        with pytest.raises(BrokenLawError):
            check_plain(text)


def test_the_forward_reader_sees_what_stands_before_the_directory() -> None:
    hidden = Entry(name="hidden.py", data=b"x = 1\n", has_central=False)
    assert forward_contents(pack([*entries(), hidden]))[-1] == (b"hidden.py", b"x = 1\n")
