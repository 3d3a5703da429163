"""`truewheel timeline` against an index on loopback, and the signals that `check` carries."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Ran, assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile, Status

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
SIGNED = Path(__file__).parents[1] / "support/provenance/pypi_attestations-0.0.19.tar.gz.json"
SIGNED_SHA256 = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3"


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        server.add(
            "thing",
            [
                served("thing-1.0.tar.gz", 0),
                served("thing-1.0-py3-none-any.whl", 60),
                served("thing-1.1.tar.gz", 30),
            ],
        )
        yield server


def served(filename: str, days: int, **more: Any) -> ServedFile:  # noqa: ANN401 - its fields
    content = filename.encode()
    return ServedFile(
        filename=filename, content=content, upload_time=DAY + timedelta(days=days), **more
    )


def timeline(index: IndexServer, cache: Path, *arguments: str | Path) -> Ran:
    ran = truewheel("timeline", "--index-url", index.url, *arguments, cache=cache)
    assert "Traceback" not in ran.stderr
    return ran


def document(ran: Ran) -> Any:  # noqa: ANN401 - JSON
    assert (ran.code, ran.stderr) == (0, "")
    assert_valid(ran.document)
    return ran.document


def test_a_release_is_shown_with_what_came_late(index: IndexServer, tmp_path: Path) -> None:
    ran = timeline(index, tmp_path, "thing==1.0")
    assert (ran.code, ran.stderr) == (0, "")
    assert "! 2024-06-30      +60 d  thing-1.0-py3-none-any.whl" in ran.stdout.splitlines()
    assert "the wheel was uploaded 60 days after its source" in ran.stdout
    assert "thing-1.1" not in ran.stdout
    assert index.count() == 1


def test_the_document_fits_its_schema(index: IndexServer, tmp_path: Path) -> None:
    found = document(timeline(index, tmp_path, "Thing", "--json", "--last", "2"))
    assert found["detailed"] == ["1.0", "1.1"]
    assert found["summary"]["by_signal"] == {
        "release.after-newer-release": 1,
        "release.late-wheel": 1,
    }


def test_thresholds_are_the_persons_to_choose(index: IndexServer, tmp_path: Path) -> None:
    arguments = ("thing==1.0", "--json", "--late-after", "60", "--silent-for", "10")
    found = document(timeline(index, tmp_path, *arguments))
    assert found["thresholds"] == {"late_after_days": 60, "silent_for_days": 10}
    wheel = found["releases"][0]["files"][1]
    assert [signal["rule"] for signal in wheel["signals"]] == [
        "release.after-newer-release",
        "release.silence-before",
    ]


def test_the_policy_of_the_project_says_the_thresholds(index: IndexServer, tmp_path: Path) -> None:
    policy = "policy.late-after-days = 5\npolicy.projects.Thing.late-after-days = 60\n"
    (tmp_path / "own.toml").write_text(policy, encoding="utf-8")
    config = tmp_path / "own.toml"
    found = document(timeline(index, tmp_path, "thing==1.0", "--json", "--config", config))
    assert found["thresholds"] == {"late_after_days": 60, "silent_for_days": 365}
    assert "release.late-wheel" not in found["summary"]["by_signal"]


def test_a_listing_in_html_has_no_times_and_no_signals(index: IndexServer, tmp_path: Path) -> None:
    index.json = False
    ran = timeline(index, tmp_path, "thing==1.0")
    assert ran.code == 0
    assert "The index gives no upload time for 2 files: when is not known." in ran.stdout
    assert "!" not in ran.stdout


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("nothing", "no configured index has a project named nothing"),
        ("thing==9", "thing has no release 9"),
        ("thing>=1", "'thing>=1' is neither a project nor one release of it"),
        ("thing==1.*", "'thing==1.*' is neither a project nor one release of it"),
        ("thing[x]", "'thing[x]' is neither a project nor one release of it"),
        ("thing @ https://example.org/x", "names a URL"),
        ("../thing", "is no requirement"),
    ],
)
def test_what_is_not_there_is_one_clear_error(
    index: IndexServer, tmp_path: Path, asked: str, message: str
) -> None:
    ran = timeline(index, tmp_path, asked)
    assert (ran.code, ran.stdout) == (2, "")
    assert message in ran.stderr.splitlines()[0]
    assert len(ran.stderr.splitlines()) <= 2


def test_an_index_that_fails_is_the_tools_failure(index: IndexServer, tmp_path: Path) -> None:
    index.fail("thing", Status(401))
    ran = timeline(index, tmp_path, "thing")
    assert ran.code == 4
    assert "status 401" in ran.stderr


def test_offline_needs_one_run_before(index: IndexServer, tmp_path: Path) -> None:
    assert timeline(index, tmp_path, "thing", "--offline").code == 4
    online = timeline(index, tmp_path, "thing")
    assert timeline(index, tmp_path, "thing", "--offline").stdout == online.stdout


def test_a_picture_is_written_over_a_picture_alone(index: IndexServer, tmp_path: Path) -> None:
    picture = tmp_path / "thing.svg"
    for _ in range(2):
        assert timeline(index, tmp_path, "thing==1.0", "--svg", picture).code == 0
        assert picture.read_text().startswith("<svg ")
    picture.write_text("<svg> of somebody else")
    ran = timeline(index, tmp_path, "thing==1.0", "--svg", picture)
    assert (ran.code, picture.read_text()) == (2, "<svg> of somebody else")
    assert timeline(index, tmp_path, "thing", "--svg", tmp_path / "no" / "x.svg").code == 2
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == ["thing.svg"]


def attested(provenance: bytes | None) -> list[ServedFile]:
    """A project whose first release is signed, and whose second has the given provenance."""
    return [
        served(
            "pypi_attestations-0.0.19.tar.gz",
            0,
            listed_sha256=SIGNED_SHA256,
            provenance=SIGNED.read_bytes(),
        ),
        served("pypi_attestations-0.0.20.tar.gz", 9, provenance=provenance),
    ]


def test_a_provenance_is_fetched_verified_and_shown(index: IndexServer, tmp_path: Path) -> None:
    index.add("pypi-attestations", attested(None))
    ran = timeline(index, tmp_path, "pypi-attestations==0.0.19")
    assert (ran.code, ran.stderr) == (0, "")
    assert "1 file: published by GitHub trailofbits/pypi-attestations release.yml" in ran.stdout
    assert "(verified)" in ran.stdout
    assert index.count("pypi_attestations-0.0.19.tar.gz.provenance") == 1
    again = timeline(index, tmp_path, "pypi-attestations==0.0.19", "--offline")
    assert again.stdout == ran.stdout


def test_a_provenance_of_somebody_else_is_told(index: IndexServer, tmp_path: Path) -> None:
    other = json.loads(SIGNED.read_bytes())
    other["attestation_bundles"][0]["publisher"]["repository"] = "else/where"
    index.add("pypi-attestations", attested(json.dumps(other).encode()))
    found = document(timeline(index, tmp_path, "pypi-attestations==0.0.20", "--json"))
    (file,) = found["releases"][1]["files"]
    assert [signal["rule"] for signal in file["signals"]] == [
        "release.attestation-unverified",
        "release.attestation-changed",
    ]
    assert file["attestation"]["identities"] == [
        {"kind": "GitHub", "repository": "else/where", "workflow": "release.yml"}
    ]


def test_a_provenance_that_is_gone_is_missing_and_one_that_fails_is_a_failure(
    index: IndexServer, tmp_path: Path
) -> None:
    index.add("pypi-attestations", attested(SIGNED.read_bytes()))
    name = "pypi_attestations-0.0.20.tar.gz.provenance"
    index.fail(name, Status(404), Status(401))
    asked = ("pypi-attestations==0.0.20", "--json")
    found = document(timeline(index, tmp_path, *asked))
    (file,) = found["releases"][1]["files"]
    assert [signal["rule"] for signal in file["signals"]] == [
        "release.attestation-unverified",
        "release.attestation-missing",
    ]
    assert timeline(index, tmp_path, *asked).code == 4


def test_twelve_wheels_came_1230_days_after_their_source(cache: Path) -> None:
    ran = truewheel("timeline", "hiredis==0.2.0", "--json", cache=cache, environment={})
    (release,) = (r for r in ran.document["releases"] if r["version"] == "0.2.0")
    late = [
        signal["evidence"]["days"]
        for file in release["files"]
        for signal in file["signals"]
        if signal["rule"] == "release.late-wheel"
    ]
    assert (ran.code, late) == (0, [1230] * 12)
