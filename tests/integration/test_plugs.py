"""What pre-commit, GitHub and GitLab are given runs, and says what the lock is worth."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.index_server import IndexServer
from tests.support.projects import MODULES
from tests.support.shop import Shop

ROOT = Path(__file__).resolve().parents[2]
TAMPERED = {**MODULES, "core.py": "import os\n"}
PATIENT = {
    "PIP_DEFAULT_TIMEOUT": "180",
    "PIP_RETRIES": "8",
    "UV_HTTP_TIMEOUT": "180",
    "UV_HTTP_RETRIES": "8",
}
"""The index that tools are installed from may be slow, or overloaded for a moment."""


def parsed(name: str) -> Any:  # noqa: ANN401 - that is what YAML is
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


@pytest.fixture
def shop(index: IndexServer, tmp_path: Path) -> Shop:
    folder = tmp_path / "shop"
    folder.mkdir()
    return Shop(index, folder)


def pinned(name: str, wheel: bytes) -> str:
    return f"{name}==1.0 --hash=sha256:{sha256(wheel).hexdigest()}\n"


@pytest.fixture
def repository(shop: Shop, tmp_path: Path) -> Path:
    """A repository with a lock, whose last change added a wheel that is not trusted."""
    folder = tmp_path / "repository"
    folder.mkdir()
    lock = folder / "requirements.txt"
    honest = shop.release("honest")
    thing = shop.release("thing", published=TAMPERED)
    run("git init --quiet && git config user.name N && git config user.email n@example.org", folder)
    lock.write_text(pinned("honest", honest), encoding="utf-8")
    run("git add . && git commit --quiet -m 1", folder)
    lock.write_text(pinned("honest", honest) + pinned("thing", thing), encoding="utf-8")
    return folder


def run(
    script: str, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a script as GitHub and GitLab do: bash, which ends at the first failure."""
    return subprocess.run(
        ["/bin/bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, **PATIENT, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )


@pytest.fixture
def surroundings(index: IndexServer, cache: Path) -> Mapping[str, str]:
    """The index, the cache and the command, as a machine would have them configured."""
    return {
        "UV_DEFAULT_INDEX": index.url,
        "UV_NO_CONFIG": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "TRUEWHEEL_CACHE_DIR": str(cache),
        "TRUEWHEEL_LEDGER": "none",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Truewheel as the action installs it, in a folder of its own."""
    folder = tmp_path_factory.mktemp("runner")
    install, _ = parsed("action.yml")["runs"]["steps"]
    variables = {"RUNNER_TEMP": str(folder), "GITHUB_ACTION_PATH": str(ROOT)}
    done = run(install["run"], folder, variables)
    assert done.returncode == 0, done.stderr
    return folder


def hook(name: str) -> dict[str, Any]:
    (found,) = (each for each in parsed(".pre-commit-hooks.yaml") if each["id"] == name)
    assert isinstance(found, dict)
    return found


def test_a_hook_judges_each_lock_that_it_is_given(
    repository: Path, installed: Path, surroundings: Mapping[str, str], shop: Shop
) -> None:
    (repository / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    entry = f"{installed}/truewheel/bin/{hook('truewheel-lock-check')['entry']}"
    ran = run(f"{entry} --sandbox bubblewrap uv.lock requirements.txt", repository, surroundings)
    assert ran.returncode == 1, ran.stderr
    assert "thing-1.0-py3-none-any.whl" in ran.stdout
    shop.release("thing")
    ran = run(f"{entry} --since HEAD requirements.txt", repository, surroundings)
    assert ran.returncode == 1  # the hash of the wheel that was replaced
    run("git commit --quiet -am 2", repository)
    ran = run(f"{entry} --since HEAD requirements.txt", repository, surroundings)
    assert ran.returncode == 0, ran.stderr


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A repository of truewheel's own, as pre-commit clones it."""
    folder = tmp_path / "truewheel"
    for name in ("verify", "builders", "reports", "containers"):
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, folder)
    run("git init --quiet && git config user.name N && git config user.email n@example.org", folder)
    run("git add . && git commit --quiet -m 1", folder)
    return folder


def test_pre_commit_installs_the_hook_and_stops_a_commit(
    repository: Path, published: Path, tmp_path: Path, surroundings: Mapping[str, str]
) -> None:
    place = tmp_path / "pre-commit"
    done = run(
        f"uv venv --quiet --python {sys.executable} {place}"
        f" && uv pip install --quiet --python {place}/bin/python pre-commit",
        tmp_path,
        {"PATH": surroundings["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    revision = run("git rev-parse HEAD", published).stdout.strip()
    arguments = ["--sandbox", "bubblewrap", "--since", "HEAD"]
    hooks = [{"id": "truewheel-lock-check", "args": arguments}]
    config = {"repos": [{"repo": published.as_uri(), "rev": revision, "hooks": hooks}]}
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    run("git add .", repository)
    own = {"PRE_COMMIT_HOME": str(tmp_path / "home"), "PIP_NO_COMPILE": "1"}
    done = run(f"{place}/bin/pre-commit install --install-hooks", repository, own)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run("git commit -m 2", repository, {**surroundings, **own})
    assert done.returncode == 1
    assert "thing-1.0-py3-none-any.whl" in done.stdout + done.stderr
    assert "honest" not in done.stdout + done.stderr
    assert run("git rev-list --count HEAD", repository).stdout == "1\n"


@pytest.mark.parametrize("arguments", ["", "--no-such-option uv.lock", "uv.lock --since HEAD"])
def test_a_hook_that_is_called_wrongly_says_so(
    arguments: str, tmp_path: Path, surroundings: Mapping[str, str]
) -> None:
    program = f"{sys.executable} -c 'from verify.cli.hook import main; main()'"
    ran = run(f"{program} {arguments}", tmp_path, {**surroundings, "PYTHONPATH": str(ROOT)})
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("truewheel: error: ")


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("truewheel-lock-check", "requirements.txt", True),
        ("truewheel-lock-check", "locks/requirements-dev.txt", True),
        ("truewheel-lock-check", "pylock.dev.toml", True),
        ("truewheel-lock-check", "sub/poetry.lock", True),
        ("truewheel-lock-check", "Cargo.lock", False),
        ("truewheel-lock-check", "requirements.in", False),
        ("truewheel-lock", "requirements.in", True),
        ("truewheel-lock", "pyproject.toml", True),
        ("truewheel-lock", "requirements.txt", False),
    ],
)
def test_a_hook_is_for_the_files_that_it_reads(name: str, path: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert bool(re.search(hook(name)["files"], path)) is expected


def test_the_hook_that_writes_a_lock_writes_it(
    shop: Shop, tmp_path: Path, installed: Path, surroundings: Mapping[str, str]
) -> None:
    wheel = shop.release("thing")
    (tmp_path / "requirements.in").write_text("thing\n", encoding="utf-8")
    written = hook("truewheel-lock")
    assert written["pass_filenames"] is False
    command = f"{installed}/truewheel/bin/{written['entry']} --sandbox bubblewrap"
    ran = run(f"{command} requirements.in --output requirements.txt", tmp_path, surroundings)
    assert ran.returncode == 0, ran.stderr
    assert sha256(wheel).hexdigest() in (tmp_path / "requirements.txt").read_text(encoding="utf-8")


def action(
    repository: Path, installed: Path, surroundings: Mapping[str, str], **inputs: str
) -> subprocess.CompletedProcess[str]:
    """Run the last step of the action with these inputs, filled in as GitHub does."""
    described = parsed("action.yml")
    _, step = described["runs"]["steps"]
    defaults = {name: each.get("default", "") for name, each in described["inputs"].items()}
    values = {**defaults, **inputs}
    variables = dict(step["env"])
    for name, value in values.items():
        for variable, text in variables.items():
            variables[variable] = text.replace(f"${{{{ inputs.{name} }}}}", value)
    assert not any("${{" in text for text in (step["run"], *variables.values()))
    return run(
        step["run"], repository, {**surroundings, **variables, "RUNNER_TEMP": str(installed)}
    )


def test_the_action_annotates_the_line_of_a_wheel_that_is_not_trusted(
    repository: Path, installed: Path, surroundings: Mapping[str, str]
) -> None:
    inputs = {"file": "requirements.txt", "since": "HEAD", "args": "--sandbox bubblewrap"}
    ran = action(repository, installed, surroundings, **inputs)
    assert ran.returncode == 1, ran.stderr
    assert "::error file=requirements.txt,line=2" in ran.stdout
    assert "honest" not in ran.stdout
    run("git commit --quiet -am 2", repository)
    ran = action(repository, installed, surroundings, **inputs)
    assert (ran.returncode, "::error" in ran.stdout) == (0, False)


def test_an_input_of_the_action_is_no_command(
    repository: Path, installed: Path, surroundings: Mapping[str, str]
) -> None:
    inputs = {"file": "x; touch $(echo ran)", "since": "`touch ran`", "args": "$(touch ran)"}
    assert action(repository, installed, surroundings, **inputs).returncode == 2
    assert not (repository / "ran").exists()


def test_the_gitlab_job_judges_what_a_merge_request_adds(
    repository: Path, surroundings: Mapping[str, str], installed: Path
) -> None:
    job = parsed("ci/truewheel.gitlab-ci.yml")[".truewheel-lock-check"]
    bubblewrap, *_ = job["before_script"]
    assert run(bubblewrap, repository).returncode == 0
    variables = {**surroundings, "TRUEWHEEL_LOCK": job["variables"]["TRUEWHEEL_LOCK"]}
    variables["venv"] = str(installed / "truewheel")
    script = "\n".join(job["script"])
    ran = run(script, repository, variables)
    assert ran.returncode == 1, ran.stderr
    assert "thing-1.0-py3-none-any.whl" in ran.stdout
    run("git commit --quiet -am 2", repository)
    variables["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = "HEAD"
    assert run(script, repository, variables).returncode == 0


def test_a_shell_completes_commands_and_options(surroundings: Mapping[str, str]) -> None:
    for shell, told in (
        ("bash", "complete -o"),
        ("zsh", "#compdef truewheel"),
        ("fish", "complete"),
    ):
        ran = run("truewheel", ROOT, {**surroundings, "_TRUEWHEEL_COMPLETE": f"{shell}_source"})
        assert ran.returncode == 0, ran.stderr
        assert told in ran.stdout
    script = """
        eval "$(_TRUEWHEEL_COMPLETE=bash_source truewheel)"
        COMP_WORDS=(truewheel lo) COMP_CWORD=1
        _truewheel_completion truewheel; echo "${COMPREPLY[@]}"
        COMPREPLY=() COMP_WORDS=(truewheel lock --upg) COMP_CWORD=2
        _truewheel_completion truewheel; echo "${COMPREPLY[@]}"
    """
    assert run(script, ROOT, surroundings).stdout.split() == ["lock", "--upgrade"]
