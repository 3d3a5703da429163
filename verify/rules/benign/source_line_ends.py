r"""Rule `source-line-ends`: Python source whose lines all end the other way.

Explains: a module that ends every line in `\r\n` on one side and in `\n` on the other, and is equal
otherwise. It is UTF-8, declares no other encoding, and holds no lone `\r`, no NUL and no
end-of-file character of MS-DOS. A file that somebody could start as a program is not explained (an
executable one with a `#!` line, or any whose `#!` line starts another program than Python: a shell
minds line ends), nor is a source that either wheel has bytecode of: the size in
the header of bytecode decides whether it runs in place of the source.

Harmless because: the tokenizer turns either into `\n` before anything else, inside of string
literals and behind a backslash, too ("In source files and strings, any of the standard platform
line termination sequences can be used ... equally, regardless of platform", language reference,
section "Physical lines"), so that the code objects are the same to the last line number. A program
that reads the bytes of its own source learns one bit.
"""

import re

from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.compiled import is_compiled
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_executable
from verify.rules.lines import is_plain_source, with_feeds

_LIBRARIES = ("purelib", "platlib")
_PYTHON = re.compile(
    rb"#! ?(?:/(?:[A-Za-z0-9_.-]+/)*)?(?:env (?:-S )?)?python[0-9.]*w?(?:[ \t][^\n]*)?(?:\n|\Z)"
)


def source_line_ends(difference: Difference, context: Context) -> Finding | None:
    """Explain a module that differs in its line ends only."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not _is_module(difference.name):
        return None
    published, rebuilt = ours.data(), theirs.data()
    if published is None or rebuilt is None:
        return None
    text = with_feeds(published)
    if text is None or text != with_feeds(rebuilt) or not is_plain_source(text):
        return None
    if _is_program(ours, text) or _is_program(theirs, text):
        return None
    if is_compiled(difference.name, context.compiled):
        return None
    return benign(
        "source-line-ends",
        "The Python source differs in the style of its line ends only.",
        member=difference.name,
        published="CRLF" if b"\r" in published else "LF",
        lines=text.count(b"\n"),
    )


def _is_module(name: str) -> bool:
    top, _, below = name.partition("/")
    if top.casefold().endswith(".data"):
        return name.endswith(".py") and below.partition("/")[0] in _LIBRARIES
    return name.endswith(".py")


def _is_program(side: Side, text: bytes) -> bool:
    return text.startswith(b"#!") and (is_executable(side) or _PYTHON.match(text) is None)
