"""Code: the same instructions, and addresses in them that mean the same."""

from collections.abc import Iterator
from dataclasses import replace

from verify.native.checks.case import Case, Problem
from verify.native.module import MAX_PADDING
from verify.native.pairing import Pair
from verify.native.places import piece_at
from verify.native.runtime import is_empty_table


def check_layout(case: Case) -> Iterator[Problem]:
    """Where the linker has not said what addresses mean, nothing may stand elsewhere.

    A distance can be anywhere: in data, in an immediate value, in an address that lies before
    the array that is meant. It stays right if all distances do.
    """
    shifts = {pair.published.start - pair.rebuilt.start for pair in case.pairing.pairs}
    ours = {section.name: section.address for section in case.published.data_sections}
    shifts |= {
        ours.get(section.name, -1) - section.address for section in case.rebuilt.data_sections
    }
    if not case.operands.has_fields and len(shifts) > 1:
        text = "the rebuild stands elsewhere, and is not linked with --emit-relocs"
        yield Problem(part="layout", summary=text)


def check_code(case: Case) -> Iterator[Problem]:
    """Each piece of code is the rebuilt one, apart from addresses that mean the same."""
    for pair in case.pairing.pairs:
        name = pair.published.name or f"{pair.published.start:#x}"
        if not pair.is_same_code:
            problem = Problem(part="code", summary=f"{name} has other instructions")
            yield replace(problem, functions=(pair.published,))
            continue
        for problem in _pair(case, pair, name):
            yield replace(problem, functions=(pair.published,))
    for side, pieces in (
        ("published", case.pairing.only_published),
        ("rebuilt", case.pairing.only_rebuilt),
    ):
        for piece in pieces:
            name = piece.name or f"{piece.start:#x}"
            functions = (piece,) if pieces is case.pairing.only_published else ()
            summary = f"only the {side} file has {name}"
            yield Problem(part="code", summary=summary, functions=functions)


def _pair(case: Case, pair: Pair, name: str) -> Iterator[Problem]:
    """What two pieces of the same instructions mean, and where they stand."""
    padding = pair.published.padding
    if padding > MAX_PADDING and padding != pair.rebuilt.padding:
        yield Problem(part="code", summary=f"{name} stands behind too much of nothing")
    ours, theirs = pair.published.code.references, pair.rebuilt.code.references
    for left, right in zip(ours, theirs, strict=True):
        if not (is_empty_table(pair, right) or case.operands.is_same(pair, left, right)):
            where = f"{name}+{left.at:#x}"
            yield Problem(part="code", summary=f"{where} refers to something else")
            break
    for offset in case.operands.unknown_fields(pair):
        yield Problem(part="code", summary=f"{name}+{offset:#x} is not understood")
    yield from _flow(case, pair, name)


def _flow(case: Case, pair: Pair, name: str) -> Iterator[Problem]:
    """Where control goes without an operand that says so."""
    if pair.rebuilt.code.goes_on:
        behind = piece_at(case.rebuilt.pieces, pair.rebuilt.end)
        if behind is None or not case.meaning.is_same(pair.published.end, pair.rebuilt.end):
            yield Problem(part="code", summary=f"{name} goes on into something else")


def check_constants(case: Case) -> Iterator[Problem]:
    """Code that is read as data has to be the same bytes, addresses or not."""
    found = [piece_at(case.rebuilt.pieces, address) for address in _read_as_data(case)]
    starts = {piece.start for piece in found if piece}
    for pair in case.pairing.pairs:
        if pair.rebuilt.start in starts:
            ours = case.published.elf.read(pair.published.start, pair.published.size)
            if ours != case.rebuilt.elf.read(pair.rebuilt.start, pair.rebuilt.size):
                name = pair.published.name or f"{pair.published.start:#x}"
                summary = f"{name} holds other constants"
                yield Problem(part="code", summary=summary, functions=(pair.published,))


def _read_as_data(case: Case) -> Iterator[int]:
    """Addresses inside of rebuilt code that are taken or read without being jumped to."""
    pieces = case.rebuilt.pieces
    starts = {piece.start for piece in pieces}
    for piece in pieces:
        for one in piece.code.references:
            is_function = one.is_address and one.target in starts
            if not one.is_branch and not is_function:
                yield one.target
    for relocation in case.rebuilt.relocations.values():
        target = piece_at(pieces, relocation.addend)
        if target is not None and target.start != relocation.addend and not target.code.jumps:
            yield relocation.addend
