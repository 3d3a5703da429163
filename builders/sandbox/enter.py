"""The last step into a container: filter system calls, fix the environment, become the job.

An engine adds HOSTNAME and HOME to every environment, and its default filter lets AF_VSOCK
through (Docker before 23) and differs from version to version. This program, run by the image's
Python as the unprivileged user, puts our own filter on top of the engine's.
"""

import json

from builders.sandbox.interface import BASE_ENVIRONMENT, Job
from builders.sandbox.seccomp import filter_program

PROGRAM = """
import ctypes, json, os, signal, sys
bpf = bytes.fromhex(sys.argv[1])
code = ctypes.create_string_buffer(bpf, len(bpf))
class Filter(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
program = Filter(len(bpf) // 8, ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program)):
    sys.exit("the system call filter cannot be loaded: " + os.strerror(ctypes.get_errno()))
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
os.umask(0o022)
try:
    os.execve(sys.argv[3], sys.argv[3:], json.loads(sys.argv[2]))
except OSError as error:
    os.write(2, f"{sys.argv[3]}: {error.strerror}\\n".encode())
    os._exit(127 if isinstance(error, FileNotFoundError) else 126)
"""
"""38 is PR_SET_NO_NEW_PRIVS, 22 PR_SET_SECCOMP, 2 SECCOMP_MODE_FILTER. Python ignores SIGPIPE and
SIGXFSZ, which a job would inherit. Exit codes of a failed start are those of env(1)."""


def entering(job: Job) -> list[str]:
    """Return the command that enters a job inside a container of our image."""
    environment = json.dumps({**BASE_ENVIRONMENT, **job.environment})
    python = ["/usr/bin/python3", "-I", "-S", "-c", PROGRAM]
    return [*python, filter_program().hex(), environment, *job.argv]
