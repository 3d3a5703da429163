"""Attempts to smuggle something through the rules that explain whole members.

Each attempt is a step away from a pair that its rule explains: `BASES` are those pairs, and a test
holds that they are trusted, so that it is the step that is not.
"""

import gzip
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.bytecode import SOURCE, header, marshalled
from tests.support.leftovers import FINDER_STORE, PATH_FILE_OF_TWO, PATH_FILES
from tests.support.wheels import (
    DIST_INFO,
    RECORD,
    Entry,
    changed,
    deflate,
    entries,
    honest_files,
    pack,
    wheel_file,
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.finding import FindingClass
from verify.results import Diff
from verify.rules.interface import DATA_LIMIT
from verify.verdict import Verdict

TRUSTED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}
DATA = "example-1.0.data"

Files = Mapping[str, bytes | None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """Members that the two wheels have beside the honest ones; None takes an honest one away.

    Attributes:
        ours, theirs: of the published and of the rebuilt wheel.
        headers: by member of the published wheel, fields of its entry.
        dated: headers of members of both wheels.
        first: entries before all others in the published wheel.
    """

    ours: Files = field(default_factory=dict)
    theirs: Files = field(default_factory=dict)
    headers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    dated: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    first: tuple[Entry, ...] = ()

    def wheels(self) -> tuple[bytes, bytes]:
        ours = _entries(self.ours, {**self.dated, **self.headers})
        return pack([*self.first, *ours]), pack(_entries(self.theirs, self.dated))


def _entries(files: Files, headers: Mapping[str, Mapping[str, object]]) -> list[Entry]:
    members = {**honest_files(), **files}
    base = entries(with_record({name: data for name, data in members.items() if data is not None}))
    for name, fields in headers.items():
        base = changed(name, fields, base)
    return base


def both(name: str, ours: bytes, theirs: bytes, **headers: object) -> Case:
    """One member that differs."""
    return Case(ours={name: ours}, theirs={name: theirs}, headers={name: headers})


def only(name: str, ours: bytes, beside: Files | None = None, **headers: object) -> Case:
    """One member that only the published wheel has; `beside` is in both."""
    beside = beside or {}
    return Case(ours={**beside, name: ours}, theirs=beside, headers={name: headers})


def _judge(case: Case, tmp_path: Path) -> Diff:
    published, rebuilt = case.wheels()
    return compare(write(tmp_path / "p", published), write(tmp_path / "r", rebuilt))


def _benign(diff: Diff) -> set[str]:
    return {finding.rule for finding in diff.findings if finding.kind is FindingClass.BENIGN}


# license-moved ------------------------------------------------------------------------------------

TEXT = b"Do as you like.\n"
FLAT = f"{DIST_INFO}/LICENSE.txt"
NESTED = f"{DIST_INFO}/licenses/LICENSE.txt"


def moved(ours: str, theirs: str, *, change: bytes = b"", **headers: object) -> Case:
    """A license at one name published, at another one rebuilt."""
    return Case(
        ours={ours: TEXT + change},
        theirs={theirs: TEXT},
        headers={ours: headers} if headers else {},
    )


LICENSES = {
    "other-bytes": moved(FLAT, NESTED, change=b"x"),
    "other-name": moved(FLAT, f"{DIST_INFO}/licenses/COPYING.txt"),
    "other-case": moved(FLAT, f"{DIST_INFO}/licenses/license.txt"),
    "into-a-package": moved("example/LICENSE.txt", NESTED),
    "out-of-a-package": moved(FLAT, "example/LICENSE.txt"),
    "into-the-data-directory": moved(f"{DATA}/data/LICENSE.txt", NESTED),
    "module": moved(f"{DIST_INFO}/LICENSE.py", f"{DIST_INFO}/licenses/LICENSE.py"),
    "path-file": moved(f"{DIST_INFO}/LICENSE.pth", f"{DIST_INFO}/licenses/LICENSE.pth"),
    "program": moved(f"{DIST_INFO}/LICENSE.exe", f"{DIST_INFO}/licenses/LICENSE.exe"),
    "no-license": moved(f"{DIST_INFO}/direct_url.json", f"{DIST_INFO}/licenses/direct_url.json"),
    "entry-points": moved(f"{DIST_INFO}/entry_points2.txt", f"{DIST_INFO}/licenses/x.txt"),
    "hidden-directory": moved(FLAT, f"{DIST_INFO}/licenses/.git/LICENSE.txt"),
    "between-directories": moved(
        f"{DIST_INFO}/licenses/a/LICENSE.txt", f"{DIST_INFO}/licenses/b/LICENSE.txt"
    ),
    "elsewhere-in-dist-info": moved(FLAT, f"{DIST_INFO}/legal/LICENSE.txt"),
    "executable": moved(FLAT, NESTED, mode=0o100755),
    "invented-path": moved(f"{DIST_INFO}/licenses/message/to/anybody/LICENSE.txt", FLAT),
    "two-targets": Case(
        ours={FLAT: TEXT},
        theirs={NESTED: TEXT, f"{DIST_INFO}/licenses/b/LICENSE.txt": TEXT},
    ),
    "two-sources": Case(
        ours={FLAT: TEXT, f"{DIST_INFO}/licenses/b/LICENSE.txt": TEXT}, theirs={NESTED: TEXT}
    ),
    "copy": Case(ours={FLAT: TEXT, NESTED: TEXT}, theirs={NESTED: TEXT}),
}

# top-level-derived --------------------------------------------------------------------------------

TOP_LEVEL = f"{DIST_INFO}/top_level.txt"
NAMES = b"example\nother\n"


def listed(ours: bytes) -> Case:
    """What only the published wheel lists; it has `example` and `other`."""
    return only(TOP_LEVEL, ours, {"other.py": b"", "words/x.txt": b"x\n"})


TOP_LEVELS = {
    "name-too-many": listed(b"example\nother\nos\n"),
    "name-too-few": listed(b"example\n"),
    "name-of-a-directory-without-code": listed(b"example\nother\nwords\n"),
    "name-twice": listed(b"example\nexample\nother\n"),
    "empty-line": listed(b"example\n\nother\n"),
    "space": listed(b"example \nother\n"),
    "comment": listed(b"# all\nexample\nother\n"),
    "no-end": listed(b"example\nother"),
    "two-kinds-of-ends": listed(b"example\r\nother\n"),
    "lone-return": listed(b"example\rother\n"),
    "not-ascii": listed("ex\u0430mple\nother\n".encode()),
    "byte-order-mark": listed(b"\xef\xbb\xbfexample\nother\n"),
    "nul": listed(b"example\nother\0\n"),
    "other-set": both(TOP_LEVEL, b"example\nos\n", NAMES),
    "comment-in-another-place": both(TOP_LEVEL, b"# x\nexample\n", b"example\n# x\n"),
    "set-that-the-rebuild-has-in-part": both(TOP_LEVEL, b"example\n", NAMES),
    "elsewhere": both("example/top_level.txt", b"other\nexample\n", NAMES),
    "executable": only(TOP_LEVEL, b"example\n", mode=0o100755),
}

# namespace-packages-derived -----------------------------------------------------------------------

NAMESPACES = f"{DIST_INFO}/namespace_packages.txt"
DECLARED = b"__import__('pkg_resources').declare_namespace(__name__)\n"


def declared(ours: bytes, source: bytes = DECLARED) -> Case:
    """Packages that only the published wheel lists; both have `space`, as this source."""
    return only(NAMESPACES, ours, {"space/__init__.py": source})


PACKAGES = {
    "package-with-code": declared(b"space\n", DECLARED + b"import os\n"),
    "package-with-other-declaration": declared(
        b"space\n", b"__import__('other').declare_namespace(__name__)\n"
    ),
    "package-that-declares-nothing": declared(b"example\n"),
    "package-that-is-not-there": declared(b"space\nos\n"),
    "package-of-another-wheel": declared(b"space.below\n"),
    "package-that-differs": Case(
        ours={NAMESPACES: b"space\n", "space/__init__.py": DECLARED},
        theirs={"space/__init__.py": DECLARED.replace(b"'", b'"')},
    ),
    "package-of-the-published-wheel": Case(
        ours={NAMESPACES: b"space\n", "space/__init__.py": DECLARED}, theirs={}
    ),
    "name-twice": declared(b"space\nspace\n"),
    "no-name": declared(b"\n"),
    "path": declared(b"../space\n"),
    "comment": declared(b"# space\nspace\n"),
    "no-end": declared(b"space"),
    "other-set": both(NAMESPACES, b"example\n", b"space\n"),
    "executable": only(NAMESPACES, b"space\n", {"space/__init__.py": DECLARED}, mode=0o100755),
}

# json-key-order -----------------------------------------------------------------------------------

JSON = f"{DIST_INFO}/metadata.json"
VALUE = b'{"name": "example", "extras": ["a", "b"], "extensions": {"x": 1, "y": true}}'
REORDERED = b'{"extensions": {"y": true, "x": 1}, "extras": ["a", "b"], "name": "example"}'


def written(ours: bytes, theirs: bytes = VALUE, **headers: object) -> Case:
    """A file of JSON that differs."""
    return both(JSON, ours, theirs, **headers)


JSONS = {
    "other-value": written(REORDERED.replace(b"true", b"false")),
    "number-for-true": written(REORDERED.replace(b"true", b"1")),
    "other-number": written(REORDERED.replace(b"1", b"1.0")),
    "other-spelling-of-a-number": written(
        *(text.replace(b"1", number) for text, number in ((REORDERED, b"1E1"), (VALUE, b"10.0")))
    ),
    "number-without-end": written(REORDERED.replace(b"1", b"1" * 5000)),
    "order-of-a-list": written(REORDERED.replace(b'"a", "b"', b'"b", "a"')),
    "one-key-more": written(REORDERED.replace(b"{", b'{"z": 0, ', 1)),
    "one-key-fewer": written(REORDERED.replace(b', "x": 1', b"")),
    "key-twice": written(REORDERED.replace(b'"x"', b'"x": 2, "x"')),
    "key-twice-in-both": written(
        *(text.replace(b'"x"', b'"x": 2, "x"') for text in (REORDERED, VALUE))
    ),
    "escaped-letter": written(REORDERED.replace(b'"x"', b'"\\u0078"')),
    "spaces": written(REORDERED.replace(b", ", b",  ")),
    "no-spaces": written(REORDERED.replace(b" ", b"")),
    "text-behind-the-end": written(REORDERED + b"\n"),
    "mark-before-the-beginning": written(b"\xef\xbb\xbf" + REORDERED),
    "no-json": written(b"[" * 100_000, b"]" * 100_000),
    "other-alphabet": written(
        *(text.replace(b"example", "\u00e9".encode()) for text in (REORDERED, VALUE))
    ),
    "in-the-published-wheel-only": only(JSON, VALUE),
    "other-file": both(f"{DIST_INFO}/direct_url.json", REORDERED, VALUE),
    "in-a-package": both("example/metadata.json", REORDERED, VALUE),
    "below-a-directory": both(f"{DIST_INFO}/licenses/metadata.json", REORDERED, VALUE),
    "executable": written(REORDERED, mode=0o100755),
}

# egg-info-marker ----------------------------------------------------------------------------------

ZIP_SAFE = f"{DIST_INFO}/zip-safe"
LINKS = f"{DIST_INFO}/dependency_links.txt"

MARKERS = {
    "content": only(ZIP_SAFE, b"x\n"),
    "nothing": only(ZIP_SAFE, b""),
    "two-lines": only(ZIP_SAFE, b"\n\n"),
    "space": only(ZIP_SAFE, b" \n"),
    "lone-return": only(ZIP_SAFE, b"\r"),
    "link": only(LINKS, b"https://example.org/x.tar.gz\n"),
    "link-where-the-rebuild-has-none": both(LINKS, b"https://example.org/x\n", b"\n"),
    "other-marker": only(f"{DIST_INFO}/REQUESTED", b"\n"),
    "native-libs": only(f"{DIST_INFO}/native_libs.txt", b"\n"),
    "in-a-package": only("example/zip-safe", b"\n"),
    "executable": only(ZIP_SAFE, b"\n", mode=0o100755),
}

# nspkg-path-file ----------------------------------------------------------------------------------

LINE = PATH_FILES["69.1.0"].encode()
OLD = "example-1.0-py3.8-nspkg.pth"
NEW = "example-1.0-py3.12-nspkg.pth"


def all_executable(but: str = "") -> Mapping[str, Mapping[str, object]]:
    """The modes of a file system that knows no others."""
    names = {OLD, RECORD, *honest_files()} - {but}
    return {name: {"mode": 0o100777} for name in names}


def renamed(ours: str = OLD, content: bytes = LINE, theirs: str = NEW) -> Case:
    """The same path file under two names."""
    return Case(ours={ours: content}, theirs={theirs: content})


PATHS = {
    "other-code": Case(ours={OLD: LINE + b"import os\n"}, theirs={NEW: LINE}),
    "line-of-code-on-both-sides": renamed(content=LINE + b"import os\n"),
    "statement-on-both-sides": renamed(content=LINE.replace(b"\n", b";os.system('x')\n")),
    "directory-on-both-sides": renamed(content=LINE + b"/tmp\n"),
    "comment-on-both-sides": renamed(content=b"# x\n" + LINE),
    "code-in-a-name": renamed(content=LINE.replace(b"'google'", b"'a');import os;('google'")),
    "two-packages-in-one-line": renamed(content=LINE.replace(b"'google',)", b"'other',)")),
    "lines-of-two-versions": renamed(content=LINE + PATH_FILES["5.2"].encode()),
    "child-of-another-package": renamed(
        content=PATH_FILE_OF_TWO.replace(
            "sys.modules['google'], 'cloud'", "sys.modules['os'], 'x'"
        ).encode()
    ),
    "windows-ends": renamed(content=LINE.replace(b"\n", b"\r\n")),
    "no-end": renamed(content=LINE[:-1]),
    "nothing": renamed(content=b""),
    "other-project": renamed("other-1.0-py3.8-nspkg.pth", theirs="other-1.0-py3.12-nspkg.pth"),
    "other-project-on-one-side": renamed("other-1.0-py3.8-nspkg.pth"),
    "other-version": renamed("example-1.1-py3.8-nspkg.pth", theirs="example-1.1-py3.12-nspkg.pth"),
    "no-python": renamed("example-1.0-py3.8a-nspkg.pth"),
    "python-of-tomorrow": renamed("example-1.0-py4.0-nspkg.pth"),
    "first-of-all-path-files": renamed("000-example-1.0-py3.8-nspkg.pth"),
    "in-a-directory": renamed(f"example/{OLD}", theirs=f"example/{NEW}"),
    "in-the-data-directory": renamed(f"{DATA}/purelib/{OLD}", theirs=f"{DATA}/purelib/{NEW}"),
    "two-of-them": Case(ours={OLD: LINE, "x-py3.8-nspkg.pth": LINE}, theirs={NEW: LINE}),
    "beside-another-one": Case(
        ours={OLD: LINE, "example-1.0-py3.9-NSPKG.pth": LINE},
        theirs={NEW: LINE, "example-1.0-py3.9-NSPKG.pth": LINE},
    ),
    "one-more": Case(ours={OLD: LINE, NEW: LINE}, theirs={NEW: LINE}),
    "only-published": only(OLD, LINE),
    "executable": replace(renamed(), headers={OLD: {"mode": 0o100755}}),
    "executable-beside-all-but-one": replace(renamed(), headers=all_executable(but=RECORD)),
}

# directory-entry ----------------------------------------------------------------------------------


def directory(name: str = "example/", **fields: object) -> Case:
    """An entry before all others of the published wheel."""
    return Case(first=(replace(Entry(name=name, method=0, mode=0o40755), **fields),))  # type: ignore[arg-type]  # by field name


DIRECTORIES = {
    "without-files": directory("empty/"),
    "without-files-in-a-package": directory("example/plugins/"),
    "without-rebuilt-files": replace(directory("new/"), ours={"new/x.txt": b"x\n"}),
    "prefix-of-a-name": directory("examp/"),
    "twin-in-other-case": directory("Example/"),
    "content": directory(data=b"x"),
    "packed-content": directory(data=b"x" * 99, method=8),
    "stuffed-stream": directory(method=8, stream=b"\0\0\0\xff\xff\3\0"),
    "bits-behind-the-stream": directory(method=8, stream=b"\3\xfc"),
    "stored-block": directory(method=8, stream=b"\1\0\0\xff\xff"),
    "gap": directory(gap=b"hidden"),
    "extra-field": directory(local_extra=b"\xfe\xca\4\0evil", central_extra=b"\xfe\xca\4\0evil"),
    "comment": directory(comment=b"hidden"),
    "locked": directory(mode=0o40000),
    "open-to-all": directory(mode=0o40777),
    "sticky": directory(mode=0o41755),
    "set-group": directory(mode=0o42755),
    "link": directory(mode=0o120777),
    "file": directory(mode=0o100644),
    "attributes": directory(central={"external": 0o40755 << 16 | 0x16}),
    "climbing": directory("example/../example/"),
}

# stray-file ---------------------------------------------------------------------------------------

STORE = "example/.DS_Store"
CHANGED_STORE = FINDER_STORE[:1000] + b"\1" + FINDER_STORE[1001:]

STRAYS = {
    "store-with-a-byte": only(STORE, CHANGED_STORE),
    "store-with-more-behind": only(STORE, FINDER_STORE + b"PK\5\6"),
    "start-of-a-store": only(STORE, FINDER_STORE[:36]),
    "script": only(STORE, b"#!/bin/sh\n"),
    "module": only("example/.DS_Store.py", FINDER_STORE),
    "lower-case": only("example/.ds_store", FINDER_STORE),
    "other-name": only("example/DS_Store", FINDER_STORE),
    "kept-with-content": only("example/.gitkeep", b"x"),
    "keeps-a-new-directory": only("plugins/.gitkeep", b""),
    "keeps-a-new-directory-in-a-package": only("example/plugins/.gitkeep", b""),
    "empty-file": only("example/py.typed", b""),
    "empty-module": only("example/gitkeep.py", b""),
    "at-the-root": only(".DS_Store", FINDER_STORE),
    "in-dist-info": only(f"{DIST_INFO}/.DS_Store", FINDER_STORE),
    "in-the-data-directory": only(
        f"{DATA}/data/bin/.DS_Store", FINDER_STORE, {f"{DATA}/data/bin/x": b"x\n"}
    ),
    "program": only(f"{DATA}/scripts/.gitkeep", b"", {f"{DATA}/scripts/x": b"#!python\n"}),
    "executable": only(STORE, FINDER_STORE, mode=0o100755),
    "thumbnails": only("example/Thumbs.db", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99),
    "changed": both(STORE, FINDER_STORE, CHANGED_STORE),
    "rebuilt-under-the-name-only": Case(theirs={STORE: b"import os\n"}),
    "rebuilt-without-magic": Case(theirs={"example/Thumbs.db": b"MZ"}),
    "rebuilt-file-of-another-name": Case(theirs={"example/.keepme": b""}),
}

# source-line-ends ---------------------------------------------------------------------------------

MODULE = "example/lines.py"
LINES = b'"""One\ntwo."""\nx = 1 + \\\n    2\n'


def dos(text: bytes) -> bytes:
    """Every line ended as on MS-DOS."""
    return text.replace(b"\n", b"\r\n")


def sources(text: bytes, name: str = MODULE) -> Case:
    """The same source with other line ends on either side."""
    return both(name, dos(text), text)


SOURCES = {
    "more-than-the-ends": both(MODULE, dos(LINES) + b"y = 1\r\n", LINES),
    "space-before-an-end": both(MODULE, dos(LINES).replace(b"\\\r", b"\\ \r"), LINES),
    "lone-return": both(MODULE, dos(LINES).replace(b"One\r\n", b"One\r"), LINES),
    "return-before-an-end": both(MODULE, dos(LINES).replace(b"One\r", b"One\r\r"), LINES),
    "two-kinds-of-ends": both(MODULE, LINES.replace(b"One\n", b"One\r\n"), LINES),
    "all-but-the-last": both(MODULE, dos(LINES)[:-2] + b"\n", LINES),
    "only-returns": both(MODULE, LINES.replace(b"\n", b"\r"), LINES),
    "lone-return-on-both-sides": both(MODULE, dos(LINES) + b"#\rx = 2", LINES + b"#\rx = 2"),
    "no-last-end": both(MODULE, dos(LINES)[:-2], LINES),
    "other-separator": both(MODULE, LINES.replace(b"\n", b"\f"), LINES),
    "nul": sources(LINES + b"\0\n"),
    "end-of-file-of-dos": sources(LINES + b"\x1a\nimport os\n"),
    "not-utf8": sources(LINES + b"# caf\xe9\n"),
    "latin-cookie": sources(b"# coding: latin-1\n" + LINES),
    "cookie-of-another-codec": sources(b"# coding: utf-7\n" + LINES),
    "cookie-in-the-second-line": sources(b"#!python\n# vim: set fileencoding=utf-16 :\n" + LINES),
    "second-cookie": sources(b"# coding: utf-8\n# coding: rot13\n" + LINES),
    "program-on-the-path": sources(b"#!python\n" + LINES, f"{DATA}/scripts/tool.py"),
    "data": sources(LINES, f"{DATA}/data/bin/tool.py"),
    "header": sources(LINES, f"{DATA}/headers/x.py"),
    "executable-with-a-shebang": replace(
        sources(b"#!/usr/bin/env python\n" + LINES), headers={MODULE: {"mode": 0o100755}}
    ),
    "rebuilt-executable-with-a-shebang": replace(
        sources(b"#!/usr/bin/env python\n" + LINES),
        dated={MODULE: {"mode": 0o100755}},
        headers={MODULE: {"mode": 0o100644}},
    ),
    "window-program": sources(LINES, "example/lines.pyw"),
    "stub": sources(LINES, "example/lines.pyi"),
    "text": sources(LINES, "example/lines.txt"),
    "other-case": sources(LINES, "example/lines.PY"),
    "too-large": sources(LINES + b"# comment\n" * (DATA_LIMIT // 10)),
    "with-bytecode": Case(
        ours={MODULE: dos(LINES), f"{MODULE}c": b"x"}, theirs={MODULE: LINES, f"{MODULE}c": b"x"}
    ),
    "with-cached-bytecode": Case(
        ours={MODULE: dos(LINES), "example/__pycache__/lines.cpython-311.pyc": b"x"},
        theirs={MODULE: LINES, "example/__pycache__/lines.cpython-311.pyc": b"x"},
    ),
    "with-bytecode-in-another-scheme": Case(
        ours={MODULE: dos(LINES), f"{DATA}/purelib/{MODULE}c": b"x"},
        theirs={MODULE: LINES, f"{DATA}/purelib/{MODULE}c": b"x"},
    ),
}

# text-line-ends -----------------------------------------------------------------------------------

WHEEL = f"{DIST_INFO}/WHEEL"

TEXTS = {
    "other-tag": both(WHEEL, dos(wheel_file()).replace(b"py3-", b"py2-"), wheel_file()),
    "line-too-many": both(WHEEL, dos(wheel_file()) + b"x\r\n", wheel_file()),
    "lone-return": both(WHEEL, wheel_file().replace(b"1.0\n", b"1.0\r"), wheel_file()),
    "two-kinds-of-ends": both(WHEEL, wheel_file().replace(b"1.0\n", b"1.0\r\n"), wheel_file()),
    "returns-twice": both(WHEEL, wheel_file().replace(b"\n", b"\r\r\n"), wheel_file()),
    "other-generator-too": both(WHEEL, dos(wheel_file("flit 3.9.0")), wheel_file()),
    "license-with-nul": both(FLAT, b"a\0\r\n", b"a\0\n"),
    "license-with-a-lone-return": both(FLAT, b"a\r\nb\rc\r\n", b"a\nb\rc\n"),
    "license-changed": both(FLAT, b"a\r\nc\r\n", b"a\nb\n"),
    "file-of-another-name": both(f"{DIST_INFO}/direct_url.json", b"{}\r\n", b"{}\n"),
    "license-of-a-package": both("example/LICENSE.txt", b"a\r\n", b"a\n"),
    "record": both("example/RECORD", b"a,,\r\n", b"a,,\n"),
    "wheel-of-a-package": both("example/WHEEL", dos(wheel_file()), wheel_file()),
}

# entry-points-layout ------------------------------------------------------------------------------

POINTS = f"{DIST_INFO}/entry_points.txt"
RENDERED = b"[console_scripts]\na = p.a:main\nb = p.b:main\n\n[p.plugins]\ny = p.y\nz = p.z\n"


def points(ours: bytes, theirs: bytes = RENDERED) -> Case:
    """What is published as entry points, and what the rebuild declares."""
    return both(POINTS, ours, theirs)


ENTRY_POINTS = {
    "entry-too-many": points(RENDERED + b"evil = os:system\n"),
    "entry-too-few": points(RENDERED.replace(b"b = p.b:main\n", b"")),
    "other-target": points(RENDERED.replace(b"p.a:main", b"os:abort")),
    "other-group": points(RENDERED.replace(b"[p.plugins]", b"[gui_scripts]")),
    "plugins-in-another-order": points(RENDERED.replace(b"y = p.y\nz = p.z", b"z = p.z\ny = p.y")),
    "continued-line": points(RENDERED.replace(b"b = p.b", b" b = p.b")),
    "empty-line-among-entries": points(RENDERED.replace(b"\ny = p", b"\n\ny = p")),
    "empty-lines-between-groups": points(RENDERED.replace(b"\n\n", b"\n\n\n")),
    "empty-lines-before": points(b"\n\n" + RENDERED),
    "empty-lines-behind": points(RENDERED + b"\n\n\n"),
    "spaces-around-some-signs": points(RENDERED.replace(b"y = p", b"y= p")),
    "indented": points(RENDERED.replace(b"\n", b"\n  ")),
    "comment": points(b"# x\n" + RENDERED),
    "comment-on-both-sides": points(b"\n# x\n" + RENDERED, b"# x\n" + RENDERED),
    "inline-comment": points(RENDERED.replace(b"p.z\n", b"p.z ; x\n")),
    "two-spaces": points(RENDERED.replace(b"y = p", b"y  = p")),
    "tab": points(RENDERED.replace(b"y = p", b"y\t= p")),
    "space-behind": points(RENDERED.replace(b"p.z\n", b"p.z \n")),
    "other-delimiter": points(RENDERED.replace(b"y = p", b"y: p")),
    "group-twice": points(RENDERED.replace(b"b = p", b"[console_scripts]\nb = p")),
    "program-twice-in-other-case": points(
        RENDERED.replace(b"b = p.b", b"A = p.b"), RENDERED.replace(b"a =", b"A =")
    ),
    "programs-that-a-file-system-merges": points(
        b"[console_scripts]\nA = p.b:main\na = p.a:main\n",
        b"[console_scripts]\na = p.a:main\nA = p.b:main\n",
    ),
    "program-with-and-without-a-window": points(
        b"[gui_scripts]\na = p.b:main\n[console_scripts]\na = p.a:main\n",
        b"[console_scripts]\na = p.a:main\n[gui_scripts]\na = p.b:main\n",
    ),
    "defaults": points(b"[DEFAULT]\nx = p.x\n" + RENDERED),
    "before-any-group": points(b"x = p.x\n" + RENDERED),
    "lone-return": points(RENDERED.replace(b"\n\n", b"\r\n\n")),
    "byte-order-mark": points(b"\xef\xbb\xbf" + RENDERED),
    "not-ascii": points(RENDERED.replace(b"p.z", "p.\u0437".encode())),
    "no-end": points(RENDERED[:-1]),
    "only-published": Case(ours={POINTS: RENDERED}, theirs={POINTS: None}),
    "elsewhere": both("example/entry_points.txt", RENDERED + b"\n", RENDERED),
}

# build-date ---------------------------------------------------------------------------------------

VERSION = "example/_version.py"
DATED = b"version = '1.0'\nBUILD_DATE = '2024-02-29'\n"


def dated(old: bytes, new: bytes, theirs: bytes = DATED, name: str = VERSION) -> Case:
    """The rebuilt file with something replaced in the published one."""
    assert old in theirs
    return both(name, theirs.replace(old, new), theirs)


def line(ours: bytes, theirs: bytes) -> Case:
    """A line of the version file."""
    return both(VERSION, b"version = '1.0'\n" + ours, b"version = '1.0'\n" + theirs)


DATES = {
    "no-such-day": dated(b"2024-02-29", b"2023-02-29"),
    "no-such-month": dated(b"2024-02-29", b"2024-13-01"),
    "no-such-hour": line(b"date = '2024-02-29 24:00:00'\n", b"date = '2024-02-29 23:00:00'\n"),
    "no-such-zone": line(
        b"date = '2024-02-29T00:00:00+99:99'\n", b"date = '2024-02-29T00:00:00+01:00'\n"
    ),
    "wrong-day-of-the-week": line(
        b"date = 'Mon Feb 29 10:00:00 2024'\n", b"date = 'Thu Feb 29 10:00:00 2024'\n"
    ),
    "long-ago": dated(b"2024-02-29", b"1066-10-14"),
    "path": line(b"date = '/tmp/2024-02-29'\n", b"date = '/opt/2024-02-29'\n"),
    "build-path": line(b"BUILD_DIR = '/tmp/x'\n", b"BUILD_DIR = '/opt/x'\n"),
    "path-in-a-comment": line(b"# Generated on /tmp/build-1\n", b"# Generated on /tmp/build-2\n"),
    "other-variable": line(b"VERSION_INFO = '2024-02-29'\n", b"VERSION_INFO = '2024-03-01'\n"),
    "renamed-variable": dated(b"BUILD_DATE = '2024-02-29", b"BUILD_TIME = '2024-02-28"),
    "code-behind": dated(b"'2024-02-29'", b"'2024-03-01'; import os"),
    "call": dated(b"'2024-02-29'", b"str('2024-03-01')"),
    "code-in-an-f-string": dated(b"'2024-02-29'", b"f'{0x7e8}-02-29'"),
    "escape": dated(b"2024-02-29", b"\\x32024-02-29"),
    "concatenation": dated(b"'2024-02-29'", b"'2024-02-''29'"),
    "other-quotes": dated(b"'2024-02-29'", b'"2024-03-01"'),
    "other-form": dated(b"2024-02-29", b"2024-02-29T00:00:00Z"),
    "other-form-of-one-length": line(
        b"date = 'Thu Feb 29 10:00:00 2024'\n", b"date = '2024-02-29T10:00:00.000Z'\n"
    ),
    "figures-that-are-no-digits": dated(b"2024", "\u0662\u0660\u0662\u0664".encode()),
    "two-lines": line(
        b"date = '2024-02-29'\nbuild_date = '2024-02-29'\n",
        b"date = '2024-03-01'\nbuild_date = '2024-03-01'\n",
    ),
    "line-too-many": dated(b"29'\n", b"29'\nx = 1\n"),
    "version-too": line(
        b"date = '2024-02-29'; version = 2\n", b"date = '2024-02-28'; version = 1\n"
    ),
    "comment-that-declares-an-encoding": both(
        VERSION,
        b"# coding: rot13 2024-02-29\nx = 1\n",
        b"# coding: rot13 2024-03-01\nx = 1\n",
    ),
    "below-another-encoding": both(
        VERSION, b"# coding: utf-7\n" + DATED, b"# coding: utf-7\n" + DATED.replace(b"29", b"28")
    ),
    "date-of-other-code": dated(b"02-29", b"02-28", name="example/core.py"),
    "version-file-in-scripts": dated(b"02-29", b"02-28", name=f"{DATA}/scripts/version.py"),
    "version-file-in-data": dated(b"02-29", b"02-28", name=f"{DATA}/data/x/version.py"),
    "version-text": dated(b"02-29", b"02-28", name="example/version.txt"),
    "with-bytecode": Case(
        ours={VERSION: DATED.replace(b"29", b"28"), f"{VERSION}c": b"x"},
        theirs={VERSION: DATED, f"{VERSION}c": b"x"},
    ),
    "too-large": dated(b"02-29", b"02-28", theirs=DATED + b"#\n" * 40_000),
}

# bytecode-recompiled ------------------------------------------------------------------------------

PYTHON = (3, 11)
MOD = "example/mod.py"
CACHED = "example/__pycache__/mod.cpython-311.pyc"
HERE = f"/project/{MOD}"
THERE = f"/elsewhere/{MOD}"
NEW_YEAR = {"date": (44 << 9) | (1 << 5) | 1, "time": 0}
NOW = 1_704_067_200
"""The same moment, as `NEW_YEAR` in a header and in seconds since 1970."""


def pyc(path: str = HERE, time: int = 0, **fields: int) -> bytes:
    """Bytecode of `SOURCE`, of a time that is given in seconds from the date of its source."""
    return header(PYTHON, time=NOW + time, **fields) + marshalled(PYTHON, path)


def compiled(
    ours: bytes, theirs: bytes | None = None, *, name: str = CACHED, source: bytes = SOURCE
) -> Case:
    """Bytecode on either side, its source beside it on both."""
    return Case(
        ours={MOD: source, name: ours},
        theirs={MOD: source, name: pyc() if theirs is None else theirs},
        dated={MOD: NEW_YEAR},
    )


def _file_name(path: str) -> bytes:
    """The first mention of the path, to which later ones refer."""
    return b"\xfa" + bytes([len(path)]) + path.encode()


def _index_of_file(path: str) -> int:
    """How many objects that may be referred to come before the path."""
    code = marshalled(PYTHON, path)
    return sum(code[at] & 0x80 > 0 for at in _objects(code[: code.index(_file_name(path))]))


def _objects(data: bytes) -> Iterator[int]:
    """Where each object starts, in a part of the code of `SOURCE`."""
    at = 0
    while at < len(data):
        yield at
        kind = data[at] & 0x7F
        if kind == ord("s"):
            at += 5 + data[at + 1]
        elif kind in b"zZ":
            at += 2 + data[at + 1]
        else:
            at += {ord("c"): 21, ord(")"): 2, ord("N"): 1}.get(kind, 5)


def sharing(path: str, *, offset: int = 0) -> bytes:
    """Bytecode whose last constant is no longer None, but the path once more.

    Args:
        path: in the code objects.
        offset: from the path to the object that the constant is instead.
    """
    code = marshalled(PYTHON, path)
    at = code.rindex(b"N")
    assert at > code.index(_file_name(path))
    reference = b"r" + struct.pack("<L", _index_of_file(path) + offset)
    return header(PYTHON, time=NOW) + code[:at] + reference + code[at + 1 :]


def of_two_files(path: str, other: str) -> bytes:
    """Bytecode whose two code objects are of two files."""
    code = marshalled(PYTHON, path)
    reference = b"r" + struct.pack("<L", _index_of_file(path))
    assert code.count(reference) == 1
    # Not to be referred to, so that the references behind it stay right.
    return header(PYTHON, time=NOW) + code.replace(reference, b"z" + _file_name(other)[1:])


def _evil() -> bytes:
    """Bytecode of the same size that answers something else."""
    honest = pyc(THERE)
    assert honest.count(b"\xe9*\0\0\0") == 1
    return honest.replace(b"\xe9*\0\0\0", b"\xe9+\0\0\0")


BYTECODE = {
    "other-constant": compiled(_evil()),
    "other-constant-and-time": compiled(_evil()[:8] + struct.pack("<L", NOW + 1) + _evil()[12:]),
    "other-name": compiled(pyc(THERE).replace(b"answer", b"amswer")),
    "other-line-table": compiled(pyc(THERE)[:-9] + bytes([pyc()[-9] ^ 1]) + pyc()[-8:]),
    "other-magic": compiled(b"\xa8" + pyc(THERE)[1:]),
    "magic-of-both-unknown": compiled(b"\xff" + pyc(THERE)[1:], b"\xff" + pyc()[1:]),
    "name-of-another-version": compiled(pyc(THERE), name="example/__pycache__/mod.cpython-312.pyc"),
    "name-of-another-implementation": compiled(
        pyc(THERE), name="example/__pycache__/mod.pypy311.pyc"
    ),
    "unknown-optimization": compiled(
        pyc(THERE), name="example/__pycache__/mod.cpython-311.opt-x.pyc"
    ),
    "without-source": replace(
        compiled(pyc(time=1)), ours={CACHED: pyc(time=1)}, theirs={CACHED: pyc()}, dated={}
    ),
    "source-that-differs": Case(
        ours={MOD: SOURCE + b"#", CACHED: pyc(THERE)}, theirs={MOD: SOURCE, CACHED: pyc()}
    ),
    "size-of-another-source": compiled(pyc(time=1, size=7)),
    "size-of-another-source-on-both-sides": compiled(pyc(time=1, size=7), pyc(size=7)),
    "rebuilt-bytecode-that-does-not-run": compiled(pyc(), pyc(time=3600)),
    "rebuilt-bytecode-of-another-day": compiled(pyc(), pyc(time=-86400)),
    "checked-hash-instead-of-a-time": compiled(pyc(flags=3), pyc()),
    "unchecked-hash": compiled(pyc(flags=1), pyc(flags=3)),
    "other-hash": compiled(pyc(flags=3, time=1), pyc(flags=3)),
    "unknown-flags": compiled(pyc(flags=4), pyc()),
    "bytes-behind": compiled(pyc(THERE) + b"N"),
    "second-code-behind": compiled(pyc(THERE) + marshalled(PYTHON, THERE)),
    "truncated": compiled(pyc(THERE)[:-1]),
    "header-alone": compiled(pyc()[:16], pyc(time=1)[:16]),
    "path-of-another-module": compiled(pyc("/project/example/other.py")),
    "path-of-another-module-on-both-sides": compiled(
        pyc("/elsewhere/example/other.py"), pyc("/project/example/other.py")
    ),
    "end-of-a-path": compiled(pyc("/project/xexample/mod.py")),
    "path-with-code": compiled(pyc(f"import os;os.system('x')#/{MOD}")),
    "path-with-a-message": compiled(pyc(f"/{'tell_them_that_' * 11}/{MOD}")),
    "path-with-spaces": compiled(pyc(f"/my project/{MOD}")),
    "path-that-zipimport-keeps": compiled(pyc(THERE), name=f"{MOD}c"),
    "two-paths": compiled(of_two_files(THERE, THERE), of_two_files(HERE, THERE)),
    "constant-that-shares-the-path": compiled(sharing(THERE), sharing(HERE)),
    "constant-that-shares-nothing": compiled(sharing(THERE, offset=99), sharing(HERE, offset=99)),
    "list": compiled(pyc(THERE).replace(b"\xe9*\0\0\0", b"[\0\0\0\0")),
    "null": compiled(pyc(THERE).replace(b"\xe9*\0\0\0", b"0")),
    "deep": compiled(
        header(PYTHON, time=NOW) + b"c" + b"\0" * 20 + b")\1" * 5000,
        header(PYTHON, time=NOW) + b"c" + b"\0" * 20 + b")\1" * 4999,
    ),
    "only-published": Case(ours={MOD: SOURCE, CACHED: pyc()}, theirs={MOD: SOURCE}),
}

# gzip-header --------------------------------------------------------------------------------------

PLAIN = b"".join(b"line %d\n" % at for at in range(200))
ARCHIVE = "example/lines.txt.gz"
HONEST_GZIP = gzip.compress(PLAIN, mtime=0)


def gz(
    stream: bytes | None = None,
    *,
    head: bytes = b"\x1f\x8b\x08\0\1\2\3\4\2\xff",
    extra: bytes = b"",
    plain: bytes = PLAIN,
    trailer: bytes | None = None,
) -> bytes:
    """A gzip file of given parts, RFC 1952."""
    if trailer is None:
        trailer = struct.pack("<2L", zlib.crc32(plain), len(plain))
    return head + extra + (deflate(plain, 9) if stream is None else stream) + trailer


def flagged(flags: int) -> bytes:
    """The fixed fields with these flags."""
    return bytes((0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 2, 0xFF))


def gzipped(ours: bytes, theirs: bytes = HONEST_GZIP, name: str = ARCHIVE) -> Case:
    """A gzip file on either side."""
    return both(name, ours, theirs)


STUFFED = b"\0\0\0\xff\xff" * 3 + deflate(PLAIN, 9)
PADDED = deflate(PLAIN, 9)[:-1] + bytes([deflate(PLAIN, 9)[-1] | 0x80])

GZIPS = {
    "other-content": gzipped(gz(plain=PLAIN.replace(b"7", b"8"))),
    "extra-field": gzipped(gz(head=flagged(4), extra=b"\4\0evil")),
    "comment": gzipped(gz(head=flagged(16), extra=b"hidden\0")),
    "header-checksum": gzipped(gz(head=flagged(2), extra=b"\0\0")),
    "text-flag": gzipped(gz(head=flagged(1))),
    "reserved-flag": gzipped(gz(head=flagged(0x80))),
    "extra-field-on-both-sides": gzipped(
        gz(head=flagged(4), extra=b"\4\0evil"), gz(head=flagged(4), extra=b"\4\0good")
    ),
    "other-file-name": gzipped(gz(head=flagged(8), extra=b"evil.sh\0")),
    "file-name-of-one-length": gzipped(gz(head=flagged(8), extra=b"evils.txt\0")),
    "path-as-file-name": gzipped(gz(head=flagged(8), extra=b"../lines.txt\0")),
    "file-name-without-end": gzipped(gz(head=flagged(8), extra=b"lines.txt")),
    "unknown-level": gzipped(gz(head=b"\x1f\x8b\x08\0\0\0\0\0\x07\xff")),
    "unknown-system": gzipped(gz(head=b"\x1f\x8b\x08\0\0\0\0\0\x02\x4d")),
    "other-method": gzipped(gz(head=b"\x1f\x8b\x07\0\0\0\0\0\x02\xff")),
    "second-member": gzipped(gz() + gzip.compress(b"more", mtime=0)),
    "bytes-behind": gzipped(gz() + b"hidden"),
    "bytes-behind-the-stream": gzipped(gz(deflate(PLAIN, 9) + b"hidden")),
    "wrong-checksum": gzipped(gz(deflate(PLAIN, 1), trailer=struct.pack("<2L", 1, len(PLAIN)))),
    "wrong-size": gzipped(gz(deflate(PLAIN, 1), trailer=struct.pack("<2L", zlib.crc32(PLAIN), 1))),
    "wrong-checksum-of-one-stream": gzipped(gz(trailer=struct.pack("<2L", 1, len(PLAIN)))),
    "stuffed-stream": gzipped(gz(STUFFED)),
    "bits-behind-the-stream": gzipped(gz(PADDED)),
    "byte-for-byte-in-blocks": gzipped(
        gz(b"".join(b"\0\1\0\xfe\xff" + PLAIN[at : at + 1] for at in range(len(PLAIN))) + b"\3\0")
    ),
    "truncated": gzipped(gz()[:-9]),
    "too-short": gzipped(gz()[:12]),
    "broken-stream": gzipped(gz(b"\7" + deflate(PLAIN, 9)[1:])),
    "bomb": gzipped(
        gz(deflate(b"\0" * 2**25, 9), plain=b"\0" * 2**25),
        gz(deflate(b"\0" * 2**25, 1), plain=b"\0" * 2**25),
    ),
    "other-suffix": gzipped(gz(), name="example/lines.bin"),
    "in-dist-info": gzipped(gz(), name=f"{DIST_INFO}/lines.txt.gz"),
    "at-the-root": gzipped(gz(), name="lines.txt.gz"),
    "program": gzipped(gz(), name=f"{DATA}/scripts/lines.gz"),
}

BASES: dict[str, Case] = {
    "license-moved": moved(FLAT, NESTED),
    "top-level-derived": listed(NAMES),
    "namespace-packages-derived": declared(b"space\n"),
    "json-key-order": written(REORDERED),
    "egg-info-marker": only(ZIP_SAFE, b"\n"),
    "nspkg-path-file": renamed(),
    "directory-entry": directory(),
    "stray-file": only(STORE, FINDER_STORE),
    "source-line-ends": sources(LINES),
    "text-line-ends": both(WHEEL, dos(wheel_file()), wheel_file()),
    "entry-points-layout": points(RENDERED + b"\n"),
    "build-date": dated(b"2024-02-29", b"2024-03-01"),
    "bytecode-recompiled": compiled(pyc(THERE, time=1)),
    "gzip-header": gzipped(gz()),
}
"""A pair that each rule explains."""

ATTEMPTS: dict[str, Mapping[str, Case]] = {
    "license-moved": LICENSES,
    "top-level-derived": TOP_LEVELS,
    "namespace-packages-derived": PACKAGES,
    "json-key-order": JSONS,
    "egg-info-marker": MARKERS,
    "nspkg-path-file": PATHS,
    "directory-entry": DIRECTORIES,
    "stray-file": STRAYS,
    "source-line-ends": SOURCES,
    "text-line-ends": TEXTS,
    "entry-points-layout": ENTRY_POINTS,
    "build-date": DATES,
    "bytecode-recompiled": BYTECODE,
    "gzip-header": GZIPS,
}


@pytest.mark.parametrize("rule", BASES)
def test_the_pair_that_each_attempt_starts_from_is_trusted(rule: str, tmp_path: Path) -> None:
    diff = _judge(BASES[rule], tmp_path)
    assert _benign(diff) - {"record-follows"} == {rule}, diff.findings
    assert diff.verdict is Verdict.EQUIVALENT, diff.findings
    assert diff.accounting.unexplained_bytes == 0


def test_a_path_file_may_be_executable_where_all_files_are(tmp_path: Path) -> None:
    case = replace(renamed(), headers=all_executable())
    assert _judge(case, tmp_path).verdict is Verdict.EQUIVALENT


@pytest.mark.parametrize(
    ("rule", "attempt"), [(rule, attempt) for rule in ATTEMPTS for attempt in ATTEMPTS[rule]]
)
def test_nothing_is_smuggled_through_a_rule(rule: str, attempt: str, tmp_path: Path) -> None:
    diff = _judge(ATTEMPTS[rule][attempt], tmp_path)
    assert diff.verdict in {Verdict.DIFFERENT, Verdict.SUSPICIOUS}, diff.findings
    accounting = diff.accounting
    assert accounting.published_bytes == (
        accounting.reproduced_bytes + accounting.explained_bytes + accounting.unexplained_bytes
    )


def test_constant_that_shares_another_name_is_no_path(tmp_path: Path) -> None:
    """The attempts with shared constants are only worth something if this is fine."""
    pair = sharing(THERE, offset=1), sharing(HERE, offset=1)
    assert _judge(compiled(*pair), tmp_path / "next").verdict is Verdict.EQUIVALENT
    same = of_two_files(THERE, THERE), of_two_files(HERE, HERE)
    assert _judge(compiled(*same), tmp_path / "same").verdict is Verdict.EQUIVALENT


def test_header_of_an_explained_member_carries_nothing(tmp_path: Path) -> None:
    """What one wheel alone has still goes through every check of its entry."""
    fields: dict[str, Mapping[str, object]] = {
        "set-user": {"mode": 0o104755},
        "link": {"mode": 0o120777},
        "executable": {"mode": 0o100755},
        "hidden-attribute": {"central": {"external": 0o100644 << 16 | 2}},
        "comment": {"comment": b"hidden"},
        "extra": {"local_extra": b"\xfe\xca\1\0x", "central_extra": b"\xfe\xca\1\0x"},
        "internal": {"central": {"internal": 0xFFFE}},
        "time": {"time": 0xFFFF},
        "gap": {"gap": b"hidden"},
    }
    for name, change in fields.items():
        case = replace(BASES["stray-file"], headers={STORE: change})
        assert _judge(case, tmp_path / name).verdict not in TRUSTED, name


def test_thousands_of_files_that_a_rule_might_explain_cost_no_time(tmp_path: Path) -> None:
    """In a process of its own, so that it can be stopped."""
    text = b"# coding: utf-8\n" * 20
    ours: dict[str, bytes | None] = {}
    theirs: dict[str, bytes | None] = {}
    for at in range(2500):
        ours |= {f"{DIST_INFO}/LICENSE{at}": TEXT, f"example/m{at}.py": dos(text)}
        theirs |= {f"{DIST_INFO}/licenses/LICENSE{at}": TEXT, f"example/m{at}.py": text}
        ours[f"p{at}/.gitkeep"] = b""
    published, rebuilt = Case(ours=ours, theirs=theirs).wheels()
    start = os.times().user
    diff = compare(write(tmp_path / "p", published), write(tmp_path / "r", rebuilt))
    assert diff.verdict is Verdict.DIFFERENT
    assert os.times().user - start < 10


def test_code_objects_without_end_cost_no_time(tmp_path: Path) -> None:
    tail = b")\xff" + b"N" * 255
    code = b"\xe3" + b"\0" * 20 + b"(" + struct.pack("<L", 3000) + tail * 3000
    ours: dict[str, bytes | None] = {}
    theirs: dict[str, bytes | None] = {}
    for at in range(40):
        name, source = f"example/__pycache__/m{at}.cpython-311.pyc", f"example/m{at}.py"
        ours |= {source: SOURCE, name: header(PYTHON) + code}
        theirs |= {source: SOURCE, name: header(PYTHON) + code + b"N"}
    published, rebuilt = Case(ours=ours, theirs=theirs).wheels()
    start = os.times().user
    diff = compare(write(tmp_path / "p", published), write(tmp_path / "r", rebuilt))
    assert diff.verdict is Verdict.DIFFERENT
    assert os.times().user - start < 20
