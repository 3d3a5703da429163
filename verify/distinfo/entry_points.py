"""entry_points.txt: groups of `name = object reference` lines (entry points specification)."""

import configparser
import re

from verify.archive.facts import unexplained
from verify.finding import Finding

EntryPoint = tuple[str, str, str]
"""Group, name, object reference."""

MAX_SIZE = 1024**2
"""Bytes; the largest known are some ten thousand."""

_SLOW = re.compile(r"[^\S\n]{100}")
"""The expressions of `configparser` take quadratic time on a run of white space."""


class _CaseSensitive(configparser.ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def parse_entry_points(data: bytes) -> frozenset[EntryPoint] | None:
    """All entry points; None when the file does not parse, or not in reasonable time.

    The parser is the one that the specification names, with its options.
    """
    parser = _CaseSensitive(delimiters=("=",), interpolation=None)
    try:
        text = data.decode("utf-8")
        if len(data) > MAX_SIZE or _SLOW.search(text):
            return None
        parser.read_string(text)
    except (configparser.Error, UnicodeDecodeError):
        return None
    # A [DEFAULT] section would add its entries to every other group, unseen.
    if parser.defaults():
        return None
    return frozenset(
        (group, name, value or "")
        for group in parser.sections()
        for name, value in parser[group].items()
    )


def entry_point_facts(data: bytes, path: str) -> list[Finding]:
    """Whether the file parses at all."""
    if parse_entry_points(data) is not None:
        return []
    return [unexplained("entry-points.unreadable", "entry_points.txt does not parse.", member=path)]
