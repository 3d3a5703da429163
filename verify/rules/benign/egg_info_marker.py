r"""Rule `egg-info-marker`: an empty leftover of setuptools' egg-info directory.

Explains: `zip-safe` or `dependency_links.txt` in the dist-info directory, on one side only or with
the other line end, when it holds one empty line and nothing else.

Harmless because: `zip-safe` says by its presence that an egg may stay packed, and a wheel is always
unpacked; the other file lists no link. Old `bdist_wheel` copied them from the egg-info directory,
newer ones leave them out. The content is one of two that are fixed.
"""

from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_executable

_FILES = ("zip-safe", "dependency_links.txt")
_EMPTY = (b"\n", b"\r\n")


def egg_info_marker(difference: Difference, context: Context) -> Finding | None:
    """Explain a marker that says nothing."""
    if not any(context.in_dist_info(difference, name) for name in _FILES):
        return None
    for side in (difference.published, difference.rebuilt):
        if side is not None and (side.data() not in _EMPTY or is_executable(side)):
            return None
    return benign(
        "egg-info-marker",
        "A leftover of the egg-info directory holds one empty line and nothing else.",
        member=difference.name,
        difference=difference.kind.value,
    )
