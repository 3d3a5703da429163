"""Put every difference before the rules."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from verify.archive.blocks import BlockWalker
from verify.archive.errors import UnreadableMemberError
from verify.archive.findings import Findings
from verify.archive.member import Content
from verify.archive.reader import Archive
from verify.compare.fields import explain_fields
from verify.finding import Finding, FindingClass, RuleName
from verify.rules.compiled import compiled_sources
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_native, is_path_file, is_source
from verify.rules.libraries import Libraries
from verify.rules.native import NativeComparisons
from verify.rules.ranking import finding_order
from verify.rules.registry import Rules
from verify.rules.uncompared import UNCOMPARED

_OTHERS = 8
"""Rules read that much less of what is no source."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """What the rules say: their findings, and the names whose difference is benign."""

    findings: tuple[Finding, ...]
    explained: frozenset[str]


def explain(
    differences: Sequence[Difference],
    rules: Rules,
    *,
    published: Archive,
    rebuilt: Archive,
    dist_info: str | None,
) -> Explanation:
    """Judge each difference; RECORD last, because it follows from the others.

    Small ones come first: once rules have had `max_read` bytes to read, the rest is unexplained.
    """
    explained: dict[str, RuleName] = {}
    uncompared: dict[str, RuleName] = {}
    findings = Findings(finding_order)
    context = Context(
        published=published,
        rebuilt=rebuilt,
        dist_info=dist_info,
        differences={difference.name: difference for difference in differences},
        explained=explained,
        uncompared=uncompared,
        path_files=frozenset(_path_files(rebuilt)),
        moved=_one_sided(differences),
        compiled=compiled_sources((*published.members, *rebuilt.members)),
        files=(_files(published), _files(rebuilt)),
        walker=BlockWalker(),
        natives=NativeComparisons(),
        libraries=Libraries(published, rebuilt),
    )
    spent = 0
    for difference, cost in _in_order(differences, record=f"{dist_info}/RECORD"):
        spent += cost
        found = _judge(difference, context, rules if spent <= rules.max_read else rules.catch_all())
        findings.add(found)
        if found[-1].kind is FindingClass.BENIGN:
            explained[difference.name] = found[-1].rule
        elif found[-1].rule in UNCOMPARED:
            uncompared[difference.name] = found[-1].rule
    return Explanation(findings=findings.told(), explained=frozenset(explained))


def _in_order(
    differences: Sequence[Difference], *, record: str
) -> Iterator[tuple[Difference, int]]:
    """Differences in the order in which they are judged, and how many bytes rules have to read."""
    costs = {difference.name: _cost(difference) for difference in differences}

    def place(item: Difference) -> tuple[bool, int, int, str]:
        return item.name == record, costs[item.name], _size(item), item.name

    return ((difference, costs[difference.name]) for difference in sorted(differences, key=place))


def _cost(difference: Difference) -> int:
    ours, theirs = difference.published, difference.rebuilt
    # Comparing native code on both sides has a budget of its own; the smallest pairs get it.
    if ours and theirs and is_native(difference.name, ours):
        return 0
    size = _size(difference)
    return size if is_source(difference.name) else size // _OTHERS


def _size(difference: Difference) -> int:
    return sum(side.content.size for side in (difference.published, difference.rebuilt) if side)


def _path_files(archive: Archive) -> Iterator[Content]:
    """Each is inflated once here, however many published ones are held against it."""
    for member in archive.members:
        if is_path_file(member.name):
            with suppress(UnreadableMemberError):
                yield archive.content(member)


def _one_sided(differences: Sequence[Difference]) -> dict[Content, tuple[Difference, ...]]:
    found: dict[Content, list[Difference]] = {}
    for difference in differences:
        sides = [side for side in (difference.published, difference.rebuilt) if side]
        if len(sides) == 1:
            found.setdefault(sides[0].content, []).append(difference)
    return {content: tuple(group) for content, group in found.items()}


def _files(archive: Archive) -> list[str]:
    return sorted(member.name for member in archive.members if not member.is_dir)


def _judge(difference: Difference, context: Context, rules: Rules) -> list[Finding]:
    """Every dangerous pattern that matches, and what benign or unexplained rule comes first."""
    findings = [found for rule in rules.dangerous if (found := rule(difference, context))]
    if not findings and (fields := explain_fields(difference, context, rules.fields)):
        return fields
    others = rules.unexplained if findings else (*rules.benign, *rules.unexplained)
    first = next(found for rule in others if (found := rule(difference, context)))
    return [*findings, first]
