"""Characters that no editor shows: default-ignorable ones of Unicode, in UTF-8.

From the property Default_Ignorable_Code_Point of Unicode 16, without the direction controls, which
have a rule of their own.
"""

import re

_UTF_8 = (
    rb"\xc2\xad"  # soft hyphen
    rb"|\xcd\x8f"  # combining grapheme joiner
    rb"|\xe1\x85[\x9f\xa0]|\xe3\x85\xa4|\xef\xbe\xa0"  # Hangul fillers
    rb"|\xe1\x9e[\xb4\xb5]"  # Khmer inherent vowels
    rb"|\xe1\xa0[\x8b-\x8f]"  # Mongolian separators
    rb"|\xe2\x80[\x8b-\x8d]"  # zero-width space, non-joiner, joiner
    rb"|\xe2\x81[\xa0-\xa5\xaa-\xaf]"  # word joiner, invisible operators
    rb"|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf"  # variation selectors, byte order mark
    rb"|\xf3\xa0[\x80-\xbf][\x80-\xbf]"  # tags, more variation selectors
)

_MAX_HONEST_RUN = 9
"""The flag of a part of a country is seven in a row; other emoji have at most two."""

INVISIBLE_RUN = re.compile(rb"(?:%s){%d,1000}+" % (_UTF_8, _MAX_HONEST_RUN + 1))

RARE_SELECTOR = re.compile(rb"\xef\xb8[\x80-\x8d]|\xf3\xa0[\x84-\x87][\x80-\xbf]")
"""Variation selectors but for the two last of the first block, which emoji use."""

MAX_HONEST_SELECTORS = 32
"""Each can carry a byte; beside a character each, they do not stand in a row."""

INVISIBLE_CHARACTER = re.compile(
    "[\xad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
"""The same as text."""
