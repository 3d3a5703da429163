"""What several formats say of a result in the same words."""

from collections.abc import Iterator

from reports.printable import printable
from reports.renderers.results import Reported, Trend, What
from verify.finding import Finding, FindingClass
from verify.timeline.words import counted
from verify.verdict import Verdict

CLAIM = {
    Verdict.IDENTICAL: "This wheel is what its source builds to: the rebuild has the same sha256.",
    Verdict.REGENERATED: "This wheel is what its source builds to: every member is byte-identical,"
    " and the archive regenerates bit for bit.",
    Verdict.EQUIVALENT: "This wheel is what its source builds to, but for differences that named"
    " rules explain; every byte is accounted for.",
    Verdict.DIFFERENT: "This wheel is not what its source built to here: at least one difference is"
    " unexplained.",
    Verdict.SUSPICIOUS: "This wheel is not what its source built to here, and at least one finding"
    " is dangerous.",
    Verdict.UNDETERMINED: "Nothing can be said of this wheel: no comparison could be made, or not"
    " of all of it.",
}
"""What each verdict claims, and no more than that."""

WHAT = {
    What.NEWLY_DISTRUSTED: "not trusted any more",
    What.WORSE: "worse",
    What.REPLACED: "another file of that name",
    What.NEW: "new",
    What.GONE: "gone",
    What.BETTER: "better",
    What.NEWLY_TRUSTED: "trusted now",
}
"""What became of a wheel since the previous run, after a number or alone."""

TELLING = (FindingClass.DANGEROUS, FindingClass.UNEXPLAINED)


def trust(result: Reported) -> str:
    """Whether a wheel is trusted, and if not by its verdict, by what."""
    if not result.trusted:
        return "not trusted"
    words = {"waiver": "trusted by a waiver", "native-review-surface": "trusted: little to review"}
    return words.get(result.basis or "", "trusted")


def why(result: Reported) -> str:
    """Why a wheel is or is not trusted, in one line that is fit to show."""
    detail = [f"{result.reason}: {result.detail}"] if result.detail else []
    return printable("; ".join([*result.reasons, *detail]))


def since(trend: Trend) -> str:
    """What changed since the previous run, in one line."""
    counts = ", ".join(f"{count:,} {WHAT[what]}" for what, count in trend.counts.items())
    run = f"run {trend.run}" if trend.run is not None else "the previous run"
    was = f"{trend.trusted:,} of {counted(trend.total, 'wheel')} trusted then"
    return f"since {run} ({was}): {counts or 'nothing changed'}"


def told(finding: Finding) -> str:
    """A finding in one line that is fit to show."""
    member = f"{finding.member}: " if finding.member is not None else ""
    return printable(f"{member}{finding.summary}")


def telling(result: Reported) -> Iterator[Finding]:
    """What stands against a wheel, the worst first."""
    yield from result.of(*TELLING)
