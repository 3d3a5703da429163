"""Where a ledger is, as a person writes it, and how its failures are told."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from verify.ledger.interface import LedgerFault, UnwritableError

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.exc import SQLAlchemyError

FILE = "ledger.sqlite"
"""The name of the ledger in the cache directory."""

NOWHERE = "none"
NONE_HINT = "name another one with --ledger, or go without: --ledger none"

_DAMAGE = ("malformed", "not a database", "corrupt", "unsupported file format")
_TO_WRITE = ("full", "readonly", "read-only", "disk I/O error", "unable to open")


def resolve(text: str | None, cache_root: Path) -> str | None:
    """A file's path or a database's URL; None for no ledger at all.

    Args:
        text: what the person gave, None if nothing.
        cache_root: has the ledger unless another one is named.
    """
    if text is None:
        return str(cache_root / FILE)
    if text == NOWHERE:
        return None
    return text if "://" in text else str(Path(text).absolute())


def told(error: "SQLAlchemyError", name: str, secrets: Sequence[str] = ()) -> LedgerFault:
    """A database's failure in words that say what to do, and none of the secrets."""
    said = first_line(error)
    for secret in secrets:
        said = said.replace(secret, "***")
    if any(word in said for word in _DAMAGE):
        return LedgerFault(
            f"the ledger {name} is damaged: {said}",
            hint=f"it was not changed; move it away to begin a new one; else {NONE_HINT}",
        )
    if is_about_writing(error):
        return UnwritableError(
            f"the ledger {name} cannot be written: {said}",
            hint=f"make room or check permissions; else {NONE_HINT}",
        )
    return LedgerFault(f"the ledger {name} cannot be used: {said}", hint=NONE_HINT)


def shown(url: "URL") -> str:
    """A database's URL without its secrets, which a query may hold as well."""
    return url.set(query={}).render_as_string(hide_password=True)


def secrets_in(url: "URL") -> tuple[str, ...]:
    """What must not be shown even if the database repeats it."""
    queried = [(key, value) for key, found in url.normalized_query.items() for value in found]
    # A number of seconds is none, and would be found in every port.
    found = [value for key, value in queried if "pass" in key or not value.isdecimal()]
    return (str(url.password), *found) if url.password else tuple(found)


def is_about_writing(error: "SQLAlchemyError") -> bool:
    """Whether a database failed for want of room or permission."""
    return any(word in first_line(error) for word in _TO_WRITE)


def first_line(error: Exception) -> str:
    """The database's own words: SQLAlchemy adds the statement and what went into it."""
    original = getattr(error, "orig", None)
    lines = str(original or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
