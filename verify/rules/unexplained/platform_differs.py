"""Rule `wheel.other-platform`: what differs because the wheel is for another platform: its tags.

It follows from where the rebuild was made: like native code for that platform, it can be held
against nothing here. The same is true of the empty folder that tools leave which repair wheels.
"""

from verify.archive.facts import unexplained
from verify.distinfo.wheel_file import WheelFile, parse_wheel_file
from verify.finding import Finding, JSONValue
from verify.rules.interface import Context, Difference, Side
from verify.rules.platforms import different_platforms

_TAG = "Tag"


def platform_differs(difference: Difference, context: Context) -> Finding | None:
    """Name a WHEEL that differs in the platforms of its tags alone, or a folder for libraries."""
    platforms = different_platforms(context)
    if platforms is None or difference.published is None:
        return None
    if _is_empty_folder(difference, context):
        tags: dict[str, JSONValue] = {}
    elif (found := _tags(difference, context)) is not None:
        tags = found
    else:
        return None
    return unexplained(
        "wheel.other-platform",
        f"The published wheel {platforms}.",
        member=difference.name,
        **tags,
    )


def _is_empty_folder(difference: Difference, context: Context) -> bool:
    """An entry for `NAME.libs`, which tools leave that had no library to copy there."""
    folder = f"{context.published.identity.filename.partition('-')[0]}.libs/"
    return difference.rebuilt is None and difference.name == folder


def _tags(difference: Difference, context: Context) -> dict[str, JSONValue] | None:
    """Both sides' tags, if nothing else of WHEEL differs and they are for the same Pythons."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not context.in_dist_info(difference, "WHEEL"):
        return None
    left, right = _read(ours), _read(theirs)
    if left is None or right is None:
        return None
    if _rest(left) != _rest(right) or _pythons(left) != _pythons(right):
        return None
    return {"published": left.values(_TAG), "rebuilt": right.values(_TAG)}


def _read(side: Side) -> WheelFile | None:
    data = side.data()
    return None if data is None else parse_wheel_file(data)


def _rest(file: WheelFile) -> tuple[object, ...]:
    return tuple(field for field in file.fields if field[0] != _TAG), file.odd_lines


def _pythons(file: WheelFile) -> set[str]:
    """The tags without their platforms."""
    return {tag.rpartition("-")[0] for tag in file.values(_TAG)}
