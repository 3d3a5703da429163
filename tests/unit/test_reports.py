import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO

from rich.console import Console

from reports.as_json import check_document, diff_document, dump
from reports.terminal import render_check, render_diff
from verify.finding import Finding, FindingClass, RuleName
from verify.results import (
    Accounting,
    Attempt,
    CheckedSource,
    CheckedWheel,
    CheckReport,
    CheckResult,
    Diff,
    Failure,
    FileIdentity,
    Seconds,
)
from verify.verdict import Reason, Verdict

SHA256 = "ab" * 32


def finding(member: str | None = "thing/extra.py") -> Finding:
    return Finding(
        rule=RuleName("code.only-published"),
        kind=FindingClass.UNEXPLAINED,
        member=member,
        summary="only the published wheel has this module",
        evidence={"diff": ["+import os", "-import sys", " context"]},
    )


def diff(*findings: Finding) -> Diff:
    return Diff(
        published=FileIdentity(filename="thing-1.0-py3-none-any.whl", sha256=SHA256, size=1200),
        rebuilt=FileIdentity(filename="thing-1.0-py3-none-any.whl", sha256="cd" * 32, size=1100),
        verdict=Verdict.DIFFERENT,
        findings=findings,
        accounting=Accounting(
            published_bytes=1200, reproduced_bytes=1000, explained_bytes=150, unexplained_bytes=50
        ),
    )


def result(difference: Diff | None) -> CheckResult:
    return CheckResult(
        requirement="thing==1.0",
        wheel=CheckedWheel(
            filename="thing-1.0-py3-none-any.whl",
            sha256=SHA256,
            size=1200,
            url="https://files.example.org/thing-1.0-py3-none-any.whl",
            upload_time=datetime(2018, 8, 16, 13, 51, 35, 36677, tzinfo=UTC),
        ),
        source=CheckedSource(
            kind="sdist",
            filename="thing-1.0.tar.gz",
            sha256=SHA256,
            upload_time=datetime(2015, 4, 3, 22, 51, tzinfo=timezone(timedelta(hours=2))),
        ),
        verdict=difference.verdict if difference else Verdict.UNDETERMINED,
        reason=None if difference else Reason.BUILD_FAILED,
        detail=None if difference else "the build ended with exit code 1",
        trusted=False,
        reasons=("the verdict is different",) if difference else ("the verdict is undetermined",),
        diff=difference,
        recipe={
            "python": "3.6",
            "sandbox": "docker",
            "requirements": [{"name": "wheel", "version": "0.31.1"}],
        },
        attempts=(
            Attempt(
                recipe=SHA256,
                verdict=Verdict.UNDETERMINED,
                reason="build-failed",
                seconds=1.5,
                log_tail="error: \x1b[31mred\n",
            ),
        ),
        seconds=Seconds(fetch=0.5, resolve=1.0, build=1.5, compare=0.25, total=3.25),
    )


def rendered(report: CheckReport, *, verbose: bool = False) -> str:
    console = Console(
        file=StringIO(), width=200, soft_wrap=True, highlight=False, emoji=False, markup=False
    )
    render_check(report, console, verbose=verbose)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_judged_wheel_at_the_terminal() -> None:
    assert rendered(CheckReport(results=(result(diff(finding())),))) == (
        "thing-1.0-py3-none-any.whl  different  at least one difference is unexplained\n"
        "  not trusted: the verdict is different\n"
        "  unexplained  code.only-published  thing/extra.py"
        "  only the published wheel has this module\n"
        "      +import os\n"
        "      -import sys\n"
        "       context\n"
        "  bytes: 1,200 published = 1,000 reproduced + 150 explained + 50 unexplained\n"
        "  wheel    2018-08-16 13:51 UTC  thing-1.0-py3-none-any.whl\n"
        f"           sha256 {SHA256}\n"
        "  source   2015-04-03 20:51 UTC  thing-1.0.tar.gz\n"
        "  rebuilt  CPython 3.6 in docker, with wheel 0.31.1\n"
        "  seconds  fetch 0.5, resolve 1.0, build 1.5, compare 0.2, total 3.2\n"
        "\n"
    )


def test_an_undetermined_wheel_says_why_and_shows_its_log_when_asked() -> None:
    report = CheckReport(results=(result(None),))
    assert "  build-failed: the build ended with exit code 1\n" in rendered(report)
    assert "      error: \\x1b[31mred\n" in rendered(report, verbose=True)


def test_a_wheel_whose_hash_no_index_tells_has_none_at_the_terminal() -> None:
    known = result(None)
    assert known.wheel is not None
    shown = rendered(
        CheckReport(results=(replace(known, wheel=replace(known.wheel, sha256=None)),))
    )
    assert "           no sha256 known\n" in shown
    assert "None" not in shown


def test_nothing_hostile_reaches_the_terminal() -> None:
    text = rendered(CheckReport(results=(result(diff(finding("a\x1b]0;x\x07\u202e[red]\n.py"))),)))
    assert "a\\x1b]0;x\\x07\\u202e[red]\\n.py" in text
    assert "\x1b" not in text


def test_no_output_speaks_of_safety() -> None:
    report = CheckReport(results=(result(diff(finding())), result(None)))
    assert "safe" not in rendered(report, verbose=True).lower()


def test_the_check_document_follows_the_contract() -> None:
    document = json.loads(dump(check_document(CheckReport(results=(result(diff(finding())),)))))
    (only,) = document["results"]
    assert document["schema"] == "truewheel.check/1"
    assert document["summary"] == {"total": 1, "trusted": 0, "by_verdict": {"different": 1}}
    assert only["wheel"]["upload_time"] == "2018-08-16T13:51:35.036677Z"
    assert only["source"]["upload_time"] == "2015-04-03T20:51:00Z"
    assert only["diff"]["findings"] == [
        {
            "rule": "code.only-published",
            "class": "unexplained",
            "member": "thing/extra.py",
            "summary": "only the published wheel has this module",
            "evidence": {"diff": ["+import os", "-import sys", " context"]},
        }
    ]
    assert only["diff"]["accounting"] == {
        "published_bytes": 1200,
        "reproduced_bytes": 1000,
        "explained_bytes": 150,
        "unexplained_bytes": 50,
        "regions": [],
        "members": [],
        "more_members": 0,
    }
    assert "error" not in document


def test_a_failure_after_some_results_keeps_them() -> None:
    failure = Failure(message="the index did not answer", hint="try again")
    document = check_document(CheckReport(results=(result(None),), failure=failure))
    assert document["error"] == {"message": "the index did not answer", "hint": "try again"}
    assert isinstance(document["results"], list)
    assert len(document["results"]) == 1


def test_json_is_ascii_whatever_a_member_is_called() -> None:
    assert dump(diff_document(diff(finding("\ud800\u202e")))).isascii()


def test_a_bare_diff_at_the_terminal() -> None:
    console = Console(file=StringIO(), width=200, soft_wrap=True, highlight=False, markup=False)
    render_diff(diff(finding(None)), console)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue().startswith("thing-1.0-py3-none-any.whl  different")


def test_a_remembered_verdict_says_so_and_since_when() -> None:
    since = datetime(2026, 11, 20, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    old = replace(result(diff(finding())), judged_at=since)
    assert "  verdict  remembered from 2026-11-19\n" in rendered(CheckReport(results=(old,)))
    documents = check_document(CheckReport(results=(old, result(None))))["results"]
    assert isinstance(documents, list)
    said = [(one["remembered"], one["judged_at"]) for one in documents if isinstance(one, dict)]
    assert said == [(True, "2026-11-19T23:30:00Z"), (False, None)]
