"""No input makes `truewheel diff` print a traceback, steer a terminal or exit undocumented."""

import json
import os
import signal
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fuzz.laws import check_plain
from tests.support.command import COMMAND, Ran, assert_valid
from tests.support.wheels import (
    DIST_INFO,
    FILENAME,
    Entry,
    entries,
    honest_files,
    pack,
    with_record,
    write,
)
from verify.cli.main import main

DOCUMENTED = {0, 1, 2, 3, 4}
HONEST = pack(entries())
FLAGS: tuple[tuple[str, ...], ...] = ((), ("--json",), ("-v",), ("--accounting", "--no-color"))
UTF8 = 1 << 11
METADATA = f"{DIST_INFO}/METADATA"


def _wheel(files: Mapping[str, bytes]) -> bytes:
    """The honest wheel with more files, whose names may be anything."""
    members = entries(with_record(honest_files(files)))
    return pack([replace(entry, flags=UTF8) for entry in members])


def _metadata(text: bytes, version: bytes = b"1.0") -> bytes:
    head = b"Metadata-Version: 2.1\nName: example\nVersion: " + version + b"\n"
    return _wheel({METADATA: head + text})


CONTENTS: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one-byte": lambda: b"P",
    "no-archive": lambda: b"#!/bin/sh\n" * 5000,
    "end-record-only": lambda: b"PK\5\6" + bytes(18),
    "signatures": lambda: b"PK\1\2PK\3\4PK\5\6PK\6\6PK\6\7PK\7\x08" * 400,
    "no-members": lambda: pack([]),
    "prefix": lambda: b"MZ" + HONEST,
    "twice": lambda: HONEST * 2,
    "invalid-name": lambda: pack([*entries(), Entry(name=b"\xff\xfe.py", data=b"x")]),
    "names-that-steer": lambda: _wheel(
        {"\x1b]0;t\x07.py": b"x", "\x9b2J": b"\x1b[2J", "a\nb": b"\r\x1b"}
    ),
    "names-that-deceive": lambda: _wheel(
        {"\u202eyp.x": "\u2066".encode(), "\u200b/x": b"", "a\x00b.py": b"\0"}
    ),
    "surrogate-name": lambda: pack([*entries(), Entry(name=b"\xed\xb3\xbf.py", flags=UTF8)]),
    "deep": lambda: _wheel({"d/" * 250 + "x.py": b"x = 1\n"}),
    "longest-name": lambda: pack([*entries(), Entry(name="d/" * 32767 + "x", data=b"x")]),
    "many-names-in-one": lambda: _wheel({f"{DIST_INFO}/{at}/RECORD": b"" for at in range(300)}),
    "long-line": lambda: _metadata(b"Summary: " + b"x" * 3_000_000 + b"\n"),
    "many-lines": lambda: _metadata(b"Classifier: x\n" * 25_000),
    "many-requirements": lambda: _metadata(b"Requires-Dist: x>=1,<2,!=1.5\n" * 10_500),
    "nested-marker": lambda: _metadata(b"Requires-Dist: a; " + b"(" * 50_000 + b"\n"),
    "nested-multipart": lambda: _metadata(
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 900
    ),
    "many-digits": lambda: _metadata(b"", version=b"9" * 20_000),
    "metadata-that-steers": lambda: _metadata(b"Summary: \x1b[2J\x9b\r\x08\n"),
    "entry-points-of-spaces": lambda: _wheel(
        {f"{DIST_INFO}/entry_points.txt": b"[a]\nb" + b" " * 90_000}
    ),
    "bomb": lambda: _wheel({"zeros": bytes(80 * 1024**2)}),
}


def _files() -> Iterator[tuple[str, Callable[[Path], Path]]]:
    """Kinds of paths, each by name; the callable makes one in an empty directory."""
    for name, made in CONTENTS.items():
        yield name, lambda directory, made=made: write(directory, made())  # type: ignore[misc]  # bound
    yield "missing", lambda directory: directory / "absent.whl"
    yield "directory", lambda directory: directory
    yield "device", lambda _directory: Path("/dev/zero")
    yield "null-device", lambda _directory: Path(os.devnull)
    yield "process-file", lambda _directory: Path("/proc/self/mem")
    yield "empty-argument", lambda _directory: Path()
    yield "below-a-file", lambda directory: write(directory, HONEST) / "x.whl"
    yield "too-long", lambda directory: directory / ("x" * 5000)
    yield "fifo", _fifo
    yield "broken-link", lambda directory: _link(directory, "absent")
    yield "endless-link", lambda directory: _link(directory, "link.whl")
    yield "unreadable", _unreadable
    for at, name in enumerate(FILENAMES):
        yield f"named-{at}", lambda directory, name=name: write(directory, HONEST, name)  # type: ignore[misc]  # bound


FILENAMES = (
    "x",
    ".whl",
    "-.whl",
    "example-1.0.zip",
    f"{FILENAME}.whl",
    "a-b-c-d-e-f-g.whl",
    "example-" + "9" * 180 + "-py3-none-any.whl",
    "\x1b[2J\x1b]0;t\x07.whl",
    "a\nb\r.whl",
    "\u202elhw.whl",
    os.fsdecode(b"\xff\xfe-1.0-py3-none-any.whl"),
)


def _fifo(directory: Path) -> Path:
    os.mkfifo(directory / "fifo.whl")
    return directory / "fifo.whl"


def _link(directory: Path, target: str) -> Path:
    (directory / "link.whl").symlink_to(target)
    return directory / "link.whl"


def _unreadable(directory: Path) -> Path:
    path = write(directory, HONEST)
    path.chmod(0)
    return path


CASES = dict(_files())
NOT_A_FILE = {"missing", "directory", "device", "null-device", "empty-argument", "below-a-file",
              "too-long", "fifo", "broken-link", "endless-link"}  # fmt: skip


@pytest.fixture
def in_process(
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., Ran]]:
    """The command in this process; it takes SIGTERM for itself."""
    handler = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str | Path) -> Ran:
        with pytest.raises(SystemExit) as ended:
            main(["diff", *map(str, arguments)])
        streams = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Ran(code=int(code), stdout=streams.out, stderr=streams.err)

    yield run
    signal.signal(signal.SIGTERM, handler)


def check(ran: Ran, *, is_json: bool) -> None:
    """What holds for every run."""
    assert ran.code in DOCUMENTED
    assert "Traceback" not in ran.stderr
    assert "fault of truewheel" not in ran.stderr
    check_plain(ran.stdout)
    check_plain(ran.stderr)
    if is_json:
        document = json.loads(ran.stdout)
        if document["schema"] == "truewheel.error/1":
            assert ran.code in {2, 4}
        else:
            assert_valid(document)
    assert bool(ran.stderr) == (ran.code in {2, 4})


@pytest.mark.parametrize("case", CASES)
def test_odd_file_gets_an_answer_in_either_place(
    case: str, in_process: Callable[..., Ran], tmp_path: Path
) -> None:
    honest = write(tmp_path / "honest", HONEST)
    (tmp_path / "odd").mkdir()
    odd = CASES[case](tmp_path / "odd")
    for flags in FLAGS:
        for published, rebuilt in ((odd, honest), (honest, odd), (odd, odd)):
            ran = in_process(*flags, "--", published, rebuilt)
            check(ran, is_json="--json" in flags)
            assert (ran.code == 2) == (case in NOT_A_FILE) or case in {"unreadable", "process-file"}


def test_archive_cut_off_anywhere_gets_an_answer(
    in_process: Callable[..., Ran], tmp_path: Path
) -> None:
    honest = write(tmp_path / "honest", HONEST)
    for size in range(0, len(HONEST), 11):
        cut = write(tmp_path / "cut", HONEST[:size])
        for code, pair in ((1, (cut, honest)), (3, (honest, cut))):
            ran = in_process("--json", *pair)
            check(ran, is_json=True)
            assert ran.code == code


def _run(
    *arguments: str | Path,
    environment: Mapping[str, str] | None = None,
    start: str = 'exec "$@"',
    encoding: str = "utf-8",
) -> Ran:
    """The real command, started by a shell that may first change limits or streams."""
    done = subprocess.run(
        ["/bin/sh", "-c", start, "sh", *COMMAND, "diff", *map(os.fsencode, arguments)],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Ran(
        code=done.returncode,
        stdout=done.stdout.decode(encoding),
        stderr=done.stderr.decode(encoding),
    )


@pytest.mark.parametrize("case", ["empty", "fifo", "names-that-steer", "missing", "named-10"])
def test_the_real_command_answers_as_the_one_in_process(case: str, tmp_path: Path) -> None:
    honest = write(tmp_path / "honest", HONEST)
    (tmp_path / "odd").mkdir()
    odd = CASES[case](tmp_path / "odd")
    for flags in (("--json",), ("-v",)):
        check(_run(*flags, odd, honest), is_json="--json" in flags)


def test_archive_of_seventy_thousand_entries_gets_an_answer(tmp_path: Path) -> None:
    """More than fit into the 16 bits of the end record, twice over; most of them odd."""
    path = tmp_path / FILENAME
    with zipfile.ZipFile(path, "w") as archive:
        for at in range(70_000):
            archive.writestr(f"../m{at}\x1b", b"")
    ran = _run("--json", path, write(tmp_path / "honest", HONEST))
    check(ran, is_json=True)
    assert ran.code == 1
    assert len(ran.stdout) < 1_000_000


FOREIGN = _wheel({"example/\u00e9\u4e2d\U0001f600.py": "x = '\u00e9\u4e2d'\n".encode()})
ENVIRONMENTS: dict[str, dict[str, str]] = {
    "c-locale": {"LC_ALL": "C"},
    "ascii-locale": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "utf-16": {"PYTHONIOENCODING": "utf-16"},
    "dumb-terminal": {"TERM": "dumb", "COLUMNS": "1", "LINES": "1"},
    "wrong-width": {"COLUMNS": "x", "LINES": "-1"},
    "forced-colours": {"FORCE_COLOR": "1", "TERM": "xterm-256color"},
    "no-home": {"HOME": "/nonexistent", "PATH": ""},
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_environment_gets_an_answer(name: str, tmp_path: Path) -> None:
    published = write(tmp_path / "p", FOREIGN)
    for flags in (("--json",), ("-v",)):
        environment = ENVIRONMENTS[name]
        encoding = environment.get("PYTHONIOENCODING", "utf-8")
        ran = _run(
            *flags, published, write(tmp_path / "r", HONEST),
            environment=environment, encoding=encoding,
        )  # fmt: skip
        check(ran, is_json="--json" in flags)
        assert ran.code == 1


def test_a_name_that_the_terminal_cannot_show_is_spelled_out(tmp_path: Path) -> None:
    published, rebuilt = write(tmp_path / "p", FOREIGN), write(tmp_path / "r", HONEST)
    ran = _run(published, rebuilt, environment=ENVIRONMENTS["ascii"])
    assert "example/\\xe9\\u4e2d\\U0001f600.py" in ran.stdout


@pytest.mark.parametrize("flag", ["--json", "-v"])
@pytest.mark.parametrize(
    ("start", "code"),
    [
        ('exec "$@" > /dev/full', 4),
        ('exec "$@" > /dev/full 2>&1', 4),
        ('exec "$@" 2> /dev/full', 1),
        ('exec "$@" >&-', 1),
        ('exec "$@" 2>&-', 1),
        ('exec "$@" <&- >&- 2>&-', 1),
        ('exec "$@" < /', 1),
        ('ulimit -f 0; exec "$@" > "$OUT"', 4),
        ('{ sleep 1; "$@"; echo $? > "$OUT"; } | :; exit $(cat "$OUT")', 4),
    ],
)
def test_the_exit_code_is_right_whatever_the_streams_are(
    start: str, code: int, flag: str, tmp_path: Path
) -> None:
    published, rebuilt = write(tmp_path / "p", FOREIGN), write(tmp_path / "r", HONEST)
    environment = {"OUT": str(tmp_path / "out")}
    ran = _run(flag, published, rebuilt, start=start, environment=environment)
    assert ran.code == code
    assert "Traceback" not in ran.stderr
    assert "fault of truewheel" not in ran.stderr


@pytest.mark.parametrize("flag", ["--json", "-v"])
@pytest.mark.parametrize(
    "start", ['exec "$@" 2>&-', 'exec "$@" 2> /dev/full', 'exec "$@" >&- 2>&-']
)
def test_an_error_that_cannot_be_told_is_still_an_error(
    start: str, flag: str, tmp_path: Path
) -> None:
    ran = _run(flag, tmp_path / "absent", write(tmp_path / "r", HONEST), start=start)
    assert ran.code == 2
    if flag == "--json" and ">&- 2" not in start:
        assert json.loads(ran.stdout)["schema"] == "truewheel.error/1"
    else:
        assert ran.stdout == ""


def test_a_closed_stream_is_not_taken_for_a_file_to_write_to(tmp_path: Path) -> None:
    """Without care the wheel would be opened as descriptor 1 or 2."""
    wheel = write(tmp_path / "p", FOREIGN)
    wheel.chmod(0o600)
    assert _run(wheel, write(tmp_path / "r", HONEST), start='exec "$@" >&- 2>&-').code == 1
    assert wheel.read_bytes() == FOREIGN


LIMITS = {"-v": range(16_000, 400_000, 8_000), "-n": range(4, 40)}
"""Options of `ulimit` (KiB of addresses, open files), and what is tried."""


@pytest.mark.parametrize("limit", LIMITS)
def test_low_limits_give_a_verdict_or_a_clear_error(limit: str, tmp_path: Path) -> None:
    """From the smallest on with which the interpreter gets as far as a verdict on small files."""
    honest = write(tmp_path / "honest", HONEST)
    large = write(tmp_path / "large", _wheel({"example/large.bin": os.urandom(3_000_000)}))
    values = iter(LIMITS[limit])
    starts = (f'ulimit {limit} {value}; exec "$@"' for value in values)
    smallest = next(start for start in starts if _run(honest, honest, start=start).code == 0)
    codes = set()
    for start in (smallest, *(next(starts) for _ in range(4))):
        ran = _run("--json", large, honest, start=start)
        check(ran, is_json=True)
        codes.add(ran.code)
    assert 1 in codes


def test_a_file_that_shrinks_under_the_reader_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / FILENAME
    size = 400 * 1024**2
    stop = threading.Event()

    def breathe() -> None:
        while not stop.wait(0.01):
            os.truncate(path, size // 2)
            os.truncate(path, size)

    path.write_bytes(b"")
    os.truncate(path, size)
    thread = threading.Thread(target=breathe)
    thread.start()
    try:
        ran = _run("--json", path, write(tmp_path / "r", HONEST))
    finally:
        stop.set()
        thread.join()
    check(ran, is_json=True)
    assert ran.code == 4


def test_a_reader_that_leaves_is_no_verdict_on_anything() -> None:
    command = " ".join((*COMMAND, "--help"))
    start = f"{{ sleep 1; {command}; echo $? >&2; }} | :"
    done = subprocess.run(["/bin/sh", "-c", start], capture_output=True, text=True, check=False)
    assert done.stderr == "4\n"


def test_a_shell_still_gets_its_completions() -> None:
    environment = {**os.environ, "_TRUEWHEEL_COMPLETE": "bash_source"}
    done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("_truewheel_completion() {")
