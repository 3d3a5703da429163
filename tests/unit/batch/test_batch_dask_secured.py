"""Certificates for `tls://` are those of dask's configuration, or an error says what to set."""

from pathlib import Path

import dask
import pytest

from verify.batch.dask.secured import CertificatesError, security_for

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
