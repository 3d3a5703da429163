"""Modules that another release of Cython translated than the published ones.

Many sources have what some Cython made of them, and take another one where there is one: which
release that was the published modules say, as far as they share types.
"""

from collections.abc import Iterator
from itertools import islice

from packaging.utils import NormalizedName

from builders.native_hints.python_release import cython_releases
from builders.search.profile import Profile, differing
from builders.search.refine import Change, Tried
from builders.search.scripts import Scripts
from builders.shared_objects import is_shared_object
from verify.archive.errors import ArchiveError

CYTHON = NormalizedName("cython")

_MAX_MODULES = 20
"""That are looked into; one is enough."""

_MAX_MODULE = 64 * 1024**2
"""Bytes of one of them."""


def is_translated_otherwise(published: Profile, rebuilt: Profile) -> bool:
    """Whether a module names a release of Cython that the rebuilt one does not name."""
    names = sorted(
        differing(published, rebuilt) & published.digests.keys() & rebuilt.digests.keys()
    )
    return any(
        _releases(published, name) - _releases(rebuilt, name)
        for name in islice(filter(is_shared_object, names), _MAX_MODULES)
    )


def with_cython(published: Profile, tried: Tried, scripts: Scripts) -> Iterator[Change]:
    """The Cython that a script takes if it is there; which release, the hints say."""
    have = {file.name for file in tried.recipe.requirements}
    if CYTHON in have or CYTHON not in scripts.tools:
        return
    if is_translated_otherwise(published, tried.profile):
        yield {"requires": (*tried.choices.requires, CYTHON)}


def _releases(profile: Profile, name: str) -> frozenset[str]:
    try:
        return cython_releases(profile.archive.read(name, limit=_MAX_MODULE))
    except ArchiveError:
        return frozenset()
