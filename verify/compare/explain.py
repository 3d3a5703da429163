"""Put every difference before the rules."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from verify.archive.errors import UnreadableMemberError
from verify.archive.member import Content
from verify.archive.reader import Archive
from verify.finding import Finding, FindingClass, RuleName
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_path_file
from verify.rules.registry import Rules


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
    """Judge each difference; RECORD last, because it follows from the others."""
    explained: dict[str, RuleName] = {}
    findings: list[Finding] = []
    context = Context(
        published=published,
        rebuilt=rebuilt,
        dist_info=dist_info,
        differences={difference.name: difference for difference in differences},
        explained=explained,
        path_files=frozenset(_path_files(rebuilt)),
    )
    record = f"{dist_info}/RECORD"
    for difference in sorted(differences, key=lambda item: (item.name == record, item.name)):
        found = _judge(difference, context, rules)
        findings += found
        if found[-1].kind is FindingClass.BENIGN:
            explained[difference.name] = found[-1].rule
    return Explanation(findings=tuple(findings), explained=frozenset(explained))


def _path_files(archive: Archive) -> Iterator[Content]:
    """Each is inflated once here, however many published ones are held against it."""
    for member in archive.members:
        if is_path_file(member.name):
            with suppress(UnreadableMemberError):
                yield archive.content(member)


def _judge(difference: Difference, context: Context, rules: Rules) -> list[Finding]:
    """Every dangerous pattern that matches, and what benign or unexplained rule comes first."""
    findings = [found for rule in rules.dangerous if (found := rule(difference, context))]
    others = rules.unexplained if findings else (*rules.benign, *rules.unexplained)
    first = next(found for rule in others if (found := rule(difference, context)))
    return [*findings, first]
