"""A policy as values: rules, in layers of which later ones win; and waivers."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from verify.finding import JSONValue, RuleName
from verify.policy.defaults import (
    SIGNAL_ACTION,
    SIGNAL_ACTIONS,
    TRUSTED_VERDICTS,
    Action,
    SdistRule,
)
from verify.signals import DEFAULT_THRESHOLDS, SIGNALS, Thresholds
from verify.verdict import Verdict

DEFAULT = "default"
"""Where a setting comes from that no file makes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SurfaceLimit:
    """How much native code may be unaccounted for in a wheel that is accepted; one of the two.

    Attributes:
        percent: of the code of each file that differs.
        size: bytes, of all files of the wheel together.
    """

    percent: Decimal | None = None
    size: int | None = None

    def __str__(self) -> str:
        return f"{self.size} bytes" if self.percent is None else f"{self.percent}%"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """Every setting.

    Attributes:
        trusted: verdicts that are trusted without a waiver.
        signals: what each signal does.
        late_after_days: days between a wheel and its source, after which either is late.
        silent_for_days: days without an upload to a project that count as silence.
        native_review_surface: None accepts no native code that differs.
        indexes: URLs of the indexes whose wheels are allowed, None for any.
        sdists: which sdists a lock may hold.
    """

    trusted: frozenset[Verdict] = TRUSTED_VERDICTS
    signals: Mapping[RuleName, Action] = field(
        default_factory=lambda: {name: SIGNAL_ACTIONS.get(name, SIGNAL_ACTION) for name in SIGNALS}
    )
    late_after_days: int = DEFAULT_THRESHOLDS.late_after.days
    silent_for_days: int = DEFAULT_THRESHOLDS.silent_for.days
    native_review_surface: SurfaceLimit | None = None
    indexes: tuple[str, ...] | None = None
    sdists: SdistRule = SdistRule.ASKED

    def __post_init__(self) -> None:
        if not self.trusted <= TRUSTED_VERDICTS:
            raise ValueError("no policy trusts what was not reproduced")

    @property
    def thresholds(self) -> Thresholds:
        """When signals about times are given."""
        return Thresholds(
            late_after=timedelta(days=self.late_after_days),
            silent_for=timedelta(days=self.silent_for_days),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """What one table of a file says; what it does not say stays.

    Attributes:
        where: the table's place.
        settings: by the name of the field of `Rules`, `signals` left out.
        signals: those that it names.
    """

    where: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    signals: Mapping[RuleName, Action] = field(default_factory=dict)

    def over(self, rules: Rules) -> Rules:
        """The rules with what this layer says."""
        return replace(rules, **self.settings, signals={**rules.signals, **self.signals})


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectLayer:
    """What holds for some versions of one project; for all of them without a specifier."""

    project: NormalizedName
    versions: SpecifierSet
    layer: Layer

    def is_for(self, project: NormalizedName | None, version: Version | None) -> bool:
        """Whether it is about a release; one of unknown version is only of those without limits."""
        if project != self.project:
            return False
        return not self.versions or (version is not None and _is_in(version, self.versions))


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a waiver is about; it waives nothing that it does not name.

    Attributes:
        verdicts: those that are waived.
        signals: those whose refusal is waived.
        project, versions: of the wheel; any without.
    """

    verdicts: frozenset[Verdict] = frozenset()
    signals: frozenset[RuleName] = frozenset()
    project: NormalizedName | None = None
    versions: SpecifierSet = field(default_factory=SpecifierSet)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiver:
    """Somebody's word for one file.

    Attributes:
        sha256: of the wheel, in lower case.
        given: the first day on which it counts, in UTC.
        expires: the last day on which it counts, in UTC.
    """

    sha256: str
    owner: str
    reason: str
    given: date
    expires: date
    scope: Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Effective:
    """The rules for one release, and the place that each setting comes from by its key."""

    rules: Rules
    origins: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """Everything that decides beside the verdict and the signals.

    Attributes:
        source: the file it came from, relative to where truewheel was started; None for none.
        base: what a file says about every wheel.
        projects: what it says about some, in its order; later ones win.
        waivers: sorted, so that their order in a file means nothing.
    """

    source: str | None = None
    base: Layer = field(default_factory=lambda: Layer(where="policy"))
    projects: tuple[ProjectLayer, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    def rules_for(self, project: NormalizedName | None, version: Version | None) -> Effective:
        """What holds for a release; None where it is not known."""
        rules = Rules()
        origins = dict.fromkeys(settings_to_json(rules), DEFAULT)
        for layer in self._layers(project, version):
            rules = layer.over(rules)
            names = [*map(setting_key, layer.settings), *(f"signals.{s}" for s in layer.signals)]
            origins |= dict.fromkeys(names, layer.where)
        return Effective(rules=rules, origins=origins)

    @property
    def digest(self) -> str:
        """Sha256 of the policy as canonical JSON, defaults and all; of no file's name or layout."""
        text = json.dumps(policy_to_json(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def _layers(self, project: NormalizedName | None, version: Version | None) -> Iterator[Layer]:
        yield self.base
        for one in self.projects:
            if one.is_for(project, version):
                yield one.layer


def is_in_scope(scope: Scope, project: NormalizedName | None, version: Version | None) -> bool:
    """Whether a release is one that a waiver is about."""
    if scope.project not in {None, project}:
        return False
    return not scope.versions or (version is not None and _is_in(version, scope.versions))


def setting_key(name: str) -> str:
    """The key of a field of `Rules` in files and JSON."""
    return name.replace("_", "-")


def policy_to_json(policy: Policy) -> dict[str, JSONValue]:
    """The effective policy: what decides, and nothing else."""
    projects: list[JSONValue] = [
        {
            "project": one.project,
            "versions": str(one.versions),
            "settings": _layer_to_json(one.layer),
        }
        for one in sorted(policy.projects, key=lambda one: one.project)
    ]
    return {
        "settings": settings_to_json(policy.base.over(Rules())),
        "projects": projects,
        "waivers": [waiver_to_json(waiver) for waiver in policy.waivers],
    }


def settings_to_json(rules: Rules) -> dict[str, JSONValue]:
    """Every setting by its key; a signal's is `signals.` and its name."""
    return {
        **{setting_key(name): _setting(getattr(rules, name)) for name in _SETTINGS},
        **{f"signals.{name}": rules.signals[name].value for name in sorted(rules.signals)},
    }


def waiver_to_json(waiver: Waiver) -> dict[str, JSONValue]:
    """A waiver, as the results that it was used for show it."""
    scope = waiver.scope
    return {
        "sha256": waiver.sha256,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "date": waiver.given.isoformat(),
        "expires": waiver.expires.isoformat(),
        "scope": {
            "verdicts": _setting(scope.verdicts),
            "signals": sorted(scope.signals),
            "project": scope.project,
            "versions": str(scope.versions),
        },
    }


def _layer_to_json(layer: Layer) -> dict[str, JSONValue]:
    return {
        **{setting_key(name): _setting(value) for name, value in layer.settings.items()},
        **{f"signals.{name}": action.value for name, action in layer.signals.items()},
    }


_SETTINGS = (
    "trusted",
    "late_after_days",
    "silent_for_days",
    "native_review_surface",
    "indexes",
    "sdists",
)


def _setting(value: Any) -> JSONValue:  # noqa: ANN401 - a field of `Rules`
    match value:
        case frozenset():
            return [verdict.value for verdict in Verdict if verdict in value]
        case SurfaceLimit():
            return value.size if value.percent is None else str(value)
        case tuple():
            return sorted(value)
        case SdistRule():
            return value.value
    number: int | None = value
    return number


def _is_in(version: Version, versions: SpecifierSet) -> bool:
    return versions.contains(version, prereleases=True)


DEFAULT_POLICY = Policy()
"""What holds where no file says anything."""
