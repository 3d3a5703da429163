"""A policy for a person at a terminal: where it comes from, what it says, what becomes of whom."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from reports.printable import printable
from verify.finding import JSONValue
from verify.policy.explain import Answer, Explanation
from verify.policy.model import DEFAULT, Effective, Waiver, settings_to_json
from verify.policy.waivers import State

_STATE_WORDS = {
    State.COUNTS: "counts",
    State.EXPIRED: "has expired",
    State.NOT_YET: "does not count yet",
    State.OUT_OF_SCOPE: "is for another release",
}
_WIDTHS = 38, 36


def render_policy(explanation: Explanation, console: Console, *, verbose: bool = False) -> None:
    """Print where the policy comes from, what it says in general, and each wheel's answer."""
    source = explanation.policy.source
    _line(console, f"policy   {source or 'the default one; no file configures another'}", "bold")
    _line(console, f"digest   {explanation.policy.digest}")
    if not explanation.answers:
        _settings(explanation.effective, console, verbose=verbose)
        for project in explanation.policy.projects:
            versions = f" {project.versions}" if project.versions else ""
            _line(console, f"  {project.project}{versions}: see {project.layer.where}")
        for waiver in explanation.policy.waivers:
            _waiver(waiver, "has expired: " if waiver in explanation.expired else "", console)
    for answer in explanation.answers:
        _answer(answer, console, verbose=verbose)
    if explanation.unused:
        console.print()
    for waiver in explanation.unused:
        expired = ", has expired" if waiver in explanation.expired else ""
        _waiver(waiver, f"unused here{expired}: ", console)


def _answer(answer: Answer, console: Console, *, verbose: bool) -> None:
    console.print()
    _line(console, answer.asked.text, "bold")
    _settings(answer.effective, console, verbose=verbose)
    for where in answer.elsewhere:
        _line(console, f"  for other versions only: {where}")
    for waiver, state in answer.waivers:
        _waiver(waiver, f"{_STATE_WORDS.get(state, state)}: ", console)
    for verdict, decision in answer.decisions.items():
        style = "green" if decision.trusted else "yellow"
        word = "trusted" if decision.trusted else "not trusted"
        _line(console, f"  {verdict.value:<13} {word}: {'; '.join(decision.reasons)}", style)


def _settings(effective: Effective, console: Console, *, verbose: bool) -> None:
    """Each setting and where it comes from; of the signals without -v those that a file sets."""
    for key, value in settings_to_json(effective.rules).items():
        origin = effective.origins[key]
        if verbose or origin != DEFAULT or not key.startswith("signals."):
            _line(console, f"  {key:<{_WIDTHS[0]}} {_shown(value):<{_WIDTHS[1]}} {origin}")
    if not verbose:
        _line(console, "  other signals as by default (-v shows all)", "dim")


def _shown(value: JSONValue) -> str:
    if value is None:
        return "-"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _waiver(waiver: Waiver, state: str, console: Console) -> None:
    scope = waiver.scope
    what = ", ".join([*sorted(scope.verdicts), *sorted(scope.signals)])
    release = f" of {scope.project}{scope.versions}" if scope.project else ""
    days = f"{waiver.given} to {waiver.expires}"
    _line(console, f"  waiver   {state}{what}{release}, by {waiver.owner}, {days}: {waiver.reason}")
    _line(console, f"           sha256 {waiver.sha256}", "dim")


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(printable(text), style=style))
