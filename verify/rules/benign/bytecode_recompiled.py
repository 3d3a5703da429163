"""Rule `bytecode-recompiled`: bytecode that says another time or place of its source.

Explains: two `.pyc` files of one name below `__pycache__/` and of one magic number, whose source is
in both wheels with equal bytes, that differ in nothing but
- the time of the source in the header, where both headers hold the size of the source, and the
  rebuilt one the date of the source in the rebuilt wheel, in UTC, so that there the bytecode runs;
- the path of the source in the code objects, which is plain, one in all code objects of a file, and
  ends in the path of the source, with at most 64 characters before it.

Harmless because: what the bytecode does is byte for byte what the rebuilt bytecode does, and that
runs where the rebuilt wheel is used. The time decides whether the published one runs or its source
does, which is the rebuilt one. What reads `__pycache__/` puts the real path in place of the one in
the code objects (`_compile_bytecode` in `importlib`); `zipimport` does not, but never looks there.
Bytecode beside its source it runs out of the archive if the time is right: there the time decides
which of two programs runs. The code objects are read by our own reader, which makes none.

Bytecode that only the published wheel has stays dangerous (`code.bytecode-only-published`), though
its source is beside it: whether the two agree takes a compiler of its Python version, and compiling
is for the sandbox. A recipe that compiles there lets this rule compare the results.
"""

import calendar
import re
from dataclasses import dataclass
from typing import Self

from verify.archive.attributes import is_date
from verify.archive.facts import benign
from verify.archive.member import Content, Member
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.marshalled import read_code

_MAGICS = {
    62211: (2, 7),
    3379: (3, 6),
    3394: (3, 7),
    3413: (3, 8),
    3425: (3, 9),
    3439: (3, 10),
    3495: (3, 11),
    3531: (3, 12),
    3571: (3, 13),
}
"""Of released versions (`Lib/importlib/_bootstrap_external.py`); the upper half is a line end."""

_CACHED = re.compile(r"(.*/)?__pycache__/([A-Za-z0-9_]+)\.cpython-([0-9]+)(?:\.opt-[12])?\.pyc")
_PATH = re.compile(rb"[A-Za-z0-9_./\\:+~-]{1,160}")
_MAX_PREFIX = 64
"""Characters of the directory that was built in."""

_SCHEME = re.compile(r"[^/]+\.data/(?:purelib|platlib)/")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bytecode:
    """A `.pyc` file: magic number and time; since 3.3 the size of the source; since 3.7 flags.

    Attributes:
        version: of the Python that its magic number belongs to.
        flags: whether a hash of the source is in place of time and size (PEP 552).
        time: of the source, in seconds since 1970.
        size: of the source, modulo 2**32; None in Python 2.
    """

    version: tuple[int, int]
    header: bytes
    flags: int
    time: int
    size: int | None
    code: bytes

    @classmethod
    def read(cls, side: Side) -> Self | None:
        data = side.data() or b""
        version = _MAGICS.get(int.from_bytes(data[:2], "little"))
        if version is None or data[2:4] != b"\r\n":
            return None
        end = 16 if version >= (3, 7) else 12 if version >= (3, 3) else 8
        if len(data) <= end:
            return None
        words = [int.from_bytes(data[at : at + 4], "little") for at in range(4, end, 4)]
        return cls(
            version=version,
            header=data[:end],
            flags=words.pop(0) if version >= (3, 7) else 0,
            time=words[0],
            size=words[1] if words[1:] else None,
            code=data[end:],
        )


def bytecode_recompiled(difference: Difference, context: Context) -> Finding | None:
    """Explain bytecode that differs in the time or the path of its source."""
    if difference.published is None or difference.rebuilt is None:
        return None
    if _CACHED.fullmatch(difference.name) is None:
        return None
    ours, theirs = _Bytecode.read(difference.published), _Bytecode.read(difference.rebuilt)
    if ours is None or theirs is None or ours.version != theirs.version:
        return None
    source = _source(difference.name, ours.version)
    paths = _paths(ours, theirs, difference.name, context)
    if paths is None or not _is_retimed(ours, theirs, source, context):
        return None
    return benign(
        "bytecode-recompiled",
        "The bytecode differs in the time or the path of its source only, which is the same.",
        member=difference.name,
        published_time=ours.time,
        rebuilt_time=theirs.time,
        paths=[path.decode("ascii") for path in paths],
    )


def _source(name: str, version: tuple[int, int]) -> str:
    """The member that the bytecode is of, by name (PEP 3147); empty if it has no such name."""
    cached = _CACHED.fullmatch(name)
    if cached and cached[3] == "".join(map(str, version)):
        return f"{cached[1] or ''}{cached[2]}.py"
    return ""


def _is_retimed(ours: _Bytecode, theirs: _Bytecode, source: str, context: Context) -> bool:
    """Whether both headers are of this source, and differ in nothing that could do harm."""
    content = _same_source(source, context)
    if content is None:
        return False
    if ours.header == theirs.header:
        return True
    sizes = {ours.size, theirs.size, content.size & 0xFFFFFFFF}
    if ours.size is None:
        sizes.discard(None)
    if ours.flags or theirs.flags or len(sizes) != 1:
        return False
    return _is_live(theirs, context.rebuilt.by_name[source])


def _same_source(name: str, context: Context) -> Content | None:
    ours = context.published.by_name.get(name)
    if ours is None or name not in context.rebuilt.by_name or name in context.differences:
        return None
    return context.published.contents.get(ours.index)


def _is_live(bytecode: _Bytecode, source: Member) -> bool:
    """Whether the time is the date of the source, as `zipimport` compares them."""
    if not is_date(source):
        return False
    seconds = calendar.timegm((*source.date_time, 0, 0, 0))
    return abs(bytecode.time - seconds) <= 1


def _paths(
    ours: _Bytecode, theirs: _Bytecode, name: str, context: Context
) -> tuple[bytes, ...] | None:
    """The path that each names, if nothing else in the code differs; none if nothing does."""
    if ours.code == theirs.code:
        return ()
    found = [read_code(side.code, side.version, context.walker) for side in (ours, theirs)]
    codes = [code for code in found if code is not None]
    if len(codes) != 2 or codes[0].skeleton != codes[1].skeleton:
        return None
    source = _source(name, ours.version)
    paths = tuple(path for code in codes for path in code.files)
    return paths if len(paths) == 2 and all(_is_path_of(path, source) for path in paths) else None


def _is_path_of(path: bytes, source: str) -> bool:
    if not source or _PATH.fullmatch(path) is None:
        return False
    place = _SCHEME.sub("", source, count=1)
    if len(path) - len(place) > _MAX_PREFIX:
        return False
    return f"/{path.decode('ascii')}".replace("\\", "/").endswith(f"/{place}")
