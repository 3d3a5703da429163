"""The command in surroundings as they come: a full disk, a closed terminal, no directory."""

import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.command import COMMAND, truewheel
from verify.cli.console import NARROWEST, result_console
from verify.cli.options import Output

FULL = Path("/dev/full")
PIPE = 65536
"""Bytes that fit into a pipe."""


def python(program: str, folder: Path, *, stderr: int | None = None) -> tuple[int, str, str]:
    """Exit code and both streams of a program; what goes to another stderr is not seen."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if stderr is None else stderr,
        text=True,
        cwd=folder,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr or ""


def test_a_full_disk_under_standard_error_costs_nobody_a_result(tmp_path: Path) -> None:
    program = (
        "import sys; from verify.cli.streams import prepare; prepare()\n"
        "for _ in range(2): print('progress', file=sys.stderr)\n"
        "print('result')"
    )
    with FULL.open("wb") as full:
        assert python(program, tmp_path, stderr=full.fileno())[:2] == (0, "result\n")


def test_standard_error_is_written_at_once_and_spells_what_its_encoding_lacks(
    tmp_path: Path,
) -> None:
    program = (
        "import os, sys; from verify.cli.streams import prepare\n"
        "sys.stderr.reconfigure(encoding='ascii'); prepare()\n"
        "print('caf\\xe9', file=sys.stderr); os._exit(0)"
    )
    assert python(program, tmp_path) == (0, "", "caf\\xe9\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("manner", ["blocking", "not blocking"])
def test_nothing_of_standard_output_is_lost_to_a_slow_reader(
    tmp_path: Path, unbuffered: str, manner: str
) -> None:
    """While a write to a full pipe is under way, the process is stopped and goes on."""
    program = (
        f"from verify.cli.streams import prepare; prepare()\nprint('x' * {4 * PIPE}); print('end')"
    )
    reading, writing = os.pipe()
    os.set_blocking(writing, manner == "blocking")
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=writing,
        cwd=tmp_path,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    ) as begun:
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            while held(reading) < PIPE:
                assert begun.poll() is None
                time.sleep(0.01)
            begun.send_signal(signal.SIGSTOP)
            os.waitpid(begun.pid, os.WUNTRACED)
            begun.send_signal(signal.SIGCONT)
            printed = pipe.read()
    assert (begun.returncode, printed) == (0, b"x" * 4 * PIPE + b"\nend\n")


def held(pipe: int) -> int:
    """Bytes that a pipe has for whoever reads."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def test_a_working_directory_that_was_removed_is_said_to_be_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f'cd "{gone}" && rmdir "{gone}" && exec "$@"'
    done = subprocess.run(
        ["/bin/sh", "-c", command, "sh", *COMMAND, "policy", "explain"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == (
        "truewheel: error: the working directory does not exist any more\n"
        "  hint: change to a directory that exists\n"
    )


@pytest.mark.parametrize("columns", ["0", "1"])
def test_results_are_printed_whatever_the_width_is_said_to_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    console = result_console(Output(as_json=False, quiet=False, verbose=False, no_color=True))
    console.print("said")
    assert console.width == NARROWEST
    assert capsys.readouterr().out == "said\n"


def test_ctrl_c_while_modules_load_ends_the_process_and_prints_nothing(tmp_path: Path) -> None:
    program = (
        "import builtins, os, signal; real = builtins.__import__\n"
        "def interrupted(name, *rest):\n"
        "    if name == 'verify.cli.main': os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = interrupted\n"
        "from verify.cli.start import main; main()"
    )
    assert python(program, tmp_path) == (-signal.SIGINT, "", "")


def test_ctrl_c_while_text_is_executed_ends_with_the_code_of_an_interruption(
    tmp_path: Path,
) -> None:
    """As the methods of a dataclass are, in a module that is loaded late."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'verify.cli.policy': exec('raise KeyboardInterrupt')\n"
        "sys.meta_path.insert(0, Finder())\n",
        encoding="utf-8",
    )
    ran = truewheel("policy", "explain", environment={"PYTHONPATH": str(tmp_path)})
    assert (ran.code, ran.stderr) == (128 + signal.SIGINT, "truewheel: error: interrupted\n")


@pytest.mark.parametrize(
    ("sent", "before", "code", "told"),
    [
        (signal.SIGINT, (), 128 + signal.SIGINT, "truewheel: error: interrupted\n"),
        (signal.SIGTERM, (), 128 + signal.SIGTERM, ""),
        (signal.SIGHUP, (), 128 + signal.SIGHUP, ""),
        (signal.SIGHUP, ("nohup",), 2, "cannot be read as JSON"),
    ],
    ids=["ctrl-c", "sigterm", "closed terminal", "nohup"],
)
def test_signals_unwind_and_nohup_is_heeded(
    tmp_path: Path, sent: signal.Signals, before: Sequence[str], code: int, told: str
) -> None:
    results = tmp_path / "results.json"
    os.mkfifo(results)
    begun = subprocess.Popen(
        [*before, *COMMAND, "report", str(results), "-o", str(tmp_path / "out")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Opening ends when the command has opened it, too, and waits for what is written.
    with results.open("wb"):
        begun.send_signal(sent)
        if not before:
            begun.wait(timeout=300)
    _, errors = begun.communicate(timeout=300)
    assert (begun.returncode, told in errors) == (code, True)
    assert told or not errors


def test_a_pipe_nobody_writes_to_is_no_wheel_and_no_source(tmp_path: Path) -> None:
    wheel, sdist = tmp_path / "demo-1.0-py3-none-any.whl", tmp_path / "demo-1.0.tar.gz"
    os.mkfifo(wheel)
    os.mkfifo(sdist)
    ran = truewheel("check", "--file", wheel, "--offline", cache=tmp_path / "cache", timeout=300)
    assert (ran.code, "is not a regular file" in ran.stderr) == (2, True)
    wheel.unlink()
    wheel.write_bytes(b"")
    ran = truewheel(
        *("check", "--file", wheel, "--sdist", sdist), cache=tmp_path / "cache", timeout=300
    )
    assert (ran.code, "is not a regular file" in ran.stderr) == (2, True)
