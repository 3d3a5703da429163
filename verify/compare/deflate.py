"""Which setting of zlib packed a member: found by packing its content again.

zlib's output depends on nothing but its version and these settings; all versions that build tools
have used agree on it, and other compressors (zlib-ng, libdeflate) do not.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from verify.archive.raw import RawFile
from verify.threads import Stop, in_threads

_LEVELS = (6, 9, 1, 2, 3, 4, 5, 7, 8, 0)
"""The likely first: the default, then "best", then "fastest"."""

_MEMORY_LEVELS = (8, 9)
_LIKELY = 3
_MAX_FAILURES = 16
"""Members that may fail every candidate before only the likely ones are tried on the rest."""

_SAMPLE = 256 * 1024
"""Packed bytes from which a setting can be told well and soon."""

_MAX_PACKED = 32 * 1024**2
"""Bytes that candidates may pack in vain before only the likeliest is tried on what is left; some
two seconds."""


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


Windows = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """The `size` packed bytes at `start`, and how to get the content they must come from."""

    raw: RawFile
    start: int
    size: int
    content: Windows


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """Whether one setting packs a stream, and the bytes that were packed to find out."""

    setting: Setting
    fits: bool
    packed: int


@dataclass(kw_only=True, slots=True)
class SettingSearch:
    """Finds settings member by member and remembers what worked; wheels use one for all.

    Attributes:
        found: what worked, in the order found.
        failures: members that no candidate tried reproduced.
        packed: bytes that candidates have packed in vain.
    """

    found: list[Setting] = field(default_factory=list)
    failures: int = 0
    packed: int = 0

    def reproduce_all(self, streams: Sequence[Stream]) -> Iterator[Setting | None]:
        """The setting of each stream, in order, None where there is none.

        What packed the first stream of moderate size is tried on all of them, in threads; only
        where it fails the search goes on, one stream after another.
        """
        sample = next((stream for stream in streams if stream.size <= _SAMPLE), None)
        likeliest = None if sample is None else self._reproduce(sample)
        if likeliest is None:
            yield from map(self._reproduce, streams)
            return
        attempts = in_threads(partial(_attempt, likeliest), streams, _cost)
        for stream, attempt in zip(streams, attempts, strict=True):
            yield likeliest if attempt.fits else self._reproduce(stream, attempt)

    def reproduce(self, raw: RawFile, start: int, size: int, content: Windows) -> Setting | None:
        """The setting that packs `content` to the `size` bytes at `start`, None without one."""
        return self._reproduce(Stream(raw=raw, start=start, size=size, content=content))

    def _reproduce(self, stream: Stream, failed: Attempt | None = None) -> Setting | None:
        setting = self._search(stream, failed)
        if setting is None:
            self.failures += 1
        elif setting not in self.found:
            self.found.append(setting)
        return setting

    def _search(self, stream: Stream, failed: Attempt | None) -> Setting | None:
        """Likely settings one by one, as the first is nearly always right; then all at once.

        A setting of which it is known that it fails is not tried again.
        """
        likely = list(dict.fromkeys((*self.found[:_LIKELY], *CANDIDATES[:_LIKELY])))
        for at, setting in enumerate(likely):
            if failed is not None and failed.setting == setting:
                self.packed += failed.packed
            elif at == 0 or self.packed < _MAX_PACKED:
                match = self._first([setting], stream)
                if match is not None:
                    return match
        if self.failures >= _MAX_FAILURES or self.packed >= _MAX_PACKED:
            return None
        return self._first([each for each in CANDIDATES if each not in likely], stream)

    def _first(self, settings: Iterable[Setting], stream: Stream) -> Setting | None:
        """The first that packs to the stream; they go window by window, and most drop out soon."""
        packers = [_Packer(setting, stream) for setting in settings]
        packed = 0
        for window in stream.content():
            packed += len(window) * len(packers)
            packers = [packer for packer in packers if packer.matches(window)]
            if self.packed + packed > _MAX_PACKED:
                del packers[1:]
            if not packers:
                break
        found = next((packer.setting for packer in packers if packer.ends()), None)
        if found is None:
            self.packed += packed
        return found


def _attempt(setting: Setting, stream: Stream, stop: Stop) -> Attempt:
    packer = _Packer(setting, stream)
    packed = 0
    for window in stream.content():
        stop()
        packed += len(window)
        if not packer.matches(window):
            return Attempt(setting=setting, fits=False, packed=packed)
    return Attempt(setting=setting, fits=packer.ends(), packed=packed)


def _cost(stream: Stream) -> int:
    """Bytes that could be inflated in the time that packing takes."""
    return 8 * stream.size


class _Packer:
    """Packs window by window and compares at once, so that failures are cheap."""

    def __init__(self, setting: Setting, stream: Stream) -> None:
        self.setting = setting
        self._raw = stream.raw
        self._at, self._end = stream.start, stream.start + stream.size
        self._packer = zlib.compressobj(
            setting.level, zlib.DEFLATED, -zlib.MAX_WBITS, setting.memory_level, setting.strategy
        )

    def matches(self, window: bytes) -> bool:
        """Whether what the packer puts out for this window is what the stream has next."""
        return self._is_next(self._packer.compress(window))

    def ends(self) -> bool:
        """Whether what the packer still holds is exactly the rest of the stream."""
        return self._is_next(self._packer.flush()) and self._at == self._end

    def _is_next(self, piece: bytes) -> bool:
        start, self._at = self._at, self._at + len(piece)
        return self._raw.slice(start, min(self._at, self._end)) == piece
