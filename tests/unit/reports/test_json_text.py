"""Documents as text are what the standard library makes of them, and may be made in pieces."""

import json
from collections.abc import Iterator
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.json_text import MOST, json_text, write_json
from verify.verdict import Verdict

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=()))
VALUES = st.recursive(
    PLAIN | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner) | st.tuples(inner, inner),
    max_leaves=30,
)


def standard(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False)


@given(VALUES)
def test_the_text_is_that_of_the_standard_library(value: object) -> None:
    assert json_text(value) == standard(value)


@pytest.mark.parametrize("value", [Verdict.IDENTICAL, {Verdict.DIFFERENT: [Verdict.SUSPICIOUS]}])
def test_words_of_enumerations_are_texts(value: object) -> None:
    assert json_text(value) == standard(value)


@pytest.mark.parametrize("value", [nan, inf, [-inf], {"x": nan}])
def test_a_number_that_json_does_not_have_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text(value)


@pytest.mark.parametrize("value", [object(), [b"x"], {"x": {1, 2}}])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        json_text(value)


def test_a_list_may_be_made_while_it_is_written() -> None:
    """Never much of it is there at once."""
    made: list[int] = []
    written: list[str] = []

    def items() -> Iterator[dict[str, int]]:
        for number in range(MOST):
            made.append(number)
            yield {"number": number}

    write_json({"items": items(), "none": iter(())}, written.append)
    assert "".join(written) == standard({"items": [{"number": n} for n in made], "none": []})
    assert max(map(len, written)) < 12 * MOST < sum(map(len, written))
