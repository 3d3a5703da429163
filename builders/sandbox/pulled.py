"""Sandboxes whose root is an image from a registry, which was made without us in mind.

It has none of what our own images bring to confine a job with (tini, setpriv, a python3 in its
place). But it has CPythons below /opt/python, and one of those does it. What an image holds of
released projects is hidden: a build must not find there what it is to build.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from builders.sandbox.bwrap_command import BwrapCommand
from builders.sandbox.docker_config import HIDDEN, ORPHAN_SECONDS, ContainerConfig
from builders.sandbox.host_root import empty_directory
from builders.sandbox.interface import BASE_ENVIRONMENT, BUILD_DIR, SANDBOX_UID, Job
from builders.sandbox.seccomp import filter_program

PYTHONS_AT = PurePosixPath("/opt/python")

_FIND = (
    f'for python in {PYTHONS_AT}/cp3*-cp3*/bin/python; do [ -x "$python" ] && exec "$python" "$@";'
    f' done; echo "there is no CPython 3 below {PYTHONS_AT}" >&2; exit 125'
)
ANY_PYTHON = ("/bin/sh", "-c", _FIND, "sh", "-E", "-s", "-S", "-c")
"""Runs the program that follows by the first CPython 3 of the image, whichever that is."""

NOBODY = f"""
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
os.setgroups([])
os.setresgid({SANDBOX_UID}, {SANDBOX_UID}, {SANDBOX_UID})
number = 0
while libc.prctl(23, number, 0, 0, 0) >= 0:
    if libc.prctl(24, number, 0, 0, 0):
        sys.exit("a capability cannot be dropped")
    number += 1
os.setresuid({SANDBOX_UID}, {SANDBOX_UID}, {SANDBOX_UID})
header, none = struct.pack("=Ii", 0x20080522, 0), bytes(24)
if libc.prctl(38, 1, 0, 0, 0) or libc.capset(header, none):
    sys.exit("privileges cannot be dropped")
os.execv(sys.argv[1], sys.argv[1:])
"""
"""23 is PR_CAPBSET_READ, 24 PR_CAPBSET_DROP, 38 PR_SET_NO_NEW_PRIVS, the other number the version
of capset(2)'s structures. For Pythons as old as 3.3."""

FIRST = """
import ctypes, json, os, signal, sys
bpf, environment, seconds = bytes.fromhex(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
code = ctypes.create_string_buffer(bpf, len(bpf))
class Filter(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Filter(len(bpf) // 8, ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program)):
    sys.exit("the system call filter cannot be loaded: " + os.strerror(ctypes.get_errno()))
signal.signal(signal.SIGALRM, lambda *_: os._exit(137))
signal.alarm(seconds)
job = os.fork()
while job:
    child, status = os.wait()
    if child == job:
        ended = os.WIFEXITED(status)
        os._exit(os.WEXITSTATUS(status) if ended else 128 + os.WTERMSIG(status))
for number in (signal.SIGALRM, signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(number, signal.SIG_DFL)
os.umask(0o022)
try:
    os.execve(sys.argv[4], sys.argv[4:], environment)
except OSError as error:
    os.write(2, ("%s: %s\\n" % (sys.argv[4], error.strerror)).encode())
    os._exit(127 if isinstance(error, FileNotFoundError) else 126)
"""
"""The first process of a container: clock and reaper, which nothing inside can end
(pid_namespaces(7)), and otherwise what `builders.sandbox.enter` does. A child has no alarm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PulledCommand(BwrapCommand):
    """Command lines of bubblewrap for the root of such an image.

    Attributes:
        hidden: directories over which an empty one is laid.
    """

    hidden: tuple[PurePosixPath, ...] = ()

    def host_files(self) -> Iterator[str]:
        """Show the image's /usr and /opt."""
        # Without super(), which a class with slots made by a decorator does not find (bpo-46757).
        yield from BwrapCommand.host_files(self)
        if self.root is not None:
            yield from ("--ro-bind", str(self.root.path / "opt"), "/opt")
        for path in self.hidden:
            yield from empty_directory(path)

    def become_nobody(self) -> list[str]:
        """Change the user for good where bwrap itself had to run as root."""
        return [*ANY_PYTHON, NOBODY] if self.privileged else []


@dataclass(frozen=True, kw_only=True, slots=True)
class PulledConfig(ContainerConfig):
    """How a container of such an image is confined.

    Attributes:
        closed: directories over which an empty one is laid.
    """

    closed: tuple[PurePosixPath, ...] = ()

    def command(self, job: Job) -> list[str]:
        """Return the container's command."""
        environment = json.dumps({**BASE_ENVIRONMENT, **job.environment})
        seconds = math.ceil(job.limits.wall_seconds) + ORPHAN_SECONDS
        return [*ANY_PYTHON, FIRST, filter_program().hex(), environment, str(seconds), *job.argv]

    def host(self, job: Job, *, copies_up: bool = False) -> dict[str, Any]:
        """Return everything of the host configuration.

        /build is the job's own: where an image has no such directory, runc makes one for others,
        and gives the mount its mode. Podman knows no owner of a tmpfs, and does not do that.
        """
        found = ContainerConfig.host(self, job, copies_up=copies_up)
        if not copies_up:
            found["tmpfs"][str(BUILD_DIR)] += f",uid={SANDBOX_UID},gid={SANDBOX_UID}"
        return found

    def hidden(self, job: Job) -> dict[str, str]:
        """Lay an empty directory over what the mounts hide, and over what the image has."""
        own = {str(path): HIDDEN for path in self.closed}
        return {**ContainerConfig.hidden(self, job), **own}
