import pytest

from verify.index.urls import is_loopback


@pytest.mark.parametrize(
    "url",
    ["http://localhost/simple", "http://127.0.0.1:8080/", "https://[::1]/x", "http://127.9.9.9"],
)
def test_a_url_of_this_machine_is_loopback(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    ["https://example.org/127.0.0.1", "http://localhost.example.org", "http://[::", "file:///x"],
)
def test_any_other_is_not(url: str) -> None:
    assert not is_loopback(url)
