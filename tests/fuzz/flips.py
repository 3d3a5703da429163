"""One law: no byte of a published wheel can change unseen, except in a recorded header field.

`make flips FLIPS=100000` changes that many bytes, one at a time, and judges each file; it exits
with 1 if the law breaks. Which bytes are changed follows from the seed alone.
"""

import math
import random
import struct
import sys
import tempfile
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.honest import PAIRS, HonestPair
from tests.fuzz.installed import contents
from tests.fuzz.laws import TRUSTED, check_account, check_verdict, hold
from verify.archive.layout import Region, RegionKind
from verify.archive.reader import Archive, read_archive
from verify.compare.engine import compare
from verify.finding import FindingClass, JSONValue
from verify.results import Diff

SEED = 20261122
_PROCESSES = 2
_CHUNK = 250

_CENTRAL = struct.Struct("<4x2B30xHL")
"""APPNOTE 4.3.12: version made by, system, internal and external attributes."""

_SINGLE = {
    4: "made_by",
    5: "create_system",
    **dict.fromkeys((36, 37), "internal_attr"),
    **dict.fromkeys((38, 39, 40, 41), "external_attr"),
}
"""Fields by their offsets in a central header. Other recordable fields stand in the local header,
too, so one changed byte makes the two disagree."""


@dataclass(frozen=True, kw_only=True)
class Flip:
    """A byte to change, and the bits of it."""

    position: int
    change: int


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was said of one changed file.

    Attributes:
        verdict: the verdict's value.
        region: the kind of region that the byte belongs to.
        violation: how the law broke, None if it holds.
    """

    verdict: str
    region: str
    violation: str | None


class Subject:
    """An honest pair on disk, of which bytes are changed one at a time."""

    def __init__(self, pair: HonestPair, directory: Path) -> None:
        self.pair = pair
        self._published = _path(directory / "p", pair.filename)
        self._rebuilt = _path(directory / "r", pair.filename)
        self._published.write_bytes(pair.published)
        self._rebuilt.write_bytes(pair.rebuilt)
        archive = read_archive(self._published)
        self.regions = archive.regions
        self._starts = [region.start for region in archive.regions]
        self._names = [member.name for member in archive.members]
        self._theirs = _headers(read_archive(self._rebuilt), pair.rebuilt)

    def judge(self) -> Diff:
        """The verdict on the unchanged file."""
        self._published.write_bytes(self.pair.published)
        return compare(self._published, self._rebuilt)

    def flip(self, flip: Flip) -> Told:
        """Change one byte, judge, and hold the result against the law."""
        flipped = bytearray(self.pair.published)
        flipped[flip.position] ^= flip.change
        self._published.write_bytes(flipped)
        diff = compare(self._published, self._rebuilt)
        region = self.regions[bisect_right(self._starts, flip.position) - 1]
        violation = None
        try:
            self._check(diff, bytes(flipped), region, flip.position)
        except AssertionError as broken:
            violation = f"{flip}: {broken}"
        return Told(verdict=diff.verdict.value, region=region.kind.value, violation=violation)

    def _check(self, diff: Diff, flipped: bytes, region: Region, position: int) -> None:
        check_account(diff, flipped)
        check_verdict(diff, flipped, self.pair.rebuilt)
        if diff.verdict not in TRUSTED:
            return
        hold(law=region.member is not None, what="a byte of no member is trusted")
        name = self._names[region.member or 0]
        if region.kind is RegionKind.DATA:
            self._check_stream(diff, flipped, name)
        else:
            is_central = region.kind is RegionKind.CENTRAL_HEADER
            field = _SINGLE.get(position - region.start) if is_central else None
            hold(law=field is not None, what=f"a byte of the {region.kind} is trusted")
            header = flipped[region.start : region.end]
            self._check_recorded(diff, name, field or "", header)

    def _check_recorded(self, diff: Diff, name: str, field: str, header: bytes) -> None:
        """The account gives the field as it is now, unless it is what the rebuild has."""
        accounts = [
            finding.evidence.get(field)
            for finding in diff.findings
            if finding.rule == "container.recorded-fields"
        ]
        told = recorded_value(accounts[0], name, len(self._names)) if accounts else None
        if told is None:
            told = _values(self._theirs[name])[field]
        is_told = told == _values(header)[field]
        hold(law=is_told, what=f"{field} of {name} is {_values(header)[field]}, not {told}")

    def _check_stream(self, diff: Diff, flipped: bytes, name: str) -> None:
        """Of another compressor, another way to pack the same content, which a finding names."""
        hold(law=self.pair.has_other_compressor, what="a byte of a stream of zlib is trusted")
        named = {
            finding.member
            for finding in diff.findings
            if finding.rule == "container.deflate-stream" and finding.kind is FindingClass.BENIGN
        }
        hold(law=name in named, what="a byte of a stream is trusted that no finding names")
        hold(law=contents(flipped) == contents(self.pair.published), what="another content")


def _path(directory: Path, filename: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return directory / filename


def _headers(archive: Archive, data: bytes) -> dict[str, bytes]:
    """The directory entries by member."""
    return {
        archive.members[region.member or 0].name: data[region.start : region.end]
        for region in archive.regions
        if region.kind is RegionKind.CENTRAL_HEADER
    }


def _values(header: bytes) -> dict[str, JSONValue]:
    """The single fields of a directory entry, as the account shows them."""
    made_by, system, internal, external = _CENTRAL.unpack_from(header)
    return {
        "made_by": made_by,
        "create_system": system,
        "internal_attr": internal,
        "external_attr": f"0o{external >> 16:06o}, 0x{external & 0xFFFF:02x}",
    }


def recorded_value(account: JSONValue, name: str, members: int) -> JSONValue:
    """What the note on recorded fields says of one of so many members; None if it says nothing."""
    if not isinstance(account, Mapping):
        return None
    exceptions, only, others = (account.get(key) for key in ("exceptions", "only", "as_rebuilt"))
    if isinstance(exceptions, Mapping) and name in exceptions:
        return exceptions[name]
    if isinstance(only, Sequence):
        is_common = name in only
    elif isinstance(others, Sequence):
        is_common = name not in others
    else:
        is_common = True
        count = account["members"]
        listed = len(exceptions) if isinstance(exceptions, Mapping) else 0
        hold(law=count == members - listed, what=f"{count} members have a value, but which?")
    return account["common"] if is_common else None


def drawn_flips(regions: Sequence[Region], size: int, count: int, seed: str) -> Iterator[Flip]:
    """Flips anywhere; every other one in a region drawn first, so that headers are not rare."""
    source = random.Random(seed)  # noqa: S311 - a draw to be repeated, not a secret
    for at in range(count):
        region = source.choice(regions)
        position = source.randrange(region.start, region.end) if at % 2 else source.randrange(size)
        yield Flip(position=position, change=source.randrange(1, 256))


def flip_chunk(name: str, count: int, seed: str) -> list[Told]:
    """Many flips of one pair, in a directory of their own."""
    with tempfile.TemporaryDirectory() as directory:
        subject = Subject(PAIRS[name](), Path(directory))
        size = len(subject.pair.published)
        return [subject.flip(flip) for flip in drawn_flips(subject.regions, size, count, seed)]


def main(flips: int) -> int:
    """Flip, print what came out of it, and return the exit code."""
    start = time.monotonic()
    chunks = math.ceil(flips / (_CHUNK * len(PAIRS)))
    jobs = [(name, _CHUNK, f"{SEED} {name} {at}") for at in range(chunks) for name in PAIRS]
    verdicts: Counter[tuple[str, str]] = Counter()
    regions: Counter[tuple[str, str]] = Counter()
    violations: list[str] = []
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for job, told in zip(jobs, pool.map(flip_chunk, *zip(*jobs, strict=True)), strict=True):
            verdicts.update((job[0], one.verdict) for one in told)
            regions.update((one.region, one.verdict) for one in told)
            violations += [f"{job[0]}: {one.violation}" for one in told if one.violation]
    for title, counts in (("pair", verdicts), ("region", regions)):
        _table(title, counts)
    print(
        f"{len(jobs) * _CHUNK:,} flips in {time.monotonic() - start:.0f} s on {_PROCESSES}"
        f" processes, seed {SEED}: {len(violations)} violations"
    )
    for violation in violations[:20]:
        print(violation)
    return 1 if violations else 0


def _table(title: str, counts: Mapping[tuple[str, str], int]) -> None:
    columns = sorted({verdict for _, verdict in counts})
    print(f"| {title} | {' | '.join(columns)} |")
    print(f"|---|{'---:|' * len(columns)}")
    for row in sorted({row for row, _ in counts}):
        print(f"| {row} | {' | '.join(f'{counts.get((row, c), 0):,}' for c in columns)} |")
    print()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
