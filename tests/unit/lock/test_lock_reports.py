"""A judged lock as JSON, SARIF, GitHub annotations and text: whole documents as literals."""

import io
from dataclasses import replace

import pytest
from packaging.utils import NormalizedName
from packaging.version import Version
from rich.console import Console

from reports.lock_github import lock_annotations
from reports.lock_json import lock_check_document
from reports.lock_sarif import file_uri, lock_sarif
from reports.lock_text import render_lock
from tests.support.command import assert_valid
from verify import __version__
from verify.finding import Finding, FindingClass, RuleName
from verify.lock import lock_findings
from verify.lock.inputs.interface import (
    Location,
    Lock,
    LockedFile,
    LockedHash,
    LockedPackage,
    LockFormat,
)
from verify.lock.results import LockReport, Outcome, Standing
from verify.results import CheckedWheel, CheckResult, Failure
from verify.verdict import Reason, Verdict

A = "a" * 64
PACKAGE = LockedPackage(
    name=NormalizedName("thing"),
    version=Version("1.0"),
    where=Location(path="a b/uv.lock", line=3, column=1),
)
FILE = LockedFile(
    filename="thing-1.0-py3-none-any.whl",
    hashes=(LockedHash(algorithm="sha256", digest=A),),
    where=Location(path="a b/uv.lock", line=7, column=20),
)
UNKNOWN = Outcome(
    package=PACKAGE,
    file=FILE,
    filename=FILE.filename,
    standing=Standing.DISTRUSTED,
    findings=(lock_findings.unknown_hash(PACKAGE, FILE, [], None),),
)
SOURCE = Outcome(
    package=PACKAGE,
    file=FILE,
    filename="thing-1.0.tar.gz",
    standing=Standing.NOTED,
    findings=(lock_findings.sdist(PACKAGE, "thing-1.0.tar.gz"),),
)
UNBUILT = Outcome(
    package=PACKAGE,
    file=FILE,
    filename=FILE.filename,
    standing=Standing.UNDETERMINED,
    check=CheckResult(
        requirement="thing==1.0",
        wheel=CheckedWheel(filename="thing-1.0-py3-none-any.whl", sha256=A, size=1),
        source=None,
        verdict=Verdict.UNDETERMINED,
        reason=Reason.UNSUPPORTED,
        detail="50% of it: a, b\n::error::evil \x1b[31m",
        trusted=False,
        reasons=("the verdict is undetermined",),
    ),
)
LOCK = Lock(path="a b/uv.lock", format=LockFormat.UV, packages=(PACKAGE,))
REPORT = LockReport(lock=LOCK, outcomes=(SOURCE, UNBUILT, UNKNOWN))
SUMMARY = f"no file of thing==1.0 has sha256 {A}; the index lists 0 others"


def test_annotations_are_escaped_and_the_worst_comes_first() -> None:
    place = "file=a b/uv.lock,line=7,col=20"
    text = r"undetermined (unsupported): 50%25 of it: a, b\n::error::evil \x1b[31m"
    assert list(lock_annotations(REPORT)) == [
        f"::error {place},title=truewheel lock.unknown-hash::{SUMMARY}",
        f"::warning {place},title=truewheel verdict.undetermined::{FILE.filename} is {text}",
    ]


def test_a_path_cannot_add_properties_to_an_annotation() -> None:
    where = Location(path="x,line=1::y%", line=2)
    report = replace(REPORT, outcomes=(replace(UNKNOWN, file=replace(FILE, where=where)),))
    (line,) = lock_annotations(report)
    assert line.startswith("::error file=x%2Cline=1%3A%3Ay%25,line=2,title=truewheel lock.")


def test_a_failure_of_the_tool_is_an_annotation_without_a_place() -> None:
    report = replace(REPORT, outcomes=(), failure=Failure(message="no index", hint=None))
    assert list(lock_annotations(report)) == ["::error title=truewheel::no index"]


def test_sarif_has_what_the_standard_requires() -> None:
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": "a%20b/uv.lock"},
            "region": {"startLine": 7, "startColumn": 20},
        }
    }
    undetermined = (
        "thing-1.0-py3-none-any.whl is undetermined (unsupported): 50% of it: a, b"
        r"\n::error::evil \x1b[31m"
    )
    assert lock_sarif(REPORT)["runs"] == [
        {
            "tool": {
                "driver": {
                    "name": "truewheel",
                    "version": __version__,
                    "rules": [
                        {
                            "id": "lock.unknown-hash",
                            "shortDescription": {"text": "lock: unknown hash"},
                        },
                        {
                            "id": "verdict.undetermined",
                            "shortDescription": {"text": "verdict: undetermined"},
                        },
                    ],
                }
            },
            "invocations": [{"executionSuccessful": True}],
            "columnKind": "unicodeCodePoints",
            "results": [
                {
                    "ruleId": "verdict.undetermined",
                    "ruleIndex": 1,
                    "level": "warning",
                    "message": {"text": undetermined},
                    "locations": [location],
                    "partialFingerprints": {"truewheel/v1": f"verdict.undetermined:{A}"},
                },
                {
                    "ruleId": "lock.unknown-hash",
                    "ruleIndex": 0,
                    "level": "error",
                    "message": {"text": SUMMARY},
                    "locations": [location],
                    "partialFingerprints": {"truewheel/v1": f"lock.unknown-hash:{A}"},
                },
            ],
        }
    ]
    assert lock_sarif(REPORT)["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("locks/a b.txt", "locks/a%20b.txt"),
        ("/locks/a b.txt", "file:///locks/a%20b.txt"),
        ("caf\udce9.txt", "caf%E9.txt"),  # Latin-1 on disk, as Python reads it from there
        ("/caf\udce9.txt", "file:///caf%E9.txt"),
        ("\ud800.txt", "%ED%A0%80.txt"),
    ],
)
def test_sarif_names_a_file_by_its_bytes(path: str, uri: str) -> None:
    assert file_uri(path) == uri


def test_sarif_says_that_the_tool_failed() -> None:
    report = replace(REPORT, outcomes=(), failure=Failure(message="no index", hint=None))
    runs = lock_sarif(report)["runs"]
    assert isinstance(runs, list)
    assert runs[0]["invocations"] == [
        {
            "executionSuccessful": False,
            "toolExecutionNotifications": [{"level": "error", "message": {"text": "no index"}}],
        }
    ]


def test_the_json_document_fits_its_schema_and_counts() -> None:
    document = lock_check_document(REPORT)
    assert_valid(document)
    assert document["summary"] == {
        "total": 3,
        "trusted": 0,
        "distrusted": 1,
        "undetermined": 1,
        "noted": 1,
        "by_verdict": {"undetermined": 1},
    }


def test_a_signal_beside_a_trusted_wheel_is_told() -> None:
    assert UNBUILT.check is not None
    signal = Finding(
        rule=RuleName("release.late-wheel"), kind=FindingClass.NOTE, summary="it came late"
    )
    check = replace(UNBUILT.check, verdict=Verdict.IDENTICAL, trusted=True, signals=(signal,))
    report = replace(REPORT, outcomes=(replace(UNBUILT, check=check, standing=Standing.TRUSTED),))
    (line,) = lock_annotations(report)
    assert line.startswith("::notice ")
    assert line.endswith(f"truewheel release.late-wheel::{FILE.filename}: it came late")
    assert f"  release.late-wheel: {FILE.filename}: it came late\n" in rendered(report)


def rendered(report: LockReport, *, verbose: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=400, highlight=False, color_system=None)
    render_lock(report, console, verbose=verbose)
    return stream.getvalue()


def test_the_text_leaves_out_sources_unless_asked_for_all() -> None:
    text = rendered(REPORT)
    assert "a b/uv.lock:7:20: thing-1.0-py3-none-any.whl  distrusted\n" in text
    assert f"  lock.unknown-hash: {SUMMARY}\n" in text
    assert "\x1b" not in text
    assert "lock.sdist" not in text
    assert "lock.sdist" in rendered(REPORT, verbose=True)
    assert text.endswith("3 entries in a b/uv.lock: 1 distrusted, 1 undetermined, 1 noted.\n")
