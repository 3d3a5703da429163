"""Policies in files, as a user has them: what `check` answers, and what `policy explain` says."""

import os
import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from builders.sandbox.interface import Limits
from tests.support.command import Ran, assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile
from tests.support.policies import located
from tests.support.projects import MODULES, SDIST, WHEEL, make_sdist, make_wheel
from verify.check import check_file
from verify.events import silent
from verify.policy.document import read_policy
from verify.workbench import Settings, Workbench

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2024, 8, 1, 12, tzinfo=UTC)
TAMPERED = {**MODULES, "extra.py": "VALUE = 2\n"}
LATE = "release.late-wheel"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexServer]:
    """An index with an honest wheel, uploaded three months after its source."""
    with IndexServer() as server:
        publish(server, tmp_path)
        yield server


def publish(
    index: IndexServer, folder: Path, modules: dict[str, str] | None = None, *, sdist: bool = True
) -> str:
    """Serve a project; gives the sha256 of its wheel."""
    wheel = make_wheel(folder, modules=modules or MODULES).read_bytes()
    files = [ServedFile(filename=WHEEL, content=wheel, upload_time=LATER)]
    if sdist:
        source = make_sdist(folder).read_bytes()
        files.append(ServedFile(filename=SDIST, content=source, upload_time=DAY))
    index.add("thing", files)
    return sha256(wheel).hexdigest()


def waiver(digest: str, *, verdict: str = "different", expires: str = "2999-12-31") -> str:
    return (
        "[[policy.waivers]]\n"
        f'sha256 = "{digest}"\nowner = "alice@example.org"\nreason = "read by hand"\n'
        f'date = 2020-01-01\nexpires = {expires}\nscope = {{ verdicts = ["{verdict}"] }}\n'
    )


def check(
    index: IndexServer, cache: Path, cwd: Path, text: str | None = None, *more: str | Path
) -> Ran:
    """`check` in a directory that is configured so."""
    cwd.mkdir(exist_ok=True)
    if text is not None:
        (cwd / "truewheel.toml").write_text(text, encoding="utf-8")
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--index-url", index.url, "thing==1.0",
        *more, cache=cache, cwd=cwd,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr
    assert_valid_or_error(ran)
    return ran


def assert_valid_or_error(ran: Ran) -> None:
    if ran.code != 2:
        assert_valid(ran.document)


def result(ran: Ran) -> Any:  # noqa: ANN401 - that is what JSON is
    (only,) = ran.document["results"]
    return only


def test_by_default_a_late_wheel_that_is_reproduced_is_trusted_with_a_warning(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    ran = check(index, cache, tmp_path / "here")
    found = result(ran)
    assert (ran.code, found["verdict"], found["basis"]) == (0, "identical", "verdict")
    assert found["reasons"] == [
        "the verdict is identical",
        f"signal {LATE} warns, and does not refuse",
    ]
    assert [warning.split(":")[0] for warning in found["warnings"]] == [LATE]
    assert found["policy"] == ran.document["summary"]["policy"]
    assert found["policy"]["source"] is None


def test_a_policy_refuses_it_and_says_where_it_does(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    text = '[policy.projects.thing]\nsignals.late-wheel = "refuse"\n'
    ran = check(index, cache, tmp_path / "here", text)
    found = result(ran)
    assert (ran.code, found["verdict"], found["trusted"]) == (1, "identical", False)
    (reason,) = found["reasons"]
    assert reason.startswith(f"signal {LATE} refuses (policy.projects.thing): ")
    assert found["policy"]["source"] == "truewheel.toml"


def test_the_threshold_of_a_policy_is_that_of_the_signal(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    ran = check(index, cache, tmp_path / "here", "policy.late-after-days = 100\n")
    assert (ran.code, result(ran)["signals"]) == (0, [])


def test_a_pyproject_above_counts_and_has_the_same_digest(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    own = result(check(index, cache, tmp_path / "own", 'policy.trusted = ["identical"]\n'))
    text = '[tool.truewheel.policy]\ntrusted = ["identical"]\n'
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    shared = result(check(index, cache, tmp_path / "shared"))
    assert shared["policy"]["source"] == "../pyproject.toml"
    assert shared["policy"]["digest"] == own["policy"]["digest"]


def test_a_waived_wheel_is_trusted_with_its_verdict_unchanged(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    digest = publish(index, tmp_path, TAMPERED)
    ran = check(index, cache, tmp_path / "here", waiver(digest))
    found = result(ran)
    assert (ran.code, found["verdict"], found["basis"]) == (0, "different", "waiver")
    assert found["reasons"][:2] == [
        "the verdict is different",
        "waived by alice@example.org until 2999-12-31: read by hand",
    ]
    assert found["waiver"]["sha256"] == digest
    assert ran.document["summary"]["trusted"] == 1


def test_an_expired_waiver_refuses_and_says_so(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    digest = publish(index, tmp_path, TAMPERED)
    ran = check(index, cache, tmp_path / "here", waiver(digest, expires="2020-12-31"))
    found = result(ran)
    assert (ran.code, found["trusted"]) == (1, False)
    assert "the waiver of alice@example.org expired on 2020-12-31" in found["reasons"]
    assert "waiver" not in found


def test_a_waiver_for_another_file_changes_nothing(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    honest = publish(index, tmp_path)
    publish(index, tmp_path, TAMPERED)
    ran = check(index, cache, tmp_path / "here", waiver(honest))
    assert (ran.code, result(ran)["trusted"]) == (1, False)


def test_a_wheel_that_nobody_could_judge_can_be_waived(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    digest = publish(index, tmp_path, sdist=False)
    refused = check(index, cache, tmp_path / "here", waiver(digest))
    assert (refused.code, result(refused)["reason"]) == (3, "no-source")
    waived = check(index, cache, tmp_path / "here", waiver(digest, verdict="undetermined"))
    assert (waived.code, result(waived)["basis"]) == (0, "waiver")


def test_only_wheels_of_the_allowed_indexes_are_trusted(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    here = check(index, cache, tmp_path / "here", f'policy.indexes = ["{index.url}/"]\n')
    assert (here.code, result(here)["trusted"]) == (0, True)
    text = 'policy.indexes = ["https://index.example.org/simple"]\n'
    elsewhere = check(index, cache, tmp_path / "here", text)
    assert (elsewhere.code, result(elsewhere)["verdict"]) == (1, "identical")
    assert result(elsewhere)["reasons"][0] == (
        f"the wheel is from {index.url}, which policy forbids"
    )
    local = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--offline", "--file", tmp_path / WHEEL,
        "--sdist", tmp_path / SDIST, cache=cache, cwd=tmp_path / "here",
    )  # fmt: skip
    assert (local.code, result(local)["verdict"]) == (1, "identical")


MISTAKES = {
    "policy.trusted = ['different']\n": "truewheel.toml: policy.trusted[0] is 'different'",
    "[policy.signals]\nlate-weel = 'warn'\n": "truewheel.toml: policy.signals.late-weel",
    "polcy.trusted = []\n": "truewheel.toml: polcy is an unknown key",
    "memory = 'much'\n": "truewheel.toml: memory is a string, and has to be an integer",
    "timeout = nan\n": "truewheel.toml: timeout is no finite number",
    "[policy\n": "truewheel.toml cannot be read",
    "cache-dir = 'x'\n": "truewheel.toml: cache-dir counts only in a file that --config names",
    "ledger = 'x'\n": "truewheel.toml: ledger counts only in a file that --config names",
    "sandbox = 'unsafe-host'\n": "truewheel.toml: sandbox is 'unsafe-host', which counts only",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_one_clear_message_before_anything_is_done(
    text: str, index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    ran = check(index, cache, tmp_path / "here", text)
    assert ran.code == 2
    assert ran.document["error"]["message"].startswith(MISTAKES[text])
    assert index.requests == []


def test_a_named_file_is_the_only_one_and_may_choose_the_sandbox(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    named = tmp_path / "team.toml"
    named.write_text('sandbox = "unsafe-host"\npolicy.trusted = []\n', encoding="utf-8")
    ran = check(index, cache, tmp_path / "here", "[broken", "--config", named)
    found = result(ran)
    assert (ran.code, found["policy"]["source"]) == (1, "../team.toml")
    assert found["recipe"]["sandbox"] == "bubblewrap"


EXPLAINED = """\
policy   truewheel.toml
digest   {digest}

thing-1.0-py3-none-any.whl
  trusted                                identical                            policy
  late-after-days                        14                                   default
  silent-for-days                        365                                  default
  native-review-surface                  2%                                   policy.projects.thing
  indexes                                -                                    default
  sdists                                 asked                                default
  signals.release.late-wheel             refuse                               policy
  other signals as by default (-v shows all)
  waiver   counts: different, by alice@example.org, 2020-01-01 to 2999-12-31: read by hand
           sha256 {honest}
  identical     trusted: the verdict is identical
  regenerated   not trusted: the verdict is regenerated, which this policy does not trust; \
the waiver of alice@example.org does not cover: \
the verdict is regenerated, which this policy does not trust
  equivalent    not trusted: the verdict is equivalent, which this policy does not trust; \
the waiver of alice@example.org does not cover: \
the verdict is equivalent, which this policy does not trust
  different     trusted: the verdict is different; \
waived by alice@example.org until 2999-12-31: read by hand
  suspicious    not trusted: the verdict is suspicious; \
the waiver of alice@example.org does not cover: the verdict is suspicious
  undetermined  not trusted: the verdict is undetermined; \
the waiver of alice@example.org does not cover: the verdict is undetermined

  waiver   unused here, has expired: different, by alice@example.org, 2020-01-01 to 2020-12-31: \
read by hand
           sha256 {other}
"""


def explained(folder: Path, *arguments: str | Path) -> Ran:
    ran = truewheel("policy", "explain", *arguments, cwd=folder)
    assert (ran.code, ran.stderr) == (0, "")
    return ran


def test_explain_says_what_applies_to_a_wheel_and_why(tmp_path: Path) -> None:
    honest = sha256(make_wheel(tmp_path).read_bytes()).hexdigest()
    text = (
        '[policy]\ntrusted = ["identical"]\nsignals.late-wheel = "refuse"\n'
        '[policy.projects.thing]\nversions = "<2"\nnative-review-surface = "2%"\n'
        f"{waiver(honest)}{waiver('ab' * 32, expires='2020-12-31')}"
    )
    (tmp_path / "truewheel.toml").write_text(text, encoding="utf-8")
    document = explained(tmp_path, "--json", "--wheel-file", WHEEL).document
    assert_valid(document)
    (wheel,) = document["wheels"]
    assert wheel["settings"]["native-review-surface"] == {
        "value": "2%",
        "from": "policy.projects.thing",
    }
    assert [one["state"] for one in wheel["waivers"]] == ["counts"]
    assert [one["sha256"] for one in document["unused_waivers"]] == ["ab" * 32]
    assert document["expired_waivers"] == document["unused_waivers"]
    shown = explained(tmp_path, "--wheel-file", WHEEL).stdout
    digest = document["policy"]["digest"]
    lines = [line.rstrip() for line in shown.splitlines()]
    wanted = EXPLAINED.format(digest=digest, honest=honest, other="ab" * 32)
    assert lines == wanted.splitlines()


def test_explain_without_any_file_shows_the_default(tmp_path: Path) -> None:
    document = explained(tmp_path, "--json", "thing==1.0", "other").document
    assert_valid(document)
    assert document["policy"]["source"] is None
    assert [wheel["version"] for wheel in document["wheels"]] == ["1.0", None]
    assert explained(tmp_path).stdout.startswith("policy   the default one")


@pytest.mark.parametrize(
    "arguments", [("--sha256", "xyz"), ("a b",), ("a>1",), ("--wheel-file", "x.txt")]
)
def test_explain_refuses_what_is_no_wheel(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"")
    ran = truewheel("policy", "explain", *arguments, cwd=tmp_path)
    assert ran.code == 2
    assert "Traceback" not in ran.stderr


def test_the_output_is_the_same_under_any_hash_seed(tmp_path: Path) -> None:
    text = "".join(
        waiver("ab" * 32).replace("alice", who).replace('["different"]', verdicts)
        for who in ("bob", "alice")
        for verdicts in ('["different", "suspicious", "undetermined"]', '["undetermined"]')
    )
    (tmp_path / "truewheel.toml").write_text(text, encoding="utf-8")
    outputs = {
        truewheel(
            "policy", "explain", "--json", "--sha256", "ab" * 32,
            cwd=tmp_path, environment={"PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in range(4)
    }  # fmt: skip
    assert len(outputs) == 1


def test_a_waiver_counts_for_the_day_that_a_run_is_on(cache: Path, tmp_path: Path) -> None:
    make_sdist(tmp_path)
    wheel = make_wheel(tmp_path, modules=TAMPERED)
    digest = sha256(wheel.read_bytes()).hexdigest()
    table = tomllib.loads(waiver(digest, expires="2026-06-30"))["policy"]
    found = {}
    for day in (date(2026, 6, 30), date(2026, 7, 1)):
        settings = Settings(
            sandbox="bubblewrap",
            cache_root=cache,
            offline=True,
            limits=Limits(wall_seconds=60),
            environ=tuple(os.environ.items()),
            cwd=tmp_path,
            policy=read_policy(located(table), "truewheel.toml"),
            today=day,
        )
        with closing(Workbench(settings, silent)) as bench:
            found[day.isoformat()] = check_file(wheel, tmp_path / SDIST, bench).trusted
    assert found == {"2026-06-30": True, "2026-07-01": False}


def test_of_several_indexes_that_list_a_wheel_the_first_is_where_it_is_from(
    index: IndexServer, cache: Path, tmp_path: Path
) -> None:
    with IndexServer() as second:
        second.add("thing", index.projects["thing"])
        text = f'policy.indexes = ["{second.url}"]\n'
        ran = check(index, cache, tmp_path / "here", text, "--extra-index-url", second.url)
    assert result(ran)["reasons"][0] == f"the wheel is from {index.url}, which policy forbids"
