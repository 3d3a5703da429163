"""Whether requirements are written in one style, as a build tool writes them."""

import re
from collections.abc import Iterable

_TOKEN = re.compile(
    r"""(?P<gap> *)(?:(?P<string>"[^"]*"|'[^']*')|(?P<operator>[<>=!~]+)"""
    r"""|(?P<mark>[][(),;])|(?P<word>[^][(),;<>=!~"' ]+))"""
)
_LOGIC = frozenset({"and", "or", "in", "not"})

Trait = tuple[str, ...]
"""A place in a requirement where tools write one thing or another, and what stands there."""


def is_one_style(texts: Iterable[str]) -> bool:
    """Whether the requirements have the same spaces and quotes wherever the same parts meet."""
    styles: dict[Trait, str] = {}
    return all(
        styles.setdefault(place, written) == written
        for text in texts
        for place, written in _traits(text)
    )


def _traits(text: str) -> Iterable[tuple[Trait, str]]:
    head, semicolon, marker = text.partition(";")
    if "<" in head or ">" in head or "=" in head:
        yield ("parentheses",), "(" if "(" in head else ""
    yield from _of_part("head", head + semicolon)
    yield from _of_part("marker", ";" + marker)


def _of_part(part: str, text: str) -> Iterable[tuple[Trait, str]]:
    before, variable = "", ""
    for match in _TOKEN.finditer(text):
        kind = _kind(match)
        yield (part, before, kind), match["gap"]
        if match["string"]:
            # Tools that join two markers write the extra with quotes of its own.
            yield (part, "quotes", str(variable == "extra")), match["string"][0]
        if kind == "word":
            variable = match["word"]
        before = kind


def _kind(match: re.Match[str]) -> str:
    word = match["word"]
    if word in _LOGIC:
        return str(word)
    # What a parenthesis of a marker encloses is a condition, of whatever kind.
    return match["mark"] or str(match.lastgroup)
