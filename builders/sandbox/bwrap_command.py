"""The bubblewrap command line of a job: what it sees of the host, and as whom it runs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builders.sandbox.host_root import empty_directory, host_root, image_root
from builders.sandbox.interface import (
    BASE_ENVIRONMENT,
    BUILD_DIR,
    HOSTNAME,
    SANDBOX_UID,
    Job,
    Mount,
    SandboxFault,
)

SHM_BYTES = 1024**2
"""Shared memory is for POSIX semaphores (multiprocessing needs them), not for data."""

WAIT_FOR_OWNER = ("/bin/sh", "-c", 'echo && read -r go && exec "$@" </dev/null', "sh")
"""Tells on standard output that the sandbox is set up, goes on when standard input says so.

Each process of bwrap binds its life to its parent's (--die-with-parent) at some point of its start.
Were the owner killed before, nobody would end the job; so the job starts only once an owner that
still lives has seen the set-up finished. (bwrap takes the end of its --block-fd for permission.)
"""

FROM_ETC = ("alternatives", "ld.so.cache")

ETC: Mapping[str, bytes] = {
    "passwd": (
        b"root:x:0:0:root:/root:/usr/sbin/nologin\n"
        b"nobody:x:65534:65534:nobody:/build:/usr/sbin/nologin\n"
    ),
    "group": b"root:x:0:\nnogroup:x:65534:\n",
    "hosts": b"127.0.0.1 localhost truewheel\n::1 localhost\n",
    "nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
    "hostname": b"truewheel\n",
}
"""The same in the image, so that a build cannot tell one sandbox from the other by /etc."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """The root file system of an image: its directory, and `sha256:...` of its archive."""

    path: Path
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptors:
    """Open descriptors that bwrap inherits; `etc` maps the names of `ETC` to their content."""

    status: int
    block: int
    seccomp: int
    etc: Mapping[str, int]

    def all(self) -> tuple[int, ...]:
        """Return every one of them."""
        return (self.status, self.block, self.seccomp, *self.etc.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class BwrapCommand:
    """Builds command lines; one method per guarantee, so that a test can take one away.

    Attributes:
        executable: the bwrap program.
        privileged: whether bwrap runs as root. Then the job becomes nobody by a real change of
            user: inside a user namespace of root's it would still own every file of root's.
        root: shown instead of the host's /usr, if there is one.
    """

    executable: Path
    privileged: bool
    root: Root | None = None

    def options(self, job: Job, descriptors: Descriptors) -> list[str]:
        """Return bwrap's options, everything before the command.

        Raises:
            SandboxFault: a mount of the job cannot be read by an unprivileged user.
        """
        return [
            *self.namespaces(),
            *self.privileges(),
            *("--die-with-parent", "--new-session", "--clearenv"),
            *("--json-status-fd", str(descriptors.status), "--block-fd", str(descriptors.block)),
            *self.system_calls(descriptors),
            *self.host_files(),
            *self.etc(descriptors),
            *self.devices(),
            *self.writable(job),
            *self.mounts(job),
            *self.seal(),
            *("--chdir", str(BUILD_DIR)),
        ]

    def inner(self, job: Job) -> list[str]:
        """Return the command that bwrap runs: the job behind what completes its confinement."""
        return [*WAIT_FOR_OWNER, *self.become_nobody(), *self.environment(job), *job.argv]

    def namespaces(self) -> list[str]:
        """Give the job its own empty network, its own processes, host name and IPC."""
        return [
            *("--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
            *("--unshare-cgroup-try", "--hostname", HOSTNAME),
        ]

    def privileges(self) -> list[str]:
        """Drop every capability but, for root, those that the change of user takes."""
        if self.privileged:
            keep = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
            return ["--cap-drop", "ALL", *(part for name in keep for part in ("--cap-add", name))]
        user = str(SANDBOX_UID)
        return [
            *("--unshare-user", "--uid", user, "--gid", user),
            *("--disable-userns", "--cap-drop", "ALL"),
        ]

    def system_calls(self, descriptors: Descriptors) -> list[str]:
        """Load the filter of `builders.sandbox.seccomp`."""
        return ["--seccomp", str(descriptors.seccomp)]

    def host_files(self) -> Iterator[str]:
        """Show the needed parts of the host's /usr and nothing else of it, or an image's root."""
        return image_root(self.root.path) if self.root else host_root()

    def etc(self, descriptors: Descriptors) -> Iterator[str]:
        """Make an /etc that tells nothing of the host but where its compiler and libraries are."""
        base = (self.root.path if self.root else Path("/")) / "etc"
        for name, descriptor in descriptors.etc.items():
            yield from ("--perms", "0644", "--file", str(descriptor), f"/etc/{name}")
        for name in FROM_ETC:
            yield from ("--ro-bind-try", str(base / name), f"/etc/{name}")

    def devices(self) -> list[str]:
        """Make /proc and /dev anew, read-only but for the devices themselves."""
        return [
            *("--proc", "/proc", "--dev", "/dev"),
            *("--perms", "1777", "--size", str(SHM_BYTES), "--tmpfs", "/dev/shm"),  # noqa: S108
            *("--remount-ro", "/dev"),
        ]

    def writable(self, job: Job) -> list[str]:
        """Make /build and /tmp in memory; together they hold `disk_bytes`."""
        temporary = job.limits.disk_bytes // 4
        build = job.limits.disk_bytes - temporary
        return [
            *("--perms", "0777", "--size", str(build), "--tmpfs", str(BUILD_DIR)),
            *("--perms", "1777", "--size", str(temporary), "--tmpfs", "/tmp"),  # noqa: S108
        ]

    def mounts(self, job: Job) -> Iterator[str]:
        """Mount what the job names, read-only."""
        # The parents first: those that bwrap makes on its own are closed to everybody but root.
        parents = {parent for mount in job.mounts for parent in mount.target.parents}
        for parent in sorted(parents - {PurePosixPath("/")}):
            yield from ("--perms", "0755", "--dir", str(parent))
        for mount in job.mounts:
            yield from bind(mount)

    def seal(self) -> list[str]:
        """Make the root itself read-only once everything is mounted below it."""
        return ["--remount-ro", "/"]

    def become_nobody(self) -> list[str]:
        """Change the user for good where bwrap itself had to run as root."""
        if not self.privileged:
            return []
        user = str(SANDBOX_UID)
        return [
            *("/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups"),
            *("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs"),
        ]

    def environment(self, job: Job) -> list[str]:
        """Set the environment exactly: bwrap adds PWD on its own, env(1) takes it away."""
        variables = {**BASE_ENVIRONMENT, **job.environment}
        return ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in variables.items())]


def bind(mount: Mount) -> Iterator[str]:
    """Return the arguments for one mount of a job.

    Raises:
        SandboxFault: as of `check_readable`.
    """
    check_readable(mount)
    yield from ("--ro-bind", str(mount.source), str(mount.target))
    for hidden in existing_hidden(mount):
        yield from empty_directory(hidden)


def check_readable(mount: Mount) -> None:
    """Refuse a mount that the job's unprivileged user could not read.

    Raises:
        SandboxFault: the source does not exist or lacks permissions for others.
    """
    try:
        mode = mount.source.stat().st_mode
    except OSError as error:
        raise SandboxFault(f"cannot mount {mount.source}: {error.strerror}") from error
    needed = 0o005 if mount.source.is_dir() else 0o004
    if mode & needed != needed:
        raise SandboxFault(
            f"cannot mount {mount.source}: an unprivileged user may not read it",
            hint=f"chmod o+rX {mount.source}",
        )


def existing_hidden(mount: Mount) -> list[PurePosixPath]:
    """Return the hidden paths that are directories in the mount's source."""
    return [
        hidden
        for hidden in mount.hidden
        if (mount.source / hidden.relative_to(mount.target)).is_dir()
    ]
