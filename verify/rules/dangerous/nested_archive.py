"""Rule `code.nested-archive`: code in an archive within the wheel.

Finds: a member that only the published wheel has, or that is no such archive in the rebuild, and
that is
- an `.egg`, `.whl`, `.pyz` or `.pyzw` by its name;
- a ZIP file, by any name and with or without a program before it, that holds Python source,
  bytecode, an extension module or a program by the names in it, in either of its headers.

Dangerous because: Python imports from and runs ZIP files, and nobody looks into them: not this
comparison, which sees one member, nor most tools that search wheels. Archives of data (also
documents that are ZIP files) are left to the unexplained rules.
"""

import re
from collections.abc import Iterator
from itertools import islice

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import BYTECODE_SUFFIXES, NATIVE_SUFFIXES, SOURCE_SUFFIXES, is_native
from verify.rules.scan import Piece, pieces

_SUFFIXES = (".egg", ".whl", ".pyz", ".pyzw")
_CODE = (*SOURCE_SUFFIXES, *BYTECODE_SUFFIXES, *NATIVE_SUFFIXES, ".pth", ".sh", ".bat", ".ps1")

_HEADER = re.compile(rb"PK(?:\x03\x04.{22}(?P<local>..)|\x01\x02.{24}(?P<central>..))", re.DOTALL)
"""A local or central header up to the length of the name (APPNOTE 4.3.7, 4.3.12).

Python goes by the central one; `zipimport` does not ask the local one for its name."""

_BEFORE_NAME = {"local": 2, "central": 16}
"""Bytes from there to the name."""

_MAX_NAME = 512
_MAX_LISTED = 10


def nested_archive(difference: Difference, _context: Context) -> Finding | None:
    """Find archives of code."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or ours.member.is_dir:
        return None
    # Native code on both sides has a rule of its own; looking through it would take long.
    if theirs is not None and is_native(difference.name, ours):
        return None
    names = list(dict.fromkeys(islice(_code_in(ours), _MAX_LISTED)))
    if not names and not _is_named_archive(difference.name):
        return None
    if theirs is not None and (_is_named_archive(difference.name) or any(_code_in(theirs))):
        return None
    return dangerous(
        "code.nested-archive",
        "The published wheel holds code in an archive that the rebuild does not have.",
        member=difference.name,
        size=ours.content.size,
        sha256=ours.content.sha256,
        holds=names,
    )


def _is_named_archive(name: str) -> bool:
    return name.casefold().endswith(_SUFFIXES)


def _code_in(side: Side) -> Iterator[str]:
    """The names of code in a ZIP file."""
    for piece in pieces(side):
        for name in _names(piece):
            if name.casefold().endswith(_CODE):
                yield name


def _names(piece: Piece) -> Iterator[str]:
    for match in _HEADER.finditer(piece.data, piece.start):
        if match.start() >= piece.end:
            return
        kind = match.lastgroup or ""
        start, size = match.end() + _BEFORE_NAME[kind], int.from_bytes(match[kind], "little")
        name = piece.data[start : start + size]
        if size <= _MAX_NAME and name.decode("utf-8", "replace").isprintable():
            yield name.decode("utf-8", "replace")
