"""What is read out of the build scripts of an sdist: none of it is ever run."""

import io
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.search.scripts import NOTHING, Scripts, Switch, read_scripts, tool_of, tools

READING = "import os\n"


def sdist(folder: Path, files: Mapping[str, str], root: str = "example-1.0/") -> Path:
    path = folder / "example-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            data = text.encode()
            info = tarfile.TarInfo(f"{root}{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def read(folder: Path, setup: str, **files: str) -> Scripts:
    """What a setup.py asks, beside which there may be other files."""
    return read_scripts(sdist(folder, {"setup.py": setup, **files}))


@pytest.mark.parametrize(
    "text",
    [
        'os.environ.get("EXAMPLE_USE_C")',
        'os.environ.get("EXAMPLE_USE_C", "0")',
        'os.environ["EXAMPLE_USE_C"]',
        'os.environ.pop("EXAMPLE_USE_C", None)',
        'os.getenv("EXAMPLE_USE_C")',
        'getenv("EXAMPLE_USE_C")',
        'environ.get("EXAMPLE_USE_C")',
        'bool(int(os.environ.get("EXAMPLE_USE_C", 0)))',
        '"EXAMPLE_USE_C" in os.environ',
        'x = lambda: [os.environ.get(key="", default="") or os.getenv("EXAMPLE_USE_C")]',
    ],
)
def test_a_variable_is_found_however_it_is_read(text: str, tmp_path: Path) -> None:
    found = read(tmp_path, READING + text)
    assert found.switches == (Switch(name="EXAMPLE_USE_C", values=("1",)),)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('os.getenv("USE_C") == "1"', ("1",)),
        ('os.getenv("USE_C") == "yes"', ("yes", "1")),
        ('os.getenv("USE_C", "").lower() in ("true", "on")', ("true", "on", "1")),
        ('os.getenv("USE_C") in {"cython"}', ("cython", "1")),
        ('os.getenv("USE_C") != "0"', ("1",)),
        ('os.getenv("USE_C") == "0"', ("1",)),
        ('os.getenv("USE_C") == "/some/where"', ("1",)),
        ('os.getenv("USE_C") == "-fplugin=x"', ("1",)),
        ('x = os.getenv("USE_C")\nif x == "true": pass', ("1", "true")),
    ],
)
def test_a_variable_gets_what_it_is_compared_with_if_that_is_a_plain_word(
    text: str, values: tuple[str, ...], tmp_path: Path
) -> None:
    assert read(tmp_path, READING + text).switches == (Switch(name="USE_C", values=values),)


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "HOME", "LD_PRELOAD", "PYTHONPATH", "PYTHON_BUILD", "PIP_REQUIRE_VIRTUALENV",
        "USE_CC", "EXAMPLE_BUILD_DIR", "EXAMPLE_USE_URL", "EXAMPLE_NO_EXTENSIONS",
        "EXAMPLE_DISABLE_CEXT", "EXAMPLE_SKIP_CYTHON", "DEBUG", "use_c", "GIT_EXT_BUILD",
        "USE_" + "X" * 70, "GCC_BUILD", "LDFLAGS_USE",
    ],
)  # fmt: skip
def test_other_variables_are_no_switches(name: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"{READING}os.environ.get({name!r}) == '1'") == NOTHING


def test_a_helper_is_told_which_variable_it_reads(tmp_path: Path) -> None:
    text = "def ask(name):\n    return os.environ.get(name)\n\nask('REQUIRE_CEXT')\n"
    assert [switch.name for switch in read(tmp_path, READING + text).switches] == ["REQUIRE_CEXT"]
    assert read(tmp_path, "ask('REQUIRE_CEXT')") == NOTHING


def test_what_a_script_imports_of_its_source_is_read_too(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "import tools.flags\nfrom helper import x\nimport example\n",
        **{
            "tools/flags.py": READING + "os.getenv('FLAGS_NO')\nos.getenv('BUILD_ONE')\n",
            "helper.py": READING + "os.getenv('BUILD_TWO')\n",
            "stranger.py": READING + "os.getenv('BUILD_THREE')\n",
            "example/__init__.py": "from . import nothing\n",
        },
    )
    assert {switch.name for switch in found.switches} == {"BUILD_ONE", "BUILD_TWO"}


def test_a_backend_in_the_source_is_read(tmp_path: Path) -> None:
    pyproject = '[build-system]\nbuild-backend = "own.api:x"\nbackend-path = ["back"]\n'
    files = {"pyproject.toml": pyproject, "back/own/api.py": READING + "os.getenv('WITH_C')"}
    found = read_scripts(sdist(tmp_path, files))
    assert [switch.name for switch in found.switches] == ["WITH_C"]


@pytest.mark.parametrize(
    "table", ["tool.hatch.build.hooks.x", "tool.hatch.build.targets.wheel.hooks.x"]
)
def test_a_hook_that_is_off_can_be_turned_on(table: str, tmp_path: Path) -> None:
    files = {"pyproject.toml": f"[{table}]\nenable-by-default = false\n"}
    (found,) = read_scripts(sdist(tmp_path, files)).switches
    assert found == Switch(name="HATCH_BUILD_HOOKS_ENABLE", values=("1",))
    files = {"pyproject.toml": f"[{table}]\nenable-by-default = true\n"}
    assert read_scripts(sdist(tmp_path, files)) == NOTHING


def test_what_a_source_sets_for_its_own_wheels_is_known(tmp_path: Path) -> None:
    text = """
[tool.cibuildwheel]
environment = "EXAMPLE_USE_MYPYC=1 PATH=/x CFLAGS=-O3 'X"
[tool.cibuildwheel.linux.environment]
CIBUILDWHEEL = "1"
FORCE_COLOR = "1"
LD_PRELOAD = "1"
EXAMPLE_EXTENSIONS = "$(rm -r /)"
"""
    found = read_scripts(sdist(tmp_path, {"pyproject.toml": text}))
    assert found.published_with == {"CIBUILDWHEEL": "1", "EXAMPLE_USE_MYPYC": "1"}
    assert found.choices == {("CIBUILDWHEEL", "1"), ("EXAMPLE_USE_MYPYC", "1")}


def test_tools_and_their_releases_come_from_the_source(tmp_path: Path) -> None:
    lists = {
        "requirements-dev.txt": "mypy==1.6.1 ; python_version >= '3.8'\nblack==23.1\nmypy>=1\n",
        "requirements/build.in": "-r other.txt\ncython == 3.0.6  # newest\n\x00\nmypy @ x\n",
        "notes.txt": "mypy==0.1\n",
    }
    text = "try:\n    from mypyc.build import mypycify\nexcept ImportError:\n    import Cython\n"
    found = read(tmp_path, text + "import wheel, requests\n", **lists)
    assert found.tools == ("cython", "mypy")
    assert found.pins == ('mypy==1.6.1; python_version >= "3.8"', "cython==3.0.6")


def test_modules_of_build_tools_have_a_distribution() -> None:
    assert tool_of("mypyc.build") == "mypy"
    assert tool_of("Cython") == "cython"
    assert tool_of("setuptools_scm") == "setuptools-scm"
    assert tool_of("requests") is None
    assert {"mypy", "cython"} <= tools()


@pytest.mark.parametrize(
    "text",
    [
        "print 'two'", "(" * 5000, "-" * 100_000 + "1", "x = " + "9" * 10_000, "\x00",
        "a" + ".b" * 50_000,
        "if x:\n" * 3, "'" * 3, "f(" * 150 + "'USE_C'" + ")" * 150, "# coding: nonsense\nx",
        "a==" * 20_000 + "a",
    ],
    ids=range(11),
)  # fmt: skip
def test_scripts_that_cannot_be_parsed_ask_nothing(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text) == NOTHING


def test_reading_is_bounded(tmp_path: Path) -> None:
    """A long script is left alone, and of many variables the first are kept."""
    assert read(tmp_path, READING + "os.getenv('USE_C')\n" + "#" * 300_000) == NOTHING
    started = time.process_time()
    many = "".join(f"os.getenv('USE_C{at}') == 'x{at}'\n" for at in range(5_000))
    assert len(read(tmp_path, READING + many).switches) == 200
    assert time.process_time() - started < 5


def test_what_is_no_archive_asks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "example-1.0.tar.gz"
    path.write_bytes(b"no archive")
    assert read_scripts(path) == NOTHING


WORDS = st.sampled_from(
    ["os.getenv('USE_C')", "os", "environ", "==", "'1'", "in", "(", ")", "[", "]", "if ", ":", "\n"]
)


@settings(max_examples=60, deadline=None)
@given(script=st.lists(WORDS, max_size=40).map(" ".join), project=st.text(max_size=60))
def test_any_text_is_read_without_a_fault(
    script: str, project: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = project.encode("utf-8", "replace").decode()
    files = {"setup.py": script, "pyproject.toml": project, "requirements.txt": project}
    found = read_scripts(sdist(tmp_path_factory.mktemp("any"), files))
    assert {switch.name for switch in found.switches} <= {"USE_C"}
