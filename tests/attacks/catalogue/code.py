"""Python source: no change of it is harmless by its look."""

import re
from pathlib import PurePosixPath

from tests.attacks.catalogue.technique import PAYLOAD, Family
from tests.support.real_wheels import RealWheel

CODE = Family("Python source")


def _source(wheel: RealWheel) -> bytes:
    return wheel.files[wheel.module]


def _as(wheel: RealWheel, source: bytes) -> bytes:
    """The wheel with another source in its module."""
    assert source != _source(wheel)
    return wheel.forge({wheel.module: source})


def _substituted(wheel: RealWheel, pattern: bytes, new: bytes) -> list[bytes]:
    """The first match replaced, if there is one."""
    changed = re.sub(pattern, new, _source(wheel), count=1)
    return [_as(wheel, changed)] if changed != _source(wheel) else []


def _added(wheel: RealWheel, name: str, source: bytes = PAYLOAD) -> bytes:
    assert name not in wheel.files
    return wheel.forge({name: source})


def _package(wheel: RealWheel) -> str:
    """The directory of the module with a slash, empty for one at the root."""
    parent = str(PurePosixPath(wheel.module).parent)
    return "" if parent == "." else f"{parent}/"


@CODE.unexplained("code.differs", "Code that runs on import.")
def statement_appended(wheel: RealWheel) -> bytes:
    return _as(wheel, _source(wheel) + PAYLOAD)


@CODE.dangerous("code.hidden-payload", "Code that runs on import, far to the right of any screen.")
def statement_behind_many_blanks(wheel: RealWheel) -> bytes:
    return _as(wheel, _source(wheel) + b"x = 1" + b" " * 400 + b"; import os\n")


@CODE.dangerous("code.hidden-payload", "Code that is only there when it runs.")
def code_that_is_decoded_first(wheel: RealWheel) -> list[bytes]:
    lines = (
        b"exec(__import__('base64').b64decode(b'cGFzcw=='))\n",
        b"eval(compile(bytes.fromhex('70617373'), 'x', 'exec'))\n",
        b"import marshal, zlib\nexec(marshal.loads(zlib.decompress(b'')))\n",
        b"exec(''.join(map(chr, [112, 97, 115, 115])))\n",
    )
    return [_as(wheel, _source(wheel) + line) for line in lines]


@CODE.dangerous("code.hidden-payload", "A command, without an import that anybody would look for.")
def import_on_the_spot(wheel: RealWheel) -> list[bytes]:
    lines = (b"__import__('os').system('id')\n", b"__import__('subprocess').call('id')\n")
    return [_as(wheel, _source(wheel) + line) for line in lines]


@CODE.dangerous("code.hidden-payload", "A program in one line that no editor shows whole.")
def code_in_a_long_line(wheel: RealWheel) -> bytes:
    return _as(wheel, _source(wheel) + b"exec('pass;" + b"0;" * 3000 + b"')\n")


@CODE.unexplained("code.differs", "A check that decides the other way.")
def operator_changed(wheel: RealWheel) -> list[bytes]:
    made = (
        _substituted(wheel, rb" is None", b" is not None"),
        _substituted(wheel, rb" == ", b" != "),
        _substituted(wheel, rb"\bnot ", b""),
        _substituted(wheel, rb"\bTrue\b", b"False"),
    )
    return [each for one in made for each in one]


@CODE.unexplained("code.differs", "A string that names another host, file or command.")
def string_changed(wheel: RealWheel) -> list[bytes]:
    return _substituted(wheel, rb"'([a-z_]+)'", rb"'\1.evil'") or _substituted(
        wheel, rb'"([a-z_]+)"', rb'"\1.evil"'
    )


@CODE.unexplained("code.differs", "A check that is no longer made.")
def line_left_out(wheel: RealWheel) -> list[bytes]:
    return _substituted(wheel, rb"\n +raise [^\n]*\n", b"\n            pass\n")


@CODE.unexplained("code.differs", "A statement leaves its block, or joins one.")
def indentation_changed(wheel: RealWheel) -> list[bytes]:
    made = (
        _substituted(wheel, rb"\n    (return [^\n]*)", rb"\n        \1"),
        _substituted(wheel, rb"\n    ", b"\n\t"),
    )
    return [each for one in made for each in one]


@CODE.unexplained("code.differs", "A comment may be an encoding, a directive or a lie.")
def comment_added(wheel: RealWheel) -> list[bytes]:
    source = _source(wheel)
    return [_as(wheel, source + b"# type: ignore\n"), _as(wheel, source + b"# noqa\n")]


@CODE.unexplained("code.differs", "A program in the docstring, run by who reads `__doc__`.")
def docstring_changed(wheel: RealWheel) -> list[bytes]:
    return _substituted(wheel, rb'"""(?=[A-Za-z])', b'"""import os;')


@CODE.unexplained("code.differs", "Code whose abstract syntax tree is the same carries a message.")
def same_syntax_tree(wheel: RealWheel) -> list[bytes]:
    made = (
        [_as(wheel, _source(wheel) + b"\n")],
        [_as(wheel, _source(wheel) + b"    \n")],
        _substituted(wheel, rb" = None\n", b" = (None)\n"),
        _substituted(wheel, rb", ", b",  "),
    )
    return [each for one in made for each in one]


@CODE.unexplained("code.differs", "Asserts, and what hides behind them, run or not.")
def newline_at_the_end_left_out(wheel: RealWheel) -> bytes:
    return _as(wheel, _source(wheel).rstrip(b"\n"))


@CODE.unexplained("code.differs", "A comment for people, code for Python: its line ends early.")
def code_behind_a_lone_carriage_return(wheel: RealWheel) -> list[bytes]:
    source = _source(wheel)
    return [
        _as(wheel, source + b"# harmless\rimport os\n"),
        _as(wheel, source + b"# harmless\rimport os\r\n"),
        _as(wheel, source.replace(b"\n", b"\r\n") + b"# harmless\rimport os\r\n"),
    ]


@CODE.unexplained("code.differs", "One bit per line, in the ends that editors do not show.")
def mixed_line_ends(wheel: RealWheel) -> list[bytes]:
    source = _source(wheel)
    half = len(source) // 2
    return [
        _as(wheel, source.replace(b"\n", b"\r\n", 1)),
        _as(wheel, source[:half] + source[half:].replace(b"\n", b"\r\n")),
        _as(wheel, source.replace(b"\n", b"\r")),
        _as(wheel, source.replace(b"\n", b"\r\r\n")),
        _as(wheel, source.replace(b"\n", b"\n\r")),
    ]


@CODE.unexplained("code.differs", "Lines for some readers, none for Python, or the other way.")
def unusual_line_separators(wheel: RealWheel) -> list[bytes]:
    source = _source(wheel)
    separators = ("\x0c", "\x0b", "\x1c", "\x85", "\u2028", "\u2029")
    return [_as(wheel, source + f"# harmless{each}import os\n".encode()) for each in separators]


@CODE.dangerous("code.deceptive-identifier", "Another name that looks the same to people.")
def homoglyph_identifier(wheel: RealWheel) -> list[bytes]:
    return _substituted(wheel, rb"def ([a-z_]*)a([a-z_]*)\(", "def \\1\u0430\\2(".encode())


@CODE.dangerous("code.deceptive-identifier", "Another spelling of a name that Python knows.")
def compatibility_identifier(wheel: RealWheel) -> bytes:
    return _as(wheel, _source(wheel) + "\uff45\uff56\uff41\uff4c('1')\n".encode())


@CODE.dangerous("code.invisible-characters", "A program that no editor shows.")
def program_of_invisible_characters(wheel: RealWheel) -> list[bytes]:
    source = _source(wheel)
    runs = ("\u200b\u200c" * 20, "\U000e0100" * 40, "\ufe00" * 40)
    return [_as(wheel, source + f"x = '{run}'\n".encode()) for run in runs]


@CODE.dangerous("code.invisible-characters", "Two names that look the same, or a blank one.")
def identifier_of_invisible_characters(wheel: RealWheel) -> list[bytes]:
    names = ("\u3164", "x\u115f", "y\uffa0")
    return [_as(wheel, _source(wheel) + f"{name} = 1\n".encode()) for name in names]


@CODE.unexplained("code.differs", "Single characters that no editor shows carry a message.")
def invisible_characters(wheel: RealWheel) -> list[bytes]:
    source = _source(wheel)
    characters = ("\u200b", "\u00ad", "\u3164", "\U000e0041")
    return [_as(wheel, source + f"x = '{each}'\n".encode()) for each in characters]


@CODE.dangerous("code.bidirectional-text", "Code that editors show in another order.")
def trojan_source(wheel: RealWheel) -> list[bytes]:
    source = _source(wheel)
    tricks = ("\u202e } \u2066if admin", "\u2067", "\u200f", "\u061c")
    return [_as(wheel, source + f"# {trick}\n".encode()) for trick in tricks]


@CODE.dangerous("code.encoding-cookie", "Comments become code under another encoding.")
def encoding_cookie(wheel: RealWheel) -> list[bytes]:
    source = _source(wheel)
    cookies = (
        b"# -*- coding: utf-7 -*-\n",
        b"# vim: set fileencoding=raw_unicode_escape :\n",
        b"\n# coding: unicode_escape\n",
        b"#!/usr/bin/python\n# coding=cp037\n",
        b"# coding: utf-8\n",
    )
    return [_as(wheel, cookie + source) for cookie in cookies]


@CODE.dangerous("code.encoding-cookie", "The same, behind a carriage return.")
def cookie_behind_a_carriage_return(wheel: RealWheel) -> bytes:
    return _as(wheel, b"# harmless\r# coding: utf-7\n" + _source(wheel))


@CODE.dangerous("code.encoding-cookie", "A byte order mark fixes the encoding against the cookie.")
def byte_order_mark(wheel: RealWheel) -> list[bytes]:
    source = _source(wheel)
    mark = b"\xef\xbb\xbf"
    return [_as(wheel, mark + source), _as(wheel, mark + b"# coding: utf-8\n" + source)]


@CODE.dangerous("code.encoding-cookie", "A new module that reads as comments, runs as code.")
def new_module_in_an_odd_encoding(wheel: RealWheel) -> list[bytes]:
    return [
        _added(wheel, f"{_package(wheel)}extra.py", b"# coding: " + name + b"\n")
        for name in (b"rot13", b"utf-7", b"utf-16")
    ]


@CODE.unexplained("code.differs", "A module in an encoding that only the reader's tool refuses.")
def bytes_that_are_no_utf8(wheel: RealWheel) -> list[bytes]:
    source = _source(wheel)
    return [_as(wheel, source + b"# \xff\xfe\n"), _as(wheel, source + b"# \xc0\xaf\n")]


@CODE.unexplained("code.differs", "A module that C code sees end early.")
def null_or_end_of_file_in_source(wheel: RealWheel) -> list[bytes]:
    return [_as(wheel, _source(wheel) + tail) for tail in (b"\0", b"\x1a", b"\0" * 600)]


@CODE.unexplained("code.differs", "The module does nothing any more.")
def module_emptied(wheel: RealWheel) -> bytes:
    return _as(wheel, b"")


@CODE.unexplained("code.only-published", "A module for the next release to call.")
def module_added(wheel: RealWheel) -> list[bytes]:
    package = _package(wheel)
    return [_added(wheel, f"{package}{name}") for name in ("_compat.py", "extra.pyw", "EXTRA.PY")]


@CODE.dangerous("code.shadows-library", "`import` finds this before the standard library.")
def module_that_shadows_the_standard_library(wheel: RealWheel) -> list[bytes]:
    return [_added(wheel, name) for name in ("json.py", "typing/__init__.py", "distutils.py")]


@CODE.dangerous("code.shadows-module", "`import` finds the package before the module.")
def package_that_shadows_a_module(wheel: RealWheel) -> list[bytes]:
    sources = [name for name in wheel.files if name.endswith(".py") and ".data/" not in name]
    others = [name for name in sources if "__" not in name]
    return [_added(wheel, f"{name.removesuffix('.py')}/__init__.py") for name in others]


@CODE.unexplained("code.only-published", "`python -m` runs it; tests run it on collection.")
def module_that_runs_by_convention(wheel: RealWheel) -> list[bytes]:
    names = ("conftest.py", "setup.py", "tests/__init__.py", f"{_package(wheel)}__main__x.py")
    return [_added(wheel, name) for name in names]


@CODE.unexplained("code.only-published", "A namespace that all its projects share is taken over.")
def namespace_turned_into_a_package(wheel: RealWheel) -> list[bytes]:
    if not wheel.module.startswith("sphinxcontrib/"):
        return []
    return [_added(wheel, "sphinxcontrib/__init__.py")]


@CODE.unexplained("member.only-rebuilt", "A check that its callers import if they can.")
def module_left_out(wheel: RealWheel) -> bytes:
    return wheel.forge({wheel.module: None})


@CODE.unexplained("member.differs", "Type checkers wave wrong calls through.")
def stub_or_marker_changed(wheel: RealWheel) -> list[bytes]:
    names = [name for name in wheel.files if name.endswith((".pyi", "py.typed"))]
    return [wheel.forge({name: wheel.files[name] + b"partial\n"}) for name in names]


@CODE.dangerous("distinfo.same-target", "Installed over the honest module.")
def module_over_another_one(wheel: RealWheel) -> list[bytes]:
    data = f"{wheel.stem}.data"
    schemes = ("purelib", "platlib")
    return [_added(wheel, f"{data}/{scheme}/{wheel.module}") for scheme in schemes]


@CODE.dangerous("distinfo.same-target", "The same, by way of the prefix.")
def module_over_another_one_through_the_prefix(wheel: RealWheel) -> list[bytes]:
    data = f"{wheel.stem}.data/data"
    roots = ("lib/python3.11/site-packages", "Lib/site-packages")
    return [_added(wheel, f"{data}/{root}/{wheel.module}") for root in roots]


@CODE.unexplained("code.only-published", "Modules that a listing of the top level does not show.")
def module_in_a_scheme(wheel: RealWheel) -> list[bytes]:
    data = f"{wheel.stem}.data"
    return [
        _added(wheel, f"{data}/purelib/extra.py"),
        _added(wheel, f"{data}/data/lib/python3.11/site-packages/extra.py"),
    ]
