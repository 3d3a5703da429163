"""Tampered shared objects: none of them is accounted for."""

import pytest

from tests.attacks.native.building import accepted, linked, told
from tests.attacks.native.sources import ASSEMBLY, CPP, MAIN
from tests.attacks.native.techniques import TECHNIQUES


@pytest.mark.parametrize("name", TECHNIQUES)
def test_tampering_leaves_a_problem(name: str) -> None:
    published, rebuilt = TECHNIQUES[name]()
    assert accepted(published, rebuilt) == []


@pytest.mark.parametrize("source", [MAIN, CPP, ASSEMBLY])
def test_what_is_tampered_with_is_accounted_for_before(source: str) -> None:
    assert told(linked(source), linked(source)) == []


def test_there_are_more_than_sixty_techniques() -> None:
    assert len(TECHNIQUES) > 60
