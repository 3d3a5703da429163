"""The header fields that regeneration takes from the published file: the only free ones there are.

A field is recorded when it differs from the rebuilt member's; the list, with the rebuilt wheel, is
all that is needed to write the published file again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import attrgetter

from verify.archive.facts import note, unexplained
from verify.archive.findings import Findings
from verify.archive.layout import RegionKind
from verify.archive.member import Member
from verify.archive.reader import Archive
from verify.compare.deflate import Setting
from verify.compare.meaning import Pair, meaningful_fields, programs
from verify.distinfo.targets import LIBRARY, placed
from verify.finding import Finding, JSONValue

Scalar = bool | int | str

_modes = attrgetter("external_attr", "create_system")
"""All that `programs` goes by, but for the name."""

_EGG_INFO = ".egg-info"

_EXECUTABLE = ("not executable", "executable for some installers", "executable")


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A recordable field: where it is, how to show it, and its width in bytes in both headers."""

    name: str
    stored: Callable[[Member], object]
    value: Callable[[Member], Scalar]
    local_width: int
    central_width: int


def _plain(name: str, *, local_width: int, central_width: int) -> Field:
    """A field that is shown as the number that it is."""
    stored = attrgetter(name)
    return Field(
        name=name,
        stored=stored,
        value=stored,
        local_width=local_width,
        central_width=central_width,
    )


def _date_time(member: Member) -> str:
    year, month, day, hour, minute, second = member.date_time
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"


def _versions(member: Member) -> Scalar:
    if member.version_needed == member.local_version_needed:
        return member.version_needed
    return f"{member.version_needed}, {member.local_version_needed} in the local header"


FIELDS = (
    Field(
        name="date_time",
        stored=attrgetter("dos_date", "dos_time"),
        value=_date_time,
        local_width=4,
        central_width=4,
    ),
    _plain("made_by", local_width=0, central_width=1),
    _plain("create_system", local_width=0, central_width=1),
    Field(
        name="version_needed",
        stored=attrgetter("version_needed", "local_version_needed"),
        value=_versions,
        local_width=1,
        central_width=1,
    ),
    Field(
        name="flags",
        stored=attrgetter("flags"),
        value=lambda m: f"0x{m.flags:04x}",
        local_width=2,
        central_width=2,
    ),
    _plain("method", local_width=2, central_width=2),
    _plain("internal_attr", local_width=0, central_width=2),
    Field(
        name="external_attr",
        stored=attrgetter("external_attr"),
        value=lambda m: f"0o{m.mode:06o}, 0x{m.external_attr & 0xFFFF:02x}",
        local_width=0,
        central_width=4,
    ),
    Field(
        name="zip64",
        stored=attrgetter("local_zip64"),
        value=lambda m: m.local_zip64.value,
        local_width=28,
        central_width=0,
    ),
)
"""Exactly the fields that a regeneration may take from the published file, and no other."""


Fields = Mapping[int, tuple[Field, ...]]
"""Fields by the index of the published member."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What was taken from the published file.

    Attributes:
        fields: what was recorded.
        refused: what differs, but decides what runs, so that it may not be recorded.
        findings: the note on the first, and one finding for each of the second.
    """

    fields: Fields
    refused: Fields
    findings: tuple[Finding, ...]

    def widths(self, kind: RegionKind, member: int) -> tuple[int, int]:
        """Bytes of recorded and of refused fields in one header of one member."""
        return _width(self.fields, kind, member), _width(self.refused, kind, member)


def _width(fields: Fields, kind: RegionKind, member: int) -> int:
    found = fields.get(member)
    if not found:
        return 0
    if kind is RegionKind.LOCAL_HEADER:
        return sum(field.local_width for field in found)
    if kind is RegionKind.CENTRAL_HEADER:
        return sum(field.central_width for field in found)
    return 0


def record_fields(
    published: Archive,
    rebuilt: Archive,
    pairs: Sequence[Pair],
    *,
    alone: Sequence[Member] = (),
    settings: Mapping[str, Setting],
) -> Recorded:
    """Collect what differs between the headers of paired members.

    Args:
        published: the published archive.
        rebuilt: the rebuilt archive.
        pairs: (published, rebuilt) members of the same name that are identical or explained.
        alone: explained members that only the published archive has; all their fields are its own.
        settings: by name, the zlib settings of streams that the rebuild packed differently.
    """
    differing = {
        ours.index: tuple(field for field in FIELDS if field.stored(ours) != field.stored(theirs))
        for ours, theirs in pairs
    }
    refused, facts = _refused(published, pairs, differing)
    fields = {
        index: tuple(field for field in found if field not in refused.get(index, ()))
        for index, found in differing.items()
    }
    values = _values(pairs, fields, alone)
    evidence: dict[str, JSONValue] = {}
    paired = {ours.name for ours, _ in pairs}
    for field in FIELDS:
        if values[field.name]:
            evidence[field.name] = _compact(values[field.name], paired)
    if settings:
        evidence["deflate"] = _compact({name: str(settings[name]) for name in settings}, paired)
    order = _order(published, rebuilt)
    if order and _has_other_metadata(published):
        facts = (*facts, _refused_order(order))
    else:
        evidence |= order
    evidence |= _executables(pairs)
    return Recorded(fields=fields, refused=refused, findings=(*facts, *_notes(evidence)))


def _values(
    pairs: Iterable[Pair], fields: Fields, alone: Iterable[Member]
) -> dict[str, dict[str, Scalar]]:
    """By the name of each field, what members have in it that is recorded."""
    values: dict[str, dict[str, Scalar]] = {field.name: {} for field in FIELDS}
    recorded = [(ours, fields[ours.index]) for ours, _ in pairs]
    for ours, found in (*recorded, *((ours, FIELDS) for ours in alone)):
        for field in found:
            values[field.name][ours.name] = field.value(ours)
    return values


def _refused(
    published: Archive, pairs: Iterable[Pair], differing: Fields
) -> tuple[Fields, tuple[Finding, ...]]:
    refused: dict[int, tuple[Field, ...]] = {}
    findings = Findings()
    judges = meaningful_fields(published.members)
    for ours, theirs in pairs:
        for field in differing[ours.index]:
            judge = judges.get(field.name)
            reason = None if judge is None else judge(ours, theirs)
            if reason is not None:
                refused[ours.index] = (*refused.get(ours.index, ()), field)
                findings.add([_refusal(field, ours, theirs, reason)])
    return refused, findings.told()


def _refusal(field: Field, ours: Member, theirs: Member, reason: str) -> Finding:
    return unexplained(
        "container.meaningful-field",
        f"A header field of the member is not the rebuilt one, and {reason}.",
        member=ours.name,
        field=field.name,
        published=field.value(ours),
        rebuilt=field.value(theirs),
    )


def _notes(evidence: Mapping[str, JSONValue]) -> list[Finding]:
    if not evidence:
        return []
    fact = note(
        "container.recorded-fields",
        f"Header fields taken from the published file: {', '.join(sorted(evidence))}.",
        member=None,
        **evidence,
    )
    return [fact]


def _compact(values: Mapping[str, Scalar], paired: AbstractSet[str]) -> JSONValue:
    """The commonest value once, with the number of its members; every other member by name.

    Where members have the rebuilt value, the shorter of two lists says which ones: `only` those
    that have the common value, or `as_rebuilt`.
    """
    counts = Counter(values.values())
    common = max(sorted(counts, key=str), key=lambda value: counts[value])
    told: dict[str, JSONValue] = {
        "common": common,
        "members": counts[common],
        "exceptions": {name: value for name, value in sorted(values.items()) if value != common},
    }
    as_rebuilt = sorted(paired - values.keys())
    if as_rebuilt and counts[common] <= len(as_rebuilt):
        told["only"] = sorted(name for name, value in values.items() if value == common)
    elif as_rebuilt:
        told["as_rebuilt"] = as_rebuilt
    return told


def _order(published: Archive, rebuilt: Archive) -> dict[str, JSONValue]:
    """Positions in the rebuilt archive, in published order, as runs of [first, count]."""
    positions = [
        rebuilt.by_name[member.name].index
        for member in published.members
        if member.name in rebuilt.by_name
    ]
    if positions == sorted(positions):
        return {}
    return {"order": _runs(positions)}


def _has_other_metadata(archive: Archive) -> bool:
    """Whether there is an egg-info directory or file where packages are installed."""
    targets = (
        target
        for member in archive.members
        # Most names end here.
        if _EGG_INFO in member.name.casefold()
        for target in placed(member.name).targets
    )
    return any(
        target.startswith(LIBRARY) and target.partition("/")[0].endswith(_EGG_INFO)
        for target in targets
    )


def _refused_order(order: Mapping[str, JSONValue]) -> Finding:
    return unexplained(
        "container.meaningful-field",
        "The order of members is not the rebuilt one, and the order decides whose metadata is "
        "found first: there is an egg-info beside the dist-info directory.",
        field="order",
        published=order["order"],
    )


def _runs(positions: Sequence[int]) -> JSONValue:
    runs: list[list[int]] = []
    for position in positions:
        if runs and position == sum(runs[-1]):
            runs[-1][1] += 1
        else:
            runs.append([position, 1])
    return runs


def _executables(pairs: Iterable[Pair]) -> dict[str, JSONValue]:
    """Members that become programs, or stop being ones, when installed."""
    changed: dict[str, JSONValue] = {}
    moded = (pair for pair in pairs if _modes(pair[0]) != _modes(pair[1]))
    for ours, theirs in sorted(moded, key=lambda pair: pair[0].name):
        readings = programs(ours)
        if readings != programs(theirs):
            changed[ours.name] = _EXECUTABLE[sum(readings)]
    return {"executable": changed} if changed else {}
