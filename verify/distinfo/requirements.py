"""The requirements in METADATA, parsed with bounds; what cannot be parsed is kept as it is."""

import re
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from verify.distinfo.metadata import Headers

MAX_LENGTH = 2_000
"""Characters of a requirement; long honest ones are lists of markers of some hundred."""

MAX_NESTING = 20
"""Opening parentheses in one; packaging's parser recurses into each of them."""

MAX_TOTAL = 20 * 1024
"""Characters of all that are parsed; a thousand take packaging up to four milliseconds. The longest
honest list in a thousand well-known wheels has sixteen thousand."""

_NAME = re.compile(r"[ \t\n(]*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirements:
    """What the Requires-Dist fields ask for.

    Attributes:
        parsed: the requirements that packaging parses, in order.
        texts: each of them as the file has it.
        unparsed: the values of all other fields, in order, as the file has them.
    """

    parsed: tuple[Requirement, ...]
    texts: tuple[str, ...]
    unparsed: tuple[str, ...]

    @property
    def names(self) -> frozenset[NormalizedName]:
        """The projects asked for; of an unparsed field, what it begins with."""
        names = {canonicalize_name(requirement.name) for requirement in self.parsed}
        guessed = (name_of(text) for text in self.unparsed)
        return frozenset(names | {name for name in guessed if name is not None})


def requirements(headers: Headers) -> Requirements:
    """The requirements of a METADATA file; never fails."""
    parsed: list[Requirement] = []
    texts: list[str] = []
    unparsed: list[str] = []
    total = 0
    for text in headers.values("requires-dist"):
        total += len(text)
        requirement = parse_requirement(text) if total <= MAX_TOTAL else None
        if requirement is None:
            unparsed.append(text)
        else:
            parsed.append(requirement)
            texts.append(text)
    return Requirements(parsed=tuple(parsed), texts=tuple(texts), unparsed=tuple(unparsed))


def parse_requirement(text: str) -> Requirement | None:
    """A requirement of printable ASCII characters; None if it is none, or too long or deep.

    No backslash either: marker strings are Python literals to packaging, and to nothing else.
    """
    if len(text) > MAX_LENGTH or text.count("(") > MAX_NESTING:
        return None
    if not (text.isascii() and text.isprintable()) or "\\" in text:
        return None
    try:
        return Requirement(text)
    except (InvalidRequirement, ValueError, RecursionError):
        # ValueError: a version with more digits than int() takes.
        return None


def name_of(text: str) -> NormalizedName | None:
    """The project that a requirement begins with, whatever follows; None if it begins with none."""
    match = _NAME.match(text[:MAX_LENGTH])
    return canonicalize_name(match[1]) if match else None
