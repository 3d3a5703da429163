"""WHEEL: what tells installers how to install."""

from tests.attacks.catalogue.technique import Family, Tampered
from tests.support.real_wheels import RealWheel

WHEEL_FILE = Family("WHEEL")


def _generator(wheel: RealWheel) -> bytes:
    """The Generator line, without its end."""
    lines = wheel.files[wheel.info("WHEEL")].split(b"\n")
    return next(line for line in lines if line.startswith(b"Generator"))


def _replaced(wheel: RealWheel, old: bytes, new: bytes) -> bytes:
    text = wheel.files[wheel.info("WHEEL")]
    assert old in text
    return wheel.forge({wheel.info("WHEEL"): text.replace(old, new, 1)})


def _whole(wheel: RealWheel, text: bytes) -> bytes:
    return wheel.forge({wheel.info("WHEEL"): text})


@WHEEL_FILE.unexplained("member.differs", "A message in a line that nobody reads.")
def generator_with_a_message(wheel: RealWheel) -> list[bytes]:
    lines = (
        b"Generator: evil 1.0",
        b"Generator: bdist_wheel (0.37.1+payload)",
        b"Generator: bdist_wheel (0.37.1",
        b"Generator: bdist_wheel 0.37.1)",
        b"Generator: bdist_wheel  (0.37.1)",
        b"Generator: bdist_wheel (0.37.1) ",
        b"Generator: bdist_wheel (not.a.version)",
        b"Generator: bdist_wheel (" + b"1" * 300 + b")",
        b"Generator: bdist_wheel (0.37.1) (0.37.1)",
        "Generator: bdist_wheel (\u0661)".encode(),
    )
    return [_replaced(wheel, _generator(wheel), line) for line in lines]


@WHEEL_FILE.unexplained("member.differs", "A second Generator line for a message.")
def two_generators(wheel: RealWheel) -> list[bytes]:
    line = _generator(wheel)
    return [
        _replaced(wheel, line, line + b"\nGenerator: flit 3.9.0"),
        _replaced(wheel, line + b"\n", b""),
    ]


@WHEEL_FILE.unexplained("member.differs", "A field for a message, or for a future installer.")
def field_added(wheel: RealWheel) -> list[bytes]:
    line = _generator(wheel)
    return [
        _replaced(wheel, line, line + b"\nPayload: x"),
        _replaced(wheel, line, b"Generator: flit 3.9.0\nPayload: x"),
    ]


@WHEEL_FILE.unexplained("member.differs", "Modules go to another directory than the source says.")
def other_purelib(wheel: RealWheel) -> bytes:
    old, new = b"Root-Is-Purelib: true", b"Root-Is-Purelib: false"
    if old not in wheel.files[wheel.info("WHEEL")]:
        old, new = new, old
    return _replaced(wheel, old, new)


@WHEEL_FILE.unexplained("member.differs", "The same, behind another version of the tool.")
def other_purelib_behind_another_generator(wheel: RealWheel) -> bytes:
    text = wheel.files[wheel.info("WHEEL")].replace(_generator(wheel), b"Generator: flit 3.9.0")
    old, new = (b"true", b"false") if b"true" in text else (b"false", b"true")
    return _whole(wheel, text.replace(old, new))


@WHEEL_FILE.unexplained("wheel.root-is-purelib", "Installers take the first or the last of two.")
def two_purelibs(wheel: RealWheel) -> list[bytes]:
    line = b"Root-Is-Purelib: "
    return [
        _replaced(wheel, line, b"Root-Is-Purelib: false\n" + line),
        _replaced(wheel, line, b"Root-Is-Purelib: maybe\nX: "),
    ]


@WHEEL_FILE.unexplained("wheel.tags", "The wheel is installed where it was not built for.")
def other_tags(wheel: RealWheel) -> list[bytes]:
    text = wheel.files[wheel.info("WHEEL")]
    first = next(line for line in text.split(b"\n") if line.startswith(b"Tag"))
    return [
        _replaced(wheel, first, b"Tag: py3-none-win_amd64"),
        _replaced(wheel, first, first + b"\nTag: cp313-cp313-any"),
        _replaced(wheel, first + b"\n", b""),
    ]


@WHEEL_FILE.unexplained("wheel.tags", "Expanding a compressed tag set takes the judge's memory.")
def tag_explosion(wheel: RealWheel) -> bytes:
    tags = b"-".join([b".".join(b"%c" % letter for letter in b"abcdefghijklmn")] * 3)
    return _replaced(wheel, b"Tag: ", b"Tag: " + tags + b"\nTag: ")


@WHEEL_FILE.unexplained("wheel.build", "Installers prefer this file to the honest one.")
def build_number(wheel: RealWheel) -> bytes:
    return _replaced(wheel, b"Tag: ", b"Build: 99\nTag: ")


@WHEEL_FILE.unexplained("wheel.build", "The same, by the name of the file.")
def build_number_in_the_file_name(wheel: RealWheel) -> Tampered:
    tags = wheel.filename.split("-", 2)[2]
    return Tampered(data=wheel.data, filename=f"{wheel.stem}-99-{tags}")


@WHEEL_FILE.unexplained("wheel.tags", "A file under a name that installers prefer.")
def tags_in_the_file_name(wheel: RealWheel) -> Tampered:
    return Tampered(data=wheel.data, filename=f"{wheel.stem}-cp39-abi3-win_amd64.whl")


@WHEEL_FILE.unexplained("wheel.version", "Installers install by rules of another version, or none.")
def format_version(wheel: RealWheel) -> list[bytes]:
    versions = (b"2.0", b"1.9", b"1.0\nWheel-Version: 1.0")
    return [_replaced(wheel, b"Version: 1.0", b"Version: " + version) for version in versions]


@WHEEL_FILE.unexplained("wheel.unreadable", "Parsers differ in what the fields are.")
def lines_that_are_no_fields(wheel: RealWheel) -> list[bytes]:
    text = wheel.files[wheel.info("WHEEL")]
    return [
        _replaced(wheel, b"Root-Is", b" folded\nRoot-Is"),
        _whole(wheel, b"\xef\xbb\xbf" + text),
        _whole(wheel, b"\xff\xfe"),
        _whole(wheel, text.replace(b": ", b" = ")),
    ]


@WHEEL_FILE.unexplained("wheel.read-otherwise", "Installers read fields that auditors do not.")
def fields_that_installers_read_otherwise(wheel: RealWheel) -> list[bytes]:
    return [
        _replaced(wheel, b"Root-Is-Purelib", b"root-is-purelib: false\nRoot-Is-Purelib"),
        _replaced(wheel, b"Root-Is-Purelib", b"\nRoot-Is-Purelib"),
        _replaced(wheel, b"Root-Is", b"X: 1\rRoot-Is-Purelib: false\nRoot-Is"),
    ]


@WHEEL_FILE.dangerous("distinfo.missing-file", "Installers guess how to install.")
def no_wheel_file(wheel: RealWheel) -> bytes:
    return wheel.forge({wheel.info("WHEEL"): None})


@WHEEL_FILE.dangerous("distinfo.oversized", "The judge's memory, or a payload among the fields.")
def huge_wheel_file(wheel: RealWheel) -> bytes:
    return _whole(wheel, wheel.files[wheel.info("WHEEL")] + b"X: 1\n" * 20_000)
