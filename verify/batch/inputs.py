"""From what a person names to what is asked for: files, folders, lists, standard input.

What cannot be read is told beside the rest, which goes on. A requirement has to be pinned: what an
unpinned one means changes from day to day, and what is judged should be what was installed.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from packaging.requirements import Requirement

from verify.batch.installed import read_environment
from verify.batch.interface import Ask
from verify.batch.listed import Row, read_csv, read_json
from verify.errors import UsageFault
from verify.index.select import Target, is_pinned
from verify.lock.inputs.interface import (
    Asked,
    InputFault,
    Location,
    Lock,
    LockedPackage,
    LockFormat,
    SourceKind,
)
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.pinned_requirements import pinned_packages
from verify.lock.inputs.reading import bounded, read_file
from verify.lock.inputs.requirements_txt import read_requirements
from verify.subject import parse_requirement

STDIN = Path("-")
NO_VARIABLES: Mapping[str, str] = {}
"""A lock comes from whoever wrote the change: its URLs get no secret of the environment."""

MAX_DEPTH = 40
_LOCKS = frozenset({"uv.lock", "poetry.lock", "pdm.lock"})
_PYLOCK = re.compile(r"pylock(?:\.[^.]+)?\.toml")
_REQUIREMENTS = re.compile(r".*requirements.*\.txt")
_NEVER = frozenset({"node_modules", "site-packages", "__pycache__"})
"""Folders that hold others' projects, or none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Which wheels are meant where an input leaves it open.

    Attributes:
        targets: those that a person named, none for all of a lock and the running one else.
    """

    targets: tuple[Target, ...] = ()
    glob: str | None = None
    all_wheels: bool = False

    @property
    def of_requirements(self) -> tuple[Target, ...]:
        """Wheels of a requirement are chosen for something."""
        return self.targets or (Target(),)


@dataclass(frozen=True, kw_only=True)
class Input:
    """One input that was read, or could not be.

    Attributes:
        path: as the person named it, or as it was found below a folder that they named.
        kind: `requirements.txt` and the other locks' names, `csv`, `json` or `environment`; None
            where it could not be read.
        faults: what of it could not be read, or is not to be judged.
    """

    path: str
    kind: str | None
    asks: tuple[Ask, ...] = ()
    faults: tuple[InputFault, ...] = ()


def read_inputs(
    paths: Sequence[Path], environments: Sequence[Path], choice: Choice
) -> tuple[Input, ...]:
    """Every input in the order given; those below a folder by their path. Never raises for one."""
    inputs: list[Input] = []
    seen: set[Path] = set()
    for path in paths:
        for each in _files(path):
            if isinstance(each, Path):
                if each.absolute() in seen:
                    continue
                seen.add(each.absolute())
            read = each if isinstance(each, Input) else _guarded(_read, each, choice)
            inputs.append(_numbered(read, len(inputs)))
    for place in environments:
        read = _guarded(_environment, place, choice)
        inputs.append(_numbered(read, len(inputs)))
    return tuple(inputs)


def _numbered(one: Input, number: int) -> Input:
    return replace(one, asks=tuple(replace(ask, source=number) for ask in one.asks))


def _guarded(read: Callable[[Path, Choice], Input], path: Path, choice: Choice) -> Input:
    try:
        return read(path, choice)
    except InputFault as fault:
        return _unread(path, fault)


def _unread(path: Path, fault: InputFault) -> Input:
    return Input(path=str(path), kind=None, faults=(fault,))


def _files(path: Path) -> Iterator[Path | Input]:
    """The path itself, or what of known name lies below it."""
    if path == STDIN or not path.is_dir():
        yield path
        return
    found, unreadable = _below(path)
    yield from unreadable
    yield from found
    if not found and not unreadable:
        where = Location(path=str(path))
        hint = "it looks for requirements*.txt, uv.lock, poetry.lock, pdm.lock and pylock.toml"
        yield _unread(path, InputFault(where, "holds no lock", hint=hint))


def _below(folder: Path) -> tuple[list[Path], list[Input]]:
    found: list[Path] = []
    unreadable: list[Input] = []

    def note(error: OSError) -> None:
        place = Path(str(error.filename or folder))
        fault = InputFault(Location(path=str(place)), f"cannot be read: {error.strerror}")
        unreadable.append(_unread(place, fault))

    for where, folders, names in os.walk(folder, onerror=note):
        here = Path(where)
        folders[:] = sorted(name for name in folders if _is_entered(here / name, folder))
        found += [here / name for name in sorted(names) if _is_known(name, here.name)]
    return found, unreadable


def _is_entered(path: Path, root: Path) -> bool:
    if path.name.startswith(".") or path.name in _NEVER or (path / "pyvenv.cfg").exists():
        return False
    return len(path.relative_to(root).parts) <= MAX_DEPTH


def _is_known(name: str, folder: str) -> bool:
    if name in _LOCKS or _PYLOCK.fullmatch(name) or _REQUIREMENTS.fullmatch(name.lower()):
        return True
    return folder == "requirements" and name.endswith(".txt")


def _read(path: Path, choice: Choice) -> Input:
    if path == STDIN:
        return _standard_input(choice)
    match path.suffix.lower():
        case ".csv":
            return _list(path, "csv", read_csv(read_file(path), Location(path=str(path))), choice)
        case ".json":
            return _list(path, "json", read_json(read_file(path), Location(path=str(path))), choice)
        case ".toml" | ".lock":
            return _lock(path, choice)
    return _requirements(path, read_file, choice)


def _standard_input(choice: Choice) -> Input:
    where = Location(path=str(STDIN))
    try:
        data = bounded(sys.stdin.buffer.read(), where)
    except OSError as error:
        raise InputFault(where, f"cannot be read: {error.strerror}") from error
    head = data.lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"["):
        return _list(STDIN, "json", read_json(data, where), choice)
    if re.match(rb'"?requirement"?\s*(,|\r?\n)', head, re.IGNORECASE):
        return _list(STDIN, "csv", read_csv(data, where), choice)

    def read(path: Path) -> bytes:
        return data if path == STDIN else read_file(path)

    return _requirements(STDIN, read, choice)


def _list(path: Path, kind: str, rows: Sequence[Row], choice: Choice) -> Input:
    return _Gathering(path=path, kind=kind, choice=choice).of_rows(rows)


def _lock(path: Path, choice: Choice) -> Input:
    lock = read_lock(path, read_file, NO_VARIABLES)
    return _Gathering(path=path, kind=lock.format, choice=choice).of_packages(lock)


def _requirements(path: Path, read: Callable[[Path], bytes], choice: Choice) -> Input:
    file = read_requirements(path, read, NO_VARIABLES)
    gathering = _Gathering(path=path, kind=LockFormat.REQUIREMENTS, choice=choice)
    plain = [asked for asked in file.asked if _is_plain(asked)]
    locked = replace(file, asked=tuple(each for each in file.asked if not _is_plain(each)))
    gathering.of_plain(plain)
    packages = tuple(pinned_packages(locked))
    return gathering.of_packages(
        Lock(path=str(path), format=LockFormat.REQUIREMENTS, packages=packages)
    )


def _is_plain(asked: Asked) -> bool:
    """Whether a line asks for a release by its name alone, without hashes."""
    is_named = asked.kind is SourceKind.REGISTRY and asked.requirement is not None
    return is_named and not asked.hashes and not asked.constraint


def _environment(place: Path, choice: Choice) -> Input:
    found = read_environment(place)
    gathering = _Gathering(path=place, kind="environment", choice=choice)
    for each in found.distributions:
        gathering.add(each.requirement, each.where, targets=(Target(python=found.python),))
    gathering.faults += found.faults
    return gathering.result()


@dataclass(kw_only=True)
class _Gathering:
    """What one input asks for, so far."""

    path: Path
    kind: str
    choice: Choice
    asks: list[Ask] = field(default_factory=list)
    faults: list[InputFault] = field(default_factory=list)

    def result(self) -> Input:
        return Input(
            path=str(self.path), kind=self.kind, asks=tuple(self.asks), faults=tuple(self.faults)
        )

    def of_rows(self, rows: Sequence[Row]) -> Input:
        for row in rows:
            try:
                requirement = parse_requirement(row.requirement)
            except UsageFault as fault:
                self.faults.append(InputFault(row.where, fault.message, hint=fault.hint))
                continue
            self._pinned(requirement, row.where, glob=row.glob)
        return self.result()

    def of_plain(self, asked: Sequence[Asked]) -> None:
        for each in asked:
            if each.requirement is not None:
                self._pinned(each.requirement, each.where)

    def of_packages(self, lock: Lock) -> Input:
        """Entries of one project together: their hashes are those of one release."""
        named = [package for package in lock.packages if not package.is_project]
        order = {package.name: at for at, package in reversed(list(enumerate(named)))}
        for _, group in groupby(
            sorted(named, key=lambda package: order[package.name]), key=_by_project
        ):
            packages = tuple(group)
            self.asks.append(
                Ask(
                    source=0,
                    where=packages[0].where,
                    targets=self.choice.targets,
                    packages=packages,
                    lock=lock.path,
                    lock_format=lock.format,
                )
            )
        return self.result()

    def _pinned(
        self, requirement: Requirement, where: Location, *, glob: str | None = None
    ) -> None:
        if not is_pinned(requirement.specifier):
            self.faults.append(
                InputFault(
                    where,
                    f"{requirement} is not pinned to one version",
                    hint="write NAME==VERSION, or name the lock that was made of it",
                )
            )
            return
        # Neither an extra nor a marker changes what the wheels of a release are.
        self.add(f"{requirement.name}{requirement.specifier}", where, glob=glob)

    def add(
        self,
        requirement: str,
        where: Location,
        *,
        glob: str | None = None,
        targets: tuple[Target, ...] | None = None,
    ) -> None:
        self.asks.append(
            Ask(
                source=0,
                where=where,
                requirement=requirement,
                glob=glob or self.choice.glob,
                all_wheels=self.choice.all_wheels and glob is None,
                targets=targets or self.choice.of_requirements,
            )
        )


def _by_project(package: LockedPackage) -> str:
    return package.name
