"""When the hash of a source may stand in a lock, and what may be said of it.

Of a source nothing can be rebuilt: it is what a rebuild begins with. So it is verified by what it
leads to: a published wheel of its release that is trusted for its verdict, rebuilt from these very
bytes. Whoever installs the source then installs what everybody else has as a wheel, but for what
another machine's compiler makes of it. Of a source that leads to no such wheel nothing is known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import Version

from verify.index.interface import FileKind, IndexFile, Project
from verify.policy.decide import Basis, Case, refusals_beside_verdict
from verify.policy.defaults import SdistRule
from verify.results import CheckResult
from verify.subject import Subject
from verify.timeline.signals import signals_of
from verify.verdict import Verdict
from verify.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class SourceRules:
    """What a policy says of sources.

    Attributes:
        refusals: against one, whatever it leads to.
        takes_verified: whether one may be locked that nobody asked for, if it is verified.
        takes_unverified: whether one may be locked of which nothing is known.
    """

    refusals: "Refusals"
    takes_verified: Callable[[NormalizedName, Version | None], bool]
    takes_unverified: Callable[[NormalizedName, Version | None], bool]


MAX_TRIES = 3
"""Wheels of a release that are judged to find out about its source."""

Judge = Callable[[Subject], CheckResult]
Refusals = Callable[[IndexFile, Project | None], tuple[str, ...]]
"""What a policy says against a source, whatever it leads to."""


def is_verified_by(result: CheckResult, sha256: str | None) -> bool:
    """Whether a wheel's result says that a source with this hash builds to that wheel.

    A waiver, or a limit for native code, lets in a wheel that the source does not build to.
    """
    source = result.source
    by_verdict = result.trusted and result.basis == Basis.VERDICT
    return by_verdict and source is not None and sha256 is not None and source.sha256 == sha256


def verifying_wheel(
    source: IndexFile, listing: Project, judge: Judge, tried: Sequence[CheckResult] = ()
) -> tuple[IndexFile, CheckResult] | None:
    """A listed wheel that a source is verified by; None if none of the first few is.

    Args:
        source: with its hash.
        listing: of its project.
        judge: see there; each wheel is rebuilt from this source.
        tried: what has been judged already; those wheels are not judged again.

    Raises:
        TruewheelError: the tool itself failed.
    """
    known = {result.wheel.filename: result for result in tried if result.wheel}
    wheels = {file.filename: file for file in likely_wheels(listing, source.version)}
    for name, result in known.items():
        if name in wheels and is_verified_by(result, source.sha256):
            return wheels[name], result
    for wheel in [file for name, file in wheels.items() if name not in known][:MAX_TRIES]:
        result = judge(
            Subject(
                requirement=f"{source.project}=={source.version}",
                wheel=wheel,
                source=source,
                listing=listing,
            )
        )
        if is_verified_by(result, source.sha256):
            return wheel, result
    return None


def source_refusals(
    source: IndexFile, listing: Project | None, bench: Workbench
) -> tuple[str, ...]:
    """`Refusals` of a workbench's policy: its index, and the signals that refuse.

    Raises:
        IndexFault: a provenance that the index lists cannot be had.
    """
    policy = bench.settings.policy
    rules = policy.rules_for(source.project, source.version).rules
    signals = signals_of(source, listing, bench.index, rules.thresholds) if listing else ()
    case = Case(
        verdict=Verdict.UNDETERMINED,
        project=source.project,
        version=source.version,
        sha256=source.sha256,
        index=bench.index.origin(source),
        signals=signals,
        what="source",
    )
    return refusals_beside_verdict(case, policy)


def source_rules(bench: Workbench) -> SourceRules:
    """Those of a workbench's policy."""
    policy = bench.settings.policy

    def takes_verified(name: NormalizedName, version: Version | None) -> bool:
        return policy.rules_for(name, version).rules.sdists is not SdistRule.ASKED

    def takes_unverified(name: NormalizedName, version: Version | None) -> bool:
        return policy.rules_for(name, version).rules.sdists is SdistRule.ANY

    return SourceRules(
        refusals=lambda source, listing: source_refusals(source, listing, bench),
        takes_verified=takes_verified,
        takes_unverified=takes_unverified,
    )


def from_archive(source: IndexFile, listing: Project | None) -> IndexFile:
    """The source as the index lists it, if it has the very bytes; else as it is.

    So one that was named by its URL is the release's own, and needs no rebuild of its own.
    """
    files = listing.files if listing else ()
    same = (file for file in files if file.kind is FileKind.SDIST and file.version is not None)
    found = next((file for file in same if file.sha256 == source.sha256), None)
    return replace(found, sha256=source.sha256) if found else source


def likely_wheels(listing: Project, version: Version | None) -> Sequence[IndexFile]:
    """The wheels of a release, those first that this machine is most likely able to rebuild."""
    platforms = {tag.platform for tag in sys_tags()}

    def order(file: IndexFile) -> tuple[bool, bool, str]:
        try:
            tags = parse_wheel_filename(file.filename)[3]
        except InvalidWheelFilename:
            return True, True, file.filename
        known = {tag.platform for tag in tags}
        return "any" not in known, known.isdisjoint(platforms), file.filename

    wheels = [
        file for file in listing.files if file.kind is FileKind.WHEEL and file.version == version
    ]
    return sorted(wheels, key=order)
