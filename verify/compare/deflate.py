"""Which setting of zlib packed a member: found by packing its content again.

zlib's output depends on nothing but its version and these settings; all versions that build tools
have used agree on it, and other compressors (zlib-ng, libdeflate) do not.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from verify.archive.raw import RawFile

_LEVELS = (6, 9, 1, 2, 3, 4, 5, 7, 8, 0)
"""The likely first: the default, then "best", then "fastest"."""

_MEMORY_LEVELS = (8, 9)
_LIKELY = 3
_MAX_FAILURES = 16
"""Members that may fail every candidate before only the likely ones are tried on the rest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """Arguments of `deflateInit2`, by zlib's own numbers."""

    level: int
    memory_level: int = 8
    strategy: int = zlib.Z_DEFAULT_STRATEGY

    def __str__(self) -> str:
        text = f"level {self.level}"
        if self.memory_level != 8:
            text += f", memory level {self.memory_level}"
        if self.strategy:
            text += f", strategy {self.strategy}"
        return text


def _candidates() -> tuple[Setting, ...]:
    plain = [
        Setting(level=level, memory_level=memory) for memory in _MEMORY_LEVELS for level in _LEVELS
    ]
    # Strategies matter for lazy matching only (filtered) or ignore the level (the others).
    filtered = [
        Setting(level=level, memory_level=memory, strategy=zlib.Z_FILTERED)
        for memory in _MEMORY_LEVELS
        for level in _LEVELS[:-1]
    ]
    rest = [
        Setting(level=level, memory_level=memory, strategy=strategy)
        for strategy in (zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE)
        for memory in _MEMORY_LEVELS
        for level in (6, 9, 1)
    ]
    return (*plain, *filtered, *rest)


CANDIDATES = _candidates()


@dataclass(kw_only=True, slots=True)
class SettingSearch:
    """Finds settings member by member and remembers what worked; wheels use one for all."""

    found: list[Setting] = field(default_factory=list)
    failures: int = 0

    def reproduce(
        self, raw: RawFile, start: int, size: int, content: Callable[[], Iterator[bytes]]
    ) -> Setting | None:
        """The setting that packs `content` to the `size` bytes at `start`, None without one."""
        tried = CANDIDATES if self.failures < _MAX_FAILURES else CANDIDATES[:_LIKELY]
        for setting in dict.fromkeys((*self.found, *tried)):
            if _packs_to(setting, raw, start, size, content()):
                if setting not in self.found:
                    self.found.append(setting)
                return setting
        self.failures += 1
        return None


def _packs_to(
    setting: Setting, raw: RawFile, start: int, size: int, content: Iterator[bytes]
) -> bool:
    """Pack in windows and stop at the first byte that differs, so that failures are cheap."""
    packer = zlib.compressobj(
        setting.level, zlib.DEFLATED, -zlib.MAX_WBITS, setting.memory_level, setting.strategy
    )
    at, end = start, start + size
    for window in content:
        piece = packer.compress(window)
        if raw.slice(at, min(at + len(piece), end)) != piece:
            return False
        at += len(piece)
    piece = packer.flush()
    return at + len(piece) == end and raw.slice(at, end) == piece
