"""Read marshalled code objects without making them: which bytes are a file name, which are not.

The format is that of CPython's `Python/marshal.c`, `r_object`. What the compiler never writes
(lists, dictionaries, `NULL`, text floats, flags on singletons) is refused. `marshal.loads` is not
used: it is "not intended to be secure against erroneous or maliciously constructed data".
"""

from dataclasses import dataclass, field

from verify.archive.blocks import BlockWalker

_FLAG_REF = 0x80
_MAX_DEPTH = 60
"""Nested code objects and tuples; each takes two calls here."""

_OBJECT_WORK = 8
"""Bytes of packed data that are walked in the time in which one object is read."""

_LAYOUTS: tuple[tuple[tuple[int, int], str], ...] = (
    # argcount, kwonlyargcount, nlocals, stacksize, flags, code, consts, names, varnames, freevars,
    # cellvars, filename, name, firstlineno, lnotab
    ((3, 0), "iiiiioooooofoio"),
    # ... with posonlyargcount
    ((3, 8), "iiiiiioooooofoio"),
    # argcount, posonlyargcount, kwonlyargcount, stacksize, flags, code, consts, names,
    # localsplusnames, localspluskinds, filename, name, qualname, firstlineno, linetable,
    # exceptiontable
    ((3, 11), "iiiiiooooofooioo"),
)
"""The fields of a code object since each version (`Python/marshal.c`, `TYPE_CODE`): `i` an integer,
`o` an object, `f` the file name."""

_CODE = ord("c")
_LONG = ord("l")
_REFERENCE = ord("r")
_SINGLETONS = b"NTF."
_SIZED = {ord("i"): 4, ord("g"): 8, ord("y"): 16}
_COUNTED = {ord("("): 4, ord(")"): 1, ord(">"): 4}
"""Bytes of the number of items: tuples and frozen sets."""

_TEXT = {**dict.fromkeys(b"sutaA", 4), **dict.fromkeys(b"zZ", 1)}
"""Bytes of the length: byte strings and strings."""

_FILE_TEXT = b"aAzZ"
_INTERNED = b"AZ"


class _BadCodeError(Exception):
    """Not what a compiler writes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """A marshalled code object, apart from where its source was.

    Attributes:
        skeleton: its bytes, with a mark in place of each file name; two with equal skeletons are
            the same object but for file names.
        files: the file names in it.
    """

    skeleton: bytes
    files: frozenset[bytes]


def read_code(data: bytes, version: tuple[int, int], walker: BlockWalker) -> Code | None:
    """Take one marshalled code object apart.

    Args:
        data: the whole of it.
        version: the Python that wrote it, 3.6 to 3.13.
        walker: pays for each object that is read.

    Returns:
        None unless the data is one code object to its last byte, no constant shares a file name,
        and the walker's budget lasts.
    """
    layout = [fields for since, fields in _LAYOUTS if since <= version][-1]
    reader = _Reader(data=data, layout=layout, limit=walker.left // _OBJECT_WORK)
    try:
        reader.code()
    except _BadCodeError:
        return None
    finally:
        walker.left -= reader.work * _OBJECT_WORK
    if reader.at != len(data):
        return None
    return Code(skeleton=b"".join(reader.pieces), files=frozenset(reader.files))


@dataclass(slots=True)
class _Reader:
    """Goes through the data once.

    Attributes:
        data: what is read, up to `at`.
        layout: the fields of a code object.
        limit: objects that may be read; `work` counts them.
        pieces: what [0, `kept`) of the data became.
        files: the file names so far.
        shared: for each object that may be referred to, whether it is a file name.
    """

    data: bytes
    layout: str
    limit: int
    at: int = 0
    work: int = 0
    depth: int = 0
    kept: int = 0
    pieces: list[bytes] = field(default_factory=list)
    files: set[bytes] = field(default_factory=set)
    shared: list[bool] = field(default_factory=list)

    def code(self) -> None:
        """The outermost object."""
        if not self.data or self.data[0] & ~_FLAG_REF != _CODE:
            raise _BadCodeError
        self._object()
        self.pieces.append(self.data[self.kept : self.at])

    def _take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            raise _BadCodeError
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def _count(self, width: int) -> int:
        value = int.from_bytes(self._take(width), "little", signed=width == 4)
        if value < 0:
            raise _BadCodeError
        return value

    def _kind(self, *, is_file: bool) -> int:
        """The type of the next object, which may be referred to later."""
        self.work += 1
        if self.work > self.limit:
            raise _BadCodeError
        byte = self._take(1)[0]
        kind = byte & ~_FLAG_REF
        if byte & _FLAG_REF:
            # `r_object` gives these no index.
            if kind in _SINGLETONS or kind == _REFERENCE:
                raise _BadCodeError
            self.shared.append(is_file)
        return kind

    def _object(self) -> None:
        kind = self._kind(is_file=False)
        if kind in _SIZED:
            self._take(_SIZED[kind])
        elif kind in _TEXT:
            self._take(self._count(_TEXT[kind]))
        elif kind == _REFERENCE:
            self._refer(is_file=False)
        elif kind == _LONG:
            # The sign is that of the number, whose digits take 15 bits each.
            self._take(2 * abs(int.from_bytes(self._take(4), "little", signed=True)))
        elif kind == _CODE or kind in _COUNTED:
            self._nested(kind)
        elif kind not in _SINGLETONS:
            raise _BadCodeError

    def _nested(self, kind: int) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _BadCodeError
        if kind == _CODE:
            self._fields()
        else:
            for _ in range(self._count(_COUNTED[kind])):
                self._object()
        self.depth -= 1

    def _fields(self) -> None:
        for step in self.layout:
            if step == "i":
                self._take(4)
            elif step == "o":
                self._object()
            else:
                self._file()

    def _refer(self, *, is_file: bool) -> None:
        index = self._count(4)
        # A constant that shares the file name would change with it.
        if index >= len(self.shared) or self.shared[index] != is_file:
            raise _BadCodeError

    def _file(self) -> None:
        start = self.at
        kind = self._kind(is_file=True)
        if kind == _REFERENCE:
            self._refer(is_file=True)
            return
        if kind not in _FILE_TEXT:
            raise _BadCodeError
        self.files.add(self._take(self._count(_TEXT[kind])))
        # No other byte at this place is below 2 or 0x80 to 0x81.
        mark = bytes([self.data[start] & _FLAG_REF | (kind in _INTERNED)])
        self.pieces += [self.data[self.kept : start], mark]
        self.kept = self.at
