"""Native functions side by side as evidence: plain JSON values, bounded by `verify.native`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from verify.finding import JSONValue

if TYPE_CHECKING:
    from verify.native.disassembly import Disassembly, Row
    from verify.native.instructions import Instruction

_MAX_NAME = 100
_MAX_BYTES = 16
"""No instruction is longer; what is none may be."""


def function_evidence(shown: "Disassembly") -> Mapping[str, JSONValue]:
    """One function: its name and sizes, how many rows are alike, and some of them."""
    return {
        "name": shown.name[:_MAX_NAME],
        "published": shown.published,
        "rebuilt": shown.rebuilt,
        "counts": {str(mark): count for mark, count in shown.counts.items()},
        "rows": [_row(row) for row in shown.rows],
        "more_rows": shown.more_rows,
        "is_cut": shown.is_cut,
    }


def _row(row: "Row") -> Mapping[str, JSONValue]:
    return {
        "mark": str(row.mark),
        "count": row.count,
        "published": _instruction(row.published),
        "rebuilt": _instruction(row.rebuilt),
    }


def _instruction(one: "Instruction | None") -> Mapping[str, JSONValue] | None:
    if one is None:
        return None
    return {
        "address": one.address,
        "bytes": one.data[:_MAX_BYTES].hex(),
        "mnemonic": one.mnemonic,
        "operands": one.operands,
        "denotes": one.denotes,
    }
