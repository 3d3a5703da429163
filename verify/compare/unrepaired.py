"""What a comparison says whose rebuild could not be repaired as the published wheel was.

Repairing copies libraries into a wheel, and has its native code load the copies. Where that fails
in the rebuild, the code as it was built is compared: each difference that repairing makes is then a
failure of the rebuild, and no finding. A wheel of which nothing else is left open is undetermined.

Whatever else differs, and whatever is dangerous, counts as before: a module's own code is compared
all the same, and no library is excused but one that a module loads which the rebuild has, too.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from posixpath import normpath

from verify.archive.facts import note
from verify.finding import Finding, FindingClass, RuleName
from verify.native.parts import REPAIR
from verify.results import Diff
from verify.rules.ranking import finding_order
from verify.rules.uncompared import UNCOMPARED, UNREPAIRED
from verify.verdict import Reason, Verdict

_BUNDLED = RuleName("native.bundled-library")
_DIFFERS = RuleName("native.differs")
_MEMBER_DIFFERS = RuleName("member.differs")
_MEMBER_ADDED = RuleName("member.only-published")

_ORIGIN = "$ORIGIN"

_COPY = re.compile(r"[^/]+\.libs/[^/]+")
"""Where auditwheel puts what it copies."""

_RECORD = re.compile(r"[^/]+\.dist-info/RECORD")
_LISTED = re.compile(r"[^/]+\.dist-info/sboms/auditwheel\.cdx\.json")
"""What newer releases of auditwheel list the copies in."""


def as_unrepaired(diff: Diff, why: str) -> Diff:
    """The comparison with a rebuild that was not repaired.

    Args:
        diff: what came of comparing it all the same.
        why: it was not repaired, a clause.
    """
    if diff.verdict not in {Verdict.DIFFERENT, Verdict.SUSPICIOUS}:
        return diff
    fact = note(
        UNREPAIRED,
        f"The rebuilt wheel could not be repaired as the published one was: {why}.",
    )
    told = replace(diff, findings=tuple(sorted((*diff.findings, fact), key=finding_order)))
    left = [one for one in diff.findings if one.kind is FindingClass.UNEXPLAINED]
    copies = {str(one.member) for one in left if one.rule == _BUNDLED}
    own = [one for one in left if _is_by_repair(one, copies)]
    others = [one for one in left if one not in own and one.rule not in UNCOMPARED]
    is_failure = own and all(_follows(one, own) for one in others)
    if diff.verdict is not Verdict.DIFFERENT or not is_failure:
        return told
    return replace(told, verdict=Verdict.UNDETERMINED, reason=Reason.REPAIR_FAILED)


def _is_by_repair(finding: Finding, copies: Collection[str]) -> bool:
    """Whether a finding is about nothing but what repairing changes.

    Args:
        finding: any.
        copies: the members that a repair has put into the wheel.
    """
    if finding.rule == _BUNDLED:
        is_copy = finding.evidence.get("hash_in_name") and _COPY.fullmatch(str(finding.member))
        return bool(is_copy) and "rebuilt_library" not in finding.evidence
    is_repaired = finding.rule == _DIFFERS and finding.evidence.get("parts") == [REPAIR]
    return is_repaired and _finds_its_copies(finding, copies)


def _finds_its_copies(finding: Finding, copies: Collection[str]) -> bool:
    """Whether the one place where a module has its copies looked for holds all of them."""
    needed, path = finding.evidence.get("needed"), str(finding.evidence.get("search_path"))
    if not isinstance(needed, list) or not needed or not path.startswith(f"{_ORIGIN}/"):
        return False
    folder = normpath(f"./{str(finding.member).rpartition('/')[0]}{path.removeprefix(_ORIGIN)}")
    return all(f"{folder}/{name}" in copies for name in needed)


def _follows(finding: Finding, repaired: Sequence[Finding]) -> bool:
    """Whether a finding is about what comes of repairing: rows, the folder of copies, their list.

    RECORD of the published wheel is judged on its own; whatever is wrong with it is told there.
    """
    member = str(finding.member)
    if finding.rule == _MEMBER_DIFFERS:
        return _RECORD.fullmatch(member) is not None
    folders = {f"{str(one.member).rpartition('/')[0]}/" for one in repaired if one.rule == _BUNDLED}
    is_made_by_it = member in folders or _LISTED.fullmatch(member) is not None
    return finding.rule == _MEMBER_ADDED and is_made_by_it
