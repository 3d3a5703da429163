"""Aligning two sequences: every item is there once, in order, and equal ones find each other."""

import time

from hypothesis import given
from hypothesis import strategies as st

from verify.native.alignment import MAX_EDITS, align

ITEMS = st.text("abc", max_size=30)


@given(ours=ITEMS, theirs=ITEMS)
def test_every_item_is_there_once_and_in_order(ours: str, theirs: str) -> None:
    rows = list(align(ours, theirs))
    assert [left for left, _ in rows if left is not None] == list(range(len(ours)))
    assert [right for _, right in rows if right is not None] == list(range(len(theirs)))
    assert (None, None) not in rows


@given(items=ITEMS)
def test_the_same_sequence_is_aligned_with_itself(items: str) -> None:
    assert list(align(items, items)) == [(at, at) for at in range(len(items))]


@given(ours=ITEMS, theirs=ITEMS)
def test_as_many_items_find_each_other_as_there_are_in_common(ours: str, theirs: str) -> None:
    found = sum(
        left is not None and right is not None and ours[left] == theirs[right]
        for left, right in align(ours, theirs)
    )
    assert found >= _common(ours, theirs)


def _common(ours: str, theirs: str) -> int:
    """The length of the longest common subsequence, as the textbook has it."""
    before = [0] * (len(theirs) + 1)
    for one in ours:
        row = [0]
        for at, other in enumerate(theirs):
            row.append(before[at] + 1 if one == other else max(row[at], before[at + 1]))
        before = row
    return before[-1]


def test_what_was_put_in_stands_alone_and_what_was_replaced_side_by_side() -> None:
    assert list(align("axbc", "abc")) == [(0, 0), (1, None), (2, 1), (3, 2)]
    assert list(align("abc", "axbc")) == [(0, 0), (None, 1), (1, 2), (2, 3)]
    assert list(align("axc", "ayc")) == [(0, 0), (1, 1), (2, 2)]


def test_sequences_without_anything_in_common_are_put_side_by_side_in_bounded_time() -> None:
    started = time.process_time()
    rows = list(align(["a", *range(3000), "z"], ["a", *range(4000, 8000), "z"]))
    assert rows[:2] == [(0, 0), (1, 1)]
    assert rows[-1] == (3001, 4001)
    assert rows[-2] == (None, 4000)
    assert time.process_time() - started < 5


def test_repeated_items_take_bounded_time() -> None:
    """The worst case of difflib."""
    started = time.process_time()
    rows = list(align("a" * 3000 + "b", "ab" * (MAX_EDITS // 2) + "a" * 2600))
    assert len(rows) < 6000
    assert time.process_time() - started < 5
