"""Outcomes of what is found out about one hash, or about an entry without any."""

from dataclasses import replace

from verify.finding import Finding
from verify.lock import lock_findings
from verify.lock.inputs.archive_urls import parse_checkout, replacement
from verify.lock.inputs.hashes import STRONG
from verify.lock.inputs.interface import LockedFile, LockedPackage, SourceKind
from verify.lock.results import Outcome, Standing
from verify.results import CheckResult
from verify.verdict import Verdict

WEIGHT = (Standing.NOTED, Standing.TRUSTED, Standing.UNDETERMINED, Standing.DISTRUSTED)
"""Standings, the worst last."""


def told(
    package: LockedPackage,
    file: LockedFile | None,
    *findings: Finding,
    filename: str | None = None,
    advice: str | None = None,
) -> Outcome:
    """An outcome without a rebuild, which stands as its first finding says."""
    return Outcome(
        package=package,
        file=file,
        filename=filename or (file.filename if file else None),
        standing=lock_findings.STANDINGS[findings[0].rule],
        findings=findings,
        advice=advice,
    )


def rebuilt(
    package: LockedPackage, file: LockedFile, result: CheckResult, notes: tuple[Finding, ...] = ()
) -> Outcome:
    """An outcome that stands as the judgement of a wheel says."""
    if result.trusted:
        standing = Standing.TRUSTED
    elif result.verdict is Verdict.UNDETERMINED:
        standing = Standing.UNDETERMINED
    else:
        standing = Standing.DISTRUSTED
    return Outcome(
        package=package,
        file=file,
        filename=result.wheel.filename if result.wheel else file.filename,
        standing=standing,
        findings=notes,
        check=result,
    )


def unpinned(package: LockedPackage) -> Outcome:
    """Of an entry that has no file."""
    if package.kind is SourceKind.VCS:
        checkout = replace(
            parse_checkout(package.origin or "", package.commit),
            subdirectory=package.subdirectory,
        )
        advice = replacement(checkout, package.name or None)
        return told(package, None, lock_findings.vcs(package), advice=advice)
    if package.kind is SourceKind.DIRECTORY:
        return told(package, None, lock_findings.directory(package))
    return told(
        package,
        None,
        lock_findings.no_hash(package),
        advice="make the lock again with hashes",
    )


def without_sha256(package: LockedPackage, file: LockedFile) -> Outcome:
    """Of a file that is pinned by other hashes, or by none."""
    if not file.hashes:
        return told(package, file, lock_findings.no_hash(package))
    if all(each.algorithm in STRONG for each in file.hashes):
        return told(package, file, lock_findings.other_hash(package, file))
    return told(package, file, lock_findings.weak_hash(package, file))


def local(package: LockedPackage, file: LockedFile) -> Outcome:
    """Of a file that may not be there where the lock is checked."""
    return told(
        package,
        file,
        lock_findings.local_file(package, file),
        advice="check the file itself: truewheel check --file",
    )
