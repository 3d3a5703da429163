"""From what is wanted to pins: uv resolves, and sees stand-ins where nothing but a source is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from verify.index.interface import (
    ConflictingFilesError,
    FileKind,
    Index,
    Project,
    ProjectNotFoundError,
)
from verify.index.select import choose_sdist, ranked_wheels
from verify.lock.inputs.interface import InputFault
from verify.lock.making.archives import Archive
from verify.lock.making.resolution import ConflictError, NoWheelError, Pin, Resolver, StandIns
from verify.lock.making.sdists import Sdists
from verify.lock.making.source_metadata import BadSourceError
from verify.lock.making.stand_ins import StandIn
from verify.lock.making.targets import LockTarget
from verify.lock.making.wanted import Wanted

MAX_RELEASES = 3
"""Releases of one project that have nothing but a source and that are looked into."""

MAX_ROUNDS = 20
"""Times that uv is asked; each one names further projects that have no wheel."""


@dataclass(kw_only=True)
class Pinning:
    """One resolution.

    Attributes:
        kept: versions of an earlier lock.
    """

    wanted: Wanted
    targets: Sequence[LockTarget]
    resolver: Resolver
    index: Index
    sdists: Sdists
    kept: Mapping[NormalizedName, Version] = field(default_factory=dict)
    _faults: list[str] = field(default_factory=list)

    def pins(self, *, universal: bool) -> tuple[Pin, ...]:
        """Every project that is needed; see `Resolver.resolve`.

        A release that has no wheel is taken if a person asks for the sdist of the project by its
        name; that of another one only where there is no solution else.

        Raises:
            TruewheelError: the requirements conflict, or the tool itself failed.
        """
        archives = tuple((each, self._of_archive(each)) for each in self.sdists.archives.values())
        looked_into = set(self.sdists.choice.names)
        releases = [one for name in sorted(looked_into) for one in self._of_project(name)]
        for _ in range(MAX_ROUNDS):
            stand_ins = StandIns(releases=tuple(releases), archives=archives)
            try:
                return self.resolver.resolve(
                    self.wanted, self.targets, universal=universal, stand_ins=stand_ins
                )
            except NoWheelError as error:
                more = [
                    one
                    for name in sorted(error.projects - looked_into)
                    for one in self._of_project(name)
                ]
                if not more:
                    raise self._told(error) from error
                looked_into |= error.projects
                releases += more
        raise ConflictError("too many of the projects that are needed have no wheel")

    def _told(self, error: NoWheelError) -> NoWheelError:
        message = "; ".join((error.message, *self._faults))
        return NoWheelError(message, error.hint or "", error.projects)

    def _of_archive(self, archive: Archive) -> StandIn:
        try:
            listing = self._listing(archive.name)
            requires = self.sdists.likely_requires(archive.file, listing)
        except BadSourceError as error:
            raise InputFault(archive.asked.where, f"{archive.url}: {error}") from error
        version = archive.file.version or Version("0")
        return StandIn(name=archive.name, version=version, requires=requires)

    def _of_project(self, name: NormalizedName) -> Iterator[StandIn]:
        """For releases whose source may be locked, and which have no wheel for some target."""
        listing = self._listing(name)
        if listing is None or name in self.sdists.archives:
            return
        for version in self._versions(listing)[:MAX_RELEASES]:
            source = choose_sdist(listing, version)
            if source is None:
                continue
            try:
                requires = self.sdists.likely_requires(source, listing)
            except BadSourceError as error:
                self._faults.append(f"{source.filename}: {error}")
                continue
            yield StandIn(name=name, version=version, requires=requires)

    def _versions(self, listing: Project) -> list[Version]:
        """Releases that may need a stand-in: that of an earlier lock, then the newest."""
        known = {file.version for file in listing.files if file.version and file.yanked is None}
        asked = (*self.wanted.requirements, *self.wanted.constraints)
        narrowed = SpecifierSet()
        for one in asked:
            if canonicalize_name(one.name) == listing.name:
                narrowed &= one.specifier
        allowed = True if self.wanted.prereleases else None
        fit = [
            v for v in narrowed.filter(known, prereleases=allowed) if self._is_lacking(v, listing)
        ]
        kept = self.kept.get(listing.name)
        return sorted(fit, key=lambda version: (version == kept, version), reverse=True)

    def _is_lacking(self, version: Version, listing: Project) -> bool:
        """Whether some target has no wheel of a release whose source may be locked."""
        choice = self.sdists.choice
        if not choice.wants(listing.name, version):
            return False
        verifiable = any(f.version == version and f.kind is FileKind.WHEEL for f in listing.files)
        if not (verifiable or choice.takes_unverified(listing.name, version)):
            return False
        return not all(ranked_wheels(listing, version, one.wheels) for one in self.targets)

    def _listing(self, name: NormalizedName) -> Project | None:
        try:
            return self.index.project(name)
        except (ProjectNotFoundError, ConflictingFilesError):
            return None
