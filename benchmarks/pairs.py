"""Published wheels by hash, and the wheels that each of them is compared with."""

import base64
import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from verify.events import silent
from verify.gather import IndexGatherer
from verify.index.cache import FileCache
from verify.index.client import open_index
from verify.index.config import load_config

_OTHER_DATE = (2021, 3, 4, 5, 6, 8)
_OTHER_LEVEL = 9
_SAME_LEVEL = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """A published wheel, and the members that its differing counterpart has changed.

    Attributes:
        title: what the tables call it.
        changed: the names of these members, without RECORD, which follows.
    """

    title: str
    project: str
    version: str
    filename: str
    sha256: str
    changed: tuple[str, ...]


PINS = (
    Pin(
        title="Django 5.0.6 (8 MB)",
        project="django",
        version="5.0.6",
        filename="Django-5.0.6-py3-none-any.whl",
        sha256="8363ac062bb4ef7c3f12d078f6fa5d154031d129a15170a1066412af49d30905",
        changed=("django/http/request.py", "Django-5.0.6.dist-info/METADATA"),
    ),
    Pin(
        title="botocore 1.34.100 (12 MB)",
        project="botocore",
        version="1.34.100",
        filename="botocore-1.34.100-py3-none-any.whl",
        sha256="ee516fb9e9e906d311f2a9921afaf79c594db239a5b4b626e89e6960401aad0b",
        changed=("botocore/session.py", "botocore-1.34.100.dist-info/METADATA"),
    ),
    Pin(
        title="tensorflow-cpu 2.8.4 (191 MB)",
        project="tensorflow-cpu",
        version="2.8.4",
        filename="tensorflow_cpu-2.8.4-cp310-cp310-manylinux2010_x86_64.whl",
        sha256="be9e933164e9359ab81452416fb202de7ae404053c530d859e50f0930fafd4ef",
        changed=("tensorflow/python/_pywrap_tensorflow_internal.so",),
    ),
)
"""zlib's default level packed all three, as it does nearly all wheels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two files to compare."""

    title: str
    published: Path
    rebuilt: Path


def make_pairs(pin: Pin, cache: Path, folder: Path) -> tuple[Pair, ...]:
    """A published wheel with three made from it below `folder`; two of them hold the same members.

    The first has other dates and another order, as a rebuild on another day and file system does;
    in the second the members are also packed at another level, so that hardly a stream is the same;
    the third differs in a few bytes of `pin.changed`.

    Raises:
        TruewheelError: the published wheel cannot be fetched.
    """
    published = _fetch(pin, cache)
    made = {
        "other dates and order": _Repack(level=_SAME_LEVEL, is_other=True),
        "other level, too": _Repack(level=_OTHER_LEVEL, is_other=True),
        "changed content": _Repack(level=_SAME_LEVEL, changed=pin.changed),
    }
    return tuple(
        Pair(title=title, published=published, rebuilt=repack(published, folder / str(at)))
        for at, (title, repack) in enumerate(made.items())
    )


def _fetch(pin: Pin, cache: Path) -> Path:
    config = load_config(
        index_url=None, extra_index_urls=(), environ=dict(os.environ), cwd=Path.cwd()
    )
    index = open_index(config, cache_root=cache, offline=False, listener=silent)
    gatherer = IndexGatherer(FileCache(cache), index)
    return gatherer.gather(pin.project, pin.version, pin.filename, pin.sha256)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Repack:
    """Writes a wheel again, with members in reversed order and a day of their own if `is_other`."""

    level: int
    is_other: bool = False
    changed: tuple[str, ...] = ()

    def __call__(self, source: Path, folder: Path) -> Path:
        folder.mkdir(parents=True)
        target = folder / source.name
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
            infos = old.infolist()
            rows = self._changed_rows(old)
            for info in infos[::-1] if self.is_other else infos:
                data = self._data(old, info.filename, rows)
                new.writestr(self._header(info), data, info.compress_type, self.level)
        return target

    def _header(self, old: zipfile.ZipInfo) -> zipfile.ZipInfo:
        date = _OTHER_DATE if self.is_other else old.date_time
        header = zipfile.ZipInfo(old.filename, date)
        header.external_attr = old.external_attr
        return header

    def _changed_rows(self, old: zipfile.ZipFile) -> dict[str, tuple[str, str, str]]:
        return {name: _row(name, _change(name, old.read(name))) for name in self.changed}

    def _data(
        self, old: zipfile.ZipFile, name: str, rows: Mapping[str, tuple[str, str, str]]
    ) -> bytes:
        data = old.read(name)
        if name in self.changed:
            return _change(name, data)
        if rows and name.endswith(".dist-info/RECORD"):
            text = io.StringIO(newline="")
            writer = csv.writer(text, lineterminator="\n")
            for row in csv.reader(io.StringIO(data.decode(), newline="")):
                writer.writerow(rows.get(row[0], row))
            return text.getvalue().encode()
        return data


def _row(name: str, data: bytes) -> tuple[str, str, str]:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return name, f"sha256={digest}", str(len(data))


def _change(name: str, data: bytes) -> bytes:
    """A few bytes changed: inside a library, at the end of a text."""
    if not name.endswith(".so"):
        return data + b"\n# changed\n"
    changed = bytearray(data)
    for at in range(len(data) // 2, len(data) // 2 + 4):
        changed[at] ^= 0x55
    return bytes(changed)
