"""Addresses of schedulers, and certificates for them: an error says what to write or to set."""

from pathlib import Path

import dask
import pytest

from verify.batch.dask.secured import CertificatesError, security_for
from verify.cli.batch_crew import require_dask
from verify.errors import UsageFault

TLS = "distributed.comm.tls"


@pytest.mark.parametrize("role", ["client", "worker"])
def test_without_certificates_there_is_no_way_to_an_address_that_asks_for_them(role: str) -> None:
    assert security_for("tcp://127.0.0.1:1", role) is not None
    with pytest.raises(CertificatesError, match="names no certificates for tls://") as caught:
        security_for("tls://127.0.0.1:1", role)
    assert f"DASK_DISTRIBUTED__COMM__TLS__{role.upper()}__CERT" in (caught.value.hint or "")


@pytest.mark.parametrize("content", [None, "no certificate\n"])
def test_certificates_that_cannot_be_read_are_told_of(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ours.pem"
    if content is not None:
        path.write_text(content, encoding="ascii")
    named = {f"{TLS}.ca-file": str(path), f"{TLS}.client.cert": str(path)}
    with (
        dask.config.set({**named, f"{TLS}.client.key": str(path)}),
        pytest.raises(CertificatesError, match="cannot be read"),
    ):
        security_for("tls://127.0.0.1:1", "client")


@pytest.mark.parametrize("address", ["", "nope", "tcp://nope", "tcp://nope:1x", "nope://nope:1"])
def test_what_is_no_address_is_told_before_anything_waits_for_it(address: str) -> None:
    with pytest.raises(UsageFault, match="is no address of a scheduler"):
        require_dask(address)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tls://[::1]:1", "127.0.0.1:1"])
def test_addresses_are_written_as_dask_writes_them(address: str) -> None:
    require_dask(address)
