"""Names of members: what extractors, file systems and people read differently."""

from dataclasses import replace
from pathlib import PurePosixPath

from tests.attacks.catalogue.technique import PAYLOAD, Family
from tests.support.real_wheels import RealWheel
from tests.support.wheels import Entry, pack

NAMES = Family("Names")


def _added(wheel: RealWheel, *names: str) -> bytes:
    """The wheel with modules of these names, all of them in RECORD."""
    return wheel.forge(dict.fromkeys(names, PAYLOAD))


def _sibling(wheel: RealWheel, name: str) -> str:
    """A name in the directory of the module that attacks change."""
    return str(PurePosixPath(wheel.module).with_name(name))


@NAMES.dangerous("archive.unsafe-name", "A file anywhere on the machine.")
def absolute_name(wheel: RealWheel) -> bytes:
    return _added(wheel, "/etc/profile.d/x.sh")


@NAMES.dangerous("archive.unsafe-name", "A file above the installation root.")
def climbing_name(wheel: RealWheel) -> list[bytes]:
    return [_added(wheel, "../x.py"), _added(wheel, "a/../../x.py"), _added(wheel, "a/..")]


@NAMES.dangerous("archive.unsafe-name", "The same for extractors on Windows.")
def backslash_name(wheel: RealWheel) -> list[bytes]:
    return [_added(wheel, "a\\..\\..\\x.py"), _added(wheel, "\\\\host\\share\\x.py")]


@NAMES.dangerous("archive.unsafe-name", "A file on another drive.")
def drive_name(wheel: RealWheel) -> bytes:
    return _added(wheel, "C:x.py")


@NAMES.dangerous("archive.unsafe-name", "C code sees the name end early.")
def null_in_a_name(wheel: RealWheel) -> bytes:
    return _added(wheel, "x.py\0.txt")


@NAMES.dangerous("archive.unsafe-name", "A listing in a terminal shows something else.")
def escape_sequence_in_a_name(wheel: RealWheel) -> list[bytes]:
    return [_added(wheel, "x\x1b[2K.py"), _added(wheel, "x\n.py"), _added(wheel, "x\x7f.py")]


@NAMES.dangerous("archive.unsafe-name", "A listing shows the extension of another file type.")
def right_to_left_name(wheel: RealWheel) -> bytes:
    return _added(wheel, "x\u202eyp.txt")


@NAMES.dangerous("archive.unsafe-name", "A listing shows two equal names.")
def invisible_character_in_a_name(wheel: RealWheel) -> list[bytes]:
    names = ("x\u200b.py", "x\u00ad.py", "x\ufeff.py", "x\u2028.py")
    return [_added(wheel, name) for name in names]


@NAMES.dangerous("archive.unsafe-name", "Path functions and extractors go to two places.")
def empty_or_dot_segment(wheel: RealWheel) -> list[bytes]:
    return [_added(wheel, "a//x.py"), _added(wheel, "./x.py"), _added(wheel, "a/./x.py")]


@NAMES.dangerous("archive.unsafe-name", "A member that listings do not show.")
def empty_name(wheel: RealWheel) -> bytes:
    return pack([*wheel.entries, Entry(name="", data=PAYLOAD)])


@NAMES.dangerous("archive.name-twins", "Case-insensitive file systems keep the last one.")
def case_twin(wheel: RealWheel) -> bytes:
    path = PurePosixPath(wheel.module)
    return _added(wheel, str(path.with_name(path.name.swapcase())))


@NAMES.dangerous("archive.name-twins", "Case-insensitive file systems replace METADATA.")
def case_twin_of_metadata(wheel: RealWheel) -> bytes:
    return _added(wheel, wheel.info("metadata"))


@NAMES.dangerous("archive.name-twins", "Normalizing file systems keep the last one.")
def unicode_twin(wheel: RealWheel) -> list[bytes]:
    pairs = (("\u00e9.py", "e\u0301.py"), ("\u212a.py", "k.py"), ("stra\u00dfe.py", "strasse.py"))
    return [_added(wheel, *pair) for pair in pairs]


@NAMES.dangerous("archive.name-twins", "Windows and Info-ZIP drop or replace what differs.")
def twin_on_windows(wheel: RealWheel) -> list[bytes]:
    name = wheel.module
    twins = (f"{name}.", f"{name} ", f"{name};1")
    pairs = [_added(wheel, twin) for twin in twins]
    return [*pairs, _added(wheel, "x_.py", "x?.py")]


@NAMES.dangerous("archive.short-name", "Windows opens the long name by this one.")
def short_name_twin(wheel: RealWheel) -> bytes:
    return _added(wheel, "long_name_of_a_module.py", "LONG_N~1.PY")


@NAMES.dangerous("archive.name-encoding", "Readers differ on the characters of the name.")
def name_that_is_no_utf8(wheel: RealWheel) -> list[bytes]:
    return [
        pack([*wheel.entries, Entry(name=name, data=PAYLOAD, flags=flags)])
        for name, flags in ((b"\xff.py", 0x800), (b"\xc0\xaf.py", 0x800), ("é.py".encode(), 0))
    ]


@NAMES.dangerous("archive.path-conflict", "A module is a directory for who extracts in order.")
def file_and_directory(wheel: RealWheel) -> bytes:
    return _added(wheel, f"{wheel.module}/__init__.py")


@NAMES.unexplained("archive.unportable-name", "Windows opens a device or a hidden stream.")
def unportable_name(wheel: RealWheel) -> list[bytes]:
    names = ("nul.py", "aux/x.py", "x.py:stream", "x.py.", "trailing /x.py")
    return [_added(wheel, name) for name in names]


@NAMES.unexplained("archive.unportable-name", "Extraction fails on common file systems.")
def overlong_name(wheel: RealWheel) -> bytes:
    return _added(wheel, "a" * 600)


@NAMES.unexplained("code.only-published", "A module that a person takes for the real one.")
def homoglyph_name(wheel: RealWheel) -> list[bytes]:
    return [_added(wheel, _sibling(wheel, name)) for name in ("c\u043ere.py", "l0gging.py")]


@NAMES.unexplained("code.only-published", "A module that no import finds under its true name.")
def renamed_module(wheel: RealWheel) -> bytes:
    moved = _sibling(wheel, "renamed.py")
    return wheel.forge({wheel.module: None, moved: wheel.files[wheel.module]})


@NAMES.unexplained("code.differs", "Two modules change their contents.")
def exchanged_modules(wheel: RealWheel) -> list[bytes]:
    sources = [name for name in wheel.files if name.endswith(".py") and ".data/" not in name]
    # An encoding declaration that moves to another module is another technique.
    if len(sources) < 2 or any(b"coding" in wheel.files[name][:80] for name in sources):
        return []
    first, second = sources[:2]
    return [wheel.forge({first: wheel.files[second], second: wheel.files[first]})]


@NAMES.dangerous("archive.kind-contradiction", "A module whose name says directory.")
def file_with_a_trailing_slash(wheel: RealWheel) -> bytes:
    folder = replace(wheel.entry(wheel.module), name="module/", data=b"", stream=None)
    return pack([*wheel.entries, folder])
