"""Sdists and archives of sources in a lock: whether one may stand there, and what is said of it.

None does unless a person asks for it or a policy lets it in: installing one runs what is in it,
with build requirements that no lock pins. And none does of which nothing is known, unless a policy
says so by name: see `verify.lock.sources`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.requirements import Requirement
from packaging.utils import NormalizedName
from packaging.version import Version

from verify.distinfo.requires import required_by
from verify.index.interface import Index, IndexFile, Project, Sha256
from verify.index.select import choose_sdist
from verify.lock.making.archives import Archive
from verify.lock.making.source_metadata import BadSourceError, Requires, source_metadata
from verify.lock.making.targets import LockTarget
from verify.lock.sources import Judge, Refusals, from_archive, likely_wheels, verifying_wheel
from verify.policy.defaults import SdistRule
from verify.policy.model import Policy
from verify.results import CheckResult
from verify.verdict import Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class SdistChoice:
    """Which sdists a person and a policy want; `everything` stands for all names."""

    policy: Policy
    names: frozenset[NormalizedName] = frozenset()
    everything: bool = False

    def wants(self, name: NormalizedName, version: Version | None) -> bool:
        """Whether the sdist of a release is to stand in the lock, if it is fit for it."""
        asked = self.everything or name in self.names
        return asked or self._rule(name, version) is not SdistRule.ASKED

    def takes_unverified(self, name: NormalizedName, version: Version | None) -> bool:
        """Whether it may stand there even if nothing is known of it."""
        return self._rule(name, version) is SdistRule.ANY

    def _rule(self, name: NormalizedName, version: Version | None) -> SdistRule:
        return self.policy.rules_for(name, version).rules.sdists


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedSdist:
    """The source of a release, in a lock.

    Attributes:
        file: with its hash.
        subdirectory: where in an archive the project is.
        wheel: the published one that was rebuilt from it, None where nothing was compared.
        check: what came of that.
        requires: what is to be installed with it.
        targets: those that have nothing but it.
    """

    file: IndexFile
    subdirectory: str | None = None
    wheel: IndexFile | None = None
    check: CheckResult | None = None
    requires: tuple[Requirement, ...] = ()
    targets: tuple[LockTarget, ...] = ()

    @property
    def told(self) -> str:
        """What was and what was not found out about it, in one sentence."""
        if self.wheel is not None and self.check is not None:
            return (
                f"source of a verified wheel: {self.file.filename}, which"
                f" {self.wheel.filename} was rebuilt from ({self.check.verdict})"
            )
        return f"not verified: {self.file.filename}, which a policy lets in: nothing was compared"


@dataclass(kw_only=True)
class Sdists:
    """Decides about the source of each pin.

    Attributes:
        judge: `verify.check.check` on a workbench.
        refusals: see there.
        built: what a source asks for, found out by building it in a sandbox.
        archives: by project, what the inputs name by its URL.
    """

    index: Index
    judge: Judge
    refusals: Refusals
    built: Callable[[IndexFile], Requires]
    choice: SdistChoice
    archives: Mapping[NormalizedName, Archive] = field(default_factory=dict)

    def of_release(
        self,
        name: NormalizedName,
        version: Version,
        listing: Project,
        hashes: Sequence[str],
        tried: Sequence[CheckResult],
    ) -> LockedSdist | str | None:
        """The sdist of a listed release; why not, or None where it is not wanted.

        Args:
            name: of the project.
            version: of the release.
            listing: see there.
            hashes: of sha256 that the inputs leave; any without.
            tried: its wheels that were judged for the lock.

        Raises:
            TruewheelError: the tool itself failed.
        """
        if not self.choice.wants(name, version):
            return None
        listed = choose_sdist(listing, version)
        if listed is None:
            return f"{name}=={version} has no sdist"
        file = self.hashed(listed)
        if hashes and file.sha256 not in hashes:
            return f"{file.filename} has none of the hashes that are named for it"
        # One of the two is not what it seems to be, and nobody knows which.
        doubtful = (Verdict.DIFFERENT, Verdict.SUSPICIOUS)
        known = any(result.verdict in doubtful for result in tried)
        return self._decided(file, listing, tried, anything=not known)

    def of_archive(self, archive: Archive, listing: Project | None) -> LockedSdist | str:
        """An archive that the inputs name by its URL; why not.

        Raises:
            TruewheelError: the tool itself failed.
        """
        subdirectory = archive.subdirectory
        if subdirectory is not None:  # no release is built from a part of an archive
            listing = None
        found = self._decided(archive.file, listing, (), anything=True)
        if isinstance(found, str):
            return found
        return replace(found, subdirectory=subdirectory)

    def _decided(
        self,
        file: IndexFile,
        listing: Project | None,
        tried: Sequence[CheckResult],
        *,
        anything: bool,
    ) -> LockedSdist | str:
        source = from_archive(file, listing)
        refused = self.refusals(source, listing)
        if refused:
            return f"{file.filename}: {'; '.join(refused)}"
        verified = verifying_wheel(source, listing, self.judge, tried) if listing else None
        if verified is not None:
            wheel, check = verified
            asked = tuple(required_by(self.index.fetch(wheel)))
            return LockedSdist(file=file, wheel=wheel, check=check, requires=asked)
        unknown = f"{file.filename} is not verified: no trusted wheel was rebuilt from it"
        if not (anything and self.choice.takes_unverified(file.project, file.version)):
            return unknown
        try:
            return LockedSdist(file=file, requires=self.requires(file).requirements)
        except BadSourceError as error:
            return f"{file.filename}: {error}"

    def requires(self, file: IndexFile) -> Requires:
        """What a source asks for: as it says itself, else by building it.

        Raises:
            BadSourceError: it cannot be read, or not be built.
            TruewheelError: the tool itself failed.
        """
        path = self.index.fetch(file)
        archive = next((a for a in self.archives.values() if a.file == file), None)
        said = source_metadata(path, archive.subdirectory if archive else None).requires
        if said is None and archive is not None and archive.subdirectory is not None:
            raise BadSourceError("what it asks for is not written in it")
        return said or self.built(file)

    def likely_requires(self, file: IndexFile, listing: Project | None) -> Requires:
        """What a source may ask for, to resolve by: a wheel of its release says it as well.

        Raises:
            BadSourceError, TruewheelError: see `requires`.
        """
        archive = next((a for a in self.archives.values() if a.file == file), None)
        said = source_metadata(
            self.index.fetch(file), archive.subdirectory if archive else None
        ).requires
        wheels = likely_wheels(listing, file.version) if listing else ()
        wheel = next(iter(wheels), None)
        if said is None and wheel is not None:
            return Requires(requirements=tuple(required_by(self.index.fetch(wheel))))
        return said or self.requires(file)

    def hashed(self, file: IndexFile) -> IndexFile:
        """The file with its hash, which some indexes do not list."""
        if file.sha256 is not None:
            return file
        return replace(file, sha256=Sha256(self.index.fetch(file).parent.name))
