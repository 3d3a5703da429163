"""A PostgreSQL server of a test's own: a new cluster on the loopback interface, ended by its pid.

It is made by the programs of Debian's package `postgresql`. Where the tests run as root, it runs as
the user that the package makes: the server refuses to run as root.
"""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.support.ports import free_port

USER = "judge"
WAIT_SECONDS = 120
NEEDED = "the tests need PostgreSQL's initdb and postgres: Debian's package postgresql has them"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "log_min_messages": "panic",
}


@dataclass(kw_only=True)
class Server:
    """A server that can be stopped and started again; `password` is that of USER, its owner."""

    folder: Path
    port: int
    fsync: bool
    password: str = field(default_factory=lambda: secrets.token_hex(12))
    process: "subprocess.Popen[bytes] | None" = None

    def url(self, database: str, query: str = "") -> str:
        """As `--ledger` takes it."""
        place = f"127.0.0.1:{self.port}/{database}"
        return f"postgresql+psycopg://{USER}:{self.password}@{place}{query}"

    def make(self, database: str) -> str:
        """A new, empty database; gives its URL."""
        self.run(f'CREATE DATABASE "{database}"', "postgres")
        return self.url(database)

    def run(self, statement: str, database: str) -> list[tuple[Any, ...]]:
        """What a statement gives, each in a transaction of its own."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
            autocommit=True,
        ) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {**SETTINGS, "fsync": "on" if self.fsync else "off"}
        options = [text for item in settings.items() for text in ("-c", "=".join(item))]
        data = str(self.folder / "data")
        self.process = subprocess.Popen(
            [_program("postgres"), "-D", data, "-p", str(self.port), *options],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **_unprivileged(),
        )
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                self.run("SELECT 1", "postgres")
            except psycopg.OperationalError:
                assert self.process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.02)
            else:
                return

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends all connections; SIGQUIT ends it as a crash does."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(WAIT_SECONDS)
            self.process = None


@contextlib.contextmanager
def postgres(*, fsync: bool = False) -> Iterator[Server]:
    """A server with a cluster of its own; in a test, the machine does not lose power."""
    folder = Path(tempfile.mkdtemp(prefix="truewheel-postgres-"))
    owner = _unprivileged()
    if owner:
        os.chown(folder, owner["user"], owner["group"])
    server = Server(folder=folder, port=free_port(), fsync=fsync)
    try:
        _initialize(server)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _initialize(server: Server) -> None:
    secret = server.folder / "password"
    secret.write_text(server.password, encoding="ascii")
    if owner := _unprivileged():
        os.chown(secret, owner["user"], owner["group"])
    subprocess.run(
        [
            *(_program("initdb"), "-D", server.folder / "data", "-U", USER, "--no-sync"),
            *("-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8", "--locale=C"),
        ],
        cwd=server.folder,
        check=True,
        capture_output=True,
        **_unprivileged(),
    )


def _unprivileged() -> dict[str, Any]:
    """As whom the server runs."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise AssertionError(NEEDED) from None
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _program(name: str) -> str:
    # Debian keeps several versions side by side, and none of them among everybody's programs.
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(places[-1]) if places else shutil.which(name)
    assert found, NEEDED
    return found
