"""Whoever compiles Python source takes both line ends for the same, or the rule does not hold."""

import ast
import importlib.util
import tokenize
import zipfile
import zipimport
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

import pytest

from verify.rules.lines import is_plain_source, plain_lines, with_feeds

SAMPLES = {
    "statements": b"import os\n\n\ndef f(x):\n    if x:\n        return 1\n    return os\n",
    "string": b'x = """one\ntwo\n\n   three\n"""\n',
    "raw-string": b"x = r'''one\\\ntwo\\n'''\n",
    "bytes": b"x = b'''one\ntwo'''\nfor y in x:\n    print(y)\n",
    "continued-string": b"x = 'one\\\ntwo'\ny = b'a\\\n\\\nb'\n",
    "continued-line": b"x = 1 + \\\n    2 \\\n    + 3\nassert x, \\\n    'text'\n",
    "formatted-string": b"y = 1\nx = f'''one\n{y!r:>{y}}\n{y + 1}\ntwo'''\n",
    "self-documenting-string": b"y = 1\nx = f'''{ y =\n}'''\n",
    "template-of-lines": b"x = '''\n''' '''\n\n'''\n",
    "docstrings": b'"""Text\nof a module."""\n\n\nclass A:\n    """Text\n    of a class."""\n',
    "comments": b"# -*- coding: utf-8 -*-\n# one\nx = 1  # two\n# three",
    "shebang-and-cookie": b"#!/usr/bin/env python\n# coding: utf8\nx = '\xc3\xa9'\n",
    "byte-order-mark": b"\xef\xbb\xbfx = '\xc3\xa9\n'\n".replace(b"\n'", b"'"),
    "form-feed": b"x = 1\n\f\ndef f():\n\treturn '''\f\n'''\n",
    "brackets": b"x = [\n    1,\n    # two\n    2,\n]\ny = {\n}\nz = (\n1) if (y :=\n2) else 0\n",
    "other-separators": "x = '\u2028\x85\x0b\x1c'\ny = '''\u2029\n\x1d'''\n".encode(),
    "no-last-end": b"x = '''a\nb'''\ny = 1",
    "blank-lines": b"\n\n\nx = 1\n\n   \n\t\n",
    "decorators": b"@property\n\ndef f(\n    self,\n    x=1,\n):\n    ...\n",
    "empty": b"",
}


def _dos(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


def _fields(code: CodeType) -> tuple[object, ...]:
    """All that a code object is, those inside of it included."""
    constants = [_fields(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    names = (
        "argcount cellvars code exceptiontable filename firstlineno flags freevars kwonlyargcount "
        "linetable name names nlocals posonlyargcount qualname stacksize varnames"
    )
    return (constants, *(getattr(code, f"co_{name}") for name in names.split()))


def _of_loader(source: bytes, path: Path) -> CodeType:
    """What an import of the file runs, from wherever it is in the meantime."""
    path.write_bytes(source)
    code = SourceFileLoader("sample", str(path)).get_code("sample")
    path.unlink()
    Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
    assert code is not None
    return code


def _of_archive(source: bytes, path: Path) -> CodeType:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("sample.py", source)
    zipimport._zip_directory_cache.pop(str(path), None)  # type: ignore[attr-defined]  # one file, two contents
    code = zipimport.zipimporter(str(path)).get_code("sample")
    path.unlink()
    return code


@pytest.mark.parametrize("name", SAMPLES)
def test_code_is_the_same_to_the_last_line_number(name: str, tmp_path: Path) -> None:
    source = SAMPLES[name]
    assert with_feeds(_dos(source)) == source
    assert is_plain_source(source)
    ours, theirs = (compile(text, "sample.py", "exec") for text in (_dos(source), source))
    assert _fields(ours) == _fields(theirs)
    for load in (_of_loader, _of_archive):
        published, rebuilt = (load(text, tmp_path / "sample.py") for text in (_dos(source), source))
        assert _fields(published) == _fields(rebuilt)


@pytest.mark.parametrize("name", SAMPLES)
def test_text_and_tree_are_the_same(name: str, tmp_path: Path) -> None:
    source = SAMPLES[name]
    trees = [ast.dump(ast.parse(text), include_attributes=True) for text in (source, _dos(source))]
    assert trees[0] == trees[1]
    path = tmp_path / "sample.py"
    texts = set()
    for text in (source, _dos(source)):
        path.write_bytes(text)
        with tokenize.open(path) as stream:
            texts.add(stream.read())
        texts.add(importlib.util.decode_source(text))
    assert len(texts) == 1


@pytest.mark.parametrize(
    "source", [b'x = """a\r\r\nb"""\r\n', b"x = '''a\\\r\r\nb'''\r\n", b'"""a\r\r\n"""\r\n']
)
def test_other_ends_change_what_is_compiled_and_are_refused(source: bytes) -> None:
    feeds = source.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
    assert compile(source, "x", "exec") != compile(feeds, "x", "exec")
    assert with_feeds(source) is None


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\nb\n", ("a", "b")),
        (b"a\r\nb\r\n", ("a", "b")),
        (b"\n", ("",)),
        (b"", None),
        (b"a", None),
        (b"a\nb\r\n", None),
        (b"a\r", None),
        (b"a\0\n", None),
        (b"\xc3\xa9\n", None),
    ],
)
def test_plain_lines_all_end_in_one_way(data: bytes, lines: tuple[str, ...] | None) -> None:
    assert plain_lines(data) == lines
