"""Rule `build-date`: one date in a generated version file.

Explains: two versions of a file that build tools generate (by a closed list of names) that are
equal but for one line, and in this line but for one date. The line assigns a string to a name that
says so (`BUILD_DATE = "..."`, `"date": "..."`), or is a comment `# Generated on ...`. Both dates
exist, have one and the same form out of a few, and the same length. The published one is at most
two days later than the rebuilt one: what waits for a day is not switched on by it.

Harmless because: a moment is all that differs; the forms have no room for anything else, and the
line cannot end a string, start code or declare an encoding. A path, a host or a user name in such a
file is not explained: what is loaded may depend on it. Code that compares the date with the present
one is the limit of this rule: an earlier date could switch on what runs from a certain age on.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.compiled import is_compiled
from verify.rules.interface import Context, Difference
from verify.rules.lines import is_plain_source

_FILES = frozenset(
    {
        "__build__.py",
        "__version__.py",
        "_build_info.py",
        "_buildinfo.py",
        "_git_version.py",
        "_version.py",
        "build_info.py",
        "buildinfo.py",
        "git_version.py",
        "version.py",
    }
)
_MAX_SIZE = 64 * 1024

_FIELD = (
    r"(?:__date__|date|__build_date__|build_date|BUILD_DATE|build_time|BUILD_TIME|build_timestamp"
    r"|BUILD_TIMESTAMP|version_date|VERSION_DATE|built_at|BUILT_AT|generated_at|GENERATED_AT"
    r"|compile_date|COMPILE_DATE)"
)
_VALUE = r"(?P<value>[A-Za-z0-9][A-Za-z0-9 ,:.+-]{7,39})"

_ASSIGNMENT = (
    rf"(?P<before> *{_FIELD}(?:: str)? ?= ?(?P<quote>['\"])){_VALUE}(?P<after>(?P=quote)\r?)"
)
_ITEM = (
    rf"(?P<before> *(?P<quote>['\"]){_FIELD}(?P=quote): (?P=quote)){_VALUE}"
    r"(?P<after>(?P=quote),?\r?)"
)
_COMMENT = (
    r"(?P<before># ?(?:Generated|Auto-generated|Built|Created)(?: on| at):? )"
    rf"{_VALUE}(?P<after>\r?)"
)
_LINES = tuple(map(re.compile, (_ASSIGNMENT, _ITEM, _COMMENT)))

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_ZONE = r"[+-](?:0[0-9]|1[0-4]):?(?:00|30|45)"

_ISO_8601 = (
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    rf"(?:[T ]{_CLOCK}(?:\.[0-9]{{3}}|\.[0-9]{{6}})?(?:Z| UTC| ?{_ZONE})?)?"
)
"""And RFC 3339, with the spellings of `datetime.isoformat` and git."""

_RFC_5322 = (
    rf"(?P<weekday>{_DAYS}), (?P<day>[0-9]{{2}}) (?P<month>{_MONTHS}) (?P<year>[0-9]{{4}})"
    rf" {_CLOCK} (?:GMT|UTC|{_ZONE})"
)
_ASCTIME = (
    rf"(?P<weekday>{_DAYS}) (?P<month>{_MONTHS}) (?P<day>[ 0-9][0-9]) {_CLOCK}"
    r" (?P<year>[0-9]{4})"
)
_DATES = tuple(map(re.compile, (_ISO_8601, _RFC_5322, _ASCTIME)))

_MAX_LATER = timedelta(days=2)
"""Clocks and zones differ; a rebuild takes the moment of the published file, or is later."""

_NAMES = re.compile(f"{_MONTHS}|{_DAYS}")
_FIGURE = re.compile("[0-9]")


def build_date(difference: Difference, context: Context) -> Finding | None:
    """Explain a version file that differs in one date only."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not _is_generated(difference.name):
        return None
    # Dates of one form have one length; bytecode is bound to the size of its source.
    if ours.content.size != theirs.content.size or ours.content.size > _MAX_SIZE:
        return None
    if is_compiled(difference.name, context.compiled):
        return None
    dates = _sole_difference(ours.data() or b"", theirs.data() or b"")
    if dates is None:
        return None
    return benign(
        "build-date",
        "The generated version file differs in one date only.",
        member=difference.name,
        published=dates[0],
        rebuilt=dates[1],
    )


def _is_generated(name: str) -> bool:
    directory, _, last = name.rpartition("/")
    top = directory.partition("/")[0].casefold()
    return bool(directory) and not top.endswith((".data", ".dist-info")) and last in _FILES


def _sole_difference(published: bytes, rebuilt: bytes) -> tuple[str, str] | None:
    """The one date that differs, from both sides."""
    if not (is_plain_source(published) and is_plain_source(rebuilt)):
        return None
    ours, theirs = published.split(b"\n"), rebuilt.split(b"\n")
    if len(ours) != len(theirs):
        return None
    differing = [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]]
    if len(differing) != 1 or not (differing[0][0].isascii() and differing[0][1].isascii()):
        return None
    return _dates([line.decode("ascii") for line in differing[0]])


def _dates(lines: Sequence[str]) -> tuple[str, str] | None:
    for form in _LINES:
        ours, theirs = map(form.fullmatch, lines)
        if ours is None or theirs is None:
            continue
        if ours["before"] == theirs["before"] and ours["after"] == theirs["after"]:
            values = ours["value"], theirs["value"]
            return values if _is_same_but_for_the_day(*map(_read, values)) else None
    return None


def _is_same_but_for_the_day(
    ours: tuple[str, date] | None, theirs: tuple[str, date] | None
) -> bool:
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return False
    return ours[1] - theirs[1] <= _MAX_LATER


def _read(value: str) -> tuple[str, date] | None:
    """The form of a date that exists, without its figures and names, and its day; else None."""
    for form in _DATES:
        match = form.fullmatch(value)
        day = _day(match.groupdict()) if match else None
        if day is not None:
            # C pads the day with a space.
            return _FIGURE.sub("0", _NAMES.sub("name", value.replace("  ", " 0"))), day
    return None


def _day(parts: dict[str, str | None]) -> date | None:
    month = parts["month"] or ""
    number = _MONTHS.split("|").index(month) + 1 if month.isalpha() else int(month)
    try:
        day = date(int(parts["year"] or 0), number, int(parts["day"] or 0))
    except ValueError:
        return None
    weekday = parts.get("weekday")
    is_right = weekday is None or _DAYS.split("|")[day.weekday()] == weekday
    return day if is_right and 1990 <= day.year < 2100 else None
