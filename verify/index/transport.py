"""HTTP: one session for all indexes, its failures sorted into transient and final ones."""

import contextlib
from collections.abc import Iterator, Mapping

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from verify.index.config import IndexConfig
from verify.index.interface import IndexUnreachableError
from verify.index.retry import Clock, TransientError, retry_after_seconds
from verify.index.urls import origin_of, scheme_of, shown

_TIMEOUT = (10.0, 60.0)  # seconds: connecting, and between two blocks of an answer
_MAX_REDIRECTS = 10
_BLOCK = 1 << 16
_TRANSIENT_STATUS = {408, 425, 429}
_ACCEPTED_STATUS = {200, 206, 304, 404, 410, 416}


class RequestsTransport:
    """GET requests to the configured indexes and to the files they point at.

    Proxies and netrc come from this process's environment, as requests finds them.
    """

    def __init__(self, config: IndexConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._session = requests.Session()
        self._session.max_redirects = _MAX_REDIRECTS
        self._session.headers["User-Agent"] = f"truewheel requests/{requests.__version__}"
        for host in config.trusted_hosts:
            self._trust(host)

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    @contextlib.contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[requests.Response]:
        """An open response with status 200, 206, 304, 404, 410 or 416; its body is not yet read.

        Raises:
            TransientError: another attempt may succeed.
            IndexUnreachableError: it will not.
        """
        response = self._open(url, headers)
        try:
            _refuse_downgrade(url, response)
            self._check_status(url, response)
            yield response
        finally:
            response.close()

    def body(self, response: requests.Response, *, decode: bool) -> Iterator[bytes]:
        """Blocks of a body, each as soon as it is there; a body that ends early raises.

        `decode` undoes Content-Encoding. `read1` is what returns between two packets of a server
        that drips: `iter_content` would wait for a full block, and no deadline could be kept.

        Raises:
            TransientError: the connection broke, or the body is shorter than announced.
        """
        try:
            while block := response.raw.read1(_BLOCK, decode_content=decode):
                yield block
        except (HTTPError, OSError, ValueError) as error:
            url = shown(response.url)
            raise TransientError(f"the connection to {url} broke: {_reason(error)}") from error

    def _open(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        # `verify` goes with each request: requests prefers REQUESTS_CA_BUNDLE to the session's.
        bundle, cert = self._config.ca_bundle, self._config.client_cert
        try:
            return self._session.get(
                url,
                headers=dict(headers),
                auth=self._auth(url),
                verify=str(bundle) if bundle else True,
                cert=str(cert) if cert else None,
                timeout=_TIMEOUT,
                stream=True,
            )
        except requests.exceptions.SSLError as error:
            raise IndexUnreachableError(
                f"the TLS connection to {url} failed: {_reason(error)}",
                hint="give the certificate authority with PIP_CERT or SSL_CERT_FILE",
            ) from error
        except (requests.ConnectionError, requests.Timeout) as error:
            via = " through the proxy" if isinstance(error, requests.exceptions.ProxyError) else ""
            raise TransientError(f"{url} cannot be reached{via}: {_reason(error)}") from error
        except (OSError, HTTPError, ValueError) as error:
            # requests' own root is an OSError, as is a missing CA bundle; a redirect to a URL that
            # is none (or no text) is a ValueError.
            raise IndexUnreachableError(
                f"{url} cannot be requested: {_reason(error)}",
                hint="check the index URL, the proxy and the certificate files",
            ) from error

    def _auth(self, url: str) -> tuple[str, str] | None:
        same = [i for i in self._config.credentials if origin_of(i) == origin_of(url)]
        # One host may serve several indexes, each with a token of its own.
        same.sort(key=lambda index: not url.startswith(f"{index}/"))
        if not same:
            return None
        found = self._config.credentials[same[0]]
        return found.username, found.password

    def _check_status(self, url: str, response: requests.Response) -> None:
        status = response.status_code
        if status in _ACCEPTED_STATUS:
            return
        if status in _TRANSIENT_STATUS or status >= 500:
            asked = response.headers.get("Retry-After")
            wait = retry_after_seconds(asked, self._clock.now())
            raise TransientError(f"{url} answered with status {status}", retry_after=wait)
        refused = status in {401, 403, 407}
        raise IndexUnreachableError(
            f"{url} answered with status {status}",
            hint="check the credentials for this index" if refused else "check the index URL",
        )

    def _trust(self, host: str) -> None:
        # The user asked for it by name; a warning for each request would only bury other output.
        urllib3.disable_warnings(InsecureRequestWarning)
        adapter = _UncheckedAdapter()
        self._session.mount(f"https://{host}/", adapter)
        if ":" not in host:
            self._session.mount(f"https://{host}:", adapter)


class _UncheckedAdapter(HTTPAdapter):
    """An adapter for one trusted host: redirects to other hosts leave it, and are checked."""

    def send(  # noqa: PLR0913, PLR0917 - the signature of the base class
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - the signature of the base class
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,  # noqa: ARG002, FBT001, FBT002 - replaced, on purpose
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        return super().send(request, stream, timeout, verify=False, cert=cert, proxies=proxies)


def _refuse_downgrade(url: str, response: requests.Response) -> None:
    hops = [hop.url for hop in response.history[1:]] + [response.url]
    if any(scheme_of(url) == "https" and scheme_of(hop) != "https" for hop in hops):
        raise IndexUnreachableError(
            f"{url} redirects from https to http",
            hint="use an index that keeps to https: anybody on the way could change its answers",
        )


def _reason(error: Exception) -> str:
    """The innermost message of an exception chain, without object addresses."""
    inner: BaseException = error
    while inner.__cause__ or inner.__context__:
        inner = inner.__cause__ or inner.__context__ or inner
    return str(getattr(inner, "strerror", None) or inner) or type(inner).__name__
