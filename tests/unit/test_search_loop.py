"""The search driven by hand: the wheels are real, and no candidate of theirs is ever probed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.errors import BuildFault, FailureCode
from builders.search.choices import Choices
from builders.search.search import Search
from tests.support.index_server import IndexServer, ServedFile
from tests.support.searching import (
    NOW,
    RECIPE,
    info,
    metadata,
    profile,
    requiring,
    searched,
    wheel,
    wheel_file,
)

Changes = Mapping[str, bytes | None]

METADATA, WHEEL = info("METADATA"), info("WHEEL")

PATH_FILE = "example-1.0-py3.7-nspkg.pth"
PLACEHOLDER: Changes = {METADATA: metadata(version="0.0.0")}
UNIVERSAL: Changes = {WHEEL: wheel_file("py2-none-any", "py3-none-any")}
WINDOWS: Changes = {METADATA: metadata(end="\r\n")}
OTHER_MODULE: Changes = {"example.py": b"VALUE = 2\n"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with IndexServer() as server:
        yield server.url


def rest(search: Search) -> list[tuple[str, ...]]:
    """All that is left to try, in words, when no attempt builds anything."""
    return [choices.told for choices in iter(search.propose, None)]


def opened(
    published: Changes, folder: Path, url: str, pythons: Sequence[tuple[int, int]] = ()
) -> Search:
    return searched(profile(published), folder / "cache", url, pythons)


def first(search: Search) -> Choices:
    choices = search.propose()
    assert choices is not None
    return choices


def test_without_hints_there_is_one_candidate_as_long_as_nothing_is_built(
    tmp_path: Path, url: str
) -> None:
    assert rest(opened({}, tmp_path, url)) == [()]


def test_hints_come_first_and_may_be_more_than_the_sandbox_has(tmp_path: Path, url: str) -> None:
    search = opened({PATH_FILE: b"x", **WINDOWS}, tmp_path, url)
    assert rest(search) == [("CPython 3.7", "line ends of Windows"), ()]


def test_a_rebuild_with_every_member_ends_the_search(tmp_path: Path, url: str) -> None:
    search = opened({}, tmp_path, url)
    done = [search.is_done]
    assert search.learn(first(search), RECIPE, wheel(tmp_path)) == 0
    done.append(search.is_done)
    assert done == [False, True]
    assert search.propose() is None


def test_hints_that_were_right_leave_nothing_to_try(tmp_path: Path, url: str) -> None:
    search = opened(WINDOWS, tmp_path, url)
    assert search.learn(first(search), RECIPE, wheel(tmp_path, WINDOWS)) == 0
    assert search.propose() is None


def test_all_causes_are_tried_at_once_and_then_each_alone(tmp_path: Path, url: str) -> None:
    search = opened(UNIVERSAL, tmp_path, url)
    search.learn(first(search), RECIPE, wheel(tmp_path, PLACEHOLDER))
    assert rest(search) == [
        ("setup.py --universal", "version 1.0 in pyproject.toml"),
        ("version 1.0 in pyproject.toml",),
        ("setup.py --universal",),
        ("setup.py --python-tag=py2.py3",),
    ]


def test_one_cause_is_tried_once(tmp_path: Path, url: str) -> None:
    search = opened({}, tmp_path, url)
    search.learn(first(search), RECIPE, wheel(tmp_path, PLACEHOLDER))
    assert rest(search) == [("version 1.0 in pyproject.toml",)]


def test_a_module_that_differs_leaves_nothing_to_try(tmp_path: Path, url: str) -> None:
    search = opened({}, tmp_path, url)
    assert search.learn(first(search), RECIPE, wheel(tmp_path, OTHER_MODULE)) == 1
    assert not search.is_done
    assert search.propose() is None


def test_what_came_nearer_is_kept_and_built_upon(tmp_path: Path, url: str) -> None:
    search = opened(UNIVERSAL, tmp_path, url)
    far = {**PLACEHOLDER, **OTHER_MODULE}
    search.learn(first(search), RECIPE, wheel(tmp_path, far))
    both = first(search)
    # With the version right only the tags are left, and the version stays as chosen.
    assert search.learn(both, RECIPE, wheel(tmp_path, OTHER_MODULE)) == 3
    assert rest(search) == [
        ("setup.py --python-tag=py2.py3", "version 1.0 in pyproject.toml"),
    ]


def test_what_is_no_nearer_changes_nothing(tmp_path: Path, url: str) -> None:
    search = opened(UNIVERSAL, tmp_path, url)
    search.learn(first(search), RECIPE, wheel(tmp_path, PLACEHOLDER))
    worse = {**PLACEHOLDER, **OTHER_MODULE}
    told = []
    for changes in (PLACEHOLDER, worse, PLACEHOLDER, worse):
        choices = first(search)
        told.append(choices.told)
        search.learn(choices, RECIPE, wheel(tmp_path, changes))
    assert told == [
        ("setup.py --universal", "version 1.0 in pyproject.toml"),
        ("version 1.0 in pyproject.toml",),
        ("setup.py --universal",),
        ("setup.py --python-tag=py2.py3",),
    ]
    assert search.propose() is None


def test_a_candidate_that_does_not_build_is_left_behind(tmp_path: Path, url: str) -> None:
    search = opened({PATH_FILE: b"x"}, tmp_path, url)
    first(search)  # the sandbox lacks that Python: nothing is learnt
    plain = first(search)
    assert plain == Choices()
    # The same Python is not asked for again, though the rebuild says that it was another one.
    search.learn(plain, RECIPE, wheel(tmp_path, {"example-1.0-py3.11-nspkg.pth": b"x"}))
    assert rest(search) == []


FLIT: Changes = {WHEEL: wheel_file("py3-none-any", generator="flit 3.9.0")}


@pytest.mark.parametrize(
    ("uploaded", "left"), [(NOW, [("flit-core 3.9.0",)]), (NOW + timedelta(seconds=1), [])]
)
def test_the_tool_that_made_the_wheel_is_tried_if_it_was_there_by_then(
    uploaded: datetime, left: list[tuple[str, ...]], tmp_path: Path
) -> None:
    name = "flit_core-3.9.0-py3-none-any.whl"
    with IndexServer() as server:
        server.add("flit-core", [ServedFile(filename=name, content=b"", upload_time=uploaded)])
        search = opened(FLIT, tmp_path, server.url)
        search.learn(first(search), requiring("flit-core==3.2.0"), wheel(tmp_path))
        assert rest(search) == left


def test_a_rebuild_that_is_no_archive_teaches_nothing(tmp_path: Path, url: str) -> None:
    search = opened({PATH_FILE: b"x"}, tmp_path, url)
    broken = wheel(tmp_path)
    broken.write_bytes(b"no archive")
    with pytest.raises(BuildFault):
        search.learn(first(search), RECIPE, broken)
    assert rest(search) == [()]


REBUILT = st.fixed_dictionaries(
    {},
    optional={
        METADATA: st.sampled_from(
            [metadata(version=v, end=e) for v in "01" for e in ("\n", "\r\n")]
        ),
        WHEEL: st.sampled_from(
            [wheel_file(*tags) for tags in ((), ("py3-none-any",), ("py36-none-any",))]
        ),
        "example.py": st.just(b"VALUE = 2\n"),
        PATH_FILE: st.just(b"x"),
        "example-1.0-py3.8-nspkg.pth": st.just(b"x"),
    },
)


@settings(max_examples=40, deadline=None)
@given(published=REBUILT, rebuilt=st.lists(REBUILT, min_size=40, max_size=40))
def test_whatever_is_built_the_search_ends_and_proposes_nothing_twice(
    published: Changes,
    rebuilt: list[Changes],
    tmp_path_factory: pytest.TempPathFactory,
    url: str,
) -> None:
    folder = tmp_path_factory.mktemp("search")
    search = opened(published, folder, url)
    keys = []
    for changes in rebuilt:
        choices = search.propose()
        if choices is None:
            break
        keys.append(choices.key)
        search.learn(choices, RECIPE, wheel(folder, changes))
    else:
        raise AssertionError(f"{len(rebuilt)} attempts were not enough")
    assert len(set(keys)) == len(keys)


def test_a_candidate_that_was_learnt_is_not_proposed_again(tmp_path: Path, url: str) -> None:
    """A recipe that a person gave with the line ends of Windows, for a wheel that has others."""
    search = opened({}, tmp_path, url)
    recipe = replace(RECIPE, line_ends="crlf")
    given = Choices(recipe=recipe)
    search.learn(given, recipe, wheel(tmp_path, WINDOWS))
    assert given.key not in [choices.key for choices in iter(search.propose, None)]


PYTHONS = ((3, 13), (3, 12), (3, 11), (3, 10), (3, 9), (3, 8), (2, 7))
FAILED = BuildFault("it failed", code=FailureCode.BUILD_FAILED)


def test_what_does_not_build_is_tried_with_the_pythons_next_to_it(tmp_path: Path, url: str) -> None:
    search = opened({}, tmp_path, url, PYTHONS)
    first(search)
    search.fail(RECIPE, FAILED)
    assert rest(search) == [
        ("CPython 3.10",),
        ("CPython 3.9",),
        ("CPython 3.12",),
        ("CPython 3.13",),
        ("CPython 2.7",),
    ]


@pytest.mark.parametrize("required", [">=3.6", "!=2.7.*", "none", "==2.7." + "9" * 5000])
def test_what_says_that_it_is_not_for_python_2_is_not_tried_with_it(
    required: str, tmp_path: Path, url: str
) -> None:
    published = {METADATA: metadata(f"Requires-Python: {required}")}
    search = opened(published, tmp_path, url, PYTHONS[-2:])
    first(search)
    search.fail(RECIPE, FAILED)
    assert rest(search) == [("CPython 3.8",)]


@pytest.mark.parametrize(("mode", "other"), [("pep517", "setup.py"), ("setup.py", "pep517")])
def test_what_setuptools_does_not_build_is_tried_the_other_way(
    mode: str, other: str, tmp_path: Path, url: str
) -> None:
    search = opened({}, tmp_path, url)
    recipe = requiring("setuptools==57.0.0")
    first(search)
    search.fail(replace(recipe, backend=replace(recipe.backend, mode=mode)), FAILED)
    assert rest(search) == [(other,)]


def test_what_another_backend_does_not_build_is_not_tried_with_setup_py(
    tmp_path: Path, url: str
) -> None:
    search = opened({}, tmp_path, url)
    recipe = requiring("setuptools==57.0.0", "themes==1.0")
    first(search)
    search.fail(replace(recipe, backend=replace(recipe.backend, backend="themes")), FAILED)
    assert rest(search) == []


def test_every_failure_after_the_first_changes_nothing(tmp_path: Path, url: str) -> None:
    search = opened({}, tmp_path, url, PYTHONS[:4])
    told = []
    for choices in iter(search.propose, None):
        told.append(choices.told)
        search.fail(RECIPE, FAILED)
    assert told == [(), ("CPython 3.10",), ("CPython 3.12",), ("CPython 3.13",)]


@pytest.mark.parametrize(
    "code", [code for code in FailureCode if code is not FailureCode.BUILD_FAILED]
)
def test_other_failures_are_no_reason_to_try_again(
    code: FailureCode, tmp_path: Path, url: str
) -> None:
    search = opened({}, tmp_path, url, PYTHONS)
    first(search)
    search.fail(RECIPE, BuildFault("it failed", code=code))
    assert rest(search) == []


def test_a_failure_after_a_rebuild_is_no_reason_to_leave_it(tmp_path: Path, url: str) -> None:
    search = opened({}, tmp_path, url, PYTHONS)
    search.learn(first(search), RECIPE, wheel(tmp_path, PLACEHOLDER))
    first(search)
    search.fail(RECIPE, FAILED)
    assert rest(search) == []


def test_a_python_that_builds_at_last_is_what_the_search_goes_on_with(
    tmp_path: Path, url: str
) -> None:
    search = opened({}, tmp_path, url, PYTHONS)
    first(search)
    search.fail(RECIPE, FAILED)
    search.learn(first(search), RECIPE, wheel(tmp_path, PLACEHOLDER))
    assert rest(search) == [("CPython 3.10", "version 1.0 in pyproject.toml")]
