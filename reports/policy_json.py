"""`truewheel.policy/1`: a policy, and what it says about some wheels."""

from collections.abc import Mapping

from reports.as_json import JSONObject
from verify.finding import JSONValue
from verify.policy.decide import Decision
from verify.policy.explain import Answer, Explanation
from verify.policy.model import Effective, Waiver, policy_to_json, settings_to_json, waiver_to_json
from verify.policy.waivers import State


def policy_document(explanation: Explanation) -> JSONObject:
    """`truewheel.policy/1`."""
    policy = explanation.policy
    return {
        "schema": "truewheel.policy/1",
        "policy": {"digest": policy.digest, "source": policy.source},
        "today": explanation.today.isoformat(),
        "effective": policy_to_json(policy),
        "settings": _settings(explanation.effective),
        "wheels": [_answer(answer) for answer in explanation.answers],
        "expired_waivers": [waiver_to_json(waiver) for waiver in explanation.expired],
        "unused_waivers": [waiver_to_json(waiver) for waiver in explanation.unused],
    }


def _settings(effective: Effective) -> JSONObject:
    values = settings_to_json(effective.rules)
    return {key: {"value": values[key], "from": effective.origins[key]} for key in values}


def _answer(answer: Answer) -> JSONObject:
    asked = answer.asked
    return {
        "asked": asked.text,
        "project": asked.project,
        "version": None if asked.version is None else str(asked.version),
        "sha256": asked.sha256,
        "settings": _settings(answer.effective),
        "other_versions": list(answer.elsewhere),
        "verdicts": {
            verdict.value: _decision(decision) for verdict, decision in answer.decisions.items()
        },
        "waivers": [_waiver(waiver, state) for waiver, state in answer.waivers],
    }


def _decision(decision: Decision) -> Mapping[str, JSONValue]:
    return {
        "trusted": decision.trusted,
        "basis": decision.basis,
        "reasons": list(decision.reasons),
    }


def _waiver(waiver: Waiver, state: State) -> Mapping[str, JSONValue]:
    return {"state": state, **waiver_to_json(waiver)}
