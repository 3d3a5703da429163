"""Unwinding: the same frames and the same exceptions for each function."""

from collections.abc import Iterator
from dataclasses import replace

from verify.native.checks.case import Case, Problem
from verify.native.exceptions import Unwinding, compare_frames, compare_orphans
from verify.native.module import Module
from verify.native.plt import NAMES as LINKAGE


def check_unwinding(case: Case) -> Iterator[Problem]:
    """Each function is unwound alike, and nothing else is."""
    ours = {one.frame.start: one for one in case.published.unwinding.functions}
    theirs = {one.frame.start: one for one in case.rebuilt.unwinding.functions}
    for pair in case.pairing.pairs:
        left, right = ours.get(pair.published.start), theirs.get(pair.rebuilt.start)
        if left is None and right is None:
            continue
        fault: str | None = "one side has no frame"
        if left is not None and right is not None:
            fault = compare_frames(left, right, case.meaning.is_same)
        if fault:
            name = pair.published.name or f"{pair.published.start:#x}"
            summary, functions = f"{name}: {fault}", (pair.published,)
            yield Problem(part="unwinding", summary=summary, functions=functions)
    yield from _linkage_unwinding(case)
    if other := compare_orphans(
        case.published.unwinding, case.rebuilt.unwinding, case.meaning.is_same
    ):
        yield Problem(part="unwinding", summary=other)


def _linkage_unwinding(case: Case) -> Iterator[Problem]:
    """Frames of the linkage tables, each of which is as long as its table."""
    ours, theirs = _linkage_frames(case.published), _linkage_frames(case.rebuilt)
    for name, one in ours.items():
        other = theirs.get(name)
        if one is None or other is None or compare_frames(one, other, case.meaning.is_same):
            yield Problem(part="unwinding", summary=f"{name} unwinds otherwise")


def _linkage_frames(module: Module) -> dict[str, Unwinding | None]:
    """By linkage table its one frame, without the length; None where it is not of just that."""
    found: dict[str, Unwinding | None] = {}
    for one in module.unwinding.functions:
        section = module.elf.section_at(one.frame.start)
        if section is not None and section.name in LINKAGE:
            is_whole = (one.frame.start, one.frame.size) == (section.address, section.size)
            is_only = section.name not in found
            frame = replace(one.frame, start=0, size=0)
            found[section.name] = replace(one, frame=frame) if is_whole and is_only else None
    return found
