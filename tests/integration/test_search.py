"""Wheels that the tests publish for real, and the search that finds out how they were made.

Build tools come from the configured index; a check has the wheel and its source and nothing else.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.recipe import recipe_to_json
from tests.support.backends import RELEASES
from tests.support.command import assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile
from tests.support.interpreters import needs_python
from tests.support.old_projects import write_tool
from tests.support.projects import BACKEND, PYPROJECT, SDIST, WHEEL, make_sdist, make_wheel
from tests.support.publishing import Published, Publisher, Source
from tests.support.real_wheels import take_apart
from tests.support.searching import metadata
from tests.support.unusual import DAY, PLACED, UNIVERSAL, UNUSUAL, Unusual, setup_py
from tests.support.wheels import entries, pack, record_row

pytestmark = needs_python((2, 7), (3, 7), (3, 9), (3, 10), (3, 11))

RESTORED = {"identical", "regenerated"}


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The one result of a check."""

    code: int
    result: Mapping[str, Any]

    @property
    def attempts(self) -> list[Mapping[str, Any]]:
        """What was tried."""
        found: list[Mapping[str, Any]] = self.result["attempts"]
        return found

    @property
    def chosen(self) -> list[list[str]]:
        """What each attempt chose."""
        return [attempt["chosen"] for attempt in self.attempts]

    @property
    def distances(self) -> list[int | None]:
        """How far from the published wheel each attempt came out."""
        return [attempt["distance"] for attempt in self.attempts]

    @property
    def is_restored(self) -> bool:
        """Whether the search got to the published wheel, and says so in every way."""
        return (
            (self.code, self.result["trusted"]) == (0, True)
            and self.result["verdict"] in RESTORED
            and self.distances[-1] == 0
        )


@pytest.fixture(scope="module")
def publisher(cache: Path) -> Publisher:
    return Publisher(cache=cache)


@pytest.fixture(scope="module")
def universal(publisher: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A wheel that takes two attempts."""
    return publish(publisher, UNIVERSAL, tmp_path_factory.mktemp("universal"))


@pytest.fixture(scope="module")
def plain(publisher: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A wheel that the first attempt rebuilds."""
    return publisher.publish(setup_py("plain"), DAY, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def placed(publisher: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A wheel whose version is not in its source's pyproject.toml."""
    return publish(publisher, PLACED, tmp_path_factory.mktemp("placed"))


def publish(publisher: Publisher, unusual: Unusual, folder: Path) -> Published:
    return publisher.publish(unusual.source, unusual.day, folder, unusual.choices)


def check(cache: Path, published: Published, *more: str | Path) -> Checked:
    """Check two files; nothing that was built before is remembered."""
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--fresh", "--file", published.wheel,
        "--sdist", published.sdist, *more, environment={"TRUEWHEEL_CACHE_DIR": str(cache)},
    )  # fmt: skip
    assert ran.stdout, ran.stderr
    assert "Traceback" not in ran.stderr
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    assert ran.document["summary"]["trusted"] == int(result["trusted"])
    return Checked(code=ran.code, result=result)


def tampered(published: Published, changes: Mapping[str, bytes | None], folder: Path) -> Published:
    """The same wheel with members changed and a RECORD that fits."""
    wheel = folder / published.wheel.name
    wheel.write_bytes(take_apart("", published.wheel).forge(changes))
    return replace(published, wheel=wheel)


# What the source does not say.


@pytest.mark.parametrize("how", UNUSUAL)
def test_the_search_finds_out_how_a_wheel_was_made(
    how: str, publisher: Publisher, tmp_path: Path
) -> None:
    unusual = UNUSUAL[how]
    found = check(publisher.cache, publish(publisher, unusual, tmp_path))
    assert found.is_restored, found.attempts
    told = [re.sub(r"^(setuptools|flit-core) .*", r"\1", word) for word in found.chosen[-1]]
    assert (tuple(told), len(found.attempts)) == (unusual.told, unusual.attempts)
    distances = [distance for distance in found.distances if distance is not None]
    assert len(distances) == len(found.attempts)
    assert distances == sorted(set(distances), reverse=True)


@pytest.mark.parametrize("backend", RELEASES)
def test_one_attempt_is_enough_for_every_backend(
    backend: str, publisher: Publisher, tmp_path: Path
) -> None:
    release = RELEASES[backend]
    published = publisher.publish(release.source, release.day, tmp_path)
    found = check(publisher.cache, published)
    assert found.is_restored, found.attempts
    assert found.chosen == [[]]


def test_a_umask_that_was_read_into_modes_costs_one_attempt(
    publisher: Publisher, tmp_path: Path
) -> None:
    """A wheel whose modes say 002, of a source that does not build under it."""
    source = setup_py("strict")
    text = "import os\n\nassert os.umask(0o22) == 0o22\n" + source.files["setup.py"]
    source = replace(source, files={**source.files, "setup.py": text})
    published = publisher.publish(source, DAY, tmp_path)
    with zipfile.ZipFile(published.wheel) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(published.wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, data in members:
            info.external_attr = 0o100664 << 16
            archive.writestr(info, data)
    found = check(publisher.cache, published)
    assert (found.code, found.result["verdict"]) == (0, "regenerated"), found.result
    assert found.chosen == [["umask 002"], []]
    assert found.attempts[0]["reason"] == "build-failed"


# What no recipe explains.


def test_a_changed_module_is_different_whatever_was_tried(
    publisher: Publisher, universal: Published, tmp_path: Path
) -> None:
    forged = tampered(universal, {"universal/core.py": b"VALUE = 2\n" * 20}, tmp_path)
    found = check(publisher.cache, forged)
    assert (found.code, found.result["verdict"], found.result["trusted"]) == (1, "different", False)
    # Every attempt is listed, the right one among them, and none got there.
    assert ["setup.py --universal"] in found.chosen
    assert len(found.attempts) >= 2
    assert min(distance for distance in found.distances if distance is not None) == 1
    assert {attempt["verdict"] for attempt in found.attempts} == {"different"}
    members = {finding["member"] for finding in found.result["diff"]["findings"]}
    assert "universal/core.py" in members


@pytest.mark.parametrize(
    "changes",
    [{"plain/more.py": b"import os\n", "more.pth": b"import os\n"}, {"plain/core.py": None}],
    ids=["added", "removed"],
)
def test_other_files_are_not_trusted_whatever_was_tried(
    publisher: Publisher, plain: Published, tmp_path: Path, changes: Mapping[str, bytes | None]
) -> None:
    found = check(publisher.cache, tampered(plain, changes, tmp_path))
    assert (found.code, found.result["trusted"]) == (1, False)
    assert found.result["verdict"] in {"different", "suspicious"}
    assert 0 not in found.distances
    assert found.chosen[0] == []
    assert changes.keys() <= {finding["member"] for finding in found.result["diff"]["findings"]}


def test_a_forged_requirement_is_not_trusted_however_the_version_is_chosen(
    publisher: Publisher, placed: Published, tmp_path: Path
) -> None:
    wheel = take_apart("", placed.wheel)
    name = wheel.info("METADATA")
    lines = wheel.files[name].replace(b"\nVersion:", b"\nRequires-Dist: evil\nVersion:")
    assert lines != wheel.files[name]
    found = check(publisher.cache, tampered(placed, {name: lines}, tmp_path))
    assert (found.code, found.result["trusted"]) == (1, False)
    assert ["version 1.2 in pyproject.toml"] in found.chosen
    assert 0 not in found.distances


@pytest.mark.parametrize(
    "pkg_info",
    [
        None,
        "Metadata-Version: 2.1\nName: placed\nVersion: 0.0.0\n",
        "Metadata-Version: 2.1\nName: placed\nVersion: 1.2.0\n",
        "Metadata-Version: 2.1\nName: placed\nVersion: 0.0.0\n\nVersion: 1.2\n",
    ],
    ids=["missing", "placeholder", "spelled-otherwise", "in-the-description"],
)
def test_a_version_that_the_source_does_not_say_is_never_written(
    publisher: Publisher, placed: Published, tmp_path: Path, pkg_info: str | None
) -> None:
    files = {**PLACED.source.files, "PKG-INFO": pkg_info or ""}
    if pkg_info is None:
        del files["PKG-INFO"]
    sdist = replace(PLACED.source, files=files).pack(tmp_path)
    found = check(publisher.cache, replace(placed, sdist=sdist))
    assert (found.code, found.result["verdict"]) == (1, "different")
    (refused,) = [a for a in found.attempts if a["chosen"] == ["version 1.2 in pyproject.toml"]]
    assert (refused["verdict"], refused["reason"]) == ("undetermined", "bad-source")
    assert refused["distance"] is None
    assert "version" in refused["log_tail"]


# How long it goes on.


@pytest.mark.parametrize("limit", [("--attempts", "1"), ("--budget", "0")])
def test_a_search_without_time_makes_one_attempt(
    publisher: Publisher, universal: Published, limit: tuple[str, str]
) -> None:
    found = check(publisher.cache, universal, *limit)
    assert (found.code, found.result["verdict"]) == (1, "different")
    assert found.chosen == [[]]
    if "--budget" in limit:
        assert found.result["detail"] == "the search ended after 0 s"


# A recipe to start from.


def written(recipe: object, folder: Path) -> Path:
    path = folder / "recipe.json"
    path.write_text(json.dumps(recipe), encoding="utf-8")
    return path


def test_a_recipe_that_was_found_once_rebuilds_the_same_bytes_at_once(
    publisher: Publisher, universal: Published, tmp_path: Path
) -> None:
    first = check(publisher.cache, universal)
    assert len(first.attempts) == 2
    recipe = written(first.result["recipe"], tmp_path)
    again = check(publisher.cache, universal, "--recipe", recipe)
    assert again.is_restored
    assert again.chosen == [["the given recipe"]]
    assert again.result["recipe"] == first.result["recipe"]
    rebuilt = [found.result["diff"]["rebuilt"]["sha256"] for found in (first, again)]
    assert rebuilt[0] == rebuilt[1] == first.result["wheel"]["sha256"]
    replayed = truewheel(
        "rebuild", "--json", "--fresh", "--sandbox", "bubblewrap", recipe, "-o", tmp_path / "out",
        environment={"TRUEWHEEL_CACHE_DIR": str(publisher.cache)},
    )  # fmt: skip
    assert (replayed.code, replayed.document["sha256"]) == (0, rebuilt[0])


def test_a_recipe_for_another_source_is_told_and_not_used(
    publisher: Publisher, universal: Published, plain: Published, tmp_path: Path
) -> None:
    assert plain.recipe is not None
    recipe = written(recipe_to_json(plain.recipe), tmp_path)
    found = check(publisher.cache, universal, "--recipe", recipe)
    assert found.is_restored
    assert found.chosen == [["the given recipe"], [], ["setup.py --universal"]]
    refused = found.attempts[0]
    assert (refused["verdict"], refused["reason"]) == ("undetermined", "unsupported")
    assert refused["distance"] is None
    assert plain.sdist.name in refused["detail"]
    assert found.result["recipe"]["source"]["filename"] == universal.sdist.name


def test_a_recipe_with_a_umask_that_no_search_chooses_is_not_used(
    publisher: Publisher, plain: Published, tmp_path: Path
) -> None:
    assert plain.recipe is not None
    for umask, code in (("027", 0), ("077", 3), ("000", 3)):
        recipe = written(recipe_to_json(replace(plain.recipe, umask=umask)), tmp_path)
        found = check(publisher.cache, plain, "--recipe", recipe, "--attempts", "1")
        assert (found.code, found.result["reason"]) == (code, "unsupported" if code else None)


def test_a_recipe_for_a_source_of_the_same_name_is_no_evidence(
    publisher: Publisher, plain: Published, tmp_path: Path
) -> None:
    """A wheel with a back door and the recipe of a source that has it too."""
    files = {**setup_py("plain").files, "plain/core.py": "import os\n"}
    bad = publisher.publish(replace(setup_py("plain"), files=files), DAY, tmp_path)
    assert bad.recipe is not None
    recipe = written(recipe_to_json(bad.recipe), tmp_path)
    found = check(publisher.cache, replace(bad, sdist=plain.sdist), "--recipe", recipe)
    assert (found.code, found.result["verdict"]) == (1, "different")
    assert found.attempts[0]["reason"] == "unsupported"
    alone = check(
        publisher.cache, replace(bad, sdist=plain.sdist), "--recipe", recipe, "--attempts", "1"
    )
    assert (alone.code, alone.result["verdict"]) == (3, "undetermined")
    assert alone.result["reason"] == "unsupported"


# Backends that compile.

CARGO = '[package]\nname = "native"\nversion = "1.0.0"\n\n[lib]\npath = "lib.rs"\n'

NATIVE = {
    "maturin": ("maturin>=1.0,<2", "maturin (1.4.0)", "Cargo.toml", CARGO),
    "scikit_build_core.build": (
        "scikit-build-core",
        "scikit-build-core 0.8.1",
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.15)\nproject(native CUDA)\n",
    ),
    "mesonpy": ("meson-python", "meson", "meson.build", "project('native', 'cuda')\n"),
}


@pytest.mark.parametrize("backend", NATIVE)
def test_a_wheel_of_a_backend_whose_compiler_is_missing_is_unsupported(
    backend: str, publisher: Publisher, tmp_path: Path
) -> None:
    requirement, generator, name, text = NATIVE[backend]
    pyproject = f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{backend}"\n'
    project = '[project]\nname = "native"\nversion = "1.0"\n'
    source = Source(name="native", files={"pyproject.toml": pyproject + project, name: text})
    found = check(
        publisher.cache, native_wheel(source.pack(tmp_path), generator), "--attempts", "2"
    )
    assert (found.code, found.result["verdict"]) == (3, "undetermined")
    assert found.result["reason"] == "unsupported"
    assert backend.partition(".")[0] in found.result["detail"]


def native_wheel(sdist: Path, generator: str) -> Published:
    """A wheel beside its source that nobody built, of the first of March 2024."""
    tag = "cp312-cp312-manylinux_2_17_x86_64"
    folder = "native-1.0.dist-info"
    head = f"Wheel-Version: 1.0\nGenerator: {generator}\nRoot-Is-Purelib: false\nTag: {tag}\n"
    files = {
        "native/__init__.py": b"",
        f"{folder}/METADATA": metadata().replace(b"example", b"native"),
        f"{folder}/WHEEL": head.encode(),
    }
    rows = "".join(f"{record_row(name, data)}\n" for name, data in files.items())
    whole = entries({**files, f"{folder}/RECORD": f"{rows}{folder}/RECORD,,\n".encode()})
    wheel = sdist.parent / f"native-1.0-{tag}.whl"
    wheel.write_bytes(pack(replace(entry, date=44 << 9 | 3 << 5 | 1) for entry in whole))
    return Published(wheel=wheel, sdist=sdist)


# Time travel.

UPLOADED = datetime(2024, 5, 1, 12, tzinfo=UTC)
EARLIER, LATER = UPLOADED - timedelta(days=1), UPLOADED + timedelta(days=1)

READS_HELPER = BACKEND.replace(
    "def modules():\n    return {",
    'def modules():\n    import helper\n    return {"made_by.py": helper.VALUE} | {',
)


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


def helper(version: str, kind: str, folder: Path) -> ServedFile:
    """A release of a build requirement that says its version in what it helps to build."""
    own = folder / f"{version}-{kind}"
    own.mkdir()
    text = f"VALUE = 'MADE_BY = {version!r}\\n'\n".replace(f"{version!r}", f'"{version}"')
    if kind == "wheel":
        path = write_tool(own, f"helper-{version}-py3-none-any.whl", {"helper.py": text})
    else:
        flat = BACKEND.replace('f"{NAME}/{name}": text', "name: text").replace(
            '"1.0"', f'"{version}"'
        )
        path = make_sdist(
            own,
            name="helper",
            modules={"helper.py": text},
            backend=flat,
            filename=f"helper-{version}.tar.gz",
        )
    return ServedFile(filename=path.name, content=path.read_bytes(), upload_time=EARLIER)


def from_index(index: IndexServer, cache: Path) -> Checked:
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--index-url", index.url, "thing==1.0",
        cache=cache,
    )  # fmt: skip
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    return Checked(code=ran.code, result=result)


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_later_release_of_a_build_requirement_changes_nothing(
    kind: str, index: IndexServer, tmp_path: Path
) -> None:
    sdist = make_sdist(
        tmp_path, pyproject=PYPROJECT.replace("[]", '["helper"]', 1), backend=READS_HELPER
    )
    made = {"__init__.py": '"""A thing."""\n', "core.py": "VALUE = 1\n" * 20}
    wheel = make_wheel(tmp_path, modules={**made, "made_by.py": 'MADE_BY = "1.0"\n'})
    files = [(WHEEL, wheel), (SDIST, sdist)]
    index.add(
        "thing",
        [ServedFile(filename=n, content=p.read_bytes(), upload_time=UPLOADED) for n, p in files],
    )
    old, new = (helper(version, kind, tmp_path) for version in ("1.0", "2.0"))
    index.add("helper", [old])
    alone = from_index(index, tmp_path / "alone")
    index.add("helper", [old, replace(new, upload_time=LATER)])
    after = from_index(index, tmp_path / "after")
    assert alone.is_restored
    assert after.is_restored
    assert alone.result["recipe"] == after.result["recipe"]
    (requirement,) = after.result["recipe"]["requirements"]
    assert requirement["sha256"] == hashlib.sha256(old.content).hexdigest()
    # One that was there in time does change it.
    index.add("helper", [old, new])
    before = from_index(index, tmp_path / "before")
    assert (before.code, before.result["verdict"]) == (1, "different")
    assert before.result["recipe"]["requirements"][0]["version"] == "2.0"
