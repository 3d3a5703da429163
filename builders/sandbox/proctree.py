"""Measures a PID namespace from outside where no control group can be made: by polling /proc.

What polling cannot see, it does not bound: memory of the kernel itself (socket buffers, page
tables), and what is taken and given back between two looks. The system call filter refuses the
other ways to hide memory (memfd, System V shared memory).
"""

import os
from dataclasses import dataclass
from pathlib import Path

from builders.sandbox.interface import Ending, Limits

PAGE = os.sysconf("SC_PAGE_SIZE")
WRITABLE = ("build", "tmp", "dev/shm")
INODE_BYTES = 1024
"""What one file of a tmpfs costs beside its content."""

THREADS_FIELD = 17
RSS_FIELD = 21
"""Places in /proc/PID/stat after the closing parenthesis of the command name (proc(5))."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessTree:
    """The processes of the PID namespace whose first process is `init` here."""

    init: int
    limits: Limits

    def broken(self) -> Ending | None:
        """Return the bound that the tree breaks right now."""
        threads, resident = self._totals()
        if threads > self.limits.processes + 1:
            return Ending.PROCESSES
        files = self._files()
        if resident + files <= self.limits.memory_bytes:
            return None
        # Resident sizes count shared pages once per process; only this slower sum is exact.
        return Ending.MEMORY if self._exact() + files > self.limits.memory_bytes else None

    def remove(self) -> None:
        """Nothing was made, so there is nothing to remove."""

    @property
    def _root(self) -> Path:
        return Path(f"/proc/{self.init}/root")

    def _members(self) -> list[Path]:
        try:
            names = sorted(os.listdir(self._root / "proc"))  # noqa: PTH208 - names, not paths
        except OSError:
            return []
        return [self._root / "proc" / name for name in names if name.isdigit()]

    def _totals(self) -> tuple[int, int]:
        """Return (threads, resident bytes) of all members."""
        threads = resident = 0
        for member in self._members():
            fields = _read(member / "stat").rpartition(b")")[2].split()
            if len(fields) > RSS_FIELD:
                threads += int(fields[THREADS_FIELD])
                resident += int(fields[RSS_FIELD]) * PAGE
        return threads, resident

    def _exact(self) -> int:
        """Return the sum of proportional set sizes in bytes."""
        total = 0
        for member in self._members():
            for line in _read(member / "smaps_rollup").splitlines():
                if line.startswith(b"Pss:"):
                    total += int(line.split()[1]) * 1024
        return total

    def _files(self) -> int:
        """Return what the writable file systems hold in memory, in bytes."""
        total = 0
        for name in WRITABLE:
            try:
                stat = os.statvfs(self._root / name)
            except OSError:
                continue
            total += (stat.f_blocks - stat.f_bfree) * stat.f_frsize
            total += (stat.f_files - stat.f_ffree) * INODE_BYTES
        return total


def _read(path: Path) -> bytes:
    """Return the content, nothing for a process that has gone meanwhile."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
