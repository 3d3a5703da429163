"""Real wheels for attacks on the comparator; the first run fetches them, later ones ask nobody."""

import pytest

from tests.support.real_wheels import RealWheel, real_wheels


@pytest.fixture(scope="session")
def wheels() -> tuple[RealWheel, ...]:
    """All base wheels, the smallest plain one first."""
    return tuple(real_wheels().values())
