"""The system call filter of every job, assembled to the BPF program that seccomp(2) takes.

It is a deny list on top of an unprivileged user without capabilities: what it refuses is the part
of the kernel that such a user could still reach to get more (user namespaces, mounts, io_uring,
BPF, keyrings, AF_VSOCK to a hypervisor) or to hide memory in (memfd, System V shared memory).
The layout of the program and of `struct seccomp_data` is linux/filter.h and linux/seccomp.h; the
numbers are arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

import errno
import platform
import struct
from dataclasses import dataclass

from builders.sandbox.interface import NoSandboxError

LOAD_WORD = 0x20
JUMP_EQUAL = 0x15
JUMP_GREATER_EQUAL = 0x35
JUMP_BITS_SET = 0x45
RETURN = 0x06

RET_ALLOW = 0x7FFF0000
RET_ERRNO = 0x00050000
RET_KILL_PROCESS = 0x80000000

NUMBER_OFFSET = 0
ARCH_OFFSET = 4
ARGUMENT_OFFSETS = (16, 24)
"""Low halves of the first two arguments on a little-endian machine."""

X32_BIT = 0x40000000
NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""

TERMINAL_REQUESTS = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX push input into a terminal (CVE-2017-5226)."""

SOCKET_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK live in the job's own network namespace.

AF_VSOCK does not: it reaches the hypervisor from any namespace.
"""

DENIED: dict[str, tuple[int | None, int | None]] = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "unshare": (272, 97),
    "setns": (308, 268),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "fanotify_init": (300, 262),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "nfsservctl": (180, 42),
    "lookup_dcookie": (212, 18),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}

"""Numbers by name, first of x86_64, then of aarch64; all answer EPERM."""

MISSING: dict[str, tuple[int | None, int | None]] = {
    # ENOSYS rather than EPERM: callers (glibc, libffi, multiprocessing) then take their fallback.
    "clone3": (435, 435),  # its flags are in memory, out of a filter's reach
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """How one machine numbers its system calls; `column` indexes the tables above."""

    audit: int
    column: int
    clone: int
    ioctl: int
    socket: int
    socketpair: int


ARCHITECTURES = {
    "x86_64": Architecture(
        audit=0xC000003E, column=0, clone=56, ioctl=16, socket=41, socketpair=53
    ),
    "aarch64": Architecture(
        audit=0xC00000B7, column=1, clone=220, ioctl=29, socket=198, socketpair=199
    ),
}


def filter_program(machine: str | None = None) -> bytes:
    """Return the filter for a machine (default: this one) as an array of `struct sock_filter`.

    Raises:
        NoSandboxError: the machine's system calls are not known here, so nothing can be confined.
    """
    machine = machine or platform.machine()
    architecture = ARCHITECTURES.get(machine)
    if architecture is None:
        raise NoSandboxError(
            f"no system call filter is known for {machine} machines",
            hint=f"run truewheel on one of: {', '.join(sorted(ARCHITECTURES))}",
        )
    return b"".join(_assemble(architecture))


def _assemble(architecture: Architecture) -> list[bytes]:
    refused = RET_ERRNO | errno.EPERM
    return [
        _instruction(LOAD_WORD, ARCH_OFFSET),
        _instruction(JUMP_EQUAL, architecture.audit, on_true=1),
        _instruction(RETURN, RET_KILL_PROCESS),
        _instruction(LOAD_WORD, NUMBER_OFFSET),
        *_when(JUMP_GREATER_EQUAL, X32_BIT, RET_ERRNO | errno.ENOSYS),
        *_refuse(MISSING, architecture.column, RET_ERRNO | errno.ENOSYS),
        *_refuse(DENIED, architecture.column, refused),
        *_on_argument(architecture.clone, 0, _when(JUMP_BITS_SET, NEW_NAMESPACES, refused)),
        *_on_argument(architecture.ioctl, 1, _any_of(TERMINAL_REQUESTS, refused)),
        *_on_argument(architecture.socket, 0, _only_families()),
        *_on_argument(architecture.socketpair, 0, _only_families()),
        _instruction(RETURN, RET_ALLOW),
    ]


def _instruction(code: int, operand: int, *, on_true: int = 0, on_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, on_true, on_false, operand)


def _when(jump: int, operand: int, verdict: int) -> list[bytes]:
    return [_instruction(jump, operand, on_false=1), _instruction(RETURN, verdict)]


def _any_of(operands: tuple[int, ...], verdict: int) -> list[bytes]:
    return [part for operand in operands for part in _when(JUMP_EQUAL, operand, verdict)]


def _refuse(
    calls: dict[str, tuple[int | None, int | None]], column: int, verdict: int
) -> list[bytes]:
    numbers = tuple(row[column] for row in calls.values())
    return _any_of(tuple(number for number in numbers if number is not None), verdict)


def _only_families() -> list[bytes]:
    allowed = _any_of(SOCKET_FAMILIES, RET_ALLOW)
    return [*allowed, _instruction(RETURN, RET_ERRNO | errno.EAFNOSUPPORT)]


def _on_argument(number: int, argument: int, body: list[bytes]) -> list[bytes]:
    """Run `body` on one argument of one system call; it ends by a verdict or by allowing."""
    block = [
        _instruction(LOAD_WORD, ARGUMENT_OFFSETS[argument]),
        *body,
        _instruction(RETURN, RET_ALLOW),
    ]
    return [_instruction(JUMP_EQUAL, number, on_false=len(block)), *block]
