"""`lock --check` on locks that uv, Poetry and PDM wrote, against an index on loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from uv import find_uv_bin

from tests.support.command import Ran, assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile
from tests.support.projects import SDIST, WHEEL, make_sdist, make_wheel

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
PATIENT = {"UV_HTTP_TIMEOUT": "180", "UV_HTTP_RETRIES": "8"}
"""The index that tools are installed from may be slow, or overloaded for a moment."""

PYPROJECT = """\
[project]
name = "demo"
version = "1"
requires-python = ">=3.11"
dependencies = ["thing==1.0"]

[[tool.uv.index]]
url = "{url}"
default = true

[tool.poetry]
package-mode = false

[[tool.poetry.source]]
name = "local"
url = "{url}"

[[tool.pdm.source]]
name = "pypi"
url = "{url}"
"""


def run(
    *command: str | Path, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> None:
    """Run another tool; what it says is shown if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **PATIENT, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the newest Poetry and PDM, each in an environment of its own."""
    folder = tmp_path_factory.mktemp("tools")
    for name, requirement in (("poetry", "poetry"), ("pdm", "pdm[locked]")):
        run(find_uv_bin(), "venv", "--quiet", "--python", sys.executable, folder / name)
        python = folder / name / "bin" / "python"
        run(find_uv_bin(), "pip", "install", "--quiet", "--python", python, requirement)
    return folder


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """A release, by file name."""
    folder = tmp_path_factory.mktemp("release")
    return {
        WHEEL: make_wheel(folder).read_bytes(),
        SDIST: make_sdist(folder).read_bytes(),
    }


@dataclass(frozen=True)
class Locked:
    """A project with the lock of every tool, and the index that they were made from."""

    folder: Path
    index: IndexServer
    files: Mapping[str, bytes]

    def check(self, name: str, cache: Path, *arguments: str) -> Ran:
        ran = truewheel(
            "lock", "--check", name, "--sandbox", "bubblewrap", "--index-url", self.index.url,
            *arguments,
            cache=cache,
            cwd=self.folder,
        )  # fmt: skip
        assert "Traceback" not in ran.stderr
        return ran

    def digest(self, filename: str) -> str:
        return sha256(self.files[filename]).hexdigest()


def serve(index: IndexServer, files: Mapping[str, bytes]) -> None:
    served = (
        ServedFile(filename=name, content=content, upload_time=DAY)
        for name, content in files.items()
    )
    index.add("thing", served)


@pytest.fixture(scope="session")
def locked(
    tools: Path, files: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Locked]:
    folder = tmp_path_factory.mktemp("project")
    with IndexServer() as index:
        serve(index, files)
        (folder / "pyproject.toml").write_text(PYPROJECT.format(url=index.url))
        own = tmp_path_factory.mktemp("settings")
        for lock in ("uv.lock", "pylock.toml", "requirements.txt"):
            export = ["export", "--no-emit-project", "--output-file", lock]
            arguments = ["lock"] if lock == "uv.lock" else export
            run(find_uv_bin(), *arguments, "--quiet", "--python", sys.executable, cwd=folder)
        poetry = {"POETRY_VIRTUALENVS_CREATE": "false", "POETRY_CACHE_DIR": str(own / "poetry")}
        run(tools / "poetry/bin/poetry", "lock", "-n", cwd=folder, environment=poetry)
        pdm = {
            "PDM_CHECK_UPDATE": "0",
            "PDM_IGNORE_SAVED_PYTHON": "1",
            "PDM_USE_VENV": "0",
            "XDG_CACHE_HOME": str(own / "cache"),
            "XDG_STATE_HOME": str(own / "state"),
        }
        command = (tools / "pdm/bin/pdm", "--config", own / "pdm.toml", "lock", "--quiet")
        run(*command, cwd=folder, environment=pdm)
        yield Locked(folder, index, files)


@pytest.mark.parametrize(
    "name", ["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "requirements.txt"]
)
def test_a_lock_that_a_real_tool_wrote_is_judged_hash_by_hash(
    locked: Locked, cache: Path, name: str
) -> None:
    ran = locked.check(name, cache, "--json")
    assert ran.code == 0, ran.stderr
    document = ran.document
    assert_valid(document)
    assert document["lock"]["format"] == name
    found = {result["filename"]: result for result in document["results"]}
    assert set(found) == {WHEEL, SDIST}
    wheel, sdist = found[WHEEL], found[SDIST]
    assert (wheel["standing"], wheel["check"]["verdict"]) == ("trusted", "identical")
    assert [finding["rule"] for finding in sdist["findings"]] == ["lock.sdist"]
    lines = (locked.folder / name).read_text().splitlines()
    for result in found.values():
        where = result["where"]
        rest = lines[where["line"] - 1][where["column"] - 1 :]
        assert rest.removeprefix("--hash=sha256:").startswith(result["sha256"])


@pytest.fixture
def changed(locked: Locked) -> Iterator[Locked]:
    """The index has another wheel under the name of the locked one."""
    serve(locked.index, {**locked.files, WHEEL: b"other bytes"})
    yield locked
    serve(locked.index, locked.files)


def test_a_replaced_wheel_is_an_unknown_hash(changed: Locked, cache: Path) -> None:
    ran = changed.check("uv.lock", cache)
    assert ran.code == 1
    assert f"lock.unknown-hash: no file of thing==1.0 has sha256 {changed.digest(WHEEL)}" in (
        ran.stdout
    )


def test_annotations_and_sarif_point_into_the_lock(changed: Locked, cache: Path) -> None:
    ran = changed.check("poetry.lock", cache, "--format", "github")
    assert ran.code == 1
    (line,) = ran.stdout.splitlines()
    assert line.startswith("::error file=poetry.lock,line=")
    ran = changed.check("poetry.lock", cache, "--format", "sarif")
    assert ran.code == 1
    (result,) = json.loads(ran.stdout)["runs"][0]["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert f"line={region['startLine']},col={region['startColumn']}" in line


def test_since_judges_only_what_was_added(locked: Locked, cache: Path) -> None:
    text = (locked.folder / "requirements.txt").read_text()
    (locked.folder / "more.txt").write_text(f"{text}\ngone==1.0 --hash=sha256:{'0' * 64}\n")
    ran = locked.check("more.txt", cache, "--since", "requirements.txt", "--json")
    assert ran.code == 3
    (result,) = ran.document["results"]
    assert [finding["rule"] for finding in result["findings"]] == ["lock.vanished"]
    assert locked.check("more.txt", cache, "--since", "more.txt").code == 0


@pytest.mark.parametrize(
    ("name", "text", "form", "said"),
    [
        ("bad.lock", "version = 1\n[[package]\n", ("--json",), "bad.lock:2:"),
        ("bad.txt", "thing==\n", ("--format", "json"), "bad.txt:1:6: 'thing==' is no requirement"),
        ("gone.txt", None, ("--format=json",), "gone.txt: cannot be read: No such file"),
    ],
)
def test_bad_input_is_one_message_with_its_place(
    tmp_path: Path, name: str, text: str | None, form: tuple[str, ...], said: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    ran = truewheel("lock", "--check", name, *form, cache=tmp_path / "cache", cwd=tmp_path)
    assert ran.code == 2
    assert ran.document["error"]["message"].startswith(said)
    assert len(ran.stderr.splitlines()) <= 2


def test_a_lock_of_another_index_is_bad_input(locked: Locked, cache: Path) -> None:
    with IndexServer() as other:
        ran = truewheel(
            "lock", "--check", locked.folder / "uv.lock", "--index-url", other.url, cache=cache
        )
    assert ran.code == 2
    assert f"is a lock of another index: {locked.index.url}" in ran.stderr


def test_an_index_that_is_gone_is_a_failure(locked: Locked, tmp_path: Path) -> None:
    path = locked.folder / "requirements.txt"
    ran = truewheel(
        "lock", "--check", path, "--json", "--offline", "--index-url", locked.index.url,
        cache=tmp_path,
    )  # fmt: skip
    assert ran.code == 4
    assert_valid(ran.document)
    assert "offline" in ran.document["error"]["message"]


def test_a_lock_gets_no_secret_of_the_environment(tmp_path: Path) -> None:
    text = f"thing @ https://example.org/${{HOME}}/{WHEEL} --hash=sha256:{'0' * 64}\n"
    (tmp_path / "r.txt").write_text(text)
    ran = truewheel("lock", "--check", "r.txt", cache=tmp_path / "cache", cwd=tmp_path)
    assert ran.code == 2
    assert "r.txt:1:1: ${HOME} has no value here" in ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--group", "x"), ("requirements.in",), ("-o", "x.txt"), ("--python-version", "3")],
)
def test_what_does_not_go_with_check_is_bad_usage(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "r.txt").write_text("")
    ran = truewheel("lock", "--check", "r.txt", *arguments, cwd=tmp_path)
    assert (ran.code, ran.stdout) == (2, "")


def test_an_empty_lock_has_nothing_to_distrust(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("# nothing\n")
    ran = truewheel("lock", "--check", "r.txt", "--offline", cache=tmp_path, cwd=tmp_path)
    assert (ran.code, ran.stdout) == (0, "0 entries in r.txt: nothing to judge.\n")
