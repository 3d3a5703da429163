"""Bounds a process tree by a control group of its own, version 1 or 2, where one can be made."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from builders.sandbox.interface import Ending, Limits

ROOT = Path("/sys/fs/cgroup")
PREFIX = "truewheel"
_serial = itertools.count()


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlGroup:
    """Directories of one job: one for version 2, one per controller for version 1."""

    memory: Path
    pids: Path

    def broken(self) -> Ending | None:
        """Return the bound that the kernel has enforced since the group was made."""
        events = (
            "memory.events" if (self.memory / "memory.events").exists() else "memory.oom_control"
        )
        if _count(self.memory / events, "oom_kill"):
            return Ending.MEMORY
        return Ending.PROCESSES if _count(self.pids / "pids.events", "max") else None

    def remove(self) -> None:
        """Remove the group, whose processes have ended."""
        for directory in {self.memory, self.pids}:
            _discard(directory)


def confine(pid: int, limits: Limits, *, root: Path = ROOT) -> ControlGroup | None:
    """Move a process into a new group with these limits; None where the system does not allow it.

    Its later children belong to the group too, so the process must not have started any yet.
    """
    name = f"{PREFIX}-{os.getpid()}-{next(_serial)}"
    if (root / "cgroup.controllers").exists():
        return _first(_version2(root), name, pid, limits)
    return _first(_version1(root), name, pid, limits)


def _version1(root: Path) -> Iterator[tuple[Path, Path]]:
    own = _own_groups()
    yield root / "memory" / own.get("memory", ""), root / "pids" / own.get("pids", "")
    yield root / "memory", root / "pids"


def _version2(root: Path) -> Iterator[tuple[Path, Path]]:
    # A group that holds processes cannot also hand controllers to children (the "no internal
    # processes" rule of cgroup-v2.rst), hence the parent, beside the group of this process.
    own = root / _own_groups().get("", "")
    for parent in (own, own.parent):
        if parent.is_relative_to(root):
            yield parent, parent


def _first(
    parents: Iterator[tuple[Path, Path]], name: str, pid: int, limits: Limits
) -> ControlGroup | None:
    for memory, pids in parents:
        group = ControlGroup(memory=memory / name, pids=pids / name)
        _clear({memory, pids})
        try:
            _make(group, pid, limits)
        except OSError:
            group.remove()
        else:
            return group
    return None


def _make(group: ControlGroup, pid: int, limits: Limits) -> None:
    for directory in {group.memory, group.pids}:
        directory.mkdir()
    version2 = (group.memory / "memory.max").exists()
    bound = "memory.max" if version2 else "memory.limit_in_bytes"
    _write(group.memory / bound, limits.memory_bytes)
    swap = group.memory / ("memory.swap.max" if version2 else "memory.memsw.limit_in_bytes")
    if swap.exists():
        _write(swap, 0 if version2 else limits.memory_bytes)
    # One more for the sandbox's own first process.
    _write(group.pids / "pids.max", limits.processes + 1)
    for directory in {group.memory, group.pids}:
        _write(directory / "cgroup.procs", pid)


def _clear(parents: set[Path]) -> None:
    """Remove the groups whose owners were killed; one that still holds processes stays."""
    for parent in parents:
        for directory in parent.glob(f"{PREFIX}-*-*"):
            owner = directory.name.split("-")[1]
            if not Path("/proc", owner).exists():
                _discard(directory)


def _own_groups() -> dict[str, str]:
    """Return the relative path of this process' group by controller ("" is version 2)."""
    groups: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text("ascii", "replace").splitlines():
        _, controllers, path = line.split(":", 2)
        groups |= dict.fromkeys(controllers.split(","), path.lstrip("/"))
    return groups


def _write(path: Path, value: int) -> None:
    # Not write_text: a control file that is missing is an error, not something to create.
    with path.open("r+") as file:
        file.write(str(value))


def _count(path: Path, key: str) -> int:
    try:
        lines = path.read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.split()[:1] == [key])


def _discard(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError:
        return
