"""A batch as a person runs it, on small projects at an index of the test's own."""

import json
import os
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import ProgrammingError

from tests.support.command import COMMAND, assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile
from tests.support.projects import BACKEND, MODULES, hostile_backend, make_sdist

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
ISOLATED = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"}
TAMPERED = {**MODULES, "extra.py": "import os\n"}
WAIT_SECONDS = 120


class Place:
    """An index of small projects, and a person's cache, ledger and inputs."""

    def __init__(self, index: IndexServer, folder: Path, cache: Path) -> None:
        self.index, self.folder, self.cache = index, folder, cache
        self.ledger: Path | str = folder / "kept" / "ledger.sqlite"

    def serve(self, name: str, body: str = "", *, tampered: bool = False) -> str:
        """Version 1.0 of a project; `body` runs in its build. Gives the pin."""
        spaces: dict[str, Any] = {}
        exec(BACKEND.replace('"thing"', f'"{name}"'), spaces)  # noqa: S102 - the test's own
        wheel = self.folder / f"{name}-1.0-py3-none-any.whl"
        spaces["write_wheel"](wheel, TAMPERED if tampered else MODULES)
        backend = hostile_backend(f"sibling = {name!r}\n{body}")
        sdist = make_sdist(self.folder, name=name, backend=backend)
        files = [
            ServedFile(filename=path.name, content=path.read_bytes(), upload_time=DAY)
            for path in (wheel, sdist)
        ]
        self.index.add(name, files)
        return f"{name}==1.0"

    def write(self, *lines: str, name: str = "requirements.txt") -> Path:
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def arguments(self, *arguments: str | Path) -> list[str]:
        fixed = ["--sandbox", "bubblewrap", "--index-url", self.index.url, "--json", "-q"]
        kept = ["--cache-dir", str(self.cache), "--ledger", str(self.ledger)]
        return ["batch", *fixed, *kept, *map(str, arguments)]

    def run(self, *arguments: str | Path, code: int | None = None) -> Any:  # noqa: ANN401 - JSON
        ran = truewheel(*self.arguments(*arguments))
        assert "Traceback" not in ran.stderr
        assert code is None or ran.code == code, (ran.code, ran.stderr)
        assert_valid(ran.document)
        return ran.document

    def start(self, *arguments: str | Path, mark: str = "") -> "subprocess.Popen[bytes]":
        """A batch under way; `mark` is in the environment of all of its processes."""
        return subprocess.Popen(
            [*COMMAND, *self.arguments(*arguments)],
            env={**os.environ, **ISOLATED, "MARK": mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """What the ledger's tables hold; nothing where no batch was yet."""
        if isinstance(self.ledger, Path) and not self.ledger.exists():
            return []
        where = f"sqlite:///{self.ledger}" if isinstance(self.ledger, Path) else self.ledger
        engine = create_engine(where, poolclass=NullPool)
        try:
            with engine.connect() as connection:
                return [tuple(row) for row in connection.execute(sqlalchemy.text(text))]
        except ProgrammingError:
            return []


def plain(document: Any) -> str:  # noqa: ANN401 - JSON
    """The results, but for what tells when and in what time they were found out."""
    results = json.loads(json.dumps(document["results"]))
    for result in results:
        for attempt in result["attempts"]:
            del attempt["seconds"]
        for name in ("seconds", "remembered", "judged_at"):
            del result[name]
    return json.dumps([results, document["inputs"]])


def verdicts(document: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    return {
        result["requirement"].partition("==")[0]: result["reason"] or result["verdict"]
        for result in document["results"]
    }


def children(pid: int) -> list[int]:
    with suppress(OSError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
        return [int(each) for each in text.split()]
    return []


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, "a worker outlived its batch"
        time.sleep(0.05)


def worker_of(word: str, batch: int) -> int:
    """The process of a batch that is at a build which has a word among its arguments."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        for worker in children(batch):
            if has_descendant(worker, word):
                return worker
        time.sleep(0.02)
    raise AssertionError("the build never started")


def has_descendant(pid: int, word: str) -> bool:
    with suppress(OSError):
        if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return True
    return any(has_descendant(child, word) for child in children(pid))
