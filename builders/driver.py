"""The build frontend that runs inside the sandbox, with the interpreter of the build environment.

    python driver.py '{"phase": "requires" | "wheel", ...}'

It unpacks the source, calls one PEP 517 hook (or `setup.py bdist_wheel`), and writes one answer to
what was standard output when it started: a line of JSON, for a wheel followed by its bytes.
Everything that the build prints goes to standard error, the log.

pyproject-hooks is not used because it supports no interpreter older than it does itself, while a
rebuild needs the interpreter of the wheel's day. Python 3.6 must be able to run this file; it
imports nothing but the standard library.
"""

import importlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from typing import Any, Dict, List

Request = Dict[str, Any]

SOURCE_DIR = "/build/src"
OUTPUT_DIR = "/build/out"

EXIT_BAD_SOURCE = 65
EXIT_NO_BACKEND = 69
EXIT_BAD_OUTPUT = 74

# What pip ran for projects without pyproject.toml: setuptools is imported even where setup.py only
# knows distutils, so that the command bdist_wheel exists.
SETUP_PY = (
    "import sys, tokenize, setuptools; "
    "sys.argv[0] = __file__ = 'setup.py'; sys.path.insert(0, ''); "
    "exec(compile(tokenize.open(__file__).read(), __file__, 'exec'))"
)


class DriverError(Exception):
    """A failure that has an exit code of its own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main(argument: str) -> None:
    """Answer one request."""
    request = json.loads(argument)
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.umask(int(request["umask"], 8))
    # The script's own directory is no part of a build's import path.
    del sys.path[0]
    os.chdir(unpack(request["source"]))
    os.mkdir(OUTPUT_DIR)
    if request["phase"] == "requires":
        requires = [str(item) for item in ask_requires(request)]
        answer.write(json.dumps({"requires": requires}).encode("ascii") + b"\n")
    else:
        build_wheel(request)
        send_wheel(answer)
    answer.flush()


def unpack(source: str) -> str:
    """Unpack an sdist below SOURCE_DIR; gives the directory that holds the project."""
    os.mkdir(SOURCE_DIR)
    try:
        if source.endswith(".zip"):
            unpack_zip(source)
        else:
            unpack_tar(source)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError, OSError) as error:
        raise DriverError(
            EXIT_BAD_SOURCE, "the source cannot be unpacked: %r" % (error,)
        ) from error
    found = [os.path.join(SOURCE_DIR, name) for name in sorted(os.listdir(SOURCE_DIR))]
    roots = [path for path in found if os.path.isdir(path)]
    if len(roots) == 1:
        return roots[0]
    buildable = [path for path in roots if is_project(path)]
    return buildable[0] if buildable else SOURCE_DIR


def is_project(path: str) -> bool:
    """Whether a build can start in a directory."""
    return any(os.path.exists(os.path.join(path, n)) for n in ("pyproject.toml", "setup.py"))


def below_source(name: str) -> str:
    """The path a member is unpacked to; no member leaves SOURCE_DIR."""
    path = os.path.normpath(os.path.join(SOURCE_DIR, name))
    if path != SOURCE_DIR and not path.startswith(SOURCE_DIR + os.sep):
        raise ValueError("member %r leaves the source" % (name,))
    return path


def unpack_tar(source: str) -> None:
    """Unpack a tar archive with the modes that tarfile's `data` filter gives (PEP 706)."""
    with tarfile.open(source) as archive:
        for member in archive:
            path = below_source(member.name)
            if member.issym() or member.islnk():
                base = os.path.dirname(member.name) if member.issym() else ""
                below_source(os.path.join(base, member.linkname))
            elif member.isreg():
                mode = member.mode if member.mode & 0o100 else member.mode & ~0o111
                member.mode = mode & 0o755 | 0o600
            elif member.isdir():
                member.mode = 0o755
            else:
                continue
            if os.path.lexists(path) and not member.isdir():
                os.unlink(path)
            extract(archive, member)


def extract(archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    """Extract one checked member; newer Pythons are told that it was checked."""
    if hasattr(tarfile, "fully_trusted_filter"):
        archive.extract(member, SOURCE_DIR, filter="fully_trusted")
    else:
        archive.extract(member, SOURCE_DIR)


def unpack_zip(source: str) -> None:
    """Unpack a ZIP archive; permission bits are kept where the archive has them."""
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            path = below_source(info.filename)
            archive.extract(info, SOURCE_DIR)
            if not info.filename.endswith("/") and info.external_attr >> 16 & 0o100:
                os.chmod(path, 0o755)


def load_backend(request: Request) -> Any:
    """The backend object that PEP 517 names."""
    sys.path[:0] = [os.path.abspath(entry) for entry in request["backend_path"]]
    module, _, attributes = str(request["backend"]).partition(":")
    try:
        backend = importlib.import_module(module)
    except ImportError as error:
        raise DriverError(
            EXIT_NO_BACKEND, "the backend cannot be imported: %s" % (error,)
        ) from error
    for attribute in attributes.split(".") if attributes else ():
        backend = getattr(backend, attribute)
    return backend


def ask_requires(request: Request) -> List[object]:
    """What get_requires_for_build_wheel answers; the hook is optional (PEP 517)."""
    if request["mode"] == "setup.py":
        return []
    hook = getattr(load_backend(request), "get_requires_for_build_wheel", None)
    return list(hook(request["config_settings"] or None)) if hook else []


def build_wheel(request: Request) -> None:
    """Have the wheel written to OUTPUT_DIR."""
    if request["mode"] == "setup.py":
        command = [sys.executable, "-c", SETUP_PY, "bdist_wheel", "--dist-dir", OUTPUT_DIR]
        code = subprocess.call(command, stdin=subprocess.DEVNULL)
        if code:
            raise DriverError(1, "setup.py bdist_wheel ended with exit code %d" % (code,))
    else:
        hook = load_backend(request).build_wheel
        hook(OUTPUT_DIR, request["config_settings"] or None, None)


def send_wheel(answer: io.BufferedWriter) -> None:
    """Send the one regular file of OUTPUT_DIR; anything else there is refused."""
    names = os.listdir(OUTPUT_DIR)
    if len(names) != 1:
        raise DriverError(EXIT_BAD_OUTPUT, "the build wrote %d files, not 1" % (len(names),))
    path = os.path.join(OUTPUT_DIR, names[0])
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode) or not names[0].endswith(".whl"):
        raise DriverError(EXIT_BAD_OUTPUT, "%r is no regular .whl file" % (names[0],))
    head = {"filename": names[0], "size": status.st_size}
    answer.write(json.dumps(head).encode("ascii") + b"\n")
    with open(path, "rb") as wheel:
        shutil.copyfileobj(wheel, answer)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except DriverError as failure:
        sys.stderr.write("truewheel: %s\n" % (failure,))
        sys.stderr.flush()
        os._exit(failure.code)
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads and exit handlers that the build left behind have no say in when it ends.
    os._exit(0)
