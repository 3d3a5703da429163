"""Rule `code.bidirectional-text`: source that reads differently than it runs.

Finds: Python source in the published wheel with more bidirectional control characters than the
rebuilt member has.

Dangerous because: such characters make an editor show the code in another order than the compiler
reads it (CVE-2021-42574, "Trojan Source"), so a person who reads the diff is deceived.
"""

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_source

_CONTROLS = (
    "\N{LEFT-TO-RIGHT EMBEDDING}\N{RIGHT-TO-LEFT EMBEDDING}\N{POP DIRECTIONAL FORMATTING}"
    "\N{LEFT-TO-RIGHT OVERRIDE}\N{RIGHT-TO-LEFT OVERRIDE}\N{LEFT-TO-RIGHT ISOLATE}"
    "\N{RIGHT-TO-LEFT ISOLATE}\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}"
    "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}\N{ARABIC LETTER MARK}"
)


def bidirectional_text(difference: Difference, _context: Context) -> Finding | None:
    """Find bidirectional controls that the rebuilt source does not have."""
    if difference.published is None or not is_source(difference.name):
        return None
    ours = _counts(difference.published)
    theirs = _counts(difference.rebuilt) if difference.rebuilt else {}
    added = {char: count for char, count in ours.items() if count > theirs.get(char, 0)}
    if not added:
        return None
    return dangerous(
        "code.bidirectional-text",
        "The published source holds direction-changing characters that the rebuild does not have.",
        member=difference.name,
        characters={f"U+{ord(char):04X}": added[char] for char in sorted(added)},
    )


def _counts(side: Side) -> dict[str, int]:
    data = side.data()
    if data is None:
        return {}
    # By bytes: the characters are found in a file that is not UTF-8 as a whole, too.
    return {char: count for char in _CONTROLS if (count := data.count(char.encode()))}
