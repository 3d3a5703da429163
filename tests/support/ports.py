"""Ports on loopback: for a server that is started again, and where nobody listens."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HOST = "127.0.0.1"
GIVEN_AWAY = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST, TRIES = 10_000, 100


def free_port() -> int:
    """A port that stays free while its server is down: the system gives none of these to others."""
    first = int(GIVEN_AWAY.read_text("ascii").split()[0])
    for port in random.SystemRandom().sample(range(LOWEST, max(first, LOWEST + TRIES)), TRIES):
        with socket.socket() as one, suppress(OSError):
            one.bind((HOST, port))
            return port
    raise AssertionError("no port is free")


@contextmanager
def nobody_listening() -> Iterator[int]:
    """A port that refuses every connection until the end of the block."""
    with socket.socket() as bound:
        bound.bind((HOST, 0))
        port: int = bound.getsockname()[1]
        yield port
