"""What the driver answers besides wheels: requirements of a setup.py, metadata, under old Pythons.

Every project here is built for real, with published build tools, in bubblewrap.
"""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from builders.errors import BuildFault, FailureCode
from builders.hooks import Frontend
from builders.sandbox.bubblewrap import BubblewrapSandbox
from tests.support.interpreters import needs_python
from tests.support.old_projects import (
    PEP_517,
    SETUP_PY,
    SETUPTOOLS_28,
    SETUPTOOLS_44,
    SETUPTOOLS_59,
    WHEEL_37,
    frontend,
    write_sdist,
)
from tests.support.real_wheels import Pin

pytestmark = needs_python((2, 7), (3, 6))

SIMPLE = "from setuptools import setup\nsetup(name='old', version='1.0', py_modules=['old'])\n"
MODULE = {"old.py": "VALUE = 1\n"}


def setup_py(text: str, **files: str) -> dict[str, str]:
    return {
        **MODULE,
        **{name.replace("_cfg", ".cfg"): t for name, t in files.items()},
        "setup.py": text,
    }


WITH_LIST = SIMPLE.replace("py_modules", "setup_requires=['a>=1', 'b'], py_modules")
WITH_STRING = SIMPLE.replace("py_modules", "setup_requires='a>=1\\n# no\\nb  # why', py_modules")
BY_HAND = "from setuptools import dist\ndist.Distribution().fetch_build_eggs(['a>=1'])\n"


@pytest.mark.parametrize(
    "tools",
    [((2, 7), SETUPTOOLS_28), ((2, 7), SETUPTOOLS_44), ((3, 6), SETUPTOOLS_59)],
    ids=["2.7-28", "2.7-44", "3.6-59"],
)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SIMPLE, ()),
        (WITH_LIST, ("a>=1", "b")),
        (WITH_STRING, ("a>=1", "b")),
        # It goes on without what it asked for, fails, and what it asked for is known.
        (BY_HAND + "import a\n" + WITH_LIST, ("a>=1",)),
        (BY_HAND + WITH_LIST + "import os\nos._exit(3)\n", ("a>=1", "b")),
        ("import missing\n", ()),
    ],
    ids=["none", "list", "string", "by-hand", "ends", "fails"],
)
def test_setup_requires_are_told_without_fetching_them(
    bubblewrap_sandbox: BubblewrapSandbox,
    tmp_path: Path,
    tools: tuple[tuple[int, int], Pin],
    text: str,
    expected: tuple[str, ...],
) -> None:
    source = write_sdist(tmp_path, setup_py(text))
    python, setuptools = tools
    ready = frontend(bubblewrap_sandbox, source, python=python, tools=(setuptools, WHEEL_37))
    assert ready.requires() == expected


def test_setup_requires_of_setup_cfg_are_told(
    bubblewrap_sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    config = "[options]\nsetup_requires =\n  a>=1\n  b\n"
    source = write_sdist(tmp_path, setup_py(SIMPLE, setup_cfg=config))
    assert frontend(bubblewrap_sandbox, source, python=(2, 7)).requires() == ("a>=1", "b")


def test_setup_options_follow_bdist_wheel(
    bubblewrap_sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    source = write_sdist(tmp_path, setup_py(SIMPLE))
    call = replace(SETUP_PY, setup_options=("--universal", "--build-number", "7"))
    wheel, _ = frontend(bubblewrap_sandbox, source, python=(3, 6), call=call).wheel(tmp_path)
    assert wheel.name == "old-1.0-7-py2.py3-none-any.whl"


@pytest.mark.parametrize("python", [(2, 7), (3, 6), (3, 11)])
def test_metadata_alone_is_that_of_the_wheel(
    bubblewrap_sandbox: BubblewrapSandbox, tmp_path: Path, python: tuple[int, int]
) -> None:
    source = write_sdist(tmp_path, {**setup_py(SIMPLE), "LICENSE": "Do what you want.\n"})
    ready = frontend(bubblewrap_sandbox, source, python=python, call=PEP_517)
    files = ready.metadata()
    assert files is not None
    wheel, _ = ready.wheel(tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        assert files["METADATA"] == archive.read("old-1.0.dist-info/METADATA")
        assert files["LICENSE"] == archive.read("old-1.0.dist-info/LICENSE")
    assert set(files) == {"METADATA", "LICENSE", "top_level.txt"}


def test_without_the_hook_there_is_no_metadata(
    bubblewrap_sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    source = write_sdist(tmp_path, {**setup_py(SIMPLE), "backend.py": "def build_wheel(): pass\n"})
    bare = replace(PEP_517, backend="backend", backend_path=(".",))
    for call in (bare, SETUP_PY):
        ready = frontend(bubblewrap_sandbox, source, python=(3, 11), call=call)
        assert ready.metadata() is None


HOOK = """\
import os, sys
def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = os.path.join(folder, "old-1.0.dist-info")
    os.mkdir(info)
    {body}
    return "old-1.0.dist-info"
"""
FORGED = """\
line = b'{answer}\\n'
    for descriptor in range(3, 32):
        try:
            os.write(descriptor, line)
        except OSError:
            pass
    os._exit(0)"""


def with_hook(
    sandbox: BubblewrapSandbox, folder: Path, body: str, python: tuple[int, int] = (3, 11)
) -> Frontend:
    source = write_sdist(folder, {**MODULE, "backend.py": HOOK.format(body=body)})
    call = replace(PEP_517, backend="backend", backend_path=(".",))
    return frontend(sandbox, source, python=python, tools=(), call=call)


@pytest.mark.parametrize(
    "body",
    [
        "os.symlink('/etc/passwd', info + '/METADATA')",
        "os.symlink('/etc', info + '/licenses')",
        "os.mkfifo(info + '/METADATA')",
        "[open(info + '/%d' % n, 'w').close() for n in range(501)]",
        "open(info + '/METADATA', 'wb').write(b'x' * (8 * 1024**2 + 1))",
        "return '../src'",
        "return '/build/src'",
    ],
)
def test_metadata_that_is_no_bounded_set_of_files_is_refused_inside(
    bubblewrap_sandbox: BubblewrapSandbox, tmp_path: Path, body: str
) -> None:
    ready = with_hook(bubblewrap_sandbox, tmp_path, body)
    with pytest.raises(BuildFault, match="no proper metadata") as caught:
        ready.metadata()
    assert caught.value.code is FailureCode.BUILD_FAILED


@pytest.mark.parametrize(
    "body",
    [
        "return None",
        "raise ValueError('no')",
        FORGED.format(answer='{"directory": "x", "files": {}}'),
        FORGED.format(answer='{"directory": null, "files": {"METADATA": ""}}'),
        FORGED.format(answer='{"directory": "../x.dist-info", "files": {}}'),
        FORGED.format(answer='{"directory": "x.dist-info", "files": {"../METADATA": ""}}'),
        FORGED.format(answer='{"directory": "x.dist-info", "files": {"/METADATA": ""}}'),
        FORGED.format(answer='{"directory": "x.dist-info", "files": {"METADATA": "%"}}'),
        FORGED.format(answer='{"directory": "x.dist-info", "files": {"METADATA": [1]}}'),
        FORGED.format(answer='{"directory": "x.dist-info", "files": ["METADATA"]}'),
        FORGED.format(answer='{"directory": "x.dist-info"}'),
        FORGED.format(answer="[]"),
        FORGED.format(answer="[" * 100_000),
    ],
)
def test_an_answer_that_is_no_metadata_is_a_failed_build(
    bubblewrap_sandbox: BubblewrapSandbox, tmp_path: Path, body: str
) -> None:
    ready = with_hook(bubblewrap_sandbox, tmp_path, body)
    with pytest.raises(BuildFault) as caught:
        ready.metadata()
    assert caught.value.code is FailureCode.BUILD_FAILED


def test_metadata_has_its_subdirectories_under_every_interpreter(
    bubblewrap_sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    body = "os.mkdir(info + '/licenses'); open(info + '/licenses/LICENSE', 'w').write('x')"
    found = [python.version for python in bubblewrap_sandbox.interpreters()]
    assert {(2, 7), (3, 6)} < set(found)
    for version in found:
        ready = with_hook(bubblewrap_sandbox, tmp_path, body, python=version)
        assert ready.metadata() == {"licenses/LICENSE": b"x"}
