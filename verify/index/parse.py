"""From the bytes of a project page to its files: pypi-simple reads it, we judge what it lists."""

import json
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urljoin

from bs4.exceptions import ParserRejectedMarkup
from mailbits import ContentType
from packaging.utils import NormalizedName
from pypi_simple import (
    DistributionPackage,
    ProjectPage,
    RepositoryPage,
    UnsupportedRepoVersionError,
)

from verify.index.filenames import describe, why_unsafe
from verify.index.interface import (
    FileKind,
    IndexFile,
    IndexUnreachableError,
    ServedMetadata,
    Sha256,
)
from verify.index.merge import distinct
from verify.index.urls import UnusableUrlError, last_component, scheme_of, without_credentials

_JSON_TYPE = "application/vnd.pypi.simple.v1+json"
_HTML_TYPES = {"application/vnd.pypi.simple.v1+html", "text/html"}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_SIZE = 1 << 62

_METADATA_KEYS = ("core-metadata", "dist-info-metadata", "data-dist-info-metadata")
_METADATA_ATTRIBUTES = ("data-core-metadata", "data-dist-info-metadata")
"""The names before PEP 714 are still what older clients read; pypi-simple knows only the new ones.
The third key is none that was ever specified, but was served by mistake, and uv reads it."""

_Listed = tuple[DistributionPackage, tuple[object, ...]]
"""A file, and what its listing says of METADATA under each name."""


class _UnusableFileError(ValueError):
    """A listed file that must not be used; the text says why."""


def parse_page(
    body: bytes,
    *,
    content_type: str,
    url: str,
    project: NormalizedName,
    skip: Callable[[str], None],
) -> tuple[IndexFile, ...]:
    """The files that a project page lists (PEP 503, PEP 691, PEP 700), in its order.

    `skip` is told, in one sentence each, of files that are left out because a client could not
    handle their name, URL, hash, size or time without danger or guessing.

    Raises:
        IndexUnreachableError: the page is no project page.
    """
    kind = _media_type(content_type, url)
    files = []
    for package, claims in _read(body, kind, url, project):
        try:
            file = _index_file(package, kind, url, project)
            files.append(_with_metadata(file, package, claims))
        except (_UnusableFileError, UnusableUrlError) as reason:
            skip(f"{url} lists a file that is left out ({_text(package.filename)!r}): {reason}")
    return tuple(files)


def _media_type(content_type: str, url: str) -> ContentType:
    try:
        kind = ContentType.parse(content_type)
    except ValueError as error:
        raise _nonsense(url, "a malformed Content-Type") from error
    if kind.content_type != _JSON_TYPE and kind.content_type not in _HTML_TYPES:
        raise _nonsense(url, f"a page of type {kind.content_type}")
    return kind


def _read(body: bytes, kind: ContentType, url: str, project: NormalizedName) -> list[_Listed]:
    # pypi-simple and the HTML parser below it document some of these; the rest is what hostile
    # pages can make them raise: assertions on attribute types, recursion on nested values.
    try:
        with warnings.catch_warnings():
            # A newer minor version of the API (PEP 629), markup that looks like XML: both readable.
            warnings.simplefilter("ignore")
            if kind.content_type == _JSON_TYPE:
                return list(_from_json(json.loads(body), url))
            return list(_from_html(body, kind.params.get("charset"), url, project))
    except (
        UnsupportedRepoVersionError,
        ParserRejectedMarkup,
        ValueError,
        AssertionError,
        LookupError,
        TypeError,
        ArithmeticError,
        RecursionError,
        MemoryError,
    ) as error:
        raise _nonsense(url, "a page that is no project page") from error


def _from_json(data: Mapping[str, list[Mapping[str, object]]], url: str) -> Iterator[_Listed]:
    page = ProjectPage.from_json_data(data, url)
    for package, entry in zip(page.packages, data["files"], strict=True):
        yield package, tuple(entry.get(key) for key in _METADATA_KEYS)


def _from_html(
    body: bytes, charset: str | None, url: str, project: NormalizedName
) -> Iterator[_Listed]:
    page = RepositoryPage.from_html(body, url, charset)
    _ = page.status  # raises for one that no client knows
    for link in page.links:
        package = DistributionPackage.from_link(link, project)
        yield package, tuple(link.attrs.get(name) for name in _METADATA_ATTRIBUTES)


def _nonsense(url: str, what: str) -> IndexUnreachableError:
    return IndexUnreachableError(
        f"{url} answered with {what}",
        hint="check that the URL is that of a simple index (PEP 503 or PEP 691)",
    )


def _index_file(
    package: DistributionPackage, kind: ContentType, page_url: str, project: NormalizedName
) -> IndexFile:
    is_json = kind.content_type == _JSON_TYPE
    url = _file_url(package.url, page_url)
    filename = _filename(package, url, is_json=is_json)
    file_kind, version = describe(filename, project)
    return IndexFile(
        project=project,
        version=version,
        filename=filename,
        kind=file_kind,
        url=url,
        sha256=_sha256(package.digests.get("sha256")),
        size=_size(package.size),
        upload_time=_utc(package.upload_time),
        requires_python=_text(package.requires_python),
        yanked=_yanked(package, is_json=is_json),
        provenance=_provenance(package, page_url),
    )


def _with_metadata(
    file: IndexFile, package: DistributionPackage, claims: tuple[object, ...]
) -> IndexFile:
    if file.kind is not FileKind.WHEEL:
        return file
    url = without_credentials(package.metadata_url)
    served = (ServedMetadata(url=url, sha256=_metadata_sha256(c)) for c in claims if _is_served(c))
    return replace(file, core_metadata=distinct(served))


def _is_served(claim: object) -> bool:
    """Whether a client would ask for the file: at anything but a clear no."""
    if isinstance(claim, str):
        return claim.strip().lower() not in {"", "false"}
    return isinstance(claim, Mapping) or claim is True


def _metadata_sha256(claim: object) -> Sha256 | None:
    """The sha256 that `{"sha256": ...}` or `sha256=...` gives, else None: then it is fetched."""
    digest = claim.get("sha256") if isinstance(claim, Mapping) else None
    if isinstance(claim, str):
        algorithm, _, value = claim.strip().partition("=")
        digest = value if algorithm == "sha256" else None
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest.lower()):
        return None
    return Sha256(digest.lower())


def _file_url(url: str, page_url: str) -> str:
    bare = without_credentials(url)
    # A listing from elsewhere must not make us read (and then name, hash, judge) local files.
    if scheme_of(bare) == "file" and scheme_of(page_url) != "file":
        raise _UnusableFileError("an index on the network points at a local file")
    return bare


def _filename(package: DistributionPackage, url: str, *, is_json: bool) -> str:
    # pip names a file by its URL, uv by the page's `filename`. Where they disagree, two people
    # would install two different things under one listing.
    filename = last_component(url)
    if is_json and filename != package.filename:
        raise _UnusableFileError("its name and its URL disagree")
    reason = why_unsafe(filename)
    if reason is not None:
        raise _UnusableFileError(reason)
    return filename


def _sha256(digest: str | None) -> Sha256 | None:
    if digest is None:
        return None
    if not _SHA256.fullmatch(digest.lower()):
        raise _UnusableFileError("its sha256 is malformed")
    return Sha256(digest.lower())


def _size(size: int | None) -> int | None:
    if size is not None and not 0 <= size <= _MAX_SIZE:
        raise _UnusableFileError("its size is impossible")
    return size


def _utc(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC)  # PEP 700: always UTC
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise _UnusableFileError("its upload time is impossible") from error


def _provenance(package: DistributionPackage, page_url: str) -> str | None:
    # Nobody installs what is behind this URL, so a bad one costs the attestation and not the file.
    try:
        return package.provenance_url and _file_url(
            urljoin(page_url, package.provenance_url), page_url
        )
    except (_UnusableFileError, UnusableUrlError, ValueError):
        return None


def _yanked(package: DistributionPackage, *, is_json: bool) -> str | None:
    # An empty string is a false value in JSON (PEP 691), and a yank without a reason in HTML
    # (PEP 592); pypi-simple takes it for a yank in both.
    if not package.is_yanked or (is_json and package.yanked_reason == ""):
        return None
    return _text(package.yanked_reason) or ""


def _text(text: str | None) -> str | None:
    """Text that can be encoded: JSON can spell lone surrogates."""
    return None if text is None else text.encode(errors="replace").decode()
