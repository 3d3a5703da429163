"""From a WHEEL Generator line to requirements on the build environment."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from packaging.requirements import Requirement
from packaging.version import Version


@dataclass(frozen=True, kw_only=True, slots=True)
class GeneratorPins:
    """What a Generator line says: extra requirements, and constraints on versions."""

    requires: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    pattern: re.Pattern[str]
    requires: tuple[str, ...]
    pins: tuple[str, ...]


@cache
def _entries() -> tuple[_Entry, ...]:
    text = files("builders.knowledge").joinpath("generators.toml").read_text(encoding="utf-8")
    return tuple(
        _Entry(
            pattern=re.compile(entry["pattern"]),
            requires=tuple(entry["requires"]),
            pins=tuple(entry["pins"]),
        )
        for entry in tomllib.loads(text)["generator"]
    )


def generator_pins(generator: str | None) -> GeneratorPins:
    """Requirements that follow from a Generator value; none where it tells nothing."""
    for entry in _entries():
        match = entry.pattern.fullmatch(generator or "")
        if match is None:
            continue
        try:
            version = Version(match["version"])
        except ValueError:  # not only InvalidVersion: a number may have too many digits
            return GeneratorPins()
        return GeneratorPins(
            requires=entry.requires, pins=tuple(pin.format(version=version) for pin in entry.pins)
        )
    return GeneratorPins()


def nearest_pins(pins: tuple[str, ...]) -> tuple[str, ...]:
    """Pins for an index that has no such version: one before it, of its own major version.

    Somebody who builds a tool from a checkout has a version of it that nobody published; the
    release before is what it was made of. Empty where every version is an ordinary one.
    """
    relaxed = tuple(_relaxed(Requirement(pin)) for pin in pins)
    return () if relaxed == pins else relaxed


def _relaxed(pin: Requirement) -> str:
    version = next((Version(s.version) for s in pin.specifier if s.operator == "=="), None)
    if version is None or not (version.is_prerelease or version.is_postrelease or version.local):
        return str(pin)
    # `<1.2` leaves out 1.2.dev0 itself (PEP 440); what is after 1.2 was made of that.
    before = "<" if version.is_prerelease else "<="
    lowest = f"{version.epoch}!{version.major}" if version.epoch else f"{version.major}"
    return f"{pin.name}>={lowest},{before}{version.base_version}"
