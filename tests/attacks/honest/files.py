"""Whole members that other tools, systems and days write differently, or do not write at all."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace

from tests.attacks.honest.pair import HonestFamily
from tests.support.bytecode import SOURCE, VERSIONS, header, marshalled
from tests.support.leftovers import FINDER_STORE, PATH_FILE_OF_TWO, PATH_FILES
from tests.support.real_wheels import RealWheel
from tests.support.wheels import Entry, pack

FILES = HonestFamily("Whole members")

Changes = Mapping[str, bytes | None]

_PACKAGE = "example_package"
_NEW_YEAR = (44 << 9) | (1 << 5) | 1
_NEW_YEAR_SECONDS = 1_704_067_200
"""2024-01-01, in a header's field and since 1970."""


def _pair(wheel: RealWheel, ours: Changes, theirs: Changes) -> tuple[bytes, bytes]:
    return wheel.forge(ours), wheel.forge(theirs)


def _both(wheel: RealWheel, name: str, ours: bytes, theirs: bytes) -> tuple[bytes, bytes]:
    return _pair(wheel, {name: ours}, {name: theirs})


@FILES.equivalent("license-moved", "record-follows")
def license_below_licenses(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    places = (
        ("LICENSE", "licenses/LICENSE"),
        ("LICENCE.rst", "licenses/LICENCE.rst"),
        ("COPYING.LESSER", "licenses/COPYING.LESSER"),
        ("AUTHORS.md", "licenses/docs/AUTHORS.md"),
        ("NOTICE", "licenses/vendor/1.0/NOTICE"),
        ("LICENSE-MIT.txt", "licenses/LICENSE-MIT.txt"),
        ("licenses/x/vendor/COPYING", "COPYING"),
    )
    beside: dict[str, bytes | None] = {name: None for name in wheel.files if "LICENSE" in name} | {
        "x/vendor/__init__.py": b""
    }
    return [
        _pair(
            wheel,
            {**beside, wheel.info(ours): b"Do as you like.\n"},
            {**beside, wheel.info(theirs): b"Do as you like.\n"},
        )
        for ours, theirs in places
    ]


@FILES.equivalent("top-level-derived", "record-follows")
def order_of_top_level_names(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    name = wheel.info("top_level.txt")
    return [
        _both(wheel, name, ours, b"a\nb\n_c\n")
        for ours in (b"b\na\n_c\n", b"_c\nb\na\n", b"a\r\nb\r\n_c\r\n")
    ]


@FILES.equivalent("top-level-derived", "record-follows")
def top_level_names_of_the_members(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    files: dict[str, bytes | None] = {
        name: None for name in wheel.files if name.endswith("top_level.txt")
    }
    files |= {f"{_PACKAGE}/__init__.py": b"", f"{wheel.stem}.data/purelib/other_package/x.py": b""}
    kept = [name for name in wheel.files if name.endswith((".py", ".so")) and ".data/" not in name]
    own = {name.split("/")[0].removesuffix(".py") for name in kept}
    listed = "".join(f"{name}\n" for name in sorted({*own, _PACKAGE, "other_package"})).encode()
    return [_pair(wheel, {**files, wheel.info("top_level.txt"): listed}, files)]


@FILES.equivalent("namespace-packages-derived", "record-follows")
def namespace_packages_that_declare_themselves(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    name = wheel.info("namespace_packages.txt")
    declared = b"__import__('pkg_resources').declare_namespace(__name__)\n"
    packages: dict[str, bytes | None] = {
        f"{_PACKAGE}/__init__.py": declared,
        f"{_PACKAGE}/below/__init__.py": declared,
    }
    listed = f"{_PACKAGE}\n{_PACKAGE}.below\n".encode()
    other = f"{_PACKAGE}.below\n{_PACKAGE}\n".encode()
    return [
        _pair(wheel, {**packages, name: listed}, {**packages, name: None}),
        _both(wheel, name, listed, other),
    ]


@FILES.equivalent("json-key-order", "record-follows")
def keys_of_json_in_the_order_of_hashes(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    value = {"is_release": True, "git_version": "abc", "more": {"b": [1, None], "a": "\u00e9"}}
    turned = {key: value[key] for key in reversed(value)}
    return [
        _both(wheel, wheel.info(name), json.dumps(turned).encode(), json.dumps(value).encode())
        for name in ("metadata.json", "pbr.json")
    ]


@FILES.equivalent("egg-info-marker", "record-follows")
def marker_of_an_egg(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    return [
        _pair(wheel, {wheel.info(name): content}, {wheel.info(name): other})
        for name in ("zip-safe", "dependency_links.txt")
        for content, other in ((b"\n", None), (b"\r\n", b"\n"))
    ]


@FILES.equivalent("nspkg-path-file", "record-follows")
def path_file_of_another_python(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    old: dict[str, bytes | None] = {
        name: None for name in wheel.files if name.endswith("-nspkg.pth")
    }
    return [
        _pair(
            wheel,
            {**old, f"{wheel.stem}-py3.9-nspkg.pth": content.encode()},
            {**old, f"{wheel.stem}-py2.7-nspkg.pth": content.encode()},
        )
        for content in (*PATH_FILES.values(), PATH_FILE_OF_TWO)
    ]


@FILES.equivalent("directory-entry")
def entries_of_directories(wheel: RealWheel) -> list[bytes]:
    folder = wheel.module.rpartition("/")[0] + "/"
    directories = {f"{wheel.dist_info}/", folder} - {str(entry.name) for entry in wheel.entries}
    missing = sorted(filter(wheel.is_folder_that_says_nothing, directories))
    forms = (
        {"mode": 0o40755, "method": 0, "central": {"external": 0o40755 << 16 | 0x10}},
        {"mode": 0o40700, "method": 8},
        {"mode": 0, "method": 0},
    )
    return [
        pack([*(Entry(name=each, **form) for each in missing), *wheel.entries])
        for form in forms
        if missing
    ]


@FILES.equivalent("stray-file", "record-follows")
def leftover_of_the_finder(wheel: RealWheel) -> tuple[bytes, bytes]:
    package = {f"{_PACKAGE}/__init__.py": b""}
    return _pair(wheel, {**package, f"{_PACKAGE}/.DS_Store": FINDER_STORE}, package)


@FILES.equivalent("stray-file", "record-follows")
def directory_kept_in_a_repository(wheel: RealWheel) -> tuple[bytes, bytes]:
    package = {f"{_PACKAGE}/data/x.txt": b"x\n"}
    return _pair(wheel, {**package, f"{_PACKAGE}/data/.gitkeep": b""}, package)


@FILES.equivalent("source-line-ends", "record-follows")
def source_written_on_windows(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    sources = {
        f"{_PACKAGE}/_version.py": SOURCE,
        f"{wheel.stem}.data/platlib/{_PACKAGE}/x.py": b"# -*- coding: utf-8 -*-\nx = '\xc3\xa9'\n",
        f"{_PACKAGE}/tool.py": b"#!/usr/bin/env python\nx = 1\n",
    }
    return [
        _both(wheel, name, source.replace(b"\n", b"\r\n"), source)
        for name, source in sources.items()
    ]


@FILES.equivalent("text-line-ends", "record-follows")
def texts_written_on_windows(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    names = [wheel.info("WHEEL"), wheel.info("licenses/LICENSE-extra.txt"), wheel.info("COPYING")]
    texts = (wheel.files[names[0]], b"Caf\xe9\nfor all.\n", b"None.\n")
    return [
        _both(wheel, name, text.replace(b"\n", b"\r\n"), text)
        for name, text in zip(names, texts, strict=True)
    ]


@FILES.equivalent("entry-points-layout", "record-follows")
def entry_points_as_the_author_wrote_them(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    name = wheel.info("entry_points.txt")
    programs = b"[console_scripts]\na = p.a:main[x]\nb = p.b:main [extra]\n"
    plugins = b"[p.plugins]\nz = p.z\ny = p.y\n"
    rendered = programs + b"\n" + plugins
    written = (
        rendered + b"\n",
        rendered.replace(b" = ", b"="),
        rendered.replace(b"\n", b"\r\n"),
        b"\n" + plugins + b"[console_scripts]\nb = p.b:main [extra]\na = p.a:main[x]\n\n\n",
    )
    return [_both(wheel, name, text, rendered) for text in written]


@FILES.equivalent("build-date", "record-follows")
def date_of_the_build(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    lines = (
        (b'BUILD_DATE = "%s"', b"2024-02-29", b"2024-03-01"),
        (b"__date__ = '%s'", b"2024-02-29T23:59:59+00:00", b"2024-03-01T01:02:03+05:30"),
        (b' "date": "%s",', b"2024-02-29T10:00:00+0100", b"2024-03-01T08:30:00+0100"),
        (b"build_time: str = '%s'", b"2024-02-29 10:00:00.123456", b"2024-03-01 08:30:00.000001"),
        (b"# Generated on %s", b"Thu Feb 29 10:00:00 2024", b"Fri Mar  1 08:30:00 2024"),
        (b"BUILT_AT = '%s'", b"Thu, 29 Feb 2024 10:00:00 GMT", b"Fri, 01 Mar 2024 08:30:00 GMT"),
    )
    return [
        _both(
            wheel,
            f"{_PACKAGE}/_version.py",
            b"version = '1.0'\n" + line % ours + b"\n",
            b"version = '1.0'\n" + line % theirs + b"\n",
        )
        for line, ours, theirs in lines
    ]


@FILES.equivalent("bytecode-recompiled", "record-follows")
def source_compiled_elsewhere(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    source = f"{_PACKAGE}/x.py"
    here, there = f"/project/{source}", f"C:\\source\\{_PACKAGE}\\x.py"

    def made(version: tuple[int, int], name: str, path: str, time: int) -> bytes:
        code = header(version, time=_NEW_YEAR_SECONDS + time) + marshalled(version, path)
        entries = wheel.with_files({source: SOURCE, name: code})
        return pack(
            replace(entry, date=_NEW_YEAR, time=0) if entry.name == source else entry
            for entry in entries
        )

    pairs = []
    for version in VERSIONS:
        name = f"{_PACKAGE}/__pycache__/x.cpython-{version[0]}{version[1]}.pyc"
        pairs += [
            (made(version, name, here, 0), made(version, name, here, 1)),
            (made(version, name, there, 1), made(version, name, here, 0)),
        ]
    return pairs


@FILES.equivalent("gzip-header", "record-follows")
def gzip_file_packed_anew(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    text = b"".join(b"%d lines of text\n" % at for at in range(999))
    name = f"{_PACKAGE}/lines.txt.gz"
    now, zero = gzip.compress(text, mtime=1_700_000_000), gzip.compress(text, mtime=0)
    named = now[:3] + b"\x08" + now[4:9] + b"\x03" + b"lines.txt\0" + now[10:]
    fast = gzip.compress(text, compresslevel=1, mtime=0)
    return [_both(wheel, name, ours, zero) for ours in (now, named, fast)]
