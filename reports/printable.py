"""Hostile text on its way to a terminal."""


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control and bidirectional characters are spelled out."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
