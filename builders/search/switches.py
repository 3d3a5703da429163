"""Extension modules that only the builder's environment asks for.

The published wheel has some that the rebuild lacks. A build script that leaves them out by default
reads a variable, or imports a tool that is not declared; both stand in the source.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from builders.errors import BuildFault
from builders.recipe import Recipe
from builders.requirements import UNREADABLE
from builders.search.choices import Choices
from builders.search.profile import Profile
from builders.search.refine import Change, Tried
from builders.search.scripts import Scripts, Switch
from builders.static_libraries import missed_libraries
from builders.switch_names import rank

MAX_CHANGES = 6
"""That are tried; each costs a build."""

MAX_SWITCHES = 4

_SUFFIXES = frozenset({".so", ".pyd"})


def missing_extensions(published: Profile, rebuilt: Profile) -> frozenset[str]:
    """The extension modules that a published wheel has and a rebuild has not."""
    return _extensions(published) - _extensions(rebuilt)


def _extensions(profile: Profile) -> frozenset[str]:
    """The paths of extension modules up to the first dot of their names; no bundled libraries."""
    paths = map(PurePosixPath, profile.digests)
    return frozenset(
        str(path.with_name(path.name.partition(".")[0]))
        for path in paths
        if not _SUFFIXES.isdisjoint(path.suffixes) and not path.parts[0].endswith(".libs")
    )


def with_libraries(choices: Choices, log: str) -> Iterator[Change]:
    """The libraries that a build looked for in vain."""
    names = tuple(name for name in missed_libraries(log) if name not in choices.libraries)
    if names:
        yield {"libraries": (*choices.libraries, *names)}


def with_extensions(tried: Tried, scripts: Scripts) -> Iterator[Change]:
    """What may turn the missing modules on, the likeliest first."""
    yield from islice(_changes(tried, scripts), MAX_CHANGES)


def _changes(tried: Tried, scripts: Scripts) -> Iterator[Change]:
    yield from with_libraries(tried.choices, tried.log)
    have = {file.name for file in tried.recipe.requirements}
    missing = tuple(tool for tool in scripts.tools if tool not in have)
    before = tried.choices.requires
    pinned = (*before, *_pinned(missing, scripts, tried.recipe))
    plain = (*before, *missing)
    ranked = sorted(scripts.switches, key=lambda switch: -rank(switch.name))[:MAX_SWITCHES]
    ranked = [switch for switch in ranked if switch.name not in tried.choices.switches]
    if scripts.published_with and not tried.choices.switches:
        yield {"switches": dict(scripts.published_with), "requires": pinned}
    for switch in ranked:
        yield {"switches": _with(tried, switch, 0), "requires": pinned}
    if missing:
        yield {"requires": pinned}
    for switch in ranked:
        if pinned != plain:
            yield {"switches": _with(tried, switch, 0), "requires": plain}
        if len(switch.values) > 1:
            yield {"switches": _with(tried, switch, 1), "requires": pinned}


def _with(tried: Tried, switch: Switch, at: int) -> dict[str, str]:
    return {**tried.choices.switches, switch.name: switch.values[at]}


def _pinned(missing: tuple[str, ...], scripts: Scripts, recipe: Recipe) -> Iterator[str]:
    """The tools, each as the one release that the source's own lists name for this Python."""
    environment = {"python_version": recipe.python, "python_full_version": f"{recipe.python}.99"}
    for tool in missing:
        lines = {
            str(requirement.specifier)
            for requirement in map(Requirement, scripts.pins)
            if canonicalize_name(requirement.name) == tool and _holds(requirement, environment)
        }
        yield f"{tool}{lines.pop()}" if len(lines) == 1 else tool


def _holds(requirement: Requirement, environment: dict[str, str]) -> bool:
    try:
        return requirement.marker is None or requirement.marker.evaluate(environment)
    except (*UNREADABLE, BuildFault):
        return False
