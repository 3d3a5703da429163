"""Rule `entry-points-layout`: the same entry points, written in another layout.

Explains: both files hold nothing but group headers, `name = object reference` lines and empty
lines, name the same groups, and in each group the same entries in the same order. Free are the
style of line ends, an empty line before each group, one or two at the end, spaces around `=` if
they are the same throughout, the order of entries which become programs, and that of groups if no
name is in two of them (readers who look an entry up by its name alone take the first).

Harmless because: within this grammar every reader agrees (configparser, which the specification
names, and `importlib.metadata`): no line is indented, so none continues another; no name, group or
program occurs twice in any case, nor up to its first dot (installers on Windows cut a suffix off),
so no order decides which one stays. Old setuptools copied the
author's text and a newline, newer ones sort and format it.
"""

import re
from collections.abc import Mapping, Sequence

from verify.archive.facts import benign
from verify.distinfo.entry_points import EntryPoint, parse_entry_points
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.lines import plain_lines

_GROUP = re.compile(r"\[([A-Za-z0-9_][A-Za-z0-9_.-]{0,99})\]")
_ENTRY = re.compile(
    r"([A-Za-z0-9_][A-Za-z0-9_.+-]{0,99})( ?= ?)"
    r"([A-Za-z_][A-Za-z0-9_.]{0,199}(?::[A-Za-z_][A-Za-z0-9_.]{0,199})?"
    r"(?: ?\[[A-Za-z0-9_.-]{1,99}\])?)"
)
_NEEDLESS = re.compile(r"\n\n(?=[^\[\n])|\n\n\n|\A\n\n")
"""An empty line before an entry, two before a group, three at the end."""

_PROGRAMS = ("console_scripts", "gui_scripts")

Groups = Mapping[str, Sequence[tuple[str, str]]]


def entry_points_layout(difference: Difference, context: Context) -> Finding | None:
    """Explain entry points that differ in layout only."""
    if not context.in_dist_info(difference, "entry_points.txt"):
        return None
    if difference.published is None or difference.rebuilt is None:
        return None
    ours, theirs = _groups(difference.published), _groups(difference.rebuilt)
    if ours is None or theirs is None or _unordered(ours) != _unordered(theirs):
        return None
    if list(ours) != list(theirs) and not _is_unique(_names(ours)):
        return None
    return benign(
        "entry-points-layout",
        "entry_points.txt has the same entries in another layout.",
        member=difference.name,
        entries=sum(map(len, ours.values())),
    )


def _unordered(groups: Groups) -> dict[str, Sequence[tuple[str, str]]]:
    return {
        name: sorted(entries) if name in _PROGRAMS else entries for name, entries in groups.items()
    }


def _groups(side: Side) -> Groups | None:
    """The entries of each group, in order; None for anything outside of the grammar."""
    data = side.data()
    lines = None if data is None else plain_lines(data)
    if data is None or lines is None:
        return None
    groups: dict[str, list[tuple[str, str]]] = {}
    entries: list[tuple[str, str]] | None = None
    signs = set()
    for line in filter(None, lines):
        header, entry = _GROUP.fullmatch(line), _ENTRY.fullmatch(line)
        if header and header[1] not in groups:
            entries = groups.setdefault(header[1], [])
        elif entry and entries is not None:
            entries.append((entry[1], entry[3]))
            signs.add(entry[2])
        else:
            return None
    is_plain = len(signs) <= 1 and _NEEDLESS.search("\n".join(lines)) is None
    if not is_plain or not _is_unambiguous(groups) or parse_entry_points(data) != _flat(groups):
        return None
    return groups


def _is_unambiguous(groups: Groups) -> bool:
    """Whether no group, name or program occurs twice, even where case does not count."""
    programs = [name.split(".")[0] for group in _PROGRAMS for name, _ in groups.get(group, ())]
    names = [[name for name, _ in entries] for entries in groups.values()]
    return all(map(_is_unique, [list(groups), programs, *names]))


def _names(groups: Groups) -> list[str]:
    return [name for entries in groups.values() for name, _ in entries]


def _is_unique(names: Sequence[str]) -> bool:
    return len({name.casefold() for name in names}) == len(names)


def _flat(groups: Groups) -> frozenset[EntryPoint]:
    return frozenset((group, name, target) for group in groups for name, target in groups[group])
