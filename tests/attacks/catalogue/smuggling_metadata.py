"""The shapes in which benign rules explain METADATA, with something else inside."""

from collections.abc import Callable

from tests.attacks.catalogue.technique import Family, Tampered
from tests.support.real_wheels import RealWheel

SMUGGLING_METADATA = Family("Through benign rules: METADATA")

Change = Callable[[bytes], bytes]


def _published(wheel: RealWheel, *changes: Change) -> list[bytes]:
    """The wheel with METADATA changed in each way that applies to it."""
    name = wheel.info("METADATA")
    changed = [change(wheel.files[name]) for change in changes]
    return [wheel.forge({name: text}) for text in changed if text != wheel.files[name]]


def _fields(wheel: RealWheel, rebuilt: bytes, *published: bytes) -> list[Tampered]:
    """Fields before the summary that the source builds to in one way, and other ones published."""
    name = wheel.info("METADATA")
    text = wheel.files[name]

    def forged(lines: bytes) -> bytes:
        return wheel.forge({name: text.replace(b"Summary: ", lines + b"Summary: ", 1)})

    base = forged(rebuilt)
    return [Tampered(data=forged(lines), rebuilt=base) for lines in published]


def _bodies(wheel: RealWheel, rebuilt: bytes, *published: bytes) -> list[Tampered]:
    name = wheel.info("METADATA")
    head = wheel.files[name].partition(b"\n\n")[0] + b"\n\n"
    base = wheel.forge({name: head + rebuilt})
    return [Tampered(data=wheel.forge({name: head + body}), rebuilt=base) for body in published]


@SMUGGLING_METADATA.unexplained("metadata.dependencies-differ", "Almost the same requirement.")
def requirement_spelled_almost_alike(wheel: RealWheel) -> list[Tampered]:
    return _fields(
        wheel,
        b"Requires-Dist: pkg-a>=1.0,<2\n",
        b"Requires-Dist: pkg-a>=1.0\n",
        b"Requires-Dist: pkg-a>=1.0,<2,!=1.5\n",
        b"Requires-Dist: pkg-a>=1.0,<=2\n",
        b"Requires-Dist: pkg-a>=1,<2\n",
        b"Requires-Dist: pkg-a[x]>=1.0,<2\n",
        b"Requires-Dist: pkg-a>=1.0,<2; python_version>'2'\n",
        b"Requires-Dist: pkg-a>=1.0,<2\nRequires-Dist: pkg-a>=1.0,<2\n",
        b"Requires-Dist: pkg-a>=1.0,<2,\n",
        b"Requires-Dist: pkg-a===1.0\n",
        b"Requires-Dist: pkg-a(>=1.0,<2\n",
    )


@SMUGGLING_METADATA.dangerous("metadata.dependency-added", "A project whose name looks alike.")
def requirement_on_a_like_name(wheel: RealWheel) -> list[Tampered]:
    return _fields(
        wheel,
        b"Requires-Dist: pkg-a>=1.0\n",
        b"Requires-Dist: pkga>=1.0\n",
        b"Requires-Dist: pkg-a-b>=1.0\n",
        b"Requires-Dist: pkg-a @ https://example.org/pkg_a-1.0-py3-none-any.whl\n",
        b"Requires-Dist: pkg-a>=1.0\nRequires-Dist: pkg-b\n",
    )


@SMUGGLING_METADATA.unexplained("metadata.dependencies-differ", "A marker that nearly means that.")
def marker_spelled_almost_alike(wheel: RealWheel) -> list[Tampered]:
    marker = b"Requires-Dist: pkg-a; os_name == 'nt' and (extra == 'a' or extra == 'b')\n"
    old = b"os_name == 'nt' and (extra == 'a' or extra == 'b')"
    markers = (
        b"os_name == 'nt' and extra == 'a' or extra == 'b'",
        b"os_name == 'nt' or (extra == 'a' or extra == 'b')",
        b"os_name == 'NT' and (extra == 'a' or extra == 'b')",
        b"os.name == 'nt' and (extra == 'a' or extra == 'b')",
        b"'nt' == os_name and (extra == 'a' or extra == 'b')",
        b"os_name == 'nt' and (extra == 'a' or extra != 'b')",
        b"os_name == 'nt' and (extra == 'a' or extra == 'b') #",
        b"os_name == 'nt' and (extra == 'a' or extra == 'b') or os_name != 'x'",
    )
    return _fields(wheel, marker, *(marker.replace(old, each) for each in markers))


@SMUGGLING_METADATA.unexplained("metadata.dependencies-differ", "A message in a run of spaces.")
def requirement_full_of_spaces(wheel: RealWheel) -> list[Tampered]:
    spaces = b" " * 1000
    return [
        *_fields(wheel, b"Requires-Dist: a>=1\n", b"Requires-Dist: a" + spaces + b">=1\n"),
        *_fields(wheel, b"Requires-Dist: a>=1\n", b"Requires-Dist: a" + spaces + b">= 1\n"),
    ]


@SMUGGLING_METADATA.unexplained("member.differs", "Free bytes that readers strip.")
def requirement_with_trailing_spaces(wheel: RealWheel) -> list[Tampered]:
    spaces = b" " * 1000
    return _fields(wheel, b"Requires-Dist: a\n", b"Requires-Dist: a" + spaces + b"\n")


@SMUGGLING_METADATA.unexplained("member.differs", "The same, in another field.")
def python_requirement_full_of_spaces(wheel: RealWheel) -> list[bytes]:
    start = b"Requires-Python: "
    return _published(wheel, lambda text: text.replace(start + b">=", start + b" " * 900 + b">="))


@SMUGGLING_METADATA.unexplained("metadata.dependencies-differ", "Almost the same Python versions.")
def python_requirement_spelled_almost_alike(wheel: RealWheel) -> list[bytes]:
    return _published(
        wheel,
        lambda text: text.replace(b"Requires-Python: >=3.7", b"Requires-Python: >=3.07"),
        lambda text: text.replace(b"Requires-Python: >=3.7", b"Requires-Python: >3.7"),
        lambda text: text.replace(b"Requires-Python: >=3.7", b"Requires-Python: >=3.7.0"),
    )


@SMUGGLING_METADATA.unexplained("member.differs", "A message in the path of a license.")
def license_file_with_an_invented_path(wheel: RealWheel) -> list[bytes]:
    """Before Metadata-Version 2.4 files were found by their last segment."""
    return _published(
        wheel,
        lambda text: text.replace(b"License-File: ", b"License-File: a message to anybody/"),
        lambda text: text.replace(b"License-File: ", b"License-File: ../../etc/"),
        lambda text: text.replace(
            b"License-File: ", b"License-File: x/LICENSE\nLicense-File: y/LICENSE\nLicense-File: "
        ),
    )


@SMUGGLING_METADATA.unexplained("member.differs", "A license file that is not there.")
def license_file_that_is_not_there(wheel: RealWheel) -> list[bytes]:
    return _published(
        wheel,
        lambda text: text.replace(b"Summary: ", b"License-File: GHOST\nSummary: ", 1),
        lambda text: text.replace(b"Summary: ", b"License-File: RECORD\nSummary: ", 1),
    )


@SMUGGLING_METADATA.unexplained("member.differs", "A name with more separators than any has.")
def name_full_of_separators(wheel: RealWheel) -> list[bytes]:
    return _published(
        wheel, lambda text: text.replace(b"contrib-js", b"contrib-._-._-._-._-._-._js", 1)
    )


@SMUGGLING_METADATA.unexplained("member.differs", "Fields that strict readers do not see.")
def version_of_the_specification_that_hides(wheel: RealWheel) -> list[bytes]:
    line = b"Metadata-Version: "

    def with_version(version: bytes) -> Change:
        return lambda text: text.replace(line + b"2.1", line + version, 1)

    return _published(wheel, *map(with_version, (b"1.0", b"1.1", b"9.9", b"2.1.0", b" 2.1")))


@SMUGGLING_METADATA.unexplained("member.differs", "Other words for what is not known.")
def placeholder_that_is_none(wheel: RealWheel) -> list[Tampered]:
    return _fields(
        wheel,
        b"",
        b"Maintainer: UNKNOWN\n",
        b"Download-URL: UNKNOWN\n",
        b"Keywords: unknown\n",
        b"Platform: UNKNOWN\nPlatform: UNKNOWN \n",
    )


@SMUGGLING_METADATA.unexplained("member.differs", "Other words, or many empty lines, for people.")
def description_changed_beyond_layout(wheel: RealWheel) -> list[Tampered]:
    text = b"    Title\n\n    text of it\n        code\n"
    return _bodies(
        wheel,
        text,
        b"Title\n\ntext of it\n    evil\n",
        b"Title\n\n  text of it\n code\n",
        text + b"\n" * 40,
        text + b" \n",
        text.replace(b"text", b" " * 900 + b"text"),
        text.replace(b"\n\n", b"\n \t \t\n"),
    )


@SMUGGLING_METADATA.unexplained("member.differs", "Another home page under the same name.")
def home_page_that_differs(wheel: RealWheel) -> list[Tampered]:
    url = b"Project-URL: Homepage, https://example.org/\n"
    if b"Home-page: " in wheel.files[wheel.info("METADATA")]:
        return []
    return _fields(wheel, url, url + b"Home-page: https://example.com/\n")


@SMUGGLING_METADATA.unexplained("member.differs", "Words where only names of fields may be.")
def dynamic_field_that_is_none(wheel: RealWheel) -> list[Tampered]:
    return _fields(
        wheel,
        b"",
        b"Dynamic: a message\n",
        b"Dynamic: version\n",
        b"Dynamic: name\n",
        b"Dynamic: license\nDynamic: license\n",
    )


@SMUGGLING_METADATA.unexplained("member.differs", "Words where only versions of Python may be.")
def classifier_that_is_no_version(wheel: RealWheel) -> list[Tampered]:
    start = b"Classifier: Programming Language :: Python :: "
    ends = (b"3.100", b"3.x", b"4", b"3.12 ", b"3.12\n" + start + b"3.12", b"3 :: Only")
    return _fields(wheel, b"", *(start + end + b"\n" for end in ends))


@SMUGGLING_METADATA.unexplained("member.differs", "Fields in another order, and one twice.")
def reordered_fields_with_one_twice(wheel: RealWheel) -> list[Tampered]:
    return _fields(
        wheel,
        b"Download-URL: https://example.org/\nPlatform: a\nPlatform: b\n",
        b"Platform: b\nPlatform: a\nDownload-URL: https://example.org/\n",
        b"Platform: a\nPlatform: b\nDownload-URL: https://example.org/\n"
        b"Download-URL: https://x.example.org/\n",
        b"PLATFORM: a\nPlatform: b\nDownload-URL: https://example.org/\n",
    )


@SMUGGLING_METADATA.unexplained("member.differs", "Line ends by which readers find other fields.")
def metadata_with_mixed_line_ends(wheel: RealWheel) -> list[bytes]:
    return _published(
        wheel,
        lambda text: text.replace(b"\n", b"\r\n", 1),
        lambda text: text.replace(b"\n", b"\r\n").replace(b"\r\n\r\n", b"\r\n\n", 1),
    )


@SMUGGLING_METADATA.dangerous("metadata.name", "Lines that some readers see doubled, or as one.")
def metadata_with_doubled_line_ends(wheel: RealWheel) -> list[bytes]:
    return _published(wheel, lambda text: text.replace(b"\n", b"\r\r\n"))
