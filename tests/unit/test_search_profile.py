from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.errors import BuildFault, FailureCode
from builders.search.profile import Profile, differing, distance, lines_apart, read_profile
from tests.support.searching import info, metadata, profile, profile_of, wheel_file
from tests.support.wheels import FILENAME, RECORD, entries, pack, write

TEXT = st.lists(st.sampled_from(["a", "b", "Tag: x", ""]), max_size=4).map(
    lambda lines: "\n".join(lines).encode()
)
MEMBERS = st.dictionaries(
    st.sampled_from(["a.py", "b.py", "a/b.py", info("METADATA"), info("x"), RECORD]), TEXT
).map(lambda members: {info("WHEEL"): wheel_file("py3-none-any"), **members})


def without_record(members: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in members.items() if name != RECORD}


@settings(max_examples=100)
@given(MEMBERS, MEMBERS)
def test_the_distance_is_zero_exactly_where_all_members_but_record_are_the_same(
    ours: dict[str, bytes], theirs: dict[str, bytes]
) -> None:
    apart = distance(profile_of(ours), profile_of(theirs))
    assert (apart == 0) is (without_record(ours) == without_record(theirs))


@settings(max_examples=100)
@given(MEMBERS)
def test_another_record_is_no_distance(members: dict[str, bytes]) -> None:
    assert distance(profile_of({**members, RECORD: b"x,,\n"}), profile_of(members)) == 0


@settings(max_examples=100)
@given(MEMBERS, MEMBERS)
def test_the_distance_is_the_same_both_ways(
    ours: dict[str, bytes], theirs: dict[str, bytes]
) -> None:
    one, other = profile_of(ours), profile_of(theirs)
    assert distance(one, other) == distance(other, one)
    assert differing(one, other) == differing(other, one)


@settings(max_examples=100)
@given(MEMBERS, MEMBERS, MEMBERS)
def test_no_detour_is_shorter(
    first: dict[str, bytes], second: dict[str, bytes], third: dict[str, bytes]
) -> None:
    one, two, three = profile_of(first), profile_of(second), profile_of(third)
    assert distance(one, three) <= distance(one, two) + distance(two, three)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, 0),
        ({"example.py": b"VALUE = 2\n"}, 1),
        ({"example.py": None}, 1),
        ({"more.py": b"", "most.py": b""}, 2),
        # METADATA counts itself and each line that only one of the two has.
        ({info("METADATA"): metadata("Summary: x")}, 2),
        ({info("METADATA"): metadata(version="1.1")}, 3),
        ({info("METADATA"): metadata(end="\r\n")}, 2),
        ({info("WHEEL"): wheel_file("py2-none-any", "py3-none-any")}, 2),
        ({info("top_level.txt"): b"example\nmore\n"}, 1),
    ],
)
def test_the_distance_counts_members_and_lines(
    change: dict[str, bytes | None], expected: int
) -> None:
    assert distance(profile(), profile(change)) == expected


def test_lines_that_moved_are_not_apart() -> None:
    assert lines_apart((b"a", b"b"), (b"b", b"a")) == 0
    assert lines_apart((b"a", b"a"), (b"a",)) == 1
    assert lines_apart((b"a",), (b"b",)) == 2


def test_the_dist_info_directory_is_told_from_members_that_are_named_alike() -> None:
    found = profile(
        {
            info("licenses/LICENSE"): b"x",
            "example/data.dist-info/METADATA": b"no",
            "other-1.0.dist-info/entry_points.txt": b"no",
            "example/vendored/other-1.0.dist-info/WHEEL": wheel_file("py3-none-any"),
        }
    )
    assert found.directory == "example-1.0.dist-info"
    assert set(found.dist_info) == {"METADATA", "WHEEL", "licenses/LICENSE"}


@pytest.mark.parametrize(
    "members",
    [
        {"None/METADATA": b"Version: 1.0\n", "None/RECORD": b""},
        {
            "None/METADATA": b"Version: 1.0\n",
            "None/RECORD": b"",
            info("WHEEL"): b"",
            "other-1.0.dist-info/WHEEL": b"",
        },
    ],
    ids=["none", "two"],
)
def test_without_one_dist_info_directory_no_other_takes_its_place(
    members: dict[str, bytes],
) -> None:
    found = profile_of(members)
    assert (found.directory, found.dist_info) == (None, {})
    assert set(found.digests) == set(members)


def test_headers_are_read_in_order_and_the_description_is_not() -> None:
    text = b"Name: x\r\nversion:  1.0 \r\nVersion: 2.0\r\n\r\nVersion: 3.0\r\n"
    found = profile({info("METADATA"): text})
    assert found.values("METADATA", "Version") == ("1.0", "2.0")
    assert found.values("METADATA", "Summary") == ()
    assert found.values("missing", "Version") == ()
    assert found.lines("METADATA")[0] == b"Name: x"


def test_text_that_is_not_utf_8_is_read_all_the_same() -> None:
    assert profile({info("METADATA"): b"Version: 1.\xff\n"}).values("METADATA", "Version") == (
        "1.\ufffd",
    )


def test_a_huge_file_of_dist_info_counts_and_is_not_looked_into() -> None:
    huge = b"x" * (4 * 1024**2 + 1)
    found = profile({info("METADATA"): huge})
    assert "METADATA" not in found.dist_info
    assert differing(found, profile({info("METADATA"): huge + b"y"})) == {info("METADATA")}


@pytest.mark.parametrize("data", [b"", b"no archive", pack(entries())[:-30]])
def test_what_is_no_archive_is_a_bad_wheel(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(BuildFault) as caught:
        read_profile(write(tmp_path, data))
    assert caught.value.code is FailureCode.BAD_WHEEL
    assert FILENAME in caught.value.message


def test_directories_are_members_without_content(tmp_path: Path) -> None:
    found = read_profile(
        write(tmp_path, pack(entries({info(""): b"", info("WHEEL"): wheel_file()})))
    )
    assert isinstance(found, Profile)
    assert set(found.dist_info) == {"WHEEL"}
