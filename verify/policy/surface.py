"""Whether a wheel is `different` by native code alone, and by how much of it.

Fail closed: what the findings do not prove to be code of single functions is not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeGuard

from verify.finding import Finding, FindingClass, JSONValue
from verify.policy.model import SurfaceLimit

_NATIVE = "native.differs"
_MEMBER = "member.differs"
_RECORD = ".dist-info/RECORD"


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    """One native file that differs; both in bytes."""

    unaccounted: int
    code: int


def accepted_surface(limit: SurfaceLimit | None, findings: Sequence[Finding]) -> str | None:
    """A clause about the native code that is accepted, None if the findings are not accepted.

    Accepted are findings that are all about functions of native code of which both wheels have a
    version, and rows of RECORD that follow from them or from what benign rules explain.
    """
    if limit is None:
        return None
    files = _files(findings)
    if not files or not all(_is_within(limit, file) for file in files):
        return None
    unaccounted, code = sum(f.unaccounted for f in files), sum(f.code for f in files)
    if limit.size is not None and unaccounted > limit.size:
        return None
    return (
        f"all that differs is {unaccounted:,} of {code:,} bytes of native code,"
        f" and native-review-surface is {limit}"
    )


def _files(findings: Sequence[Finding]) -> list[_File] | None:
    """The native files that differ, None if anything else is left unexplained."""
    members = {
        finding.member
        for finding in findings
        if finding.rule == _NATIVE or finding.kind is FindingClass.BENIGN
    } - {None}
    files = []
    for finding in findings:
        if finding.kind is FindingClass.DANGEROUS:
            return None
        if finding.kind is not FindingClass.UNEXPLAINED or _is_record_of(finding, members):
            continue
        file = _file(finding) if finding.rule == _NATIVE else None
        if file is None:
            return None
        files.append(file)
    return files


def _file(finding: Finding) -> _File | None:
    unaccounted = finding.evidence.get("unaccounted_code_bytes")
    code = finding.evidence.get("code_bytes")
    if not _is_count(unaccounted) or not _is_count(code) or unaccounted > code:
        return None
    return _File(unaccounted=unaccounted, code=code)


def _is_record_of(finding: Finding, members: set[str | None]) -> bool:
    """Whether it is about rows of RECORD that tell the truth about these members."""
    if finding.rule != _MEMBER or not (finding.member or "").endswith(_RECORD):
        return False
    rows = list(_texts(finding.evidence.get("rows")))
    return bool(rows) and members.issuperset(rows)


def _is_within(limit: SurfaceLimit, file: _File) -> bool:
    return limit.percent is None or Decimal(file.unaccounted * 100) <= limit.percent * file.code


def _is_count(value: JSONValue) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _texts(value: JSONValue) -> Iterator[str]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from (item for item in value if isinstance(item, str))
