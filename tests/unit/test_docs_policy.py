"""docs/policy.md: its example is a policy, and it names every key and every action."""

import re
import tomllib
from datetime import date
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.policies import case
from verify.cli.config import KEYS
from verify.policy.decide import Basis, decide
from verify.policy.defaults import Action
from verify.policy.document import read_policy
from verify.policy.located import Located
from verify.policy.model import Policy, Rules, settings_to_json
from verify.verdict import Verdict

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "policy.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def example() -> Policy:
    table = tomllib.loads(EXAMPLE)["policy"]
    return read_policy(Located(file="truewheel.toml", path="policy", value=table), "truewheel.toml")


def test_the_example_is_a_policy_with_every_setting() -> None:
    table = tomllib.loads(EXAMPLE)
    Located(file="truewheel.toml", path="", value=table).table((*KEYS, "policy"))
    settings = {key for key in settings_to_json(Rules()) if not key.startswith("signals.")}
    assert settings | {"signals", "projects", "waivers"} == table["policy"].keys()
    assert {action.value for action in Action} == {*table["policy"]["signals"].values(), "warn"}


def test_the_example_does_what_its_comments_say() -> None:
    rules = example().rules_for(canonicalize_name("some-codec"), Version("1.5"))
    assert rules.rules.trusted == {Verdict.IDENTICAL}
    assert rules.rules.native_review_surface is None
    assert rules.rules.signals["release.late-wheel"] is Action.WARN  # type: ignore[index] # a name
    assert rules.origins["signals.release.late-wheel"] == "policy.projects.some-codec[1]"
    (waiver,) = example().waivers
    one = case(Verdict.DIFFERENT, project="some-thing", sha256=waiver.sha256)
    assert decide(one, example(), date(2026, 10, 31)).basis is Basis.WAIVER
    assert not decide(one, example(), date(2026, 11, 1)).trusted


def test_every_option_and_every_key_of_a_waiver_is_documented() -> None:
    for key in (*KEYS, *tomllib.loads(EXAMPLE)["policy"]["waivers"][0]):
        assert f"`{key}`" in TEXT
