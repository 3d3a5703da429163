"""Native functions that differ, as rows of two columns; what the evidence lacks is left out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.native import instruction_text
from reports.renderers.html.alike import Part, parts
from verify.finding import Finding, JSONValue

MAX_ROWS = 2000
"""Of one finding on its page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Instructions:
    """One row: addresses in hexadecimal, instructions in parts; empty where a side has none."""

    mark: str
    published_at: str
    published: tuple[Part, ...]
    rebuilt_at: str
    rebuilt: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A function, and how many rows are not here."""

    name: str
    sizes: str
    counts: str
    rows: tuple[Instructions, ...]
    more_rows: int
    is_cut: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Differing:
    """A function in the list of those that a person has to review."""

    name: str
    published: str
    rebuilt: str
    same_footprint: bool


def functions(finding: Finding) -> list[Function]:
    """The functions that are there side by side, up to `MAX_ROWS` rows."""
    room = MAX_ROWS
    found = []
    for item in _mappings(finding.evidence.get("disassembly")):
        function = _function(item, room)
        room -= len(function.rows)
        found.append(function)
    return found


def differing(finding: Finding) -> list[Differing]:
    """The functions that differ, as the finding lists them."""
    return [
        Differing(
            name=str(item.get("name")),
            published=_size(item.get("published")),
            rebuilt=_size(item.get("rebuilt")),
            same_footprint=item.get("same_footprint") is True,
        )
        for item in _mappings(finding.evidence.get("differing"))
    ]


def _function(item: Mapping[str, JSONValue], room: int) -> Function:
    rows = list(_mappings(item.get("rows")))
    shown = tuple(map(_instructions, rows[:room]))
    more, counts = item.get("more_rows"), item.get("counts")
    return Function(
        name=str(item.get("name")),
        sizes=f"{_size(item.get('published'))}, rebuilt {_size(item.get('rebuilt'))}",
        counts=_counts(counts) if isinstance(counts, Mapping) else "",
        rows=shown,
        more_rows=(more if isinstance(more, int) else 0) + len(rows) - len(shown),
        is_cut=item.get("is_cut") is True,
    )


def _instructions(row: Mapping[str, JSONValue]) -> Instructions:
    mark = str(row.get("mark"))
    if mark == "folded":
        words = f"{row.get('count')} the same"
        shown = (Part(text=words, differs=False),)
        return Instructions(
            mark="break", published_at="", published=shown, rebuilt_at="", rebuilt=()
        )
    (left_at, left), (right_at, right) = map(_side, (row.get("published"), row.get("rebuilt")))
    if mark == "changed" and left == right:
        left, right = (
            f"{text}  ({_bytes(row.get(side))})"
            for text, side in ((left, "published"), (right, "rebuilt"))
        )
    return Instructions(
        mark=mark,
        published_at=left_at,
        published=parts(left, right if mark == "changed" else left),
        rebuilt_at=right_at,
        rebuilt=parts(right, left if mark == "changed" else right),
    )


def _side(side: JSONValue) -> tuple[str, str]:
    if not isinstance(side, Mapping):
        return "", ""
    address = side.get("address")
    keys = ("mnemonic", "operands", "denotes")
    text = instruction_text({key: side.get(key) for key in keys})
    return f"{address:x}" if isinstance(address, int) else "", text


def _bytes(side: JSONValue) -> str:
    return str(side.get("bytes")) if isinstance(side, Mapping) else ""


def _counts(counts: Mapping[str, JSONValue]) -> str:
    return ", ".join(f"{count} {mark}" for mark, count in counts.items() if count)


def _size(value: JSONValue) -> str:
    return f"{value:,} B" if isinstance(value, int) else "none"


def _mappings(value: JSONValue) -> Iterator[Mapping[str, JSONValue]]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from (item for item in value if isinstance(item, Mapping))
