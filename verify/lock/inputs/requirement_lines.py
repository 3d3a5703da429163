"""Logical lines of a requirements file: continuations joined, comments cut, variables filled in.

Order and rules are pip's ("Requirements File Format" in its documentation, and
`pip._internal.req.req_file`), since what matters is what pip will install. Where pip and uv would
see different lines (a lone carriage return, a form feed, U+2028 and its like end a line for one and
not for the other), the file is refused: a requirement could hide in what looks like a comment.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from verify.lock.inputs.interface import InputFault, Location, at_line

MAX_EXPANDED = 64 * 1024
"""Characters of one value: a variable is no place for more."""

MAX_LINES = 500_000

MAX_CONTINUED = 20_000
"""Physical lines in one logical line; a package has a hundred files, or three."""

MAX_VARIABLES = 100
"""In one line."""

_LINE_END = re.compile(r"\r\n|\n")
_UNCLEAR = re.compile(r"[\x00\x0b\x0c\x0d\x1c\x1d\x1e\x85\u2028\u2029]")
_COMMENT = re.compile(r"(?:^|(?<=\s))#")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of a logical line: `text` was written as `written` at `line` and `column`."""

    text: str
    written: str
    line: int
    column: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LogicalLine:
    """One line as pip reads it, which knows where each of its characters was written.

    Attributes:
        unset: names of variables that have no value, whose `${NAME}` stays in the text.
    """

    pieces: tuple[Piece, ...]
    starts: tuple[int, ...]
    path: str
    unset: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The line with variables filled in, and no comment."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def written(self) -> str:
        """The line as it was written: fit to be shown, whatever the variables hold."""
        return "".join(piece.written for piece in self.pieces)

    def at(self, offset: int) -> Location:
        """Where the character at an offset of `text` was written."""
        place = max(0, bisect_right(self.starts, offset) - 1)
        piece = self.pieces[place]
        inside = offset - self.starts[place] if piece.text == piece.written else 0
        return Location(path=self.path, line=piece.line, column=piece.column + inside)

    def written_between(self, start: int, stop: int) -> str:
        """What was written for `text[start:stop]`, which begins and ends outside of variables."""
        parts = []
        for piece, begin in zip(self.pieces, self.starts, strict=True):
            end = begin + len(piece.text)
            if begin >= stop or end <= start:
                continue
            if piece.text == piece.written:
                parts.append(piece.text[max(0, start - begin) : stop - begin])
            else:
                parts.append(piece.written)
        return "".join(parts)


def logical_lines(text: str, where: Location, environ: Mapping[str, str]) -> Iterator[LogicalLine]:
    """The lines that say something.

    Raises:
        InputFault: the file holds a character that ends a line for some tools and not for others.
    """
    lines = _LINE_END.split(text)
    if len(lines) > MAX_LINES:
        raise InputFault(where, f"has more than {MAX_LINES} lines")
    for number, line in enumerate(lines, start=1):
        _require_clear(line, at_line(where, number))
    for joined in _joined(lines):
        if len(joined) > MAX_CONTINUED:
            raise InputFault(at_line(where, joined[0].line), "this line is continued endlessly")
        kept = _without_comment(joined)
        if kept:
            yield _filled_in(kept, where.path, environ)


def _require_clear(line: str, where: Location) -> None:
    found = _UNCLEAR.search(line)
    if found is not None:
        raise InputFault(
            at_line(where, where.line, found.start() + 1),
            f"the character U+{ord(found[0]):04X} ends a line for some installers only",
            hint="remove it; end lines with a line feed",
        )


def _joined(lines: Sequence[str]) -> Iterator[list[Piece]]:
    """Lines that end in a backslash go on in the next one, unless they are comments."""
    pieces: list[Piece] = []
    for number, line in enumerate(lines, start=1):
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            kept = line.lstrip("\\")
            column = len(line) - len(kept) + 1
            pieces.append(_literal(kept.rstrip("\\"), number, column))
            continue
        if is_comment:  # so that what was continued does not grow by a `#` without a space
            pieces.append(Piece(text=" ", written=" ", line=number, column=1))
        yield [*pieces, _literal(line, number, 1)]
        pieces = []
    if pieces:
        yield pieces


def _literal(text: str, line: int, column: int) -> Piece:
    return Piece(text=text, written=text, line=line, column=column)


def _without_comment(pieces: list[Piece]) -> list[Piece]:
    text = "".join(piece.text for piece in pieces)
    comment = _COMMENT.search(text)
    kept = text[: comment.start()] if comment else text
    start, stop = len(kept) - len(kept.lstrip()), len(kept.rstrip())
    return _cut(pieces, start, stop)


def _cut(pieces: list[Piece], start: int, stop: int) -> list[Piece]:
    found, begin = [], 0
    for piece in pieces:
        first, last = max(0, start - begin), min(len(piece.text), stop - begin)
        if first < last:
            found.append(_literal(piece.text[first:last], piece.line, piece.column + first))
        begin += len(piece.text)
    return found


def _filled_in(pieces: list[Piece], path: str, environ: Mapping[str, str]) -> LogicalLine:
    """Variables with a value are replaced (`${NAME}` only); pip leaves the others as they are."""
    # A variable may have been written over two lines; pip joins lines before it looks for them.
    text = "".join(piece.text for piece in pieces)
    literal = _line(pieces, path)
    result: list[Piece] = []
    unset, at = [], 0
    for found in _VARIABLE.finditer(text):
        value = environ.get(found[1])
        if not value:
            unset.append(found[1])
            continue
        where = literal.at(found.start())
        if len(value) > MAX_EXPANDED or not value.isprintable() or len(result) > 2 * MAX_VARIABLES:
            raise InputFault(
                where,
                f"the value of the environment variable {found[1]} is not fit for one line",
            )
        result += _cut(pieces, at, found.start())
        result.append(
            Piece(text=value, written=found[0], line=where.line or 1, column=where.column or 1)
        )
        at = found.end()
    result += _cut(pieces, at, len(text))
    return _line(result, path, unset)


def _line(pieces: list[Piece], path: str, unset: Sequence[str] = ()) -> LogicalLine:
    ends = tuple(accumulate(len(piece.text) for piece in pieces))
    return LogicalLine(pieces=tuple(pieces), starts=(0, *ends[:-1]), path=path, unset=tuple(unset))
