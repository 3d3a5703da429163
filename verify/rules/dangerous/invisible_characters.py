"""Rule `code.invisible-characters`: source that holds what no editor shows.

Finds: Python source in the published wheel with one of these, where the rebuilt member has fewer:
- ten or more invisible characters in a row (zero-width characters, variation selectors, tags,
  Hangul fillers), anywhere, in a source of any size;
- more than 32 variation selectors that no emoji uses;
- an invisible character outside of comments and strings, in a source of at most 1 MiB: some are
  letters to the compiler, and so can tell two names apart that look the same.

Dangerous because: a program can be written in them, as bytes that one visible line decodes and
runs. Honest text has one or two in a row (emoji, Persian, Indic scripts), seven in a flag.
"""

from collections import Counter
from itertools import islice

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.invisible import (
    INVISIBLE_CHARACTER,
    INVISIBLE_RUN,
    MAX_HONEST_SELECTORS,
    RARE_SELECTOR,
)
from verify.rules.kinds import is_source
from verify.rules.scan import added_by, for_characters
from verify.rules.source import code_of, is_ascii

_SEARCHES = {
    "runs": for_characters(INVISIBLE_RUN),
    "selectors": for_characters(RARE_SELECTOR),
}

_MAX_LISTED = 20


def invisible_characters(difference: Difference, _context: Context) -> Finding | None:
    """Find invisible characters that the rebuilt source does not have."""
    if difference.published is None or not is_source(difference.name):
        return None
    found = added_by(difference, _SEARCHES)
    runs, selectors = found["runs"], found["selectors"].total()
    in_code = _in_code(difference.published) - _in_code(difference.rebuilt)
    if not runs and selectors <= MAX_HONEST_SELECTORS and not in_code:
        return None
    return dangerous(
        "code.invisible-characters",
        "The published source holds invisible characters that the rebuild does not have.",
        member=difference.name,
        runs=[_spelled(run) for run in sorted(runs)[:_MAX_LISTED]],
        run_lengths=sorted((len(run.decode()) for run in runs.elements()), reverse=True)[
            :_MAX_LISTED
        ],
        variation_selectors=selectors,
        in_code={f"U+{ord(char):04X}": in_code[char] for char in sorted(in_code)[:_MAX_LISTED]},
    )


def _in_code(side: Side | None) -> Counter[str]:
    code = None if side is None or is_ascii(side) else code_of(side)
    return Counter(INVISIBLE_CHARACTER.findall(code.text)) if code else Counter()


def _spelled(run: bytes) -> str:
    """The first characters of a run by their numbers."""
    return " ".join(f"U+{ord(char):04X}" for char in islice(run.decode(), 16))
