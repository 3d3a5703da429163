"""Native code that both wheels have, read and compared once, however many rules ask."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verify.native.compare import NativeComparison
    from verify.native.sections import SectionComparison
    from verify.rules.interface import Difference, Side
    from verify.rules.outlines import Outlines

MAX_FILE = 64 * 1024**2
"""Bytes of a file that is compared."""

MAX_CODE = 16 * 1024**2
"""Bytes of machine code in a file that is compared; decoded, each may take a hundred of memory."""

MAX_COMPARED = 128 * 1024**2
"""Bytes that are compared for one wheel: of each pair the larger file counts."""

MAX_SHOWN = 48
"""Functions that differ and are shown side by side, of all files of one wheel."""

_LEAST = 64 * 1024
"""What the smallest pair counts, so that there are not too many of them either."""

_MAGIC = b"\x7fELF"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    comparison: "NativeComparison | str"
    sections: "SectionComparison | None"
    outlines: "Outlines | None"


class NativeComparisons:
    """Compares the native code of a wheel until a budget of bytes is spent.

    Args:
        budget: in bytes; a pair that does not fit into what is left of it is not compared.
    """

    def __init__(self, budget: int = MAX_COMPARED) -> None:
        self._left = budget
        self._functions = MAX_SHOWN
        self._answers: dict[str, _Answer] = {}

    def of(self, difference: "Difference") -> "NativeComparison | str":
        """What came of comparing the two files; where they cannot be, a clause that says why."""
        return self._answer(difference).comparison

    def sections(self, difference: "Difference") -> "SectionComparison | None":
        """What came of comparing files for a processor whose code is not read; else None."""
        return self._answer(difference).sections

    def outlines(self, difference: "Difference") -> "Outlines | None":
        """What both files ask of the system; None if that cannot be read."""
        return self._answer(difference).outlines

    def _answer(self, difference: "Difference") -> _Answer:
        known = self._answers.get(difference.name)
        if known is None:
            known = self._answers[difference.name] = self._compared(difference)
        return known

    def _compared(self, difference: "Difference") -> _Answer:
        ours, theirs = difference.published, difference.rebuilt
        if ours is None or theirs is None:
            return _unread("it is in one of the wheels only")
        if not all(side.head().startswith(_MAGIC) for side in (ours, theirs)):
            return _unread("only ELF files are compared")
        size = max(ours.content.size, theirs.content.size)
        if size > MAX_FILE:
            return _unread(f"files of more than {MAX_FILE // 1024**2} MiB are not compared")
        cost = max(size, _LEAST)
        if cost > self._left:
            return _unread("the wheel holds more native code than is compared")
        self._left -= cost
        answer = _compare(_content(ours), _content(theirs), self._functions)
        if not isinstance(answer.comparison, str):
            self._functions -= len(answer.comparison.disassembly)
        return answer


def _unread(clause: str) -> _Answer:
    return _Answer(comparison=clause, sections=None, outlines=None)


def _content(side: "Side") -> bytes:
    return b"".join(side.archive.windows(side.member))


def _compare(published: bytes, rebuilt: bytes, functions: int) -> _Answer:
    # Most wheels hold no native code, and the disassembler takes its time to load.
    from verify.native.compare import compare_native  # noqa: PLC0415
    from verify.native.disassembly import MAX_FUNCTIONS, Wanted  # noqa: PLC0415
    from verify.native.elf import UnreadableElfError  # noqa: PLC0415
    from verify.native.sections import compare_sections  # noqa: PLC0415
    from verify.rules.outlines import read_outlines  # noqa: PLC0415

    outlines = read_outlines(published, rebuilt)
    if outlines and max(outlines.published.code_bytes, outlines.rebuilt.code_bytes) > MAX_CODE:
        clause = f"more than {MAX_CODE // 1024**2} MiB of machine code are not compared"
        return _Answer(comparison=clause, sections=None, outlines=outlines)
    try:
        sections = compare_sections(published, rebuilt)
        if sections is not None:
            clause = f"code for {sections.processor} is compared by sections and symbols alone"
            return _Answer(comparison=clause, sections=sections, outlines=outlines)
        wanted = Wanted(functions=min(functions, MAX_FUNCTIONS))
        comparison = compare_native(published, rebuilt, wanted=wanted)
    except UnreadableElfError as error:
        return _Answer(comparison=str(error), sections=None, outlines=outlines)
    return _Answer(comparison=comparison, sections=None, outlines=outlines)
