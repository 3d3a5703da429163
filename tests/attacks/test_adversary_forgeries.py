"""Attacks line by line: whatever is trusted, readers see in it what they saw before.

Every line of the files that say what a wheel is gets tampered with in each way that parsers are
known to differ about. Readers are those that people have: `email`, packaging, `configparser`,
`json`, `csv`, and the scan for a version that pkg_resources does.
"""

import configparser
import csv
import email
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from builders.recipe import BackendCall
from builders.requirements import is_older_than_asked
from builders.search.choices import PEP517, SETUP_PY, UNIVERSAL
from builders.source import read_build_system
from builders.source_plan import called_as, lowest_tools
from tests.support.projects import PYPROJECT, make_sdist
from tests.support.wheels import (
    DIST_INFO,
    RECORD,
    entries,
    honest_files,
    pack,
    wheel_file,
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.verdict import Verdict

TRUSTED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}

METADATA = f"{DIST_INFO}/METADATA"
WHEEL = f"{DIST_INFO}/WHEEL"
ENTRY_POINTS = f"{DIST_INFO}/entry_points.txt"
TOP_LEVEL = f"{DIST_INFO}/top_level.txt"
JSON = f"{DIST_INFO}/metadata.json"
MODULE = "example/core.py"

FILES = {
    **honest_files(),
    METADATA: b"""\
Metadata-Version: 2.1
Name: example
Version: 1.0
Summary: An example
License: Free
        Version: of the license
Classifier: Programming Language :: Python :: 3
Requires-Python: >=3.8, <4
Requires-Dist: other (>=1.0,<2) ; python_version < "3.9" or os_name == 'nt'
Requires-Dist: more[fast]>=2 ; extra == "all"
Provides-Extra: all

About the example.

    Version: none
""",
    WHEEL: wheel_file(),
    ENTRY_POINTS: b"[console_scripts]\nexample = example.core:answer\nother = example.core:b\n\n"
    b"[example.plugins]\nfirst = example.core:answer\nsecond = example.core:other [all]\n",
    TOP_LEVEL: b"example\n",
    JSON: b'{"name": "example", "extras": ["a", "b"], "run": {"b": true, "a": 1.5}}',
    MODULE: b'#!/usr/bin/python3\n"""A module."""\nTEXT = """a\n\nb"""  # text\nANSWER = 42\n',
}

STRANGE = (
    b"\r", b"\n", b"\0", b"\t", b" ", b"\x0b", b"\x0c", b"\x1a", b"\x1c", b"\xc2\x85", b"\xc2\xa0",
    b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xe2\x80\x8b", b"#", b";", b",", b"\\", b'"', b"'", b"=?",
)  # fmt: skip

ADDED: Mapping[str, tuple[bytes, ...]] = {
    METADATA: (
        b"Requires-Dist: evil", b"Requires-Dist: evil; extra == 'all'", b"Requires: evil",
        b"Provides-Extra: ALL", b"Requires-Python: >=2", b"version: 9", b"Name: evil",
        b"Metadata-Version: 9.9", b"Dynamic: version", b"Description: evil", b"X-Name: evil",
        b"Content-Type: multipart/mixed; boundary=a", b"Content-Transfer-Encoding: base64",
    ),
    WHEEL: (b"Tag: py2-none-any", b"Build: 1", b"Root-Is-Purelib: false", b"tag: py2-none-any"),
    ENTRY_POINTS: (b"[DEFAULT]", b"[console_scripts]", b"evil = os:system", b"[evil]", b"a"),
    TOP_LEVEL: (b"os", b"example.core"),
    RECORD: (b"evil.py,,", b"../evil.py,,", b"example/core.py,,"),
    MODULE: (b"import os", b"# -*- coding: utf-7 -*-", b"from __future__ import annotations"),
}  # fmt: skip

CHANGED = (
    (b">=", b">"), (b">=", b"=="), (b"<", b"<="), (b" or ", b" and "), (b"1", b"2"), (b"0", b"00"),
    (b'"', b"'"), (b"(", b""), (b" ;", b";"), (b"[", b"[evil,"), (b" = ", b"="), (b":", b"."),
    (b"true", b"1"), (b", ", b","), (b'"b": true, "a": 1.5', b'"a": 1.5, "b": true'),
)  # fmt: skip


def _tampered(name: str, text: bytes) -> Iterator[bytes]:
    lines = text.split(b"\n")
    yield from (b"\r\n".join(lines), b"\r".join(lines), b"\n".join(sorted(lines)), text.rstrip())
    yield from (text + end for end in (b"\n", b"\n\n\n\n\n", b"evil", b"\x1a", b"\0"))
    for at, line in enumerate(lines):
        for now in _instead_of(line, ADDED.get(name, ())):
            yield b"\n".join([*lines[:at], *now, *lines[at + 1 :]])
        yield b"\n".join([*lines[: at + 1], *lines[at + 2 :]])
        yield b"\n".join([*lines[:at], line + b"".join(lines[at + 1 : at + 2]), *lines[at + 2 :]])
        yield b"\n".join([*lines[:at], *lines[at + 1 : at + 2], line, *lines[at + 2 :]])


def _instead_of(line: bytes, added: tuple[bytes, ...]) -> Iterator[list[bytes]]:
    middle = len(line) // 2
    for strange in STRANGE:
        yield from ([line + strange], [line[:middle] + strange + line[middle:]])
    for field in added:
        yield [field, line]
    yield from ([line, line], [b"", line], [b"", b"", line], [b" ", line], [b"        ", line])
    yield from ([line.upper()], [line.lower()], [line.title()], [b"#" + line], [b" " + line])
    name, colon, value = line.partition(b":")
    if colon:
        yield from ([name + b":" + value.strip()], [name + b" :" + value], [name + b":"])
        yield from ([name + b":", b" " + value], [name + b": UNKNOWN"], [name + b":\t" + value])
    for old, new in CHANGED:
        if old in line:
            yield [line.replace(old, new)]


def _metadata(text: str) -> object:
    message = email.message_from_string(text)
    scanned = (line.strip() for line in text.splitlines())
    version = next((line for line in scanned if line.lower().startswith("version:")), None)
    return (
        [str(name).lower().replace("_", "-") for name in message.get_all("Name", [])],
        message.get_all("Version"),
        version and version.lower().replace(" ", ""),
        [*map(_requirement, message.get_all("Requires-Dist", []))],
        [*map(_specifiers, message.get_all("Requires-Python", []))],
        sorted(message.get_all("Provides-Extra", [])),
        {key.lower() for key in message} - {"classifier", "dynamic", "license-file", "platform"},
    )


def _requirement(text: str) -> str:
    try:
        found = Requirement(text)
    except InvalidRequirement:
        return text
    found.name = found.name.lower()
    return str(found)


def _specifiers(text: str) -> str:
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier:
        return text


def _wheel(text: str) -> object:
    message = email.message_from_string(text)
    fields = [(key, value) for key, value in message.items() if key != "Generator"]
    return fields, str(message.get_payload()).strip()


def _entry_points(text: str) -> object:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        return str(error)
    return {
        name: sorted(parser[name].items()) if name == "console_scripts" else [*parser[name].items()]
        for name in parser
    }


def _json(text: str) -> object:
    try:
        return [json.loads(text), json.loads(text, object_pairs_hook=sorted)]
    except ValueError as error:
        return str(error)


READERS: Mapping[str, Callable[[str], object]] = {
    METADATA: _metadata,
    WHEEL: _wheel,
    ENTRY_POINTS: _entry_points,
    TOP_LEVEL: lambda text: sorted(text.split()),
    JSON: _json,
    RECORD: lambda text: sorted(csv.reader(io.StringIO(text, newline=""))),
    MODULE: lambda text: text.replace("\r\n", "\n"),
}


@pytest.mark.parametrize("name", READERS)
def test_what_is_trusted_reads_as_it_did(name: str, tmp_path: Path) -> None:
    honest = with_record(FILES)
    rebuilt = write(tmp_path / "r", pack(entries(honest)))
    reader = READERS[name]
    before = reader(honest[name].decode())
    trusted, tried = 0, {*_tampered(name, honest[name])} - {honest[name]}
    for text in sorted(tried):
        files = with_record({**FILES, name: text}) if name != RECORD else {**honest, name: text}
        published = write(tmp_path / "p", pack(entries(files)))
        if compare(published, rebuilt).verdict in TRUSTED:
            trusted += 1
            assert reader(text.decode()) == before, text
    # Some of it is what honest tools write, too.
    assert 0 < trusted < len(tried) // 10, (trusted, len(tried))


# What a published wheel may have its source built with.


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("setuptools>=64", "60.10.0"),
        ("setuptools~=64.1", "64.0.9"),
        ("setuptools>64", "64"),
        ("setuptools==64.*", "63.9"),
        ("setuptools==64.2", "64.1"),
        ("setuptools!=64.1", "64.1"),
        ("setuptools===64.2", "64.1"),
        ("SetupTools[core] >=60,<70 ; python_version >= '3.8'", "59"),
        ("setuptools>=64", "64.dev0"),
        ("setuptools>=64", "9" * 5000),
    ],
)
def test_a_tool_from_before_what_its_source_needs_is_not_used(asked: str, version: str) -> None:
    assert is_older_than_asked(["wheel", asked], "setuptools", version, (3, 11))


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("setuptools", "1"),
        ("setuptools<60", "64"),
        ("setuptools>=64", "64"),
        ("setuptools==64.*", "65"),
        ("setuptools>=64; python_version < '3.8'", "60"),
        ("setuptools-scm>=8", "7"),
    ],
)
def test_another_tool_than_the_resolver_would_choose_is_used(asked: str, version: str) -> None:
    assert not is_older_than_asked([asked], "setuptools", version, (3, 11))


@pytest.mark.parametrize(("table", "expected"), [("[project]", True), ("[tool.project]", False)])
def test_a_source_with_a_project_table_is_known_as_such(
    table: str, expected: object, tmp_path: Path
) -> None:
    """Releases of tools from before PEP 621 would build it without its dependencies."""
    path = make_sdist(tmp_path, pyproject=f"{PYPROJECT}\n{table}\nname = 'thing'\n")
    assert read_build_system(path).has_project is expected


@pytest.mark.parametrize(
    ("config", "lowest"),
    [
        ("[options]\npackages = thing\n", ("setuptools>=30.3",)),
        ("[metadata]\r\n\r\n[options] ; all\r\n", ("setuptools>=30.3",)),
        ("[metadata]\rname = thing\r[options]\r", ("setuptools>=30.3",)),
        ("[options.extras_require]\nall = other\n", ()),
        ("[metadata]\nkeywords = [options]\n", ()),
    ],
)
def test_a_source_with_options_is_built_by_what_reads_them(
    config: str, lowest: tuple[str, ...], tmp_path: Path
) -> None:
    """Releases of setuptools from before them would build it without its dependencies."""
    path = make_sdist(tmp_path, more={"setup.cfg": config})
    assert lowest_tools(read_build_system(path)) == lowest


def test_a_source_that_asks_for_a_tool_from_before_its_options_gets_it(tmp_path: Path) -> None:
    asks = PYPROJECT.replace("[]", '["setuptools<30"]', 1)
    path = make_sdist(tmp_path, pyproject=asks, more={"setup.cfg": "[options]\n"})
    assert lowest_tools(read_build_system(path)) == ()


@pytest.mark.parametrize(
    ("backend", "path", "mode"),
    [
        ("release", ("tools",), PEP517),
        ("hatchling.build", (), PEP517),
        ("setuptools.build_meta", (), SETUP_PY),
        ("setuptools.build_meta", (".",), SETUP_PY),
        ("setuptools.build_meta:__legacy__", (), SETUP_PY),
    ],
)
def test_setup_py_is_run_where_setuptools_is_the_backend(
    backend: str, path: tuple[str, ...], mode: str
) -> None:
    call = BackendCall(mode=PEP517, backend=backend, backend_path=path)
    found = called_as(call, SETUP_PY, UNIVERSAL)
    assert (found.mode, bool(found.setup_options)) == (mode, mode == SETUP_PY)
    assert called_as(call, None, ()) == call
