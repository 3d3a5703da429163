"""Keys under which some reader stores a name: names with one key end at one path.

The keys fold more than any single reader does, on purpose: two members that merge anywhere must not
both be there, because the order in which an installer writes them is a free field of the archive.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

_FORBIDDEN = str.maketrans('<>:"|?*', "_" * 7)
"""CPython's `zipfile` writes "_" for what Windows forbids in a name."""

_DROPPED = re.compile(r"(?:[0-9]*;|[. ])*")
r"""What some readers drop from the end of a segment, reversed so that it takes linear time: UnZip
drops a VMS version (`;1`), Windows dots and spaces."""

_NEEDS_FOLDING = re.compile(r'[<>:"|?*; ]|\./|\.$')

_ALIAS = re.compile(r"[^./~]{1,6}~[0-9]{1,6}(?:\.[^./]{0,3})?")
"""Windows' short alias of a long name: `LONGNA~1.TXT`."""


def folded(name: str) -> str:
    """The key under which any of these stores a name; a trailing slash does not count.

    Case-insensitive and normalizing file systems, CPython's `zipfile` on Windows, Windows itself,
    and Info-ZIP's UnZip.
    """
    name = name.removesuffix("/")
    if name.isascii():
        key = name.lower()
    else:
        decomposed = unicodedata.normalize("NFD", name).casefold()
        key = unicodedata.normalize("NFC", decomposed)
    if _NEEDS_FOLDING.search(key) is None:
        return key
    return "/".join(map(_kept, key.translate(_FORBIDDEN).split("/")))


def alias_twins(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of (key that holds a short alias, another key that it may stand for).

    Which alias Windows gives depends on what else is in the directory and on a hash, so any long
    name with the same first character and extension counts.
    """
    keys = sorted(set(keys))
    aliases = [key for key in keys if "~" in key and any(map(_ALIAS.fullmatch, key.split("/")))]
    if not aliases:
        return
    buckets: dict[str, list[str]] = {}
    for key in keys:
        bucket = buckets.setdefault(_shortest(key), [])
        # Two are enough: one of them is not the alias itself.
        if len(bucket) < 2:
            bucket.append(key)
    for alias in aliases:
        for other in buckets[_shortest(alias)]:
            if other != alias:
                yield alias, other
                break


def _kept(segment: str) -> str:
    match = _DROPPED.match(segment[::-1])
    end = len(segment) - (match.end() if match else 0)
    # A segment of nothing but dots has its own finding and keeps its meaning.
    return segment[:end] or segment


def _shortest(key: str) -> str:
    """What two keys surely share if one is the other with short aliases in it."""
    return "/".join(map(_shortest_segment, key.split("/")))


def _shortest_segment(segment: str) -> str:
    stem, dot, extension = segment.lstrip(". ").rpartition(".")
    return f"{stem[:1]}.{extension[:3]}" if dot else f"{extension[:1]}."
