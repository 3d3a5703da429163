"""A finding: one fact about a published wheel or its release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

JSONValue = None | bool | int | float | str | Sequence["JSONValue"] | Mapping[str, "JSONValue"]

RuleName = NewType("RuleName", str)
"""Dotted name of the rule behind a finding, e.g. `archive.trailing-bytes`; stable for waivers."""


class FindingClass(StrEnum):
    """How much a finding weighs, lightest first; values are part of the JSON contract."""

    NOTE = "note"
    BENIGN = "benign"
    UNEXPLAINED = "unexplained"
    DANGEROUS = "dangerous"

    @property
    def weight(self) -> int:
        """0 for the lightest class; larger is worse."""
        return list(FindingClass).index(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One fact about a published wheel (in a diff) or about its release (a signal).

    Attributes:
        rule: the rule that found it.
        kind: the contract's `class`.
        member: the archive member it is about, None for the archive or release as a whole.
        summary: one sentence for a person.
        evidence: JSON-able details, enough to check the finding without the tool.
    """

    rule: RuleName
    kind: FindingClass
    member: str | None = None
    summary: str
    evidence: Mapping[str, JSONValue] = field(default_factory=dict)
