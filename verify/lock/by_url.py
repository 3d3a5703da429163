"""A file of a lock that only its URL leads to: a wheel, or an archive of sources."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from packaging.version import Version

from verify.finding import Finding
from verify.index.filenames import describe
from verify.index.interface import (
    FileKind,
    FileMissingError,
    HashMismatchError,
    Index,
    IndexFile,
    Project,
)
from verify.index.urls import UnusableUrlError
from verify.lock import lock_findings
from verify.lock.inputs.interface import LockedFile, LockedPackage
from verify.lock.making.source_metadata import BadSourceError, source_metadata
from verify.lock.naming import is_named, more_hashes
from verify.lock.outcomes import rebuilt, told
from verify.lock.results import Outcome, Standing
from verify.lock.sources import Judge, SourceRules, verifying_wheel
from verify.results import CheckResult


class Tools(Protocol):
    """What is needed of `verify.lock.rejudge.Tools`."""

    @property
    def index(self) -> Index:
        """See there."""

    @property
    def judge(self) -> Judge:
        """See there."""

    @property
    def sources(self) -> SourceRules | None:
        """See there."""


@dataclass(frozen=True, kw_only=True)
class Direct:
    """Judges what is locked by its URL.

    Attributes:
        judged: a wheel compared with the index's source.
    """

    tools: Tools
    judged: Callable[[LockedPackage, IndexFile, Project | None], CheckResult]

    def outcome(self, package: LockedPackage, file: LockedFile, listing: Project | None) -> Outcome:
        """What becomes of a file that no configured index lists.

        Raises:
            TruewheelError: the tool itself failed.
        """
        filename = file.filename or ""
        kind, version = describe(filename, package.name)
        found = IndexFile(
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
        try:
            rules = self.tools.sources
            if kind is FileKind.SDIST and rules is not None:
                return self._archive(package, file, found, listing, rules)
            if kind is not FileKind.WHEEL:
                return told(package, file, lock_findings.archive(package, file))
            return self._wheel(package, file, found, listing)
        except (FileMissingError, UnusableUrlError):
            return told(package, file, lock_findings.vanished(package, file, release=False))

    def _wheel(
        self, package: LockedPackage, file: LockedFile, wheel: IndexFile, listing: Project | None
    ) -> Outcome:
        """A wheel is compared with the index's source."""
        if wheel.version is None:
            return told(package, file, lock_findings.other_project(package, file))
        if not is_named(file, [wheel]):
            return told(package, file, lock_findings.other_name(package, file, [wheel]))
        more = more_hashes(package, file, wheel, self.tools.index.fetch)
        if more is not None:
            return told(package, file, more)
        return rebuilt(package, file, self.judged(package, wheel, listing))

    def _archive(
        self,
        package: LockedPackage,
        file: LockedFile,
        found: IndexFile,
        listing: Project | None,
        rules: SourceRules,
    ) -> Outcome:
        """A source is verified by a wheel of its release that is rebuilt from it."""
        try:
            wrong = self._wrong(package, file, found)
            source = replace(found, version=self._version(package, found))
        except HashMismatchError as error:
            return told(package, file, lock_findings.archive(package, file, error.message))
        if wrong is not None:
            return told(package, file, wrong)
        refused = rules.refusals(source, listing)
        if refused:
            return told(package, file, lock_findings.archive_refused(package, file, refused))
        if listing is not None and source.version is not None and package.subdirectory is None:
            verified = verifying_wheel(source, listing, self.tools.judge)
            if verified is not None:
                return _verified(package, file, verified, rules)
        if rules.takes_unverified(package.name, source.version):
            return told(package, file, lock_findings.archive_let_in(package, file))
        return told(package, file, lock_findings.archive(package, file))

    def _wrong(self, package: LockedPackage, file: LockedFile, found: IndexFile) -> Finding | None:
        """What lets an installer take something else than this archive."""
        if not is_named(file, [found]):
            return lock_findings.other_name(package, file, [found])
        return more_hashes(package, file, found, self.tools.index.fetch)

    def _version(self, package: LockedPackage, found: IndexFile) -> Version | None:
        """The version that an archive says it is; None if it says none, or another project's."""
        path = self.tools.index.fetch(found)
        try:
            said = source_metadata(path, package.subdirectory)
        except BadSourceError:
            return None
        if said.name not in {None, package.name}:
            return None
        return said.version or found.version


def _verified(
    package: LockedPackage,
    file: LockedFile,
    by: tuple[IndexFile, CheckResult],
    rules: SourceRules,
) -> Outcome:
    """What becomes of an archive that a wheel was rebuilt from.

    Whoever wrote the lock may have made it after that wheel, with the wheel inside and anything
    beside it. So a person has to want it.
    """
    wheel, result = by
    if not rules.takes_verified(package.name, wheel.version):
        return told(package, file, lock_findings.archive_unasked(package, file, wheel))
    return Outcome(
        package=package,
        file=file,
        filename=file.filename,
        standing=Standing.TRUSTED,
        findings=(lock_findings.archive_verified(package, file, wheel),),
        check=result,
    )
