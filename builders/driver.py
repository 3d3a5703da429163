"""The build frontend that runs inside the sandbox, with the interpreter of the build environment.

    python driver.py '{"phase": "requires" | "metadata" | "wheel", ...}'

It unpacks the source, calls one PEP 517 hook (or `setup.py`), and writes one answer to what was
standard output when it started: a line of JSON, for a wheel followed by its bytes. Everything that
the build prints goes to standard error, the log.

pyproject-hooks is not used because it supports no interpreter older than it does itself, while a
rebuild needs the interpreter of the wheel's day. Python 2.7 and 3.5 must be able to run this file:
it imports nothing but the standard library, has its types in comments and chains no exceptions.
"""

import base64
import importlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
import zlib

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import Any, BinaryIO, Dict, Iterator, List

    Request = Dict[str, Any]

SOURCE_DIR = "/build/src"
OUTPUT_DIR = "/build/out"

WINDOWS_TEXT = "/truewheel/windows_text.py"
AS_PYPY = "/truewheel/as_pypy.py"
SORTED_REQUIRES = "/truewheel/sorted_requires.py"
RETAG = "/truewheel/retag.py"
REPAIR = "/truewheel/repair.py"
SETUP_REQUIRES = "/truewheel/setup_requires.py"
RUN_FILE = "exec(open(%r).read(), {}); "

PROJECT_TABLES = ("[project]", "[tool.poetry]")

COLLECTED = "/build/setup-requires"

MAX_METADATA_FILES = 500
MAX_METADATA_BYTES = 8 * 1024**2
"""Of all files of a dist-info directory together."""

EXIT_BAD_SOURCE = 65
EXIT_NO_BACKEND = 69
EXIT_BAD_OUTPUT = 74
EXIT_BAD_METADATA = 76
EXIT_OTHER_VERSION = 77
EXIT_NO_POST_STEP = 78

# What pip ran for projects without pyproject.toml: setuptools is imported even where setup.py only
# knows distutils, so that the command bdist_wheel exists. A source may do without a setup.py.
SETUP_PY = (
    "import os, sys, tokenize, setuptools; "
    "sys.argv[0] = __file__ = 'setup.py'; sys.path.insert(0, ''); "
    "f = os.path.exists(__file__) and getattr(tokenize, 'open', open)(__file__); "
    "code = f.read().replace('\\r\\n', '\\n') if f else 'setuptools.setup()'; "
    "exec(compile(code, __file__, 'exec'))"
)


TEXT = type(b"".decode("ascii"))  # 2.7's unicode, else str

BAD_ARCHIVE = (
    tarfile.TarError,
    zipfile.BadZipfile,
    zlib.error,
    EOFError,
    ValueError,
    EnvironmentError,  # OSError, and in 2.7 also what it calls IOError
)


class DriverError(Exception):
    """A failure that has an exit code of its own."""

    def __init__(self, code, message):
        # type: (int, str) -> None
        super(DriverError, self).__init__(message)
        self.code = code


def main(argument):
    # type: (str) -> None
    """Answer one request."""
    request = native(json.loads(argument))
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    umask = int(request["umask"], 8)
    os.umask(umask)
    # The script's own directory is no part of a build's import path.
    del sys.path[0]
    os.chdir(unpack(request["source"], umask))
    if request["version"]:
        try:
            write_version(request["version"])
        except EnvironmentError as error:
            raise DriverError(EXIT_OTHER_VERSION, "the version cannot be written: %r" % (error,))
    os.mkdir(OUTPUT_DIR)
    if request["phase"] == "requires":
        requires = [str(item) for item in ask_requires(request)]
        send_line(answer, {"requires": requires})
    elif request["phase"] == "metadata":
        send_line(answer, ask_metadata(request))
    else:
        build_wheel(request)
        for step in request["post_steps"]:
            take_post_step(step)
        send_wheel(answer)
    answer.flush()


def native(value):
    # type: (Any) -> Any
    """A JSON value whose strings are `str`, also in 2.7."""
    if isinstance(value, dict):
        return {native(key): native(item) for key, item in value.items()}
    if isinstance(value, list):
        return [native(item) for item in value]
    if sys.version_info[0] == 2 and isinstance(value, TEXT):
        return value.encode("utf-8")
    return value


def send_line(answer, value):
    # type: (BinaryIO, Dict[str, Any]) -> None
    """Send one value as a line of JSON."""
    answer.write(json.dumps(value).encode("ascii") + b"\n")


def unpack(source, umask):
    # type: (str, int) -> str
    """Unpack an sdist below SOURCE_DIR; gives the directory that holds the project."""
    os.mkdir(SOURCE_DIR)
    try:
        if source.endswith(".zip"):
            unpack_zip(source, umask)
        else:
            unpack_tar(source, umask)
    except BAD_ARCHIVE as error:
        raise DriverError(EXIT_BAD_SOURCE, "the source cannot be unpacked: %r" % (error,))
    if is_project(SOURCE_DIR):
        return SOURCE_DIR
    found = [os.path.join(SOURCE_DIR, name) for name in sorted(os.listdir(SOURCE_DIR))]
    roots = [path for path in found if os.path.isdir(path)]
    if len(roots) == 1:
        return roots[0]
    buildable = [path for path in roots if is_project(path)]
    return buildable[0] if buildable else SOURCE_DIR


def write_version(version):
    # type: (str) -> None
    """Write the sdist's own version into its pyproject.toml, where a tool's plugin keeps it out.

    The sdist's PKG-INFO has what was computed when it was made; any other version is refused.
    """
    with io.open("PKG-INFO", encoding="utf-8", errors="replace") as file:
        headers = file.read().replace("\r\n", "\n").partition("\n\n")[0].split("\n")
    if [line for line in headers if line.startswith("Version:")] != ["Version: %s" % (version,)]:
        raise DriverError(EXIT_OTHER_VERSION, "the PKG-INFO of the source has another version")
    with io.open("pyproject.toml", encoding="utf-8", newline="") as file:
        lines = file.readlines()
    table = ""
    for at, line in enumerate(lines):
        if line.startswith("["):
            table = line.strip()
        elif table in PROJECT_TABLES and re.match(r"version\s*=", line):
            lines[at] = 'version = "%s"\n' % (version,)
    with io.open("pyproject.toml", "w", encoding="utf-8", newline="") as file:
        file.write("".join(lines))


def is_project(path):
    # type: (str) -> bool
    """Whether a build can start in a directory."""
    return any(os.path.exists(os.path.join(path, n)) for n in ("pyproject.toml", "setup.py"))


def below_source(name):
    # type: (str) -> str
    """The path a member is unpacked to; no member leaves SOURCE_DIR."""
    path = os.path.normpath(os.path.join(SOURCE_DIR, name))
    if path != SOURCE_DIR and not path.startswith(SOURCE_DIR + os.sep):
        raise ValueError("member %r leaves the source" % (name,))
    return path


def unpack_tar(source, umask):
    # type: (str, int) -> None
    """Unpack a tar archive with the modes that tarfile's `data` filter gives (PEP 706).

    The filter takes from group and others what a umask of 022 does; here the build's umask decides.
    """
    with tarfile.open(source) as archive:
        for member in archive:
            path = below_source(member.name)
            if member.issym() or member.islnk():
                base = os.path.dirname(member.name) if member.issym() else ""
                below_source(os.path.join(base, member.linkname))
            elif member.isreg():
                mode = member.mode if member.mode & 0o100 else member.mode & ~0o111
                member.mode = mode & 0o775 & ~umask | 0o600
            elif member.isdir():
                member.mode = 0o777 & ~umask | 0o700
            else:
                continue
            if os.path.lexists(path) and not member.isdir():
                os.unlink(path)
            extract(archive, member)


def extract(archive, member):
    # type: (tarfile.TarFile, tarfile.TarInfo) -> None
    """Extract one checked member; newer Pythons are told that it was checked."""
    if hasattr(tarfile, "fully_trusted_filter"):
        archive.extract(member, SOURCE_DIR, filter="fully_trusted")
    else:
        archive.extract(member, SOURCE_DIR)


def unpack_zip(source, umask):
    # type: (str, int) -> None
    """Unpack a ZIP archive; permission bits are kept where the archive has them."""
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            path = below_source(info.filename)
            archive.extract(info, SOURCE_DIR)
            if not info.filename.endswith("/") and info.external_attr >> 16 & 0o100:
                os.chmod(path, 0o777 & ~umask | 0o700)


def load_backend(request):
    # type: (Request) -> Any
    """The backend object that PEP 517 names."""
    sys.path[:0] = [os.path.abspath(entry) for entry in request["backend_path"]]
    module, _, attributes = str(request["backend"]).partition(":")
    try:
        backend = importlib.import_module(module)
    except ImportError as error:
        raise DriverError(EXIT_NO_BACKEND, "the backend cannot be imported: %s" % (error,))
    for attribute in attributes.split(".") if attributes else ():
        backend = getattr(backend, attribute)
    return backend


def ask_requires(request):
    # type: (Request) -> List[object]
    """What get_requires_for_build_wheel answers; the hook is optional (PEP 517)."""
    if request["mode"] == "setup.py":
        return ask_setup_requires()
    hook = getattr(load_backend(request), "get_requires_for_build_wheel", None)
    return list(hook(request["config_settings"] or None)) if hook else []


def ask_setup_requires():
    # type: () -> List[object]
    """What setup.py has setuptools fetch; without that it may well fail, which says nothing."""
    run([sys.executable, SETUP_REQUIRES, COLLECTED, SETUP_PY])
    if not os.path.exists(COLLECTED):
        return []
    with open(COLLECTED, "rb") as lines:
        found = [native(json.loads(line.decode("ascii"))) for line in lines]
    return sorted(set(found), key=found.index)


def ask_metadata(request):
    # type: (Request) -> Dict[str, Any]
    """What prepare_metadata_for_build_wheel writes; the hook is optional (PEP 517)."""
    hook = None
    if request["mode"] != "setup.py":
        hook = getattr(load_backend(request), "prepare_metadata_for_build_wheel", None)
    if hook is None:
        return {"directory": None, "files": {}}
    directory = str(hook(OUTPUT_DIR, request["config_settings"] or None))
    if os.path.basename(directory) != directory:
        raise DriverError(EXIT_BAD_METADATA, "%r is no name of a directory" % (directory,))
    return {"directory": directory, "files": read_files(os.path.join(OUTPUT_DIR, directory))}


def read_files(root):
    # type: (str) -> Dict[str, str]
    """The files below a directory: path relative to it, content in base64."""
    files = {}  # type: Dict[str, str]
    left = MAX_METADATA_BYTES
    for path in list_files(root):
        if len(files) == MAX_METADATA_FILES or not stat.S_ISREG(os.lstat(path).st_mode):
            raise DriverError(EXIT_BAD_METADATA, "%r is one too many or no file" % (path,))
        with open(path, "rb") as file:
            content = file.read(left + 1)
        left -= len(content)
        if left < 0:
            raise DriverError(EXIT_BAD_METADATA, "more metadata than %d B" % MAX_METADATA_BYTES)
        files[os.path.relpath(path, root)] = base64.b64encode(content).decode("ascii")
    return files


def list_files(root):
    # type: (str) -> Iterator[str]
    """The paths of all below a directory that are no directories; links are not followed."""
    for folder, folders, names in os.walk(root):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted(names + links):
            yield os.path.join(folder, name)


def preparation(request):
    # type: (Request) -> str
    """A statement that changes what the backend finds, as the recipe says; often none."""
    wanted = (
        (WINDOWS_TEXT, request["line_ends"] == "crlf"),
        (AS_PYPY, request["pypy"]),
        (SORTED_REQUIRES, request["sorted_requires"]),
    )
    return "".join(RUN_FILE % (path,) for path, is_wanted in wanted if is_wanted)


def build_wheel(request):
    # type: (Request) -> None
    """Have the wheel written to OUTPUT_DIR."""
    if request["mode"] == "setup.py":
        code = preparation(request) + SETUP_PY
        command = [sys.executable, "-c", code, "bdist_wheel", "--dist-dir", OUTPUT_DIR]
        ended = run(command + request["setup_options"])
        if ended:
            raise DriverError(1, "setup.py bdist_wheel ended with exit code %d" % (ended,))
    else:
        exec(preparation(request))  # noqa: S102 - files of our own
        hook = load_backend(request).build_wheel
        hook(OUTPUT_DIR, request["config_settings"] or None, None)


def run(command):
    # type: (List[str]) -> int
    """Run a command whose output goes to the log; gives its exit code."""
    with open(os.devnull, "rb") as nothing:
        # 2.7 would have it inherit the descriptor of the answer.
        return subprocess.call(command, stdin=nothing, close_fds=True)


def take_post_step(step):
    # type: (str) -> None
    """Change the wheel in OUTPUT_DIR; in a process of its own, out of reach of the backend."""
    script = REPAIR if step.startswith("repair ") else RETAG
    if run([sys.executable, script, OUTPUT_DIR] + step.split(" ")):
        raise DriverError(EXIT_NO_POST_STEP, "the step %r failed" % (step,))


def send_wheel(answer):
    # type: (BinaryIO) -> None
    """Send the one regular file of OUTPUT_DIR; anything else there is refused."""
    names = os.listdir(OUTPUT_DIR)
    if len(names) != 1:
        raise DriverError(EXIT_BAD_OUTPUT, "the build wrote %d files, not 1" % (len(names),))
    path = os.path.join(OUTPUT_DIR, names[0])
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode) or not names[0].endswith(".whl"):
        raise DriverError(EXIT_BAD_OUTPUT, "%r is no regular .whl file" % (names[0],))
    send_line(answer, {"filename": names[0], "size": status.st_size})
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
