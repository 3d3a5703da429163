"""Judgements as bytes and back: all of it or nothing."""

import json
import zlib
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

from builders.manylinux import PreferredImage
from builders.recipe import recipe_to_json
from tests.support.remembering import (
    OTHER_SHA256,
    make_judgement,
    make_key,
    make_recipe,
    make_remembered,
)
from verify.ledger.interface import Key
from verify.ledger.stored import pack, unpack
from verify.results import Judgement
from verify.verdict import Reason, Verdict


@pytest.mark.parametrize("verdict", Verdict)
def test_what_is_packed_comes_back_as_it_was(verdict: Verdict) -> None:
    kept = make_remembered(verdict)
    assert unpack(pack(kept), kept.key) == kept


def test_the_example_leaves_out_no_field_of_a_judgement() -> None:
    """Else the law above would hold for values that nobody wrote."""
    empty = Judgement(verdict=Verdict.DIFFERENT, reason=None, detail=None)
    judged = make_judgement(Verdict.DIFFERENT)
    same = {
        field.name
        for field in fields(Judgement)
        if getattr(judged, field.name) == getattr(empty, field.name)
    }
    assert same == {"verdict", "reason", "broken_off"}


@pytest.mark.parametrize("name", [field.name for field in fields(Key)])
def test_a_row_is_read_for_its_own_key_alone(name: str) -> None:
    kept = make_remembered()
    other: dict[str, Any] = {
        "wheel": "thing-1.0-py2-none-any.whl",
        "source": "thing-1.0.zip",
        "uploaded": None,
        "served": (),
        "recipe": OTHER_SHA256,
        "confined": False,
        "tool": "1.1",
    }
    key = replace(kept.key, **{name: other.get(name, "99" * 32)})
    assert key.digest != kept.key.digest
    assert unpack(pack(kept), key) is None


def edited(edit: Callable[[Any], object]) -> bytes:
    document = json.loads(zlib.decompress(pack(make_remembered())))
    edit(document)
    return zlib.compress(json.dumps(document).encode())


def judgement(document: Any) -> Any:  # noqa: ANN401 - JSON
    return document["remembered"]["judgement"]


EDITS: dict[str, Callable[[Any], object]] = {
    "another format": lambda d: d.update(format=2),
    "a field too many": lambda d: judgement(d).update(more=1),
    "a field too few": lambda d: judgement(d).pop("detail"),
    "a field of another type": lambda d: judgement(d)["attempts"][0].update(chosen="x"),
    "a number for a truth": lambda d: judgement(d).update(broken_off=0),
    "a truth for a number": lambda d: d["remembered"]["effort"].update(attempts=True),
    "a text for a list": lambda d: judgement(d).update(attempts=""),
    "a list for an object": lambda d: judgement(d).update(diff=[]),
    "evidence that is none": lambda d: judgement(d)["diff"]["findings"][0].update(evidence=[]),
    "a verdict that there is not": lambda d: judgement(d).update(verdict="fine"),
    "a better verdict than the comparison's": lambda d: judgement(d).update(verdict="regenerated"),
    "identical, but of other bytes": lambda d: (
        judgement(d).update(verdict="identical"),
        judgement(d)["diff"].update(verdict="identical"),
    ),
    "a verdict without a comparison": lambda d: judgement(d).update(diff=None),
    "a comparison without a recipe": lambda d: judgement(d).update(recipe=None),
    "a comparison of another wheel": lambda d: judgement(d)["diff"]["published"].update(
        sha256=OTHER_SHA256
    ),
    "a comparison of another name": lambda d: judgement(d)["diff"]["published"].update(
        filename="x-1.0-py3-none-any.whl"
    ),
    "bytes that are not accounted for": lambda d: judgement(d)["diff"]["published"].update(size=1),
    "a recipe that is none": lambda d: judgement(d)["recipe"].update(umask="what"),
    "a recipe of another source": lambda d: judgement(d)["recipe"]["source"].update(
        sha256=OTHER_SHA256
    ),
    "a recipe of the bare host": lambda d: judgement(d)["recipe"].update(sandbox="unsafe-host"),
    "a moment without a zone": lambda d: d["remembered"].update(judged_at="2026-11-20T09:30:15"),
    "a moment in another zone": lambda d: d["remembered"].update(
        judged_at="2026-11-20T09:30:15+01:00"
    ),
    "no number": lambda d: judgement(d)["seconds"].update(total=float("nan")),
}


def test_the_document_is_read_where_nobody_edited_it() -> None:
    assert unpack(edited(lambda _: None), make_key()) == make_remembered()


@pytest.mark.parametrize("what", EDITS)
def test_a_row_with_an_oddity_is_as_good_as_none(what: str) -> None:
    assert unpack(edited(EDITS[what]), make_key()) is None


def test_an_undetermined_row_without_a_reason_is_none() -> None:
    kept = make_remembered(Verdict.UNDETERMINED)
    without = replace(kept, judgement=replace(kept.judgement, reason=None))
    assert unpack(pack(without), kept.key) is None


def test_a_recipe_that_says_what_a_native_wheel_was_made_in_is_read_back() -> None:
    image = PreferredImage(
        repository="example/manylinux2014_x86_64",
        not_after=date(2024, 5, 4),
        tags=("YYYY-MM-DD-COMMIT",),
        toolset="devtoolset-10",
        compiler="10",
        is_policy_named=True,
        source="a table",
    )
    recipe = recipe_to_json(replace(make_recipe(), preferred_image=image))
    remembered = make_remembered(judgement=make_judgement(recipe=recipe))
    assert unpack(pack(remembered), remembered.key) == remembered


def test_a_confined_recipe_does_not_answer_for_the_bare_host() -> None:
    key = make_key(confined=False)
    confined = make_remembered(key=key)
    assert unpack(pack(confined), key) is None
    recipe = recipe_to_json(make_recipe("unsafe-host"))
    bare = make_remembered(key=key, judgement=make_judgement(recipe=recipe))
    assert unpack(pack(bare), key) == bare


def test_damaged_bytes_are_none() -> None:
    whole = pack(make_remembered())
    damaged = [b"", b"x" * 50, whole[:-1], whole + b"x", whole[: len(whole) // 2]]
    damaged += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    # One bit of zlib's header only says how hard the packer tried.
    read = [data for data in damaged if unpack(data, make_key()) is not None]
    assert all(unpack(data, make_key()) == make_remembered() for data in read)
    assert len(read) <= 2


def test_a_bomb_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.ledger.stored.MAX_BYTES", 1000)
    assert unpack(pack(make_remembered()), make_key()) is None


def test_nesting_without_end_is_none() -> None:
    deep = "[" * 200_000 + "]" * 200_000
    assert unpack(zlib.compress(deep.encode()), make_key()) is None


def test_an_unreadable_rebuild_has_a_comparison_and_a_reason() -> None:
    kept = make_remembered(Verdict.UNDETERMINED)
    diff = make_judgement().diff
    assert diff is not None
    unfit = replace(diff, verdict=Verdict.UNDETERMINED, reason=Reason.UNREADABLE_REBUILD)
    judged = replace(kept.judgement, diff=unfit, reason=Reason.UNREADABLE_REBUILD)
    kept = replace(kept, judgement=judged)
    assert unpack(pack(kept), kept.key) == kept
