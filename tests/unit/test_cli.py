import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import truewheel
from verify import __version__
from verify.cli.main import COMMANDS


def test_the_version_is_that_of_the_package() -> None:
    assert truewheel("--version").stdout == f"truewheel, version {__version__}\n"


@pytest.mark.parametrize(
    "module", ["rich", "requests", "docker", "pypi_simple", "packaging", "sqlalchemy"]
)
def test_the_version_imports_nothing_heavy(module: str) -> None:
    program = (
        "import sys; from verify.cli.main import main\n"
        "try: main(['--version'])\n"
        f"except SystemExit: print({module!r} in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    ran = truewheel(command, "--help")
    assert ran.code == 0
    assert ran.stdout.startswith(f"Usage: truewheel {command} ")


@pytest.mark.parametrize("command", ["check", "diff", "rebuild", "doctor"])
def test_every_command_takes_the_common_options(command: str) -> None:
    text = truewheel(command, "--help").stdout
    for option in ("--json", "-q", "-v", "--no-color", "--config"):
        assert option in text


def test_an_error_with_json_is_one_document() -> None:
    ran = truewheel("check", "--json")
    assert ran.code == 2
    assert ran.document["schema"] == "truewheel.error/1"
    assert ran.document["error"]["hint"]


def test_a_configuration_file_gives_defaults_that_arguments_beat(tmp_path: Path) -> None:
    config = tmp_path / "truewheel.toml"
    config.write_text('sandbox = "chroot"\n', encoding="utf-8")
    refused = truewheel("check", "--config", config, "x==1", "--offline", cache=tmp_path)
    assert refused.code == 2
    assert "chroot" in refused.stderr
    beaten = truewheel(
        "check", "--config", config, "x==1", "--offline", "--sandbox", "bubblewrap", cache=tmp_path
    )
    assert "chroot" not in beaten.stderr


@pytest.mark.parametrize("text", ["sandbx = 1", "sandbox", "[tool]\nsandbox = 'auto'"])
def test_a_configuration_file_with_a_mistake_is_refused(tmp_path: Path, text: str) -> None:
    config = tmp_path / "truewheel.toml"
    config.write_text(text, encoding="utf-8")
    ran = truewheel("check", "--config", config, "x==1")
    assert ran.code == 2
    assert "truewheel.toml" in ran.stderr


def test_a_reader_that_leaves_early_is_no_crash(tmp_path: Path) -> None:
    environment = {**os.environ, "TRUEWHEEL_CACHE_DIR": str(tmp_path)}
    command = f"{sys.executable} -m verify.cli doctor --json | head -c 1"
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, env=environment, check=False
    )
    assert done.stdout == b"{"
    assert b"Traceback" not in done.stderr


def test_a_wheels_file_is_no_requirement_and_the_option_for_it_is_named(tmp_path: Path) -> None:
    ran = truewheel("check", "demo-1.0-py3-none-any.whl", cwd=tmp_path)
    assert (ran.code, "local wheels go with --file" in ran.stderr) == (2, True)


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e300"])
@pytest.mark.parametrize("option", ["--timeout", "--budget"])
def test_a_time_that_never_ends_is_refused(option: str, seconds: str) -> None:
    ran = truewheel("check", "x==1", option, seconds)
    assert (ran.code, f"{seconds} seconds are no time" in ran.stderr) == (2, True)


def test_an_index_that_is_none_is_a_usage_error_on_the_command_line_alone(tmp_path: Path) -> None:
    asked = truewheel("check", "x==1", "--index-url", "nope", cache=tmp_path)
    configured = truewheel(
        "check", "x==1", cache=tmp_path, environment={"PIP_INDEX_URL": "ftp://index.example.org"}
    )
    assert (asked.code, configured.code) == (2, 4)


def test_a_fault_of_our_own_never_looks_like_a_verdict(tmp_path: Path) -> None:
    """Python's own exit code for a crash is 1, which means: judged and not trusted."""
    program = (
        "import verify.cli.check as c; from verify.cli.main import main\n"
        "c.parse_requirements = lambda texts: 1 / 0\n"
        "main(['check', 'x==1'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 4
    assert "a fault of truewheel itself: ZeroDivisionError in <lambda>" in done.stderr
    assert "<string>:2" in done.stderr  # where it is, for whoever mends it
    assert "Traceback" not in done.stderr
