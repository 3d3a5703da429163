"""What requirements resolve to: each project pinned by uv, which reads metadata, builds nothing.

The inputs were read strictly before, so uv gets plain requirements and no file of a person: what it
would read otherwise than truewheel, or run, is not there.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import Version

from builders.store import StoreError
from builders.uv import UV_TIMEOUT, UvRun, UvTimeoutError, run_uv
from verify.errors import TruewheelError, UsageFault
from verify.index.interface import IndexUnreachableError
from verify.lock.inputs.packages import last_part
from verify.lock.making.archives import Archive
from verify.lock.making.stand_ins import StandIn
from verify.lock.making.targets import LockTarget
from verify.lock.making.wanted import Wanted

_IN, _NARROW, _LOCK = "requirements.in", "constraints.txt", "requirements.txt"
_LINKS = "links"
_VIA = re.compile(r"\s+# via (.*)$")
_WORD = r"[A-Za-z0-9_.+][A-Za-z0-9_.+*~:/()-]*"
_WORDS = rf"(?:{_WORD}(?: {_WORD})*)?"
_PLAIN = re.compile(rf"""(?:[a-z_ <>=!~()]|"{_WORDS}"|'{_WORDS}')*""")
"""A marker that every installer reads alike: `" #"` cuts a line short, `" -"` begins an option."""

_NO_WHEEL = re.compile(r"has no usable wheels|Wheels are required for `")
_WITHOUT_WHEEL = re.compile(
    r"^hint: .*`([A-Za-z0-9][A-Za-z0-9._-]*)` (?:\(v|because)", re.MULTILINE
)
"""uv's words for projects whose releases have no wheel that fits."""


class ConflictError(UsageFault):
    """No set of versions satisfies what is asked for."""


class NoWheelError(ConflictError):
    """As long as nothing but wheels counts; `projects` have releases without one that fits."""

    def __init__(self, message: str, hint: str, projects: frozenset[NormalizedName]) -> None:
        super().__init__(message, hint=hint)
        self.projects = projects


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIns:
    """Metadata in place of what has no wheel that uv could read; see `StandIn`.

    Attributes:
        releases: of an index.
        archives: what the inputs name by its URL.
    """

    releases: tuple[StandIn, ...] = ()
    archives: tuple[tuple[Archive, StandIn], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One project at one version, or one wheel by its URL.

    Attributes:
        version: None for a URL.
        marker: where it is installed at all.
        via: the projects that ask for it; empty where a person does.
    """

    name: NormalizedName
    version: Version | None
    url: str | None = None
    extras: tuple[str, ...] = ()
    marker: Marker | None = None
    via: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As a requirement without its marker, e.g. `requests[socks]==2.32.5`."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        if self.url is not None:
            return f"{self.name}{extras} @ {self.url}"
        return f"{self.name}{extras}=={self.version}"


@dataclass(frozen=True, kw_only=True)
class Resolver:
    """Asks uv.

    Attributes:
        arguments, environment: the indexes in uv's terms.
        cache: uv's own.
        kept: versions of an earlier lock, taken again where they still fit.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    cache: Path
    offline: bool = False
    kept: Mapping[NormalizedName, Version] = field(default_factory=dict)

    def resolve(
        self,
        wanted: Wanted,
        targets: Sequence[LockTarget],
        *,
        universal: bool,
        stand_ins: StandIns = StandIns(),
    ) -> tuple[Pin, ...]:
        """Every project that is needed, sorted by name; several pins of one have markers.

        Raises:
            ConflictError: there is no solution; a `NoWheelError` if wheels are what is missing.
            IndexUnreachableError: the index did not answer.
            StoreError: uv's cache cannot be written.
        """
        with TemporaryDirectory(prefix="truewheel-") as name:
            folder = Path(name)
            wheels = _written(stand_ins, folder)
            lines = (_as_wheel(archive, url) for url, archive in wheels.items())
            _write(folder / _IN, chain(map(str, wanted.requirements), lines))
            _write(folder / _NARROW, map(str, wanted.constraints))
            _write(folder / _LOCK, (f"{name}=={v}" for name, v in sorted(self.kept.items())))
            command = (
                *("pip", "compile", _IN, "--constraints", _NARROW, "--output-file", _LOCK),
                *("--no-header", "--annotation-style", "line", "--no-strip-extras"),
                *("--only-binary", ":all:", "--python", sys.executable),
                *("--cache-dir", str(self.cache.absolute())),
                *_for_targets(targets, universal=universal),
                *(["--prerelease", "allow"] if wanted.prereleases else []),
                *(["--find-links", _LINKS] if stand_ins.releases else []),
                *(["--offline"] if self.offline else []),
                *self.arguments,
            )
            pins = _pins(self._run(command, folder, wheels))
            own = {url: archive.url for url, archive in wheels.items()}
            found = [replace(pin, url=own.get(pin.url or "", pin.url)) for pin in pins]
            for pin in found:
                _require_wheel(pin, {*own.values()})
            return tuple(sorted(found, key=_order))

    def _run(self, command: Sequence[str], folder: Path, wheels: Mapping[str, Archive]) -> str:
        try:
            done = run_uv(command, self.environment, folder)
        except UvTimeoutError as error:
            raise IndexUnreachableError(
                f"resolving took more than {UV_TIMEOUT:.0f} s", hint="try again, or pin more"
            ) from error
        if done.succeeded:
            return done.output
        raise _failure(_with_urls(done, wheels))


def _written(stand_ins: StandIns, folder: Path) -> dict[str, Archive]:
    """Archives by the URL of the wheel that stands in for each."""
    for one in stand_ins.releases:
        one.write(folder / _LINKS)
    return {
        one.write(folder / str(number)).as_uri(): archive
        for number, (archive, one) in enumerate(stand_ins.archives)
    }


def _as_wheel(archive: Archive, url: str) -> str:
    asked = archive.asked
    extras = f"[{','.join(asked.extras)}]" if asked.extras else ""
    marker = f" ; {asked.marker}" if asked.marker is not None else ""
    return f"{archive.name}{extras} @ {url}{marker}"


def _with_urls(done: UvRun, wheels: Mapping[str, Archive]) -> UvRun:
    errors = done.errors
    for url, archive in wheels.items():
        errors = errors.replace(url, archive.url)
    return replace(done, errors=errors)


def _for_targets(targets: Sequence[LockTarget], *, universal: bool) -> Iterator[str]:
    # Without a patch release, uv takes the first: what only later ones need is left out.
    oldest = min(targets, key=lambda target: (target.python, target.patch or 0))
    yield from ("--python-version", oldest.python_name)
    if universal:
        yield "--universal"
    elif (platform := targets[0].uv_platform) is not None:
        yield from ("--python-platform", platform)


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _failure(done: UvRun) -> TruewheelError:
    if done.disk_failed:
        return StoreError(
            f"the requirements cannot be resolved: {done.said}",
            hint="free some space or choose another place with --cache-dir",
        )
    if done.index_failed:
        return IndexUnreachableError(
            f"the index could not be asked: {done.said}",
            hint="check the network and the index URL",
        )
    said = f"the requirements cannot be satisfied: {done.said}"
    missing = frozenset(map(canonicalize_name, _WITHOUT_WHEEL.findall(done.errors)))
    if missing or _NO_WHEEL.search(done.errors):
        hint = (
            "choose a version that has a wheel; what has none can only be locked unverified, where"
            ' the policy says sdists = "any"'
        )
        return NoWheelError(said, hint, missing)
    return ConflictError(said, hint="loosen or correct one of the requirements that it names")


def _pins(text: str) -> Iterator[Pin]:
    for line in text.splitlines():
        via = _VIA.search(line)
        written = line[: via.start()] if via else line
        if not written.strip() or written.startswith(("#", " ")):
            continue
        try:
            yield _pin(Requirement(written), via[1] if via else "")
        except (InvalidRequirement, ValueError) as error:
            raise IndexUnreachableError(f"uv wrote what cannot be read: {written!r}") from error


def _pin(requirement: Requirement, via: str) -> Pin:
    versions = [clause.version for clause in requirement.specifier]
    if requirement.url is None and len(versions) != 1:
        raise ValueError("not pinned")
    if not _PLAIN.fullmatch(str(requirement.marker or "")):
        raise ConflictError(
            f"{requirement.name} is asked for where {requirement.marker}, which no lock can hold",
            hint="exclude the version whose metadata says so",
        )
    asking = (name.strip() for name in via.split(","))
    return Pin(
        name=canonicalize_name(requirement.name),
        version=Version(versions[0]) if requirement.url is None else None,
        # The hash in a fragment would count beside the one that is locked.
        url=requirement.url and requirement.url.partition("#")[0],
        extras=tuple(sorted(requirement.extras)),
        marker=requirement.marker,
        via=tuple(sorted(name for name in asking if name and not name.startswith(("-r ", "-c ")))),
    )


def _require_wheel(pin: Pin, archives: AbstractSet[str]) -> None:
    """What is named by its URL is a wheel, or an archive that a person named.

    Metadata of one that is named so may name others: uv follows, nobody has judged them.
    """
    if pin.url is None or pin.url in archives:
        return
    try:
        name = parse_wheel_filename(last_part(pin.url) or "")[0]
    except InvalidWheelFilename:
        name = None
    if name != pin.name:
        raise ConflictError(
            f"{', '.join(pin.via) or 'an input'} asks for {pin}, which is no wheel",
            hint="name a release of it, or an archive of sources, in an input",
        )


def _order(pin: Pin) -> tuple[str, str, str]:
    return pin.name, str(pin.version), str(pin.marker)
