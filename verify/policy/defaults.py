"""What holds where no policy says otherwise; docs/policy.md gives the reasons."""

from collections.abc import Mapping
from enum import StrEnum

from verify.verdict import Verdict

TRUSTED_VERDICTS = frozenset({Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT})
"""All that a policy may trust by verdict alone; any other needs a waiver for its sha256."""


UNSAFE_SANDBOX = "unsafe-host"
"""What ran there may have seen anything, so that no rebuild from there proves anything."""


class Action(StrEnum):
    """What a signal does; values are those of the policy file and of the JSON."""

    REFUSE = "refuse"
    WARN = "warn"
    IGNORE = "ignore"


class SdistRule(StrEnum):
    """Which sdists a lock may hold; values are those of the policy file and of the JSON.

    ASKED: those that a person asks for, if a trusted wheel of the release was rebuilt from them.
    VERIFIED: such ones, asked for or not.
    ANY: also those that nothing was compared with.
    """

    ASKED = "asked"
    VERIFIED = "verified"
    ANY = "any"


SIGNAL_ACTION = Action.WARN
"""A signal is about a release, the claim is about bytes: what is reproduced from the source is what
the source builds to, however late and by whom it was uploaded."""

SIGNAL_ACTIONS: Mapping[str, Action] = {}
"""Signals that do anything else."""
