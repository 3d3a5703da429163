"""Attacks on the road from a published wheel to its rebuild, in real builds under bubblewrap.

The attacker owns what is published: the wheel, its source, and the build requirements it names.
"""

import glob
import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.command import COMMAND, Ran, assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile
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
from tests.support.wheels import Entry, entries, honest_files, pack, wheel_file, with_record

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2024, 8, 1, 12, tzinfo=UTC)
EVIL = {**MODULES, "evil.py": "import os\n"}


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


def requiring(*requirements: str) -> str:
    return PYPROJECT.replace("[]", json.dumps(requirements), 1)


def served(filename: str, content: bytes, upload_time: datetime = DAY) -> ServedFile:
    return ServedFile(filename=filename, content=content, upload_time=upload_time)


def serve_thing(index: IndexServer, wheel: Path, sdist: Path) -> None:
    """The wheel under test is the last file; what a build may use was uploaded before it."""
    files = [
        served(wheel.name, wheel.read_bytes(), LATER),
        served(sdist.name, sdist.read_bytes()),
    ]
    index.add(NAME, files)


def result(ran: Ran) -> dict[str, object]:
    assert_valid(ran.document)
    assert ran.document.get("error") is None
    (only,) = ran.document["results"]
    assert isinstance(only, dict)
    return only


def check(index: IndexServer, cache: Path, *more: str, requirement: str = f"{NAME}==1.0") -> Ran:
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--index-url", index.url, requirement,
        *more, cache=cache,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr, ran.stderr[-2000:]
    return ran


def check_local(folder: Path, *more: str) -> Ran:
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--offline", "--file", folder / WHEEL,
        "--sdist", folder / SDIST, *more, cache=folder / "cache",
    )  # fmt: skip
    assert "Traceback" not in ran.stderr, ran.stderr[-2000:]
    return ran


def rebuild(recipe: object, folder: Path, *more: str) -> Ran:
    path = folder / "recipe.json"
    path.write_text(json.dumps(recipe), encoding="utf-8")
    ran = truewheel("rebuild", "--json", "--offline", *more, path, cache=folder / "cache")
    assert "Traceback" not in ran.stderr, ran.stderr[-2000:]
    return ran


def recipe_of(folder: Path) -> dict[str, object]:
    make_sdist(folder)
    make_wheel(folder)
    recipe = result(check_local(folder))["recipe"]
    assert isinstance(recipe, dict)
    return recipe


def leftovers(cache: Path) -> list[str]:
    """Drafts and temporary files below a cache, which may be in use: Path.glob fails in one."""
    patterns = ("*/.draft-*", "tmp/*", "*/tmp??????*")
    return [name for one in patterns for name in glob.glob(one, root_dir=cache)]  # noqa: PTH207


# Soundness rule 2, at every depth.

TAKES_THING_ALONG = """\
import thing
base = os.path.dirname(thing.__file__)
names = [name for name in os.listdir(base) if name.endswith(".py")]
stolen = {"thing/" + name: open(os.path.join(base, name)).read() for name in names}
open("helper/stolen.py", "w").write("FILES = " + repr(stolen))
"""
HANDS_IT_BACK = """\
from helper.stolen import FILES
for name, text in FILES.items():
    open(name, "w").write(text)
"""


def test_the_published_wheel_does_not_come_back_through_a_requirement_of_a_requirement(
    index: IndexServer, tmp_path: Path
) -> None:
    """`helper` has no wheel; it is built with `thing` and carries its files to thing's build."""
    wheel = make_wheel(tmp_path, modules=EVIL)
    sdist = make_sdist(
        tmp_path, pyproject=requiring("helper"), backend=hostile_backend(HANDS_IT_BACK)
    )
    helper = make_sdist(
        tmp_path,
        name="helper",
        pyproject=requiring("thing==1.0"),
        backend=hostile_backend(TAKES_THING_ALONG),
    )
    serve_thing(index, wheel, sdist)
    earlier = served("thing-1.0-1-py3-none-any.whl", wheel.read_bytes())
    index.add(NAME, [*index.projects[NAME], earlier])
    index.add("helper", [served(helper.name, helper.read_bytes())])
    ran = check(index, tmp_path / "cache", "--wheel", WHEEL)
    found = result(ran)
    assert (found["verdict"], found["reason"]) == ("undetermined", "no-build-requirements")


def test_a_local_version_of_the_release_is_no_build_requirement_of_it(
    index: IndexServer, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, modules=EVIL)
    sdist = make_sdist(tmp_path, pyproject=requiring("thing"))
    files = with_record(
        {"thing/evil.py": b"import os\n", "thing-1.0+x.dist-info/WHEEL": wheel_file()}
    )
    twin = pack([Entry(name=name, data=data) for name, data in files.items()])
    serve_thing(index, wheel, sdist)
    index.add(NAME, [*index.projects[NAME], served("thing-1.0+x-py3-none-any.whl", twin)])
    found = result(check(index, tmp_path / "cache", "--wheel", WHEEL, requirement="thing===1.0"))
    assert (found["verdict"], found["reason"]) == ("undetermined", "no-build-requirements")


def test_a_wheel_in_the_working_directory_is_no_build_requirement(
    index: IndexServer, tmp_path: Path
) -> None:
    """A file name is a valid project name (PEP 508); it must not become a path."""
    make_wheel(tmp_path, modules=EVIL)
    sdist = make_sdist(tmp_path, pyproject=requiring(WHEEL))
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--index-url", index.url,
        "--file", WHEEL, "--sdist", sdist, cache=tmp_path / "cache", cwd=tmp_path,
    )  # fmt: skip
    found = result(ran)
    assert (found["verdict"], found["reason"]) == ("undetermined", "no-build-requirements"), found


# Build requirements that turn one bad wheel into a failure of the whole run.


@pytest.mark.parametrize(
    "requirement",
    ["helper==99999999999999999999999", "helper; " + "(" * 3000 + "os_name=='a'" + ")" * 3000],
    ids=["a version beyond 64 bits", "a marker of many parentheses"],
)
def test_an_absurd_requirement_is_undetermined(
    requirement: str, index: IndexServer, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path)
    serve_thing(index, wheel, make_sdist(tmp_path, pyproject=requiring(requirement)))
    found = result(check(index, tmp_path / "cache"))
    assert (found["verdict"], found["reason"]) == ("undetermined", "no-build-requirements")


@pytest.mark.parametrize(
    "body",
    [
        "os.rename(WHEEL, WHEEL)",
        "write_wheel(os.path.join(wheel_directory, 'thing-1.0-py3-none-any.whl'), {})\nreturn ''",
        "open(os.path.join(wheel_directory, WHEEL), 'w').write('no archive'); return WHEEL",
    ],
    ids=["fails", "builds a wheel of another project", "builds no archive"],
)
def test_a_requirement_whose_own_build_is_hostile_makes_the_result_undetermined(
    body: str, index: IndexServer, tmp_path: Path
) -> None:
    serve_thing(index, make_wheel(tmp_path), make_sdist(tmp_path, pyproject=requiring("helper")))
    helper = make_sdist(tmp_path, name="helper", backend=hostile_backend(body))
    index.add("helper", [served(helper.name, helper.read_bytes())])
    found = result(check(index, tmp_path / "cache"))
    assert found["verdict"] == "undetermined"
    assert not leftovers(tmp_path / "cache")


CALLS_HOME = """\
os.chdir("/build/out")
import zipfile
files = {
    "helper-1.0.dist-info/METADATA":
        "Metadata-Version: 2.1\\nName: helper\\nVersion: 1.0\\nRequires-Dist: probe @ URL\\n",
    "helper-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nTag: py3-none-any\\n",
    "helper-1.0.dist-info/RECORD": "",
}
with zipfile.ZipFile(WHEEL, "w") as archive:
    for name, text in files.items(): archive.writestr(name, text)
return WHEEL
"""


@pytest.mark.parametrize("scheme", ["", "git+"])
def test_what_a_build_wrote_does_not_make_the_host_call_an_address_of_its_choice(
    scheme: str, index: IndexServer, tmp_path: Path
) -> None:
    """A wheel that was built may depend on URLs (PEP 508); no build chooses what is fetched."""
    serve_thing(index, make_wheel(tmp_path), make_sdist(tmp_path, pyproject=requiring("helper")))
    url = scheme + index.file_url("probe", "probe-1.0-py3-none-any.whl")
    backend = hostile_backend(CALLS_HOME.replace("URL", url))
    helper = make_sdist(tmp_path, name="helper", backend=backend)
    index.add("helper", [served(helper.name, helper.read_bytes())])
    found = result(check(index, tmp_path / "cache"))
    assert not [request.path for request in index.requests if "probe" in request.path]
    assert (found["verdict"], found["reason"]) == ("undetermined", "no-build-requirements")


@pytest.mark.parametrize("entry_points", [b"[console_scripts\n", b"[console_scripts]\nx = !\n"])
def test_a_requirement_wheel_that_cannot_be_installed_is_undetermined(
    entry_points: bytes, index: IndexServer, tmp_path: Path
) -> None:
    serve_thing(index, make_wheel(tmp_path), make_sdist(tmp_path, pyproject=requiring("example")))
    extra = {"example-1.0.dist-info/entry_points.txt": entry_points}
    index.add("example", [served("example-1.0-py3-none-any.whl", _without_other(extra))])
    found = result(check(index, tmp_path / "cache"))
    assert (found["verdict"], found["reason"]) == ("undetermined", "no-build-requirements")
    assert not leftovers(tmp_path / "cache")


def _without_other(extra: dict[str, bytes]) -> bytes:
    plain = b"Metadata-Version: 2.1\nName: example\nVersion: 1.0\n"
    files = honest_files({"example-1.0.dist-info/METADATA": plain, **extra})
    return pack(entries(with_record(files)))


DYNAMIC = """

def get_requires_for_build_wheel(config_settings=None):
    return {answer}
"""


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('["x @ file:///etc/passwd"]', "no-build-requirements"),
        ("[\"x; os_name == '\\n-e /etc'\"]", "no-build-requirements"),
        ('["helper"] * 100000', "build-failed"),
        ("[\"x; os_name ~= 'x'\"]", "no-build-requirements"),
        ('["x==" + "1" * 5000]', "no-build-requirements"),
    ],
)
def test_an_absurd_answer_of_the_requires_hook_is_undetermined_twice(
    answer: str, reason: str, index: IndexServer, tmp_path: Path
) -> None:
    """The second time the answer comes from memory."""
    wheel = make_wheel(tmp_path)
    serve_thing(index, wheel, make_sdist(tmp_path, backend=BACKEND + DYNAMIC.format(answer=answer)))
    for _ in range(2):
        found = result(check(index, tmp_path / "cache"))
        assert (found["verdict"], found["reason"]) == ("undetermined", reason)


# The published wheel and the source as text that the host reads.


@pytest.mark.parametrize(
    ("filename", "verdicts"),
    [
        # No CPython is named, so one is chosen, and the rebuild tells that the name is a lie.
        ("thing-1.0-cpx1-none-any.whl", {"different", "suspicious"}),
        ("thing-1.0-cp3999999999999-none-any.whl", {"undetermined"}),
    ],
)
def test_an_absurd_python_tag_is_no_failure_of_the_tool(
    filename: str, verdicts: set[str], tmp_path: Path
) -> None:
    make_sdist(tmp_path)
    wheel = make_wheel(tmp_path, filename=filename)
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--offline", "--file", wheel,
        "--sdist", tmp_path / SDIST, cache=tmp_path / "cache",
    )  # fmt: skip
    assert result(ran)["verdict"] in verdicts


def test_a_backend_path_of_many_entries_is_not_a_failure_of_the_tool(tmp_path: Path) -> None:
    """The request to the driver is one argument, and the kernel bounds one argument to 128 KiB."""
    paths = json.dumps(["."] * 60_000)
    make_sdist(tmp_path, pyproject=PYPROJECT.replace('["."]', paths))
    make_wheel(tmp_path)
    assert result(check_local(tmp_path))["verdict"] == "undetermined"


# What the driver's output may claim. The job's standard output was duplicated to descriptor 3 up.

FORGED = """\
import json
head = json.dumps({{"filename": {name}, "size": {size}}}).encode() + b"\\n"
for descriptor in range(3, 32):
    try:
        os.write(descriptor, head + b"12345678")
    except OSError:
        pass
os._exit(0)
"""


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("'../thing-1.0-py3-none-any.whl'", 8),
        ("'thing-1.0-py3-none-' + chr(0xd800) + '.whl'", 8),
        ("'thing-1.0-py3-none-' + chr(0xe9) * 200 + '.whl'", 8),
        ("'thing-1.0-1' + chr(10) + 'x-py3-none-any.whl'", 8),
        ("WHEEL", 7),
        ("WHEEL", -1),
        ("['x']", 8),
    ],
)
def test_a_forged_answer_of_the_driver_is_a_failed_build(
    name: str, size: int, tmp_path: Path
) -> None:
    make_sdist(tmp_path, backend=hostile_backend(FORGED.format(name=name, size=size)))
    make_wheel(tmp_path)
    found = result(check_local(tmp_path))
    assert (found["verdict"], found["reason"]) == ("undetermined", "build-failed")
    assert not leftovers(tmp_path / "cache")


# Recipes to replay.


def test_a_replay_in_another_sandbox_does_not_poison_what_a_check_remembers(
    tmp_path: Path,
) -> None:
    """A recipe names its sandbox; what the unsafe host built of it is no bubblewrap rebuild."""
    recipe = recipe_of(tmp_path)
    for kept in (tmp_path / "cache" / "rebuilds").iterdir():
        shutil.rmtree(kept)
    ran = rebuild(recipe, tmp_path, "--sandbox", "unsafe-host")
    assert ran.code in {2, 3}
    assert not list((tmp_path / "cache").glob("rebuilds/*"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("python", "../../x"),
        ("umask", "-1"),
        ("environment", {"LD_PRELOAD": "/x.so", "PATH": "/build", "PYTHONHOME": "/x"}),
        ("environment", {"-S/bin/true": ""}),
        ("environment", {"A=B": "", "": ""}),
        ("environment", {"A": "\0"}),
        ("environment", {"A": "\ud800"}),
        ("environment", {"SOURCE_DATE_EPOCH": "1e9"}),
        ("backend", {"mode": "pep517", "backend": "b" * 200_000, "backend_path": []}),
        ("post_steps", ["rm -rf /"]),
        (
            "source",
            {"name": "x", "version": "1", "filename": "../../etc/passwd", "sha256": "0" * 64},
        ),
    ],
)
def test_a_hostile_recipe_is_refused_or_does_not_build(
    key: str, value: object, tmp_path: Path
) -> None:
    recipe = {**recipe_of(tmp_path), key: value}
    ran = rebuild(recipe, tmp_path, "--sandbox", "bubblewrap")
    assert ran.code in {2, 3}
    assert not leftovers(tmp_path / "cache")


def test_a_replay_refuses_a_wheel_of_the_release_itself(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    wheel = next((tmp_path / "cache" / "files").glob(f"*/*/{WHEEL}"))
    itself = {
        "name": NAME,
        "version": "1.0.0",
        "filename": WHEEL,
        "sha256": wheel.parent.name,
        "recipe": None,
    }
    ran = rebuild({**recipe, "requirements": [itself]}, tmp_path, "--sandbox", "bubblewrap")
    assert ran.code in {2, 3}


# Ends that nobody planned.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing_behind(number: signal.Signals, tmp_path: Path) -> None:
    make_sdist(tmp_path, backend=hostile_backend("time.sleep(60)"))
    make_wheel(tmp_path)
    cache = tmp_path / "cache"
    arguments = ("check", "--sandbox", "bubblewrap", "--offline", "--cache-dir", str(cache))
    files = ("--file", str(tmp_path / WHEEL), "--sdist", str(tmp_path / SDIST))
    with subprocess.Popen(
        [*COMMAND, *arguments, *files], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while not leftovers(cache):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == 128 + number
    assert "Traceback" not in stderr
    assert not leftovers(cache)


def test_a_memory_cut_short_by_a_power_failure_is_built_again(tmp_path: Path) -> None:
    """Nothing is synced to disk, so a file that was renamed into place may be empty."""
    make_sdist(tmp_path)
    make_wheel(tmp_path)
    check_local(tmp_path)
    (kept,) = (tmp_path / "cache" / "rebuilds").glob("*/rebuild.json")
    kept.write_text("", encoding="utf-8")
    assert result(check_local(tmp_path))["verdict"] == "identical"
