"""Rule `native.differs`: native code on both sides, not the same bytes.

Another compiler, another build path, or another program. Where both files can be read the evidence
says how much of the code is the same, function by function, and what is left to read; and whether
nothing else is left open than libraries that were copied into the wheel.
"""

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from verify.archive.facts import unexplained
from verify.finding import Finding, JSONValue
from verify.rules.evidence import binary_facts
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_native
from verify.rules.side_by_side import function_evidence

if TYPE_CHECKING:
    from verify.native.compare import NativeComparison
    from verify.native.sections import SectionComparison
    from verify.native.surface import Surface

_MAX_PROBLEMS = 20
_MAX_FUNCTIONS = 40
_MAX_NAMES = 100
_MAX_SECTIONS = 40
_MAX_WIDTH = 200


def native_differs(difference: Difference, context: Context) -> Finding | None:
    """Name native code that differs, and how far it does."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not is_native(difference.name, ours):
        return None
    sections = context.natives.sections(difference)
    comparison = context.natives.of(difference)
    figures = _figures(comparison) if sections is None else _section_figures(sections)
    return unexplained(
        "native.differs",
        f"The published native code differs from the rebuilt one: {figures}.",
        member=difference.name,
        published_size=ours.content.size,
        published_sha256=ours.content.sha256,
        rebuilt_size=theirs.content.size,
        rebuilt_sha256=theirs.content.sha256,
        published_facts=binary_facts(ours),
        rebuilt_facts=binary_facts(theirs),
        **(_evidence(comparison) if sections is None else _section_evidence(sections)),
    )


def _figures(comparison: "NativeComparison | str") -> str:
    if isinstance(comparison, str):
        return comparison[:_MAX_WIDTH]
    surface = comparison.surface
    return (
        f"{surface.identical:,} of {surface.functions:,} functions are the same; "
        f"{surface.bytes_to_read:,} of {surface.code_bytes:,} bytes of code are left to read"
        f"{_left(comparison.parts)}"
    )


def _left(parts: frozenset[str]) -> str:
    """What is said of problems that are all of one part."""
    from verify.native.parts import BUNDLED, REPAIR  # noqa: PLC0415 - few wheels hold native code

    if parts == {BUNDLED}:
        return "; only the bundled libraries are left to be settled: it loads copies of other files"
    if parts == {REPAIR}:
        return "; nothing else differs than by its repair, and the rebuilt one has none"
    return ""


def _evidence(comparison: "NativeComparison | str") -> dict[str, JSONValue]:
    if isinstance(comparison, str):
        return {"unread": comparison[:_MAX_WIDTH]}
    surface = comparison.surface
    return {
        "problems": [
            {"part": problem.part, "summary": problem.summary[:_MAX_WIDTH]}
            for problem in comparison.problems[:_MAX_PROBLEMS]
        ],
        "parts": sorted(comparison.parts),
        "functions": surface.functions,
        "identical": surface.identical,
        "code_bytes": surface.code_bytes,
        "bytes_to_read": surface.bytes_to_read,
        "unaccounted_code_bytes": comparison.unaccounted,
        "differing": _differing(surface),
        "disassembly": [function_evidence(shown) for shown in comparison.disassembly],
        "needed": [name[:_MAX_WIDTH] for name in comparison.needed[:_MAX_NAMES]],
        "search_path": comparison.search_path[:_MAX_WIDTH],
        "imported": [name[:_MAX_WIDTH] for name in comparison.imported[:_MAX_NAMES]],
    }


def _section_figures(sections: "SectionComparison") -> str:
    same, named = sections.same_sections, sections.surface
    return (
        f"{same:,} of {sections.sections:,} sections and {named.identical:,} of "
        f"{named.functions:,} named functions are the same; code for {sections.processor} "
        "is not read"
    )


def _section_evidence(sections: "SectionComparison") -> dict[str, JSONValue]:
    return {
        "processor": sections.processor,
        "problems": [
            {"part": problem.part, "summary": problem.summary[:_MAX_WIDTH]}
            for problem in sections.problems[:_MAX_PROBLEMS]
        ],
        "sections": sections.sections,
        "differing_sections": [
            {"name": one.name[:_MAX_WIDTH], "published": one.published, "rebuilt": one.rebuilt}
            for one in islice(sections.differing, _MAX_SECTIONS)
        ],
        "functions": sections.surface.functions,
        "identical": sections.surface.identical,
        "code_bytes": sections.surface.code_bytes,
        "bytes_to_read": sections.surface.bytes_to_read,
        "differing": _differing(sections.surface),
    }


def _differing(surface: "Surface") -> list[Mapping[str, JSONValue]]:
    return [
        {
            "name": read.name[:_MAX_WIDTH],
            "published": read.published,
            "rebuilt": read.rebuilt,
            "same_footprint": read.same_footprint,
        }
        for read in islice(surface.differing, _MAX_FUNCTIONS)
    ]
