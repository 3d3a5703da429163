"""Rule `json-key-order`: metadata.json or pbr.json has the keys of its objects in another order.

Explains: `metadata.json` or `pbr.json` of the dist-info directory, in both wheels, where each file
is to the byte what Python's `json.dumps` writes for its value, and both values are equal: the same
strings, numbers and lists, and objects with the same keys.

Harmless because: an object is an unordered collection (RFC 8259, section 1), which readers look
things up in by name. Old wheel and pbr wrote dicts, which came in the order of their hashes before
Python 3.6, another one in each run. A file in this one form has no room for a key that is there
twice, for a number that two readers take in two ways, for spaces, or for anything behind its end.
"""

import json

from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_executable

_FILES = tuple(f"{name}.json" for name in ("metadata", "pbr"))
_MAX_SIZE = 1024 * 1024


def json_key_order(difference: Difference, context: Context) -> Finding | None:
    """Explain the same JSON value with its keys in another order."""
    if not any(context.in_dist_info(difference, name) for name in _FILES):
        return None
    if difference.published is None or difference.rebuilt is None:
        return None
    ours, theirs = map(_sorted, (difference.published, difference.rebuilt))
    if ours is None or ours != theirs:
        return None
    return benign(
        "json-key-order",
        "A file of JSON holds the same value, with keys in another order.",
        member=difference.name,
    )


def _sorted(side: Side) -> str | None:
    """The file's value with all keys in one order; None if the file has another form."""
    if side.content.size > _MAX_SIZE or is_executable(side):
        return None
    try:
        text = (side.data() or b"").decode("ascii")
        value = json.loads(text)
        return json.dumps(value, sort_keys=True) if json.dumps(value) == text else None
    except (ValueError, RecursionError):
        return None
