"""From bytes to a pair of wheels: an honest wheel and the edits that the bytes stand for.

Random bytes are no archive, and a random change of one breaks a CRC or a RECORD row first. So the
changes are made where an attacker would make them, before the file is packed: contents with a
RECORD that follows, rows of RECORD, header fields, and only in the end the packed bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tests.fuzz import lines
from tests.fuzz.choices import Choices
from tests.support.wheels import (
    DIST_INFO,
    FILENAME,
    RECORD,
    Entry,
    honest_files,
    pack,
    varied_text,
    wheel_file,
    with_record,
)

DATA = "example-1.0.data"
FLAG_UTF8 = 1 << 11

FILENAMES = (
    FILENAME,
    "example-1.0-1-py3-none-any.whl",
    "Example-1.0-py2.py3-none-any.whl",
    "example-1.0-cp311-cp311-manylinux2014_x86_64.whl",
    "other-2.0-py3-none-any.whl",
    "example-1.0.zip",
    "\udcff\x1b[31m\n.whl",
)

EXTRAS: tuple[dict[str, bytes], ...] = (
    {},
    {"example/\u00e9.txt": b"x\n", f"{DIST_INFO}/licenses/LICENSE": b"Do as you like.\n"},
    {f"{DATA}/scripts/example": b"#!python\nimport example\n", f"{DATA}/data/etc/x": b"x"},
    {"example/text.txt": varied_text(6000), "example/empty.py": b""},
    {"example-nspkg.pth": b"import sys, types, os\n", f"{DIST_INFO}/top_level.txt": b"example\n"},
    {
        f"{DIST_INFO}/METADATA": lines.METADATA,
        f"{DIST_INFO}/entry_points.txt": lines.ENTRY_POINTS,
        f"{DIST_INFO}/LICENSE": b"Do as you like.\n",
        f"{DIST_INFO}/top_level.txt": b"example\n",
    },
    {"example/native.so": b"\x7fELF" + bytes(60), "example/core.pyc": b"\xa7\r\r\n" + bytes(12)},
)

NAMES = (
    "evil.py", "evil.pth", "sitecustomize.py", "example/evil.so", "example/core.pyc",
    "example/__init__.pyi", f"{DIST_INFO}/LICENSE", f"{DIST_INFO}/licenses/COPYING",
    f"{DIST_INFO}/RECORD.jws", f"{DIST_INFO}/direct_url.json", f"{DIST_INFO}/top_level.txt",
    f"{DATA}/scripts/evil", f"{DATA}/purelib/example/core.py", "other-1.0.dist-info/METADATA",
    "EXAMPLE/core.py", "../evil.py", "a\\b.py", "example/", ".DS_Store", "a\x1b[2Jb.py",
    "example/new.txt", "example/new.py", "example/__pycache__/core.cpython-311.pyc",
    "\u202eyp.live",
)  # fmt: skip

FRAGMENTS = (
    b"", b"\n", b"\r", b"\r\n", b"\x00", b"\t ", b"\xff", b"\xef\xbb\xbf", b"\x1b[31m", b'"', b",",
    b"Requires-Dist: evil\n", b"Requires-Dist: other >= 1\n", b"Requires-Dist: other>=2\n",
    b"Provides-Extra: x\n", b"Requires-Python: >=3\n", b"Metadata-Version: 2.4\n", b"Name: evil\n",
    b"License-File: LICENSE\n", b"Description-Content-Type: text/markdown\n", b" folded\n",
    b"Generator: flit 3.9.0\n", b"Generator: setuptools (75.6.0)\n", b"Tag: py2-none-any\n",
    b"Root-Is-Purelib: false\n", b"Build: 1\n", b"Wheel-Version: 2.0\n",
    b"[gui_scripts]\n", b"evil = example.core:evil\n", b"[DEFAULT]\n", b"; comment\n",
    b"import os\n", b"# coding: utf-7\n", b"\x0c", b"__version__ = '1'\n", b"pass\n", b"# \n",
    "\u202e\u2066".encode(), b"\xd8\x00", b"sha512=", b"sha1=", b"../x,,\n",
    b"example/core.py,sha256=,\n", b"A" * 300, b"(" * 200, b"'''", b"\\\n",
)  # fmt: skip

HEADER_FIELDS = ("needed", "flags", "method", "time", "date", "crc", "compressed", "size")
CENTRAL_FIELDS = (*HEADER_FIELDS, "made_by", "system", "name", "extra", "comment", "disk",
                  "internal", "external", "offset")  # fmt: skip
END_FIELDS = ("disk", "start_disk", "here", "total", "size", "offset", "comment")
COUNTS = (0, 0, 1, 1, 1, 2, 3, 5)
SELDOM = (0, 0, 0, 0, 0, 0, 1, 2)
"""How many edits of one kind there are: few, since each one decides the verdict more often."""

NUMBERS = (0, 1, 2, 3, 6, 8, 9, 10, 20, 45, 63, 64, 0x21, 0x800, 0x5821, 0xFFFF, 0xFFFFFFFF)
MODES = (0o100644, 0o100755, 0o100664, 0o644, 0, 0o120777, 0o40755, 0o104755, 0o20644)
EXTRA_FIELDS = (
    b"\x01\x00\x10\x00" + bytes(16),
    b"\x01\x00\x08\x00" + bytes(8),
    b"\x75\x70\x06\x00\x01\x00\x00\x00\x00x",
    b"UT\x05\x00\x03\x00\x00\x00\x00",
    b"\xfe\xca\x00\x00",
    b"\x01",
)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The bytes of two wheels, and the names of their files."""

    published: bytes
    rebuilt: bytes
    published_name: str = FILENAME
    rebuilt_name: str = FILENAME


@dataclass(kw_only=True)
class Draft:
    """One wheel as far as it is written."""

    files: dict[str, bytes]
    rows: list[str] | None = None
    entries: list[Entry] = field(default_factory=list)
    packing: dict[str, object] = field(default_factory=dict)
    data: bytes = b""


def drawn_pair(data: bytes) -> Pair:
    """The pair that some bytes stand for; every input stands for one, and quickly."""
    choices = Choices(data)
    base = honest_files(choices.pick(EXTRAS))
    published, rebuilt = Draft(files=dict(base)), Draft(files=dict(base))
    for steps in (FILE_EDITS, RECORD_EDITS):
        for _ in range(choices.pick(COUNTS)):
            step = choices.pick(steps)
            decided = choices.data(24)
            for draft in choices.pick(((published,), (published, rebuilt), (rebuilt,))):
                step(draft, Choices(decided))
    for draft, counts in ((published, COUNTS), (rebuilt, SELDOM)):
        draft.entries = _entries(draft)
        for _ in range(choices.pick(counts)):
            choices.pick(ENTRY_EDITS)(draft, choices)
        draft.data = pack(draft.entries, **draft.packing)  # type: ignore[arg-type]  # by name
    for _ in range(choices.pick(SELDOM)):
        _edit_bytes(published, choices)
    return Pair(
        published=published.data,
        rebuilt=rebuilt.data,
        published_name=FILENAMES[choices.pick(SELDOM) and choices.number(len(FILENAMES))],
        rebuilt_name=FILENAMES[choices.pick(SELDOM) and choices.number(len(FILENAMES))],
    )


Edit = Callable[[Draft, Choices], None]


def _entries(draft: Draft) -> list[Entry]:
    files = with_record(draft.files, draft.rows)
    return [
        Entry(name=name, data=data, flags=0 if name.isascii() else FLAG_UTF8)
        for name, data in files.items()
    ]


def _spliced(data: bytes, choices: Choices) -> bytes:
    """Some bytes replaced, by something that means something or by anything."""
    starts = [0, *(at + 1 for at, byte in enumerate(data) if byte == 0x0A)]
    start = choices.pick(starts) if choices.number(2) == 0 else choices.number(len(data) + 1)
    removed = choices.pick((0, 0, 1, 2, 8, len(data)))
    inserted = choices.pick(FRAGMENTS) if choices.number(4) else choices.data(24)
    return data[:start] + inserted + data[start + removed :]


def _change_file(draft: Draft, choices: Choices) -> None:
    name = choices.pick(sorted(draft.files))
    draft.files[name] = _spliced(draft.files[name], choices)


def _change_dist_info(draft: Draft, choices: Choices) -> None:
    names = sorted(name for name in draft.files if name.startswith(DIST_INFO))
    name = choices.pick(names) if names else f"{DIST_INFO}/METADATA"
    draft.files[name] = _spliced(draft.files.get(name, b""), choices)


def _change_line(draft: Draft, choices: Choices) -> None:
    """A line that means something, put into a file where such lines are read."""
    filename, pool = choices.pick(_LINES)
    name = f"{DIST_INFO}/{filename}"
    content = draft.files.get(name, b"").split(b"\n")
    at, removed = choices.number(len(content)), choices.pick((0, 1, 1))
    content[at : at + removed] = [choices.pick((*pool, *content))]
    draft.files[name] = b"\n".join(content)


_LINES = (
    ("METADATA", lines.METADATA_LINES),
    ("METADATA", lines.METADATA_LINES),
    ("entry_points.txt", lines.ENTRY_POINT_LINES),
    ("WHEEL", lines.WHEEL_LINES),
)


def _add_known_file(draft: Draft, choices: Choices) -> None:
    known = [(f"{DIST_INFO}/{name}", data) for name, data in lines.FILES]
    name, data = choices.pick([*known, *lines.MODULES])
    draft.files[name] = data


def _add_file(draft: Draft, choices: Choices) -> None:
    draft.files[choices.pick(NAMES)] = choices.pick(FRAGMENTS)


def _drop_file(draft: Draft, choices: Choices) -> None:
    if len(draft.files) > 1:
        del draft.files[choices.pick(sorted(draft.files))]


def _rename_file(draft: Draft, choices: Choices) -> None:
    old, new = choices.pick(sorted(draft.files)), choices.pick(NAMES)
    draft.files = {new if name == old else name: data for name, data in draft.files.items()}


def _other_generator(draft: Draft, choices: Choices) -> None:
    generator = choices.pick(("flit 3.9.0", "setuptools (75.6.0)", "poetry-core 1.9.0", "evil 1"))
    draft.files[f"{DIST_INFO}/WHEEL"] = wheel_file(generator)


def _swap_lines(draft: Draft, choices: Choices) -> None:
    name = choices.pick(sorted(draft.files))
    kept = draft.files[name].splitlines(keepends=True)
    if kept:
        kept.insert(choices.number(len(kept)), kept.pop(choices.number(len(kept))))
    draft.files[name] = b"".join(kept)


def _other_line_ends(draft: Draft, choices: Choices) -> None:
    name = choices.pick(sorted(draft.files))
    draft.files[name] = draft.files[name].replace(b"\n", choices.pick((b"\r\n", b"\r", b"\n\n")))


FILE_EDITS: tuple[Edit, ...] = (
    _change_line,
    _change_line,
    _change_line,
    _add_known_file,
    _add_known_file,
    _change_dist_info,
    _change_file,
    _add_file,
    _drop_file,
    _rename_file,
    _other_generator,
    _swap_lines,
    _other_line_ends,
)


def _rows(draft: Draft) -> list[str]:
    text = with_record(draft.files, draft.rows)[RECORD].decode("utf-8", "replace")
    return text.split("\n")[:-1] or [""]


def _swap_rows(draft: Draft, choices: Choices) -> None:
    rows = _rows(draft)
    rows.insert(choices.number(len(rows)), rows.pop(choices.number(len(rows))))
    draft.rows = rows


def _change_row(draft: Draft, choices: Choices) -> None:
    rows = _rows(draft)
    at = choices.number(len(rows))
    rows[at] = _spliced(rows[at].encode(), choices).decode("utf-8", "replace")
    draft.rows = rows


def _repeat_row(draft: Draft, choices: Choices) -> None:
    rows = _rows(draft)
    draft.rows = [*rows, *[choices.pick(rows)] * choices.pick((1, 2, 200))]


def _drop_row(draft: Draft, choices: Choices) -> None:
    rows = _rows(draft)
    del rows[choices.number(len(rows))]
    draft.rows = rows


RECORD_EDITS: tuple[Edit, ...] = (_swap_rows, _change_row, _repeat_row, _drop_row)


def _entry(draft: Draft, choices: Choices, **change: object) -> None:
    if draft.entries:
        at = choices.number(len(draft.entries))
        draft.entries[at] = replace(draft.entries[at], **change)  # type: ignore[arg-type]  # by name


def _every_entry(draft: Draft, choices: Choices) -> None:
    """What honest tools do differently: all members at another time, with another level."""
    change = choices.pick(
        ({"date": 0x5821}, {"level": 9}, {"level": 1}, {"method": 0}, {"mode": 0o100755},
         {"system": 0}, {"time": 1, "date": 0x5822})
    )  # fmt: skip
    draft.entries = [
        replace(entry, **change)  # type: ignore[arg-type]  # by name
        for entry in draft.entries
    ]


def _number(choices: Choices, limit: int) -> int:
    number = choices.pick(NUMBERS) if choices.number(2) else choices.number(limit)
    return number % limit


def _limit(name: str) -> int:
    return 1 << {"made_by": 8, "system": 8}.get(
        name, 32 if name in {"crc", "compressed", "size", "external", "offset"} else 16
    )


def _lie_in_local(draft: Draft, choices: Choices) -> None:
    name = choices.pick(HEADER_FIELDS)
    _entry(draft, choices, local={name: _number(choices, _limit(name))})


def _lie_in_central(draft: Draft, choices: Choices) -> None:
    name = choices.pick(CENTRAL_FIELDS)
    _entry(draft, choices, central={name: _number(choices, _limit(name))})


def _lie_in_both(draft: Draft, choices: Choices) -> None:
    name = choices.pick(HEADER_FIELDS)
    value = {name: _number(choices, _limit(name))}
    _entry(draft, choices, local=value, central=value)


def _other_mode(draft: Draft, choices: Choices) -> None:
    _entry(draft, choices, mode=choices.pick(MODES))


def _extra_field(draft: Draft, choices: Choices) -> None:
    side = choices.pick(("local_extra", "central_extra"))
    _entry(draft, choices, **{side: choices.pick(EXTRA_FIELDS)})


def _bytes_between(draft: Draft, choices: Choices) -> None:
    place = choices.pick(("comment", "gap", "descriptor"))
    _entry(draft, choices, **{place: choices.pick(FRAGMENTS)})


def _streamed(draft: Draft, choices: Choices) -> None:
    """A data descriptor, as writers to a pipe leave it."""
    if not draft.entries:
        return
    at = choices.number(len(draft.entries))
    entry = draft.entries[at]
    fields = entry.fields()
    sizes = (fields["crc"], fields["compressed"], fields["size"])
    draft.entries[at] = replace(
        entry,
        flags=8,
        local={"crc": 0, "compressed": 0, "size": 0},
        descriptor=b"PK\7\x08" + b"".join(value.to_bytes(4, "little") for value in sizes),
    )


def _other_stream(draft: Draft, choices: Choices) -> None:
    """Something behind or instead of a deflate stream, with sizes that count it."""
    if draft.entries:
        at = choices.number(len(draft.entries))
        packed = draft.entries[at].packed
        draft.entries[at] = replace(draft.entries[at], stream=_spliced(packed, choices))


def _absent_header(draft: Draft, choices: Choices) -> None:
    _entry(draft, choices, **{choices.pick(("has_local", "has_central")): False})


def _other_local_name(draft: Draft, choices: Choices) -> None:
    _entry(draft, choices, local_name=choices.pick(NAMES).encode())


def _other_name(draft: Draft, choices: Choices) -> None:
    _entry(draft, choices, name=choices.data(16), flags=choices.pick((0, FLAG_UTF8)))


def _swap_entries(draft: Draft, choices: Choices) -> None:
    if draft.entries:
        moved = draft.entries.pop(choices.number(len(draft.entries)))
        draft.entries.insert(choices.number(len(draft.entries) + 1), moved)


def _add_directory(draft: Draft, choices: Choices) -> None:
    name = choices.pick(("example/", "empty/", f"{DIST_INFO}/"))
    external = 0o40755 << 16 | 0x10
    draft.entries.append(Entry(name=name, method=0, mode=0o40755, central={"external": external}))


def _repeat_entry(draft: Draft, choices: Choices) -> None:
    if draft.entries:
        repeated = choices.pick(draft.entries)
        draft.entries.append(replace(repeated, data=_spliced(repeated.data, choices)))


def _around(draft: Draft, choices: Choices) -> None:
    place = choices.pick(("comment", "before_directory", "before_end", "trailing"))
    draft.packing[place] = choices.pick(FRAGMENTS)


def _lie_in_end(draft: Draft, choices: Choices) -> None:
    name = choices.pick(END_FIELDS)
    limit = 1 << (32 if name in {"size", "offset"} else 16)
    draft.packing["end"] = {name: _number(choices, limit)}


ENTRY_EDITS: tuple[Edit, ...] = (
    _every_entry,
    _lie_in_central,
    _lie_in_local,
    _lie_in_both,
    _other_mode,
    _extra_field,
    _bytes_between,
    _streamed,
    _other_stream,
    _absent_header,
    _other_local_name,
    _other_name,
    _add_directory,
    _swap_entries,
    _repeat_entry,
    _around,
    _lie_in_end,
)


def _edit_bytes(draft: Draft, choices: Choices) -> None:
    start = choices.number(1 << 16) % (len(draft.data) + 1)
    removed = choices.pick((0, 1, 1, 4, len(draft.data)))
    draft.data = draft.data[:start] + choices.data(8) + draft.data[start + removed :]
