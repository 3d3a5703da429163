"""Attacks on what a published wheel has its source built by, in real builds under bubblewrap.

The source is honest. The wheel was made of it, but not as the source says: by the script that its
own backend stands before, or by a release of a tool from before what it asks for.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.command import assert_valid, truewheel
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
    make_sdist,
    make_wheel,
)
from tests.support.real_wheels import take_apart

pytestmark = needs_python((3, 9), (3, 11))

UPLOADED = datetime(2024, 5, 1, 12, tzinfo=UTC)
EARLIER = UPLOADED - timedelta(days=1)

CALL = "write_wheel(os.path.join(wheel_directory, WHEEL), modules())"

LEAVES_OUT = BACKEND.replace(CALL, CALL.replace("modules()", "shipped()")) + (
    "\n\ndef shipped():\n"
    "    return {name: text for name, text in modules().items() if name != 'debug.py'}\n"
)
"""A backend that packs all but what is for the project's developers."""

SETUPTOOLS = """\
import sys

def setup():
    import backend
    folder = sys.argv[sys.argv.index("--dist-dir") + 1]
    backend.write_wheel(f"{folder}/{backend.WHEEL}", backend.modules())
"""
"""What packs all that there is, whatever stands before it."""

ASKS_A_TOOL = BACKEND.replace(CALL, CALL.replace("modules()", "made()")).replace(
    "Generator: in-tree 1", "Generator: flit ' + tool().encode() + b'"
).replace('b"Wheel-Version', "b'Wheel-Version").replace('none-any\\n"\n', "none-any\\n'\n") + (
    "\n\ndef tool():\n    import flit_made\n    return flit_made.VERSION\n"
    "\n\ndef made():\n    return {**modules(), 'made_by.py': tool()}\n"
)
"""A backend that has a tool make one of the modules."""


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


def tool(folder: Path, filename: str, module: str, text: str) -> ServedFile:
    """A release of a build tool, from before the wheel."""
    path = write_tool(folder, filename, {module: text})
    return ServedFile(filename=filename, content=path.read_bytes(), upload_time=EARLIER)


def is_trusted(index: IndexServer, folder: Path, wheel: bytes, sdist: Path) -> bool:
    """The source came first, so that nothing speaks against the wheel but its bytes."""
    files = [(WHEEL, wheel, UPLOADED), (SDIST, sdist.read_bytes(), EARLIER)]
    index.add(NAME, [ServedFile(filename=n, content=data, upload_time=at) for n, data, at in files])
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--index-url", index.url, f"{NAME}==1.0",
        cache=folder / "cache",
    )  # fmt: skip
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    assert result["verdict"] in {
        "different",
        "suspicious",
        "equivalent",
        "regenerated",
        "identical",
    }, result["detail"]
    return bool(result["trusted"])


@pytest.mark.parametrize("left_in", [("debug.py",), ()])
def test_no_script_is_run_beside_the_sources_own_backend(
    left_in: tuple[str, ...], index: IndexServer, tmp_path: Path
) -> None:
    filename = "setuptools-50.0-py3-none-any.whl"
    index.add("setuptools", [tool(tmp_path, filename, "setuptools/__init__.py", SETUPTOOLS)])
    debug = {"debug.py": "import os\nrun = os.system\n"}
    asks = PYPROJECT.replace("[]", '["setuptools"]', 1)
    sdist = make_sdist(tmp_path, modules={**MODULES, **debug}, backend=LEAVES_OUT, pyproject=asks)
    wheel = make_wheel(tmp_path, modules={**MODULES, **{name: debug[name] for name in left_in}})
    assert is_trusted(index, tmp_path, wheel.read_bytes(), sdist) is not bool(left_in)


@pytest.mark.parametrize("asked", ["flit-core>=3.9", "flit-core"])
def test_no_tool_is_older_than_what_the_source_asks_for(
    asked: str, index: IndexServer, tmp_path: Path
) -> None:
    releases = [
        tool(tmp_path, f"flit_core-{it}-py3-none-any.whl", "flit_made.py", f"VERSION = '{it}'\n")
        for it in ("3.2.0", "3.9.0")
    ]
    index.add("flit-core", releases)
    sdist = make_sdist(
        tmp_path, backend=ASKS_A_TOOL, pyproject=PYPROJECT.replace("[]", f'["{asked}"]', 1)
    )
    built = take_apart("", make_wheel(tmp_path, modules={**MODULES, "made_by.py": "3.2.0"}))
    told = {entry.name: entry.data for entry in built.entries}[f"{NAME}-1.0.dist-info/WHEEL"]
    wheel = built.forge({f"{NAME}-1.0.dist-info/WHEEL": told.replace(b"in-tree 1", b"flit 3.2.0")})
    assert is_trusted(index, tmp_path, wheel, sdist) is (asked == "flit-core")


NAMED_BY_PYTHON = BACKEND.replace(
    "    rows = []\n",
    "    import sys\n    python = '%d.%d' % sys.version_info[:2]\n"
    "    files[f'thing-1.0-py{python}-nspkg.pth'] = b'\\n'\n"
    "    files['thing/made_by.py'] = python.encode()\n    rows = []\n",
)
"""A backend that packs other things for each Python that runs it."""


@pytest.mark.parametrize("required", [">=3.10", ">=3.8"])
def test_no_python_builds_a_wheel_that_it_may_not_install(
    required: str, index: IndexServer, tmp_path: Path
) -> None:
    version = 'f"Version: {VERSION}"'
    told = f'{version}, "Requires-Python: {required}"'
    sdist = make_sdist(tmp_path, backend=NAMED_BY_PYTHON.replace(version, told))
    metadata = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\nRequires-Python: {required}\n"
    wheel = take_apart("", make_wheel(tmp_path)).forge(
        {
            "thing-1.0-py3.9-nspkg.pth": b"\n",
            "thing/made_by.py": b"3.9",
            f"{NAME}-1.0.dist-info/METADATA": metadata.encode(),
        }
    )
    assert is_trusted(index, tmp_path, wheel, sdist) is (required == ">=3.8")
