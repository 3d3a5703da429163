"""Characters that look like ASCII letters (after Unicode's UTS 39, for the scripts that matter).

Only pairs that common programming fonts show alike; letters that NFKC folds (full-width,
mathematical, ligatures) need no table.
"""

import re
import unicodedata

_LOOK_ALIKE = {
    # Cyrillic
    **dict(zip("АВЕЅІЈКМНОРСТУХԚԜӀҮ", "ABESIJKMHOPCTYXQWIY", strict=True)),
    **dict(zip("аеѕіјкорсухԁһӏԛԝѵгпмт", "aesijkopcyxdhlqwvrnmt", strict=True)),
    # Greek
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹ", "ABEZHIKMNOPTYXC", strict=True)),  # noqa: RUF001
    **dict(zip("αγικνορστυχϲϳ", "ayikvopotuxcj", strict=True)),
    # Armenian
    **dict(zip("ՍՏՕԼօսհոցզ", "USOLouhngq", strict=True)),
    # Latin letters that are none of the alphabet
    **dict(zip("ıɑɡɩʋᴄᴏᴠᴡᴢɪ", "iagivcovwzi", strict=True)),  # noqa: RUF001
}

_TABLE = str.maketrans(_LOOK_ALIKE)

_LETTERS = re.compile(r"[^\W\d_]+")

_GREEK = re.compile(r"[\u0370-\u03ff]")

_MIN_WORD = 3
"""Letters; shorter words of another script are names in formulas."""


def folded(name: str) -> str:
    """An identifier as the compiler takes it (PEP 3131: NFKC)."""
    return unicodedata.normalize("NFKC", name)


def ascii_look_alike(name: str) -> str | None:
    """The ASCII identifier that a name is easily taken for; None without one.

    Mathematics has honest names like `ν_max` and `κT`, so short words with Greek letters are let
    pass, and short words without any ASCII letter.
    """  # noqa: RUF002 - Greek is the point
    plain = folded(name)
    if plain.isascii():
        return None if name.isascii() else plain
    alike = plain.translate(_TABLE)
    if not alike.isascii():
        return None
    words = (word for word in _LETTERS.findall(plain) if not word.isascii())
    return alike if all(map(_deceives, words)) else None


def _deceives(word: str) -> bool:
    if len(word) >= _MIN_WORD:
        return True
    is_mixed = any(char.isascii() for char in word)
    return is_mixed and _GREEK.search(word) is None
