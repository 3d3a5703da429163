"""Making a lock, step by step.

    read what is asked for           verify.lock.making.wanted
    pin everything that it needs     verify.lock.making.resolution
    judge a wheel for each target    verify.lock.making.closing
    keep what trusted wheels ask for verify.lock.making.asked_for
    what changed since the last lock verify.lock.making.changes

Nothing is written here: the caller renders the lock, and writes it if it closes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from packaging.utils import NormalizedName
from packaging.version import Version

from verify.events import Listener
from verify.index.interface import Index
from verify.lock.inputs.interface import Lock, SourceKind
from verify.lock.making.asked_for import settled
from verify.lock.making.changes import changes_since
from verify.lock.making.closing import Closer, Judge
from verify.lock.making.listings import Listings
from verify.lock.making.lock import MadeLock
from verify.lock.making.resolution import Pin, Resolver
from verify.lock.making.targets import LockTarget
from verify.lock.making.wanted import Wanted
from verify.results import PolicyId


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What making a lock takes.

    Attributes:
        judge: `verify.check.check` on a workbench.
        resolver: given the versions to keep.
    """

    index: Index
    judge: Judge
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
    resolver = tools.resolver(_versions(earlier.lock) if earlier and earlier.keep else {})
    pins = resolver.resolve(wanted, targets, universal=universal or len(targets) > 1)
    index = Listings(index=tools.index)
    closer = Closer(index=index, judge=tools.judge, listener=tools.listener, allowed=wanted.hashes)
    entries = [closer.close(pin, targets) for pin in _needed(pins, targets)]
    return MadeLock(
        targets=tuple(targets),
        entries=settled(entries, wanted.requirements, targets, index, tools.listener),
        index_url=wanted.shown_index_url,
        extra_index_urls=wanted.shown_extra_index_urls,
        changes=tuple(changes_since(earlier.lock, earlier.written, index)) if earlier else (),
        policy=tools.policy,
    )


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
