"""Which of a repository's tags is the newest image until a day."""

import re
from collections.abc import Iterable
from datetime import date

_FORMS = {
    "YYYY-MM-DD-COMMIT": re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})-([0-9a-f]{7,40})"),
    "YYYY.MM.DD-BUILD": re.compile(r"([0-9]{4})\.([0-9]{2})\.([0-9]{2})-([0-9]{1,6})"),
}
"""The forms of `builders/knowledge/manylinux.toml`."""


def newest_tag(tags: Iterable[str], forms: Iterable[str], not_after: date) -> str | None:
    """The tag of the newest image; None where no tag has one of the forms and such a day.

    Of several images of one day it is the one with the highest build number. Commits have no
    order: of those it is the last in the alphabet, so that it is always the same one.
    """
    patterns = [_FORMS[form] for form in forms if form in _FORMS]
    found = [
        (day, int(match[4]) if match[4].isdecimal() and "." in tag else 0, tag)
        for tag in tags
        for pattern in patterns
        if (match := pattern.fullmatch(tag)) and (day := _day(match)) and day <= not_after
    ]
    return max(found)[2] if found else None


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
