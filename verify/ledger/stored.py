"""A remembered judgement as the bytes of a row, and back; a row that is odd is as good as none."""

import json
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from builders.recipe import recipe_from_json, recipe_to_json
from verify.errors import UsageFault
from verify.ledger.interface import Key, Remembered
from verify.ledger.typed import MisfitError, from_json, to_json
from verify.policy.defaults import UNSAFE_SANDBOX
from verify.results import Diff, Judgement
from verify.verdict import Verdict

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
    document = to_json(_Row(format=FORMAT, remembered=remembered))
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return zlib.compress(text.encode("ascii"), 6)


def unpack(data: bytes, key: Key) -> Remembered | None:
    """What a row holds on a key; None where it is damaged, contradicts itself or is on another."""
    try:
        row = from_json(_Row, json.loads(_inflated(data), parse_constant=_refuse))
        remembered: Remembered = row.remembered
        if row.format != FORMAT or remembered.key != key or not _is_sound(remembered):
            return None
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, zlib.error, UsageFault):
        return None
    return remembered


def seconds_in(data: bytes) -> float | None:
    """The seconds that judging took, by a row of any version and key; only to guess others by."""
    try:
        document = json.loads(_inflated(data), parse_constant=_refuse)
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
