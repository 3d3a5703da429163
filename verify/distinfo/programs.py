"""Programs: what a wheel puts where shells and virtual environments look for commands.

They come from entry points, from `.data/scripts` and from `.data/data/bin`.
"""

import re
from collections.abc import Iterable, Iterator

from verify.archive.facts import dangerous, note, unexplained
from verify.archive.folding import folded
from verify.archive.member import Member
from verify.distinfo.locate import DATA
from verify.distinfo.targets import program_names
from verify.finding import Finding

_RESERVED = re.compile(
    r"(?:pythonw?(?:[23](?:\.[0-9]{1,3}t?)?)?|pypy[23]?|graalpy)(?:\.py)?(?:\.exe)?"
)
"""Interpreters of a virtual environment. uv refuses wheels that replace them, pip lets them."""

_SCRIPTS = f"{DATA}/scripts"

_WRAPPER_SUFFIXES = (".exe", "-script.py", ".pya")
"""What generated wrappers have behind the name of their entry point."""


def is_reserved(name: str) -> bool:
    """Whether a program of this name would replace an interpreter."""
    return _RESERVED.fullmatch(folded(name)) is not None


def program_facts(members: Iterable[Member]) -> Iterator[Finding]:
    """Members that are installed as an interpreter, or where some installers put no program."""
    for member in members:
        # A `.data` directory is needed for both; most members are in none.
        if DATA not in member.name.casefold():
            continue
        if not member.is_dir and any(map(is_reserved, program_names(member.name))):
            yield dangerous(
                "distinfo.reserved-program",
                "The member is installed as an interpreter of the environment.",
                member=member.name,
            )
        if _is_nested_script(member.name):
            yield unexplained(
                "distinfo.nested-script",
                "A directory among the scripts, which some installers refuse.",
                member=member.name,
            )


def wrapped_script_facts(members: Iterable[Member], names: frozenset[str]) -> Iterator[Finding]:
    """Scripts with the name of an entry point; a note, as the order in the archive decides nothing.

    Old build tools left generated wrappers among the scripts. pip and uv leave such scripts out.

    Args:
        members: all members.
        names: the entry points that become programs.
    """
    for member in members:
        scheme, _, script = member.name.rpartition("/")
        if scheme.endswith(_SCRIPTS) and not names.isdisjoint(_wrapped(script)):
            yield note(
                "distinfo.wrapped-script",
                "A script has the name of an entry point, and installers differ in which stays.",
                member=member.name,
            )


def _is_nested_script(name: str) -> bool:
    segments = name.split("/")
    return len(segments) > 3 and "/".join(segments[:2]).endswith(_SCRIPTS)


def _wrapped(script: str) -> set[str]:
    """The names of which installers take a script for the wrapper."""
    return {script, *(script.removesuffix(suffix) for suffix in _WRAPPER_SUFFIXES)}
