"""Small published wheels, taken apart so that every byte of them can be changed one at a time.

They are fetched once, by the product's own index client, into the cache below `.truewheel/` of the
checkout; afterwards no index is asked. Taken apart with `zipfile`, put together by
`tests.support.wheels`: neither is the product's reader.
"""

import csv
import io
import os
import struct
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tests.support.wheels import Entry, pack, record_row
from verify.events import silent
from verify.gather import IndexGatherer
from verify.index.cache import FileCache
from verify.index.client import open_index
from verify.index.config import load_config

KEPT_CACHE = Path(__file__).resolve().parents[2] / ".truewheel" / "cache"
"""A cache that outlives the tests."""

_LOCAL_SIZE = 30
"""APPNOTE 4.3.7: the fixed part of a local header; the lengths of name and extra field end it."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A published file by its content."""

    project: str
    version: str
    filename: str
    sha256: str


PINS = (
    Pin(  # hatchling, license below licenses/
        project="iniconfig",
        version="2.0.0",
        filename="iniconfig-2.0.0-py3-none-any.whl",
        sha256="b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374",
    ),
    Pin(  # a namespace package's .pth, dependencies, an extra
        project="sphinxcontrib-jsmath",
        version="1.0.1",
        filename="sphinxcontrib_jsmath-1.0.1-py2.py3-none-any.whl",
        sha256="2ec2eaebfb78f3f2078e73666b1415417a116cc848b72e5172e596c871103178",
    ),
    Pin(  # setuptools, one module at the root, Python 2 and 3
        project="six",
        version="1.17.0",
        filename="six-1.17.0-py2.py3-none-any.whl",
        sha256="4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274",
    ),
    Pin(  # a program below .data/scripts
        project="jmespath",
        version="1.0.1",
        filename="jmespath-1.0.1-py3-none-any.whl",
        sha256="02e2e4cc71b5bcab88332eebf907519190dd9e6e82107fa7f83b1003a6252980",
    ),
    Pin(  # entry points
        project="distro",
        version="1.9.0",
        filename="distro-1.9.0-py3-none-any.whl",
        sha256="7bffd925d65168f85027d8da9af6bddab658135b840670a223589bc0c8ef02b2",
    ),
    Pin(  # native code, directory entries
        project="markupsafe",
        version="2.1.5",
        filename="MarkupSafe-2.1.5-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        sha256="b91c037585eba9095565a3556f611e3cbfaa42ca1e865f7b8015fe5c7336d5a5",
    ),
)
"""The smallest plain one first: attacks that come in variants try all of them on it."""


@dataclass(frozen=True, kw_only=True)
class RealWheel:
    """A published wheel and its members, each with its headers and its packed bytes as published.

    Attributes:
        project: the name it is pinned under.
        filename: as published.
        data: the whole file.
        entries: what `pack` makes `data` of, bit for bit.
    """

    project: str
    filename: str
    data: bytes
    entries: tuple[Entry, ...]

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Contents by name, directories left out, in the order of the archive."""
        return {
            str(entry.name): entry.data
            for entry in self.entries
            if not str(entry.name).endswith("/")
        }

    @cached_property
    def dist_info(self) -> str:
        """The dist-info directory, without a slash."""
        return self.record.removesuffix("/RECORD")

    @cached_property
    def record(self) -> str:
        """The name of RECORD."""
        (name,) = (name for name in self.files if name.endswith(".dist-info/RECORD"))
        return name

    @cached_property
    def stem(self) -> str:
        """`NAME-VERSION` as the dist-info directory spells it."""
        return self.dist_info.removesuffix(".dist-info")

    @cached_property
    def module(self) -> str:
        """The module that attacks change: the largest one."""
        sources = [name for name in self.files if name.endswith(".py") and ".data/" not in name]
        return max(sources, key=lambda name: len(self.files[name]))

    def info(self, name: str) -> str:
        """The path of a file in dist-info."""
        return f"{self.dist_info}/{name}"

    def entry(self, name: str) -> Entry:
        """The entry of this name."""
        (found,) = (entry for entry in self.entries if entry.name == name)
        return found

    def edited(
        self, *, name: str | None = None, base: Iterable[Entry] | None = None, **fields: object
    ) -> bytes:
        """The archive with header fields of one member replaced, of `module` without a name.

        Args:
            name: the member.
            base: other entries than those of the wheel.
            fields: of `Entry`; `local` and `central` are merged with what the member overrides.
        """
        target = name or self.module
        return pack(
            with_fields(entry, **fields) if entry.name == target else entry
            for entry in base or self.entries
        )

    def is_folder_that_says_nothing(self, folder: str) -> bool:
        """Whether a directory, given with its slash, is there for every reader without an entry."""
        parts = folder.split("/")[:-1]
        packages = ("/".join(parts[: at + 1]) for at in range(len(parts)))
        return parts[0] == self.dist_info or all(
            f"{package}/__init__.py" in self.files for package in packages
        )

    def with_files(
        self, changes: Mapping[str, bytes | None], *, record: bytes | None = None
    ) -> list[Entry]:
        """All entries, some contents replaced, added or (None) removed, and RECORD made to fit.

        Args:
            changes: contents by name.
            record: what RECORD is instead of what fits.
        """
        if record is None:
            record = following_record(self.files[self.record], changes, self.record)
        contents = {**self.files, **changes, self.record: record}
        kept = [
            _with_content(entry, content)
            for entry in self.entries
            if (content := contents.get(str(entry.name), b"")) is not None
        ]
        model = self.entry(self.module)
        present = {entry.name for entry in self.entries}
        added = [
            replace(model, name=name, data=data, stream=None, flags=_name_flags(name))
            for name, data in changes.items()
            if data is not None and name not in present
        ]
        return [*kept[:-1], *added, kept[-1]]

    def forge(self, changes: Mapping[str, bytes | None], *, record: bytes | None = None) -> bytes:
        """The archive of `with_files`."""
        return pack(self.with_files(changes, record=record))


def with_fields(entry: Entry, **fields: object) -> Entry:
    """An entry with fields replaced; what it overrides in its headers stays overridden."""
    merged = {
        key: {**getattr(entry, key), **value} if isinstance(value, dict) else value
        for key, value in fields.items()
    }
    return replace(entry, **merged)  # type: ignore[arg-type]  # by field name


def following_record(record: bytes, changes: Mapping[str, bytes | None], own_name: str) -> bytes:
    """A RECORD whose rows tell the truth about the changed members, in the style of the old one."""
    end = "\r\n" if b"\r\n" in record else "\n"
    old = list(csv.reader(io.StringIO(record.decode(), newline="")))
    rows = []
    for row in old:
        content = changes.get(row[0], b"")
        if row[0] not in changes:
            rows.append(row)
        elif content is not None:
            rows.append(_row(row[0], content))
    listed = {row[0] for row in old}
    added = [
        _row(name, content)
        for name, content in changes.items()
        if content is not None and name not in listed and not name.endswith("/")
    ]
    own = next((at for at, row in enumerate(rows) if row[0] == own_name), len(rows))
    return write_record([*rows[:own], *added, *rows[own:]], end)


def write_record(rows: Iterable[Iterable[str]], end: str = "\n") -> bytes:
    """Rows as CSV."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(rows)
    return text.getvalue().encode()


def _row(name: str, content: bytes) -> list[str]:
    return [name, *record_row("", content).split(",")[1:]]


def _with_content(entry: Entry, data: bytes) -> Entry:
    if data == entry.data:
        return entry
    return replace(entry, data=data, stream=None)


def _name_flags(name: str) -> int:
    return 0 if name.isascii() else 0x800


def real_wheels(cache_root: Path = KEPT_CACHE) -> dict[str, RealWheel]:
    """All pinned wheels by project; only the first call on a machine asks the configured index."""
    cache = FileCache(cache_root)
    environ = dict(os.environ)
    config = load_config(
        index_url=None, extra_index_urls=(), environ=environ, cwd=Path(__file__).parent
    )
    index = open_index(config, cache_root=cache_root, offline=False, listener=silent)
    gatherer = IndexGatherer(cache, index)
    paths = {
        pin.project: gatherer.gather(pin.project, pin.version, pin.filename, pin.sha256)
        for pin in PINS
    }
    return {project: take_apart(project, path) for project, path in paths.items()}


def take_apart(project: str, path: Path) -> RealWheel:
    """Read a wheel.

    Raises:
        ValueError: the entries do not make the file again, so it is no fit base for attacks.
    """
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        entries = tuple(_entry(archive, info, data) for info in archive.infolist())
    if pack(entries) != data:
        raise ValueError(f"{path.name} has headers that tests.support.wheels does not write")
    return RealWheel(project=project, filename=path.name, data=data, entries=entries)


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> Entry:
    name_length, extra_length = struct.unpack_from("<HH", data, info.header_offset + 26)
    start = info.header_offset + _LOCAL_SIZE + name_length + extra_length
    time, date = struct.unpack_from("<HH", data, info.header_offset + 10)
    needed = {} if info.extract_version == 20 else {"needed": info.extract_version}
    central = dict(needed)
    if info.create_version != 20:
        central["made_by"] = info.create_version
    if info.internal_attr:
        central["internal"] = info.internal_attr
    if info.external_attr & 0xFFFF:
        central["external"] = info.external_attr
    return Entry(
        name=info.filename,
        data=archive.read(info),
        method=info.compress_type,
        time=time,
        date=date,
        mode=info.external_attr >> 16,
        system=info.create_system,
        flags=info.flag_bits,
        stream=data[start : start + info.compress_size],
        local=needed,
        central=central,
    )
