"""The HTML file of a report: written whole or not at all, and harmless to open.

What is in it comes from diffoscope, which escapes what it quotes; but diffoscope has read hostile
files, so its word is not taken for that. Our own first lines forbid the browser to run or to fetch
anything, whatever follows them (Content Security Policy, and the "in head" insertion mode of HTML:
the second doctype and head are ignored).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from verify.drafts import new_file, require_place
from verify.errors import UsageFault

MARK = b"<!DOCTYPE html>\n<!-- truewheel --explain -->\n"
"""What tells a report from every other file, which is never overwritten."""

POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    b" form-action 'none'"
)
HEADER = (
    MARK
    + b'<meta charset="utf-8">\n'
    + b'<meta http-equiv="Content-Security-Policy" content="%b">\n' % POLICY
)


def clear(target: Path) -> None:
    """Remove an earlier report, so that its name holds the coming one or none.

    Raises:
        UsageFault: something else is there, or nothing can be written there.
    """
    require_place(target)
    try:
        if os.path.lexists(target):
            _refuse_other(target)
            target.unlink()
    except OSError as error:
        raise UsageFault(f"cannot write {target}: {error.strerror}") from error


def _refuse_other(target: Path) -> None:
    if target.is_file():
        with target.open("rb") as file:
            if file.read(len(MARK)) == MARK:
                return
    raise UsageFault(
        f"{target} exists and is no report that truewheel wrote",
        hint="choose another name, or remove it",
    )


@contextmanager
def new_report(target: Path) -> Iterator[BinaryIO]:
    """A file to write a report to; it appears as `target` at the end of a block that succeeds.

    Raises:
        OSError: it cannot be written.
    """
    with new_file(target) as file:
        file.write(HEADER)
        yield file
