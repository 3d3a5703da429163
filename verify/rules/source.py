"""Python source taken apart just far enough: what is code, and which names are in it.

No parser: source of any version and of any quality has to pass in linear time. A string that is
never closed ends at the end of its line, or of the file for one in triple quotes; names inside of
f-strings count as text.
"""

import re
from dataclasses import dataclass

from verify.rules.interface import Side

_LITERAL = re.compile(
    r"""
      \#[^\r\n]*+
    | \"{3}(?:[^\\"]++|\\.|"(?!""))*+(?:"{3})?
    | '{3}(?:[^\\']++|\\.|'(?!''))*+(?:'{3})?
    | "(?:[^\\"\r\n]++|\\.)*+"?
    | '(?:[^\\'\r\n]++|\\.)*+'?
    """,
    re.VERBOSE | re.DOTALL,
)
"""Comments and strings; possessive, because nothing here needs a second try."""

_NAME = re.compile(r"[^\W\d]\w*+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """Source without its comments and strings.

    Attributes:
        text: each comment or string is one space; bytes that are not UTF-8 are U+FFFD.
    """

    text: str

    def names(self) -> frozenset[str]:
        """All identifiers and keywords, as they are spelled."""
        return frozenset(_NAME.findall(self.text))


def is_ascii(side: Side) -> bool:
    """Whether a member holds nothing that needs a closer look at its characters."""
    return all(window.isascii() for window in side.archive.windows(side.member))


def code_of(side: Side) -> Code | None:
    """The code of a member; None for one that is too large to be held."""
    data = side.data()
    if data is None:
        return None
    return Code(text=_LITERAL.sub(" ", data.decode("utf-8-sig", "replace")))
