"""Names: the fast path must never pass what a check would report."""

from hypothesis import given
from hypothesis import strategies as st

from verify.archive.names import _is_plain, _single, folded

TRICKY = st.text(alphabet="aZ9_-+./\\: \0\u202e\u00e9nulcom1", max_size=12)


@given(name=TRICKY | st.text(max_size=30))
def test_plain_names_pass_every_check(name: str) -> None:
    if _is_plain(name):
        assert list(_single(name)) == []


@given(name=st.text(alphabet="aB\u00c9\u00e9e\u0301\u017f\ufb01", max_size=8))
def test_folding_is_idempotent_and_blind_to_case(name: str) -> None:
    assert folded(folded(name)) == folded(name)
    assert folded(name.upper()) == folded(name.upper().lower())


def test_ordinary_names_take_the_fast_path() -> None:
    for name in ("example/__init__.py", "a-1.0.dist-info/RECORD", "x/contrib/.gitignore.d/y+z/"):
        assert _is_plain(name) == (name != "x/contrib/.gitignore.d/y+z/")
