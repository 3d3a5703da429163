"""From the `policy` table of a configuration file to a policy."""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from verify.finding import RuleName
from verify.index.interface import IndexFault
from verify.index.urls import split_credentials
from verify.policy.defaults import TRUSTED_VERDICTS, Action, SdistRule
from verify.policy.located import Located
from verify.policy.model import (
    Layer,
    Policy,
    ProjectLayer,
    Scope,
    SurfaceLimit,
    Waiver,
    waiver_to_json,
)
from verify.signals import SIGNALS
from verify.verdict import Verdict

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
_MAX_DAYS = 36_500
_PREFIX = "release."


def read_policy(table: Located, source: str) -> Policy:
    """The policy that a file's `policy` table writes down.

    Raises:
        PolicyFault: it is not one; the message says where.
    """
    entries = table.table((*_SETTINGS, "signals", "projects", "waivers"))
    projects = entries["projects"].table() if "projects" in entries else {}
    waivers = entries["waivers"].items() if "waivers" in entries else []
    return Policy(
        source=source,
        base=_layer(table, entries),
        projects=_projects(projects),
        waivers=tuple(sorted(map(_waiver, waivers), key=_order)),
    )


def _layer(table: Located, entries: Mapping[str, Located]) -> Layer:
    settings = {
        key.replace("-", "_"): read(entries[key])
        for key, read in _SETTINGS.items()
        if key in entries
    }
    signals = _signals(entries["signals"]) if "signals" in entries else {}
    return Layer(where=table.path, settings=settings, signals=signals)


def _signals(table: Located) -> dict[RuleName, Action]:
    found: dict[RuleName, Action] = {}
    for key, item in table.leaves():
        name = _signal(key, item)
        if name in found:
            raise item.fault("is there twice")
        found[name] = item.choice(Action)
    return found


def _signal(name: str, at: Located) -> RuleName:
    """A signal by its name, of which the part that all have may be left out."""
    for rule in (RuleName(name), RuleName(f"{_PREFIX}{name}")):
        if rule in SIGNALS:
            return rule
    known = [rule.removeprefix(_PREFIX) for rule in SIGNALS]
    raise at.unknown("signal", name.removeprefix(_PREFIX), known)


def _projects(table: Mapping[str, Located]) -> tuple[ProjectLayer, ...]:
    layers: list[ProjectLayer] = []
    for key, item in table.items():
        project = _project(key, item)
        if any(layer.project == project for layer in layers):
            raise item.fault(f"is there twice, as another spelling of {project}")
        layers += (_project_layer(project, one) for one in item.tables())
    return tuple(layers)


def _project_layer(project: NormalizedName, table: Located) -> ProjectLayer:
    entries = table.table((*_SETTINGS, "signals", "versions"))
    versions = _versions(entries["versions"]) if "versions" in entries else SpecifierSet()
    return ProjectLayer(project=project, versions=versions, layer=_layer(table, entries))


def _project(name: str, at: Located) -> NormalizedName:
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName as error:
        hint = "names are letters, digits, `.`, `-` and `_`"
        raise at.fault("is no project's name", hint=hint) from error


def _versions(item: Located) -> SpecifierSet:
    text = item.text()
    try:
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        raise item.fault(f"is {text!r}, which is no version specifier", hint=">=1.2,<2") from error


def _trusted(item: Located) -> frozenset[Verdict]:
    for one in item.items():
        if one.choice(Verdict) not in TRUSTED_VERDICTS:
            raise one.fault(
                f"is {one.value!r}, which no policy can trust",
                hint="only a waiver can, for the sha256 of one wheel",
            )
    return item.choices(Verdict)


def _days(item: Located) -> int:
    days = item.integer()
    if days > _MAX_DAYS:
        raise item.fault(f"is {days}, and has to be at most {_MAX_DAYS}")
    return days


def _surface(item: Located) -> SurfaceLimit | None:
    if item.value is False:
        return None
    if isinstance(item.value, str):
        found = _PERCENT.fullmatch(item.value)
        percent = Decimal(found[1]) if found else Decimal(0)
        if not 0 < percent <= 100:
            raise item.fault(f"is {item.value!r}, which is no share", hint='"2%", or bytes as 4096')
        return SurfaceLimit(percent=percent.normalize())
    return SurfaceLimit(size=item.integer(at_least=1))


def _indexes(item: Located) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_index(one) for one in item.items()))


def _index(item: Located) -> str:
    try:
        url, credentials = split_credentials(item.text())
    except IndexFault as error:
        raise item.fault(f"is no index: {error.message}", hint=error.hint) from error
    if credentials is not None:
        raise item.fault("holds credentials", hint="leave them out; a policy is read by many")
    return url.rstrip("/")


def _sdists(item: Located) -> SdistRule:
    text, values = item.text(), [rule.value for rule in SdistRule]
    if text not in values:
        raise item.fault(f"is {text!r}, and has to be one of {', '.join(values)}")
    return SdistRule(text)


_SETTINGS: Mapping[str, Callable[[Located], Any]] = {
    "trusted": _trusted,
    "late-after-days": _days,
    "silent-for-days": _days,
    "native-review-surface": _surface,
    "indexes": _indexes,
    "sdists": _sdists,
}
"""By key, what reads the setting: what it gives is the field of `Rules`."""


def _waiver(table: Located) -> Waiver:
    entries = table.table(_WAIVER)
    for key, meaning in _WAIVER.items():
        if key not in entries:
            raise table.fault(f"has no `{key}`", hint=meaning)
    waiver = Waiver(
        sha256=_sha256(entries["sha256"]),
        owner=entries["owner"].text(),
        reason=entries["reason"].text(),
        given=entries["date"].day(),
        expires=entries["expires"].day(),
        scope=_scope(entries["scope"]),
    )
    if waiver.expires < waiver.given:
        raise entries["expires"].fault("is before its date")
    return waiver


_WAIVER = {
    "sha256": "the wheel's, 64 hexadecimal digits",
    "owner": "who answers for it",
    "reason": "why the wheel is trusted nevertheless",
    "date": "the day on which it was given, as in date = 2026-01-31",
    "expires": "the last day on which it counts; no waiver is for ever",
    "scope": 'what it waives, as in scope = { verdicts = ["different"] }',
}


def _order(waiver: Waiver) -> tuple[str, ...]:
    return waiver.sha256, json.dumps(waiver_to_json(waiver), sort_keys=True)


def _sha256(item: Located) -> str:
    text = item.text()
    if not _SHA256.fullmatch(text):
        raise item.fault("is no sha256", hint="64 hexadecimal digits, and nothing else")
    return text.lower()


def _scope(table: Located) -> Scope:
    entries = table.table(("verdicts", "signals", "project", "versions"))
    scope = Scope(
        verdicts=entries["verdicts"].choices(Verdict) if "verdicts" in entries else frozenset(),
        signals=_signal_set(entries["signals"]) if "signals" in entries else frozenset(),
        project=_scoped_project(entries["project"]) if "project" in entries else None,
        versions=_versions(entries["versions"]) if "versions" in entries else SpecifierSet(),
    )
    if not scope.verdicts and not scope.signals:
        hint = 'name them: verdicts = ["different"], signals = ["late-wheel"]'
        raise table.fault("waives neither a verdict nor a signal", hint=hint)
    if scope.versions and scope.project is None:
        raise table.fault("limits versions, but names no project")
    return scope


def _signal_set(item: Located) -> frozenset[RuleName]:
    return frozenset(_signal(one.text(), one) for one in item.items())


def _scoped_project(item: Located) -> NormalizedName:
    return _project(item.text(), item)
