"""entry_points.txt: groups of `name = object reference` lines (entry points specification)."""

import configparser
import re
from collections.abc import Iterator

from verify.archive.facts import dangerous, unexplained
from verify.distinfo.programs import is_reserved
from verify.finding import Finding

EntryPoint = tuple[str, str, str]
"""Group, name, object reference."""

MAX_SIZE = 1024**2
"""Bytes; the largest known are some ten thousand."""

_SLOW = re.compile(r"[^\S\n]{100}")
"""The expressions of `configparser` take quadratic time on a run of white space."""


PROGRAM_GROUPS = frozenset({"console_scripts", "gui_scripts"})
"""Groups of which installers make programs."""

_NAME = re.compile(r"[\w.-]+")
"""What the specification recommends for names, and the public index demands of programs."""

_PATH = re.compile(r"[/\\:\x00-\x1f\x7f]")

_REFERENCE = re.compile(r"\w+(?:\.\w+)*[ \t]*:[ \t]*\w+(?:\.\w+)*[ \t]*(?:\[[\w., \t-]*\][ \t]*)?")
"""Module, attribute, and extras that nobody uses any more; readers accept spaces between them."""


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


def program_names_of(data: bytes) -> frozenset[str]:
    """The names of all entry points that become programs; none when the file does not parse."""
    found = parse_entry_points(data) or frozenset()
    return frozenset(name for group, name, _ in found if group in PROGRAM_GROUPS)


def entry_point_facts(data: bytes, path: str) -> Iterator[Finding]:
    """Whether the file parses, and what is wrong with the programs that installers make of it."""
    found = parse_entry_points(data)
    if found is None:
        yield unexplained(
            "entry-points.unreadable", "entry_points.txt does not parse.", member=path
        )
        return
    for group, name, reference in sorted(found):
        if group in PROGRAM_GROUPS:
            yield from _name_facts(name, path)
            if _REFERENCE.fullmatch(reference) is None:
                yield unexplained(
                    "entry-points.unusable",
                    "An entry point that becomes a program names no function.",
                    member=path,
                    name=name[:200],
                    reference=reference[:200],
                )


def _name_facts(name: str, path: str) -> Iterator[Finding]:
    if is_reserved(name):
        yield dangerous(
            "entry-points.reserved-name",
            "An entry point becomes a program that replaces an interpreter of the environment.",
            member=path,
            name=name,
        )
    if name in {".", ".."} or _PATH.search(name):
        yield dangerous(
            "entry-points.unsafe-name",
            "An entry point becomes a program outside the directory of programs.",
            member=path,
            name=name[:200],
        )
    elif _NAME.fullmatch(name) is None:
        yield unexplained(
            "entry-points.odd-name",
            "An entry point becomes a program whose name is not made of letters, digits, . and -.",
            member=path,
            name=name[:200],
        )
