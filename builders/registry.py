"""Asks an image registry: the pull part of the OCI distribution specification, without credentials.

A registry is the one that the person named, and still only answers questions: what it lists is
bounded, and what is fetched by digest is taken only if it has that digest.
"""

import hashlib
import io
import ipaddress
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urljoin, urlsplit

from verify.errors import TruewheelError, UsageFault

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 60.0
BLOB_SECONDS = 3600.0
"""What one layer may take; the largest have a gigabyte."""

CHUNK = 1024**2
MAX_DOCUMENT = 4 * 1024**2
"""Bytes of a manifest or a page of tags; "Pulling manifests" asks clients for at least 4 MB."""

MAX_PAGES = 500
MAX_TAGS = 100_000

MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = (
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,45}\])(?::[0-9]{1,5})?"
)
_REGISTRY = re.compile(rf"(?P<host>{_HOST})(?:/(?P<prefix>{_PART}(?:/{_PART})*))?")
REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
"""OCI distribution, "Pulling manifests": what `<name>` must match."""

TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NEXT = re.compile(r'<([^<>]{1,2000})>\s*;\s*rel="?next"?')
_PARAMETER = re.compile(r'(realm|service|scope)="([^"]{1,2000})"')


class RegistryFault(TruewheelError):  # noqa: N818 - the axis' root, not one concrete error
    """A registry cannot be asked, has not what is asked for, or gives something else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryName:
    """Where images are, as a person says it: `HOST[:PORT][/PREFIX]`."""

    host: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.host}/{self.prefix}" if self.prefix else self.host

    def path(self, repository: str) -> str:
        """The repository's name there."""
        return f"{self.prefix}/{repository}" if self.prefix else repository

    def reference(self, repository: str, digest: str) -> str:
        """What an engine calls an image."""
        return f"{self.host}/{self.path(repository)}@{digest}"

    @property
    def url(self) -> str:
        """Where it answers: like engines, in the clear on this machine's loopback alone."""
        return f"{'http' if _is_loopback(self.host) else 'https'}://{self.host}"


def parse_registry(text: str) -> RegistryName:
    """A registry's name.

    Raises:
        UsageFault: it is none; it has no scheme, no tag, no user and no password.
    """
    match = _REGISTRY.fullmatch(text.rstrip("/"))
    if match is None:
        raise UsageFault(
            f"{text[:200]!r} names no image registry", hint="write it as HOST[:PORT][/PREFIX]"
        )
    return RegistryName(host=match["host"], prefix=match["prefix"] or "")


def _is_loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class Registry:
    """One registry, for repositories below its prefix."""

    def __init__(self, name: RegistryName) -> None:
        self.name = name
        self._tokens: dict[str, str] = {}

    def tags(self, repository: str) -> tuple[str, ...]:
        """Every tag of a repository, page by page.

        Raises:
            RegistryFault: it cannot be listed, or without end.
        """
        url: str | None = f"{self._url(repository)}/tags/list?n=1000"
        found: list[str] = []
        for _ in range(MAX_PAGES):
            with self._get(repository, url or "") as response:
                document = read_object(_body(response))
                following = _NEXT.search(response.headers.get("Link", ""))
            tags = document.get("tags") or []
            if not isinstance(tags, list):
                raise RegistryFault(f"{self.name} lists no tags of {repository}")
            found += [tag for tag in tags if isinstance(tag, str) and TAG.fullmatch(tag)]
            url = self._following(following[1]) if following else None
            if url is None:
                return tuple(found)
            if len(found) > MAX_TAGS:
                break
        raise RegistryFault(f"{self.name} lists tags of {repository} without end")

    def manifest(self, repository: str, reference: str) -> bytes:
        """The manifest of a tag, or exactly that of a digest.

        Raises:
            RegistryFault: there is none, or another one than the digest's.
        """
        url = f"{self._url(repository)}/manifests/{reference}"
        with self._get(repository, url, {"Accept": ", ".join(MANIFESTS)}) as response:
            data = _body(response)
        if DIGEST.fullmatch(reference) and digest_of_bytes(data) != reference:
            raise RegistryFault(f"{self.name} gives another manifest than {reference}")
        return data

    def blob(self, repository: str, digest: str, size: int, target: BinaryIO) -> None:
        """Write a blob, which has exactly this size and digest.

        Raises:
            RegistryFault: there is none, or another one.
            OSError: it cannot be written.
        """
        url = f"{self._url(repository)}/blobs/{digest}"
        found, left, deadline = hashlib.sha256(), size, time.monotonic() + BLOB_SECONDS
        # Where it comes from does not matter, so redirects are followed.
        with self._get(repository, url, redirects=True) as response:
            for chunk in _chunks(response):
                left -= len(chunk)
                if left < 0 or time.monotonic() > deadline:
                    break
                found.update(chunk)
                target.write(chunk)
        if left or f"sha256:{found.hexdigest()}" != digest:
            raise RegistryFault(f"{self.name} gives something else than the blob {digest}")

    def small_blob(self, repository: str, digest: str, size: int) -> bytes:
        """The content of a blob that describes something.

        Raises:
            RegistryFault: there is none, or another one, or it is larger than a manifest may be.
        """
        if size > MAX_DOCUMENT:
            raise RegistryFault(f"the blob {digest} is too large for what it is")
        target = io.BytesIO()
        self.blob(repository, digest, size, target)
        return target.getvalue()

    def _url(self, repository: str) -> str:
        return f"{self.name.url}/v2/{self.name.path(repository)}"

    def _following(self, link: str) -> str:
        """The address of a next page, which is the same registry's."""
        found = urlsplit(urljoin(self.name.url, link))
        if f"{found.scheme}://{found.netloc}" != self.name.url:
            raise RegistryFault(f"{self.name} leads to {found.netloc} for more tags")
        return found.geturl()

    @contextmanager
    def _get(
        self,
        repository: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        redirects: bool = False,
    ) -> "Iterator[requests.Response]":
        import requests  # noqa: PLC0415 - takes a tenth of a second, and few runs ask a registry

        try:
            response = self._answer(repository, url, {**(headers or {})}, redirects=redirects)
            with response:
                if response.status_code != requests.codes.ok:
                    raise RegistryFault(
                        f"{self.name} answers {response.status_code} for {urlsplit(url).path}"
                    )
                yield response
        except requests.RequestException as error:
            raise RegistryFault(
                f"the image registry {self.name} cannot be asked: {type(error).__name__}"
            ) from error

    def _answer(
        self, repository: str, url: str, headers: dict[str, str], *, redirects: bool
    ) -> "requests.Response":
        """An answer; after a registry has asked for a token, with one that everybody gets."""
        response = _request(url, {**headers, **self._authority(repository)}, redirects=redirects)
        challenge = response.headers.get("WWW-Authenticate", "")
        if response.status_code != 401 or not challenge.lower().startswith("bearer "):
            return response
        response.close()
        self._tokens[repository] = self._token(repository, challenge)
        return _request(url, {**headers, **self._authority(repository)}, redirects=redirects)

    def _authority(self, repository: str) -> dict[str, str]:
        token = self._tokens.get(repository)
        return {"Authorization": f"Bearer {token}"} if token else {}

    def _token(self, repository: str, challenge: str) -> str:
        """See the Docker registry's "Token Authentication Specification"."""
        asked = dict(_PARAMETER.findall(challenge))
        realm = urlsplit(asked.get("realm", ""))
        if realm.scheme != "https" and f"{realm.scheme}://{realm.netloc}" != self.name.url:
            raise RegistryFault(f"{self.name} wants a token that is not given over https")
        parameters = {
            "service": asked.get("service", ""),
            "scope": f"repository:{self.name.path(repository)}:pull",
        }
        with _request(realm.geturl(), {}, redirects=False, parameters=parameters) as response:
            document = read_object(_body(response)) if response.status_code == 200 else {}
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise RegistryFault(f"{self.name} gives {repository} to nobody without an account")
        return token


def digest_of_bytes(data: bytes) -> str:
    """`sha256:...` of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _request(
    url: str,
    headers: Mapping[str, str],
    *,
    redirects: bool,
    parameters: Mapping[str, str] | None = None,
) -> "requests.Response":
    import requests  # noqa: PLC0415 - see `Registry._get`

    return requests.get(
        url,
        headers={"Accept-Encoding": "identity", "User-Agent": "truewheel", **headers},
        params=parameters,
        stream=True,
        allow_redirects=redirects,
        timeout=(CONNECT_SECONDS, SILENT_SECONDS),
    )


def _chunks(response: "requests.Response") -> Iterator[bytes]:
    chunks: Iterator[bytes] = response.iter_content(CHUNK)
    yield from chunks


def _body(response: "requests.Response") -> bytes:
    found = b""
    for chunk in _chunks(response):
        found += chunk
        if len(found) > MAX_DOCUMENT:
            raise RegistryFault("the registry's answer is too long")
    return found


def read_object(data: bytes) -> dict[str, Any]:
    """The JSON object of an answer.

    Raises:
        RegistryFault: it is none.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RegistryFault("the registry's answer is no JSON") from error
    if not isinstance(document, dict):
        raise RegistryFault("the registry's answer is no object")
    return document
