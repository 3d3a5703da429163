"""The METADATA that an index serves for resolvers, held against the one that is installed."""

import hashlib
from pathlib import Path

import pytest

from tests.support.wheels import DIST_INFO, changed, entries, honest_files, pack, write
from verify.compare.engine import compare
from verify.distinfo.served import served_metadata_facts
from verify.errors import UsageFault
from verify.finding import FindingClass
from verify.verdict import Verdict

METADATA = f"{DIST_INFO}/METADATA"
CONTENT = honest_files()[METADATA]
OWN = hashlib.sha256(CONTENT).hexdigest()
OTHER = hashlib.sha256(CONTENT + b"\n").hexdigest()


@pytest.mark.parametrize("served", [(), (OWN,), (OWN, OWN)])
def test_what_is_served_is_what_the_wheel_has(served: tuple[str, ...], tmp_path: Path) -> None:
    assert served_metadata_facts(write(tmp_path, pack(entries())), served) == ()


@pytest.mark.parametrize("served", [(OTHER,), (OWN, OTHER), (OTHER, OWN, OTHER)])
def test_other_metadata_than_the_wheel_has_is_dangerous(
    served: tuple[str, ...], tmp_path: Path
) -> None:
    (finding,) = served_metadata_facts(write(tmp_path, pack(entries())), served)
    assert (finding.rule, finding.kind) == ("metadata.index-differs", FindingClass.DANGEROUS)
    assert finding.member == METADATA
    assert finding.evidence == {"served": OTHER, "own": OWN}


def test_a_wheel_that_its_rebuild_reproduces_is_suspicious_all_the_same(tmp_path: Path) -> None:
    published, rebuilt = (write(tmp_path / side, pack(entries())) for side in "pr")
    assert compare(published, rebuilt).verdict is Verdict.IDENTICAL
    diff = compare(published, rebuilt, told=served_metadata_facts(published, [OTHER]))
    assert [finding.rule for finding in diff.findings] == ["metadata.index-differs"]
    assert diff.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    "data",
    [
        b"",
        pack(entry for entry in entries() if entry.name != METADATA),
        pack(changed(METADATA, {"stream": b"\x07" * 20})),
        pack([*entries(), *(entry for entry in entries() if entry.name == METADATA)]),
        pack(changed(METADATA, {"local": {"size": 1 << 31}, "central": {"size": 1 << 31}})),
    ],
    ids=["no-archive", "absent", "broken", "twice", "too-large"],
)
def test_where_there_is_no_metadata_others_say_so(data: bytes, tmp_path: Path) -> None:
    published = write(tmp_path, data)
    assert served_metadata_facts(published, [OTHER]) == ()
    assert compare(published, published).verdict is Verdict.SUSPICIOUS


def test_a_wheel_that_is_gone_is_a_fault_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageFault):
        served_metadata_facts(tmp_path / "gone.whl", [OWN])
