"""Rule `native.unsupported`: native code that differs, and of which nothing can be said here.

Windows and macOS have formats of their own, which are not read; and native code for another
platform than the rebuild's has to be another one. No finding against the wheel, and no trust: where
there is nothing worse, the verdict is `undetermined`.
"""

from verify.archive.facts import unexplained
from verify.finding import Finding
from verify.rules.evidence import binary_facts
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_mach_o, is_native, is_portable_executable
from verify.rules.platforms import different_platforms

_FORMATS = (
    (is_portable_executable, "for Windows (PE)"),
    (is_mach_o, "for macOS (Mach-O)"),
)


def native_unsupported(difference: Difference, context: Context) -> Finding | None:
    """Name native code of a format that is not read, or for another platform."""
    reason = _format(difference) or _platform(difference, context)
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


def _format(difference: Difference) -> str | None:
    """Both files are of one format that is not read."""
    sides = difference.published, difference.rebuilt
    for is_of, words in _FORMATS:
        if all(side is not None and is_of(side) for side in sides):
            return f"files {words} are not compared"
    return None


def _platform(difference: Difference, context: Context) -> str | None:
    """The published file is for its wheel's platform, and the rebuilt wheel is for another."""
    platforms = different_platforms(context)
    if platforms is None:
        return None
    ours, theirs = difference.published, difference.rebuilt
    if ours is not None and not platforms.has_home_for(ours):
        return None
    if theirs is not None and not is_native(difference.name, theirs):
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
    return platforms is not None and difference.rebuilt is None and platforms.has_home_for(side)
