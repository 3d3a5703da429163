"""The shapes in which benign rules explain a container, WHEEL or RECORD, with something inside."""

import re

from tests.attacks.catalogue.technique import PAYLOAD, Family, Tampered
from tests.support.real_wheels import RealWheel
from tests.support.wheels import Entry, deflate, pack

SMUGGLING = Family("Through benign rules: containers")


def _other_generator(wheel: RealWheel) -> bytes:
    text = wheel.files[wheel.info("WHEEL")]
    return re.sub(rb"Generator: [^\r\n]*", b"Generator: flit 3.9.0", text)


def _folder(wheel: RealWheel) -> str:
    """A directory of the wheel that holds files and has no entry of its own, with its slash."""
    folders = {name.rpartition("/")[0] + "/" for name in wheel.files if "/" in name}
    listed = {str(entry.name) for entry in wheel.entries}
    return min(folders - listed, default="")


def _with_folder(wheel: RealWheel, **fields: object) -> list[bytes]:
    name = _folder(wheel)
    if not name or not wheel.is_folder_that_says_nothing(name):
        return []
    folder = Entry(name=name, method=0, mode=0o40755)
    return [wheel.edited(base=[folder, *wheel.entries], name=name, **fields)]


@SMUGGLING.unexplained("member.differs", "A Generator line of a file that is not WHEEL.")
def generator_line_elsewhere(wheel: RealWheel) -> Tampered:
    name = "vendored/WHEEL"
    return Tampered(
        data=wheel.forge({name: _other_generator(wheel)}),
        rebuilt=wheel.forge({name: wheel.files[wheel.info("WHEEL")]}),
    )


@SMUGGLING.unexplained("member.only-published", "A WHEEL file in another directory.")
def second_wheel_file(wheel: RealWheel) -> bytes:
    text = wheel.files[wheel.info("WHEEL")]
    return wheel.forge({wheel.info("x/WHEEL"): text, wheel.info("WHEEL"): _other_generator(wheel)})


@SMUGGLING.unexplained("code.differs", "A change that hides behind an explained one.")
def change_beside_an_explained_one(wheel: RealWheel) -> bytes:
    source = wheel.files[wheel.module] + PAYLOAD
    return wheel.forge({wheel.module: source, wheel.info("WHEEL"): _other_generator(wheel)})


@SMUGGLING.unexplained("member.differs", "A reordered RECORD with a row for a changed member.")
def reordered_record_with_a_changed_row(wheel: RealWheel) -> bytes:
    changes: dict[str, bytes | None] = {wheel.module: wheel.files[wheel.module] + PAYLOAD}
    entries = wheel.with_files(changes)
    record = next(entry for entry in entries if entry.name == wheel.record).data
    rows = record.splitlines(keepends=True)
    return wheel.forge(changes, record=b"".join([*rows[:-1][::-1], rows[-1]]))


@SMUGGLING.unexplained("container.deflate-slack", "A message in the stream of an explained member.")
def bits_behind_an_explained_member(wheel: RealWheel) -> bytes:
    name = wheel.info("WHEEL")
    text = _other_generator(wheel)
    base = wheel.with_files({name: text})
    return wheel.edited(base=base, name=name, stream=b"\0\0\0\xff\xff" * 3 + deflate(text))


@SMUGGLING.unexplained("member.only-published", "Packed bytes of a directory that holds none.")
def directory_with_packed_bytes(wheel: RealWheel) -> list[bytes]:
    return _with_folder(wheel, method=8, stream=b"\0\0\0\xff\xff" * 9 + deflate(b""))


@SMUGGLING.unexplained("container.deflate-slack", "Six bits behind the end of an empty stream.")
def bits_behind_a_directory(wheel: RealWheel) -> list[bytes]:
    return _with_folder(wheel, method=8, stream=b"\x03\x80")


@SMUGGLING.unexplained("member.only-published", "A directory that nobody may look into.")
def directory_that_is_closed(wheel: RealWheel) -> list[bytes]:
    return [*_with_folder(wheel, mode=0o40000), *_with_folder(wheel, mode=0o40444)]


@SMUGGLING.unexplained("archive.extra-field", "A payload in the header of a needless directory.")
def directory_with_an_extra_field(wheel: RealWheel) -> list[bytes]:
    return _with_folder(wheel, local_extra=b"\xfe\xca\6\0hidden")


@SMUGGLING.unexplained("member.only-published", "An empty directory is a package to Python.")
def directory_without_files(wheel: RealWheel) -> list[bytes]:
    names = (f"{_folder(wheel)}extra/", "extra/", f"{wheel.stem}.data/purelib/")
    return [pack([Entry(name=name, method=0, mode=0o40755), *wheel.entries]) for name in names]
