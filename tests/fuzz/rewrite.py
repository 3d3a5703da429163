"""Writing a published wheel again from the rebuilt one and the note on what was recorded.

What `regenerated` claims is that this is possible; here it is done, by nothing but the account.
"""

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.fuzz.flips import recorded_value
from tests.fuzz.honest import streamed
from tests.support.wheels import Entry, pack

Account = Mapping[str, Any]
"""Evidence of `container.recorded-fields`."""

_DESCRIPTOR = 8


def rewritten(rebuilt: Sequence[Entry], account: Account) -> bytes:
    """The archive that the account describes."""
    ordered = [rebuilt[at] for at in _positions(account, len(rebuilt))]
    return pack([_recorded(entry, account, len(rebuilt)) for entry in ordered])


def _positions(account: Account, count: int) -> Iterator[int]:
    for first, length in account.get("order", [[0, count]]):
        yield from range(first, first + length)


def _recorded(entry: Entry, account: Account, members: int) -> Entry:
    """One entry with its recorded fields; sizes stand where the flags in the end say."""

    def value(field: str) -> Any:  # noqa: ANN401 - JSON
        return recorded_value(account.get(field), str(entry.name), members)

    changes: dict[str, object] = {"local": {}, "descriptor": b""}
    if value("date_time") is not None:
        changes |= _moment(value("date_time"))
    if value("create_system") is not None:
        changes["system"] = value("create_system")
    if value("method") is not None:
        changes["method"] = value("method")
    if value("deflate") is not None:
        changes["stream"] = _packed(entry.data, value("deflate"))
    central = {"made_by": value("made_by"), "internal": value("internal_attr"),
               "external": _attributes(value("external_attr"))}  # fmt: skip
    changes["central"] = {**entry.central, **{k: v for k, v in central.items() if v is not None}}
    if value("flags") is not None:
        changes["flags"] = int(value("flags"), 16)
    told = replace(entry, **changes)  # type: ignore[arg-type]  # by field name
    return streamed(told) if told.flags & _DESCRIPTOR else told


def _moment(text: str) -> dict[str, object]:
    year, month, day, hour, minute, second = map(int, re.findall(r"\d+", text))
    date = (year - 1980) << 9 | month << 5 | day
    return {"date": date, "time": hour << 11 | minute << 5 | second // 2}


def _attributes(text: str | None) -> int | None:
    if text is None:
        return None
    mode, _, low = text.partition(", ")
    return int(mode, 8) << 16 | int(low, 16)


def _packed(data: bytes, setting: str) -> bytes:
    """zlib with the named setting, for example "level 9, memory level 9, strategy 3"."""
    numbers = dict(part.rsplit(" ", 1) for part in setting.split(", "))
    packer = zlib.compressobj(
        int(numbers["level"]),
        zlib.DEFLATED,
        -zlib.MAX_WBITS,
        int(numbers.get("memory level", 8)),
        int(numbers.get("strategy", zlib.Z_DEFAULT_STRATEGY)),
    )
    return packer.compress(data) + packer.flush()
