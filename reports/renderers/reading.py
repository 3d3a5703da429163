"""From the JSON document to values; what contradicts the contract is refused, with its place."""

from reports.renderers.interface import Document, UnreadableResultsError
from reports.renderers.located import Located
from reports.renderers.results import (
    BY_WORST,
    Bytes,
    Change,
    Left,
    OtherRelease,
    Place,
    Release,
    Reported,
    ReportedAttempt,
    ReportedFile,
    Results,
    Share,
    Stand,
    Trend,
    Waived,
    What,
)
from verify.finding import Finding, FindingClass, RuleName
from verify.verdict import Verdict

SCHEMAS = ("truewheel.check/1", "truewheel.batch/1")


def read_results(document: Document) -> Results:
    """The values of a document.

    Raises:
        UnreadableResultsError: it is none of `SCHEMAS`, or not what that says.
    """
    whole = Located(document, "")
    if whole["schema"].value not in SCHEMAS:
        raise UnreadableResultsError(
            f"these are no results: the schema is {whole['schema'].value!r}",
            hint=f"a report is made of {' or '.join(SCHEMAS)}, as --json prints it",
        )
    if not whole["results"]:
        raise whole["results"].fault("a list")
    error = whole["error"]
    return Results(
        run=whole["run"].value,
        inputs=whole["inputs"].value,
        faults=_counted(whole["summary"], "faults"),
        results=tuple(_reported(item) for item in whole["results"].items()),
        left=tuple(_left(item) for item in whole["left"].items()),
        skipped=_counted(whole["summary"], "skipped"),
        failure=error["message"].text() if error else _interruption(whole["interrupted"]),
        trend=_trend(whole["trend"]),
    )


def _counted(summary: Located, name: str) -> int:
    return (summary[name].maybe_count() or 0) if summary else 0


def _interruption(at: Located) -> str | None:
    return "it was interrupted" if at and at.flag() else None


def _trend(at: Located) -> Trend | None:
    if not at:
        return None
    previous = at["previous"]
    counts = previous["by_verdict"]
    return Trend(
        run=previous["run"].maybe_count(),
        total=previous["total"].count(),
        trusted=previous["trusted"].count(),
        by_verdict={verdict: counts[verdict].count() for verdict in BY_WORST if counts[verdict]},
        changes=tuple(_change(item) for item in at["changes"].items()),
    )


def _change(at: Located) -> Change:
    return Change(
        label=at["wheel"].text(),
        sha256=at["sha256"].maybe_text(),
        what=tuple(item.one_of(What) for item in at["what"].items()),
        before=_stand(at["before"]),
        after=_stand(at["after"]),
    )


def _stand(at: Located) -> Stand | None:
    if not at:
        return None
    return Stand(verdict=at["verdict"].one_of(Verdict), trusted=at["trusted"].flag())


def _left(at: Located) -> Left:
    label = at["wheel"].maybe_text() or at["requirement"].text()
    return Left(label=label, why=at["why"].text())


def _place(at: Located) -> Place:
    line, column = (at[key].maybe_count() or None for key in ("line", "column"))
    return Place(path=at["path"].text(), line=line, column=column)


def _reported(at: Located) -> Reported:
    diff = at["diff"]
    return Reported(
        requirement=at["requirement"].text(),
        asked=tuple(_place(item) for item in at["asked"].items()),
        wheel=_file(at["wheel"]),
        source=_file(at["source"]),
        release=_release(at["release"]),
        verdict=at["verdict"].one_of(Verdict),
        reason=at["reason"].maybe_text(),
        detail=at["detail"].maybe_text(),
        trusted=at["trusted"].flag(),
        reasons=_texts(at["reasons"]),
        basis=at["basis"].maybe_text(),
        warnings=_texts(at["warnings"]),
        waiver=_waiver(at["waiver"]),
        policy=at["policy"]["digest"].text() if at["policy"] else None,
        signals=_findings(at["signals"]),
        findings=_findings(diff["findings"]) if diff else (),
        bytes=_bytes(diff["accounting"]) if diff else None,
        rebuilt_sha256=diff["rebuilt"]["sha256"].text() if diff else None,
        recipe=at["recipe"].table() if at["recipe"] else None,
        attempts=tuple(_attempt(item) for item in at["attempts"].items()),
        explanation=at["explanation"]["path"].maybe_text() if at["explanation"] else None,
        seconds=at["seconds"]["total"].number() if at["seconds"] else 0.0,
        judged_at=at["judged_at"].maybe_text(),
    )


def _file(at: Located) -> ReportedFile | None:
    if not at:
        return None
    return ReportedFile(
        filename=at["filename"].text(),
        sha256=at["sha256"].maybe_text(),
        size=at["size"].maybe_count(),
        upload_time=at["upload_time"].maybe_moment(),
    )


def _release(at: Located) -> Release | None:
    if not at:
        return None
    return Release(
        files=tuple(found for item in at["files"].items() if (found := _file(item))),
        more_files=at["more_files"].maybe_count() or 0,
        others=tuple(_other(item) for item in at["others"].items()),
    )


def _other(at: Located) -> OtherRelease:
    first = at["first_upload_time"].maybe_moment()
    if first is None:
        raise at["first_upload_time"].fault("a moment")
    return OtherRelease(version=at["version"].text(), first=first)


def _waiver(at: Located) -> Waived | None:
    if not at:
        return None
    owner, reason, expires = (at[key].text() for key in ("owner", "reason", "expires"))
    return Waived(owner=owner, reason=reason, expires=expires)


def _findings(at: Located) -> tuple[Finding, ...]:
    """The worst first, else in the order of the document."""
    found = [_finding(item) for item in at.items()]
    return tuple(sorted(found, key=lambda finding: -finding.kind.weight))


def _finding(at: Located) -> Finding:
    return Finding(
        rule=RuleName(at["rule"].text()),
        kind=at["class"].one_of(FindingClass),
        member=at["member"].maybe_text(),
        summary=at["summary"].text(),
        evidence=at["evidence"].table() if at["evidence"] else {},
    )


def _bytes(at: Located) -> Bytes:
    return Bytes(
        whole=_share(at, "file"),
        regions=tuple(_share(item, item["region"].text()) for item in at["regions"].items()),
        members=tuple(_share(item, item["member"].text()) for item in at["members"].items()),
        more_members=at["more_members"].maybe_count() or 0,
    )


def _share(at: Located, part: str) -> Share:
    return Share(
        part=part,
        published=at["published_bytes"].count(),
        reproduced=at["reproduced_bytes"].count(),
        explained=at["explained_bytes"].count(),
        unexplained=at["unexplained_bytes"].count(),
    )


def _attempt(at: Located) -> ReportedAttempt:
    return ReportedAttempt(
        recipe=at["recipe"].maybe_text(),
        verdict=at["verdict"].one_of(Verdict),
        reason=at["reason"].maybe_text(),
        detail=at["detail"].maybe_text(),
        chosen=_texts(at["chosen"]),
        seconds=at["seconds"].number(),
        log_tail=at["log_tail"].maybe_text(),
    )


def _texts(at: Located) -> tuple[str, ...]:
    return tuple(item.text() for item in at.items())
