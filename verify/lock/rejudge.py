"""A lock judged again, hash by hash: which file of which release is it, and is that one true?

    what pins nothing                       no hash, a weak one, a checkout
    which file has the hash                 verify.index
    rebuild it, if it is a wheel            verify.check
    what changed since the lock was written yanked, vanished, new files

The URL and the index that a lock names are nothing to be believed: only the configured indexes are
asked. The one exception is a requirement by URL, which has no other place; its hash is checked.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import Version

from verify.errors import UsageFault
from verify.finding import Finding
from verify.index.filenames import describe
from verify.index.interface import (
    ConflictingFilesError,
    FileKind,
    FileMissingError,
    Index,
    IndexFile,
    Project,
    ProjectNotFoundError,
    Sha256,
)
from verify.index.select import Target, choose_sdist
from verify.index.urls import UnusableUrlError
from verify.lock import lock_findings
from verify.lock.inputs.archive_urls import parse_checkout, replacement
from verify.lock.inputs.hashes import STRONG
from verify.lock.inputs.interface import Lock, LockedFile, LockedPackage, SourceKind
from verify.lock.inputs.packages import bare_url, last_part
from verify.lock.results import LockReport, Outcome, Standing
from verify.results import CheckResult
from verify.subject import Subject
from verify.verdict import Reason, Verdict

Judge = Callable[[Subject], CheckResult]


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What judging takes.

    Attributes:
        index: the configured indexes as one.
        urls: theirs, to tell a lock of another index.
        judge: `verify.check.check` on a workbench.
    """

    index: Index
    urls: Sequence[str]
    judge: Judge


def rejudge(
    lock: Lock,
    tools: Tools,
    *,
    old: Lock | None = None,
    written: datetime | None = None,
    targets: Sequence[Target] = (),
) -> Iterator[Outcome]:
    """Judge every hash of a lock, and what it leaves without one, in the lock's order.

    Args:
        lock: what to judge.
        tools: see there.
        old: an older lock; what it has as well is left out.
        written: when the lock was written; without it no new files are told.
        targets: what the lock is installed on; wheels that fit none are not rebuilt. All are
            without any.

    Raises:
        TruewheelError: the tool itself failed; outcomes yielded before stay valid.
    """
    tags = frozenset(tag for target in targets for tag in target.tags()) if targets else None
    work = _Work(lock=lock, tools=tools, known=_keys(old), written=written, tags=tags)
    for package in lock.packages:
        yield from work.package(package)


def require_same_index(report: LockReport) -> None:
    """Nothing, unless all that the lock pins is of indexes that are not the configured ones.

    Raises:
        UsageFault: so it is, and none of its files is known here.
    """
    others = [
        outcome
        for outcome in report.outcomes
        if any(finding.rule == "lock.other-index" for finding in outcome.findings)
    ]
    told = [outcome for outcome in report.outcomes if outcome.standing is not Standing.NOTED]
    if others and len(others) == len(told) and report.failure is None:
        origins = sorted({outcome.package.origin or "" for outcome in others})
        raise UsageFault(
            f"{report.lock.path} is a lock of another index: {', '.join(origins)}",
            hint="name that index with --index-url, if you trust it",
        )


_Release = tuple[NormalizedName, Version | None]
_Key = tuple[str, ...]


def _keys(lock: Lock | None) -> frozenset[_Key]:
    packages = lock.packages if lock else ()
    return frozenset(key for package in packages for key in (*_file_keys(package), _key(package)))


def _file_keys(package: LockedPackage) -> Iterator[_Key]:
    return (_file_key(package, file) for file in package.files)


def _file_key(package: LockedPackage, file: LockedFile) -> _Key:
    """What makes a file the same as in an older lock: hashes and name, else all that is said."""
    if file.hashes:
        name = file.filename or (last_part(file.url) if file.url else None) or ""
        return (package.name, *sorted(map(str, file.hashes)), name)
    return (*_key(package), file.filename or "", file.url or "")


def _key(package: LockedPackage) -> _Key:
    origin = (package.kind, package.origin or "", package.commit or "", package.subdirectory or "")
    return (package.name, str(package.version), *origin)


@dataclass(kw_only=True)
class _Work:
    lock: Lock
    tools: Tools
    known: frozenset[_Key]
    written: datetime | None
    tags: frozenset[Tag] | None
    listings: dict[NormalizedName, Project | None] = field(default_factory=dict)
    judged: dict[tuple[Sha256, str], CheckResult] = field(default_factory=dict)
    told: set[_Release] = field(default_factory=set)

    def package(self, package: LockedPackage) -> Iterator[Outcome]:
        if package.is_project:
            return
        if package.kind in {SourceKind.VCS, SourceKind.DIRECTORY} or not package.files:
            if _key(package) not in self.known:
                yield _unpinned(package)
            return
        added = [f for f in package.files if _file_key(package, f) not in self.known]
        for file in added:
            yield self._file(package, file)
        if added and package.kind is SourceKind.REGISTRY:
            yield from self._new_files(package)

    def _file(self, package: LockedPackage, file: LockedFile) -> Outcome:
        sha256 = file.sha256
        if sha256 is None:
            return _outcome(package, file, _without_sha256(package, file))
        if package.kind is SourceKind.PATH or (file.url or "").startswith("file:"):
            return _outcome(
                package,
                file,
                lock_findings.local_file(package, file),
                advice="check the file itself: truewheel check --file",
            )
        try:
            project = self._project(package.name)
            release = self._release(project, package.version)
        except ConflictingFilesError as error:
            return self._conflict(package, file, error)
        found = [replace(each, sha256=sha256) for each in release if self._digest(each) == sha256]
        if found and project is not None:
            return self._listed(package, file, project, found)
        if package.kind is SourceKind.URL:
            return self._by_url(package, file, project)
        return _outcome(package, file, self._missing(package, file, project, release))

    def _project(self, name: NormalizedName) -> Project | None:
        if name not in self.listings:
            try:
                self.listings[name] = self.tools.index.project(name)
            except ProjectNotFoundError:
                self.listings[name] = None
        return self.listings[name]

    def _release(self, project: Project | None, version: Version | None) -> list[IndexFile]:
        """The files that a pin leaves: those of the version, or all where none is named."""
        files = project.files if project else ()
        return [file for file in files if version is None or file.version == version]

    def _digest(self, file: IndexFile) -> Sha256:
        """The index's hash, else that of the bytes it serves (which are kept by their hash)."""
        return file.sha256 or Sha256(self.tools.index.fetch(file).parent.name)

    def _listed(
        self, package: LockedPackage, file: LockedFile, project: Project, found: list[IndexFile]
    ) -> Outcome:
        """What becomes of a hash: the worst of it, where several names are listed with it.

        An installer takes whichever name suits it, a wheel as well as the sdist of the same bytes.
        """
        if not _is_named(file, found):
            return _outcome(package, file, lock_findings.other_name(package, file, found))
        more = self._more_hashes(package, file, found[0])
        if more is not None:
            return _outcome(package, file, more, filename=found[0].filename)
        outcomes = [self._known(package, file, project, each) for each in found]
        return max(outcomes, key=lambda outcome: _BY_WEIGHT.index(outcome.standing))

    def _more_hashes(
        self, package: LockedPackage, file: LockedFile, found: IndexFile
    ) -> Finding | None:
        """Whether hashes beside the sha256 could let other bytes in: installers ask for any one."""
        more = [each for each in file.hashes if str(each) != f"sha256:{file.sha256}"]
        if not more:
            return None
        if all(each.algorithm in {*STRONG, "sha256"} for each in more):
            path = self.tools.index.fetch(found)
            more = [each for each in more if _digest_of(path, each.algorithm) != each.digest]
        return lock_findings.more_hashes(package, file, more) if more else None

    def _known(
        self, package: LockedPackage, file: LockedFile, project: Project, found: IndexFile
    ) -> Outcome:
        notes = (lock_findings.yanked(found),) if found.yanked is not None else ()
        if not self._is_wanted(found):
            other = lock_findings.other_target(found)
            return _outcome(package, file, other, *notes, filename=found.filename)
        if found.kind is FileKind.WHEEL:
            result = self._judged(package, found, project)
            return _rebuilt(package, file, result, notes)
        what = (
            lock_findings.sdist(package, found.filename)
            if found.kind is FileKind.SDIST
            else lock_findings.not_a_wheel(found)
        )
        return _outcome(package, file, what, *notes, filename=found.filename)

    def _is_wanted(self, file: IndexFile) -> bool:
        """Whether an installer could take a file on a target; one of unknown tags is wanted."""
        if self.tags is None or file.kind is not FileKind.WHEEL:
            return True
        try:
            return not self.tags.isdisjoint(parse_wheel_filename(file.filename)[3])
        except InvalidWheelFilename:
            return True

    def _judged(
        self, package: LockedPackage, wheel: IndexFile, project: Project | None
    ) -> CheckResult:
        key = Sha256(wheel.sha256 or ""), wheel.filename
        if key not in self.judged:
            version = wheel.version or package.version
            source = choose_sdist(project, version) if project and version else None
            self.judged[key] = self.tools.judge(_subject(package, wheel, source, project))
        return self.judged[key]

    def _by_url(self, package: LockedPackage, file: LockedFile, project: Project | None) -> Outcome:
        """A file that only its URL leads to: a wheel is compared with the index's source."""
        filename = file.filename or ""
        kind, version = describe(filename, package.name)
        if kind is not FileKind.WHEEL:
            return _outcome(package, file, lock_findings.archive(package, file))
        if version is None:
            return _outcome(package, file, lock_findings.other_project(package, file))
        wheel = IndexFile(
            project=package.name,
            version=version,
            filename=filename,
            kind=kind,
            url=file.url or "",
            sha256=file.sha256,
            size=None,
            upload_time=None,
            requires_python=None,
            yanked=None,
        )
        if not _is_named(file, [wheel]):
            return _outcome(package, file, lock_findings.other_name(package, file, [wheel]))
        try:
            more = self._more_hashes(package, file, wheel)
            if more is not None:
                return _outcome(package, file, more)
            return _rebuilt(package, file, self._judged(package, wheel, project), ())
        except (FileMissingError, UnusableUrlError):
            return _outcome(package, file, lock_findings.vanished(package, file, release=False))

    def _missing(
        self,
        package: LockedPackage,
        file: LockedFile,
        project: Project | None,
        release: list[IndexFile],
    ) -> Finding:
        if package.origin is not None and not self._is_configured(package.origin):
            return lock_findings.other_index(package, self.tools.urls)
        if not release:
            return lock_findings.vanished(package, file, release=True)
        names = {each.filename for each in release}
        if file.filename is not None and file.filename not in names:
            return lock_findings.vanished(package, file, release=False)
        files = project.files if project else ()
        other = next((each for each in files if each.sha256 == file.sha256), None)
        return lock_findings.unknown_hash(package, file, release, other)

    def _is_configured(self, origin: str) -> bool:
        return _plain(origin) in {_plain(url) for url in self.tools.urls}

    def _conflict(
        self, package: LockedPackage, file: LockedFile, error: ConflictingFilesError
    ) -> Outcome:
        result = self.tools.judge(
            Subject(
                requirement=str(package),
                wheel=None,
                source=None,
                reason=Reason.CONFLICTING_FILES,
                detail=error.message,
            )
        )
        return _rebuilt(package, file, result, ())

    def _new_files(self, package: LockedPackage) -> Iterator[Outcome]:
        """Files of a pinned release that came after the lock; once for each release."""
        release = package.name, package.version
        if self.written is None or package.version is None or release in self.told:
            return
        self.told.add(release)
        locked = {
            file.sha256
            for each in self.lock.packages
            if (each.name, each.version) == release
            for file in each.files
        }
        found = [
            file
            for file in self._release(self.listings.get(package.name), package.version)
            if file.kind is not FileKind.OTHER
            and file.upload_time is not None
            and file.upload_time > self.written
            and file.sha256 not in locked
        ]
        if found:
            when = self.written.astimezone(UTC).isoformat()
            finding = lock_findings.new_files(package, found, when)
            yield _outcome(package, None, finding)


_BY_WEIGHT = (Standing.NOTED, Standing.TRUSTED, Standing.UNDETERMINED, Standing.DISTRUSTED)


def _is_named(file: LockedFile, listed: Sequence[IndexFile]) -> bool:
    """Whether the index lists, with the hash, each wheel that the lock calls it.

    Installers choose by the lock's names: bytes that are listed for another platform, or as an
    sdist, would be installed under them.
    """
    names = {file.filename or "", (last_part(file.url) if file.url else None) or ""}
    wheels = [name for name in names if name.lower().endswith(".whl")]
    return all(any(_is_same_wheel(name, each.filename) for each in listed) for name in wheels)


def _is_same_wheel(one: str, other: str) -> bool:
    try:
        return one == other or parse_wheel_filename(one) == parse_wheel_filename(other)
    except InvalidWheelFilename:
        return False


def _digest_of(path: Path, algorithm: str) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def _unpinned(package: LockedPackage) -> Outcome:
    if package.kind is SourceKind.VCS:
        checkout = replace(
            parse_checkout(package.origin or "", package.commit),
            subdirectory=package.subdirectory,
        )
        advice = replacement(checkout, package.name or None)
        return _outcome(package, None, lock_findings.vcs(package), advice=advice)
    if package.kind is SourceKind.DIRECTORY:
        return _outcome(package, None, lock_findings.directory(package))
    return _outcome(
        package,
        None,
        lock_findings.no_hash(package),
        advice="make the lock again with hashes",
    )


def _without_sha256(package: LockedPackage, file: LockedFile) -> Finding:
    if not file.hashes:
        return lock_findings.no_hash(package)
    if all(each.algorithm in STRONG for each in file.hashes):
        return lock_findings.other_hash(package, file)
    return lock_findings.weak_hash(package, file)


def _outcome(
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


def _rebuilt(
    package: LockedPackage, file: LockedFile, result: CheckResult, notes: tuple[Finding, ...]
) -> Outcome:
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


def _subject(
    package: LockedPackage, wheel: IndexFile, source: IndexFile | None, listing: Project | None
) -> Subject:
    return Subject(
        requirement=str(package),
        wheel=wheel,
        source=source,
        reason=None if source else Reason.NO_SOURCE,
        detail=None if source else f"{package} has no sdist at the index",
        listing=listing,
    )


def _plain(url: str) -> str:
    return (bare_url(url) or "").rstrip("/").lower()
