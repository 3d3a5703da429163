"""Files of thousands of wheels are made while they are written, and are never there as a whole."""

import tracemalloc
from typing import Any

import pytest

from reports.renderers.interface import Streamed
from reports.renderers.registry import renderers
from tests.support.results import diff, document, finding, native, result

ROOM = 1_500_000
"""Bytes; the pieces that are kept before they are written."""


def many() -> dict[str, Any]:
    """Results that share what they say, so that only what is made of them takes room."""
    odd = diff("different", [*[finding()] * 40, native()], unexplained=7)
    one = result(verdict="different", trusted=False, basis=None, diff=odd)
    return document(*[one] * 150)


@pytest.mark.parametrize("name", ["json", "jsonl", "sarif"])
def test_a_large_file_takes_little_memory(name: str) -> None:
    (renderer,) = renderers([name])
    (file,) = renderer.render(many())
    assert isinstance(file, Streamed)
    sizes: list[int] = []
    tracemalloc.start()
    file.write(lambda piece: sizes.append(len(piece)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < ROOM < sum(sizes)
