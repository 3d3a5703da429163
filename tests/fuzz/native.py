"""One law: no byte of a shared object that is loaded can change unseen, except where it is free.

`python -m tests.fuzz.native 10000` changes that many bytes, one at a time; it exits with 1 if the
law breaks. Which bytes are changed follows from the seed alone. The fuzzer's target changes more
than one byte, anywhere in the file, and asks for an answer and nothing else where the change is
behind what is loaded.
"""

import math
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.attacks.native.building import linked, with_word
from tests.attacks.native.sources import ASSEMBLY, CPP, MAIN
from tests.fuzz.choices import Choices
from tests.fuzz.laws import hold
from verify.native.compare import compare_native
from verify.native.elf import Elf, SegmentKind, UnreadableElfError
from verify.native.elf_reader import read_elf

SEED = 20261122
SOURCES = {"c": MAIN, "c++": CPP, "assembly": ASSEMBLY}

FREE = frozenset({".note.gnu.build-id"})
"""Sections of which bytes are free: a build-id is a number that nobody computes with. Its length,
its owner and its type are not, so that a changed one is as good as any other."""

MAX_SECONDS = 5
"""For one comparison of files of some kilobytes."""

_PROCESSES = 2
_CHUNK = 250
_EDITS = 12
_LONGEST_EDIT = 24


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A shared object, itself with the linker's word, and which of its bytes a change is seen of.

    Attributes:
        published: the file.
        rebuilt: the same, with what the linker knew of each address.
        loaded: how many bytes from its start are loaded.
        free: [start, end) of those whose change need not be seen.
    """

    published: bytes
    rebuilt: bytes
    loaded: int
    free: tuple[tuple[int, int], ...]

    def region(self, position: int) -> str:
        """The section that a byte is of, for people."""
        for section in read_elf(self.published).sections:
            if section.in_file and section.offset <= position < section.offset + section.size:
                return section.name
        return "headers and gaps"

    def must_be_seen(self, positions: Iterable[int]) -> bool:
        """Whether a change of one of these bytes must be seen."""
        return any(
            at < self.loaded and not any(start <= at < end for start, end in self.free)
            for at in positions
        )


@cache
def subject(name: str) -> Subject:
    """The subject of a name, made by the system's compiler."""
    published = linked(SOURCES[name])
    elf = read_elf(published)
    return Subject(
        published=published,
        rebuilt=with_word(published),
        loaded=max(s.offset + s.file_size for s in elf.segments if s.kind == SegmentKind.LOAD),
        free=tuple(_free(elf)),
    )


def _free(elf: Elf) -> Iterator[tuple[int, int]]:
    """The contents of free sections, without the head of the note."""
    for section in elf.sections:
        if section.name in FREE:
            yield section.offset + 16, section.offset + section.size


def is_accounted_for(published: bytes, rebuilt: bytes) -> bool:
    """Whether the comparison leaves no problem; a file that it refuses is one.

    Raises:
        BrokenLawError: it took too long.
    """
    start = time.monotonic()
    try:
        found = not compare_native(published, rebuilt).problems
    except UnreadableElfError:
        found = False
    seconds = time.monotonic() - start
    hold(law=seconds < MAX_SECONDS, what=f"a comparison took {seconds:.1f} s")
    return found


@dataclass(frozen=True, kw_only=True)
class Flip:
    """A byte to change, and the bits of it."""

    position: int
    change: int


def flips(of: Subject, count: int, seed: str) -> Iterator[Flip]:
    """Positions of what is loaded, each as likely as any other."""
    source = random.Random(seed)  # noqa: S311 - to be repeated
    for _ in range(count):
        yield Flip(position=source.randrange(of.loaded), change=source.randrange(1, 256))


def unseen_flips(name: str, count: int, seed: str) -> list[str]:
    """The flips that are accounted for though nothing says that they are free."""
    of = subject(name)
    found = []
    for flip in flips(of, count, seed):
        if of.must_be_seen([flip.position]):
            changed = bytearray(of.published)
            changed[flip.position] ^= flip.change
            if is_accounted_for(bytes(changed), of.rebuilt):
                region = of.region(flip.position)
                found.append(f"{name}: {region}, {flip.position:#x} ^ {flip.change:#x}")
    return found


def native(data: bytes, _directory: Path) -> None:
    """The comparison on a shared object with some bytes changed, cut off or moved."""
    choices = Choices(data)
    of = subject(choices.pick([*SOURCES]))
    changed = bytearray(of.published)
    for _ in range(choices.number(_EDITS)):
        _edit(choices, changed)
    positions = _changed(of.published, bytes(changed))
    must_be_seen = len(changed) != len(of.published) or of.must_be_seen(positions)
    is_same = is_accounted_for(bytes(changed), of.rebuilt)
    hold(law=not (is_same and must_be_seen), what="a change of what is loaded is not seen")
    # The rebuilt file is no enemy's, but nothing may depend on that.
    is_accounted_for(of.published, bytes(changed))


def _edit(choices: Choices, changed: bytearray) -> None:
    """Change some bytes; seldom cut the file off, or copy a part of it elsewhere."""
    at = choices.number(max(len(changed), 1))
    kind = choices.number(8)
    if kind == 0:
        del changed[at:]
    elif kind == 1:
        size, to = choices.number(64), choices.number(max(len(changed), 1))
        piece = changed[at : at + size]
        changed[to : to + len(piece)] = piece[: len(changed) - to]
    else:
        piece = bytearray(choices.data(_LONGEST_EDIT)[: len(changed) - at])
        changed[at : at + len(piece)] = piece


def _changed(before: bytes, after: bytes) -> list[int]:
    return [at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other]


def main(count: int) -> int:
    """Flip, print what came out of it, and return the exit code."""
    start = time.monotonic()
    chunks = math.ceil(count / (_CHUNK * len(SOURCES)))
    jobs = [(name, _CHUNK, f"{SEED} {name} {at}") for at in range(chunks) for name in SOURCES]
    with ProcessPoolExecutor(_PROCESSES) as pool:
        unseen = [
            line for found in pool.map(unseen_flips, *zip(*jobs, strict=True)) for line in found
        ]
    seconds = time.monotonic() - start
    print(f"{len(jobs) * _CHUNK:,} flips in {seconds:.0f} s, seed {SEED}: {len(unseen)} unseen")
    for region, times in sorted(Counter(line.partition(",")[0] for line in unseen).items()):
        print(f"  {region}: {times}")
    for line in unseen[:20]:
        print(line)
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
