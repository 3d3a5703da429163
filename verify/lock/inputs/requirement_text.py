"""One requirement of a file: by name, by URL or path, or a checkout."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

from verify.index.filenames import SDIST_SUFFIXES
from verify.lock.inputs.archive_urls import VCS_SCHEMES
from verify.lock.inputs.hashes import made_hash, pinned_in
from verify.lock.inputs.interface import Asked, InputFault, SourceKind, WrittenHash, quoted
from verify.lock.inputs.requirement_lines import LogicalLine

UNSET = "set {name}, or write its value; --check fills in none, lest a lock sends it somewhere"
"""What to do about a variable without a value."""

ARCHIVE_SUFFIXES = (".whl", *SDIST_SUFFIXES)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_DIRECT = re.compile(r"\s*[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*@")
_OLD_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)(?:\[[^\]]*\])?(?:&|$)")
_MARKER = re.compile(r"\s*;\s(.*)$|\s;(.*)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A part of a logical line's text: where it begins, and what it says.

    Attributes:
        shown: what to show instead of what was written there, where that was quoted.
    """

    start: int
    text: str
    shown: str | None = None


def parse_requirement(
    line: LogicalLine,
    span: Span,
    hashes: tuple[WrittenHash, ...],
    *,
    editable: bool,
    constraint: bool,
) -> Asked:
    """What one requirement asks for.

    Raises:
        InputFault: it is none.
    """
    where = line.at(span.start)
    for name in line.unset:
        if f"${{{name}}}" in span.text:
            raise InputFault(
                where,
                f"${{{name}}} has no value here",
                hint=UNSET.format(name=name),
            )
    text = span.shown or line.written_between(span.start, span.start + len(span.text))

    def asked(kind: SourceKind, requirement: Requirement | None, origin: str | None) -> Asked:
        pinned = tuple(_fragment_hashes(origin, line, span)) if origin else ()
        return Asked(
            text=text,
            kind=kind,
            requirement=requirement,
            origin=origin,
            editable=editable,
            constraint=constraint,
            hashes=(*hashes, *pinned),
            where=where,
        )

    if not editable and (_DIRECT.match(span.text) or not _looks_direct(span.text)):
        requirement = _pep508(line, span, text)
        kind = SourceKind.REGISTRY if requirement.url is None else kind_of(requirement.url)
        return asked(kind, requirement, requirement.url)
    origin, marker = _split_marker(span.text)
    return asked(kind_of(origin), _named_by_egg(origin, marker), origin)


def kind_of(origin: str) -> SourceKind:
    """What a URL or path leads to, by its scheme and suffix.

    A path without an archive's suffix is a directory.
    """
    scheme = _SCHEME.match(origin)
    name = scheme[1].lower() if scheme and len(scheme[1]) > 1 else ""
    if name.partition("+")[0] in VCS_SCHEMES or origin.startswith("git@"):
        return SourceKind.VCS
    path = origin.partition("#")[0].partition("?")[0].rstrip()
    if name and name != "file":
        return SourceKind.URL
    return SourceKind.PATH if path.endswith(ARCHIVE_SUFFIXES) else SourceKind.DIRECTORY


def _looks_direct(text: str) -> bool:
    """Whether pip takes it for a URL or a path and not for a name."""
    bare = _split_marker(text)[0].partition("[")[0].strip()
    return (
        "/" in bare
        or "\\" in bare
        or bare.startswith(".")
        or bare.endswith(ARCHIVE_SUFFIXES)
        or (_SCHEME.match(bare) is not None)
    )


def _split_marker(text: str) -> tuple[str, str | None]:
    """A URL may hold semicolons itself, so only one beside a space begins a marker."""
    found = _MARKER.search(text)
    if found is None:
        return text.strip(), None
    return text[: found.start()].strip(), (found[1] or found[2] or "").strip()


def _named_by_egg(origin: str, marker: str | None) -> Requirement | None:
    found = _OLD_EGG.search(origin)
    if found is None:
        return None
    try:
        return Requirement(f"{found[1]}; {marker}" if marker else found[1])
    except InvalidRequirement:
        return None


def _pep508(line: LogicalLine, span: Span, shown: str) -> Requirement:
    try:
        return Requirement(span.text)
    except InvalidRequirement as error:
        what, offset = _fault(error)
        raise InputFault(
            line.at(span.start + min(offset, len(span.text))),
            f"{quoted(shown)} is no requirement: {what}",
            hint="write NAME, NAME==VERSION, NAME @ URL, or an option of pip's on its own line",
        ) from error
    except (RecursionError, ValueError) as error:
        raise InputFault(
            line.at(span.start), f"{quoted(shown)} is no requirement: it cannot be parsed"
        ) from error


def _fault(error: InvalidRequirement) -> tuple[str, int]:
    """What is wrong, and at which character, below which packaging draws a caret or tildes."""
    first, *drawn = str(error).split("\n")
    pointer = next((row for row in reversed(drawn) if set(row.strip()) <= set("~^")), "")
    indent = len(pointer) - len(pointer.lstrip()) - 4  # packaging indents the quotation by four
    return first, max(0, indent)


def _fragment_hashes(origin: str, line: LogicalLine, span: Span) -> Iterator[WrittenHash]:
    where = line.at(span.start)
    for algorithm, digest in pinned_in(origin):
        yield WrittenHash(value=made_hash(algorithm, digest, where), where=where)
