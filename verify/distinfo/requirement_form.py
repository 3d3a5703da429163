"""Requirements and version specifiers in one form, whatever their spelling.

Stricter than PEP 508 and than packaging, because a form is only worth something if every installer
there ever was reads all of its spellings alike: no direct URLs (where they end depends on spaces),
no `===`, no wildcards and local versions behind an operator that forbids them (older installers
took these for something else), no aliases of marker variables, no strings with quotes, backslashes,
hash signs or semicolons in them. What is refused can still be compared as text.

Free are only: single spaces between the parts, parentheses around the specifiers, the order of
specifiers and of extras, the kind of quotes, parentheses in markers that change no precedence, and
in a project's name the case and `-` against `_`. A dot stays a dot, because setuptools before 60
does not find an installed project by the other name, and extras stay as they are spelled, because
tools from before PEP 685 know an extra by one spelling only.
"""

import re
from dataclasses import dataclass, field

from packaging.utils import NormalizedName, canonicalize_name

from verify.distinfo.requirements import MAX_LENGTH

_MAX_NESTING = 8
_MAX_SPECIFIER = 100

_WIDE = " " * 2
"""More spaces in a row than tools write; their number could be a message."""

_VERSION = (
    r"(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*"
    r"(?:[-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?[0-9]*)?"
    r"(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?"
    r"(?:[-_.]?dev[-_.]?[0-9]*)?"
)
"""A version in any spelling of PEP 440 that is in lower case, without local part."""

_SPECIFIER = re.compile(
    rf"(==|!=) *({_VERSION}(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?|[0-9]+(?:\.[0-9]+)*\.\*)"
    rf"|(<=|>=|<|>) *({_VERSION})"
    rf"|(~=) *((?=(?:[0-9]+!)?[0-9]+\.[0-9]){_VERSION})"
)

_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9._-]++) *+(?:\[(?P<extras>[^\[\]]*+)\])? *+"
    r"(?:\((?P<enclosed>[^()]++)\)|(?P<bare>[^();]*+)) *+(?:;(?P<marker>.*+))?"
)
"""Nothing in it backtracks: on hostile text that would take minutes."""

NAME = re.compile(r"[A-Za-z0-9]++(?:[._-][A-Za-z0-9]++)*+")
"""A project or an extra that normalizes; of separators in a row only one would be left."""

_TOKEN = re.compile(
    r" *(?:(?P<mark><=|>=|==|!=|~=|<|>|\(|\))"
    r"|(?P<string>\"[A-Za-z0-9 ._+*,/-]*\"|'[A-Za-z0-9 ._+*,/-]*')(?=[ ()<>=!~]|\Z)"
    r"|(?P<word>not in|[a-z_]++)(?=[ ()<>=!~]|\Z))"
)
"""`not in` has one space: some installers know the operator with no other number of them."""

_VARIABLES = frozenset(
    {
        "os_name",
        "sys_platform",
        "platform_machine",
        "platform_python_implementation",
        "platform_release",
        "platform_system",
        "platform_version",
        "python_version",
        "python_full_version",
        "implementation_name",
        "implementation_version",
        "extra",
    }
)
_COMPARISONS = frozenset({"<=", ">=", "==", "!=", "~=", "<", ">"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of a marker: its two sides as they stand, strings in double quotes."""

    left: str
    operator: str
    right: str


@dataclass(frozen=True, slots=True)
class Junction:
    """Terms that one logical operator joins, in order; none of them is joined by the same one."""

    operator: str
    terms: tuple["MarkerForm", ...]


MarkerForm = Comparison | Junction


@dataclass(frozen=True, kw_only=True, slots=True)
class RequirementForm:
    """A requirement; two that are equal are one requirement in two spellings.

    Attributes:
        name: in lower case, with `-` for `_`.
        specifiers: operator and version, sorted; versions as they stand.
        marker: None without one.
        listed: extras, and specifiers, in the order of the text; no part of what is equal.
    """

    name: str
    extras: frozenset[str]
    specifiers: tuple[str, ...]
    marker: MarkerForm | None
    listed: tuple[tuple[str, ...], tuple[str, ...]] = field(compare=False)

    @property
    def project(self) -> NormalizedName:
        """What every index knows the project by."""
        return canonicalize_name(self.name)


def requirement_form(text: str) -> RequirementForm | None:
    """The form of a requirement; None if some installer may read it otherwise."""
    is_plain = len(text) <= MAX_LENGTH and _WIDE not in text and not text.endswith(" ")
    match = _REQUIREMENT.fullmatch(text) if is_plain else None
    if match is None or not NAME.fullmatch(match["name"]):
        return None
    specifiers = () if match["bare"] == "" else _specifiers(match["enclosed"] or match["bare"])
    extras = _extras(match["extras"])
    marker = None if match["marker"] is None else marker_form(match["marker"])
    if specifiers is None or extras is None or (marker is None) != (match["marker"] is None):
        return None
    return RequirementForm(
        name=name_form(match["name"]),
        extras=frozenset(extras),
        specifiers=tuple(sorted(specifiers)),
        marker=marker,
        listed=(extras, specifiers),
    )


def name_form(name: str) -> str:
    """A project's name without what no installer minds; the name matches `NAME`."""
    return name.lower().replace("_", "-")


def marker_form(text: str) -> MarkerForm | None:
    """The form of what follows the semicolon; None if some installer may read it otherwise."""
    try:
        return _Marker(_tokens(text)).form()
    except _RefusedError:
        return None


def needed_extra(marker: MarkerForm | None) -> NormalizedName | None:
    """The extra without which a marker cannot hold, since one condition of all asks for it.

    None without one, and for `extra == ''`, which holds where no extra is asked for.
    """
    if isinstance(marker, Junction):
        terms = marker.terms if marker.operator == "and" else ()
        return next(filter(None, map(needed_extra, terms)), None)
    if marker is None or (marker.left, marker.operator) != ("extra", "=="):
        return None
    name = marker.right[1:-1]
    return canonicalize_name(name) if NAME.fullmatch(name) else None


def specifiers_form(text: str) -> tuple[str, ...] | None:
    """The specifiers of a comma-separated list, sorted; None if unsure of one of them."""
    found = _specifiers(text)
    return None if found is None else tuple(sorted(found))


def _specifiers(text: str) -> tuple[str, ...] | None:
    """In order."""
    if len(text) > MAX_LENGTH or _WIDE in text:
        return None
    parts = [part.strip(" ") for part in text.split(",")]
    matches = [_SPECIFIER.fullmatch(part) for part in parts if len(part) <= _MAX_SPECIFIER]
    found = ["".join(filter(None, match.groups())) for match in matches if match]
    return tuple(found) if len(found) == len(parts) else None


def _extras(text: str | None) -> tuple[str, ...] | None:
    """In order; none may begin with a digit, before which setuptools 7 to 19 put `==`."""
    names = () if text is None else tuple(name.strip(" ") for name in text.split(","))
    is_sound = all(NAME.fullmatch(name) and not name[0].isdigit() for name in names)
    return names if is_sound and len(set(names)) == len(names) else None


class _RefusedError(ValueError):
    """The marker is not of the shape that is understood here."""


class _Marker:
    """Recursive descent over the tokens of one marker."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def form(self) -> MarkerForm:
        """The whole marker; raises `_RefusedError`."""
        form = self._junction("or", _MAX_NESTING)
        if self._at != len(self._tokens):
            raise _RefusedError
        return form

    def _next(self) -> str:
        if self._at == len(self._tokens):
            raise _RefusedError
        self._at += 1
        return self._tokens[self._at - 1]

    def _is_next(self, token: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == token

    def _junction(self, operator: str, nesting: int) -> MarkerForm:
        """Terms with an operator between them; `and` binds closer than `or`."""
        terms: list[MarkerForm] = []
        while True:
            term = self._junction("and", nesting) if operator == "or" else self._atom(nesting)
            is_same = isinstance(term, Junction) and term.operator == operator
            terms.extend(term.terms if isinstance(term, Junction) and is_same else [term])
            if not self._is_next(operator):
                return terms[0] if len(terms) == 1 else Junction(operator, tuple(terms))
            self._at += 1

    def _atom(self, nesting: int) -> MarkerForm:
        if not self._is_next("("):
            return self._comparison()
        if not nesting:
            raise _RefusedError
        self._at += 1
        form = self._junction("or", nesting - 1)
        if self._next() != ")":
            raise _RefusedError
        return form

    def _comparison(self) -> Comparison:
        left, operator, right = self._next(), self._operator(), self._next()
        if {left in _VARIABLES, right in _VARIABLES} != {True, False}:
            raise _RefusedError
        if not (left.startswith('"') or right.startswith('"')):
            raise _RefusedError
        return Comparison(left, operator, right)

    def _operator(self) -> str:
        operator = self._next()
        if operator not in _COMPARISONS | {"in", "not in"}:
            raise _RefusedError
        return operator


def _tokens(text: str) -> list[str]:
    """Words, signs, and strings in double quotes."""
    tokens: list[str] = []
    text = text.strip(" ")
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _RefusedError
        string = match["string"]
        tokens.append(f'"{string[1:-1]}"' if string else match[0].strip(" "))
        at = match.end()
    return tokens
