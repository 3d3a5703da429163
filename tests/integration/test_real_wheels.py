"""The main job on published wheels, from the real index, in both sandboxes."""

from pathlib import Path
from typing import Any

from tests.support.command import assert_valid, truewheel

TRUSTED = {
    "six==1.17.0": "regenerated",
    "click==8.1.7": "identical",
    "flask==3.0.3": "identical",
    "requests==2.32.3": "regenerated",
    "rich==13.7.1": "identical",
    "attrs==23.2.0": "identical",
    "iniconfig==2.0.0": "identical",
}


def check(sandbox_name: str, cache: Path, *arguments: str) -> tuple[int, Any]:
    """Exit code and document of a check with this machine's own index configuration."""
    ran = truewheel(
        "check", "--json", "--sandbox", sandbox_name, *arguments,
        environment={"TRUEWHEEL_CACHE_DIR": str(cache)}, timeout=600,
    )  # fmt: skip
    assert ran.stdout, ran.stderr
    assert_valid(ran.document)
    return ran.code, ran.document


def test_well_known_wheels_are_trusted(sandbox_name: str, cache: Path) -> None:
    code, document = check(sandbox_name, cache, *TRUSTED)
    assert {r["requirement"]: r["verdict"] for r in document["results"]} == TRUSTED
    assert code == 0
    for result in document["results"]:
        accounting = result["diff"]["accounting"]
        assert accounting["unexplained_bytes"] == 0
        assert accounting["published_bytes"] == result["wheel"]["size"]
        assert result["recipe"]["sandbox"] == sandbox_name


def test_a_module_that_the_sdist_lacks_is_named(sandbox_name: str, cache: Path) -> None:
    code, document = check(sandbox_name, cache, "requests-toolbelt==1.0.0")
    (result,) = document["results"]
    assert (code, result["verdict"]) == (1, "different")
    members = {
        f["member"] for f in result["diff"]["findings"] if f["rule"] == "code.only-published"
    }
    assert members == {"requests_toolbelt/adapters/appengine.py"}


def test_late_native_wheels_get_an_honest_answer(sandbox_name: str, cache: Path) -> None:
    """Wheels added to a release of 2015 in 2018, with native code of a compiler long gone."""
    glob = "*cp36m*manylinux1_x86_64*"
    code, document = check(sandbox_name, cache, "hiredis==0.2.0", "--wheel", glob)
    (result,) = document["results"]
    assert result["wheel"]["upload_time"].startswith("2018-08-16")
    assert result["source"]["upload_time"].startswith("2015-04-03")
    rules = [signal["rule"] for signal in result["signals"]]
    assert rules == ["release.late-wheel", "release.silence-before"]
    assert not result["trusted"]
    if result["verdict"] == "undetermined":
        # A machine without CPython 3.6 cannot rebuild it, and says so.
        assert (code, result["reason"]) == (3, "unsupported")
    else:
        assert (code, result["verdict"]) == (1, "different")
        found = {finding["rule"] for finding in result["diff"]["findings"]}
        assert "native.differs" in found
