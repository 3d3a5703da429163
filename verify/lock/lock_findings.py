"""The findings about a lock itself: `lock.*`, one function each."""

from collections.abc import Sequence

from verify.finding import Finding, FindingClass, JSONValue, RuleName
from verify.index.interface import IndexFile
from verify.lock.inputs.interface import LockedFile, LockedHash, LockedPackage
from verify.lock.results import Standing

STANDINGS = {
    "lock.no-hash": Standing.DISTRUSTED,
    "lock.weak-hash": Standing.DISTRUSTED,
    "lock.other-hash": Standing.UNDETERMINED,
    "lock.vcs": Standing.DISTRUSTED,
    "lock.directory": Standing.NOTED,
    "lock.local-file": Standing.UNDETERMINED,
    "lock.unknown-hash": Standing.DISTRUSTED,
    "lock.other-project": Standing.DISTRUSTED,
    "lock.other-name": Standing.DISTRUSTED,
    "lock.more-hashes": Standing.DISTRUSTED,
    "lock.other-index": Standing.UNDETERMINED,
    "lock.vanished": Standing.UNDETERMINED,
    "lock.archive": Standing.UNDETERMINED,
    "lock.archive-refused": Standing.DISTRUSTED,
    "lock.archive-unasked": Standing.UNDETERMINED,
    "lock.archive-verified": Standing.TRUSTED,
    "lock.archive-let-in": Standing.NOTED,
    "lock.sdist": Standing.NOTED,
    "lock.not-a-wheel": Standing.NOTED,
    "lock.other-target": Standing.NOTED,
    "lock.yanked": Standing.NOTED,
    "lock.new-files": Standing.NOTED,
}
"""Every rule, and what it means for the lock."""


def _made(rule: str, summary: str, **evidence: JSONValue) -> Finding:
    harmless = STANDINGS[rule] in {Standing.NOTED, Standing.TRUSTED}
    return Finding(
        rule=RuleName(rule),
        kind=FindingClass.NOTE if harmless else FindingClass.UNEXPLAINED,
        summary=summary,
        evidence=evidence,
    )


def no_hash(package: LockedPackage) -> Finding:
    """Whatever the index serves would be installed."""
    return _made("lock.no-hash", f"{package} is not pinned by sha256: the lock has no hash of it")


def weak_hash(package: LockedPackage, file: LockedFile) -> Finding:
    """MD5 and SHA-1 can be forged; so two files may have that hash."""
    names = ", ".join(sorted({each.algorithm for each in file.hashes}))
    return _made(
        "lock.weak-hash",
        f"{package} is not pinned by sha256 but by {names}, of which another file can be made",
        hashes=[str(each) for each in file.hashes],
    )


def other_hash(package: LockedPackage, file: LockedFile) -> Finding:
    """A strong hash, but not one by which an index knows its files."""
    names = ", ".join(sorted({each.algorithm for each in file.hashes}))
    return _made(
        "lock.other-hash",
        f"{package} is pinned by {names}; indexes list sha256, so the file cannot be told",
        hashes=[str(each) for each in file.hashes],
    )


def vcs(package: LockedPackage) -> Finding:
    """A checkout has no hash that an installer could require."""
    return _made(
        "lock.vcs",
        f"{package} is a checkout of {package.origin}, which no sha256 pins",
        repository=package.origin,
        commit=package.commit,
    )


def directory(package: LockedPackage) -> Finding:
    """Its bytes are the person's own."""
    return _made(
        "lock.directory", f"{package} is the directory {package.origin}; no index is asked"
    )


def local_file(package: LockedPackage, file: LockedFile) -> Finding:
    """It may not be there where the lock is checked."""
    return _made("lock.local-file", f"{package} is the local file {file.url or package.origin}")


def unknown_hash(
    package: LockedPackage, file: LockedFile, listed: Sequence[IndexFile], other: IndexFile | None
) -> Finding:
    """No file of the release (`listed`) has it: a tampered lock, or a file that was replaced.

    `other` is the file of another release that has the hash.
    """
    same = next((each for each in listed if each.filename == file.filename), None)
    if other is not None:
        told = f"it is that of {other.filename}, of another release"
    elif same is not None:
        told = f"the index has {same.filename} with sha256 {same.sha256}"
    else:
        told = f"the index lists {len(listed)} others"
    return _made(
        "lock.unknown-hash",
        f"no file of {package} has sha256 {file.sha256}; {told}",
        sha256=file.sha256,
        filename=file.filename,
        url=file.url,
        listed=sorted(each.filename for each in listed)[:50],
    )


def other_project(package: LockedPackage, file: LockedFile) -> Finding:
    """A URL may lead to anything; installers take the name from the file."""
    return _made(
        "lock.other-project",
        f"{package.name} is locked to {file.filename}, whose name is that of another project",
        url=file.url,
    )


def other_name(package: LockedPackage, file: LockedFile, listed: Sequence[IndexFile]) -> Finding:
    """Installers choose by the lock's name: bytes meant for elsewhere would be installed here."""
    names = sorted(each.filename for each in listed)
    return _made(
        "lock.other-name",
        f"{package} has a file that the lock calls otherwise than {', '.join(names[:3])}, which is"
        " what that hash stands for",
        sha256=file.sha256,
        filename=file.filename,
        url=file.url,
        listed=names[:50],
    )


def more_hashes(package: LockedPackage, file: LockedFile, others: Sequence[LockedHash]) -> Finding:
    """Installers take bytes that have any one of a file's hashes."""
    names = ", ".join(sorted({each.algorithm for each in others}))
    return _made(
        "lock.more-hashes",
        f"{package} is pinned by sha256 and also by {names}, which other bytes have or can be"
        " given; installers take a file that has either",
        hashes=[str(each) for each in file.hashes],
    )


def other_index(package: LockedPackage, asked: Sequence[str]) -> Finding:
    """The lock takes the package from an index that was not asked."""
    return _made(
        "lock.other-index",
        f"{package} is locked from {package.origin}, which is not among the configured indexes,"
        " and they have no such file",
        locked=package.origin,
        asked=list(asked),
    )


def vanished(package: LockedPackage, file: LockedFile, *, release: bool) -> Finding:
    """It was there when the lock was written, or never; now it cannot be compared."""
    what = f"{package}" if release else f"{file.filename} of {package}"
    return _made(
        "lock.vanished",
        f"the index no longer lists {what}",
        sha256=file.sha256,
        filename=file.filename,
    )


def sdist(package: LockedPackage, filename: str | None) -> Finding:
    """The source itself: there is nothing to compare it with."""
    return _made(
        "lock.sdist",
        f"{filename or package} is a source distribution: the source itself, nothing to compare;"
        " installing it runs its build",
        filename=filename,
    )


def archive(package: LockedPackage, file: LockedFile, detail: str | None = None) -> Finding:
    """No index has it, and no wheel of an index is built from it; installing it runs its build."""
    return _made(
        "lock.archive",
        f"{package} is an archive at a URL, which no configured index lists, and of which no"
        " trusted wheel is built" + (f": {detail}" if detail else ""),
        filename=file.filename,
        url=file.url,
        detail=detail,
    )


def archive_refused(package: LockedPackage, file: LockedFile, why: Sequence[str]) -> Finding:
    """The policy says something against it, whatever is built from it."""
    return _made(
        "lock.archive-refused",
        f"{package} is an archive at a URL, which the policy refuses: {'; '.join(why)}",
        filename=file.filename,
        url=file.url,
    )


def archive_verified(package: LockedPackage, file: LockedFile, wheel: IndexFile) -> Finding:
    """A trusted wheel of the release was rebuilt from it; installing it runs its build."""
    return _made(
        "lock.archive-verified",
        f"{package} is an archive at a URL, which {wheel.filename} was rebuilt from",
        filename=file.filename,
        url=file.url,
        wheel=wheel.filename,
    )


def archive_unasked(package: LockedPackage, file: LockedFile, wheel: IndexFile) -> Finding:
    """A trusted wheel was rebuilt from it; it may hold that wheel, and its build may do more."""
    return _made(
        "lock.archive-unasked",
        f"{package} is an archive at a URL; {wheel.filename} was rebuilt from it, but anybody can"
        ' make an archive that does this and more, and no policy says sdists = "verified"',
        filename=file.filename,
        url=file.url,
        wheel=wheel.filename,
    )


def archive_let_in(package: LockedPackage, file: LockedFile) -> Finding:
    """Nothing is known of it but its hash, and a policy lets it in all the same."""
    return _made(
        "lock.archive-let-in",
        f"{package} is an archive at a URL, not verified, which the policy lets in",
        filename=file.filename,
        url=file.url,
    )


def not_a_wheel(file: IndexFile) -> Finding:
    """An egg or an installer for Windows, which no current installer takes."""
    return _made("lock.not-a-wheel", f"{file.filename} is neither a wheel nor an sdist")


def other_target(file: IndexFile) -> Finding:
    """The person asked for some targets, none of which can install it."""
    return _made("lock.other-target", f"{file.filename} fits none of the targets asked for")


def yanked(file: IndexFile) -> Finding:
    """Its maintainers took it back (PEP 592); a pin still gets it."""
    return _made(
        "lock.yanked",
        f"{file.filename} was yanked" + (f": {file.yanked}" if file.yanked else ""),
        filename=file.filename,
        reason=file.yanked,
    )


def new_files(package: LockedPackage, files: Sequence[IndexFile], written: str) -> Finding:
    """Uploaded to a pinned release after the lock was written: the next lock would take them."""
    names = ", ".join(file.filename for file in files[:3])
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return _made(
        "lock.new-files",
        f"since the lock was written, {package} got {names}{more}",
        written=written,
        files=[
            {
                "filename": file.filename,
                "sha256": file.sha256,
                "upload_time": file.upload_time.isoformat() if file.upload_time else None,
            }
            for file in files
        ],
    )
