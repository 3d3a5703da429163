"""What the readers of locks share: names, versions, file names and hashes of one entry."""

from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urlsplit

from packaging.utils import (
    InvalidName,
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from verify.lock.inputs.hashes import made_hash, parse_hash, pinned_in
from verify.lock.inputs.interface import LockedFile, LockedHash, quoted
from verify.lock.inputs.toml_text import Entry


def name_of(entry: Entry) -> NormalizedName:
    """The normalized `name` of an entry.

    Raises:
        InputFault: it is missing or no name.
    """
    written = entry.required("name")
    try:
        return canonicalize_name(written, validate=True)
    except InvalidName as error:
        raise entry.fault(f"{quoted(written)} is no name of a project") from error


def version_of(entry: Entry) -> Version | None:
    """The `version` of an entry, None where it has none.

    Raises:
        InputFault: it is no version.
    """
    written = entry.text("version")
    if written is None:
        return None
    try:
        return Version(written)
    except (InvalidVersion, ValueError) as error:
        raise entry.fault(f"{quoted(written)} is no version") from error


def locked_file(
    entry: Entry, *, filename: str | None, url: str | None, hashes: Iterable[LockedHash]
) -> LockedFile:
    """A file at the place of its first hash, and without its URL's credentials.

    A hash in the URL counts beside those of the lock: pip takes a file that has any of them.

    Raises:
        InputFault: what the URL has for a hash is none.
    """
    found = tuple(hashes)
    if found and url is not None:
        written = (made_hash(*each, entry.where) for each in pinned_in(url))
        found += tuple(one for one in dict.fromkeys(written) if one not in found)
    where = entry.document.digest(found[0].digest, entry.where) if found else entry.where
    bare = bare_url(url)
    return LockedFile(
        filename=filename or (last_part(url) if url else None),
        url=bare,
        hashes=found,
        where=where,
    )


def hash_in(entry: Entry, key: str = "hash") -> tuple[LockedHash, ...]:
    """The hash of a file's table, none where it has none.

    Raises:
        InputFault: it is no hash.
    """
    written = entry.text(key)
    return (parse_hash(written, entry.where),) if written else ()


def hashes_of(entry: Entry, table: Iterable[tuple[str, str]]) -> Iterator[LockedHash]:
    """Hashes by algorithm, as pylock.toml has them.

    Raises:
        InputFault: one is no hash.
    """
    for algorithm, digest in sorted(table):
        yield made_hash(algorithm, digest, entry.where)


def last_part(url: str) -> str | None:
    """The file name that a URL or path ends with."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return None
    return unquote(path).replace("\\", "/").rpartition("/")[2] or None


def bare_url(url: str | None) -> str | None:
    """A URL without user info, which must not be shown; anything else as it is."""
    if url is None or "@" not in url or "://" not in url:
        return url
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def version_in(filename: str) -> Version | None:
    """The version that a file name has; None where it is not the name of a wheel or an sdist."""
    try:
        if filename.endswith(".whl"):
            return parse_wheel_filename(filename)[1]
        return parse_sdist_filename(filename)[1]
    except (InvalidWheelFilename, InvalidSdistFilename, ValueError):
        return None
