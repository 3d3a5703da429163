"""From pins to a lock: for each target a trusted wheel of each project, or the reason why not.

Of the wheels that fit a target, the best is judged first, as pip would take it; if it is not
trusted, the next one. pip takes what the lock's hashes leave, so the lock then chooses for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)

from verify.events import Listener, Notice
from verify.index.interface import (
    ConflictingFilesError,
    FileKind,
    Index,
    IndexFile,
    Project,
    ProjectNotFoundError,
    Sha256,
)
from verify.index.select import choose_sdist, ranked_wheels
from verify.lock.inputs.interface import InputFault, WrittenHash
from verify.lock.inputs.packages import last_part
from verify.lock.making.archives import Archive
from verify.lock.making.resolution import Pin
from verify.lock.making.sdists import LockedSdist, Sdists
from verify.lock.making.targets import LockTarget
from verify.lock.sources import Judge
from verify.results import CheckResult
from verify.subject import Subject
from verify.verdict import Reason

MAX_TRIES = 3
"""Wheels of one release that are judged for one target before it is given up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedWheel:
    """A trusted wheel of a lock.

    Attributes:
        file: as the index lists it.
        check: what came of judging it.
        targets: which it is for.
    """

    file: IndexFile
    check: CheckResult
    targets: tuple[LockTarget, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A target that no trusted wheel of a pin fits, and why, in one clause."""

    target: LockTarget
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LockEntry:
    """What a lock has of one pin.

    Attributes:
        wheels: trusted, by file name.
        refused: those that were judged and are not trusted, by file name.
        gaps: targets that are left without a wheel; the lock does not close then.
        sdist: the source, where it is wanted and fit for a lock.
        no_sdist: why there is none although it is wanted, in one clause.
    """

    pin: Pin
    wheels: tuple[LockedWheel, ...]
    refused: tuple[CheckResult, ...]
    gaps: tuple[Gap, ...]
    sdist: LockedSdist | None = None
    no_sdist: str | None = None

    @property
    def is_locked(self) -> bool:
        """Whether anything of it is in the lock."""
        return not self.gaps and bool(self.wheels or self.sdist)

    @property
    def hashes(self) -> tuple[str, ...]:
        """The sha256 of all that may be installed, sorted."""
        return tuple(sorted({str(each.file.sha256) for each in self.files}))

    @property
    def files(self) -> tuple[LockedWheel | LockedSdist, ...]:
        """All that may be installed, wheels first."""
        return (*self.wheels, *([self.sdist] if self.sdist else []))


@dataclass(kw_only=True)
class Closer:
    """Judges what pins lead to; each wheel once.

    Attributes:
        allowed: by project, the hashes that the inputs name.
        judge: `verify.check.check` on a workbench.
        sdists: decides about sources.
    """

    index: Index
    judge: Judge
    sdists: Sdists
    listener: Listener
    allowed: Mapping[NormalizedName, tuple[WrittenHash, ...]]
    judged: dict[tuple[str, str], CheckResult] = field(default_factory=dict)
    fetched: dict[str, IndexFile] = field(default_factory=dict)

    def close(self, pin: Pin, targets: Sequence[LockTarget]) -> LockEntry:
        """What the lock has of one pin.

        Raises:
            InputFault: the inputs name hashes of it, and no file of the release has one of them.
            TruewheelError: the tool itself failed.
        """
        wheels: dict[IndexFile, list[LockTarget]] = {}
        refused: dict[str, CheckResult] = {}
        gaps: list[Gap] = []
        listing, fault = self._listing(pin)
        for target in targets:
            if not target.admits(pin.marker):
                continue
            results = []
            for file in self._candidates(pin, listing, target):
                result = self._judged(pin, file, listing)
                results.append(result)
                if result.trusted:
                    wheels.setdefault(file, []).append(target)
                    break
                refused[file.filename] = result
                self.listener(Notice(message=f"not trusted: {file.filename}, {_why(result)}"))
            else:
                gaps.append(Gap(target=target, why=fault or _gap(pin, results)))
        entry = LockEntry(
            pin=pin,
            wheels=tuple(self._locked(file, wheels[file]) for file in sorted(wheels, key=_name)),
            refused=tuple(refused[name] for name in sorted(refused)),
            gaps=tuple(gaps),
        )
        return self._with_sdist(entry, listing)

    def _with_sdist(self, entry: LockEntry, listing: Project | None) -> LockEntry:
        """What has no trusted wheel is closed by the source, where that may be."""
        found = self._sdist(entry, listing)
        if found is None:
            return entry
        if isinstance(found, str):
            self.listener(Notice(message=f"not locked: {found}"))
            is_archive = self._archive(entry.pin) is not None
            gaps = tuple(
                replace(gap, why=found if is_archive else f"{gap.why}; {found}")
                for gap in entry.gaps
            )
            return replace(entry, gaps=gaps, no_sdist=found)
        targets = tuple(gap.target for gap in entry.gaps)
        return replace(entry, gaps=(), sdist=replace(found, targets=targets))

    def _sdist(self, entry: LockEntry, listing: Project | None) -> LockedSdist | str | None:
        pin = entry.pin
        archive = self._archive(pin)
        if archive is not None:
            return self.sdists.of_archive(archive, listing)
        if pin.version is None or listing is None or not (entry.wheels or entry.gaps):
            return None
        written = (one.value for one in self.allowed.get(pin.name, ()))
        hashes = [one.digest for one in written if one.algorithm == "sha256"]
        tried = (*(wheel.check for wheel in entry.wheels), *entry.refused)
        return self.sdists.of_release(pin.name, pin.version, listing, hashes, tried)

    def _archive(self, pin: Pin) -> Archive | None:
        found = self.sdists.archives.get(pin.name)
        return found if found is not None and pin.url == found.url else None

    def _listing(self, pin: Pin) -> tuple[Project | None, str | None]:
        try:
            return self.index.project(pin.name), None
        except ProjectNotFoundError as error:
            return None, None if pin.url else error.message
        except ConflictingFilesError as error:
            return None, error.message

    def _candidates(
        self, pin: Pin, listing: Project | None, target: LockTarget
    ) -> Iterator[IndexFile]:
        if self._archive(pin) is not None:
            return iter(())
        if pin.url is not None:
            found: Sequence[IndexFile] = (self._by_url(pin.url),)
            found = [file for file in found if _fits(file, target)]
        elif listing is None or pin.version is None:
            found = ()
        else:
            found = ranked_wheels(listing, pin.version, target.wheels)
        return iter(self._permitted(pin, listing, found)[:MAX_TRIES])

    def _permitted(
        self, pin: Pin, listing: Project | None, files: Sequence[IndexFile]
    ) -> Sequence[IndexFile]:
        """Those that the inputs' hashes leave."""
        allowed = self.allowed.get(pin.name)
        if not allowed:
            return files
        hint = "correct the hashes, or remove them: truewheel finds and verifies them itself"
        digests = {one.value.digest for one in allowed if one.value.algorithm == "sha256"}
        if not digests:
            raise InputFault(
                allowed[0].where, f"no hash that is named for {pin} is a sha256", hint=hint
            )
        listed = listing.files if listing and pin.url is None else ()
        release = [file for file in listed if file.version == pin.version]
        known = [self.sdists.hashed(file) for file in files]
        if not any(file.sha256 in digests for file in (*release, *known)):
            raise InputFault(
                allowed[0].where, f"no file of {pin} has a hash that is named for it", hint=hint
            )
        return [file for file in known if file.sha256 in digests]

    def _by_url(self, url: str) -> IndexFile:
        """A wheel that only its URL leads to, fetched for its hash: once, as it may change."""
        if url not in self.fetched:
            self.fetched[url] = self._fetched(url)
        return self.fetched[url]

    def _fetched(self, url: str) -> IndexFile:
        bare = url.partition("#")[0]
        filename = last_part(bare) or ""
        name, version, _, _ = parse_wheel_filename(filename)
        file = IndexFile(
            project=canonicalize_name(name),
            version=version,
            filename=filename,
            kind=FileKind.WHEEL,
            url=bare,
            sha256=None,
            size=None,
            upload_time=None,
            requires_python=None,
            yanked=None,
        )
        path = self.index.fetch(file)
        return replace(self.sdists.hashed(file), size=path.stat().st_size)

    def _judged(self, pin: Pin, file: IndexFile, listing: Project | None) -> CheckResult:
        key = file.filename, file.sha256 or file.url
        if key not in self.judged:
            self.judged[key] = self.judge(_subject(pin, file, listing))
        return self.judged[key]

    def _locked(self, file: IndexFile, targets: Sequence[LockTarget]) -> LockedWheel:
        check = self.judged[file.filename, file.sha256 or file.url]
        sha256 = check.wheel.sha256 if check.wheel else None
        known = file if sha256 is None else replace(file, sha256=Sha256(sha256))
        return LockedWheel(file=known, check=check, targets=tuple(targets))


def _subject(pin: Pin, file: IndexFile, listing: Project | None) -> Subject:
    source = choose_sdist(listing, file.version) if listing and file.version else None
    return Subject(
        requirement=str(pin),
        wheel=file,
        source=source,
        reason=None if source else Reason.NO_SOURCE,
        detail=None if source else f"{file.project} {file.version} has no sdist at the index",
        listing=listing,
    )


def _fits(file: IndexFile, target: LockTarget) -> bool:
    try:
        tags = parse_wheel_filename(file.filename)[3]
    except InvalidWheelFilename:
        return False
    return not tags.isdisjoint(target.wheels.tags())


def _name(file: IndexFile) -> str:
    return file.filename


def _gap(pin: Pin, results: Sequence[CheckResult]) -> str:
    if not results:
        return f"no wheel of {pin} fits"
    return "; ".join(
        f"{result.wheel.filename if result.wheel else pin}: {_why(result)}" for result in results
    )


def _why(result: CheckResult) -> str:
    return "; ".join(result.reasons) or result.detail or str(result.verdict)
