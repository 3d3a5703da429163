"""Builds the probes with one release of setuptools, in the sandbox that rebuilds wheels."""

import hashlib
import io
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.specifiers import SpecifierSet
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from builders.environment import prepare_environment
from builders.errors import BuildFault, FailureCode
from builders.hooks import Frontend
from builders.recipe import BackendCall
from builders.sandbox.interface import Interpreter, Limits, Sandbox
from builders.store import Store
from tests.knowledge.observation import Observation, read_observation
from tests.knowledge.probes import PROBES, Tree
from verify.index.interface import FileKind, Index, IndexFile

PYTHONS = ("3.6", "3.9", "3.12")
"""Two releases are compared with the first of these that both allow."""

WHEEL = Version("0.37.1")
"""It runs with every setuptools and Python here, and copies what setuptools wrote."""

OWN_BDIST_WHEEL = Version("70.1.0")
"""The first setuptools that brings bdist_wheel; `wheel` is then left out."""

UNBUNDLED = {"appdirs": "1.4.0", "packaging": "16.8", "pyparsing": "2.1.10", "six": "1.10.0"}
"""What setuptools 34 and 35 require, in the releases that 33 and 36 bring copies of."""

PURE = "py3-none-any"
EPOCH = "1500000000"
LIMITS = Limits(wall_seconds=240.0)
PYPROJECT = '[build-system]\nrequires = []\nbuild-backend = "conductor"\nbackend-path = ["."]\n'


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """One release by its universal wheel."""

    version: Version
    file: IndexFile

    def allows(self, python: str) -> bool:
        """Whether it says to run on a Python, given as `X.Y`."""
        return SpecifierSet(self.file.requires_python or "").contains(f"{python}.99")


def releases(index: Index) -> tuple[Release, ...]:
    """The final releases of setuptools that were published in the order of their versions.

    Left out are yanked ones, those without a wheel for Python 3, and maintenance releases of an
    older line, which came when newer versions were already there.
    """
    found = [
        Release(version=file.version, file=file)
        for file in index.project("setuptools").files
        if file.version is not None and _is_candidate(file)
    ]
    kept: list[Release] = []
    for release in sorted(found, key=lambda release: release.version, reverse=True):
        time = release.file.upload_time
        newer = kept[-1].file.upload_time if kept else None
        if time is not None and (newer is None or time <= newer):
            kept.append(release)
    return tuple(reversed(kept))


def _is_candidate(file: IndexFile) -> bool:
    return (
        file.yanked is None
        and file.version is not None
        and not file.version.is_prerelease
        and _is_universal(file)
    )


def _is_universal(file: IndexFile) -> bool:
    is_wheel = file.kind is FileKind.WHEEL
    return is_wheel and PURE in map(str, parse_wheel_filename(file.filename)[3])


def _universal(index: Index, name: str, version: str) -> IndexFile:
    wanted = Version(version)
    found = index.project(name).files
    return next(file for file in found if file.version == wanted and _is_universal(file))


def companions(version: Version) -> Iterator[str]:
    """What is installed beside a setuptools, by name."""
    if version < OWN_BDIST_WHEEL:
        yield "wheel"
    if version.major in {34, 35}:
        yield from UNBUNDLED


def common_python(first: Release, second: Release) -> str:
    """The Python with which two releases are compared."""
    return next(p for p in PYTHONS if first.allows(p) and second.allows(p))


class Laboratory:
    """Builds the probes; what came out is kept in a folder, so that a run can be resumed."""

    def __init__(self, *, sandbox: Sandbox, index: Index, kept: Path) -> None:
        source = pack(PROBES)
        self._folder = kept / _key(source)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._source = self._folder / "probes-1.0.tar"
        self._source.write_bytes(source)
        self._sandbox = sandbox
        self._index = index
        beside = {"wheel": str(WHEEL), **UNBUNDLED}
        self._beside = {name: _universal(index, name, beside[name]) for name in beside}

    def observe(self, release: Release, python: str) -> Observation:
        """What a release makes of the probes; an empty observation where it cannot be installed.

        Raises:
            BuildFault: the conductor failed, which no setuptools makes it do.
        """
        kept = self._folder / f"setuptools-{release.version}-python{python}.zip"
        if not kept.exists():
            try:
                self._build(release, self._interpreter(python), kept)
            except BuildFault as fault:
                if fault.code is not FailureCode.NO_BUILD_REQUIREMENTS:
                    raise
                return Observation(wheels={})
        return read_observation(kept)

    def _build(self, release: Release, python: Interpreter, kept: Path) -> None:
        wheels = [self._index.fetch(release.file)]
        wheels += [self._index.fetch(self._beside[name]) for name in companions(release.version)]
        with TemporaryDirectory(dir=self._folder) as folder:
            environment = prepare_environment(wheels, python, Store(Path(folder) / "store"))
            frontend = Frontend(
                sandbox=self._sandbox,
                python=python,
                environment=environment,
                source=self._source,
                call=BackendCall(mode="pep517", backend="conductor", backend_path=(".",)),
                variables={"SOURCE_DATE_EPOCH": EPOCH},
                umask="022",
                config_settings={},
                limits=LIMITS,
            )
            answer, outcome = frontend.wheel(Path(folder))
            kept.with_suffix(".log").write_text(outcome.log, encoding="utf-8")
            shutil.move(answer, kept)

    def _interpreter(self, version: str) -> Interpreter:
        for python in self._sandbox.interpreters():
            if version == f"{python.version[0]}.{python.version[1]}":
                return python
        raise LookupError(f"CPython {version} is needed and the sandbox has none")


def _key(source: bytes) -> str:
    """Names all that is the same for every release, so that nothing older is taken for kept."""
    companion = f"{WHEEL}{sorted(UNBUNDLED.items())}"
    return hashlib.sha256(source + companion.encode()).hexdigest()[:16]


def pack(probes: Mapping[str, Tree]) -> bytes:
    """The sdist that holds all probes and the conductor; the same bytes each time."""
    conductor = (files("tests.knowledge") / "conductor.py").read_text(encoding="utf-8")
    contents = {"pyproject.toml": PYPROJECT, "conductor.py": conductor}
    for probe, tree in probes.items():
        contents |= {f"probes/{probe}/{name}": text for name, text in tree.items()}
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, text in sorted(contents.items()):
            content = text.encode()
            info = tarfile.TarInfo(f"probes-1.0/{name}")
            info.size, info.mtime = len(content), int(EPOCH)
            info.mode = 0o755 if content.startswith(b"#!") else 0o644
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()
