"""Whether the wheels of a lock ask for just what it holds.

uv resolves by the metadata of wheels that nobody has judged yet. If the one that it read is not
trusted, and another one of the release is locked instead, its word on what else to install must
not count: what a trusted wheel asks for has to be in the lock, and nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from verify.distinfo.requires import required_by
from verify.events import Listener, Notice
from verify.index.interface import Index
from verify.lock.making.closing import Gap, LockedWheel, LockEntry
from verify.lock.making.sdists import LockedSdist
from verify.lock.making.targets import LockTarget, is_of_patches


def settled(
    entries: Sequence[LockEntry],
    requirements: Sequence[Requirement],
    targets: Sequence[LockTarget],
    index: Index,
    listener: Listener,
) -> tuple[LockEntry, ...]:
    """The entries without those that nobody asks for, and with gaps where something is missing.

    A lock that does not close is left as it is: what its untrusted wheels ask for is not known.

    Raises:
        IndexFault: a wheel cannot be fetched.
    """
    if any(entry.gaps for entry in entries):
        return tuple(entries)
    reader = _Reader(index=index)
    closures = [_Closure(target, entries, reader) for target in targets]
    for closure in closures:
        closure.follow(requirements)
    return tuple(_settled(entries, closures, listener))


def _settled(
    entries: Sequence[LockEntry], closures: Sequence["_Closure"], listener: Listener
) -> Iterator[LockEntry]:
    for entry in entries:
        if not any(entry.pin.name in closure.reached for closure in closures):
            listener(Notice(message=f"left out: {entry.pin}, no trusted wheel asks for it"))
            continue
        gaps = (
            Gap(target=closure.target, why=closure.missing[entry.pin.name])
            for closure in closures
            if entry.pin.name in closure.missing and closure.target.admits(entry.pin.marker)
        )
        yield replace(entry, gaps=tuple(gaps))


@dataclass(kw_only=True)
class _Reader:
    index: Index
    known: dict[str, tuple[Requirement, ...]] = field(default_factory=dict)

    def requirements(self, wheel: LockedWheel | LockedSdist) -> tuple[Requirement, ...]:
        if isinstance(wheel, LockedSdist):
            return wheel.requires
        if wheel.file.filename not in self.known:
            path = self.index.fetch(wheel.file)
            self.known[wheel.file.filename] = tuple(required_by(path))
        return self.known[wheel.file.filename]


class _Closure:
    """What one target installs.

    Attributes:
        reached: the projects that are asked for, by a person or by a wheel of the lock.
        missing: by project whose wheel asks for it, what the lock does not have, in one clause.
    """

    def __init__(self, target: LockTarget, entries: Sequence[LockEntry], reader: _Reader) -> None:
        self.target = target
        self.reached: set[NormalizedName] = set()
        self.missing: dict[NormalizedName, str] = {}
        self._reader = reader
        self._files: Mapping[NormalizedName, LockedWheel | LockedSdist] = {
            entry.pin.name: file
            for entry in entries
            for file in entry.files
            if target in file.targets
        }

    def follow(self, requirements: Sequence[Requirement]) -> None:
        """Go from what a person asks for to all that follows."""
        done: set[tuple[NormalizedName, str]] = set()
        left = [one for one in requirements if self.target.admits(one.marker)]
        while left:
            asked = left.pop()
            name = canonicalize_name(asked.name)
            self.reached.add(name)
            for extra in ("", *sorted(asked.extras)):
                if (name, extra) not in done and name in self._files:
                    done.add((name, extra))
                    left += self._next(name, extra)

    def _next(self, name: NormalizedName, extra: str) -> Iterator[Requirement]:
        for requirement in self._reader.requirements(self._files[name]):
            if not self.target.admits(requirement.marker, extra=extra):
                continue
            found = self._files.get(canonicalize_name(requirement.name))
            if found is None or not _satisfies(requirement, found.file.version):
                self.missing.setdefault(name, self._why(requirement))
            yield requirement

    def _why(self, requirement: Requirement) -> str:
        marker = requirement.marker
        if self.target.patch is None and marker is not None and is_of_patches(marker):
            return f"it asks for {requirement}; {one_patch(self.target)}"
        return f"its wheel asks for {requirement}, which other wheels of it do not"


def one_patch(target: LockTarget) -> str:
    """What to do where patch releases differ in what they need."""
    version = target.python_name
    return f"patch releases of {version} differ in that: name one with --python-version {version}.Z"


def _satisfies(requirement: Requirement, version: Version | None) -> bool:
    return version is not None and requirement.specifier.contains(version, prereleases=True)
