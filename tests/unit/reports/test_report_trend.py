"""What changed since the previous run: found by hand in the JSON, told in every format."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from reports.renderers.reading import read_results
from reports.renderers.registry import renderers
from reports.renderers.results import BY_WORST, Stand, Trend, What
from reports.renderers.trend import (
    EarlierRun,
    Known,
    earlier_run,
    trend_of,
    trend_since,
    with_trend,
)
from reports.renderers.words import since
from tests.support.command import assert_valid, truewheel
from tests.support.results import document, result, small, wheel, whole
from verify.verdict import Verdict


def known(label: str, verdict: str = "identical", sha256: str | None = "a" * 64) -> Known:
    trusted = verdict in {"identical", "regenerated", "equivalent"}
    return Known(label=label, sha256=sha256, stand=Stand(verdict=Verdict(verdict), trusted=trusted))


def trend(before: list[Known], now: list[Known], *, is_whole: bool = True) -> Trend:
    return trend_of(now, EarlierRun(number=1, wheels=tuple(before)), is_whole=is_whole)


def changes(before: list[Known], now: list[Known]) -> list[tuple[str, list[str]]]:
    found = trend(before, now).changes
    return [(change.label, [what.value for what in change.what]) for change in found]


def test_each_wheel_is_told_by_what_became_of_it_and_the_worst_first() -> None:
    before = [
        *(known("same"), known("lost"), known("went"), known("up", "different")),
        *(known("down", "different"), known("other"), known("less", "identical")),
    ]
    now = [
        *(known("same"), known("lost", "different"), known("up", "equivalent"), known("good")),
        *(known("down", "suspicious"), known("other", sha256="b" * 64), known("bad", "different")),
        known("less", "regenerated"),
    ]
    assert changes(before, now) == [
        ("lost", ["newly-distrusted", "worse"]),
        ("down", ["worse"]),
        ("less", ["worse"]),
        ("other", ["replaced"]),
        ("bad", ["new"]),
        ("good", ["new"]),
        ("went", ["gone"]),
        ("up", ["better", "newly-trusted"]),
    ]


@pytest.mark.parametrize("before", BY_WORST)
@pytest.mark.parametrize("after", BY_WORST)
def test_a_verdict_is_better_worse_or_the_same_and_a_lost_one_is_worse(
    before: Verdict, after: Verdict
) -> None:
    (found,) = changes([known("x", before)], [known("x", after)]) or [("x", [])]
    judged = set(found[1]) & {"better", "worse"}
    assert len(judged) == (before is not after)
    if after is Verdict.UNDETERMINED and before is not after:
        assert judged == {"worse"}
    (back,) = changes([known("x", after)], [known("x", before)]) or [("x", [])]
    assert not (judged == {"better"} and "better" in back[1])


def test_trust_may_change_while_the_verdict_stays() -> None:
    same = known("x", "different")
    waived = Known(
        label="x", sha256=same.sha256, stand=Stand(verdict=Verdict.DIFFERENT, trusted=True)
    )
    assert changes([waived], [same]) == [("x", ["newly-distrusted"])]
    assert changes([same], [waived]) == [("x", ["newly-trusted"])]


def test_wheels_of_one_name_are_told_apart_by_their_hashes() -> None:
    one, two = known("x", "identical", "1" * 64), known("x", "different", "2" * 64)
    assert changes([one, two], [two, one]) == []
    assert changes([one, two], [two]) == [("x", ["gone"])]
    assert changes([one], [two, one]) == [("x", ["new"])]


def test_a_hash_that_was_not_known_is_no_other_file() -> None:
    assert changes([known("x", sha256=None)], [known("x")]) == []


def test_of_a_run_that_is_not_whole_nothing_is_said_to_be_gone() -> None:
    assert trend([known("x")], [], is_whole=False).changes == ()
    for unfinished in ({"interrupted": True}, {"summary": {"skipped": 1}}, LEFT):
        now = {**document(), **unfinished}
        assert trend_since(now, EarlierRun(number=1, wheels=(known("x"),))).changes == ()


LEFT: dict[str, Any] = {"left": [{"requirement": "x", "wheel": None, "why": "limit", "asked": []}]}


def test_what_is_written_is_read_again_as_it_was() -> None:
    before = earlier_run(small())
    now = document(result(), result(requirement="n==1", wheel=wheel("n-1-py3-none-any.whl")))
    found = trend_since(now, before)
    grown = with_trend(now, found)
    assert_valid(grown)
    assert read_results(json.loads(json.dumps(grown))).trend == found
    assert found.counts == {What.NEW: 1, What.GONE: 3}


def test_the_sentence_counts_what_changed() -> None:
    told = read_results(whole()).trend
    assert told is not None
    assert since(told) == (
        "since run 11 (2 of 4 wheels trusted then): 1 not trusted any more, 1 worse,"
        " 1 another file of that name, 1 new, 1 gone, 1 better, 1 trusted now"
    )
    same = trend_since(small(), earlier_run(small()))
    assert since(same) == "since the previous run (2 of 4 wheels trusted then): nothing changed"


def test_every_format_for_people_tells_what_changed() -> None:
    for name, said in (
        ("markdown", "**Not trusted any more:** <code>odd-2&#46;0-py3-none-any&#46;whl</code>"),
        ("html", '<span class="tag newly-distrusted">not trusted any more</span>'),
        ("json", '"newly-distrusted"'),
    ):
        (renderer,) = renderers([name])
        assert any(said in file.content.decode() for file in renderer.render(whole())), name


def test_hostile_names_that_changed_are_inert() -> None:
    now = document(result(requirement="<script>@all", wheel=None, source=None))
    grown = with_trend(now, trend_since(now, EarlierRun(number=None, wheels=())))
    (page,) = (
        file.content.decode()
        for file in renderers(["html"])[0].render(grown)
        if file.name == "index.html"
    )
    assert page.count("&lt;script&gt;@all") == 2
    assert page.count("<script>") == 1


def test_a_file_of_results_is_compared_with_another(tmp_path: Path) -> None:
    now, then, out = tmp_path / "now.json", tmp_path / "then.json", tmp_path / "out"
    earlier: dict[str, Any] = copy.deepcopy(small())
    earlier["results"][1].update(verdict="identical", trusted=True, basis="verdict")
    now.write_text(json.dumps(small()))
    then.write_text(json.dumps(earlier))
    ran = truewheel("report", now, "-o", out, "--format", "all", "--previous", then)
    assert (ran.code, ran.stderr) == (0, "")
    written = json.loads((out / "results.json").read_text())
    assert_valid(written)
    assert [change["wheel"] for change in written["trend"]["changes"]] == [
        "odd-2.0-py3-none-any.whl"
    ]
    again = truewheel("report", out / "results.json", "-o", tmp_path / "again", "--format", "all")
    assert again.code == 0
    assert (tmp_path / "again" / "index.html").read_bytes() == (out / "index.html").read_bytes()


def test_a_previous_file_that_holds_no_results_is_a_usage_error(tmp_path: Path) -> None:
    now, then = tmp_path / "now.json", tmp_path / "then.json"
    now.write_text(json.dumps(small()))
    then.write_text("{}")
    ran = truewheel("report", now, "-o", tmp_path / "out", "--previous", then)
    assert ran.code == 2
    assert "these are no results" in ran.stderr
    assert not (tmp_path / "out").exists()
