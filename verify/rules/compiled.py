"""Which sources a wheel holds bytecode of."""

from collections.abc import Iterable

from verify.archive.member import Member
from verify.distinfo.targets import placed
from verify.rules.kinds import BYTECODE_SUFFIXES, SOURCE_SUFFIXES

_CACHE = "__pycache__/"


def compiled_sources(members: Iterable[Member]) -> frozenset[str]:
    """Installed paths, without suffix, of the sources that the wheel has bytecode of (PEP 3147)."""
    found: set[str] = set()
    for member in members:
        for stem in _stems(member.name, BYTECODE_SUFFIXES):
            found.add(stem)
            directory, cache, file = stem.rpartition(_CACHE)
            if cache:
                # `name.cpython-311` or `name.cpython-311.opt-1`; a module name has no dot.
                found.add(directory + file.split(".")[0])
    return frozenset(found)


def is_compiled(name: str, compiled: frozenset[str]) -> bool:
    """Whether a source is among those of `compiled_sources`."""
    return bool(compiled) and not compiled.isdisjoint(_stems(name, SOURCE_SUFFIXES))


def _stems(name: str, suffixes: tuple[str, ...]) -> list[str]:
    # Most names end here; folding keeps a dot and ASCII letters where they are.
    if not any(suffix in name.casefold() for suffix in suffixes):
        return []
    return [
        target.removesuffix(suffix)
        for target in placed(name).targets
        for suffix in suffixes
        if target.endswith(suffix)
    ]
