"""Attacks on the search for a recipe by whoever makes the published wheel, then by its source too.

Nothing is built here; what needs a sandbox is in tests/integration/test_adversary_search_builds.py.
"""

import re
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from packaging.utils import NormalizedName

from builders.driver import DriverError, write_version
from builders.eras import eras
from builders.errors import BuildFault
from builders.rebuild import Rebuilder
from builders.recipe import (
    BackendCall,
    BuildImage,
    LockedFile,
    LockedToolchain,
    Recipe,
    SourceFile,
    recipe_from_json,
    recipe_to_json,
)
from builders.sandbox.interface import Limits
from builders.sandbox.unsafe_host import UnsafeHostSandbox
from builders.search.choices import Choices
from builders.search.probe import Prober
from builders.search.profile import read_profile
from builders.search.refine import REFINEMENTS, by_command, hinted, line_ends, tags
from builders.search.releases import Releases
from builders.search.search import Search
from builders.store import Store
from tests.support.index_server import IndexServer, ServedFile
from tests.support.searching import (
    NOW,
    RECIPE,
    files,
    index_at,
    info,
    metadata,
    profile,
    profile_of,
    requiring,
    searched,
    tried,
    wheel,
    wheel_file,
)
from tests.support.wheels import with_record
from verify.events import silent
from verify.gather import IndexGatherer
from verify.index.cache import FileCache
from verify.index.client import open_index
from verify.index.config import load_config
from verify.index.interface import IndexFault

Changes = Mapping[str, bytes | None]

METADATA, WHEEL = info("METADATA"), info("WHEEL")


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


def release(name: str, version: str, **more: object) -> ServedFile:
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    values: Mapping[str, object] = {"content": filename.encode(), "upload_time": NOW, **more}
    return ServedFile(filename=filename, **values)  # type: ignore[arg-type]  # by name


def drained(search: Search) -> list[Choices]:
    """All that is left to try, when no attempt builds anything."""
    return list(iter(search.propose, None))


# Free text of the published wheel.

PYTHONS = re.compile(r"(?:py|cp)(?:[23]|2[67]|3[0-9]{1,2})")

HOSTILE_TAGS = [
    ("py1234-none-any",),
    ("py8766-none-any", "py3885-none-any", "py3-none-any"),
    ("cp0000-none-any",),
    ("py31.py3999-none-any",),
    ("py0-none-any",),
]


@pytest.mark.parametrize("told", HOSTILE_TAGS)
def test_a_python_tag_names_pythons_and_is_no_channel_for_a_message(told: tuple[str, ...]) -> None:
    """A hundred characters of digits are enough of a key for a source that waits for one."""
    for change in tags(profile({WHEEL: wheel_file(*told)}), tried()):
        choices = replace(Choices(), **change)  # type: ignore[arg-type]  # fields by name
        said = [option.partition("=")[2] for option in choices.setup_options]
        pythons = [python for tag in said for python in tag.split(".") if tag]
        assert all(PYTHONS.fullmatch(python) for python in pythons), pythons


EVIL = "x'; import os #"

HOSTILE: Mapping[str, Changes] = {
    "generator": {WHEEL: wheel_file("py3-none-any", generator=f"flit 3.9.0{EVIL}")},
    "generator with a local version": {
        WHEEL: wheel_file("py3-none-any", generator="flit 3.9.0+evil.text")
    },
    "generator with a marker": {
        WHEEL: wheel_file("py3-none-any", generator="flit 3.9.0;python_version>'3'")
    },
    "generator that is a URL": {
        WHEEL: wheel_file("py3-none-any", generator="flit @file:///evil.whl")
    },
    "generator of millions": {
        WHEEL: wheel_file("py3-none-any", generator="flit " + ".".join("1" * 1_000_000))
    },
    "generator of digits": {WHEEL: wheel_file("py3-none-any", generator="flit " + "9" * 5000)},
    "tag": {WHEEL: wheel_file(f"py3{EVIL}-none-any")},
    "tag with an option": {WHEEL: wheel_file("py3 --evil-none-any", "--universal-none-any")},
    "tag of other digits": {WHEEL: wheel_file("py\u0663-none-any")},
    "version": {METADATA: metadata(version=f"1.0{EVIL}")},
    "version of two lines": {METADATA: metadata(version="1.0\r[tool]")},
    "path file": {f"{EVIL}-py3.9{EVIL}-nspkg.pth": b"import os\n"},
    "path file of other digits": {"x-py3.\u0669-nspkg.pth": b""},
    "requirement": {METADATA: metadata(f"Requires-Dist: {EVIL}")},
}


@pytest.mark.parametrize("how", HOSTILE)
def test_no_text_of_a_published_wheel_becomes_a_choice(
    how: str, index: IndexServer, tmp_path: Path
) -> None:
    index.add("flit-core", [release("flit-core", "3.9.0")])
    search = searched(profile(HOSTILE[how]), tmp_path / "cache", index.url)
    first = search.propose()
    assert first is not None
    search.learn(first, requiring("flit-core==3.2.0"), wheel(tmp_path))
    said = [word for choices in (first, *drained(search)) for word in choices.told]
    assert all(re.fullmatch(r"[A-Za-z0-9 .=_-]*", word) and len(word) < 200 for word in said), said
    assert "evil" not in "".join(said)


def test_everything_a_search_chooses_survives_a_recipe(index: IndexServer, tmp_path: Path) -> None:
    """What cannot be written down could not be replayed either."""
    published = {
        WHEEL: wheel_file("py2-none-any", "py3-none-any", purelib="true"),
        METADATA: metadata("Requires-Dist: b", "Requires-Dist: a", version="1!2+x.y", end="\r\n"),
    }
    search = searched(profile(published), tmp_path / "cache", index.url)
    first = search.propose()
    assert first is not None
    built = {WHEEL: wheel_file("cp311-cp311-linux_x86_64", purelib="false")}
    search.learn(first, RECIPE, wheel(tmp_path, built))
    found = drained(search)
    assert len(found) > 2
    for choices in found:
        call = BackendCall(
            mode=choices.mode or "pep517",
            backend="backend",
            setup_options=choices.setup_options,
            version=choices.version,
            pypy=choices.pypy,
            sorted_requires=choices.sorted_requires,
        )
        recipe = replace(RECIPE, backend=call, line_ends=choices.line_ends)
        assert recipe_from_json(recipe_to_json(recipe)) == recipe


@pytest.mark.parametrize("second", ["1.0.0", "6.6.6"])
def test_a_source_that_says_two_versions_says_none(
    second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the published wheel picks one of as many values as the source's author likes."""
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").write_text('[project]\nversion = "0"\n', encoding="utf-8")
    Path("PKG-INFO").write_text(f"Name: x\nVersion: 1.0\nVersion: {second}\n", encoding="utf-8")
    with pytest.raises(DriverError) as caught:
        write_version(second)
    assert "version" in str(caught.value)


# Rules 2 and 3.


@pytest.mark.parametrize(
    ("name", "generator"),
    [
        ("flit-core", "flit 3.9.0"),
        ("wheel", "bdist_wheel (3.9)"),
        ("wheel", "bdist_wheel (3.9.0+local)"),
        ("setuptools", "setuptools (3.9.0)"),
        ("poetry-core", "poetry 3.9.0"),
    ],
)
def test_a_build_tool_never_names_itself_into_its_own_build(
    name: str, generator: str, index: IndexServer, tmp_path: Path
) -> None:
    index.add(name, [release(name, "3.9.0"), release(name, "3.9.0+local"), release(name, "3.2.0")])
    published = profile({WHEEL: wheel_file("py3-none-any", generator=generator)})
    search = searched(published, tmp_path / "cache", index.url)
    first = search.propose()
    assert first is not None
    source = replace(
        RECIPE.source, name=NormalizedName(name), version="3.9.0", filename=f"{name}-3.9.0.tar.gz"
    )
    recipe = replace(requiring(f"{name}==3.2.0"), source=source)
    search.learn(first, recipe, wheel(tmp_path))
    assert [choices.versions for choices in drained(search)] == []


@pytest.mark.parametrize("version", ["3.9.0", "3.9", "3.9.0.0", "3.9.0+evil"])
def test_a_tool_uploaded_after_the_wheel_is_named_in_vain(
    version: str, index: IndexServer, tmp_path: Path
) -> None:
    later = NOW + timedelta(microseconds=1)
    early, late = release("flit-core", "3.2.0"), release("flit-core", version, upload_time=later)
    index.add("flit-core", [early, late])
    releases = Releases(index_at(index.url, tmp_path))
    with pytest.raises(BuildFault):
        releases.replaced(requiring("flit-core==3.2.0"), {NormalizedName("flit-core"): version})
    assert list(map(str, releases.versions(NormalizedName("flit-core"), "3.11", NOW))) == ["3.2.0"]


def test_a_later_file_of_an_earlier_release_is_not_taken(
    index: IndexServer, tmp_path: Path
) -> None:
    """A better tag, but of a file that came after the published wheel."""
    good = release("flit-core", "3.9.0")
    late = replace(
        good,
        filename="flit_core-3.9.0-cp311-none-any.whl",
        content=b"evil",
        upload_time=NOW + timedelta(seconds=1),
    )
    index.add("flit-core", [late, good])
    found = Releases(index_at(index.url, tmp_path)).replaced(
        RECIPE, {NormalizedName("flit-core"): "3.9.0"}
    )
    assert [file.filename for file in found.requirements] == [good.filename]


# Attempts are told apart.

OTHERS: Mapping[str, object] = {
    "source": replace(RECIPE.source, sha256="ef" * 32),
    "python": "3.10",
    "sandbox": "other",
    "image": "sha256:0",
    "as_of": NOW + timedelta(seconds=1),
    "backend": replace(RECIPE.backend, pypy=True),
    "requirements": requiring("tool==1").requirements,
    "environment": {"SOURCE_DATE_EPOCH": "1"},
    "umask": "002",
    "line_ends": "crlf",
    "config_settings": {"a": "b"},
    "toolchain": LockedToolchain(name="gcc-10", digest="ab" * 32),
    "compiler_flags": {"": "-O1"},
    "build_paths": {"": "/project"},
    "runtime": "ab" * 32,
    "post_steps": ("retag manylinux1_x86_64",),
    "libraries": {"yaml": "ab" * 32},
    "repair_tools": requiring("tool==1").requirements,
    "build_image": BuildImage(
        repository="x", tag="2024-04-28-aaaaaaa", digest=f"sha256:{'0' * 64}", python="cp311-cp311"
    ),
}
TOLD = {"preferred_image"}
"""Said of the published wheel: no rebuild hangs on it."""

OTHER_CALLS: Mapping[str, object] = {
    "mode": "setup.py",
    "backend": "other",
    "backend_path": (".",),
    "setup_options": ("--universal",),
    "version": "1.0",
    "pypy": True,
    "sorted_requires": True,
}
OTHER_FILES: Mapping[str, object] = {
    "name": "other",
    "version": "2",
    "filename": "tool-2-py3-none-any.whl",
    "sha256": "ef" * 32,
    "recipe": RECIPE,
}
OTHER_CHOICES: Mapping[str, object] = {
    "python": (3, 7),
    "umask": "002",
    "as_of": NOW,
    "mode": "setup.py",
    "setup_options": ("--universal",),
    "versions": {NormalizedName("wheel"): "1"},
    "line_ends": "crlf",
    "version": "1.0",
    "pypy": True,
    "sorted_requires": True,
    "description": True,
    "own_compiler": True,
    "switches": {"EXAMPLE_USE_C": "1"},
    "requires": ("a",),
    "libraries": ("yaml",),
    "lines": "module:1",
    "hash_seed": 0,
    "recipe": RECIPE,
}


def variants() -> Iterator[Recipe]:
    """RECIPE with each of its values changed, one at a time."""
    assert set(OTHERS) == {field.name for field in fields(Recipe)} - TOLD
    assert set(OTHER_CALLS) == {field.name for field in fields(BackendCall)}
    assert set(OTHER_FILES) == {field.name for field in fields(LockedFile)}
    yield from (replace(RECIPE, **{key: value}) for key, value in OTHERS.items())  # type: ignore[arg-type]  # by name
    for key, value in OTHER_CALLS.items():
        call = replace(RECIPE.backend, **{key: value})  # type: ignore[arg-type]  # by name
        yield replace(RECIPE, backend=call)
    (file,) = requiring("tool==1").requirements
    for key, value in OTHER_FILES.items():
        yield replace(RECIPE, requirements=(replace(file, **{key: value}),))  # type: ignore[arg-type]  # by name
    for field in fields(SourceFile):
        other = replace(RECIPE.source, **{field.name: "other"})  # type: ignore[arg-type]  # by name
        yield replace(RECIPE, source=other)


def test_a_rebuild_is_remembered_by_everything_that_made_it() -> None:
    """A value that the digest left out would give one recipe the rebuild of another."""
    recipes = list(variants())
    distinct = {recipe_text(recipe) for recipe in recipes}
    assert len({recipe.digest for recipe in recipes}) == len(distinct)
    assert RECIPE.digest not in {recipe.digest for recipe in recipes}


def recipe_text(recipe: Recipe) -> str:
    """A recipe's values as Python has them, whatever its JSON says."""
    return repr(recipe)


def test_no_two_candidates_count_as_one() -> None:
    assert set(OTHER_CHOICES) == {field.name for field in fields(Choices)}
    plain = Choices(mode="pep517")
    found = [replace(plain, **{key: value}) for key, value in OTHER_CHOICES.items()]  # type: ignore[arg-type]  # by name
    assert len({choices.key for choices in (plain, *found)}) == len(found) + 1
    assert len({choices.told for choices in (plain, *found)}) == len(found) + 1


# What a hostile wheel may cost.


def test_members_are_looked_into_without_opening_the_wheel_again() -> None:
    """A hundred thousand members are read in seconds, forty times that is no more."""
    published = profile_of(with_record({**files(), "m/x.py": b"VALUE = 1\r\n"}))
    attempt = replace(
        tried(), profile=profile_of(with_record({**files(), "m/x.py": b"VALUE = 1\n"}))
    )
    for wheel_read in (published, attempt.profile):
        wheel_read.archive.path.unlink()
    assert list(line_ends(published, attempt)) == [{"line_ends": "crlf"}]


def test_a_dist_info_directory_that_inflates_is_not_kept_in_memory(tmp_path: Path) -> None:
    """A wheel of 100 MB may inflate to 50 times that without counting as a bomb."""
    noise = b"".join(sha256(b"%d" % at).digest() for at in range(40))
    piece = (noise + bytes(50_000)) * 80
    path = wheel(tmp_path, {info(f"more-{at}"): piece[: 4 * 1024**2] for at in range(40)})
    tracemalloc.start()
    try:
        found = read_profile(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.digests) > 40
    assert peak < 50 * 1024**2


def test_headers_without_end_are_refined_in_a_moment() -> None:
    names = [f"Requires-Dist: a{at}" for at in range(50_000)]
    some = [f"py{at}-none-any" for at in range(50_000)]
    published = profile({METADATA: metadata(*names), WHEEL: wheel_file(*some)})
    other = tried({METADATA: metadata(*reversed(names)), WHEEL: wheel_file(*reversed(some))})
    started = time.process_time()
    assert hinted(published) == {}
    for refine in (*REFINEMENTS, by_command):
        assert len(list(refine(published, other))) <= 2
    assert time.process_time() - started < 5


# What escapes.

OLD = str(eras()[-2].first)


def conflicting(folder: Path, urls: tuple[str, str], published: Changes) -> Search:
    """A search at two indexes."""
    config = load_config(index_url=urls[0], extra_index_urls=urls[1:], environ={}, cwd=folder)
    at_both = open_index(config, cache_root=folder, offline=False, listener=silent)
    store = Store(folder)
    gatherer = IndexGatherer(FileCache(folder), at_both)
    rebuilder = Rebuilder(UnsafeHostSandbox(), gatherer, store, Limits())
    return Search(profile(published), NOW, Prober(rebuilder, Releases(at_both), store))


def test_indexes_that_contradict_each_other_end_a_search_and_not_the_check(
    index: IndexServer, tmp_path: Path
) -> None:
    """Of `propose`, a check expects nothing but what its surroundings raise."""
    with IndexServer() as other:
        index.add("setuptools", [release("setuptools", OLD)])
        other.add("setuptools", [release("setuptools", OLD, content=b"other")])
        published = {METADATA: metadata("Summary: another")}
        search = conflicting(tmp_path / "cache", (index.url, other.url), published)
        first = search.propose()
        assert first is not None
        search.learn(first, requiring("setuptools==40.8.0"), wheel(tmp_path))
        try:
            assert drained(search) == []
        except BuildFault as fault:
            pytest.fail(f"propose raised: {fault}")
        except IndexFault:
            pass


def test_a_python_that_no_number_holds_hides_a_release_and_breaks_nothing(
    index: IndexServer, tmp_path: Path
) -> None:
    """Requires-Python of more digits than Python turns into an int (CVE-2020-10735)."""
    absurd = release("flit-core", "3.9.0", requires_python=f">={'9' * 5000}")
    index.add("flit-core", [absurd, release("flit-core", "3.2.0")])
    releases = Releases(index_at(index.url, tmp_path))
    found = releases.versions(NormalizedName("flit-core"), "3.11", NOW)
    assert list(map(str, found)) == ["3.2.0"]


def test_an_answer_that_nobody_gave_is_not_remembered(index: IndexServer, tmp_path: Path) -> None:
    """A sandbox without that Python, or a busy machine's timeout, says nothing about tomorrow."""
    index.add("setuptools", [release("setuptools", OLD)])
    search = searched(
        profile({METADATA: metadata("Summary: another")}), tmp_path / "cache", index.url
    )
    first = search.propose()
    assert first is not None
    search.learn(first, requiring("setuptools==40.8.0"), wheel(tmp_path))
    assert drained(search) == []
    assert list((tmp_path / "cache").glob("metadata/*")) == []
