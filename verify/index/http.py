"""The door to the network: opened by the first request, since most checks need none."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from verify.index.config import IndexConfig
from verify.index.retry import Clock

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import requests

    from verify.index.transport import RequestsTransport

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Transport:
    """GET requests; see `RequestsTransport`, whose import takes a tenth of a second."""

    def __init__(self, config: IndexConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock

    def get(
        self, url: str, headers: Mapping[str, str] = NO_HEADERS
    ) -> "AbstractContextManager[requests.Response]":
        """See `RequestsTransport.get`."""
        return self._opened.get(url, headers)

    def body(self, response: "requests.Response", *, decode: bool) -> Iterator[bytes]:
        """See `RequestsTransport.body`."""
        return self._opened.body(response, decode=decode)

    @cached_property
    def _opened(self) -> "RequestsTransport":
        from verify.index.transport import RequestsTransport  # noqa: PLC0415 - see the class

        return RequestsTransport(self._config, self._clock)
