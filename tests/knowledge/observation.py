"""What one setuptools made of the probes, and how two of them differ."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path
from zipfile import ZipFile

Members = Mapping[str, bytes]
"""By name; the content follows the octal mode and a line end."""

FAILED = "failed"
INFO = "dist-info/"
LICENSES = f"{INFO}licenses/"
METADATA = f"{INFO}METADATA"
KINDS = ("metadata", "dist-info", "members", "builds", "fails")
MAX_NOTE = 150
"""Characters of a note; what is beyond is told as a number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """The wheels of all probes.

    Attributes:
        wheels: by probe: the wheel's file name and its members without what every release changes
            (RECORD, the Generator line of WHEEL), None for one that could not be built.
    """

    wheels: Mapping[str, tuple[str, Members] | None]

    @property
    def is_usable(self) -> bool:
        """Whether any probe could be built at all."""
        return any(wheel is not None for wheel in self.wheels.values())

    @property
    def digest(self) -> str:
        """Lower-case hex sha256 over everything that is compared."""
        total = hashlib.sha256()
        for probe, wheel in sorted(self.wheels.items()):
            filename, members = wheel or (FAILED, {})
            total.update(f"{probe}\0{filename}\0".encode())
            for name, content in sorted(members.items()):
                total.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\0".encode())
        return total.hexdigest()


def read_observation(path: Path) -> Observation:
    """The observation in what the conductor gave."""
    wheels: dict[str, tuple[str, Members] | None] = {}
    with ZipFile(path) as archive:
        for name in archive.namelist():
            probe, _, filename = name.partition("/")
            failed = filename == FAILED
            wheels[probe] = None if failed else (filename, _members(archive.read(name)))
    return Observation(wheels=wheels)


def _members(wheel: bytes) -> Members:
    with ZipFile(io.BytesIO(wheel)) as archive:
        members = {
            info.filename: b"%o\n" % (info.external_attr >> 16) + archive.read(info)
            for info in archive.infolist()
        }
    return {
        name: _without_generator(content) if name.endswith(".dist-info/WHEEL") else content
        for name, content in members.items()
        if not name.endswith(".dist-info/RECORD")
    }


def _without_generator(wheel: bytes) -> bytes:
    lines = wheel.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b"Generator:"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What changed between two releases.

    Attributes:
        touches: where: `metadata`, `dist-info` (its other files), `members` (files that are
            installed, and the wheel's own name), `builds` (what only the later one can build),
            `fails` (what only the earlier one can build).
        note: what, as one line: `+` came, `-` went, `~` has another content.
    """

    touches: tuple[str, ...]
    note: str


def difference(before: Observation, after: Observation) -> Difference:
    """How two releases that build the same probes differ."""
    changes = {
        change
        for probe, wheel in after.wheels.items()
        for change in _changes(probe, before.wheels.get(probe), wheel)
    }
    return Difference(
        touches=tuple(kind for kind in KINDS if any(kind == found for found, _ in changes)),
        note=_shortened(_merged(sorted(changes, key=_rank))),
    )


def _merged(changes: list[tuple[str, str]]) -> list[str]:
    """What changes one way in one probe and another way in another is written otherwise."""
    signs: dict[str, str] = {}
    for _, text in changes:
        sign, name = text[0], text[1:]
        signs[name] = sign if signs.get(name, sign) == sign else "~"
    return [f"{sign}{name}" for name, sign in signs.items()]


def _rank(change: tuple[str, str]) -> tuple[int, str, str]:
    kind, text = change
    return KINDS.index(kind), text[1:], text


def _shortened(changes: list[str]) -> str:
    note = ""
    for number, change in enumerate(changes):
        longer = f"{note}, {change}" if note else change
        if len(longer) > MAX_NOTE:
            return f"{note}, and {len(changes) - number} more"
        note = longer
    return note


def _changes(
    probe: str, before: tuple[str, Members] | None, after: tuple[str, Members] | None
) -> Iterator[tuple[str, str]]:
    if before is None or after is None:
        if before is not None:
            yield "fails", f"-{probe} builds"
        if after is not None:
            yield "builds", f"+{probe} builds"
        return
    if before[0] != after[0]:
        yield "members", "~name of the wheel"
    old, new = _plain(before[1]), _plain(after[1])
    if old[METADATA] != new[METADATA]:
        yield from (("metadata", text) for text in _header_changes(old[METADATA], new[METADATA]))
    yield from _file_changes(old, new)


def _file_changes(old: Members, new: Members) -> Iterator[tuple[str, str]]:
    gone, come = old.keys() - new.keys(), new.keys() - old.keys()
    moved = {name for name in come if name.replace(LICENSES, INFO) in gone}
    if moved:
        yield "dist-info", f"files moved to {LICENSES}"
    for name in come - moved:
        yield _kind(name), f"+{name}"
    for name in gone - {name.replace(LICENSES, INFO) for name in moved}:
        yield _kind(name), f"-{name}"
    for name in old.keys() & new.keys() - {METADATA}:
        if old[name] != new[name]:
            yield _kind(name), f"~{name}"


def _kind(name: str) -> str:
    return "dist-info" if name.startswith(INFO) else "members"


def _plain(members: Members) -> Members:
    """Members with names that no longer hold the project's name."""
    plain = {}
    for name, content in members.items():
        folder, _, rest = name.partition("/")
        plain[INFO + rest if folder.endswith(".dist-info") else name] = content
    return plain


def _header_changes(before: bytes, after: bytes) -> Iterator[str]:
    old, new = _headers(before), _headers(after)
    same = True
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            same = False
            yield f"{'~' if name in old and name in new else '+' if name in new else '-'}{name}"
    if same:
        yield "~order of headers"


def _headers(metadata: bytes) -> Mapping[str, list[str]]:
    _mode, _, text = metadata.partition(b"\n")
    message = BytesParser(policy=compat32).parsebytes(text)
    found = {"body": [str(message.get_payload())]}
    for name, value in message.items():
        found.setdefault(name, []).append(str(value))
    return found
