"""Rule `wheel-generator`: WHEEL names another version of the tool that wrote it.

Explains: the two WHEEL files are equal byte for byte but for one line, `Generator: TOOL VERSION` or
`Generator: TOOL (VERSION)`, which both have at the same place.

Harmless because: no installer reads Generator (binary distribution format: "the name and optionally
the version of the software that produced the archive"), and the line cannot carry anything else:
the tool is one of a closed list, and the version has at most four numbers below 10000, one
pre-release, post-release or development number each, and no local part.
"""

import re

from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.interface import Context, Difference

_TOOLS = frozenset(
    {
        "bdist_wheel",
        "enscons",
        "flit",
        "hatchling",
        "maturin",
        "mesonpy",
        "pdm-backend",
        "pdm-pep517",
        "poetry",
        "poetry-core",
        "scikit-build-core",
        "setuptools",
        "uv",
        "whey",
    }
)

_NUMBER = r"(?:0|[1-9][0-9]{0,3})"
_VERSION = (
    rf"{_NUMBER}(?:\.{_NUMBER}){{0,3}}(?:(?:a|b|rc)[0-9]{{1,3}})?(?:\.post[0-9]{{1,3}})?"
    r"(?:\.dev[0-9]{1,8})?"
)
_GENERATOR = re.compile(rf"Generator: ([a-z0-9_-]+) (\()?{_VERSION}(?(2)\))")
"""No long number, and no local version, which is free text."""


def wheel_generator(difference: Difference, context: Context) -> Finding | None:
    """Explain WHEEL files that differ in a well-formed Generator line only."""
    if not context.in_dist_info(difference, "WHEEL"):
        return None
    if difference.published is None or difference.rebuilt is None:
        return None
    generators = _sole_difference(difference.published.data(), difference.rebuilt.data())
    if generators is None or not all(map(_is_generator, generators)):
        return None
    return benign(
        "wheel-generator",
        "WHEEL differs in the version of the tool that wrote it, and in nothing else.",
        member=difference.name,
        published=generators[0],
        rebuilt=generators[1],
    )


def _sole_difference(published: bytes | None, rebuilt: bytes | None) -> tuple[str, str] | None:
    """The one line that differs, from both sides."""
    if published is None or rebuilt is None:
        return None
    ours, theirs = published.split(b"\n"), rebuilt.split(b"\n")
    if len(ours) != len(theirs):
        return None
    differing = [pair for pair in zip(ours, theirs, strict=True) if pair[0] != pair[1]]
    if len(differing) != 1 or not (_has_one(ours) and _has_one(theirs)):
        return None
    try:
        return differing[0][0].decode("ascii"), differing[0][1].decode("ascii")
    except UnicodeDecodeError:
        return None


def _has_one(lines: list[bytes]) -> bool:
    return sum(line.lower().startswith(b"generator") for line in lines) == 1


def _is_generator(line: str) -> bool:
    match = _GENERATOR.fullmatch(line)
    return match is not None and match[1] in _TOOLS
