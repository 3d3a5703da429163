"""Python 2.7: its build environments, its build requirements, and wheels rebuilt with it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest

from builders.environment import ENVIRONMENT_PYTHON, environment_variables, prepare_environment
from builders.resolve import Question, SourceOnlyError, UvIndexes, UvResolver
from builders.sandbox.bubblewrap import BubblewrapSandbox
from builders.store import Store
from tests.support.command import assert_valid, truewheel
from tests.support.index_server import IndexServer, ServedFile
from tests.support.interpreters import needs_python
from tests.support.old_projects import (
    PEP_517,
    SETUP_PY,
    SETUPTOOLS_28,
    SETUPTOOLS_44,
    WHEEL_37,
    fetched,
    frontend,
    interpreter,
    write_sdist,
    write_tool,
)
from tests.support.real_wheels import Pin
from tests.support.sandboxes import run_command
from verify.events import silent
from verify.index.client import open_index
from verify.index.config import load_config, uv_arguments, uv_environment

pytestmark = needs_python((2, 7))

DAY = datetime(2019, 5, 1, 12, tzinfo=UTC)
LATER = datetime(2019, 8, 1, 12, tzinfo=UTC)
PYTHON = (2, 7)


@pytest.fixture
def index() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


# Environments.

FACTS = """\
import json, subprocess, sys
def found(name):
    try:
        return __import__(name).__file__
    except ImportError:
        return None
if "again" not in sys.argv:
    print(subprocess.check_output([sys.executable, sys.argv[0], "again"]).decode())
else:
    import site
    print(json.dumps({
        "executable": sys.executable, "path": sys.path, "pip": found("pip"), "tool": found("tool"),
        "beside": found("beside"), "setuptools": found("setuptools"),
        "shadowed": found("json"), "sites": site.getsitepackages(),
    }))
"""


def test_an_environment_of_python_2_is_all_that_can_be_imported_there(
    bubblewrap_sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    """Also in a process that the build starts, and where no mount hides the host's packages."""
    tool = write_tool(
        tmp_path,
        "tool-1.0-py2-none-any.whl",
        {"tool.py": "", "json.py": "", "more/beside.py": "", "tool.pth": "more\n"},
    )
    script = tmp_path / "facts.py"
    script.write_text(FACTS)
    tmp_path.chmod(0o755)
    python = interpreter(bubblewrap_sandbox, PYTHON)
    (mount,) = python.mounts
    assert any(mount.source.glob("lib/python2.7/site-packages/pip*")), "something to hide"
    environment = prepare_environment([tool], python, Store(tmp_path / "cache"))
    shown = (replace(mount, hidden=()), environment)
    run = run_command(
        bubblewrap_sandbox,
        str(ENVIRONMENT_PYTHON),
        "/facts/facts.py",
        mounts=(*shown, replace(environment, source=tmp_path, target=PurePosixPath("/facts"))),
        environment={**python.environment, **environment_variables(python)},
    )
    said = run.said
    assert isinstance(said, dict), run.outcome.log
    packages = "/env/lib/python2.7/site-packages"
    assert said["executable"] == str(ENVIRONMENT_PYTHON)
    assert said["path"][-2:] == [packages, f"{packages}/more"]
    assert (said["pip"], said["setuptools"], said["sites"]) == (None, None, [])
    assert said["tool"] == f"{packages}/tool.py"
    assert said["beside"] == f"{packages}/more/beside.py"
    assert said["shadowed"].startswith("/opt/python/cp27-cp27mu/lib/python2.7/json/")


HASHES = """\
import hashlib, json
names = ("md5", "sha1", "sha224", "sha256", "sha384", "sha512")
class Keeps(object):
    kept = hashlib.sha256
def facts(state):
    twin = state.copy()
    twin.update(b"more")
    return [state.name, state.digest_size, state.block_size, state.hexdigest(), twin.hexdigest()]
print(json.dumps([
    [facts(getattr(hashlib, name)(b"bytes")) for name in names],
    [facts(hashlib.new(name.upper(), b"bytes")) for name in names],
    Keeps().kept(b"bytes").digest() == hashlib.sha256(b"bytes").digest(),
]))
"""


def test_hashes_of_python_2_are_named_as_by_openssl(
    bubblewrap_sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    """wheel writes the name into RECORD, and keeps the constructor in a class."""
    python = interpreter(bubblewrap_sandbox, PYTHON)
    run = run_command(
        bubblewrap_sandbox,
        str(ENVIRONMENT_PYTHON),
        "-c",
        HASHES,
        mounts=(*python.mounts, prepare_environment([], python, Store(tmp_path))),
        environment={**python.environment, **environment_variables(python)},
    )
    expected: list[list[object]] = []
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
        state, twin = hashlib.new(name, b"bytes"), hashlib.new(name, b"bytesmore")
        expected.append(
            [name, state.digest_size, state.block_size, state.hexdigest(), twin.hexdigest()]
        )
    as_asked = [[str(name).upper(), *rest] for name, *rest in expected]
    assert run.said == [expected, as_asked, True], run.outcome.log


# Build requirements.


def tool(name: str, version: str, tag: str, *requires: str, at: datetime = DAY) -> ServedFile:
    """A wheel without modules."""
    info = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata = "\n".join([*lines, *(f"Requires-Dist: {text}" for text in requires), ""])
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        archive.writestr(f"{info}/RECORD", "")
    filename = f"{name}-{version}-{tag}.whl"
    return ServedFile(filename=filename, content=content.getvalue(), upload_time=at)


def resolved(
    index: IndexServer, cache: Path, *requirements: str, offline: bool = False
) -> list[str]:
    config = load_config(index_url=index.url, extra_index_urls=(), environ={}, cwd=cache)
    resolver = UvResolver(
        UvIndexes(arguments=tuple(uv_arguments(config)), environment=uv_environment(config)),
        Store(cache),
        index=open_index(config, cache_root=cache, offline=offline, listener=silent),
        offline=offline,
    )
    question = Question(requirements=requirements, constraints=(), as_of=LATER, python=PYTHON)
    return [file.filename for file in resolver.resolve(question)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        # The newest release with a wheel for Python 2; the listing has no Requires-Python.
        (
            [tool("a", "1.0", "py2-none-any"), tool("a", "2.0", "py3-none-any")],
            ["a-1.0-py2-none-any.whl"],
        ),
        ([tool("a", "1.0", "cp27-none-any")], ["a-1.0-cp27-none-any.whl"]),
        # The nearest tag, as pip takes it, and what that wheel requires.
        (
            [
                tool("a", "1.0", "py2.py3-none-any", "b"),
                tool("a", "1.0", "py27-none-any", "c"),
                tool("a", "1.0", "py3-none-any", "b"),
            ],
            ["a-1.0-py27-none-any.whl", "c-1.0-py2.py3-none-any.whl"],
        ),
        (
            [
                tool(
                    "a",
                    "1.0",
                    "py2-none-any",
                    'b; python_version < "3"',
                    'c; python_version >= "3"',
                )
            ],
            ["a-1.0-py2-none-any.whl", "b-1.0-py2.py3-none-any.whl"],
        ),
        # A wheel of the chosen release that was uploaded after the day.
        (
            [
                tool("a", "1.0", "py2.py3-none-any"),
                tool("a", "1.0", "py27-none-any", at=datetime(2020, 1, 1, tzinfo=UTC)),
            ],
            ["a-1.0-py2.py3-none-any.whl"],
        ),
    ],
)
def test_requirements_for_python_2_are_resolved_as_pip_did(
    index: IndexServer, tmp_path: Path, files: list[ServedFile], expected: list[str]
) -> None:
    index.add("a", files)
    index.add("b", [tool("b", "1.0", "py2.py3-none-any")])
    index.add("c", [tool("c", "1.0", "py2.py3-none-any")])
    assert resolved(index, tmp_path, "a") == expected
    # What was resolved once is known without the index.
    assert resolved(index, tmp_path, "a", offline=True) == expected


def test_a_requirement_without_a_wheel_for_python_2_must_be_built(
    index: IndexServer, tmp_path: Path
) -> None:
    sdist = ServedFile(filename="a-1.0.tar.gz", content=b"", upload_time=DAY)
    index.add("a", [tool("a", "1.0", "py3-none-any"), sdist])
    with pytest.raises(SourceOnlyError):
        resolved(index, tmp_path, "a")


# Wheels.

NAMESPACE = "__import__('pkg_resources').declare_namespace(__name__)\n"
PROJECT = {
    "setup.py": (
        "from setuptools import setup\n"
        "print 'Python 2 alone parses this'\n"
        "setup(name='old', version='1.0', packages=['space', 'space.old'],\n"
        "      namespace_packages=['space'], setup_requires=['writer'],\n"
        "      written='\\xe9'.decode('latin1'))\n"
    ),
    "space/__init__.py": NAMESPACE,
    "space/old/__init__.py": "print 'also this'\n",
}
WRITER = {
    "writer.py": (
        "import io\n"
        "def write(dist, name, value):\n"
        "    with io.open('written.py', 'w', encoding='utf-8') as file:\n"
        "        file.write(u'# encoding: utf-8\\nVALUE = u\"%s\"\\n' % value)\n"
        "    dist.py_modules = ['written']\n"
    ),
    "writer-1.0.dist-info/entry_points.txt": "[distutils.setup_keywords]\nwritten = writer:write\n",
}


@pytest.mark.parametrize("setuptools", [SETUPTOOLS_28, SETUPTOOLS_44], ids=["28", "44"])
def test_a_wheel_of_python_2_with_setup_requires_is_rebuilt_from_the_index(
    bubblewrap_sandbox: BubblewrapSandbox, index: IndexServer, tmp_path: Path, setuptools: Pin
) -> None:
    """setup.py itself asks for a requirement, whose only wheel is one for Python 2."""
    writer = write_tool(tmp_path, "writer-1.0-py2-none-any.whl", WRITER)
    source = write_sdist(tmp_path, PROJECT)
    call = SETUP_PY if setuptools is SETUPTOOLS_28 else PEP_517
    tools = (setuptools, WHEEL_37, writer)
    ready = frontend(bubblewrap_sandbox, source, python=PYTHON, tools=tools, call=call)
    wheel, _ = ready.wheel(tmp_path)
    assert wheel.name == "old-1.0-py2-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        assert {"old-1.0-py2.7-nspkg.pth", "written.py"} <= set(archive.namelist())

    serve(index, {"old": (source, wheel), "writer": (writer,)})
    serve(index, {pin.project: (fetched(pin),) for pin in (setuptools, WHEEL_37)})
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", "--index-url", index.url, "old==1.0",
        "--wheel", wheel.name, cache=tmp_path / "cache",
    )  # fmt: skip
    assert "Traceback" not in ran.stderr
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    assert (result["verdict"], result["trusted"]) == ("identical", True), result["diff"]["findings"]
    recipe = result["recipe"]
    assert (recipe["python"], recipe["backend"]["mode"]) == ("2.7", call.mode)
    names = [file["name"] for file in recipe["requirements"]]
    assert names == ["setuptools", "wheel", "writer"]


def serve(index: IndexServer, projects: Mapping[str, tuple[Path, ...]]) -> None:
    """Serve files, the wheel under test as the last of all."""
    for project, paths in projects.items():
        files = [
            ServedFile(
                filename=path.name,
                content=path.read_bytes(),
                upload_time=LATER if path.name.startswith("old-1.0-") else DAY,
            )
            for path in paths
        ]
        index.add(project, files)


@pytest.mark.parametrize(
    ("requirement", "wheel"),
    [
        ("futures==3.3.0", "futures-3.3.0-py2-none-any.whl"),
        ("typing==3.7.4.3", "typing-3.7.4.3-py2-none-any.whl"),
    ],
)
def test_a_published_wheel_for_python_2_alone_is_trusted(
    cache: Path, requirement: str, wheel: str
) -> None:
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", requirement, "--wheel", wheel, cache=cache
    )
    (result,) = ran.document["results"]
    assert result["trusted"], json.dumps(result)[:4000]
    assert result["recipe"]["python"] == "2.7"
