"""Results for a person at a terminal: verdict first, then what differs, then how it was rebuilt."""

from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from reports.byte_table import render_accounting
from reports.evidence import evidence_lines
from reports.native import render_disassembly, shown_functions
from reports.printable import printable
from verify.finding import Finding, FindingClass
from verify.results import Attempt, CheckReport, CheckResult, Diff
from verify.verdict import Verdict

VERDICT_STYLE = {
    Verdict.IDENTICAL: "bold green",
    Verdict.REGENERATED: "bold green",
    Verdict.EQUIVALENT: "bold green",
    Verdict.DIFFERENT: "bold yellow",
    Verdict.SUSPICIOUS: "bold red",
    Verdict.UNDETERMINED: "bold magenta",
}
CLASS_STYLE = {
    FindingClass.NOTE: "dim",
    FindingClass.BENIGN: "green",
    FindingClass.UNEXPLAINED: "yellow",
    FindingClass.DANGEROUS: "red",
}
MEANING = {
    Verdict.IDENTICAL: "the rebuild has the published sha256",
    Verdict.REGENERATED: "every member is byte-identical; the archive regenerates bit for bit",
    Verdict.EQUIVALENT: "every difference is explained by a benign rule",
    Verdict.DIFFERENT: "at least one difference is unexplained",
    Verdict.SUSPICIOUS: "at least one finding is dangerous",
    Verdict.UNDETERMINED: "no comparison could be made",
}
MAX_FINDINGS = 20
MAX_EVIDENCE_LINES = 12


def render_check(
    report: CheckReport, console: Console, *, verbose: bool = False, accounting: bool = False
) -> None:
    """Print each result, and a closing line when there are several."""
    for result in report.results:
        render_result(result, console, verbose=verbose, accounting=accounting)
    if len(report.results) > 1:
        trusted = sum(result.trusted for result in report.results)
        console.print(f"{trusted} of {len(report.results)} wheels are trusted.")


def render_result(
    result: CheckResult, console: Console, *, verbose: bool = False, accounting: bool = False
) -> None:
    """Print one result, with the byte table if asked for."""
    name = result.wheel.filename if result.wheel else result.requirement
    _headline(name, result.verdict, console)
    trust = "trusted" if result.trusted else "not trusted"
    console.print(Text(f"  {trust}: {'; '.join(map(printable, result.reasons))}"))
    if result.detail:
        console.print(Text(f"  {result.reason}: {printable(result.detail)}"))
    for signal in result.signals:
        _finding(signal, console, verbose=verbose)
    if result.diff is not None:
        _findings(result.diff.findings, console, verbose=verbose)
        _accounting(result.diff, console)
        if accounting:
            render_accounting(result.diff.accounting, console, verbose=verbose)
    _provenance(result, console)
    if verbose:
        _logs(result, console)
    console.print()


def render_diff(
    diff: Diff,
    console: Console,
    *,
    verbose: bool = False,
    accounting: bool = False,
    functions: bool = False,
) -> None:
    """Print one comparison, with the byte table or native functions side by side if asked for."""
    _headline(diff.published.filename, diff.verdict, console)
    if diff.reason is not None:
        console.print(Text(f"  reason: {diff.reason}"))
    _findings(diff.findings, console, verbose=verbose, functions=functions)
    _accounting(diff, console)
    if accounting:
        render_accounting(diff.accounting, console, verbose=verbose)


def _headline(name: str, verdict: Verdict, console: Console) -> None:
    line = Text(printable(name), style="bold")
    line.append("  ")
    line.append(verdict.value, style=VERDICT_STYLE[verdict])
    line.append(f"  {MEANING[verdict]}", style="dim")
    console.print(line)


def _findings(
    findings: Iterable[Finding], console: Console, *, verbose: bool, functions: bool = False
) -> None:
    shown = [f for f in findings if verbose or f.kind is not FindingClass.NOTE]
    for finding in shown[: None if verbose else MAX_FINDINGS]:
        _finding(finding, console, verbose=verbose, functions=functions)
    if not verbose and len(shown) > MAX_FINDINGS:
        console.print(f"  ... and {len(shown) - MAX_FINDINGS} more findings (-v shows all)")


def _finding(finding: Finding, console: Console, *, verbose: bool, functions: bool = False) -> None:
    line = Text("  ")
    line.append(finding.kind.value, style=CLASS_STYLE[finding.kind])
    line.append(f"  {finding.rule}", style="bold")
    if finding.member is not None:
        line.append(f"  {printable(finding.member)}", style="cyan")
    line.append(f"  {printable(finding.summary)}")
    console.print(line)
    lines = evidence_lines(finding, verbose=verbose)
    limit = len(lines) if verbose else MAX_EVIDENCE_LINES
    for text in lines[:limit]:
        console.print(Text(f"      {text}", style=_line_style(text)))
    if len(lines) > limit:
        console.print(Text(f"      ... {len(lines) - limit} more lines (-v)", style="dim"))
    _functions(finding, console, are_shown=verbose or functions)


def _functions(finding: Finding, console: Console, *, are_shown: bool) -> None:
    """Native functions side by side, or a word that they can be had."""
    if are_shown:
        render_disassembly(finding, console)
    elif count := len(shown_functions(finding)):
        word = "function" if count == 1 else "functions"
        console.print(Text(f"      -v shows {count} {word} side by side", style="dim"))


def _line_style(line: str) -> str:
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "dim")


def _accounting(diff: Diff, console: Console) -> None:
    count = diff.accounting
    console.print(
        f"  bytes: {count.published_bytes:,} published = {count.reproduced_bytes:,} reproduced"
        f" + {count.explained_bytes:,} explained + {count.unexplained_bytes:,} unexplained",
        highlight=False,
    )


def _provenance(result: CheckResult, console: Console) -> None:
    rows: list[tuple[str, str]] = []
    if result.judged_at is not None:
        rows.append(("verdict", f"remembered from {result.judged_at.astimezone(UTC):%Y-%m-%d}"))
    if result.wheel is not None:
        rows.append(("wheel", f"{_day(result.wheel.upload_time)}  {result.wheel.filename}"))
        known = result.wheel.sha256
        rows.append(("", f"sha256 {known}" if known else "no sha256 known"))
    if result.source is not None:
        rows.append(("source", f"{_day(result.source.upload_time)}  {result.source.filename}"))
    if result.recipe is not None:
        rows.append(("rebuilt", _recipe_line(result)))
        rows += _attempt_rows(result)
    if result.policy is not None and result.policy.source is not None:
        rows.append(("policy", f"{result.policy.source}, digest {result.policy.digest[:16]}"))
    seconds = result.seconds
    times = (
        f"fetch {seconds.fetch:.1f}, resolve {seconds.resolve:.1f}, build {seconds.build:.1f}, "
        f"compare {seconds.compare:.1f}, total {seconds.total:.1f}"
    )
    for label, text in (*rows, ("seconds", times)):
        console.print(Text(f"  {label:<9}{printable(text)}"))


def _attempt_rows(result: CheckResult) -> list[tuple[str, str]]:
    """What was tried, where the first recipe was not good enough."""
    if len(result.attempts) < 2:
        return []
    return [
        ("" if at else "tried", f"{at + 1}. {attempt.verdict}: {_chosen(attempt)}")
        for at, attempt in enumerate(result.attempts)
    ]


def _chosen(attempt: Attempt) -> str:
    words = ", ".join(attempt.chosen) or "what the wheel's own hints say"
    return f"{words} ({attempt.reason})" if attempt.reason else words


def _recipe_line(result: CheckResult) -> str:
    recipe = result.recipe or {}
    requirements = recipe.get("requirements")
    names = [
        f"{item['name']} {item['version']}"
        for item in (requirements if isinstance(requirements, list) else [])
        if isinstance(item, dict)
    ]
    with_what = ", ".join(names) or "no build requirements"
    return f"CPython {recipe.get('python')} in {recipe.get('sandbox')}, with {with_what}"


def _logs(result: CheckResult, console: Console) -> None:
    for attempt in result.attempts:
        if attempt.log_tail:
            console.print("  the build's log ends:", style="dim")
            for line in attempt.log_tail.splitlines():
                console.print(Text(f"      {printable(line)}", style="dim"))


def _day(moment: datetime | None) -> str:
    return "no upload time" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
