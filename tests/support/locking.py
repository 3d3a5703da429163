"""Making locks of values: an index of them, and a judge that knows each wheel's verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from verify.events import silent
from verify.index.interface import FileKind, Index, IndexFile, Project, Sha256
from verify.lock.inputs.hashes import made_hash
from verify.lock.inputs.interface import Location, WrittenHash
from verify.lock.making.archives import Archive
from verify.lock.making.closing import Closer, LockEntry
from verify.lock.making.resolution import Pin
from verify.lock.making.sdists import SdistChoice, Sdists
from verify.lock.making.source_metadata import Requires
from verify.lock.making.targets import LockTarget
from verify.policy.model import DEFAULT_POLICY
from verify.results import CheckedSource, CheckedWheel, CheckResult
from verify.subject import Subject
from verify.verdict import Verdict

PURE, LINUX, WINDOWS = (
    "thing-1.0-py3-none-any.whl",
    "thing-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
    "thing-1.0-cp311-cp311-win_amd64.whl",
)
SDIST = "thing-1.0.tar.gz"
ON_LINUX = LockTarget(python=(3, 11), platform="manylinux_2_28_x86_64")
ON_WINDOWS = LockTarget(python=(3, 11), platform="win_amd64")
HERE = Location(path="requirements.in", line=1)


def digest(name: str) -> str:
    return sha256(name.encode()).hexdigest()


def listed(filename: str, *, hashed: bool = True) -> IndexFile:
    wheel = filename.endswith(".whl")
    return IndexFile(
        project=canonicalize_name("thing"),
        version=parse_wheel_filename(filename)[1] if wheel else Version("1.0"),
        filename=filename,
        kind=FileKind.WHEEL if wheel else FileKind.SDIST,
        url=f"https://f.example.org/{filename}",
        sha256=Sha256(digest(filename)) if hashed else None,
        size=10,
        upload_time=datetime(2024, 5, 1, tzinfo=UTC),
        requires_python=None,
        yanked=None,
    )


@dataclass
class Shelf:
    """An index of values; a file's content is its name, unless there is another."""

    files: Sequence[IndexFile]
    asked: list[str] = field(default_factory=list)
    fault: Exception | None = None
    contents: Mapping[str, Path] = field(default_factory=dict)

    def project(self, name: str) -> Project:
        self.asked.append(name)
        if self.fault is not None:
            raise self.fault
        return Project(name=canonicalize_name(name), files=tuple(self.files))

    def fetch(self, file: IndexFile) -> Path:
        return self.contents.get(file.filename, Path(digest(file.filename)) / file.filename)

    def provenance(self, file: IndexFile) -> Path | None:
        raise AssertionError(file)

    def served_metadata(self, file: IndexFile) -> tuple[Sha256, ...]:
        raise AssertionError(file)


def shelf(*names: str) -> Shelf:
    return Shelf([*map(listed, names), listed(SDIST)])


@dataclass
class Judge:
    """Trusts every wheel that is not named here; by their verdict, or for what `basis` says."""

    distrusted: Mapping[str, Verdict] = field(default_factory=dict)
    basis: str = "verdict"
    asked: list[str] = field(default_factory=list)

    def __call__(self, subject: Subject) -> CheckResult:
        wheel = subject.wheel
        assert wheel is not None
        self.asked.append(wheel.filename)
        verdict = self.distrusted.get(wheel.filename, Verdict.IDENTICAL)
        return CheckResult(
            requirement=subject.requirement,
            wheel=CheckedWheel(filename=wheel.filename, sha256=digest(wheel.filename), size=10),
            source=CheckedSource(
                kind="sdist", filename=source.filename, sha256=source.sha256 or digest(SDIST)
            )
            if (source := subject.source)
            else None,
            verdict=verdict,
            reason=None,
            detail=None,
            trusted=wheel.filename not in self.distrusted,
            basis=self.basis,
            reasons=(f"the verdict is {verdict}",),
        )


def pinned(**changes: object) -> Pin:
    pin = Pin(name=canonicalize_name("thing"), version=Version("1.0"))
    return replace(pin, **changes)  # type: ignore[arg-type] # names of fields


def closed(
    index: Index,
    judge: Judge,
    *targets: LockTarget,
    pin: Pin | None = None,
    hashes: Sequence[str] = (),
    choice: SdistChoice | None = None,
    refused: tuple[str, ...] = (),
    archive: Archive | None = None,
) -> LockEntry:
    pin = pin or pinned()
    written = [made_hash(each[:6], each[7:], HERE) for each in hashes]
    allowed = {pin.name: tuple(WrittenHash(value=value, where=HERE) for value in written)}
    sdists = Sdists(
        index=index,
        judge=judge,
        refusals=lambda _source, _listing: refused,
        built=lambda _source: Requires(),
        choice=choice or SdistChoice(policy=DEFAULT_POLICY),
        archives={archive.name: archive} if archive else {},
    )
    closer = Closer(
        index=index,
        judge=judge,
        sdists=sdists,
        listener=silent,
        allowed=allowed if hashes else {},
    )
    return closer.close(pin, targets)


def locked(entry: LockEntry) -> list[str]:
    return [wheel.file.filename for wheel in entry.wheels]
