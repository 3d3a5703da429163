"""The METADATA file: its name and version, and whether it follows the specification."""

import re
from dataclasses import dataclass

from packaging.metadata import InvalidMetadata, Metadata, parse_email
from packaging.utils import canonicalize_name
from packaging.version import Version

from verify.archive.facts import dangerous, note, unexplained
from verify.distinfo.locate import WheelName
from verify.finding import Finding

_END_OF_LINE = re.compile(r"\r\n|\r|\n")
"""What ends a line for the email parser that every installer reads METADATA with."""

_END_OF_HEADERS = re.compile(r"(?:\A|\r\n|\r(?!\n)|\n)(?:\r\n|\r|\n)")
"""The first empty line, from the end of the line before it."""

_NEWEST_VERSION = "2.4"

MAX_LINES = 20_000
"""Lines of the header block; a license in a field makes a thousand."""

MAX_LINE = 64 * 1024
"""Characters of one of them."""

MAX_CONTENT_TYPE = 1_000
"""Characters of a content type, for which the email parser takes quadratic time."""

MAX_FIELDS = 10_000
"""Fields; each requirement is one."""

MAX_NAMES = 100
"""Different field names; the specification has forty. The email parser underneath looks at every
field once for each of them."""

_FIELD = re.compile(r"([!-9;-~]+):[ \t]*(.*)", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Headers:
    """The header block of METADATA.

    Attributes:
        fields: (lower-case name, value) in order; folded lines joined by line feeds.
        odd_lines: how many lines are neither a field nor the continuation of one.
        before_odd: how many fields precede the first of these, which for the email parser is the
            first line of the body.
    """

    fields: tuple[tuple[str, str], ...]
    odd_lines: int
    before_odd: int

    def values(self, name: str) -> list[str]:
        """All values of a field, by its lower-case name."""
        return [value for key, value in self.fields if key == name]


def parse_headers(data: bytes) -> Headers:
    """The fields before the first empty line; never fails.

    Latin-1 maps every byte to one character, so the result is the same for the same bytes only.
    """
    fields: list[tuple[str, list[str]]] = []
    odd, before_odd = 0, 0
    for line in _header_lines(data.decode("latin-1")):
        match = _FIELD.fullmatch(line)
        if line[0] in " \t" and fields:
            fields[-1][1].append(line)
        elif match:
            fields.append((match[1].lower(), [match[2].rstrip()]))
        else:
            odd += 1
        if not odd:
            before_odd = len(fields)
    return Headers(
        fields=tuple((name, "\n".join(lines)) for name, lines in fields),
        odd_lines=odd,
        before_odd=before_odd,
    )


def _header_lines(text: str) -> list[str]:
    end = _END_OF_HEADERS.search(text)
    lines = _END_OF_LINE.split(text[: end.start()] if end else text)
    # Only the last can be empty: the text ends with its last line.
    return [line for line in lines if line]


def metadata_facts(data: bytes, path: str, wheel: WheelName | None) -> list[Finding]:
    """Name and version against the file name; everything else that is odd is a note.

    Honest wheels of every age break the core metadata specification somewhere.
    """
    headers = parse_headers(data)
    findings = []
    if wheel is not None:
        findings += _identity_facts(headers, path, wheel)
    if _is_oversized(headers):
        fact = unexplained(
            "metadata.oversized",
            "METADATA has more fields or lines than can be checked in reasonable time.",
            member=path,
        )
        return [*findings, fact]
    problems = _problems(data, headers)
    if problems:
        findings.append(
            note(
                "metadata.irregular",
                "METADATA does not follow the core metadata specification.",
                member=path,
                problems=problems,
            )
        )
    return findings


def _is_oversized(headers: Headers) -> bool:
    lines = [line for _, value in headers.fields for line in value.split("\n")]
    return (
        len(headers.fields) > MAX_FIELDS
        or len(lines) > MAX_LINES
        or max(map(len, lines), default=0) > MAX_LINE
        or len({name for name, _ in headers.fields}) > MAX_NAMES
        or len("".join(headers.values("description-content-type"))) > MAX_CONTENT_TYPE
    )


def _identity_facts(headers: Headers, path: str, wheel: WheelName) -> list[Finding]:
    names, versions = headers.values("name"), headers.values("version")
    seen = {name for name, _ in headers.fields[: headers.before_odd]}
    checks = (
        ("name", names, str(wheel.name), [canonicalize_name(name) for name in names]),
        ("version", versions, str(wheel.version), [_normal(version) for version in versions]),
    )
    return [
        dangerous(
            f"metadata.{field}",
            f"The {field} in METADATA is not that of the file name.",
            member=path,
            values=[value[:200] for value in values[:4]],
            expected=expected,
        )
        for field, values, expected, normal in checks
        if normal != [expected] or field not in seen
    ]


def _normal(version: str) -> str:
    try:
        return str(Version(version))
    except ValueError:
        return version


def _problems(data: bytes, headers: Headers) -> list[str]:
    """What packaging's validator says, at most eight lines of it.

    Only well-formed header blocks without a body reach it: the email parser underneath recurses
    into multipart bodies.
    """
    if headers.odd_lines:
        return ["lines that are no fields"]
    try:
        block = "\n".join([*_header_lines(data.decode("utf-8")), "", ""])
        raw, unparsed = parse_email(block)
        # Build tools use fields before the metadata version that defines them.
        raw["metadata_version"] = _NEWEST_VERSION
        Metadata.from_raw(raw)
    except UnicodeDecodeError:
        return ["not UTF-8"]
    except ExceptionGroup as group:
        return sorted({_problem(problem) for problem in group.exceptions})[:8]
    except (ValueError, RecursionError):
        # Markers nest by recursion in packaging's parser; a version can have too many digits.
        return ["cannot be parsed"]
    return sorted(f"{name!r} is unknown or repeated"[:200] for name in unparsed)[:8]


def _problem(problem: Exception) -> str:
    # Not its text: packaging puts sets into it, whose order depends on the hash seed.
    if isinstance(problem, InvalidMetadata):
        return f"{problem.field!r} is invalid"[:200]
    return type(problem).__name__
