"""The table of setuptools' eras, as the search reads it."""

from datetime import date
from itertools import pairwise

import pytest
from packaging.version import Version

from builders.eras import era_of, eras
from tests.knowledge.observation import Observation, difference


def test_eras_are_in_order_and_each_begins_once() -> None:
    firsts = [era.first for era in eras()]

    assert len(firsts) > 20
    assert all(before < after for before, after in pairwise(firsts))


def test_an_era_ends_where_the_next_begins() -> None:
    assert [era.until for era in eras()] == [*(era.first for era in eras()[1:]), None]


def test_eras_were_published_in_the_order_of_their_versions() -> None:
    days = [era.uploaded for era in eras()]

    assert all(type(day) is date for day in days)
    assert all(before <= after for before, after in pairwise(days))


def test_a_known_release_has_its_day_of_publication() -> None:
    spdx = era_of(Version("77.0.3"))

    assert spdx.first.major == 77
    assert date(2025, 3, 19) <= spdx.uploaded <= date(2025, 3, 20)


def test_an_era_holds_its_first_release_and_not_the_next_eras() -> None:
    for era, following in pairwise(eras()):
        assert era_of(era.first) is era
        assert era_of(Version(f"{era.first}.post1")) is era
        assert era_of(following.first) is following


@pytest.mark.parametrize("version", ["0", "0.6", "0.7.2"])
def test_a_release_before_the_first_era_counts_to_it(version: str) -> None:
    assert era_of(Version(version)) is eras()[0]


def test_a_pre_release_belongs_to_the_era_before() -> None:
    before, after = eras()[-2:]

    assert era_of(Version(f"{after.first}.dev1")) is before


def test_a_release_newer_than_the_table_belongs_to_the_last_era() -> None:
    assert era_of(Version("99999")) is eras()[-1]


def test_a_release_that_only_builds_again_what_one_before_it_broke_begins_no_era() -> None:
    """78.0.1 refused dashes in setup.cfg, 78.0.2 took them back."""
    before, broken, mended = map(era_of, map(Version, ["78.0", "78.0.1", "78.0.2"]))

    assert before is not broken
    assert broken is mended


def observation(**probes: bool) -> Observation:
    """Of probes that could be built or not."""
    return Observation(
        wheels={
            probe: ("probe.whl", {"probe.dist-info/METADATA": b""}) if is_built else None
            for probe, is_built in probes.items()
        }
    )


@pytest.mark.parametrize(
    ("before", "after", "touches"),
    [
        (observation(a=True, b=False), observation(a=True, b=True), ("builds",)),
        (observation(a=True, b=True), observation(a=True, b=False), ("fails",)),
        (observation(a=True, b=False), observation(a=False, b=True), ("builds", "fails")),
        (observation(a=True, b=False), observation(a=True, b=False), ()),
    ],
    ids=["more", "fewer", "others", "the-same"],
)
def test_the_survey_tells_what_builds_again_from_what_fails(
    before: Observation, after: Observation, touches: tuple[str, ...]
) -> None:
    assert difference(before, after).touches == touches
