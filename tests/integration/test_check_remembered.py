"""A check with a ledger: what is remembered answers at once, and only where it may."""

import json
import os
import shutil
import sqlite3
import subprocess
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from builders.recipe import recipe_from_json
from builders.sandbox.interface import Limits
from reports.as_json import check_document, dump
from tests.support.command import COMMAND, Ran, assert_valid, truewheel
from tests.support.index_server import NOT_LISTED, IndexServer, ServedFile
from tests.support.projects import MODULES, SDIST, WHEEL, hostile_backend, make_sdist, make_wheel
from verify.check import check_all, check_file
from verify.events import silent
from verify.index.select import Target
from verify.results import CheckReport, CheckResult, Seconds
from verify.subject import Choice, parse_requirements
from verify.verdict import Reason, Verdict
from verify.workbench import Settings, Workbench

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
ISOLATED = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}
TAMPERED = {**MODULES, "extra.py": "import os\n"}


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


@pytest.fixture
def settings(cache: Path, tmp_path: Path) -> Settings:
    """A person's, whose ledger is new."""
    return Settings(
        sandbox="bubblewrap",
        cache_root=cache,
        ledger=str(tmp_path / "ledger.sqlite"),
        limits=Limits(),
        environ=tuple({**os.environ, **ISOLATED}.items()),
        cwd=tmp_path,
    )


def serve(index: IndexServer, folder: Path, *, sha256: str | None = None) -> None:
    files = [make_wheel(folder), make_sdist(folder)]
    index.add("thing", [replace(served(path), listed_sha256=sha256) for path in files])


def served(path: Path) -> ServedFile:
    return ServedFile(filename=path.name, content=path.read_bytes(), upload_time=DAY)


def ask(index: IndexServer, settings: Settings) -> CheckResult:
    """`thing==1.0`, as in a process of its own."""
    (result,) = checked(["thing==1.0"], replace(settings, index_url=index.url))
    return result


def checked(texts: Sequence[str], settings: Settings) -> list[CheckResult]:
    with closing(Workbench(settings, silent)) as bench:
        return list(check_all(parse_requirements(texts), Choice(target=Target()), bench))


def ask_files(folder: Path, settings: Settings, wheel: Path | None = None) -> CheckResult:
    with closing(Workbench(replace(settings, offline=True), silent)) as bench:
        return check_file(wheel or folder / WHEEL, folder / SDIST, bench)


def is_remembered(result: CheckResult) -> bool:
    return result.judged_at is not None


def told(result: CheckResult) -> str:
    """The JSON of a result, but for what tells when it was judged."""
    timeless = replace(result, judged_at=None, seconds=Seconds())
    return dump(check_document(CheckReport(results=(timeless,))))


def make_release(folder: Path, **changes: Any) -> None:  # noqa: ANN401 - of `make_wheel`
    make_sdist(folder)
    make_wheel(folder, **changes)


def query(settings: Settings, text: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(str(settings.ledger))) as database, database:
        return database.execute(text, values).fetchall()


def test_a_remembered_verdict_answers_without_any_file(
    index: IndexServer, settings: Settings, tmp_path: Path
) -> None:
    """Not even those in the cache: the second cache is empty."""
    serve(index, tmp_path)
    first = ask(index, settings)
    assert (first.verdict, first.trusted, first.judged_at) == (Verdict.IDENTICAL, True, None)
    asked = index.count(WHEEL), index.count(SDIST)
    empty = tmp_path / "empty"
    again = ask(index, replace(settings, cache_root=empty))
    assert again.judged_at is not None
    assert told(again) == told(first)
    assert (index.count(WHEEL), index.count(SDIST)) == asked
    assert {path.name for path in empty.iterdir()} <= {"pages", "tmp"}


def test_a_release_without_listed_hashes_is_fetched_and_then_remembered(
    index: IndexServer, settings: Settings, tmp_path: Path
) -> None:
    serve(index, tmp_path, sha256=NOT_LISTED)
    first, again = ask(index, settings), ask(index, settings)
    assert (is_remembered(first), is_remembered(again)) == (False, True)
    assert first.source
    assert first.source.sha256
    assert (again.source, again.wheel) == (first.source, first.wheel)


def test_fresh_asks_again_and_is_remembered_instead(
    index: IndexServer, settings: Settings, tmp_path: Path
) -> None:
    serve(index, tmp_path)
    ask(index, settings)
    before = query(settings, "SELECT judged_at FROM truewheel_verdicts")
    assert not is_remembered(ask(index, replace(settings, fresh=True)))
    after = query(settings, "SELECT judged_at FROM truewheel_verdicts")
    assert (len(after), after > before) == (1, True)


def test_a_wheel_of_other_bytes_is_judged_on_its_own(
    index: IndexServer, settings: Settings, tmp_path: Path
) -> None:
    serve(index, tmp_path)
    ask(index, settings)
    _wheel, sdist = index.projects["thing"]
    index.add("thing", [served(make_wheel(tmp_path, modules=TAMPERED)), sdist])
    other = ask(index, settings)
    assert (other.verdict, is_remembered(other)) == (Verdict.DIFFERENT, False)
    again = ask(index, settings)
    assert is_remembered(again)
    assert told(again) == told(other)


def test_metadata_that_the_index_serves_since_is_not_overlooked(
    index: IndexServer, settings: Settings, tmp_path: Path
) -> None:
    serve(index, tmp_path)
    assert ask(index, settings).trusted
    wheel, sdist = index.projects["thing"]
    keys = {"core-metadata": {"sha256": sha256(b"Name: other\n").hexdigest()}}
    index.add("thing", [replace(wheel, metadata=b"Name: other\n", json_keys=keys), sdist])
    assert ask(index, settings).verdict is Verdict.SUSPICIOUS


def test_signals_of_the_release_are_those_of_today(
    index: IndexServer, settings: Settings, tmp_path: Path
) -> None:
    serve(index, tmp_path)
    assert ask(index, settings).signals == ()
    wheel, sdist = index.projects["thing"]
    index.add("thing", [wheel, replace(sdist, yanked="broken")])
    again = ask(index, settings)
    assert is_remembered(again)
    assert [signal.rule for signal in again.signals] == ["release.yanked-source"]


def test_signals_of_the_files_are_remembered_with_them(
    index: IndexServer, settings: Settings, tmp_path: Path
) -> None:
    binary = {**MODULES, "code.bin": "\x7fELF" + "x" * 100}
    files = [make_wheel(tmp_path, modules=binary), make_sdist(tmp_path, modules=binary)]
    index.add("thing", [served(path) for path in files])
    first, again = ask(index, settings), ask(index, settings)
    assert [signal.rule for signal in first.signals] == ["release.prebuilt-binary"]
    assert (is_remembered(again), again.signals) == (True, first.signals)


def test_another_index_is_another_answer(
    index: IndexServer, settings: Settings, tmp_path: Path
) -> None:
    """Build requirements come from there, so that it could have had any wheel built."""
    serve(index, tmp_path)
    first = ask(index, settings)
    with IndexServer() as other:
        other.add("thing", index.projects["thing"])
        there = ask(other, settings)
    assert first.wheel
    assert there.wheel
    assert (first.source, first.wheel.sha256) == (there.source, there.wheel.sha256)
    assert not is_remembered(there)


def test_the_bare_host_never_answers_for_a_sandbox(settings: Settings, tmp_path: Path) -> None:
    make_release(tmp_path)
    unsafe = replace(settings, sandbox="unsafe-host")
    bare = ask_files(tmp_path, unsafe)
    assert (bare.verdict, bare.trusted) == (Verdict.IDENTICAL, False)
    confined = ask_files(tmp_path, settings)
    assert (confined.trusted, is_remembered(confined)) == (True, False)
    again = ask_files(tmp_path, unsafe)
    assert (again.trusted, is_remembered(again)) == (False, True)
    again = ask_files(tmp_path, settings)
    assert (again.trusted, is_remembered(again)) == (True, True)


def test_the_same_bytes_under_another_name_are_judged_anew(
    settings: Settings, tmp_path: Path
) -> None:
    """The name is judged, too: installers choose by it."""
    make_release(tmp_path)
    assert ask_files(tmp_path, settings).trusted
    renamed = (tmp_path / WHEEL).rename(tmp_path / "thing-1.0-1-py3-none-any.whl")
    found = ask_files(tmp_path, settings, renamed)
    assert (found.trusted, is_remembered(found)) == (False, False)


def test_who_asks_for_more_attempts_gets_them(settings: Settings, tmp_path: Path) -> None:
    make_release(tmp_path, modules=TAMPERED)
    said = [
        is_remembered(ask_files(tmp_path, replace(settings, attempts=attempts)))
        for attempts in (1, 1, 2, 1, 2)
    ]
    assert said == [False, True, False, True, True]


def test_a_given_recipe_has_a_memory_of_its_own(settings: Settings, tmp_path: Path) -> None:
    make_release(tmp_path)
    recipe = recipe_from_json(ask_files(tmp_path, settings).recipe)
    given = replace(settings, recipe=recipe)
    said = [is_remembered(ask_files(tmp_path, given)) for _ in range(2)]
    assert said == [False, True]


def test_a_report_on_what_differs_is_not_had_from_memory(
    settings: Settings, tmp_path: Path
) -> None:
    make_release(tmp_path)
    ask_files(tmp_path, settings)
    (tmp_path / "reports").mkdir()
    explained = ask_files(tmp_path, replace(settings, reports=tmp_path / "reports"))
    assert not is_remembered(explained)
    assert explained.explanation is not None


def test_an_undetermined_verdict_is_recorded_but_tried_again(
    settings: Settings, tmp_path: Path
) -> None:
    make_sdist(tmp_path, backend=hostile_backend("raise RuntimeError('no')"))
    make_wheel(tmp_path)
    for _ in range(2):
        found = ask_files(tmp_path, settings)
        assert (found.reason, is_remembered(found)) == (Reason.BUILD_FAILED, False)
    rows = query(settings, "SELECT verdict, reason FROM truewheel_verdicts")
    assert rows == [("undetermined", "build-failed")]


def test_a_row_that_contradicts_itself_is_judged_again(settings: Settings, tmp_path: Path) -> None:
    make_release(tmp_path, modules=TAMPERED)
    assert ask_files(tmp_path, settings).verdict is Verdict.DIFFERENT
    ((body,),) = query(settings, "SELECT body FROM truewheel_verdicts")
    document = json.loads(zlib.decompress(body))
    document["remembered"]["judgement"]["verdict"] = "identical"
    forged = zlib.compress(json.dumps(document).encode())
    query(settings, "UPDATE truewheel_verdicts SET body = ?", forged)
    found = ask_files(tmp_path, settings)
    assert (found.verdict, is_remembered(found)) == (Verdict.DIFFERENT, False)
    assert is_remembered(ask_files(tmp_path, settings))


def test_each_check_is_a_run_with_what_it_said(
    index: IndexServer, settings: Settings, tmp_path: Path
) -> None:
    serve(index, tmp_path)
    here = replace(settings, index_url=index.url)
    checked(["thing==1.0"], here)
    checked(["nothing==1.0", "thing==1.0"], here)
    runs = query(settings, "SELECT inputs, ended_at IS NOT NULL FROM truewheel_runs ORDER BY id")
    assert runs == [('["thing==1.0"]', 1), ('["nothing==1.0", "thing==1.0"]', 1)]
    entries = query(
        settings,
        "SELECT run, position, wheel, verdict, reason, trusted, remembered"
        " FROM truewheel_run_entries ORDER BY run, position",
    )
    assert entries == [
        (1, 1, WHEEL, "identical", None, 1, 0),
        (2, 1, None, "undetermined", "unknown-project", 0, 0),
        (2, 2, WHEEL, "identical", None, 1, 1),
    ]


def test_the_ledger_is_in_the_cache_unless_told_otherwise(cache: Path, tmp_path: Path) -> None:
    make_release(tmp_path)
    arguments = ("check", "--sandbox", "bubblewrap", "--offline", *files_of(tmp_path))
    environment = {**ISOLATED, "TRUEWHEEL_CACHE_DIR": str(cache), "TRUEWHEEL_LEDGER": ""}
    ran = truewheel(*arguments, "--json", environment=environment)
    assert_valid(ran.document)
    assert ran.document["results"][0]["remembered"] is False
    ran = truewheel(*arguments, "--json", environment=environment)
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    assert result["remembered"] is True
    ran = truewheel(*arguments, environment=environment)
    assert f"  verdict  remembered from {result['judged_at'][:10]}\n" in ran.stdout
    (cache / "ledger.sqlite").unlink()
    truewheel(*arguments, "--ledger", "none", environment=environment)
    assert not (cache / "ledger.sqlite").exists()


def files_of(folder: Path) -> tuple[str, ...]:
    return ("--file", str(folder / WHEEL), "--sdist", str(folder / SDIST))


@pytest.mark.parametrize(("text", "code"), [("my notes\n", 4), (None, 2)])
def test_what_is_no_ledger_ends_the_check(
    text: str | None, code: int, cache: Path, tmp_path: Path
) -> None:
    make_release(tmp_path)
    notes = tmp_path / "notes"
    if text:
        notes.write_text(text, encoding="utf-8")
    ran = truewheel(
        "check", "--offline", *files_of(tmp_path),
        "--ledger", notes if text else "nothing://geheim@here", cache=cache,
    )  # fmt: skip
    assert (ran.code, ran.stdout) == (code, "")
    assert ran.stderr.startswith("truewheel: error: ")
    assert "  hint: " in ran.stderr
    assert ("geheim" in ran.stderr, "Traceback" in ran.stderr) == (False, False)
    assert not text or notes.read_text(encoding="utf-8") == text


def in_a_box(folder: Path, ledger: Path, box: Sequence[str | Path], *before: str) -> Ran:
    """A check where the ledger's place is as the box has it, after what is run before."""
    bwrap = shutil.which("bwrap")
    assert bwrap
    done = subprocess.run(
        [bwrap, "--dev-bind", "/", "/", *map(str, box), *before, *COMMAND,
         *("check", "--json", "--sandbox", "unsafe-host", "--offline", *files_of(folder)),
         *("--ledger", str(ledger), "--cache-dir", str(folder / "cache"))],
        env={**os.environ, **ISOLATED},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return Ran(code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def test_a_read_only_ledger_answers_and_is_not_written(settings: Settings, tmp_path: Path) -> None:
    make_release(tmp_path)
    place = tmp_path / "shared"
    ledger = place / "ledger.sqlite"
    unsafe = replace(settings, sandbox="unsafe-host", ledger=str(ledger))
    ask_files(tmp_path, unsafe)
    before = ledger.read_bytes()
    ran = in_a_box(tmp_path, ledger, ("--ro-bind", place, place))
    assert (ran.code, ran.document["results"][0]["remembered"]) == (1, True)
    assert f"warning: not remembered: the ledger {ledger} cannot be written" in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ledger.read_bytes() == before
    assert [path.name for path in place.iterdir()] == ["ledger.sqlite"]


@pytest.mark.parametrize("said", ["cannot be made", "cannot be written"])
def test_a_full_disk_costs_no_verdict(said: str, settings: Settings, tmp_path: Path) -> None:
    make_release(tmp_path)
    place = tmp_path / "small"
    place.mkdir()
    ledger, copy = place / "ledger.sqlite", ""
    if said == "cannot be written":
        ask_files(tmp_path, settings)
        copy = f"cp -p {settings.ledger} {ledger}; "
    fill = f'{copy}cat /dev/zero > {place}/rest 2> /dev/null; exec "$@"'
    box = ("--size", str(1 << 20), "--tmpfs", place)
    ran = in_a_box(tmp_path, ledger, box, "/bin/sh", "-c", fill, "sh")
    assert (ran.code, ran.document["results"][0]["verdict"]) == (1, "identical")
    assert f"warning: not remembered: the ledger {ledger} {said}" in ran.stderr
