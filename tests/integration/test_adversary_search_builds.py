"""Attacks on the search for a recipe, in real builds under bubblewrap.

The attacker owns the published wheel, then the source as well, and may hand out a recipe.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from builders.eras import eras
from builders.recipe import recipe_from_json
from builders.search.choices import Choices
from tests.support.command import Ran, assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile
from tests.support.interpreters import needs_python
from tests.support.old_projects import write_tool
from tests.support.projects import (
    BACKEND,
    MODULES,
    NAME,
    PYPROJECT,
    SDIST,
    WHEEL,
    hostile_backend,
    make_sdist,
    make_wheel,
)
from tests.support.publishing import Publisher, Source
from tests.support.real_wheels import take_apart
from tests.support.unusual import WHEEL_37
from tests.support.wheels import Entry, entries, pack, record_row

pytestmark = needs_python((3, 9), (3, 11))

UPLOADED = datetime(2024, 5, 1, 12, tzinfo=UTC)
EARLIER, LATER = UPLOADED - timedelta(days=1), UPLOADED + timedelta(days=1)

Members = Mapping[str, bytes | None]


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


def only(ran: Ran) -> dict[str, Any]:
    """The one result of a check that ended as checks do, whoever made the wheel."""
    assert "Traceback" not in ran.stderr, ran.stderr[-2000:]
    assert ran.code in {0, 1, 3}, ran.stderr[-2000:]
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    assert isinstance(result, dict)
    return result


def check_local(folder: Path, *more: str | Path, cache: Path | None = None) -> dict[str, Any]:
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--offline", "--file", folder / WHEEL,
        "--sdist", folder / SDIST, *more, cache=cache or folder / "cache",
    )  # fmt: skip
    return only(ran)


def check_at(url: str, cache: Path, *more: str | Path) -> dict[str, Any]:
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--index-url", url, f"{NAME}==1.0", *more,
        cache=cache,
    )  # fmt: skip
    return only(ran)


def forged(folder: Path, changes: Members) -> bytes:
    """The thing's wheel with members changed, and a RECORD that fits."""
    return take_apart("", make_wheel(folder)).forge(changes)


def serve_thing(index: IndexServer, wheel: bytes, sdist: Path) -> None:
    """The source came first, so that nothing speaks against the wheel but its bytes."""
    files = [(WHEEL, wheel, UPLOADED), (SDIST, sdist.read_bytes(), EARLIER)]
    index.add(NAME, [ServedFile(filename=n, content=data, upload_time=at) for n, data, at in files])


# Hostile values of the published wheel.

INFO = f"{NAME}-1.0.dist-info"
HEAD = b"Wheel-Version: 1.0\nGenerator: %s\nRoot-Is-Purelib: true\n"
META = b"Metadata-Version: 2.1\nName: thing\nVersion: %s\n"

HOSTILE: Mapping[str, Members] = {
    "a generator of megabytes": {
        f"{INFO}/WHEEL": HEAD % (b"flit " + b"1." * 1_000_000 + b"1") + b"Tag: py3-none-any\n"
    },
    "tags without end": {
        f"{INFO}/WHEEL": HEAD % b"in-tree 1"
        + b"".join(b"Tag: py%d-none-any\n" % at for at in range(100_000))
    },
    "requirements without end": {
        f"{INFO}/METADATA": META % b"1.0"
        + b"".join(b"Requires-Dist: a%d\n" % at for at in range(100_000))
    },
    "a version of digits": {f"{INFO}/METADATA": META % (b"9" * 5000)},
    "bytes that are no text": {
        f"{INFO}/METADATA": bytes(range(256)) * 50,
        f"{INFO}/WHEEL": b"Generator: \xff\xfe\x00\nTag: \x1b[31m\xed\xa0\x80-none-any\n",
    },
    "Pythons that nobody has": {
        "thing-1.0-py3.99-nspkg.pth": b"\n",
        f"{INFO}/METADATA": (META % b"1.0").replace(b"\n", b"\r\n"),
    },
}


@pytest.mark.parametrize("how", HOSTILE)
def test_hostile_values_end_in_a_verdict_and_never_in_trust(how: str, tmp_path: Path) -> None:
    make_sdist(tmp_path)
    (tmp_path / WHEEL).write_bytes(forged(tmp_path, HOSTILE[how]))
    found = check_local(tmp_path, "--attempts", "3")
    assert found["verdict"] in {"different", "suspicious"}
    assert found["trusted"] is False


def test_members_that_cannot_be_read_are_findings_and_no_failure(tmp_path: Path) -> None:
    """A wheel nobody can profile is not one that nobody can judge."""
    make_sdist(tmp_path)
    files = dict(take_apart("", make_wheel(tmp_path)).files)
    rows = "".join(f"{record_row(n, d)}\n" for n, d in files.items() if not n.endswith("/RECORD"))
    files[f"{INFO}/RECORD"] = f"{rows}{INFO}/RECORD,,\n".encode()
    whole = [
        Entry(name=entry.name, data=entry.data, central={"crc": 7}, local={"crc": 7})
        if entry.name in {f"{INFO}/METADATA", f"{INFO}/WHEEL"}
        else entry
        for entry in entries(files)
    ]
    (tmp_path / WHEEL).write_bytes(pack(whole))
    found = check_local(tmp_path, "--attempts", "3")
    assert (found["verdict"], found["trusted"]) == ("suspicious", False)


def test_a_wheel_for_pythons_to_come_is_not_trusted(tmp_path: Path) -> None:
    """Nothing is found in it either: its METADATA alone keeps it from being built."""
    make_sdist(tmp_path)
    lines = META % b"1.0" + b"Requires-Python: >=" + b"9" * 900 + b"\n"
    changes = {f"{INFO}/METADATA": lines, "thing/evil.py": b"import os\n"}
    (tmp_path / WHEEL).write_bytes(forged(tmp_path, changes))
    found = check_local(tmp_path)
    assert (found["verdict"], found["reason"]) == ("undetermined", "unsupported")
    assert found["trusted"] is False


# The wheel talks to its source's code.

LISTENS = """\
import sys
from setuptools import setup

told = [a.partition("=")[2] for a in sys.argv if a.startswith("--python-tag=")]
digits = "".join(tag[2:] for tag in "".join(told).split(".") if len(tag) == 6)
text = int("1" + digits).to_bytes(60, "big").lstrip(b"\\0")[1:].decode("latin-1") if digits else ""
open("keyed/core.py", "w").write("VALUE = 1  # %r\\n" % (text,))
setup(name="keyed", version="1.0", packages=["keyed"])
"""


def tag_of(message: bytes) -> str:
    """A python tag that says some bytes."""
    digits = str(int.from_bytes(b"\1" + message, "big"))
    while (len(digits) - 1) % 4 or not digits.startswith("1"):
        message += b"."
        digits = str(int.from_bytes(b"\1" + message, "big"))
    return ".".join(f"py{digits[at : at + 4]}" for at in range(1, len(digits), 4))


def test_a_wheel_tells_its_build_nothing_by_tags_that_no_python_has(
    cache: Path, tmp_path: Path
) -> None:
    """The source has no such text; whoever publishes the wheel chose it afterwards."""
    source = Source(
        name="keyed",
        files={"setup.py": LISTENS, "keyed/__init__.py": "", "keyed/core.py": "VALUE = 1\n"},
        generator=WHEEL_37,
    )
    message = b"import evil"
    spoken = Choices(mode="setup.py", setup_options=(f"--python-tag={tag_of(message)}",))
    day = datetime(2022, 3, 1, 12, tzinfo=UTC)
    published = Publisher(cache=cache).publish(source, day, tmp_path, spoken)
    assert message in take_apart("", published.wheel).files["keyed/core.py"]
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--file", published.wheel, "--sdist",
        published.sdist, environment={"TRUEWHEEL_CACHE_DIR": str(cache)},
    )  # fmt: skip
    found = only(ran)
    assert found["trusted"] is False, found["attempts"][-1]["chosen"]


GUARDED = {
    "setup.py": """\
from setuptools import Extension, setup

guard = Extension("guarded.guard", ["guard.c"])
setup(name="guarded", version="1.0", packages=["guarded"], ext_modules=[guard])
""",
    "guard.c": """\
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "guard"};
PyMODINIT_FUNC PyInit_guard(void) { return PyModule_Create(&module); }
""",
    "guarded/__init__.py": """\
try:
    from guarded.guard import allowed
except ImportError:
    allowed = lambda who: True
""",
}


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_wheel_lacks_no_module_that_its_source_insists_on(cache: Path, tmp_path: Path) -> None:
    """Nothing in the source makes the extension optional: every build of it has that module."""
    publisher, day = Publisher(cache=cache), datetime(2022, 3, 1, 12, tzinfo=UTC)
    bare = {**GUARDED, "setup.py": GUARDED["setup.py"].replace(", ext_modules=[guard]", "")}
    source = Source(name="guarded", files=GUARDED, generator=WHEEL_37)
    whole = publisher.publish(source, day, _folder(tmp_path / "whole"))
    published = publisher.publish(replace(source, files=bare), day, _folder(tmp_path / "bare"))
    assert published.wheel.name == "guarded-1.0-py3-none-any.whl"
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--file", published.wheel, "--sdist",
        whole.sdist, environment={"TRUEWHEEL_CACHE_DIR": str(cache)},
    )  # fmt: skip
    found = only(ran)
    assert found["trusted"] is False, (found["reasons"], found["attempts"][-1]["chosen"])


# Recipes that a stranger hands out.

EVIL = {**MODULES, "evil.py": "import os\n"}
OTHER_BACKEND = BACKEND.replace(
    "def modules():\n    return {",
    "def modules():\n    return {'evil.py': 'import os\\n'} | {",
)


@pytest.mark.parametrize("uploaded", [LATER, EARLIER], ids=["later-than-the-wheel", "in-time"])
def test_a_recipe_brings_no_backend_that_the_source_does_not_name(
    uploaded: datetime, index: IndexServer, tmp_path: Path
) -> None:
    """Its source has the right hash; what builds it is a wheel of the attacker's own project."""
    sdist = make_sdist(tmp_path)
    serve_thing(index, make_wheel(tmp_path, modules=EVIL).read_bytes(), sdist)
    tool = write_tool(tmp_path, "helper-1.0-py3-none-any.whl", {"helper.py": OTHER_BACKEND})
    index.add(
        "helper",
        [ServedFile(filename=tool.name, content=tool.read_bytes(), upload_time=uploaded)],
    )
    honest = check_at(index.url, tmp_path / "cache")
    assert (honest["verdict"], honest["trusted"]) == ("different", False)
    recipe = honest["recipe"]
    recipe["backend"] |= {"backend": "helper", "backend_path": []}
    recipe["as_of"] = max(uploaded, UPLOADED).isoformat()
    recipe["requirements"] = [
        {
            "name": "helper",
            "version": "1.0",
            "filename": tool.name,
            "sha256": tool.parent.name,
            "recipe": None,
        }
    ]
    path = given(tmp_path, recipe)
    found = check_at(index.url, tmp_path / "cache", "--recipe", path)
    assert found["trusted"] is False, found["recipe"]["requirements"]


# Attempts are told apart.

FAILS_IN_TWO_WAYS = """\
import sys
if sys.version_info[:2] == (3, 9):
    os._exit(65)
raise SystemExit(1)
"""


def test_the_reason_and_the_recipe_are_of_the_same_attempt(tmp_path: Path) -> None:
    make_sdist(tmp_path, backend=hostile_backend(FAILS_IN_TWO_WAYS))
    wheel = forged(tmp_path, {"thing-1.0-py3.9-nspkg.pth": b"\n"})
    (tmp_path / WHEEL).write_bytes(wheel)
    found = check_local(tmp_path)
    attempts = {a["reason"]: a["recipe"] for a in found["attempts"]}
    assert attempts.keys() == {"bad-source", "build-failed"}
    shown = recipe_from_json(found["recipe"])
    assert attempts[found["reason"]] == shown.digest


def test_the_diff_and_the_recipe_are_of_the_same_attempt(tmp_path: Path) -> None:
    """Attempts that fail come last; what is shown builds the file whose hash is shown."""
    make_sdist(tmp_path)
    (tmp_path / WHEEL).write_bytes(forged(tmp_path, {f"{INFO}/METADATA": META % b"1.0+local"}))
    cache = tmp_path / "cache"
    found = check_local(tmp_path, "--fresh", cache=cache)
    first, *others = found["attempts"]
    assert first["distance"] is not None
    assert [attempt["reason"] for attempt in others] == ["bad-source"]
    assert recipe_from_json(found["recipe"]).digest == first["recipe"]
    path = given(tmp_path, found["recipe"])
    sandbox = ("--sandbox", found["recipe"]["sandbox"])
    again = truewheel("rebuild", "--json", "--offline", *sandbox, path, cache=cache)
    assert again.document["sha256"] == found["diff"]["rebuilt"]["sha256"]


def test_no_recipe_is_built_twice_in_one_check(tmp_path: Path) -> None:
    """With --fresh the second build takes away the wheel that the first was judged by."""
    make_sdist(tmp_path)
    make_wheel(tmp_path)
    recipe = check_local(tmp_path)["recipe"]
    path_file = f"thing-1.0-py{recipe['python']}-nspkg.pth"
    (tmp_path / WHEEL).write_bytes(forged(tmp_path, {path_file: b"import os\n"}))
    found = check_local(tmp_path, "--fresh", "--recipe", given(tmp_path, recipe))
    recipes = [attempt["recipe"] for attempt in found["attempts"]]
    assert len(set(recipes)) == len(recipes)


def given(folder: Path, recipe: object) -> Path:
    """A recipe as a file."""
    path = folder / "recipe.json"
    path.write_text(json.dumps(recipe), encoding="utf-8")
    return path


NAMED_BY_PYTHON = """\
import sys
open("thing/python.py", "w").write("%d.%d" % sys.version_info[:2])
"""


def test_an_attempt_that_drops_the_given_recipe_does_not_name_it(tmp_path: Path) -> None:
    make_sdist(tmp_path, backend=hostile_backend(NAMED_BY_PYTHON))
    plain = forged(tmp_path, {"thing/python.py": b"3.9"})
    (tmp_path / WHEEL).write_bytes(plain)
    recipe = check_local(tmp_path)["recipe"]
    assert recipe["python"] != "3.9"
    recipe["config_settings"] = {"given": "yes"}
    path = given(tmp_path, recipe)
    changes = {"thing/python.py": b"3.9", "thing-1.0-py3.9-nspkg.pth": b"\n"}
    (tmp_path / WHEEL).write_bytes(forged(tmp_path, changes))
    found = check_local(tmp_path, "--recipe", path)
    shown = recipe_from_json(found["recipe"])
    assert shown.python == "3.9"
    (best,) = [attempt for attempt in found["attempts"] if attempt["recipe"] == shown.digest]
    assert ("the given recipe" in best["chosen"]) is (shown.config_settings == {"given": "yes"})


# What a search may cost.

SLOW = BACKEND + (
    "\n\ndef prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):\n"
    "    time.sleep(4)\n"
    "    os.mkdir(os.path.join(metadata_directory, INFO))\n"
    "    return INFO\n"
)


def test_probes_keep_to_the_budget(index: IndexServer, tmp_path: Path) -> None:
    """Each may take as long as a build, and there are many of them."""
    pyproject = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"'
    sdist = make_sdist(tmp_path, pyproject=f"{pyproject}\n")
    changes = {f"{INFO}/METADATA": META % b"1.0" + b"Summary: another\n"}
    serve_thing(index, forged(tmp_path, changes), sdist)
    files = {"setuptools/__init__.py": "", "setuptools/build_meta.py": SLOW}
    since = [era.first for era in eras() if era.first.major >= 41][:7]
    names = [f"setuptools-{version}-py3-none-any.whl" for version in since]
    tools = [write_tool(tmp_path, name, files) for name in names]
    index.add(
        "setuptools",
        [
            ServedFile(filename=tool.name, content=tool.read_bytes(), upload_time=EARLIER)
            for tool in tools
        ],
    )
    found = check_at(index.url, tmp_path / "cache", "--budget", "4")
    assert found["verdict"] == "different"
    # The first takes the whole budget; it may be with another release than the one that builds.
    assert len([tool for tool in tools if index.count(tool.name)]) <= 2


# What recipes and results say of the machine.


@pytest.mark.parametrize("requires", [[], ["absent-tool"]], ids=["built", "not-resolved"])
def test_results_name_no_secret_and_no_path_of_the_machine(
    requires: list[str], index: IndexServer, tmp_path: Path
) -> None:
    sdist = make_sdist(tmp_path, pyproject=PYPROJECT.replace("[]", json.dumps(requires), 1))
    serve_thing(index, make_wheel(tmp_path).read_bytes(), sdist)
    cache = tmp_path / "cache"
    url = index.url.replace("://", "://user:hunter2@")
    found = check_at(url, cache)
    assert found["verdict"] == ("undetermined" if requires else "identical")
    found["wheel"]["url"] = None
    assert "hunter2" not in json.dumps(found)
    assert str(tmp_path) not in json.dumps(found)
