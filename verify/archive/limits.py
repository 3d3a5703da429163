"""Bounds on what a hostile archive can cost; declared sizes are checked before any byte inflates.

The bounds are far above real wheels: the largest on public indexes are a few GiB, hold some tens of
thousands of members and inflate to about three times their size.
"""

WINDOW = 256 * 1024
"""Bytes held at a time when a member or a file is streamed."""

MAX_MEMBERS = 250_000
"""Entries of a central directory; more is refused before they are all held in memory."""

MAX_TOTAL_SIZE = 16 * 1024**3
"""Bytes that all members together may inflate to."""

BOMB_SIZE = 64 * 1024**2
"""Below this many inflated bytes, a high compression ratio harms nobody."""

BOMB_RATIO = 250
"""Inflated to compressed bytes; deflate cannot exceed 1032 to 1, source code stays below 20."""

MAX_ARCHIVE_RATIO = 50
"""The same for all members and the whole file: what the public index refuses above `BOMB_SIZE`."""

MAX_NAME = 512
"""Bytes of a member name; longer ones do not fit common file systems."""


def is_bomb(compressed: int, size: int, *, ratio: int = BOMB_RATIO) -> bool:
    """Whether `size` bytes out of `compressed` ones is more than an honest wheel could need."""
    if size > MAX_TOTAL_SIZE:
        return True
    return size > BOMB_SIZE and size > ratio * max(compressed, 1)
