"""Certificates for `tls://`, as dask's own configuration names them.

They are read before dask connects: what it says of one that is missing tells nobody what to do.
"""

import ssl

from distributed import Security

from verify.errors import TruewheelError

SCHEME = "tls://"

VARIABLES = "DASK_DISTRIBUTED__COMM__TLS__"


class CertificatesError(TruewheelError):
    """There are no certificates to connect with, or none that can be read."""


def security_for(address: str, role: str) -> Security:
    """How to connect to a scheduler.

    Args:
        address: as dask writes it.
        role: in dask's configuration: `client` or `worker`.

    Raises:
        CertificatesError: it takes certificates, and there are none of that role.
    """
    try:
        security: Security = Security()  # type: ignore[no-untyped-call]
        arguments = security.get_connection_args(role)  # type: ignore[no-untyped-call]
    except (OSError, ssl.SSLError, TypeError, ValueError) as error:
        raise _fault(
            role, f"the certificates that dask is to use cannot be read: {error}"
        ) from error
    if address.startswith(SCHEME) and arguments["ssl_context"] is None:
        raise _fault(role, f"dask's configuration names no certificates for {address}")
    return security


def _fault(role: str, message: str) -> CertificatesError:
    names = f"{VARIABLES}CA_FILE, {VARIABLES}{role.upper()}__CERT and __KEY"
    return CertificatesError(message, hint=f"set {names}; see docs/scale.md")
