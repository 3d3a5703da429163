"""entry_points.txt: programs on the PATH, and plugins that other programs load unasked."""

from tests.attacks.catalogue.technique import Family
from tests.support.real_wheels import RealWheel

ENTRY_POINTS = Family("Entry points")


def _text(wheel: RealWheel) -> bytes:
    return wheel.files.get(wheel.info("entry_points.txt"), b"")


def _with(wheel: RealWheel, text: bytes) -> bytes:
    return wheel.forge({wheel.info("entry_points.txt"): text})


def _changed(wheel: RealWheel, old: bytes, new: bytes) -> list[bytes]:
    text = _text(wheel)
    return [_with(wheel, text.replace(old, new))] if old in text else []


@ENTRY_POINTS.dangerous("entry-points.changed", "A program that shadows one of the system.")
def program_added(wheel: RealWheel) -> list[bytes]:
    sections = (b"[console_scripts]\nsudo = x:y\n", b"[gui_scripts]\nsudo = x:y\n")
    if _text(wheel):
        return _changed(wheel, b"[console_scripts]\n", b"[console_scripts]\nsudo = x:y\n")
    return [_with(wheel, section) for section in sections]


@ENTRY_POINTS.dangerous("entry-points.changed", "Code in every run of another program.")
def plugin_added(wheel: RealWheel) -> list[bytes]:
    groups = (b"pytest11", b"distutils.commands", b"flake8.extension", b"sphinx.builders")
    return [_with(wheel, _text(wheel) + b"[" + group + b"]\nx = x:y\n") for group in groups]


@ENTRY_POINTS.dangerous("entry-points.changed", "An honest program runs other code.")
def target_changed(wheel: RealWheel) -> list[bytes]:
    return [
        *_changed(wheel, b":main", b":evil"),
        *_changed(wheel, b":main", b":main [extra]"),
        *_changed(wheel, b":main", b":main\n  evil"),
    ]


@ENTRY_POINTS.dangerous("entry-points.changed", "A section whose entries appear in all others.")
def default_section(wheel: RealWheel) -> bytes:
    return _with(wheel, b"[DEFAULT]\nsudo = x:y\n" + (_text(wheel) or b"[console_scripts]\n"))


@ENTRY_POINTS.dangerous("entry-points.changed", "Parsers differ in what they make of it.")
def file_that_does_not_parse(wheel: RealWheel) -> list[bytes]:
    texts = (
        b"sudo = x:y\n",
        b"[console_scripts]\nsudo = x:y\nsudo = y:z\n",
        b"\xef\xbb\xbf[console_scripts]\nsudo = x:y\n",
        b"[console_scripts]\nsudo = x:y\xff\n",
    )
    return [_with(wheel, text) for text in texts]


@ENTRY_POINTS.dangerous("entry-points.changed", "Case-insensitive systems run another program.")
def case_twin_of_a_program(wheel: RealWheel) -> list[bytes]:
    return _changed(wheel, b"[console_scripts]\n", b"[console_scripts]\nDISTRO = x:y\n")


@ENTRY_POINTS.unexplained("member.differs", "A message in comments and blanks.")
def comment_in_entry_points(wheel: RealWheel) -> list[bytes]:
    return [
        *_changed(wheel, b"[console_scripts]\n", b"# hidden\n[console_scripts]\n"),
        *_changed(wheel, b" = ", b"  =  "),
    ]


@ENTRY_POINTS.unexplained("member.differs", "A program that people rely on is gone.")
def program_left_out(wheel: RealWheel) -> list[bytes]:
    return _changed(wheel, b"distro = distro.distro:main\n", b"")


@ENTRY_POINTS.unexplained("member.only-rebuilt", "All programs are gone.")
def file_left_out(wheel: RealWheel) -> list[bytes]:
    return [wheel.forge({wheel.info("entry_points.txt"): None})] if _text(wheel) else []
