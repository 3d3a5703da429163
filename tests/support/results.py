"""Documents of results, as `check --json` prints them: a small one, and a hostile one."""

from typing import Any

from reports.renderers.trend import earlier_run, trend_since, with_trend

SHA = {name: f"{number:064x}" for number, name in enumerate(("wheel", "source", "rebuilt"), 0xA)}

HOSTILE = (
    "<script>document.title='run'</script>",
    "<img src=x onerror=document.title='run'>",
    '"><svg onload=document.title=1>',
    "</style></script><script>document.title='run'</script>",
    "{{ 7*7 }}{% raw %}",
    "]]><evil/>&amp;<![CDATA[",
    "=HYPERLINK(1)",
    "@SUM(1+1)",
    "+1",
    "-1",
    "\t=1",
    "\r\n=1,2\nx",
    "\x1b[31mred\x1b]0;x\x07",
    "\u202egnp.exe\u2066",
    "\ud800\ufffe\x00",
    "a|b`c`**d**[e](http://example.org)@all #1 www.example.org",
    "javascript:alert(1)",
    "x-1-<script>document.title='run'</script>.whl",
    "::error file=x::y",
    "../../../etc/passwd",
    "\u2028x\u200bx\u00a0",
)
"""What somebody could call a file, or put into one."""


def result(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - fields
    """A wheel that is identical to its rebuild."""
    return {
        "requirement": "demo==1.0",
        "wheel": {
            "filename": "demo-1.0-py3-none-any.whl",
            "sha256": SHA["wheel"],
            "size": 1200,
            "url": "https://files.example.org/demo-1.0-py3-none-any.whl",
            "upload_time": "2018-08-16T13:51:35.036677Z",
        },
        "source": {
            "kind": "sdist",
            "filename": "demo-1.0.tar.gz",
            "sha256": SHA["source"],
            "upload_time": "2015-04-03T20:51:00Z",
        },
        "verdict": "identical",
        "reason": None,
        "detail": None,
        "trusted": True,
        "reasons": ["the verdict is identical"],
        "basis": "verdict",
        "warnings": [],
        "signals": [],
        "diff": diff("identical", []),
        "recipe": {
            "schema": "truewheel.recipe/1",
            "source": {"filename": "demo-1.0.tar.gz", "sha256": SHA["source"]},
            "python": "3.11",
        },
        "attempts": [
            {"recipe": SHA["rebuilt"], "verdict": "identical", "reason": None, "seconds": 1.5}
        ],
        "seconds": {"fetch": 0.5, "resolve": 1, "build": 1.5, "compare": 0.25, "total": 3.25},
        "remembered": False,
        "judged_at": None,
        **changes,
    }


def wheel(filename: str, sha256: str = SHA["wheel"]) -> dict[str, Any]:
    """A local wheel."""
    file = {"filename": filename, "sha256": sha256, "size": 1200}
    return {**file, "url": None, "upload_time": None}


def diff(verdict: str, findings: list[dict[str, Any]], unexplained: int = 0) -> dict[str, Any]:
    """A comparison."""
    shares = {
        "published_bytes": 1200,
        "reproduced_bytes": 1200 - unexplained,
        "explained_bytes": 0,
        "unexplained_bytes": unexplained,
    }
    file = {"filename": "demo-1.0-py3-none-any.whl", "sha256": SHA["wheel"], "size": 1200}
    return {
        "schema": "truewheel.diff/1",
        "published": file,
        "rebuilt": {**file, "sha256": SHA["rebuilt"]},
        "verdict": verdict,
        "reason": None,
        "findings": findings,
        "accounting": {
            **shares,
            "regions": [{"region": "data", **shares}],
            "members": [{"member": "demo/extra.py", **shares}] if unexplained else [],
            "more_members": 0,
        },
    }


def finding(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - fields
    """A module that differs."""
    lines = ["after 2 equal lines", "--- rebuilt", "+++ published", "@@ -1,2 +1,2 @@"]
    return {
        "rule": "code.differs",
        "class": "unexplained",
        "member": "demo/__init__.py",
        "summary": "The published module differs from the rebuilt one.",
        "evidence": {"diff": [*lines, " import os\n", "-import sys\n", "+import socket\n"]},
        **changes,
    }


def late() -> dict[str, Any]:
    """A signal."""
    return finding(
        rule="release.late-wheel",
        **{"class": "note"},
        member=None,
        summary="the wheel was uploaded 1,230 days after its source",
        evidence={"days": 1230},
    )


def native() -> dict[str, Any]:
    """A finding with a function side by side."""

    def at(address: int, operands: str) -> dict[str, Any]:
        return {
            "address": address,
            "bytes": "31c0",
            "mnemonic": "xor",
            "operands": operands,
            "denotes": None,
        }

    rows = [
        {"mark": "folded", "count": 3, "published": None, "rebuilt": None},
        {"mark": "changed", "count": 1, "published": at(16, "eax"), "rebuilt": at(32, "ecx")},
        {"mark": "only-published", "count": 1, "published": at(18, "edx"), "rebuilt": None},
    ]
    function = {
        "name": "demo_read",
        "published": 20,
        "rebuilt": 18,
        "counts": {"equal": 3, "changed": 1, "only-published": 1, "only-rebuilt": 0},
        "rows": rows,
        "more_rows": 7,
        "is_cut": False,
    }
    return finding(
        rule="native.differs",
        member="demo/_demo.so",
        summary="1 of 2 functions is the same.",
        evidence={
            "differing": [
                {"name": "demo_read", "published": 20, "rebuilt": 18, "same_footprint": True}
            ],
            "disassembly": [function],
        },
    )


def document(*results: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields
    """`truewheel.check/1`."""
    verdicts = sorted(one["verdict"] for one in results)
    return {
        "schema": "truewheel.check/1",
        "results": list(results),
        "summary": {
            "total": len(results),
            "trusted": sum(one["trusted"] for one in results),
            "by_verdict": {verdict: verdicts.count(verdict) for verdict in verdicts},
        },
        **more,
    }


def small() -> dict[str, Any]:
    """One of each kind that a person has to tell apart."""
    return document(
        result(),
        result(
            requirement="odd==2.0",
            wheel=wheel("odd-2.0-py3-none-any.whl", "b" * 64),
            verdict="different",
            trusted=False,
            reasons=["the verdict is different", "signal release.late-wheel refuses"],
            basis=None,
            signals=[late()],
            diff=diff("different", [finding(), native()], unexplained=200),
        ),
        result(
            requirement="bad==3.0",
            wheel=wheel("bad-3.0-py3-none-any.whl", "c" * 64),
            verdict="suspicious",
            trusted=True,
            reasons=["a waiver of alice@example.org"],
            basis="waiver",
            waiver={
                "sha256": "c" * 64,
                "owner": "alice@example.org",
                "reason": "read by two of us",
                "date": "2026-01-01",
                "expires": "2026-12-31",
                "scope": {
                    "verdicts": ["suspicious"],
                    "signals": [],
                    "project": None,
                    "versions": "",
                },
            },
            diff=diff(
                "suspicious",
                [finding(rule="code.autostart", **{"class": "dangerous"}, member="x.pth")],
                unexplained=20,
            ),
        ),
        result(
            requirement="gone==4.0",
            wheel=None,
            source=None,
            verdict="undetermined",
            reason="build-failed",
            detail="the build ended with exit code 1",
            trusted=False,
            reasons=["the verdict is undetermined"],
            basis=None,
            diff=None,
            recipe=None,
            attempts=[
                {
                    "recipe": None,
                    "verdict": "undetermined",
                    "reason": "build-failed",
                    "seconds": 0.5,
                    "log_tail": "compiling\nerror: no\n",
                }
            ],
        ),
    )


RELEASE: dict[str, Any] = {
    "files": [
        {"filename": name, "kind": kind, "size": 1200, "upload_time": time}
        for name, kind, time in (
            ("demo-1.0.tar.gz", "sdist", "2015-04-03T20:51:00Z"),
            ("demo-1.0-cp39-cp39-win32.whl", "wheel", "2016-01-01T00:00:00Z"),
            ("demo-1.0-py3-none-any.whl", "wheel", "2018-08-16T13:51:35.036677Z"),
            ("demo-1.0-cp38-cp38-win32.whl", "wheel", None),
        )
    ],
    "more_files": 2,
    "others": [{"version": "1.1", "first_upload_time": "2017-01-01T00:00:00Z"}],
}
"""The release of `result`'s wheel."""


def whole() -> dict[str, Any]:
    """The small document with all that only some have: a release, and a run before."""
    now = small()
    now["results"][0]["release"] = RELEASE
    before = small()
    before["run"] = 11
    demo, odd, bad, gone = before["results"]
    demo["trusted"], demo["verdict"] = False, "undetermined"
    demo["basis"], demo["reason"] = None, "timeout"
    odd["trusted"], odd["verdict"], odd["basis"] = True, "identical", "verdict"
    bad["wheel"]["sha256"] = "d" * 64
    gone["requirement"] = "old==4.0"
    return with_trend(now, trend_since(now, earlier_run(before)))


def hostile() -> dict[str, Any]:
    """Every text that comes from a package is one of `HOSTILE`, in every place once."""
    return document(*(_hostile(text, at) for at, text in enumerate(HOSTILE)))


def _hostile(text: str, at: int) -> dict[str, Any]:
    found = finding(
        member=text,
        summary=f"{text} differs",
        evidence={
            "diff": [f"+{text}\n", f"-{text}", f" {text}"],
            "strings": [text],
            "differing": [{"name": text, "published": 1, "rebuilt": None, "same_footprint": False}],
            "disassembly": [{**native()["evidence"]["disassembly"][0], "name": text}],
        },
    )
    return result(
        requirement=text,
        wheel=wheel(text, f"{at:064x}"),
        source={"kind": "sdist", "filename": text, "sha256": None, "upload_time": None},
        verdict="different",
        trusted=False,
        basis=None,
        detail=text,
        reason="timeout",
        reasons=[text],
        warnings=[text],
        signals=[{**late(), "summary": text, "evidence": {"file": text}}],
        diff=diff("different", [found], unexplained=1),
        recipe={"schema": "truewheel.recipe/1", "source": {"name": text}, "python": text},
        attempts=[
            {
                "recipe": None,
                "verdict": "different",
                "reason": text,
                "detail": text,
                "chosen": [text],
                "seconds": 0,
                "log_tail": text,
            }
        ],
        judged_at=None,
    )
