"""Looking for processes by a word in their arguments; they are only ever looked at."""

import os
from pathlib import Path


def processes_with(word: str) -> list[str]:
    """The arguments, blank-separated, of every other process that has the word among them."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if word in arguments and path.parent.name != str(os.getpid()):
            found.append(arguments)
    return found
