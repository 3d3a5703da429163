"""What most of several files say."""

from collections import Counter


def commonest(counted: Counter[str]) -> str | None:
    """The commonest text; of equally common ones the last in order."""
    return max(counted, key=lambda text: (counted[text], text), default=None)
