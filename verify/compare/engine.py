"""Compare a published wheel with a rebuilt one; `compare` reads like the specification."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from verify.archive.errors import UnreadableArchiveError
from verify.archive.facts import dangerous, note
from verify.archive.raw import RawFile, identify, open_raw
from verify.archive.reader import Archive, parse_archive
from verify.compare.account import Shares, account, whole
from verify.compare.decide import decide
from verify.compare.explain import Explanation, explain
from verify.compare.members import Comparison, compare_members
from verify.compare.recorded import Recorded, record_fields
from verify.compare.regenerate import regenerate
from verify.compare.streams import Source, Streams, account_streams
from verify.distinfo.judge import NAME_RULES, dist_info, judge_wheel
from verify.finding import Finding, FindingClass
from verify.results import Accounting, Diff, FileIdentity
from verify.rules.ranking import finding_order
from verify.rules.registry import ALL, Rules
from verify.verdict import Reason, Verdict

_MAX_LISTED = 8


def compare(
    published: Path, rebuilt: Path, *, told: Iterable[Finding] = (), rules: Rules = ALL
) -> Diff:
    """Say whether a published wheel is what its rebuild is, and account for every byte of it.

    Both archives are read strictly; the published wheel is judged on its own before anything is
    compared; the rebuilt one only has to be fit to serve as evidence.

    Args:
        published: the wheel to judge.
        rebuilt: what its source was built to.
        told: facts about the published wheel that its bytes alone do not show.
        rules: what is known of differences.

    Raises:
        UsageFault: one of the paths is no regular file or cannot be read.
        FileChangedError: one of the files changed meanwhile.
    """
    ours, theirs = _File.open(published), _File.open(rebuilt)
    diff = _compared(ours, theirs, tuple(told), rules)
    ours.raw.check_unchanged()
    theirs.raw.check_unchanged()
    return diff


def _compared(ours: "_File", theirs: "_File", told: tuple[Finding, ...], rules: Rules) -> Diff:
    try:
        archive = ours.read(inflate_members=True)
    except UnreadableArchiveError as error:
        fact = dangerous("archive.unreadable", error.message)
        accounting = whole(ours.identity.size, reproduced=False)
        return _diff(ours.identity, theirs.identity, [*told, fact], accounting)
    own = (*told, *archive.findings, *judge_wheel(archive))
    if ours.identity.sha256 == theirs.identity.sha256:
        accounting = whole(ours.identity.size, reproduced=True)
        noted = _reproduced(own, same_name=ours.identity.filename == theirs.identity.filename)
        return _diff(ours.identity, theirs.identity, noted, accounting, is_same_file=True)
    evidence, faults = _evidence(theirs)
    if evidence is None or faults:
        return _unfit(archive, theirs.identity, own, faults)
    comparison = compare_members(archive, evidence)
    if comparison.faults:
        return _unfit(archive, theirs.identity, own, _causes(comparison.faults))
    found, accounting = _account(archive, evidence, comparison, rules)
    return _diff(ours.identity, theirs.identity, (*own, *found), accounting)


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    """A file mapped and hashed once, so that everything said of it is about the same bytes."""

    path: Path
    raw: RawFile
    identity: FileIdentity

    @classmethod
    def open(cls, path: Path) -> Self:
        raw = open_raw(path)
        return cls(path=path, raw=raw, identity=identify(raw, path.name))

    def read(self, *, inflate_members: bool) -> Archive:
        return parse_archive(
            self.raw, path=self.path, identity=self.identity, inflate_members=inflate_members
        )


def _reproduced(own: Iterable[Finding], *, same_name: bool) -> Iterator[Finding]:
    """What is odd in a file that the rebuild reproduces whole: its source builds to just that.

    It needs no explanation any more, but is noted. What is dangerous stays so: it lets two readers
    see two contents in one file, whoever made it. So does what is odd in the file name, unless the
    rebuild has this name, too: installers choose by it.
    """
    for finding in own:
        is_odd = finding.kind is FindingClass.UNEXPLAINED
        is_reproduced = same_name or finding.rule not in NAME_RULES
        yield replace(finding, kind=FindingClass.NOTE) if is_odd and is_reproduced else finding


def _evidence(rebuilt: _File) -> tuple[Archive | None, list[str]]:
    """The rebuilt archive, and why it is no evidence: two readers could see two contents in it.

    Members are inflated only where they differ from the published ones.
    """
    try:
        archive = rebuilt.read(inflate_members=False)
    except UnreadableArchiveError as error:
        return None, [error.message]
    return archive, _causes(archive.findings)


def _account(
    published: Archive, rebuilt: Archive, comparison: Comparison, rules: Rules
) -> tuple[tuple[Finding, ...], Accounting]:
    """Explain what differs, reproduce the streams and the container, and sum up."""
    explanation = explain(
        comparison.differences,
        rules,
        published=published,
        rebuilt=rebuilt,
        dist_info=dist_info(published),
    )
    explained = frozenset(
        published.by_name[name].index for name in explanation.explained if name in published.by_name
    )
    as_rebuilt = {at for at, pair in comparison.identical.items() if pair.same_stream}
    streams = account_streams(
        published,
        _sources(published, rebuilt, comparison, explained),
        rules.streams,
        reproduced=as_rebuilt,
        counterparts=_counterparts(published, rebuilt, explained),
    )
    container = regenerate(published)
    recorded = _recorded(published, rebuilt, comparison, explanation, streams)
    shares = Shares(
        identical=comparison.identical.keys(),
        explained=explained,
        reproduced_streams=as_rebuilt,
        unaccounted_streams=streams.unaccounted,
        mismatches=container.mismatches,
        recorded=recorded,
    )
    findings = (
        *explanation.findings,
        *streams.findings,
        *container.findings,
        *recorded.findings,
    )
    return findings, account(published, shares)


def _sources(
    published: Archive, rebuilt: Archive, comparison: Comparison, explained: Iterable[int]
) -> dict[int, Source]:
    """Identical members pack from the rebuilt content, explained ones from their own."""
    sources = {
        index: Source(archive=rebuilt, member=pair.rebuilt)
        for index, pair in comparison.identical.items()
        if not pair.same_stream
    }
    own = {index: Source(archive=published, member=published.members[index]) for index in explained}
    return sources | own


def _counterparts(
    published: Archive, rebuilt: Archive, explained: Iterable[int]
) -> dict[int, Source]:
    """The rebuilt members of those that are explained."""
    names = {index: published.members[index].name for index in explained}
    return {
        index: Source(archive=rebuilt, member=rebuilt.by_name[name])
        for index, name in names.items()
        if name in rebuilt.by_name
    }


def _recorded(
    published: Archive,
    rebuilt: Archive,
    comparison: Comparison,
    explanation: Explanation,
    streams: Streams,
) -> Recorded:
    pairs = [(pair.published, pair.rebuilt) for pair in comparison.identical.values()]
    ours = [
        published.by_name[name]
        for name in sorted(explanation.explained)
        if name in published.by_name
    ]
    pairs += [
        (member, rebuilt.by_name[member.name]) for member in ours if member.name in rebuilt.by_name
    ]
    settings = {
        published.members[index].name: setting
        for index, setting in streams.settings.items()
        if index in comparison.identical
    }
    alone = [member for member in ours if member.name not in rebuilt.by_name]
    return record_fields(published, rebuilt, pairs, alone=alone, settings=settings)


def _diff(
    published: FileIdentity,
    rebuilt: FileIdentity,
    findings: Iterable[Finding],
    accounting: Accounting,
    *,
    is_same_file: bool = False,
) -> Diff:
    ordered = tuple(sorted(findings, key=finding_order))
    verdict = decide(ordered, is_same_file=is_same_file)
    return Diff(
        published=published,
        rebuilt=rebuilt,
        verdict=verdict,
        findings=ordered,
        accounting=accounting,
        reason=Reason.UNSUPPORTED if verdict is Verdict.UNDETERMINED else None,
    )


def _causes(findings: Iterable[Finding]) -> list[str]:
    """What is dangerous in a rebuilt wheel, one line for each kind."""
    return sorted(
        {
            f"{finding.rule}: {finding.summary}"
            for finding in findings
            if finding.kind is FindingClass.DANGEROUS
        }
    )


def _unfit(
    published: Archive, rebuilt: FileIdentity, own: Iterable[Finding], causes: list[str]
) -> Diff:
    """Nothing was compared; what the published wheel shows on its own still counts."""
    fact = note(
        "rebuild.unfit",
        "The rebuilt wheel cannot serve as evidence, so nothing was compared.",
        causes=causes[:_MAX_LISTED],
    )
    findings = tuple(sorted((*own, fact), key=finding_order))
    is_suspicious = findings[0].kind is FindingClass.DANGEROUS
    return Diff(
        published=published.identity,
        rebuilt=rebuilt,
        verdict=Verdict.SUSPICIOUS if is_suspicious else Verdict.UNDETERMINED,
        findings=findings,
        accounting=whole(published.identity.size, reproduced=False),
        reason=None if is_suspicious else Reason.UNREADABLE_REBUILD,
    )
