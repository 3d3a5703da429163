"""Running the driver in a sandbox and reading its answer, which is hostile until parsed."""

import json
import shutil
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import BinaryIO

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from builders import driver
from builders.backends import read_failure
from builders.compilers import OWN_COMPILERS, Compilers
from builders.environment import ENVIRONMENT_DIR, ENVIRONMENT_PYTHON, environment_variables
from builders.errors import BuildFault, FailureCode
from builders.recipe import BackendCall
from builders.sandbox.interface import (
    BASE_ENVIRONMENT,
    Ending,
    Interpreter,
    Job,
    Limits,
    Mount,
    Outcome,
    Sandbox,
)
from verify.index.filenames import why_unsafe

DRIVER = PurePosixPath("/truewheel/driver.py")
HERE = Path(__file__).parent
SOURCE_MOUNT = PurePosixPath("/source")
MAX_HEAD = 64 * 1024
MAX_METADATA_LINE = 16 * 1024**2
"""Bytes of an answer with metadata: the driver's bound in base64, and names."""
MAX_REQUIRES = 200
MAX_REQUEST = 120_000
"""Bytes; Linux bounds one argument to 128 KiB (MAX_ARG_STRLEN, execve(2))."""

_ENDINGS: Mapping[Ending, tuple[FailureCode, str]] = {
    Ending.WALL_TIME: (FailureCode.TIMEOUT, "took longer than {limits.wall_seconds:.0f} s"),
    Ending.MEMORY: (FailureCode.LIMIT_EXCEEDED, "used more than {limits.memory_bytes} B of memory"),
    Ending.PROCESSES: (FailureCode.LIMIT_EXCEEDED, "ran more than {limits.processes} processes"),
    Ending.LOG_SIZE: (FailureCode.LIMIT_EXCEEDED, "printed more than {limits.log_bytes} B"),
    Ending.OUTPUT_SIZE: (FailureCode.LIMIT_EXCEEDED, "gave more than {limits.output_bytes} B"),
}
_EXITS: Mapping[int, tuple[FailureCode, str]] = {
    driver.EXIT_BAD_SOURCE: (FailureCode.BAD_SOURCE, "could not unpack the source"),
    driver.EXIT_NO_BACKEND: (FailureCode.BUILD_FAILED, "could not import the build backend"),
    driver.EXIT_BAD_OUTPUT: (FailureCode.BUILD_FAILED, "did not leave exactly one regular wheel"),
    driver.EXIT_OTHER_VERSION: (
        FailureCode.BAD_SOURCE,
        "has no PKG-INFO with the version that was to be written",
    ),
    driver.EXIT_BAD_METADATA: (FailureCode.BUILD_FAILED, "gave no proper metadata"),
    driver.EXIT_NO_POST_STEP: (FailureCode.BUILD_FAILED, "made a wheel that cannot be retagged"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Frontend:
    """A sandbox made ready for one source: interpreter, build environment, variables, limits."""

    sandbox: Sandbox
    python: Interpreter
    environment: Mount
    source: Path
    call: BackendCall
    variables: Mapping[str, str]
    umask: str
    config_settings: Mapping[str, str]
    limits: Limits
    line_ends: str = "lf"
    post_steps: Sequence[str] = ()
    compilers: Compilers = OWN_COMPILERS
    repair: Mount | None = None

    def requires(self) -> tuple[str, ...]:
        """What `get_requires_for_build_wheel` answers, or setup.py fetches: strings, unchecked.

        Raises:
            BuildFault: the hook failed, or its answer is no list of strings.
            SandboxFault: nothing can be said about the hook.
        """
        with self._run("requires") as (answer, outcome):
            value = _head(answer, outcome).get("requires")
            if not isinstance(value, list) or len(value) > MAX_REQUIRES:
                raise _bad_answer(outcome)
            return tuple(str(item) for item in value)

    def metadata(self) -> Mapping[str, bytes] | None:
        """What `prepare_metadata_for_build_wheel` writes; None where there is no such hook.

        The keys are paths relative to the dist-info directory, parted by slashes.

        Raises:
            BuildFault: the hook failed, or its answer is no bounded set of files.
            SandboxFault: nothing can be said about the hook.
        """
        with self._run("metadata") as (answer, outcome):
            return _metadata(_head(answer, outcome, MAX_METADATA_LINE), outcome)

    def wheel(self, folder: Path) -> tuple[Path, Outcome]:
        """Build the wheel and write it to `folder`.

        Raises:
            BuildFault: the build failed, or what came out is not exactly one wheel.
            SandboxFault: nothing can be said about the build.
        """
        with self._run("wheel") as (answer, outcome):
            head = _head(answer, outcome)
            path = folder / _wheel_name(head.get("filename"), outcome)
            with path.open("xb") as file:
                shutil.copyfileobj(answer, file)
            if path.stat().st_size != head.get("size"):
                path.unlink()
                raise _bad_answer(outcome)
            return path, outcome

    @contextmanager
    def _run(self, phase: str) -> Iterator[tuple[BinaryIO, Outcome]]:
        with TemporaryFile() as answer:
            outcome = self.sandbox.run(self._job(phase), answer)
            try:
                _refuse_failure(outcome, self.limits)
            except BuildFault as fault:
                raise read_failure(fault, self.call.backend, self.source) from fault
            answer.seek(0)
            yield answer, outcome

    def _job(self, phase: str) -> Job:
        source = SOURCE_MOUNT / self.source.name
        request = {
            "phase": phase,
            "source": str(source),
            "mode": self.call.mode,
            "backend": self.call.backend,
            "backend_path": list(self.call.backend_path),
            "setup_options": list(self.call.setup_options),
            "config_settings": dict(self.config_settings),
            "umask": self.umask,
            "line_ends": self.line_ends,
            "version": self.call.version,
            "pypy": self.call.pypy,
            "sorted_requires": self.call.sorted_requires,
            "post_steps": list(self.post_steps),
        }
        argument = json.dumps(request)
        if len(argument) > MAX_REQUEST:
            raise BuildFault(
                f"what {self.source.name} asks its build backend for is too long",
                code=FailureCode.BAD_SOURCE,
            )
        return Job(
            argv=(str(ENVIRONMENT_PYTHON), str(DRIVER), argument),
            mounts=(
                *self.python.mounts,
                self.environment,
                Mount(source=self.source, target=source),
                Mount(source=Path(driver.__file__), target=DRIVER),
                Mount(source=HERE / "windows_text.py", target=PurePosixPath(driver.WINDOWS_TEXT)),
                Mount(source=HERE / "as_pypy.py", target=PurePosixPath(driver.AS_PYPY)),
                Mount(
                    source=HERE / "sorted_requires.py",
                    target=PurePosixPath(driver.SORTED_REQUIRES),
                ),
                Mount(
                    source=HERE / "setup_requires.py",
                    target=PurePosixPath(driver.SETUP_REQUIRES),
                ),
                Mount(source=HERE / "retag.py", target=PurePosixPath(driver.RETAG)),
                Mount(source=HERE / "repair.py", target=PurePosixPath(driver.REPAIR)),
                *((self.repair,) if self.repair else ()),
                *self.compilers.mounts,
            ),
            environment={
                **self.python.environment,
                **environment_variables(self.python),
                "PATH": self._path(),
                **self.variables,
            },
            limits=self.limits,
        )

    def _path(self) -> str:
        """Where programs are looked for: a recipe's compilers, the environment's tools, others."""
        own = (*self.compilers.first, ENVIRONMENT_DIR / "bin", *self.compilers.last)
        return ":".join((*map(str, own), BASE_ENVIRONMENT["PATH"]))


def _refuse_failure(outcome: Outcome, limits: Limits) -> None:
    if outcome.ending is not Ending.EXITED:
        code, text = _ENDINGS[outcome.ending]
        raise BuildFault(f"the build {text.format(limits=limits)}", code=code, log=outcome.log)
    if outcome.exit_code:
        code, text = _EXITS.get(
            outcome.exit_code,
            (FailureCode.BUILD_FAILED, f"ended with exit code {outcome.exit_code}"),
        )
        raise BuildFault(f"the build {text}", code=code, log=outcome.log)


def _head(answer: BinaryIO, outcome: Outcome, limit: int = MAX_HEAD) -> dict[str, object]:
    try:
        head = json.loads(answer.readline(limit))
    except (ValueError, RecursionError) as error:
        raise _bad_answer(outcome) from error
    if not isinstance(head, dict):
        raise _bad_answer(outcome)
    return head


def _metadata(head: dict[str, object], outcome: Outcome) -> dict[str, bytes] | None:
    directory, files = head.get("directory"), head.get("files")
    if directory is None and files == {}:
        return None
    if (
        not isinstance(directory, str)
        or why_unsafe(directory) is not None
        or not directory.endswith(".dist-info")
        or not isinstance(files, dict)
        or len(files) > driver.MAX_METADATA_FILES
    ):
        raise _bad_answer(outcome)
    found = {_relative_path(name, outcome): _content(files[name], outcome) for name in files}
    if sum(map(len, found.values())) > driver.MAX_METADATA_BYTES:
        raise _bad_answer(outcome)
    return found


def _relative_path(name: str, outcome: Outcome) -> str:
    """A path whose every part is a file name."""
    if any(why_unsafe(part) is not None for part in name.split("/")):
        raise _bad_answer(outcome)
    return name


def _content(value: object, outcome: Outcome) -> bytes:
    try:
        return b64decode(str(value), validate=True)
    except ValueError as error:
        raise _bad_answer(outcome) from error


def _wheel_name(value: object, outcome: Outcome) -> str:
    """A file name that is a wheel's, and nothing but a file name."""
    if not isinstance(value, str) or why_unsafe(value) is not None:
        raise _bad_answer(outcome)
    try:
        parse_wheel_filename(value)
    except (InvalidWheelFilename, ValueError) as error:
        raise _bad_answer(outcome) from error
    return value


def _bad_answer(outcome: Outcome) -> BuildFault:
    return BuildFault(
        "the build gave no proper answer", code=FailureCode.BUILD_FAILED, log=outcome.log
    )
