"""METADATA read strictly: what every reader takes for the same fields, or nothing at all.

Installers read METADATA with the email parser of their Python, with pkg_resources on top of it,
with packaging, or with parsers in other languages. Refused is all that these are known to tell
apart: repeated fields of which one counts, lines that are no fields, folded values, lone carriage
returns and other characters that split lines somewhere, encoded words (RFC 2047), and fields that
the core metadata specification does not know (`Content-Type: multipart/...` would hide the body);
and one field in two spellings, which no tool writes.

What is accepted can be written back byte by byte, so nothing is in the file but what is told here.
"""

import re
from dataclasses import dataclass

from verify.distinfo.metadata import MAX_CONTENT_TYPE, MAX_FIELDS, MAX_LINE, MAX_LINES

BODY = ""
"""Stands for the text below the fields where the name of a field is meant."""

ORDER = ":order"
"""Stands for the names of the fields in the order of the file; no name holds a colon."""

LINE_ENDS = ":line-ends"
"""Stands for what ends each line of the file."""

SINGLE = frozenset(
    {
        "Metadata-Version",
        "Name",
        "Version",
        "Summary",
        "Description-Content-Type",
        "Keywords",
        "Home-page",
        "Home-Page",
        "Download-URL",
        "Author",
        "Author-email",
        "Author-Email",
        "Maintainer",
        "Maintainer-email",
        "Maintainer-Email",
        "License",
        "License-Expression",
        "Requires-Python",
    }
)
"""Fields that a file has once; Description is missing, because it competes with the body.

Spelled as the specification does or some build tool; names do not depend on case.
"""

MULTIPLE = frozenset(
    {
        "Platform",
        "Supported-Platform",
        "Classifier",
        "Requires",
        "Provides",
        "Obsoletes",
        "Requires-Dist",
        "Provides-Dist",
        "Obsoletes-Dist",
        "Requires-External",
        "Project-URL",
        "Project-Url",
        "Provides-Extra",
        "Dynamic",
        "License-File",
        "Import-Name",
        "Import-Namespace",
    }
)
"""Fields that a file may have any number of times."""

_FOLDED = "License"
"""The only field that honest build tools fold."""

_KNOWN = SINGLE | MULTIPLE

_NAMES_OF_PEOPLE = frozenset(name for name in SINGLE if name.startswith(("Author", "Maintainer")))
"""The only fields in which honest build tools encode words."""

_FIELD = re.compile(r"([A-Za-z-]+): (.*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainMetadata:
    """A METADATA file without anything that two readers see differently.

    Attributes:
        fields: (name as spelled, value) in order; the value is all that follows the colon and one
            space, with its folded lines as the file has them.
        body: what follows the first empty line; None without such a line.
        line_end: what ends every line; in fields and body it is a line feed.
    """

    fields: tuple[tuple[str, str], ...]
    body: str | None
    line_end: str

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a field in order, by its lower-case name."""
        return tuple(value for spelled, value in self.fields if spelled.lower() == name)

    def by_name(self) -> dict[str, tuple[str, ...]]:
        """The values of every field in order, by its lower-case name."""
        found: dict[str, list[str]] = {}
        for spelled, value in self.fields:
            found.setdefault(spelled.lower(), []).append(value)
        return {name: tuple(values) for name, values in found.items()}

    def to_bytes(self) -> bytes:
        """The file again."""
        lines = "".join(f"{name}: {value}\n" for name, value in self.fields)
        text = lines if self.body is None else f"{lines}\n{self.body}"
        return text.replace("\n", self.line_end).encode("utf-8")


def parse_plain(data: bytes) -> PlainMetadata | None:
    """The file as every reader sees it; None if two readers may see two."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    line_end = _line_end(text)
    text = text.replace(line_end, "\n")
    block, empty_line, body = text.partition("\n\n")
    if not empty_line and not block.endswith("\n"):
        return None
    fields = _fields(block.removesuffix("\n"))
    if fields is None:
        return None
    return PlainMetadata(fields=fields, body=body if empty_line else None, line_end=line_end)


def _line_end(text: str) -> str:
    """A carriage return and a line feed, if every one of either stands in such a pair."""
    pairs = text.count("\r\n")
    is_uniform = pairs > 0 and pairs == text.count("\n") == text.count("\r")
    return "\r\n" if is_uniform else "\n"


def _fields(block: str) -> tuple[tuple[str, str], ...] | None:
    lines = block.split("\n")
    if len(lines) > MAX_LINES or max(map(len, lines)) > MAX_LINE:
        return None
    # Tabs are no reason to distrust a line: all readers keep them.
    if not "".join(lines).replace("\t", "").isprintable():
        return None
    fields: list[tuple[str, list[str]]] = []
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match and match[1] in _KNOWN and len(fields) < MAX_FIELDS:
            fields.append((match[1], [match[2]]))
        elif line[:1] in {" ", "\t"} and fields and fields[-1][0] == _FOLDED:
            fields[-1][1].append(line)
        else:
            return None
    joined = tuple((name, "\n".join(values)) for name, values in fields)
    return joined if _is_sound(joined) else None


def _is_sound(fields: tuple[tuple[str, str], ...]) -> bool:
    single = [name.lower() for name, _ in fields if name in SINGLE]
    spelled = {name for name, _ in fields}
    content_type = next((value for name, value in fields if name == "Description-Content-Type"), "")
    return (
        not any("=?" in value for name, value in fields if name not in _NAMES_OF_PEOPLE)
        and len(single) == len(set(single))
        and len(spelled) == len({name.lower() for name in spelled})
        and len(content_type) <= MAX_CONTENT_TYPE
    )
