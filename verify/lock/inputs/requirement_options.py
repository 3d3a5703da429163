"""The options that a requirements file may hold, and what becomes of each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from verify.lock.inputs.interface import InputFault, Location, quoted
from verify.lock.inputs.requirement_lines import LogicalLine


class Treatment(StrEnum):
    """What truewheel does with an option of pip's.

    HONOURED: it means here what it means for pip.
    IGNORED: it says how to install, which is nothing to truewheel.
    REFUSED: it would change which files are meant, in a way that cannot be verified.
    """

    HONOURED = "honoured"
    IGNORED = "ignored"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class OptionKind:
    """One option of pip's file format.

    Attributes:
        takes_value: else it is a flag.
        why: for the person, where it is refused: what to do instead.
    """

    name: str
    takes_value: bool
    treatment: Treatment
    why: str | None = None


_OPTIONS = (
    OptionKind(name="--requirement", takes_value=True, treatment=Treatment.HONOURED),
    OptionKind(name="--constraint", takes_value=True, treatment=Treatment.HONOURED),
    OptionKind(name="--editable", takes_value=True, treatment=Treatment.HONOURED),
    OptionKind(name="--hash", takes_value=True, treatment=Treatment.HONOURED),
    OptionKind(name="--index-url", takes_value=True, treatment=Treatment.HONOURED),
    OptionKind(name="--extra-index-url", takes_value=True, treatment=Treatment.HONOURED),
    OptionKind(name="--pre", takes_value=False, treatment=Treatment.HONOURED),
    OptionKind(name="--only-binary", takes_value=True, treatment=Treatment.HONOURED),
    OptionKind(name="--require-hashes", takes_value=False, treatment=Treatment.IGNORED),
    OptionKind(name="--prefer-binary", takes_value=False, treatment=Treatment.IGNORED),
    OptionKind(name="--use-feature", takes_value=True, treatment=Treatment.IGNORED),
    OptionKind(
        name="--no-require-hashes",
        takes_value=False,
        treatment=Treatment.REFUSED,
        why="a lock without required hashes locks nothing; remove the option",
    ),
    OptionKind(
        name="--no-index",
        takes_value=False,
        treatment=Treatment.REFUSED,
        why="name a simple index with --index-url; file:///path of a PEP 503 tree will do",
    ),
    OptionKind(
        name="--find-links",
        takes_value=True,
        treatment=Treatment.REFUSED,
        why="a flat list of files has no upload times; serve it as a simple index (PEP 503)",
    ),
    OptionKind(
        name="--no-binary",
        takes_value=True,
        treatment=Treatment.REFUSED,
        why="it asks for sdists, which pip would build unverified; remove the option",
    ),
    OptionKind(
        name="--trusted-host",
        takes_value=True,
        treatment=Treatment.REFUSED,
        why="it switches certificate checks off; if you must, do so in pip's or uv's configuration",
    ),
    OptionKind(
        name="--all-releases",
        takes_value=True,
        treatment=Treatment.REFUSED,
        why="ask for the pre-release in the requirement itself, as in NAME>=2.0rc1",
    ),
    OptionKind(
        name="--only-final",
        takes_value=True,
        treatment=Treatment.REFUSED,
        why="final releases are the default; remove the option",
    ),
    OptionKind(
        name="--config-settings",
        takes_value=True,
        treatment=Treatment.REFUSED,
        why="it changes how an sdist is built, and only wheels are locked; remove the option",
    ),
    OptionKind(
        name="--global-option",
        takes_value=True,
        treatment=Treatment.REFUSED,
        why="pip no longer has this option; remove it",
    ),
    OptionKind(
        name="--install-option",
        takes_value=True,
        treatment=Treatment.REFUSED,
        why="pip no longer has this option; remove it",
    ),
)

_ALIASES = {
    "-r": "--requirement",
    "--requirements": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "--pypi-url": "--index-url",
    "-f": "--find-links",
    "-C": "--config-settings",
    "--config-setting": "--config-settings",
}

OPTIONS = {kind.name: kind for kind in _OPTIONS}
"""Every option by its long name."""

OF_REQUIREMENTS = frozenset({"--hash", "--config-settings", "--global-option", "--install-option"})
"""What belongs to one requirement and stands behind it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option of a file.

    Attributes:
        value: with variables filled in, so perhaps a secret; empty for a flag.
    """

    kind: OptionKind
    value: str
    where: Location


def refuse(options: Sequence[Option]) -> None:
    """Nothing, if all options are such as a new lock can be made with.

    Raises:
        InputFault: one of them would change which files are meant.
    """
    for option in options:
        if option.kind.treatment is Treatment.REFUSED:
            raise InputFault(
                option.where, f"{option.kind.name} is not taken here", hint=option.kind.why
            )


_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_QUOTING = re.compile(r"""\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'""")
_ESCAPE = re.compile(r"\\([\"\\])")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Word:
    text: str
    start: int


def parse_options(line: LogicalLine, start: int) -> Iterator[Option]:
    """The options in a line's text from an offset on, split as a POSIX shell would (as pip does).

    Raises:
        InputFault: something there is no option of pip's, or one lacks its value.
    """
    words = iter(_words(line, start))
    for word in words:
        name, attached = _name_and_value(word.text)
        where = line.at(word.start)
        kind = OPTIONS.get(_ALIASES.get(name, name))
        if kind is None:
            raise InputFault(
                where,
                f"{quoted(name)} is no option of a requirements file",
                hint="write pip's options in full, each on a line of its own",
            )
        if not kind.takes_value:
            if attached is not None:
                raise InputFault(where, f"{name} takes no value")
            yield Option(kind=kind, value="", where=where)
            continue
        value = attached if attached is not None else _next(words)
        if not value:
            raise InputFault(where, f"{name} has no value")
        yield Option(kind=kind, value=value, where=where)


def _next(words: Iterator[_Word]) -> str | None:
    following = next(words, None)
    return following.text if following else None


def _name_and_value(word: str) -> tuple[str, str | None]:
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    if word.startswith("-") and len(word) > 2:
        return word[:2], word[2:]
    return word, None


def _words(line: LogicalLine, start: int) -> Iterator[_Word]:
    text, at = line.text, start
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        found = _WORD.match(text, at)
        if found is None or (found.end() < len(text) and not text[found.end()].isspace()):
            raise InputFault(
                line.at(found.end() if found else at),
                "a quotation mark or backslash here is not closed",
            )
        yield _Word(text=_QUOTING.sub(_unquoted, found[0]), start=at)
        at = found.end()


def _unquoted(found: re.Match[str]) -> str:
    escaped, double, single = found.groups()
    if double is not None:
        return _ESCAPE.sub(r"\1", double)
    return single if single is not None else escaped
