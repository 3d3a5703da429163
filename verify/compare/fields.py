"""Explain METADATA field by field: each difference by a rule of its own, or none of them."""

from collections.abc import Container, Iterator, Sequence

from verify.distinfo.plain_metadata import (
    BODY,
    LINE_ENDS,
    ORDER,
    PlainMetadata,
    parse_plain,
)
from verify.finding import Finding
from verify.rules.interface import Context, Difference, FieldDifference, FieldRule, Side


def explain_fields(
    difference: Difference, context: Context, rules: Sequence[FieldRule]
) -> list[Finding]:
    """One benign finding for each difference between two METADATA files; none if one has no rule.

    Both files are accepted only if every reader sees the same in them and if nothing is in them but
    fields, their order, the body and the line ends; so what is told here accounts for all bytes.
    """
    if not context.in_dist_info(difference, "METADATA"):
        return []
    published, rebuilt = _parsed(difference.published), _parsed(difference.rebuilt)
    if published is None or rebuilt is None:
        return []
    findings: list[Finding] = []
    for field in _field_differences(difference, published, rebuilt):
        found = next((finding for rule in rules if (finding := rule(field, context))), None)
        if found is None:
            return []
        findings.append(found)
    return findings


def _parsed(side: Side | None) -> PlainMetadata | None:
    data = None if side is None else side.data()
    return None if data is None else parse_plain(data)


def _field_differences(
    difference: Difference, published: PlainMetadata, rebuilt: PlainMetadata
) -> Iterator[FieldDifference]:
    ours, theirs = _parts(published), _parts(rebuilt)
    common = {name for name in ours if len(ours[name]) == len(theirs.get(name, ()))}
    ours[ORDER], theirs[ORDER] = (_order(file, common) for file in (published, rebuilt))
    for field in sorted(ours.keys() | theirs.keys()):
        if ours.get(field, ()) != theirs.get(field, ()):
            yield FieldDifference(
                field=field,
                published=ours.get(field, ()),
                rebuilt=theirs.get(field, ()),
                difference=difference,
                files=(published, rebuilt),
            )


def _parts(file: PlainMetadata) -> dict[str, tuple[str, ...]]:
    """All there is in a file, but for the order of its fields."""
    return {
        **file.by_name(),
        BODY: () if file.body is None else (file.body,),
        LINE_ENDS: (file.line_end,),
    }


def _order(file: PlainMetadata, common: Container[str]) -> tuple[str, ...]:
    """The names, as spelled, of the fields that both files have as often."""
    return tuple(name for name, _ in file.fields if name.lower() in common)
