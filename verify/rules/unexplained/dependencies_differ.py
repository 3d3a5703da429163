"""Rule `metadata.dependencies-differ`: METADATA asks for other packages than the rebuild's.

Build tools drift in how they write requirements, so this is not dangerous by itself; but a
dependency is code that gets installed, so it is named apart from the rest of METADATA. What is only
spelled in another way is not listed.
"""

from collections import Counter

from verify.archive.facts import unexplained
from verify.distinfo.metadata import Headers, parse_headers
from verify.distinfo.requirement_form import RequirementForm, requirement_form, specifiers_form
from verify.distinfo.requirements import MAX_TOTAL
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.text import diff_lines

_MAX_LISTED = 40
_WIDTH = 200

_Form = RequirementForm | tuple[str, ...] | str
"""What a field asks for; its text where that has no form."""

_Asked = tuple[str, _Form]
"""The field and what it asks for."""


def dependencies_differ(difference: Difference, context: Context) -> Finding | None:
    """Name requirements that were added or removed."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not context.in_dist_info(difference, "METADATA"):
        return None
    published = _asked(parse_headers(ours.data() or b""))
    rebuilt = _asked(parse_headers(theirs.data() or b""))
    if Counter(key for key, _ in published) == Counter(key for key, _ in rebuilt):
        return None
    return unexplained(
        "metadata.dependencies-differ",
        "The published METADATA has other requirements than the rebuilt one.",
        member=difference.name,
        added=_listed(published, rebuilt),
        removed=_listed(rebuilt, published),
        diff=diff_lines(ours, theirs),
    )


def _asked(headers: Headers) -> list[tuple[_Asked, str]]:
    """What is asked for, and each time the line that asks."""
    fields = ("requires-dist", "requires-external", "requires-python")
    found = [(name, value) for name, value in headers.fields if name in fields]
    if sum(len(value) for _, value in found) > MAX_TOTAL:
        return [((name, value), f"{name}: {value}") for name, value in found]
    return [((name, _form(name, value)), f"{name}: {value}") for name, value in found]


def _form(field: str, value: str) -> _Form:
    if field == "requires-dist":
        return requirement_form(value) or value
    if field == "requires-python":
        return specifiers_form(value) or value
    return value


def _listed(asked: list[tuple[_Asked, str]], others: list[tuple[_Asked, str]]) -> list[str]:
    """The lines whose requirement the others lack, or have less often."""
    left = Counter(key for key, _ in others)
    lines = []
    for key, line in asked:
        left[key] -= 1
        if left[key] < 0:
            lines.append(line[:_WIDTH])
    return sorted(lines)[:_MAX_LISTED]
