"""`check NAME==VERSION` against an index on loopback that lists what the tests say it lists."""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.command import Ran, assert_valid, truewheel
from tests.support.index_server import IndexServer, Reset, ServedFile, Status, WrongBytes
from tests.support.ports import nobody_listening
from tests.support.projects import MODULES, PYPROJECT, SDIST, WHEEL, make_sdist, make_wheel

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2024, 8, 1, 12, tzinfo=UTC)


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


def served(filename: str, content: bytes, upload_time: datetime) -> ServedFile:
    return ServedFile(filename=filename, content=content, upload_time=upload_time)


def serve(
    index: IndexServer, folder: Path, *, modules: Mapping[str, str] = MODULES, sdist: bool = True
) -> None:
    """The project, its wheel made of `modules`, uploaded three months after its source."""
    wheel = served(WHEEL, make_wheel(folder, modules=modules).read_bytes(), LATER)
    source = served(SDIST, make_sdist(folder).read_bytes(), DAY)
    index.add("thing", [wheel, source] if sdist else [wheel])


def check(index: IndexServer, cache: Path, *arguments: str) -> Ran:
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--index-url", index.url, *arguments,
        cache=cache,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr
    return ran


def result(ran: Ran) -> dict[str, object]:
    assert_valid(ran.document)
    (only,) = ran.document["results"]
    assert isinstance(only, dict)
    return only


def test_a_release_is_checked_from_the_index(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    serve(index, tmp_path)
    ran = check(index, cache, "thing==1.0")
    found = result(ran)
    assert (ran.code, found["verdict"]) == (0, "identical")
    wheel, source = found["wheel"], found["source"]
    assert isinstance(wheel, dict)
    assert isinstance(source, dict)
    assert wheel["upload_time"] == "2024-08-01T12:00:00Z"
    assert source["upload_time"] == "2024-05-01T12:00:00Z"
    assert wheel["url"].startswith(f"http://{index.netloc}/")


def test_a_late_wheel_is_a_signal_beside_the_verdict(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    serve(index, tmp_path)
    found = result(check(index, cache, "thing==1.0"))
    signals = found["signals"]
    assert isinstance(signals, list)
    assert [signal["rule"] for signal in signals] == ["release.late-wheel"]
    assert signals[0]["evidence"]["days"] == 92


def test_a_tampered_wheel_with_a_right_record_is_not_trusted(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    serve(index, tmp_path, modules={**MODULES, "extra.py": "import os\n"})
    ran = check(index, cache, "thing==1.0")
    assert (ran.code, result(ran)["verdict"]) == (1, "different")
    assert "thing/extra.py" in ran.stdout


SERVED: dict[str, dict[str, object]] = {
    "listed in JSON": {"json_keys": {"core-metadata": {"sha256": "ab" * 32}}},
    "listed under the older name": {"json_keys": {"dist-info-metadata": {"sha256": "ab" * 32}}},
    "listed in HTML": {"html_attributes": {"data-core-metadata": f"sha256={'ab' * 32}"}},
    "listed in HTML under the older name": {
        "html_attributes": {"data-dist-info-metadata": f"sha256={'ab' * 32}"}
    },
    "served without a hash": {
        "json_keys": {"core-metadata": True},
        "metadata": b"Metadata-Version: 2.1\nName: thing\nVersion: 1.0\nRequires-Dist: evil\n",
    },
}


@pytest.mark.parametrize("how", SERVED)
def test_other_metadata_for_resolvers_is_suspicious_though_the_rebuild_is_identical(
    how: str, index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    index.json = "html_attributes" not in SERVED[how]
    serve(index, tmp_path)
    wheel, source = index.projects["thing"]
    index.add("thing", [replace(wheel, **SERVED[how]), source])  # type: ignore[arg-type]  # by name
    ran = check(index, cache, "thing==1.0")
    found = result(ran)
    assert (ran.code, found["verdict"], found["trusted"]) == (1, "suspicious", False)
    assert "metadata.index-differs" in ran.stdout
    accounting = found["diff"]["accounting"]  # type: ignore[index]  # JSON
    assert accounting["unexplained_bytes"] == 0


def test_the_wheels_own_metadata_for_resolvers_is_no_finding(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    serve(index, tmp_path)
    wheel, source = index.projects["thing"]
    with zipfile.ZipFile(tmp_path / WHEEL) as archive:
        own = archive.read("thing-1.0.dist-info/METADATA")
    keys = {"core-metadata": True, "dist-info-metadata": {"sha256": sha256(own).hexdigest()}}
    index.add("thing", [replace(wheel, metadata=own, json_keys=keys), source])
    ran = check(index, cache, "thing==1.0")
    assert (ran.code, result(ran)["verdict"]) == (0, "identical")
    assert index.count(f"{WHEEL}.metadata") == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("other==1.0",), "unknown-project"),
        (("thing==9.9",), "unknown-version"),
        (("thing==1.0", "--wheel", "*win*"), "no-wheel"),
    ],
)
def test_what_does_not_exist_is_undetermined_with_its_reason(
    arguments: tuple[str, ...], reason: str, index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    serve(index, tmp_path)
    ran = check(index, cache, *arguments)
    assert (ran.code, result(ran)["reason"]) == (3, reason)


def test_a_wheel_without_source_is_undetermined(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    serve(index, tmp_path, sdist=False)
    ran = check(index, cache, "thing==1.0")
    assert (ran.code, result(ran)["reason"]) == (3, "no-source")


def test_bytes_that_are_not_the_promised_ones_are_never_judged(
    index: IndexServer, tmp_path: Path
) -> None:
    serve(index, tmp_path)
    index.fail(WHEEL, *[WrongBytes(b"x" * 100)] * 20)
    ran = check(index, tmp_path / "cache", "thing==1.0")
    assert (ran.code, result(ran)["reason"]) == (3, "hash-mismatch")


def test_a_passing_fault_of_the_index_is_waited_out(index: IndexServer, tmp_path: Path) -> None:
    serve(index, tmp_path)
    index.fail(WHEEL, Status(503), Reset())
    ran = check(index, tmp_path / "cache", "thing==1.0")
    assert ran.code == 0


def test_an_index_that_is_down_is_a_failure_of_the_tool(tmp_path: Path) -> None:
    with nobody_listening() as port:
        url = f"http://127.0.0.1:{port}/simple"
        cache = tmp_path / "cache"
        ran = truewheel("check", "--json", "--index-url", url, "thing==1.0", cache=cache)
    assert ran.code == 4
    assert ran.document["results"] == []
    assert ran.document["error"]["message"]
    assert ran.document["error"]["hint"]


def test_results_before_the_index_went_down_are_kept(index: IndexServer, tmp_path: Path) -> None:
    serve(index, tmp_path)
    index.fail("other", *[Status(500)] * 20)
    ran = check(index, tmp_path / "cache", "thing==1.0", "other==1.0")
    assert ran.code == 4
    assert [entry["verdict"] for entry in ran.document["results"]] == ["identical"]
    assert_valid(ran.document)


def test_a_second_run_asks_nothing_and_works_offline(index: IndexServer, tmp_path: Path) -> None:
    serve(index, tmp_path)
    check(index, tmp_path / "cache", "thing==1.0")
    before = index.count(WHEEL), index.count(SDIST)
    assert before == (1, 1)
    ran = check(index, tmp_path / "cache", "--offline", "thing==1.0")
    assert ran.code == 0
    assert (index.count(WHEEL), index.count(SDIST)) == before


def test_offline_with_an_empty_cache_is_a_failure_that_says_so(
    index: IndexServer, tmp_path: Path
) -> None:
    ran = check(index, tmp_path / "cache", "--offline", "thing==1.0")
    assert ran.code == 4
    assert "offline" in ran.stderr


def test_the_worst_result_decides_the_exit_code(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    serve(index, tmp_path, modules={**MODULES, "extra.py": "import os\n"})
    ran = check(index, cache, "other==1.0", "thing==1.0")
    assert ran.code == 1
    summary = ran.document["summary"]
    assert summary == {
        "total": 2,
        "trusted": 0,
        "by_verdict": {"different": 1, "undetermined": 1},
        "policy": summary["policy"],
    }


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("not a requirement",),
        ("thing @ https://example.org/thing.whl",),
        ("thing", "--python-version", "three"),
        ("thing", "--platform", "no platform"),
        ("thing", "--file", "x.whl"),
        ("--sdist", "x.tar.gz", "thing"),
        ("thing", "--sandbox", "chroot"),
    ],
)
def test_a_wrong_call_is_a_usage_error(arguments: tuple[str, ...], tmp_path: Path) -> None:
    ran = truewheel("check", *arguments, cache=tmp_path, cwd=tmp_path)
    assert ran.code == 2
    assert ran.stderr.startswith("truewheel: error: ")
    assert "Traceback" not in ran.stderr


def test_a_build_requirement_without_a_wheel_is_built_from_source_first(
    index: IndexServer, tmp_path: Path
) -> None:
    helper = make_sdist(tmp_path, name="helper").read_bytes()
    index.add("helper", [served("helper-1.0.tar.gz", helper, DAY)])
    sdist = make_sdist(tmp_path, pyproject=PYPROJECT.replace("[]", '["helper"]', 1)).read_bytes()
    wheel = make_wheel(tmp_path).read_bytes()
    index.add("thing", [served(WHEEL, wheel, LATER), served(SDIST, sdist, DAY)])
    found = result(check(index, tmp_path / "cache", "thing==1.0"))
    assert found["verdict"] == "identical"
    recipe = found["recipe"]
    assert isinstance(recipe, dict)
    (requirement,) = recipe["requirements"]
    assert requirement["filename"] == "helper-1.0.tar.gz"
    assert requirement["recipe"]["source"]["name"] == "helper"


def test_a_build_requirement_uploaded_after_the_wheel_is_not_there_yet(
    index: IndexServer, tmp_path: Path
) -> None:
    helper = make_sdist(tmp_path, name="helper").read_bytes()
    index.add("helper", [served("helper-1.0.tar.gz", helper, LATER + timedelta(seconds=1))])
    sdist = make_sdist(tmp_path, pyproject=PYPROJECT.replace("[]", '["helper"]', 1)).read_bytes()
    wheel = make_wheel(tmp_path).read_bytes()
    index.add("thing", [served(WHEEL, wheel, LATER), served(SDIST, sdist, DAY)])
    found = result(check(index, tmp_path / "cache", "thing==1.0"))
    assert found["reason"] == "no-build-requirements"


def test_a_release_never_takes_part_in_its_own_rebuild(index: IndexServer, tmp_path: Path) -> None:
    """A project that requires itself must not be built with the wheel under test."""
    sdist = make_sdist(tmp_path, pyproject=PYPROJECT.replace("[]", '["thing"]', 1)).read_bytes()
    wheel = make_wheel(tmp_path).read_bytes()
    index.add("thing", [served(WHEEL, wheel, DAY), served(SDIST, sdist, DAY)])
    found = result(check(index, tmp_path / "cache", "thing==1.0"))
    assert found["reason"] == "no-build-requirements"
    assert not (tmp_path / "cache" / "rebuilds").exists()


def test_a_requirement_with_a_url_is_refused(index: IndexServer, tmp_path: Path) -> None:
    pyproject = PYPROJECT.replace("[]", '["x @ https://example.org/x.whl"]', 1)
    sdist = make_sdist(tmp_path, pyproject=pyproject).read_bytes()
    wheel = make_wheel(tmp_path).read_bytes()
    index.add("thing", [served(WHEEL, wheel, LATER), served(SDIST, sdist, DAY)])
    found = result(check(index, tmp_path / "cache", "thing==1.0"))
    assert found["reason"] == "no-build-requirements"
