"""The shapes in which benign rules explain code and data, with something else inside."""

import gzip
import io

from tests.attacks.catalogue.technique import PAYLOAD, Family, Tampered
from tests.attacks.honest.bytecode import SOURCE, compiled
from tests.support.real_wheels import RealWheel

SMUGGLING_CODE = Family("Through benign rules: code and data")

_VERSION = b"""\
# Generated on 2024-01-31
__version__ = version = '1.0'
BUILD_DATE = "2024-01-31T12:00:00Z"
"""


def _rewritten(wheel: RealWheel, name: str, old: bytes, *new: bytes) -> list[Tampered]:
    """A member that the source builds to in one way and that is published in others."""
    rebuilt = wheel.forge({name: old})
    return [Tampered(data=wheel.forge({name: each}), rebuilt=rebuilt) for each in new]


def _crlf(text: bytes) -> bytes:
    return text.replace(b"\n", b"\r\n")


@SMUGGLING_CODE.unexplained("code.differs", "A change that hides behind other line ends.")
def other_line_ends_and_a_change(wheel: RealWheel) -> list[bytes]:
    source = wheel.files[wheel.module]
    changed = (source + PAYLOAD, source + b"\n", source.rstrip(b"\n") + b" \n")
    return [wheel.forge({wheel.module: _crlf(each)}) for each in changed]


@SMUGGLING_CODE.unexplained("code.differs", "Line ends that an encoding or an old system minds.")
def other_line_ends_of_an_odd_source(wheel: RealWheel) -> list[Tampered]:
    sources = (
        b"# coding: utf-16\nx = 1\n",
        b"# coding: latin-1\nx = 1\n",
        b"\n# vim: set fileencoding=utf-7 :\n",
        b"x = '\xff'\n",
        b"x = 1\n\x1a\n",
        b"x = '\0'\n",
        b"# harmless\rimport os\n",
    )
    name = "package/odd.py"
    return [each for text in sources for each in _rewritten(wheel, name, text, _crlf(text))]


@SMUGGLING_CODE.unexplained("code.differs", "A program whose first line names another interpreter.")
def other_line_ends_of_a_program(wheel: RealWheel) -> Tampered:
    name, text = "package/tool.py", b"#!/bin/sh\nexit 0\n"
    return Tampered(
        data=wheel.edited(base=wheel.with_files({name: _crlf(text)}), name=name, mode=0o100755),
        rebuilt=wheel.edited(base=wheel.with_files({name: text}), name=name, mode=0o100755),
    )


@SMUGGLING_CODE.unexplained("code.differs", "A size that decides whether bytecode runs.")
def other_line_ends_beside_bytecode(wheel: RealWheel) -> Tampered:
    bytecode = compiled(wheel.entry(wheel.module))
    files: dict[str, bytes | None] = {"package/odd.py": SOURCE, "package/odd.pyc": bytecode}
    return Tampered(
        data=wheel.forge({**files, "package/odd.py": _crlf(SOURCE)}), rebuilt=wheel.forge(files)
    )


@SMUGGLING_CODE.unexplained("member.differs", "Data whose line ends a program minds.")
def other_line_ends_of_data(wheel: RealWheel) -> list[Tampered]:
    files = {
        "package/run.sh": b"#!/bin/sh\nexit 0\n",
        "package/table.bin": b"a\nb\nc\n",
        "package/golden.csv": b"a,b\n1,2\n",
        "package/key.pem": b"-----BEGIN-----\n",
        "package/module.pyx": b"x = 1\n",
    }
    return [
        each for name, text in files.items() for each in _rewritten(wheel, name, text, _crlf(text))
    ]


@SMUGGLING_CODE.unexplained("code.differs", "Code in the literal that holds version or date.")
def code_in_a_generated_file(wheel: RealWheel) -> list[Tampered]:
    literal = b'"2024-01-31T12:00:00Z"'
    literals = (
        b'"2024-02-01T12:00:00Z"; import os',
        b'"2024-02-01T12:00:00Z" if 1 else os',
        b'f"{__import__(1)}-01T12:00:00Z"',
        b'"2024-02-01T12:00:00Z" # coding: utf-7',
        b"'2024-02-01T12:00:00Z'",
        b'"2024-02-01T12:00:00Z" ""',
    )
    changed = [_VERSION.replace(literal, each) for each in literals]
    return _rewritten(wheel, "package/_version.py", _VERSION, *changed)


@SMUGGLING_CODE.unexplained("code.differs", "A message in a date that is none, or in two.")
def date_that_is_none(wheel: RealWheel) -> list[Tampered]:
    old = b"2024-01-31T12:00:00Z"
    dates = (
        b"2024-02-31T12:00:00Z",
        b"2024-02-01T25:00:00Z",
        b"2024-02-01T12:00:00+1",
        b"9024-02-01T12:00:00Z",
        b"2024-02-01 12:00:00Z",
        b"2024-02-01",
        b"/home/x/2024/02/01/b",
    )
    two = _VERSION.replace(b"2024-01-31", b"2024-02-01")
    changed = [_VERSION.replace(old, each) for each in dates]
    return _rewritten(wheel, "package/_version.py", _VERSION, two, *changed)


@SMUGGLING_CODE.unexplained("code.differs", "A date, or a version, that decides what runs.")
def date_in_another_place(wheel: RealWheel) -> list[Tampered]:
    old, new = b"2024-01-31T12:00:00Z", b"2024-02-01T12:00:00Z"
    other = _VERSION.replace(b"BUILD_DATE", b"EXPIRES")
    version = _VERSION.replace(b"'1.0'", b"'1.1'")
    return [
        *_rewritten(wheel, "package/core.py", _VERSION, _VERSION.replace(old, new)),
        *_rewritten(wheel, "_version.py", _VERSION, _VERSION.replace(old, new)),
        *_rewritten(wheel, "package/_version.py", other, other.replace(old, new)),
        *_rewritten(wheel, "package/_version.py", _VERSION, version),
    ]


def _with_bytecode(
    wheel: RealWheel,
    published: bytes,
    rebuilt: bytes,
    name: str = "package/__pycache__/odd.cpython-311.pyc",
) -> Tampered:
    """One source on both sides, with different bytecode."""
    source: dict[str, bytes | None] = {"package/odd.py": SOURCE}
    return Tampered(
        data=wheel.forge({**source, name: published}),
        rebuilt=wheel.forge({**source, name: rebuilt}),
    )


@SMUGGLING_CODE.unexplained("member.differs", "Other bytecode under an honest header.")
def bytecode_that_does_something_else(wheel: RealWheel) -> list[Tampered]:
    dated = wheel.entry(wheel.module)
    honest = compiled(dated)
    changes = (
        honest.replace(b"answer", b"anSwer"),
        honest + b"hidden",
        honest[:-1],
        compiled(dated, path="/build/package/other.py"),
        compiled(dated, path="/build/a message/package/odd.py"),
        compiled(dated, flags=1),
        compiled(dated, flags=3),
        compiled(dated, size=7),
        honest[:2] + b"\r\r" + honest[4:],
    )
    return [_with_bytecode(wheel, each, honest) for each in changes]


@SMUGGLING_CODE.unexplained("member.differs", "A path that the code itself may look at.")
def bytecode_without_cache_of_another_path(wheel: RealWheel) -> Tampered:
    dated = wheel.entry(wheel.module)
    other = compiled(dated, path="/tmp/package/odd.py")
    return _with_bytecode(wheel, other, compiled(dated), name="package/odd.pyc")


@SMUGGLING_CODE.unexplained("member.differs", "Bytecode that begins to run by its time.")
def bytecode_that_begins_to_run(wheel: RealWheel) -> Tampered:
    """The rebuilt bytecode is stale there, so that its source runs; the published one is not."""
    dated = wheel.entry(wheel.module)
    return _with_bytecode(wheel, compiled(dated), compiled(dated, time=1))


@SMUGGLING_CODE.unexplained("member.only-published", "A hook that no build tool writes is renamed.")
def renamed_hook_that_is_no_template(wheel: RealWheel) -> list[Tampered]:
    hooks = (
        b"import os\n",
        b"import sys, types, os;exec('')\n",
        b"import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('x',))\n",
    )
    old, new = (f"{wheel.stem}-py3.{minor}-nspkg.pth" for minor in (7, 8))
    clean: dict[str, bytes | None] = {
        name: None for name in wheel.files if name.endswith("-nspkg.pth")
    }
    return [
        Tampered(data=wheel.forge({**clean, new: hook}), rebuilt=wheel.forge({**clean, old: hook}))
        for hook in hooks
    ]


@SMUGGLING_CODE.unexplained("member.only-published", "An honest hook goes first, or elsewhere.")
def renamed_hook_of_another_name(wheel: RealWheel) -> list[bytes]:
    made = []
    for name in (each for each in wheel.files if each.endswith("-nspkg.pth")):
        content = wheel.files[name]
        targets = (
            name.replace("py3.7", "py3.700"),
            name.replace("py3.7", "py9.9"),
            name.replace("1.0.1", "1.0.2"),
            f"aaa-{name}",
            name.removesuffix("-nspkg.pth") + ".pth",
            f"{wheel.stem}.data/purelib/{name}",
        )
        made += [wheel.forge({name: None, target: content}) for target in targets]
    return made


def _gzipped(data: bytes) -> bytes:
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as file:
        file.write(data)
    return stream.getvalue()


@SMUGGLING_CODE.unexplained("member.differs", "Other content, or a message, in a compressed file.")
def compressed_file_with_something_else(wheel: RealWheel) -> list[Tampered]:
    honest = _gzipped(b"data of a package\n" * 50)
    fixed, stream, trailer = honest[:10], honest[10:-8], honest[-8:]

    def flagged(flag: int, field: bytes) -> bytes:
        return fixed[:3] + bytes([flag]) + fixed[4:] + field + stream + trailer

    changes = (
        _gzipped(b"data of a package\n" * 49 + b"data of an evil one\n"),
        honest + b"hidden",
        honest + bytes(8),
        honest + _gzipped(b""),
        flagged(0x04, b"\6\0hidden"),
        flagged(0x10, b"hidden\0"),
        flagged(0x08, b"hidden\0"),
        flagged(0x08, b"../../../bin/sh\0"),
        flagged(0x01, b""),
        flagged(0x02, b"\0\0"),
        flagged(0x80, b""),
        fixed[:8] + b"\x63" + fixed[9:] + stream + trailer,
        fixed[:9] + b"\x63" + stream + trailer,
        fixed + stream + bytes(4) + trailer[4:],
        fixed + stream + trailer[:4] + bytes(4),
        fixed + b"\0\0\0\xff\xff" * 9 + stream + trailer,
        honest[:-1],
    )
    return _rewritten(wheel, "package/table.gz", honest, *changes)


@SMUGGLING_CODE.unexplained("member.differs", "A compressed file at the root, or in dist-info.")
def compressed_file_in_another_place(wheel: RealWheel) -> list[Tampered]:
    honest = _gzipped(b"data of a package\n" * 50)
    later = honest[:4] + b"\1\2\3\4" + honest[8:]
    names = ("table.gz", wheel.info("table.gz"), "package/table.z")
    return [each for name in names for each in _rewritten(wheel, name, honest, later)]
