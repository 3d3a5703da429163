"""A remembered judgement as the bytes of a row, and back; a row that is odd is as good as none."""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn, TypeVar

from builders.recipe import recipe_from_json, recipe_to_json
from verify.errors import UsageFault
from verify.ledger.interface import Key, Remembered
from verify.ledger.typed import MisfitError, from_json, to_json
from verify.policy.defaults import UNSAFE_SANDBOX
from verify.results import Diff, Judgement
from verify.verdict import Verdict

T = TypeVar("T")

FORMAT = 1
"""Of the bytes; of another one nothing is read."""

MAX_BYTES = 256 * 1024**2
"""Of a row when it is inflated; a comparison's evidence is bounded far below."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    format: int
    remembered: Remembered


def pack(remembered: Remembered) -> bytes:
    """The bytes of a row."""
    return packed(_Row(format=FORMAT, remembered=remembered))


def unpack(data: bytes, key: Key) -> Remembered | None:
    """What a row holds on a key; None where it is damaged, contradicts itself or is on another."""
    return _sound(data, lambda found: found == key)


def unpack_by_digest(data: bytes, digest: str) -> Remembered | None:
    """The same where only the key's digest is known."""
    return _sound(data, lambda found: found.digest == digest)


def _sound(data: bytes, is_asked_for: Callable[[Key], bool]) -> Remembered | None:
    try:
        row = unpacked(_Row, data)
        if row is None or row.format != FORMAT or not is_asked_for(row.remembered.key):
            return None
        return row.remembered if _is_sound(row.remembered) else None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, UsageFault):
        return None


def packed(value: object) -> bytes:
    """A value of dataclasses as compressed JSON."""
    text = json.dumps(to_json(value), separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return zlib.compress(text.encode("ascii"), 6)


def unpacked(kind: type[T], data: bytes) -> T | None:
    """The value that `packed` made of it, None where it holds no such value."""
    try:
        value: T = from_json(kind, _DECODER.decode(_inflated(data).decode("ascii")))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, zlib.error):
        return None
    return value


def seconds_in(data: bytes) -> float | None:
    """The seconds that judging took, by a row of any version and key; only to guess others by."""
    try:
        document = _DECODER.decode(_inflated(data).decode("ascii"))
        seconds = document["remembered"]["judgement"]["seconds"]["total"]
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error):
        return None
    return float(seconds) if isinstance(seconds, int | float) and seconds >= 0 else None


def _inflated(data: bytes) -> bytes:
    stream = zlib.decompressobj()
    text = stream.decompress(data, MAX_BYTES)
    if not stream.eof or stream.unused_data:
        raise MisfitError("a row is cut off or too long")
    return text


def _refuse(constant: str) -> NoReturn:
    raise MisfitError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _is_sound(remembered: Remembered) -> bool:
    """Whether what the row says fits together, and the key that it is found by."""
    judgement = remembered.judgement
    return (
        _is_utc(remembered.judged_at)
        and _fits_verdict(judgement)
        and (judgement.diff is None or _is_about(judgement.diff, remembered.key))
        and (judgement.recipe is None or _is_recipe(judgement, remembered.key))
    )


def _is_utc(moment: datetime) -> bool:
    return moment.utcoffset() == timedelta(0)


def _fits_verdict(judgement: Judgement) -> bool:
    if judgement.diff is None:
        return judgement.verdict is Verdict.UNDETERMINED and judgement.reason is not None
    same = (judgement.diff.verdict, judgement.diff.reason) == (judgement.verdict, judgement.reason)
    return same and judgement.recipe is not None


def _is_about(diff: Diff, key: Key) -> bool:
    found = diff.published
    same_file = diff.rebuilt.sha256 == found.sha256
    return (
        (found.filename, found.sha256) == (key.wheel, key.wheel_sha256)
        and (same_file or diff.verdict is not Verdict.IDENTICAL)
        and diff.accounting.published_bytes == found.size
    )


def _is_recipe(judgement: Judgement, key: Key) -> bool:
    recipe = recipe_from_json(judgement.recipe)
    source = recipe.source
    return (
        recipe_to_json(recipe) == judgement.recipe
        and (source.filename, source.sha256) == (key.source, key.source_sha256)
        and (recipe.sandbox != UNSAFE_SANDBOX) == key.confined
    )
