"""A lock judged again, hash by hash: which file of which release is it, and is that one true?

    what pins nothing                       no hash, a weak one, a checkout
    which file has the hash                 verify.index
    rebuild it, if it is a wheel            verify.check
    what changed since the lock was written yanked, vanished, new files

The URL and the index that a lock names are nothing to be believed: only the configured indexes are
asked. The one exception is a requirement by URL, which has no other place; its hash is checked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import Version

from verify.errors import UsageFault
from verify.finding import Finding
from verify.index.interface import (
    ConflictingFilesError,
    FileKind,
    Index,
    IndexFile,
    Project,
    ProjectNotFoundError,
    Sha256,
)
from verify.index.select import Target, choose_sdist
from verify.lock import lock_findings
from verify.lock.by_url import Direct
from verify.lock.inputs.interface import Lock, LockedFile, LockedPackage, LockFormat, SourceKind
from verify.lock.inputs.packages import bare_url
from verify.lock.late import late_files
from verify.lock.naming import is_named, more_hashes
from verify.lock.outcomes import WEIGHT, local, rebuilt, told, unpinned, without_sha256
from verify.lock.results import LockReport, Outcome, Standing
from verify.lock.same import Key, entry_key, file_key, keys_of
from verify.lock.sources import Judge, SourceRules
from verify.results import CheckResult
from verify.subject import Subject
from verify.verdict import Reason


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What judging takes.

    Attributes:
        index: the configured indexes as one.
        urls: theirs, to tell a lock of another index.
        judge: `verify.check.check` on a workbench.
        sources: what the policy says of them; None where archives are not looked into.
    """

    index: Index
    urls: Sequence[str]
    judge: Judge
    sources: SourceRules | None = None


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
    work = _Work(lock=lock, tools=tools, known=keys_of(old), written=written, tags=tags)
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
    judged = [outcome for outcome in report.outcomes if outcome.standing is not Standing.NOTED]
    if others and len(others) == len(judged) and report.failure is None:
        origins = sorted({outcome.package.origin or "" for outcome in others})
        raise UsageFault(
            f"{report.lock.path} is a lock of another index: {', '.join(origins)}",
            hint="name that index with --index-url, if you trust it",
        )


_Release = tuple[NormalizedName, Version | None]


@dataclass(kw_only=True)
class _Work:
    lock: Lock
    tools: Tools
    known: frozenset[Key]
    written: datetime | None
    tags: frozenset[Tag] | None
    listings: dict[NormalizedName, Project | None] = field(default_factory=dict)
    judged: dict[tuple[Sha256, str], CheckResult] = field(default_factory=dict)
    told: set[_Release] = field(default_factory=set)

    def package(self, package: LockedPackage) -> Iterator[Outcome]:
        if package.is_project:
            return
        if package.kind in {SourceKind.VCS, SourceKind.DIRECTORY} or not package.files:
            if entry_key(package) not in self.known:
                yield unpinned(package)
            return
        added = [f for f in package.files if file_key(package, f) not in self.known]
        for file in added:
            yield self._file(package, file)
        if added and package.kind is SourceKind.REGISTRY:
            yield from self._new_files(package)

    def _file(self, package: LockedPackage, file: LockedFile) -> Outcome:
        sha256 = file.sha256
        if sha256 is None:
            return without_sha256(package, file)
        if package.kind is SourceKind.PATH or (file.url or "").startswith("file:"):
            return local(package, file)
        try:
            project = self._project(package.name)
            release = self._release(project, package.version)
        except ConflictingFilesError as error:
            return self._conflict(package, file, error)
        found = [replace(each, sha256=sha256) for each in release if self._digest(each) == sha256]
        if found and project is not None:
            return self._listed(package, file, project, found)
        if package.kind is SourceKind.URL:
            return Direct(tools=self.tools, judged=self._judged).outcome(package, file, project)
        return told(package, file, self._missing(package, file, project, release))

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
        if not is_named(file, found):
            return told(package, file, lock_findings.other_name(package, file, found))
        more = more_hashes(package, file, found[0], self.tools.index.fetch)
        if more is not None:
            return told(package, file, more, filename=found[0].filename)
        outcomes = [self._known(package, file, project, each) for each in found]
        return max(outcomes, key=lambda outcome: WEIGHT.index(outcome.standing))

    def _known(
        self, package: LockedPackage, file: LockedFile, project: Project, found: IndexFile
    ) -> Outcome:
        notes = (lock_findings.yanked(found),) if found.yanked is not None else ()
        if not self._is_wanted(found):
            other = lock_findings.other_target(found)
            return told(package, file, other, *notes, filename=found.filename)
        if found.kind is FileKind.WHEEL:
            result = self._judged(package, found, project)
            return rebuilt(package, file, result, notes)
        what = (
            lock_findings.sdist(package, found.filename)
            if found.kind is FileKind.SDIST
            else lock_findings.not_a_wheel(found)
        )
        return told(package, file, what, *notes, filename=found.filename)

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

    def _missing(
        self,
        package: LockedPackage,
        file: LockedFile,
        project: Project | None,
        release: list[IndexFile],
    ) -> Finding:
        if self._is_elsewhere(package, release):
            return lock_findings.other_index(package, self.tools.urls)
        if not release:
            return lock_findings.vanished(package, file, release=True)
        names = {each.filename for each in release}
        if file.filename is not None and file.filename not in names:
            return lock_findings.vanished(package, file, release=False)
        files = project.files if project else ()
        other = next((each for each in files if each.sha256 == file.sha256), None)
        return lock_findings.unknown_hash(package, file, release, other)

    def _is_elsewhere(self, package: LockedPackage, release: list[IndexFile]) -> bool:
        """Whether what is missing may be on an index that is not configured.

        A requirements file names one for all that is in it: what is known here, it does not excuse.
        """
        if package.origin is None or (release and self.lock.format is LockFormat.REQUIREMENTS):
            return False
        return _plain(package.origin) not in {_plain(url) for url in self.tools.urls}

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
        return rebuilt(package, file, result)

    def _new_files(self, package: LockedPackage) -> Iterator[Outcome]:
        """Files of a pinned release that came after the lock; once for each release."""
        release = package.name, package.version
        if self.written is None or package.version is None or release in self.told:
            return
        self.told.add(release)
        files = self._release(self.listings.get(package.name), package.version)
        found = late_files(self.lock, package, files, self.written)
        if found:
            when = self.written.astimezone(UTC).isoformat()
            finding = lock_findings.new_files(package, found, when)
            yield told(package, None, finding)


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
