"""An index behind a proxy: whoever reads "connection refused" has to know by whom."""

import pytest

from verify.index.config import IndexConfig
from verify.index.retry import Clock, TransientError
from verify.index.transport import RequestsTransport

INDEX = "http://index.example.org/simple"


def test_a_proxy_that_does_not_answer_is_named_as_what_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "http://bob:secret@127.0.0.1:1")
    transport = RequestsTransport(IndexConfig(urls=(INDEX,)), Clock())
    with (
        pytest.raises(TransientError, match="cannot be reached through the proxy: ") as raised,
        transport.get(f"{INDEX}/demo/", {}),
    ):
        pass
    assert "secret" not in str(raised.value)
