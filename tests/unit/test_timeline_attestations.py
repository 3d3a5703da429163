"""Who published a file: what a provenance says, and what it is held against."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import NormalizedName
from packaging.version import Version

from tests.support.listings import listed, listing, sdist, wheel
from verify.finding import Finding
from verify.index.interface import FileKind, IndexFile, Project, Sha256
from verify.signals import DEFAULT_THRESHOLDS
from verify.timeline.attestation import Identity, read_provenance
from verify.timeline.signals import signals_of
from verify.timeline.timeline import timeline_of

SIGNED = Path(__file__).parents[1] / "support/provenance/pypi_attestations-0.0.19.tar.gz.json"
SIGNED_SHA256 = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3"
SIGNED_BY = Identity(
    kind="GitHub",
    claims=(("repository", "trailofbits/pypi-attestations"), ("workflow", "release.yml")),
)
LINUX = "cp312-cp312-manylinux_2_28_x86_64"


def attested_file(sha256: str | None = SIGNED_SHA256, version: str = "0.0.19") -> IndexFile:
    filename = f"pypi_attestations-{version}.tar.gz"
    return IndexFile(
        project=NormalizedName("pypi-attestations"),
        version=Version(version),
        filename=filename,
        kind=FileKind.SDIST,
        url=f"https://files.example.org/{filename}",
        sha256=None if sha256 is None else Sha256(sha256),
        size=None,
        upload_time=None,
        requires_python=None,
        yanked=None,
        provenance="https://files.example.org/provenance",
    )


def signed(**publisher: str) -> bytes:
    """The real provenance, with another publisher written into it."""
    document: dict[str, Any] = json.loads(SIGNED.read_bytes())
    document["attestation_bundles"][0]["publisher"].update(publisher)
    return json.dumps(document).encode()


def test_a_real_signature_is_verified_without_the_network() -> None:
    attested = read_provenance(SIGNED.read_bytes(), attested_file())
    assert attested.detail is None
    assert (attested.identities, attested.verified) == ((SIGNED_BY,), True)
    assert str(SIGNED_BY) == "GitHub trailofbits/pypi-attestations release.yml"


@pytest.mark.parametrize(
    ("content", "file", "detail"),
    [
        (signed(), attested_file("ab" * 32), "does not match distribution digest"),
        (signed(), attested_file(version="0.0.20"), "does not match distribution name"),
        (signed(), attested_file(None), "gives no sha256"),
        (signed(repository="someone/else"), attested_file(), "Verification failed"),
        (signed(workflow="other.yml"), attested_file(), "does not match expected"),
    ],
)
def test_what_is_not_proven_is_not_verified(content: bytes, file: IndexFile, detail: str) -> None:
    attested = read_provenance(content, file)
    assert not attested.verified
    assert detail in (attested.detail or "")
    assert len(attested.identities) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"version": 2, "attestation_bundles": []}',
        b'{"version": 1, "attestation_bundles": [{"publisher": {"kind": "?"}}]}',
    ],
)
def test_what_is_no_provenance_names_nobody(content: bytes) -> None:
    attested = read_provenance(content, attested_file())
    assert (attested.identities, attested.verified) == ((), False)
    assert attested.detail == "the index serves something else than a provenance"


def test_a_publisher_without_an_attestation_is_nobody() -> None:
    document = {
        "version": 1,
        "attestation_bundles": [
            {"publisher": {"kind": "GitHub", "repository": "a/b", "workflow": "c"}}
            | {"attestations": []}
        ],
    }
    attested = read_provenance(json.dumps(document).encode(), attested_file())
    assert (attested.identities, attested.detail) == ((), "it holds no attestation")


def test_a_flood_of_attestations_is_not_verified() -> None:
    document = json.loads(SIGNED.read_bytes())
    (bundle,) = document["attestation_bundles"]
    document["attestation_bundles"] = [
        bundle | {"publisher": bundle["publisher"] | {"workflow": f"{number}.yml"}}
        for number in range(17)
    ]
    attested = read_provenance(json.dumps(document).encode(), attested_file())
    assert attested.detail == "it holds 17 attestations, more than 16"
    assert len(attested.identities) == 16


class Provenances:
    """An index that serves provenances from files, and remembers which were asked for."""

    def __init__(self, folder: Path, contents: Mapping[str, bytes]) -> None:
        self.folder = folder
        self.contents = contents
        self.asked: list[str] = []

    def provenance(self, file: IndexFile) -> Path | None:
        self.asked.append(file.filename)
        content = self.contents.get(file.filename)
        if content is None:
            return None
        path = self.folder / file.filename
        path.write_bytes(content)
        return path


def found(
    project: Project, filename: str, folder: Path, contents: Mapping[str, bytes]
) -> tuple[list[Finding], list[str]]:
    index = Provenances(folder, contents)
    (file,) = (file for file in project.files if file.filename == filename)
    signals = signals_of(file, project, index)
    return [signal for signal in signals if "attestation" in signal.rule], index.asked


def changing(**publisher: str) -> bytes:
    return signed(**{"repository": "demo/demo", **publisher})


def two_releases(*, second: bool = True) -> Project:
    return listing(
        listed(sdist("1.0"), "2020-01-01", provenance=True),
        listed(wheel("1.0"), "2020-01-01", provenance=True),
        listed(wheel("1.0", LINUX), "2020-01-01", provenance=True),
        listed(sdist("1.1"), "2020-02-01", provenance=second),
        listed(wheel("1.1"), "2020-02-01", provenance=second),
    )


def test_an_attestation_that_is_missing_now_is_told_without_a_request(tmp_path: Path) -> None:
    ((signal,), asked) = found(two_releases(second=False), wheel("1.1"), tmp_path, {})
    assert signal.rule == "release.attestation-missing"
    assert signal.summary == "it has no attestation, but release 1.0 before it has one"
    assert signal.evidence == {"compared_with": "demo-1.0-py3-none-any.whl"}
    assert asked == []


def test_the_first_attested_release_has_nothing_missing_before_it(tmp_path: Path) -> None:
    project = listing(
        listed(wheel("1.0"), "2020-01-01"), listed(wheel("1.1"), "2020-02-01", provenance=True)
    )
    assert found(project, wheel("1.0"), tmp_path, {}) == ([], [])


def test_a_wheel_added_to_an_attested_release_is_told(tmp_path: Path) -> None:
    project = listing(
        listed(sdist("1.0"), None, provenance=True),
        listed(wheel("1.0"), None, provenance=True),
        listed(wheel("1.0", LINUX), None),
    )
    ((signal,), _) = found(project, wheel("1.0", LINUX), tmp_path, {})
    assert signal.summary == (
        "it has no attestation, but demo-1.0-py3-none-any.whl of the same release has one"
    )


def test_a_wheel_added_years_later_is_held_against_what_was_usual_by_then(tmp_path: Path) -> None:
    project = listing(
        listed(sdist("1.0"), "2015-01-01"),
        listed(wheel("2.0"), "2019-01-01", provenance=True),
        listed(wheel("1.0"), "2019-06-01"),
    )
    ((signal,), _) = found(project, wheel("1.0"), tmp_path, {})
    assert signal.summary == "it has no attestation, but release 2.0 before it has one"


def test_a_provenance_that_is_listed_and_not_there_is_missing(tmp_path: Path) -> None:
    signals, asked = found(two_releases(), wheel("1.1"), tmp_path, {})
    assert [signal.rule for signal in signals] == [
        "release.attestation-unverified",
        "release.attestation-missing",
    ]
    assert signals[0].summary == (
        "its attestation could not be verified: the index lists a provenance that it does not have"
    )
    assert asked == ["demo-1.1-py3-none-any.whl", "demo-1.0-py3-none-any.whl"]


@pytest.mark.parametrize(
    "publisher", [{"repository": "demo/fork"}, {"workflow": "other.yml"}], ids=str
)
def test_another_publisher_than_before_is_told(tmp_path: Path, publisher: dict[str, str]) -> None:
    contents = {wheel("1.0"): changing(), wheel("1.1"): changing(**publisher)}
    signals, _ = found(two_releases(), wheel("1.1"), tmp_path, contents)
    assert [signal.rule for signal in signals] == [
        "release.attestation-unverified",
        "release.attestation-changed",
    ]
    usual = {"kind": "GitHub", "repository": "demo/demo", "workflow": "release.yml"}
    assert signals[1].evidence == {
        "identities": [usual | publisher],
        "compared_with": "demo-1.0-py3-none-any.whl",
        "compared_identities": [usual],
        "verified": False,
    }


def test_another_kind_of_publisher_is_told(tmp_path: Path) -> None:
    document = json.loads(SIGNED.read_bytes())
    document["attestation_bundles"][0]["publisher"] = {"kind": "Google", "email": "a@example.org"}
    contents = {wheel("1.0"): changing(), wheel("1.1"): json.dumps(document).encode()}
    signals, _ = found(two_releases(), wheel("1.1"), tmp_path, contents)
    assert signals[1].summary == (
        "it was published by Google a@example.org, but release 1.0 by GitHub demo/demo release.yml"
    )


def test_the_same_publisher_in_another_environment_is_the_same(tmp_path: Path) -> None:
    contents = {wheel("1.0"): changing(), wheel("1.1"): changing(environment="release")}
    signals, _ = found(two_releases(), wheel("1.1"), tmp_path, contents)
    assert [signal.rule for signal in signals] == ["release.attestation-unverified"]


def test_a_timeline_reads_each_provenance_once_and_not_too_many(tmp_path: Path) -> None:
    files = [
        listed(wheel("1.0", f"cp3{number}-cp3{number}-win32"), "2020-01-01", provenance=True)
        for number in range(100)
    ]
    index = Provenances(tmp_path, {})
    timeline = timeline_of(listing(*files), index, DEFAULT_THRESHOLDS)
    assert timeline is not None
    assert (len(index.asked), len(set(index.asked)), timeline.unread) == (64, 64, 36)
    unread = [line for line in timeline.releases[0].files if line.attested is None]
    assert len(unread) == 36
    assert {signal.rule for line in unread for signal in line.signals} == {"release.no-source"}
