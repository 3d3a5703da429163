"""Rule `code.bidirectional-text`: source that reads differently than it runs.

Finds: Python source of any size in the published wheel with more bidirectional control characters
than the rebuilt member has.

Dangerous because: such characters make an editor show the code in another order than the compiler
reads it (CVE-2021-42574, "Trojan Source"), so a person who reads the diff is deceived.
"""

import re

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_source
from verify.rules.scan import added, for_characters

_CONTROLS = (
    "\N{LEFT-TO-RIGHT EMBEDDING}\N{RIGHT-TO-LEFT EMBEDDING}\N{POP DIRECTIONAL FORMATTING}"
    "\N{LEFT-TO-RIGHT OVERRIDE}\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}"
    "\N{RIGHT-TO-LEFT ISOLATE}\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}"
    "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}\N{ARABIC LETTER MARK}"
)

# By bytes: the characters are found in a file that is not UTF-8 as a whole, too.
_SEARCH = for_characters(re.compile(b"|".join(char.encode() for char in _CONTROLS)))


def bidirectional_text(difference: Difference, _context: Context) -> Finding | None:
    """Find bidirectional controls that the rebuilt source does not have."""
    if difference.published is None or not is_source(difference.name):
        return None
    found = added(difference, _SEARCH)
    if not found:
        return None
    return dangerous(
        "code.bidirectional-text",
        "The published source holds direction-changing characters that the rebuild does not have.",
        member=difference.name,
        characters={f"U+{ord(char.decode()):04X}": found[char] for char in sorted(found)},
    )
