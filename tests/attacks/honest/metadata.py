"""METADATA as other versions of build tools write it."""

import re
from collections.abc import Callable

from tests.attacks.honest.pair import HonestFamily
from tests.support.real_wheels import RealWheel

METADATA = HonestFamily("METADATA")

_FOLLOWS = "record-follows"

Change = Callable[[bytes], bytes]


def _changed(wheel: RealWheel, change: Change) -> list[bytes]:
    """The wheel with another METADATA, if the change applies to it."""
    name = wheel.info("METADATA")
    changed = change(wheel.files[name])
    return [wheel.forge({name: changed})] if changed != wheel.files[name] else []


def _both(wheel: RealWheel, published: Change, rebuilt: Change) -> tuple[bytes, bytes]:
    name = wheel.info("METADATA")
    text = wheel.files[name]
    return wheel.forge({name: published(text)}), wheel.forge({name: rebuilt(text)})


def _substitution(pattern: bytes, new: bytes) -> Change:
    """A change of every match."""
    return lambda text: re.sub(pattern, new, text, flags=re.MULTILINE)


def _with_field(line: bytes) -> Change:
    """One field more, before the summary."""
    return lambda text: text.replace(b"Summary: ", line + b"\nSummary: ", 1)


def _with_body(body: bytes) -> Change:
    return lambda text: text.partition(b"\n\n")[0] + b"\n\n" + body


def _with_version(version: bytes) -> Change:
    return _substitution(rb"\AMetadata-Version: \S+$", b"Metadata-Version: " + version)


@METADATA.equivalent("metadata.metadata-version", _FOLLOWS, is_symmetric=False)
def other_version_of_the_specification(wheel: RealWheel) -> tuple[bytes, bytes]:
    return _both(wheel, _with_version(b"2.1"), _with_version(b"2.3"))


@METADATA.equivalent("metadata.name-spelling", _FOLLOWS)
def other_spelling_of_the_name(wheel: RealWheel) -> list[bytes]:
    return [
        *_changed(wheel, lambda text: text.replace(b"Name: i", b"Name: I", 1)),
        *_changed(wheel, lambda text: text.replace(b"Name: s", b"Name: S", 1)),
        *_changed(wheel, lambda text: text.replace(b"-jsmath", b"_jsmath", 1)),
    ]


@METADATA.equivalent("metadata.requirement-spelling", _FOLLOWS)
def other_spelling_of_requirements(wheel: RealWheel) -> list[bytes]:
    changes = (
        _substitution(rb"^(Requires-Dist: \w+) ; extra == '(\w+)'$", rb'\1; extra == "\2"'),
        _substitution(rb"^(Requires-Dist: \w+) ; extra == '(\w+)'$", rb"\1 ; (extra=='\2')"),
    )
    return [each for change in changes for each in _changed(wheel, change)]


@METADATA.equivalent("metadata.requirement-spelling", _FOLLOWS, is_symmetric=False)
def other_spelling_of_specifiers(wheel: RealWheel) -> tuple[bytes, bytes]:
    without = _substitution(rb"^Requires-Dist: [^\n]*\n", b"")
    ours = _with_field(b"Requires-Dist: Other_Project[a,b] (<3,>=1.0)")
    theirs = _with_field(b"Requires-Dist: other-project[b, a]>=1.0,<3")
    return _both(
        wheel,
        lambda text: ours(without(text)),
        lambda text: theirs(without(text)),
    )


@METADATA.equivalent("metadata.extra-spelling", "metadata.requirement-spelling", _FOLLOWS)
def other_order_of_extras(wheel: RealWheel) -> tuple[bytes, bytes]:
    without = _substitution(rb"^(?:Requires-Dist|Provides-Extra): [^\n]*\n", b"")
    first = b'Provides-Extra: a-b\nRequires-Dist: x; extra == "a-b"'
    second = b'Provides-Extra: c\nRequires-Dist: y; extra == "c"'
    return _both(
        wheel,
        lambda text: _with_field(first + b"\n" + second)(without(text)),
        lambda text: _with_field(second + b"\n" + first)(without(text)),
    )


@METADATA.equivalent("metadata.requires-python-spelling", _FOLLOWS)
def other_spelling_of_the_python_requirement(wheel: RealWheel) -> list[bytes]:
    return [
        *_changed(wheel, _substitution(rb"^Requires-Python: >=(\S+)$", rb"Requires-Python: >= \1")),
        *_changed(
            wheel,
            _substitution(rb"^Requires-Python: (>=2\.7), (!=3\.0\.\*)", rb"Requires-Python: \2,\1"),
        ),
    ]


@METADATA.equivalent("metadata.placeholder", _FOLLOWS)
def field_that_is_unknown(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    lines = (b"Platform: UNKNOWN\n", b"License: UNKNOWN\n", b"Author: UNKNOWN\n")
    without = _substitution(rb"^(?:Platform|License|Author): [^\n]*\n", b"")
    return [
        _both(wheel, lambda text, line=line: _with_field(line[:-1])(without(text)), without)  # type: ignore[misc]  # default binds now
        for line in lines
    ]


@METADATA.equivalent("metadata.placeholder", _FOLLOWS)
def description_that_is_unknown(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    return [_both(wheel, _with_body(b"UNKNOWN\n\n\n"), _with_body(b""))]


@METADATA.equivalent("metadata.description-newlines", _FOLLOWS)
def other_end_of_the_description(wheel: RealWheel) -> list[bytes]:
    return [
        *_changed(wheel, lambda text: text + b"\n"),
        *_changed(wheel, lambda text: text + b"\n\n"),
        *_changed(wheel, lambda text: text.rstrip(b"\n")),
    ]


@METADATA.equivalent("metadata.description-dedent", _FOLLOWS)
def description_through_a_header(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    before = _with_body(b"    Title\n\n    text of it\n        code\n")
    after = _with_body(b"Title\n\ntext of it\n    code\n")
    return [_both(wheel, after, before), _both(wheel, before, after)]


@METADATA.equivalent("metadata.license-files", _FOLLOWS)
def license_files_told_or_not(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    told = _substitution(rb"\n\n", b"\n\n")
    untold = _substitution(rb"^License-File: [^\n]*\n", b"")
    name = wheel.info("METADATA")
    if b"License-File: " not in wheel.files[name]:
        return []
    return [_both(wheel, untold, told), _both(wheel, told, untold)]


@METADATA.equivalent("metadata.license-folding", _FOLLOWS)
def license_with_lost_lines(wheel: RealWheel) -> tuple[bytes, bytes]:
    without = _substitution(rb"^License: [^\n]*\n", b"")
    indent = b" " * 8
    before = b"License: Terms\n" + indent + b"\n" + indent + b"More of them"
    after = b"License: Terms" + indent + b"\n" + indent + b"More of them"
    return _both(
        wheel,
        lambda text: _with_field(after)(without(text)),
        lambda text: _with_field(before)(without(text)),
    )


@METADATA.equivalent("metadata.home-page", _FOLLOWS)
def home_page_told_twice(wheel: RealWheel) -> tuple[bytes, bytes]:
    without = _substitution(rb"^(?:Home-page|Project-URL): [^\n]*\n", b"")
    url = b"Project-URL: Homepage, https://example.org/"
    return _both(
        wheel,
        lambda text: _with_field(url + b"\nHome-page: https://example.org/")(without(text)),
        lambda text: _with_field(url)(without(text)),
    )


@METADATA.equivalent("metadata.dynamic", _FOLLOWS)
def fields_told_as_dynamic(wheel: RealWheel) -> tuple[bytes, bytes]:
    told = _with_field(b"Dynamic: description\nDynamic: license-file")
    newer = _with_version(b"2.2")
    return _both(wheel, lambda text: told(newer(text)), newer)


@METADATA.equivalent("metadata.python-classifiers", _FOLLOWS)
def classifiers_of_other_pythons(wheel: RealWheel) -> list[bytes]:
    line = b"Classifier: Programming Language :: Python :: "
    return [
        *_changed(wheel, lambda text: text.replace(line + b"3.7\n", b"", 1)),
        *_changed(wheel, _with_field(line + b"3.14\n" + line + b"3.15")),
    ]


@METADATA.equivalent("metadata.layout", _FOLLOWS)
def other_order_of_fields(wheel: RealWheel) -> list[bytes]:
    def moved(text: bytes) -> bytes:
        head, end, body = text.partition(b"\n\n")
        lines = head.split(b"\n")
        # Values of one field keep their order, which means something.
        first = [line for line in lines[3:] if line.startswith((b"Requires-Python", b"License:"))]
        rest = [line for line in lines[3:] if line not in first]
        return b"\n".join([*lines[:3], *first, *rest]) + end + body

    return _changed(wheel, moved)


@METADATA.equivalent("metadata.layout", _FOLLOWS)
def odd_spelling_of_a_field(wheel: RealWheel) -> list[bytes]:
    return _changed(wheel, lambda text: text.replace(b"Author-email:", b"Author-Email:", 1))


@METADATA.equivalent("metadata.line-ends", _FOLLOWS)
def other_line_ends_in_metadata(wheel: RealWheel) -> list[bytes]:
    return _changed(wheel, lambda text: text.replace(b"\n", b"\r\n"))


@METADATA.equivalent(
    "metadata.metadata-version",
    "metadata.description-newlines",
    "metadata.dynamic",
    "metadata.layout",
    "wheel-generator",
    _FOLLOWS,
    is_symmetric=False,
)
def other_setuptools(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    """Several of these at once, as another version of a build tool has them."""
    name = wheel.info("METADATA")
    text = _with_version(b"2.2")(wheel.files[name])
    text = text.replace(b"Author-email:", b"Author-Email:", 1) + b"\n"
    if b"Author-Email:" not in text:
        return []
    generator = re.sub(
        rb"Generator: [^\r\n]*", b"Generator: setuptools (70.1.0)", wheel.files[wheel.info("WHEEL")]
    )
    published = {name: _with_field(b"Dynamic: license-file")(text), wheel.info("WHEEL"): generator}
    rebuilt = {name: _with_version(b"2.4")(wheel.files[name])}
    return [(wheel.forge(published), wheel.forge(rebuilt))]
