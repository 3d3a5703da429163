"""METADATA field by field: what build tools write differently, and what hides behind that."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest

from tests.attacks.metadata_tables import HEAD, HONEST, HONEST_ONE_WAY, SMUGGLED
from tests.support.wheels import entries, pack, wheel_file, with_record, write
from verify.compare.engine import compare
from verify.finding import FindingClass
from verify.results import Diff
from verify.verdict import Verdict

WRITTEN = Path(__file__).parent / "written_metadata"
DIST_INFO = "exam_ple-1.0.dist-info"
FILENAME = "exam_ple-1.0-py3-none-any.whl"
FOLLOWS = "record-follows"
RULES = {
    f"metadata.{name}"
    for name in (
        "description-dedent",
        "description-newlines",
        "dynamic",
        "extra-spelling",
        "home-page",
        "layout",
        "license-files",
        "license-folding",
        "line-ends",
        "metadata-version",
        "name-spelling",
        "placeholder",
        "python-classifiers",
        "requirement-spelling",
        "requires-python-spelling",
    )
}


def _wheel(metadata: bytes) -> bytes:
    files = {
        "exam_ple.py": b"ANSWER = 42\n",
        f"{DIST_INFO}/LICENSE": b"Do as you like.\n",
        f"{DIST_INFO}/licenses/LICENSE": b"Do as you like.\n",
        f"{DIST_INFO}/METADATA": metadata,
        f"{DIST_INFO}/WHEEL": wheel_file(),
    }
    record = with_record(files)
    rows = next(data for name, data in record.items() if name not in files)
    renamed = rows.replace(b"example-1.0.dist-info", DIST_INFO.encode())
    return pack(entries({**files, f"{DIST_INFO}/RECORD": renamed}))


def _compare(tmp_path: Path, published: bytes, rebuilt: bytes) -> Diff:
    return compare(
        write(tmp_path / "p", _wheel(published), FILENAME),
        write(tmp_path / "r", _wheel(rebuilt), FILENAME),
    )


def _benign(diff: Diff) -> set[str]:
    return {finding.rule for finding in diff.findings if finding.kind is FindingClass.BENIGN}


def _file(text: str) -> bytes:
    """A METADATA with these fields (and what follows them); a whole one if it has a name."""
    return (text if "Name: " in text else HEAD + text).encode()


def _written() -> Iterator[tuple[str, Path, Path]]:
    for directory in sorted(WRITTEN.iterdir()):
        if directory.is_dir():
            for published, rebuilt in permutations(sorted(directory.glob("*.txt")), 2):
                yield directory.name, published, rebuilt


def _values(text: str, field: str) -> list[str]:
    return [line.partition(": ")[2] for line in text.splitlines() if line.startswith(f"{field}: ")]


def _without_extra(text: str) -> list[str]:
    """The first letters of the projects that are required without an extra, in order."""
    return [value[:2] for value in _values(text, "Requires-Dist") if "extra ==" not in value]


def _is_open(ours: str, theirs: str) -> bool:
    """Whether some installer does something else with the first file, which tools wrote so."""
    version, other = (_values(text, "Metadata-Version")[0] for text in (ours, theirs))
    return (
        (version > max("2.1", other) and "Requires-" in ours)
        or set(_values(ours, "Provides-Extra")) != set(_values(theirs, "Provides-Extra"))
        or _without_extra(ours) != _without_extra(theirs)
    )


@pytest.mark.parametrize("source", sorted({source for source, _, _ in _written()}))
def test_what_versions_of_one_tool_write_is_equivalent_where_all_read_it_alike(
    source: str, tmp_path: Path
) -> None:
    wrong = []
    pairs = [(ours, theirs) for name, ours, theirs in _written() if name == source]
    assert len(pairs) >= 6
    for ours, theirs in pairs:
        diff = _compare(tmp_path, ours.read_bytes(), theirs.read_bytes())
        is_same = ours.read_bytes() == theirs.read_bytes()
        is_open = _is_open(ours.read_text(), theirs.read_text())
        trusted = Verdict.IDENTICAL if is_same else Verdict.EQUIVALENT
        expected = Verdict.DIFFERENT if is_open else trusted
        if diff.verdict is not expected or bool(diff.accounting.unexplained_bytes) != is_open:
            wrong.append(f"{ours.stem} for {theirs.stem}: {diff.findings}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"),
    [(name, *pair) for name, pairs in HONEST.items() for pair in pairs],
)
def test_honest_difference_is_explained_by_its_own_rule(
    name: str, ours: str, theirs: str, tmp_path: Path
) -> None:
    for published, rebuilt in ((ours, theirs), (theirs, ours)):
        diff = _compare(tmp_path, _file(published), _file(rebuilt))
        assert _benign(diff) == {f"metadata.{name}", FOLLOWS}, diff.findings
        assert diff.verdict is Verdict.EQUIVALENT
        assert diff.accounting.unexplained_bytes == 0


@pytest.mark.parametrize(
    ("name", "published", "rebuilt"),
    [(name, *pair) for name, pairs in HONEST_ONE_WAY.items() for pair in pairs],
)
def test_honest_difference_is_explained_one_way_only(
    name: str, published: str, rebuilt: str, tmp_path: Path
) -> None:
    diff = _compare(tmp_path, _file(published), _file(rebuilt))
    assert _benign(diff) == {f"metadata.{name}", FOLLOWS}, diff.findings
    assert diff.verdict is Verdict.EQUIVALENT
    other = _compare(tmp_path / "other", _file(rebuilt), _file(published))
    assert other.verdict is Verdict.DIFFERENT


def test_every_rule_has_an_honest_pair() -> None:
    assert {f"metadata.{name}" for name in HONEST} == RULES


@pytest.mark.parametrize(
    ("name", "rebuilt", "published"),
    [(name, rebuilt, each) for name, (rebuilt, all_) in SMUGGLED.items() for each in all_],
)
def test_nothing_hides_behind_a_rule(
    name: str, rebuilt: str, published: str, tmp_path: Path
) -> None:
    assert published != rebuilt, name
    diff = _compare(tmp_path, _file(published), _file(rebuilt))
    assert not _benign(diff) & RULES, diff.findings
    assert diff.verdict in {Verdict.DIFFERENT, Verdict.SUSPICIOUS}


def test_every_rule_has_been_attacked() -> None:
    assert {f"metadata.{name}" for name in SMUGGLED} == RULES
    assert min(len(attacks) for _, attacks in SMUGGLED.values()) >= 8
