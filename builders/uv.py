"""Running uv, in a folder of its own and without the user's own settings for it."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

UV_TIMEOUT = 300.0

SILENT_SECONDS = "60"
"""For which an index may say nothing, as for files that are fetched here; uv gives up after 30."""

MAX_SAID = 2000
"""Characters of uv's words in a message."""

_INDEX = re.compile(
    r"""
    ^(?:error|\ \ cause):\ (?:
        Failed\ to\ fetch:?\ (?!.*file://)
      | Request\ failed\ after
      | error\ sending\ request
      | HTTP\ status\ (?:server|client)\ error
      | client\ error\ \(
      | Received\ some\ unexpected
      | Unsupported\ `Content-Type`
      | unexpected\ argument | invalid\ value   # uv's own options: only the index URLs vary
      | Network\ connectivity\ is\ disabled
    )
    | ^hint:\ Packages\ were\ unavailable\ because\ the\ network\ was\ disabled
    """,
    re.MULTILINE | re.VERBOSE,
)
"""uv's words for an index that did not answer properly, at the start of its own lines: text that it
quotes from requirements and metadata is never there."""

_DISK = re.compile(
    r"^  cause: (?:No space left on device|Disk quota exceeded|Permission denied"
    r'|Read-only file system|Input/output error) \(os error \d+\)(?: at path "[^"\n]*")?$',
    re.MULTILINE,
)


class UvTimeoutError(Exception):
    """It took more than `UV_TIMEOUT`; whoever runs it says what that means."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UvRun:
    """How it ended.

    What the index and the disk did is known by uv's words; the rest, also what uv cannot parse,
    lies in the requirements and the wheels that they lead to.
    """

    succeeded: bool
    output: str
    errors: str

    @property
    def index_failed(self) -> bool:
        """Whether an index did not answer properly."""
        return _INDEX.search(self.errors) is not None

    @property
    def disk_failed(self) -> bool:
        """Whether its cache cannot be written."""
        return _DISK.search(self.errors) is not None

    @property
    def said(self) -> str:
        """What it said of the failure, in one line."""
        return " ".join(
            line.strip().removeprefix("error: ").removeprefix("cause: ")
            for line in self.errors.splitlines()
            if line.strip() and not line.startswith(("warning:", "hint:"))
        )[:MAX_SAID]


def run_uv(arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> UvRun:
    """Run uv in a folder of its own, where no requirement can be the name of a file.

    Raises:
        UvTimeoutError: it did not end.
    """
    from uv import find_uv_bin  # noqa: PLC0415 - only a cold cache needs it

    kept = {k: v for k, v in os.environ.items() if not k.startswith(("UV_", "PIP_", "PYTHON"))}
    # Metadata may ask for a checkout, which git would fetch, over ssh with a person's keys. So no
    # program is found; of what git may fetch over, uv decides itself.
    kept["PATH"] = os.devnull
    kept["UV_HTTP_TIMEOUT"] = SILENT_SECONDS
    general = ("--no-python-downloads", "--no-progress", "--color", "never")
    try:
        done = subprocess.run(
            (find_uv_bin(), *arguments, *general),
            cwd=folder,
            env={**kept, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=UV_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UvTimeoutError from error
    return UvRun(
        succeeded=done.returncode == 0,
        output=done.stdout.decode("utf-8", errors="replace"),
        errors=done.stderr.decode("utf-8", errors="replace"),
    )
