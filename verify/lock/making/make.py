"""Making a lock, step by step.

    read what is asked for           verify.lock.making.wanted
    fetch what is named by its URL   verify.lock.making.archives
    pin everything that it needs     verify.lock.making.pinning
    judge a wheel for each target    verify.lock.making.closing
    or let its source in             verify.lock.making.sdists
    keep what trusted wheels ask for verify.lock.making.asked_for
    what changed since the last lock verify.lock.making.changes

Nothing is written here: the caller renders the lock, and writes it if it closes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from verify.errors import UsageFault
from verify.events import Listener
from verify.index.interface import Index, IndexFile
from verify.lock.inputs.interface import Lock, SourceKind
from verify.lock.making.archives import fetched_archives
from verify.lock.making.asked_for import one_patch, settled
from verify.lock.making.changes import changes_since
from verify.lock.making.closing import Closer
from verify.lock.making.listings import Listings
from verify.lock.making.lock import MadeLock
from verify.lock.making.pinning import Pinning
from verify.lock.making.resolution import ConflictError, Pin, Resolver
from verify.lock.making.sdists import SdistChoice, Sdists
from verify.lock.making.source_metadata import Requires
from verify.lock.making.targets import LockTarget
from verify.lock.making.wanted import Wanted
from verify.lock.sources import Judge, Refusals
from verify.results import PolicyId


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What making a lock takes.

    Attributes:
        judge: `verify.check.check` on a workbench.
        refusals: what the policy says against a source.
        built: what a source asks for, by building it.
        sdists: which of them may be locked.
        resolver: given the versions to keep.
    """

    index: Index
    judge: Judge
    refusals: Refusals
    built: Callable[[IndexFile], Requires]
    sdists: SdistChoice
    resolver: Callable[[Mapping[NormalizedName, Version]], Resolver]
    listener: Listener
    policy: PolicyId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """The lock that is there already.

    Attributes:
        written: when, None where that is not known.
        keep: its versions are taken again where they still fit.
    """

    lock: Lock
    written: datetime | None
    keep: bool = True


def make_lock(
    wanted: Wanted,
    targets: Sequence[LockTarget],
    tools: Tools,
    *,
    universal: bool = False,
    earlier: Earlier | None = None,
) -> MadeLock:
    """A lock of all that is wanted, for all targets.

    Args:
        wanted: see there.
        targets: at least one; several are resolved together.
        tools: see there.
        universal: resolve for every platform and Python from the oldest target's on.
        earlier: the one that is there already.

    Raises:
        TruewheelError: the requirements conflict, or the tool itself failed.
    """
    kept = _versions(earlier.lock) if earlier and earlier.keep else {}
    index = Listings(index=tools.index)
    sdists = Sdists(
        index=index,
        judge=tools.judge,
        refusals=tools.refusals,
        built=tools.built,
        choice=tools.sdists,
        archives={one.name: one for one in fetched_archives(wanted.archives, index)},
    )
    pinning = Pinning(
        wanted=wanted,
        targets=targets,
        resolver=tools.resolver(kept),
        index=index,
        sdists=sdists,
        kept=kept,
    )
    pins = pinning.pins(universal=universal or len(targets) > 1)
    _require_pinned(tools.sdists.names, pins)
    _require_all(wanted.requirements, pins, targets)
    closer = Closer(
        index=index,
        judge=tools.judge,
        sdists=sdists,
        listener=tools.listener,
        allowed=wanted.hashes,
    )
    entries = [closer.close(pin, targets) for pin in _needed(pins, targets)]
    asked = (*wanted.requirements, *(one.requirement for one in sdists.archives.values()))
    return MadeLock(
        targets=tuple(targets),
        entries=settled(entries, asked, targets, index, tools.listener),
        index_url=wanted.shown_index_url,
        extra_index_urls=wanted.shown_extra_index_urls,
        changes=tuple(changes_since(earlier.lock, earlier.written, index)) if earlier else (),
        policy=tools.policy,
    )


def _require_pinned(names: Iterable[NormalizedName], pins: Sequence[Pin]) -> None:
    unknown = sorted(set(names) - {pin.name for pin in pins})
    if unknown:
        raise UsageFault(
            f"the lock has no {unknown[0]}, whose sdist was asked for",
            hint="--sdist names a project that the inputs need",
        )


def _require_all(
    asked: Sequence[Requirement], pins: Sequence[Pin], targets: Sequence[LockTarget]
) -> None:
    """Uv resolves for one patch release of a target, which may not need what others do."""
    pinned = {pin.name for pin in pins}
    for requirement in asked:
        for target in targets:
            name = canonicalize_name(requirement.name)
            if name not in pinned and target.admits(requirement.marker):
                raise ConflictError(f"{requirement} is not pinned", hint=one_patch(target))


def _needed(pins: Sequence[Pin], targets: Sequence[LockTarget]) -> list[Pin]:
    """Those that at least one target installs."""
    return [pin for pin in pins if any(target.admits(pin.marker) for target in targets)]


def _versions(lock: Lock) -> dict[NormalizedName, Version]:
    found: dict[NormalizedName, Version] = {}
    ambiguous = set()
    for package in lock.packages:
        if package.kind is not SourceKind.REGISTRY or package.version is None:
            continue
        if found.setdefault(package.name, package.version) != package.version:
            ambiguous.add(package.name)
    return {name: version for name, version in found.items() if name not in ambiguous}
