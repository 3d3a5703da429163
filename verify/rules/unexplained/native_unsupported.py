"""Rule `native.unsupported`: native code that differs, and of which nothing can be said here.

Windows and macOS have formats of their own, which are not read; and native code for another
platform than the rebuild's has to be another one. No finding against the wheel, and no trust: where
there is nothing worse, the verdict is `undetermined`.

A program for Windows in a wheel that is not for Windows was copied out of the source, and so was
the rebuild's: there, two that differ are a difference like any other. And only what is installed
among the rebuild's own packages, under a name of native code, is excused for having no counterpart.
"""

from verify.archive.facts import unexplained
from verify.finding import Finding
from verify.rules.evidence import binary_facts
from verify.rules.imports import has_top, library_path
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import (
    ELF_MAGIC,
    holds_native,
    is_executable,
    is_library,
    is_mach_o,
    is_named_native,
    is_native,
    is_portable_executable,
)
from verify.rules.libraries import MAX_FILE, read_member
from verify.rules.platforms import different_platforms, is_at_home, may_be_read

_FORMATS = (
    (is_portable_executable, "for Windows (PE)"),
    (is_mach_o, "for macOS (Mach-O)"),
)

_LIBRARIES = (".libs", ".dylibs")
"""Folders of copied libraries, as delvewheel and delocate name them too."""


def native_unsupported(difference: Difference, context: Context) -> Finding | None:
    """Name native code of a format that is not read, or for another platform."""
    reason = _format(difference, context) or _platform(difference, context)
    if reason is None:
        return None
    sides = {"published": difference.published, "rebuilt": difference.rebuilt}
    return unexplained(
        "native.unsupported",
        f"Whether this native code is what its source builds to cannot be said: {reason}.",
        member=difference.name,
        **{
            f"{name}_{what}": value
            for name, side in sides.items()
            if side is not None
            for what, value in (
                ("size", side.content.size),
                ("sha256", side.content.sha256),
                ("facts", binary_facts(side)),
            )
        },
    )


def _format(difference: Difference, context: Context) -> str | None:
    """Both files are of one format that is not read, in a wheel for the system that has it."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not is_at_home(ours, context):
        return None
    for is_of, words in _FORMATS:
        if is_of(ours) and is_of(theirs):
            return f"files {words} are not compared"
    return None


def _platform(difference: Difference, context: Context) -> str | None:
    """The published file is for its wheel's platform, and the rebuilt wheel is for another."""
    platforms = different_platforms(context)
    if platforms is None:
        return None
    ours, theirs = difference.published, difference.rebuilt
    if ours is not None and not (platforms.has_home_for(ours) and _is_sound(difference.name, ours)):
        return None
    if theirs is not None and not holds_native(theirs):
        return None
    return f"the published wheel {platforms}"


def counterpart(difference: Difference, context: Context) -> Difference | None:
    """Published native code for another platform with the rebuilt module of the same name.

    None where there is not exactly one. Names end in the platform: `_x.cpython-311-darwin.so`.
    """
    ours = difference.published
    if ours is None or not is_elsewhere(difference, ours, context):
        return None
    found = [
        other.rebuilt
        for other in context.differences.values()
        if other.published is None
        and other.rebuilt is not None
        and _module(other.name) == _module(difference.name)
        and is_native(other.name, other.rebuilt)
    ]
    if len(found) != 1:
        return None
    return Difference(name=difference.name, published=ours, rebuilt=found[0])


def _module(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(".")[0]


def is_elsewhere(difference: Difference, side: Side, context: Context) -> bool:
    """Whether published native code has no counterpart because its platform is another one."""
    platforms = different_platforms(context)
    if platforms is None or difference.rebuilt is not None or not platforms.has_home_for(side):
        return False
    name = difference.name
    return _is_called_native(name, side) and _is_sound(name, side) and _is_among_ours(name, context)


def _is_sound(name: str, side: Side) -> bool:
    """Whether nothing in a library contradicts itself.

    Of one where something does, nobody can say what it reaches for: so it is excused for nothing.
    """
    from verify.rules.outlines import tells_what_it_asks_for  # noqa: PLC0415 - few hold native code

    is_elf = side.head().startswith(ELF_MAGIC) and side.content.size <= MAX_FILE
    if not is_elf or not is_library(name) or not may_be_read(side.head()):
        return True
    elf = read_member(side.archive, side.member.name)
    return elf is not None and tells_what_it_asks_for(elf)


def _is_called_native(name: str, side: Side) -> bool:
    """Whether a file shows by its name that it is native code; programs of Unix have no suffix."""
    return is_named_native(name) or ("." not in name.rpartition("/")[2] and is_executable(side))


def _is_among_ours(name: str, context: Context) -> bool:
    """Whether a file is installed in a package of the rebuild, or beside one with its libraries."""
    path = library_path(name) or ""
    top = path.partition("/")[0]
    is_beside = "/" in path and top.endswith(_LIBRARIES)
    return is_beside or has_top(top.partition(".")[0], context.files[1])
