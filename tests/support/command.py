"""Running the command line as a user does: a process, its exit code, its two streams."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

COMMAND = (sys.executable, "-m", "verify.cli")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """A finished process."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - that is what JSON is
        """Standard output as the one JSON document it must be."""
        return json.loads(self.stdout)


def truewheel(
    *arguments: str | Path,
    cache: Path | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float = 900,
) -> Ran:
    """Run `truewheel` to its end; configuration of pip and uv on this machine does not count.

    No verdict is remembered: what a test does with `environment` or `--ledger` alone.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_", "TRUEWHEEL_"))}
    isolated = {"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"} if environment is None else {}
    if cache is not None:
        isolated["TRUEWHEEL_CACHE_DIR"] = str(cache)
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env={**kept, "TRUEWHEEL_LEDGER": "none", **isolated, **(environment or {})},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return Ran(
        code=done.returncode,
        stdout=done.stdout.decode("utf-8"),
        stderr=done.stderr.decode("utf-8"),
    )


def assert_valid(document: object) -> None:
    """Fail unless a document fits the schema that it names."""
    schemas = {
        name: json.loads(files("verify.schemas").joinpath(f"{name}-1.json").read_text("utf-8"))
        for name in ("batch", "check", "diff", "lock", "lock-check", "policy", "report", "timeline")
    }
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
    )
    assert isinstance(document, dict)
    name = document["schema"].removeprefix("truewheel.").removesuffix("/1")
    Draft202012Validator(schemas[name], registry=registry).validate(document)
