"""What a worker elsewhere says counts if it is about the wheel, and was found out as it is here."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.replay import bench_in, identical, listed
from verify.batch.dask.crew import terms_of
from verify.batch.dask.hands import settings_for
from verify.batch.dask.settled import settled
from verify.batch.dask.wire import Order, read_answer, read_order, write_answer, write_order
from verify.batch.interface import Failed, Finished, Trouble
from verify.events import silent
from verify.finding import Finding, FindingClass
from verify.ledger.stored import packed
from verify.policy.defaults import Action
from verify.policy.model import Layer, Policy
from verify.signals import LATE_WHEEL
from verify.subject import Subject
from verify.verdict import Reason, Verdict
from verify.workbench import Workbench

SUBJECT = listed("thing==1.0")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """That of the batch."""
    with closing(bench_in(tmp_path)) as bench:
        assert bench.memory is not None
        bench.memory.serve(())
        yield bench


def said(bench: Workbench, subject: Subject = SUBJECT) -> Finished:
    """What an honest worker says of a subject."""
    terms = terms_of(bench, "batch", 60.0)
    settings = settings_for(terms, sandbox="bubblewrap", cache_root=Path("/nowhere"))
    assert settings is not None
    return identical(subject, Workbench(settings, silent), 2.5)


def test_an_order_is_read_as_it_was_written(bench: Workbench) -> None:
    order = Order(terms=terms_of(bench, "batch", 60.0), subject=SUBJECT)
    assert read_order(write_order(order)) == order
    bare = replace(order, subject=replace(SUBJECT, source=None, reason=Reason.NO_SOURCE, detail=""))
    assert read_order(write_order(bare)) == bare


@pytest.mark.parametrize("data", [b"", b"{}", packed({"format": 1}), b"\x80\x04N."])
def test_what_is_no_order_and_no_answer_is_read_as_none(data: bytes) -> None:
    assert read_order(data) is None
    assert read_answer((data, None)) is None


def test_an_answer_is_read_as_it_was_written(bench: Workbench) -> None:
    failed = Failed(trouble=Trouble.INDEX, message="no", hint="wait")
    for outcome in (said(bench), failed):
        assert read_answer(write_answer(outcome)) == outcome


def test_an_honest_answer_is_decided_about_and_remembered_here(bench: Workbench) -> None:
    outcome = settled(write_answer(said(bench)), SUBJECT, bench)
    assert isinstance(outcome, Finished)
    assert outcome.entry is not None
    assert (outcome.result.trusted, outcome.result.policy) == (True, bench.policy_id)
    kept = said(bench).kept
    assert kept is not None
    assert bench.memory is not None
    found = bench.memory.recall(kept.key)
    assert found is not None
    assert found.judgement == kept.judgement


def test_the_policy_of_the_batch_decides(bench: Workbench) -> None:
    late = Finding(rule=LATE_WHEEL, kind=FindingClass.NOTE, summary="late")
    answer = said(bench)
    answer = replace(answer, result=replace(answer.result, trusted=True, signals=(late,)))
    layer = Layer(where="policy", signals={LATE_WHEEL: Action.REFUSE})
    bench.settings = replace(bench.settings, policy=Policy(base=layer))
    outcome = settled(write_answer(answer), SUBJECT, bench)
    assert isinstance(outcome, Finished)
    assert outcome.result.trusted is False


def other_result(answer: Finished, **changes: Any) -> Finished:  # noqa: ANN401 - fields
    return replace(answer, result=replace(answer.result, **changes))


def other_key(answer: Finished, **changes: Any) -> Finished:  # noqa: ANN401 - fields
    assert answer.kept is not None
    key = replace(answer.kept.key, **changes)
    return replace(answer, kept=replace(answer.kept, key=key))


def test_an_answer_about_anything_else_is_refused(bench: Workbench) -> None:
    honest = said(bench)
    wheel = honest.result.wheel
    assert wheel is not None
    lies = [
        other_result(honest, requirement="other==1.0"),
        other_result(honest, wheel=replace(wheel, filename="other-1.0-py3-none-any.whl")),
        other_result(honest, wheel=replace(wheel, sha256="00" * 32)),
        other_result(honest, wheel=None),
        other_result(honest, source=None),
        other_result(honest, judged_at=datetime.now(UTC) - timedelta(days=1)),
        other_result(honest, verdict=Verdict.REGENERATED),
        other_key(honest, rules="cd" * 32),
        other_key(honest, indexes="cd" * 32),
        other_key(honest, confined=False),
        other_key(honest, uploaded=None),
        other_key(honest, wheel_sha256="00" * 32),
        other_key(honest, source_sha256="00" * 32),
        replace(honest, kept=None),
    ]
    for lie in lies:
        outcome = settled(write_answer(lie), SUBJECT, bench)
        assert isinstance(outcome, Failed), lie
        assert outcome.trouble is Trouble.BUG
    assert isinstance(settled(write_answer(honest), SUBJECT, bench), Finished)


@pytest.mark.parametrize("swapped", ["wheel", "source"])
def test_a_verdict_on_other_bytes_is_refused_however_well_it_fits_itself(
    bench: Workbench, swapped: str
) -> None:
    file = getattr(SUBJECT, swapped)
    other = replace(SUBJECT, **{swapped: replace(file, sha256="00" * 32)})
    honest, lie = said(bench), said(bench, other)
    lie = other_result(lie, wheel=honest.result.wheel, source=honest.result.source)
    assert isinstance(settled(write_answer(lie), SUBJECT, bench), Failed)


def test_a_worker_asks_the_indexes_of_the_batch_or_none(bench: Workbench) -> None:
    terms = terms_of(bench, "batch", 60.0)
    settings = settings_for(terms, sandbox="bubblewrap", cache_root=Path("/nowhere"))
    assert settings is not None
    assert settings.index_url == bench.config.urls[0]
    other = replace(terms, indexes="00" * 32)
    assert settings_for(other, sandbox="bubblewrap", cache_root=Path("/nowhere")) is None


def test_no_secret_of_the_person_is_in_an_order(bench: Workbench) -> None:
    bench.settings = replace(
        bench.settings, ledger="postgresql://me:secret@host/db", environ=(("TOKEN", "secret"),)
    )
    order = Order(terms=terms_of(bench, "batch", 60.0), subject=SUBJECT)
    assert "secret" not in repr(read_order(write_order(order)))
