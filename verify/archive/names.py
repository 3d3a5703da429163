"""Member names: what must never be extracted, and what two systems would extract differently.

APPNOTE 4.4.17.1 wants relative paths with forward slashes; the wheel specification adds nothing.
Installers guard against some of this, each against another part.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from verify.archive.facts import dangerous, unexplained
from verify.archive.folding import alias_twins, folded
from verify.archive.limits import MAX_NAME
from verify.archive.member import Member
from verify.finding import Finding

_RESERVED = {"con", "prn", "aux", "nul"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)
}


def name_facts(members: Iterable[Member]) -> Iterator[Finding]:
    """Findings on each name alone, then on names that collide."""
    members = tuple(members)
    keys = [folded(member.name) for member in members]
    for member in members:
        if not _is_plain(member.name):
            yield from _single(member.name)
    yield from _duplicates(members)
    yield from _twins(members, keys)
    yield from _alias_facts(members, keys)
    yield from _conflicts(members, keys)


_PLAIN = re.compile(r"(?:[\w+-][\w.+-]*/)*[\w+-][\w.+-]*/?", re.ASCII)
_RISKY = re.compile(
    r"\.(?:/|$)|(?:^|/)(?:con|prn|aux|nul|(?:com|lpt)[1-9])(?:[./]|$)", re.IGNORECASE
)


def _is_plain(name: str) -> bool:
    """Whether none of the checks below can apply; most names, at a tenth of the cost."""
    return (
        len(name) <= MAX_NAME and _PLAIN.fullmatch(name) is not None and _RISKY.search(name) is None
    )


def _single(name: str) -> Iterator[Finding]:
    for is_unsafe, summary in _UNSAFE:
        if is_unsafe(name):
            yield dangerous("archive.unsafe-name", summary, member=name)
    for is_odd, summary in _UNPORTABLE:
        if is_odd(name):
            yield unexplained("archive.unportable-name", summary, member=name)


def _segments(name: str) -> list[str]:
    return name.removesuffix("/").split("/")


def _has_category(name: str, *categories: str) -> bool:
    return not name.isascii() and any(unicodedata.category(char) in categories for char in name)


_UNSAFE: tuple[tuple[Callable[[str], bool], str], ...] = (
    (lambda name: name.startswith("/"), "The name is an absolute path."),
    (lambda name: ".." in _segments(name), "The name climbs out of the root."),
    (lambda name: "\\" in name, "The name holds a backslash, a separator on Windows."),
    (lambda name: name[1:2] == ":", "The name starts with a drive letter."),
    (
        lambda name: any(char < " " or char == "\x7f" for char in name),
        "The name holds a control character.",
    ),
    (
        lambda name: "" in _segments(name)[1:] or name in {"", "/"},
        "A segment of the name is empty.",
    ),
    (lambda name: "." in _segments(name), "A segment of the name is a lone dot."),
    (
        lambda name: _has_category(name, "Cc", "Cf", "Zl", "Zp"),
        "The name holds invisible or direction-changing characters.",
    ),
)

_UNPORTABLE: tuple[tuple[Callable[[str], bool], str], ...] = (
    (
        lambda name: (
            any(segment[-1:] in {" ", "."} for segment in _segments(name))
            and not {".", ".."} & set(_segments(name))
        ),
        "A segment ends in a dot or a space, which Windows drops.",
    ),
    (
        lambda name: any(
            segment.split(".")[0].casefold() in _RESERVED for segment in _segments(name)
        ),
        "A segment is a device name on Windows.",
    ),
    (
        lambda name: ":" in name and name[1:2] != ":",
        "The name holds a colon, a stream separator on Windows.",
    ),
    (lambda name: len(name.encode()) > MAX_NAME, "The name is longer than file systems allow."),
    (
        lambda name: _has_category(name, "Cn", "Co"),
        "The name holds characters that mean nothing, or only what two sides agree upon.",
    ),
    (
        lambda name: unicodedata.normalize("NFC", name) != name,
        "The name is not in normalization form C.",
    ),
)


def _duplicates(members: tuple[Member, ...]) -> Iterator[Finding]:
    seen: dict[bytes, int] = {}
    for member in members:
        seen[member.raw_name] = seen.get(member.raw_name, 0) + 1
        if seen[member.raw_name] == 2:
            yield dangerous(
                "archive.duplicate-name",
                "Two members have the same name; readers differ in which one they take.",
                member=member.name,
            )


def _twins(members: tuple[Member, ...], keys: list[str]) -> Iterator[Finding]:
    names: dict[str, str] = {}
    for member, key in zip(members, keys, strict=True):
        first = names.setdefault(key, member.name)
        if first != member.name:
            yield dangerous(
                "archive.name-twins",
                "Two names differ only in what some reader or file system does not tell apart.",
                member=member.name,
                twin=first,
            )


def _alias_facts(members: tuple[Member, ...], keys: list[str]) -> Iterator[Finding]:
    # Names whose segments cannot be stored are not taken apart either.
    names = {
        key: member.name
        for member, key in zip(members, keys, strict=True)
        if len(member.raw_name) <= MAX_NAME
    }
    for alias, other in alias_twins(names):
        yield dangerous(
            "archive.short-name",
            "A name has the form of the short alias that Windows may give another one.",
            member=names[alias],
            twin=names[other],
        )


def _conflicts(members: tuple[Member, ...], keys: list[str]) -> Iterator[Finding]:
    files = {
        _sortable(key): member.name
        for member, key in zip(members, keys, strict=True)
        if not member.is_dir
    }
    # Sorted by segment, what is below a file follows it at once: no parent needs to be stored, and
    # a hostile name can have thousands.
    for key, following in pairwise(sorted({_sortable(key) for key in keys})):
        if key in files and following.startswith(f"{key}\0"):
            yield dangerous(
                "archive.path-conflict",
                "A name is both a file and the directory of another member.",
                member=files[key],
            )


def _sortable(key: str) -> str:
    """The key with the separator that sorts before every other character."""
    return key.replace("/", "\0")
