"""Native code and bytecode: what nobody reads."""

import importlib.util
import marshal
import struct
import zipfile
from io import BytesIO
from pathlib import PurePosixPath

from tests.attacks.catalogue.technique import PAYLOAD, Family, Tampered
from tests.support.real_wheels import RealWheel
from tests.support.wheels import pack
from verify.native.elf import SegmentKind
from verify.native.elf_reader import read_elf

BINARIES = Family("Native code and bytecode")

_ELF = b"\x7fELF\2\1\1" + bytes(57)
_NEW_YEAR_2020 = (40 << 9) | (1 << 5) | 1
_SECONDS_2020 = 1_577_836_800


def _native(wheel: RealWheel) -> list[str]:
    return [name for name in wheel.files if name.endswith(".so")]


def _loaded(data: bytes) -> int:
    """Bytes at the start of a shared object that the loader maps; debug information is behind."""
    loads = [one for one in read_elf(data).segments if one.kind == SegmentKind.LOAD]
    return max(one.offset + one.file_size for one in loads)


def _package(wheel: RealWheel) -> str:
    parent = str(PurePosixPath(wheel.module).parent)
    return "" if parent == "." else f"{parent}/"


def _cached(wheel: RealWheel, suffix: str = "") -> str:
    path = PurePosixPath(wheel.module)
    return str(path.with_name("__pycache__") / f"{path.stem}.cpython-311{suffix}.pyc")


def _bytecode(source: bytes, header: bytes) -> bytes:
    return importlib.util.MAGIC_NUMBER + header + marshal.dumps(compile(source, "x", "exec"))


def _timed(wheel: RealWheel, source: bytes) -> bytes:
    """Bytecode that is valid for the wheel's module when it is dated 2020-01-01T00:00:00 UTC."""
    size = len(wheel.files[wheel.module])
    return _bytecode(source, struct.pack("<LLL", 0, _SECONDS_2020, size))


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@BINARIES.dangerous("code.binary-only-published", "Code that no source explains.")
def extension_module_added(wheel: RealWheel) -> list[bytes]:
    suffixes = (".so", ".abi3.so", ".pyd", ".dylib", ".SO")
    return [wheel.forge({f"{_package(wheel)}_speed{suffix}": _ELF}) for suffix in suffixes]


@BINARIES.dangerous("code.binary-only-published", "`import` finds it before the source.")
def extension_module_beside_the_source(wheel: RealWheel) -> bytes:
    stem = wheel.module.removesuffix(".py")
    return wheel.forge({f"{stem}.cpython-311-x86_64-linux-gnu.so": _ELF})


@BINARIES.dangerous("code.binary-only-published", "The loader takes it for one of the system.")
def library_added(wheel: RealWheel) -> list[bytes]:
    names = (f"{wheel.project}.libs/libssl-0a1b2c.so.3", "evil.dll", "libevil.a", "evil.o")
    return [wheel.forge({name: _ELF}) for name in names]


@BINARIES.dangerous("code.binary-only-published", "A program under the name of a picture.")
def program_under_another_name(wheel: RealWheel) -> list[bytes]:
    heads = (_ELF, b"MZ\x90\0", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm\1\0\0\0")
    return [wheel.forge({f"{_package(wheel)}logo.png": head}) for head in heads]


@BINARIES.dangerous("code.binary-only-published", "A module becomes a program.")
def source_replaced_by_a_program(wheel: RealWheel) -> bytes:
    return wheel.forge({wheel.module: _ELF})


@BINARIES.unexplained("native.differs", "One instruction decides the other way.")
def one_bit_of_native_code(wheel: RealWheel) -> list[bytes]:
    made = []
    for name in _native(wheel):
        data = wheel.files[name]
        size = _loaded(data)
        made += [wheel.forge({name: _flipped(data, size * n // 8)}) for n in range(1, 8)]
    return made


@BINARIES.unexplained("native.differs", "A payload behind what the section headers tell.")
def bytes_behind_native_code(wheel: RealWheel) -> list[bytes]:
    return [wheel.forge({name: wheel.files[name] + b"hidden"}) for name in _native(wheel)]


@BINARIES.unexplained("native.differs", "Another program under the same name.")
def native_code_replaced(wheel: RealWheel) -> list[bytes]:
    return [wheel.forge({name: _ELF}) for name in _native(wheel)]


@BINARIES.unexplained("member.only-rebuilt", "The slow, and different, fallback runs instead.")
def native_code_left_out(wheel: RealWheel) -> list[bytes]:
    return [wheel.forge({name: None}) for name in _native(wheel)]


@BINARIES.dangerous("code.bytecode-only-published", "Bytecode of another program runs at once.")
def bytecode_of_another_program(wheel: RealWheel) -> list[bytes]:
    unchecked = _bytecode(PAYLOAD, struct.pack("<LQ", 1, 0))
    return [
        wheel.forge({_cached(wheel): _timed(wheel, PAYLOAD)}),
        wheel.forge({_cached(wheel): unchecked}),
        wheel.forge({_cached(wheel, ".opt-1"): unchecked}),
        wheel.forge({f"{wheel.module}c": unchecked}),
        wheel.forge({f"{wheel.module}o": unchecked}),
    ]


@BINARIES.dangerous("code.bytecode-only-published", "A module without any source.")
def bytecode_without_source(wheel: RealWheel) -> list[bytes]:
    evil = _bytecode(PAYLOAD, bytes(12))
    return [wheel.forge({name: evil}) for name in ("extra.pyc", "json/__init__.pyc", "EXTRA.PYC")]


@BINARIES.dangerous("code.bytecode-only-published", "A payload behind honest bytecode.")
def bytes_behind_bytecode(wheel: RealWheel) -> bytes:
    honest = _timed(wheel, wheel.files[wheel.module])
    return wheel.forge({_cached(wheel): honest + b"hidden"})


@BINARIES.dangerous("code.bytecode-only-published", "Bytecode that an interpreter may not survive.")
def bytecode_that_is_none(wheel: RealWheel) -> list[bytes]:
    magic = importlib.util.MAGIC_NUMBER
    contents = (b"", b"\xa7\r\r\n", magic + bytes(12) + b"\xe3", magic + bytes(12) + b"(" * 5000)
    return [wheel.forge({_cached(wheel): content}) for content in contents]


@BINARIES.dangerous("code.bytecode-only-published", "Honest bytecode of one module for another.")
def bytecode_of_another_module(wheel: RealWheel) -> list[bytes]:
    sources = [name for name in wheel.files if name.endswith(".py") and ".data/" not in name]
    others = [wheel.files[name] for name in sources if name != wheel.module]
    return [wheel.forge({_cached(wheel): _timed(wheel, source)}) for source in others if source]


@BINARIES.unexplained("container.meaningful-field", "A date that makes stale bytecode run.")
def date_that_makes_bytecode_valid(wheel: RealWheel) -> Tampered:
    """The source builds to the same members, bytecode included; only the date differs."""
    base = wheel.with_files({_cached(wheel): _timed(wheel, PAYLOAD)})
    return Tampered(data=wheel.edited(base=base, date=_NEW_YEAR_2020, time=0), rebuilt=pack(base))


@BINARIES.dangerous("code.nested-archive", "Modules in an archive that imports look into.")
def archive_in_the_wheel(wheel: RealWheel) -> list[bytes]:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("evil.py", PAYLOAD)
    names = ("vendored.zip", "evil-1.0-py3.11.egg", "evil-1.0-py3-none-any.whl", "evil.pyz")
    return [wheel.forge({name: stream.getvalue()}) for name in names]
