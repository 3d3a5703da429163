"""`check --file --sdist` in both sandboxes, with projects that need no index."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.support.command import Ran, assert_valid, truewheel
from tests.support.projects import (
    MODULES,
    SDIST,
    WHEEL,
    hostile_backend,
    make_sdist,
    make_wheel,
)


def check(sandbox_name: str, folder: Path, *more: str, cache: Path | None = None) -> Ran:
    ran = truewheel(
        "check", "--json", "--sandbox", sandbox_name, "--file", folder / WHEEL,
        "--sdist", folder / SDIST, "--offline", *more, cache=cache or folder / "cache",
    )  # fmt: skip
    assert_valid(ran.document)
    return ran


def only_result(ran: Ran) -> dict[str, object]:
    (result,) = ran.document["results"]
    assert isinstance(result, dict)
    return result


def test_an_honest_wheel_is_trusted(sandbox_name: str, cache: Path, tmp_path: Path) -> None:
    make_sdist(tmp_path)
    make_wheel(tmp_path)
    ran = check(sandbox_name, tmp_path, cache=cache)
    result = only_result(ran)
    assert (ran.code, result["verdict"], result["trusted"]) == (0, "identical", True)
    assert ran.stderr == ""


def test_a_changed_module_is_found_with_its_lines(
    sandbox_name: str, cache: Path, tmp_path: Path
) -> None:
    make_sdist(tmp_path)
    make_wheel(tmp_path, modules={**MODULES, "core.py": "VALUE = 1\n" * 19 + "VALUE = 2\n"})
    ran = check(sandbox_name, tmp_path, cache=cache)
    assert (ran.code, only_result(ran)["verdict"]) == (1, "different")
    assert "+VALUE = 2" in ran.stdout


def test_the_published_wheel_is_out_of_the_builds_reach(
    sandbox_name: str, cache: Path, tmp_path: Path
) -> None:
    """A backend that looks everywhere for the published wheel must not find it."""
    search = (
        "for top, _folders, names in os.walk('/'):\n"
        "    if WHEEL in names:\n"
        "        raise SystemExit('found in ' + top)"
    )
    make_sdist(tmp_path, backend=hostile_backend(search))
    make_wheel(tmp_path)
    assert only_result(check(sandbox_name, tmp_path, cache=cache))["verdict"] == "identical"


def test_the_wheels_that_interpreters_ship_are_hidden(
    sandbox_name: str, cache: Path, tmp_path: Path
) -> None:
    """Else a build of pip or setuptools could hand back the published file itself."""
    search = (
        "import sys\n"
        "for start in (sys.base_prefix, '/usr/share'):\n"
        "    for top, _folders, names in os.walk(start):\n"
        "        if any(name.endswith('.whl') for name in names):\n"
        "            raise SystemExit('found in ' + top)"
    )
    make_sdist(tmp_path, backend=hostile_backend(search))
    make_wheel(tmp_path)
    assert only_result(check(sandbox_name, tmp_path, cache=cache))["verdict"] == "identical"


HOSTILE = {
    "raises": ("raise RuntimeError('no')", "build-failed"),
    "exits with 0 and no wheel": ("os._exit(0)", "build-failed"),
    "writes two wheels": (
        "open(os.path.join(wheel_directory, 'b-1-py3-none-any.whl'), 'w').close()",
        "build-failed",
    ),
    "leaves a symlink": (
        "os.symlink('/etc/passwd', os.path.join(wheel_directory, WHEEL)); return WHEEL",
        "build-failed",
    ),
    "leaves a directory": (
        "os.mkdir(os.path.join(wheel_directory, WHEEL)); return WHEEL",
        "build-failed",
    ),
    "names its wheel out of the way": (
        "write_wheel(os.path.join(wheel_directory, 'x.whl'), {}); return 'x.whl'",
        "build-failed",
    ),
    "gives an endless wheel": (
        "f = open(os.path.join(wheel_directory, WHEEL), 'wb'); f.truncate(10 << 40)\nreturn WHEEL",
        "build-failed",
    ),
    "hangs": ("time.sleep(1000)", "timeout"),
    "spins": ("while True: pass", "timeout"),
    "eats memory": ("x = []\nwhile True: x.append(bytearray(1 << 24))", "limit-exceeded"),
    "floods its log": ("while True: print('x' * 65536)", "limit-exceeded"),
    "fills the disk": (
        "with open('/build/full', 'wb') as file:\n    while True: file.write(bytes(1 << 24))",
        "build-failed",
    ),
    "forks without end": (
        "while True:\n    try: os.fork()\n    except OSError: time.sleep(0.1)",
        "limit-exceeded",
    ),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_build_is_one_undetermined_result(
    how: str, sandbox_name: str, cache: Path, tmp_path: Path
) -> None:
    body, reason = HOSTILE[how]
    make_sdist(tmp_path, backend=hostile_backend(body))
    make_wheel(tmp_path)
    is_any_limit = how in {"eats memory", "forks without end", "fills the disk"}
    seconds = "6" if reason == "timeout" or is_any_limit else "300"
    ran = check(sandbox_name, tmp_path, "--timeout", seconds, "--memory", "256", cache=cache)
    result = only_result(ran)
    assert (ran.code, result["verdict"]) == (3, "undetermined")
    if is_any_limit:
        # Which of its limits such a build meets first is up to the kernel.
        assert result["reason"] in {"limit-exceeded", "build-failed", "timeout"}
    else:
        assert result["reason"] == reason
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"not a wheel at all" * 100])
def test_a_published_file_that_is_no_archive_is_never_trusted(
    content: bytes, tmp_path: Path
) -> None:
    make_sdist(tmp_path)
    (tmp_path / WHEEL).write_bytes(content)
    ran = check("bubblewrap", tmp_path)
    result = only_result(ran)
    assert (ran.code, result["reason"], result["trusted"]) == (3, "bad-wheel", False)


def test_an_sdist_of_another_release_is_a_usage_error(tmp_path: Path) -> None:
    make_sdist(tmp_path, filename="other-2.0.tar.gz")
    make_wheel(tmp_path)
    ran = truewheel(
        "check", "--file", tmp_path / WHEEL, "--sdist", tmp_path / "other-2.0.tar.gz",
        "--offline", cache=tmp_path / "cache",
    )  # fmt: skip
    assert ran.code == 2
    assert "another release" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_corrupt_sdist_is_undetermined(tmp_path: Path) -> None:
    (tmp_path / SDIST).write_bytes(b"\x1f\x8b broken")
    make_wheel(tmp_path)
    ran = check("bubblewrap", tmp_path)
    assert (ran.code, only_result(ran)["reason"]) == (3, "bad-source")


def test_the_unsafe_host_is_refused_by_policy_and_recorded(tmp_path: Path) -> None:
    make_sdist(tmp_path)
    make_wheel(tmp_path)
    ran = check("unsafe-host", tmp_path)
    result = only_result(ran)
    assert (ran.code, result["trusted"]) == (1, False)
    recipe = result["recipe"]
    assert isinstance(recipe, dict)
    assert recipe["sandbox"] == "unsafe-host"


def test_a_rebuild_is_remembered_by_its_recipe_and_fresh_builds_again(tmp_path: Path) -> None:
    def kept_tree() -> Path:
        (tree,) = (tmp_path / "cache" / "rebuilds").iterdir()
        return tree

    def log_of(word: str, *options: str) -> str:
        kept = tmp_path / word
        check("bubblewrap", tmp_path, *options, "--evidence", str(kept))
        (log,) = kept.rglob("*.log")
        return log.read_text(encoding="utf-8")

    make_sdist(tmp_path)
    make_wheel(tmp_path)
    recipe = only_result(check("bubblewrap", tmp_path))["recipe"]
    first = kept_tree()
    (first / "log.txt").write_text("an earlier build", encoding="utf-8")
    assert log_of("again") == "an earlier build"
    assert log_of("fresh", "--fresh") != "an earlier build"
    # Others may be reading it, and it would be replaced by the same bytes.
    assert kept_tree() == first
    assert (first / "log.txt").read_text(encoding="utf-8") == "an earlier build"
    assert only_result(check("bubblewrap", tmp_path))["recipe"] == recipe


def test_a_forged_memory_of_a_rebuild_is_not_believed(tmp_path: Path) -> None:
    """The wheel kept under a recipe is hashed again before it serves as evidence."""
    make_sdist(tmp_path)
    tampered = make_wheel(tmp_path, modules={**MODULES, "evil.py": "import os\n"})
    check("bubblewrap", tmp_path)
    (kept,) = (tmp_path / "cache" / "rebuilds").glob(f"*/*/{WHEEL}")
    kept.chmod(0o644)
    kept.write_bytes(tampered.read_bytes())
    assert check("bubblewrap", tmp_path).code == 1


def test_a_recipe_replays_on_its_own_in_any_sandbox(tmp_path: Path, sandbox_name: str) -> None:
    make_sdist(tmp_path)
    make_wheel(tmp_path)
    ran = check("bubblewrap", tmp_path)
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps(only_result(ran)["recipe"]), encoding="utf-8")
    replayed = truewheel(
        "rebuild", "--json", "--offline", "--fresh", "--sandbox", sandbox_name,
        recipe, "-o", tmp_path / "out", cache=tmp_path / "cache",
    )  # fmt: skip
    assert replayed.code == 0
    wheel = ran.document["results"][0]["wheel"]
    assert replayed.document["sha256"] == wheel["sha256"]
    with zipfile.ZipFile(tmp_path / "out" / WHEEL) as archive:
        assert archive.testzip() is None
