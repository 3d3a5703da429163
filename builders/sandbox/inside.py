"""What an image from a registry has for a build, as a job in it finds out; kept by digest."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from builders.interpreters import WHEELS
from builders.sandbox.host_root import PYTHON_PACKAGES
from builders.sandbox.interface import Interpreter, Job, Limits, Sandbox, SandboxFault
from builders.sandbox.pulled import ANY_PYTHON, PYTHONS_AT

LIMITS = Limits(wall_seconds=120.0, output_bytes=1024**2)

_ASK = """
import json, os, sys, sysconfig
get = sysconfig.get_paths()
print(json.dumps([list(sys.version_info[:3]), sys.version_info[3] == "final",
    os.path.isfile(os.path.join(get["include"], "Python.h")),
    [get["purelib"], get["platlib"]] + [os.path.join(get["stdlib"], name) for name in %r]]))
"""
"""Runs under 2.7 and 3 alike."""

QUESTION = f"""
import glob, json, os, shutil, subprocess
def said(*command):
    ran = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return ran.communicate()[0].decode("ascii", "replace") if ran.wait() == 0 else ""
gcc = shutil.which("gcc") or ""
pythons, closed = {{}}, ["/opt/_internal/pipx", "/opt/_internal/tools"]
closed += [] if gcc.startswith("/usr/local/bin/") else ["/usr/local/bin"]
for pattern in {PYTHON_PACKAGES!r}:
    closed += glob.glob("/usr/" + pattern) + glob.glob("/usr/local/" + pattern)
for python in sorted(glob.glob("{PYTHONS_AT}/cp*-cp*/bin/python")):
    try:
        version, final, headers, places = json.loads(
            said(python, "-E", "-s", "-S", "-c", {_ASK % (WHEELS,)!r}))
    except ValueError:
        continue
    closed += places
    if final:
        pythons[python.split("/")[3]] = [version, headers]
print(json.dumps({{
    "gcc": gcc,
    "compiler": gcc and said(gcc, "-dumpfullversion", "-dumpversion").strip(),
    "glibc": os.confstr("CS_GNU_LIBC_VERSION") or "",
    "pythons": pythons,
    "closed": sorted({{os.path.realpath(path) for path in closed if os.path.isdir(path)}}),
}}))
"""
"""For Pythons as old as 3.3. Where there are packages is found out by their real paths: bubblewrap
would follow a link to somewhere else than the image does."""

_NAME = re.compile(r"cp(?P<major>[23])(?P<minor>[0-9]{1,2})-(?P<abi>cp[23][0-9]{1,2}(?:t|mu?)?)")
_PATH = re.compile(r"(?:/[A-Za-z0-9._+-]+){2,30}")
_GLIBC = re.compile(r"glibc 2\.([0-9]{1,3})")
_VERSION = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,2}){1,2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Inside:
    """What an image has.

    Attributes:
        toolset: the directory of its compiler.
        compiler: the version of it, `X.Y.Z`.
        glibc: the minor version of its C library, whose major one is 2.
        pythons: CPythons by the names of their directories, e.g. `cp311-cp311`.
        closed: directories with what is released ready-made.
    """

    toolset: PurePosixPath
    compiler: str
    glibc: int
    pythons: Mapping[str, Interpreter]
    closed: tuple[PurePosixPath, ...]

    def interpreters(self, abis: Sequence[str]) -> tuple[Interpreter, ...]:
        """One interpreter for each (major, minor), newest first.

        Args:
            abis: ABI tags of a wheel, which decide between several builds of one version; without
                one the interpreter is that which most people have.
        """
        best: dict[tuple[int, int], tuple[tuple[bool, bool], Interpreter]] = {}
        for name, python in sorted(self.pythons.items()):
            abi = name.rpartition("-")[2]
            if abi.endswith("t") and abi not in abis:
                continue  # free-threaded: nobody's by accident
            rank = (abi in abis, abi.endswith("mu"))
            if python.version not in best or rank > best[python.version][0]:
                best[python.version] = (rank, python)
        return tuple(best[version][1] for version in sorted(best, reverse=True))


def name_of(python: Interpreter) -> str:
    """The name of the directory of an image's interpreter."""
    return python.executable.parent.parent.name


def look_inside(sandbox: Sandbox, environment: Mapping[str, str]) -> str:
    """Ask a root what it has; gives JSON for `read_inside`, which is not to be trusted.

    Raises:
        SandboxFault: nothing in it answers.
    """
    output = io.BytesIO()
    job = Job(argv=(*ANY_PYTHON, QUESTION), environment=environment, limits=LIMITS)
    outcome = sandbox.run(job, output)
    if outcome.exit_code:
        said = outcome.log.strip()[-300:] or f"exit code {outcome.exit_code}"
        raise SandboxFault(f"the image does not run here: {said}")
    return output.getvalue().decode("utf-8", "replace")


def read_inside(text: str, environment: Mapping[str, str]) -> Inside:
    """What a root said that it has.

    Args:
        text: the answer.
        environment: what its interpreters get for variables.

    Raises:
        SandboxFault: it has no compiler or no interpreter, or what it said is no answer.
    """
    try:
        said: dict[str, Any] = json.loads(text)
        gcc, version = str(said["gcc"]), str(said["compiler"])
        glibc = _GLIBC.fullmatch(str(said["glibc"]))
        pythons = {
            name: python
            for name, (release, headers) in said["pythons"].items()
            if (python := _interpreter(name, release, environment, headers=bool(headers)))
        }
        closed = tuple(map(str, said["closed"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SandboxFault("the image does not say what it has") from error
    if not _PATH.fullmatch(gcc) or not _VERSION.fullmatch(version):
        raise SandboxFault("the image has no compiler")
    if glibc is None or not pythons or not all(map(_PATH.fullmatch, closed)):
        raise SandboxFault("the image has no C library and interpreters as such images have")
    return Inside(
        toolset=PurePosixPath(gcc).parent,
        compiler=version,
        glibc=int(glibc[1]),
        pythons=pythons,
        closed=tuple(map(PurePosixPath, closed)),
    )


def _interpreter(
    name: str, release: Sequence[int], environment: Mapping[str, str], *, headers: bool
) -> Interpreter | None:
    match = _NAME.fullmatch(name)
    major, minor, micro = map(int, release)
    if match is None or (int(match["major"]), int(match["minor"])) != (major, minor):
        return None
    return Interpreter(
        version=(major, minor),
        release=f"{major}.{minor}.{micro}",
        executable=PYTHONS_AT / name / "bin" / "python",
        environment={key: value for key, value in environment.items() if key != "PATH"},
        headers=headers,
    )
