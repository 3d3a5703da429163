"""Attacks on what builders read on the host: names, headers, archives, requirement wheels.

No sandbox is needed here; tests/integration/test_adversary_build_jobs.py has the attacks that run
a build.
"""

import gzip
import io
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from packaging.utils import parse_wheel_filename

from builders.environment import prepare_environment
from builders.errors import BuildFault, FailureCode
from builders.generators import generator_pins
from builders.hints import Hints, read_hints
from builders.pythons import choose_python
from builders.recipe import recipe_from_json
from builders.releases import same_release
from builders.requirements import all_locked, checked_requirement
from builders.sandbox.interface import Interpreter
from builders.source import read_build_system
from builders.store import Store
from tests.support.wheels import (
    DIST_INFO,
    FILENAME,
    entries,
    honest_files,
    pack,
    wheel_file,
    with_record,
    write,
)
from verify.errors import UsageFault

PYTHON = Interpreter(
    version=(3, 11), release="3.11.2", executable=PurePosixPath("/opt/no/such/python")
)
NOW = datetime(2024, 5, 1, tzinfo=UTC)
DATA = "example-1.0.data"
ENTRY_POINTS = f"{DIST_INFO}/entry_points.txt"
MANY_DIGITS = "1" * 5000
"""More than Python turns into an int (CVE-2020-10735): a plain ValueError, not InvalidVersion."""


# Build requirement wheels, installed on the host.


def install(folder: Path, *wheels: Path, python: Interpreter = PYTHON) -> Path:
    return prepare_environment(wheels, python, Store(folder / "store")).source


def requirement_wheel(folder: Path, files: dict[str, bytes], filename: str = FILENAME) -> Path:
    """A wheel in the layout of the file cache, its directory named like a digest."""
    return write(folder / (filename[0] * 64), pack(entries(files)), filename)


def with_extra(name: str, content: bytes = b"x") -> dict[str, bytes]:
    return with_record(honest_files({name: content}))


def assert_refused(folder: Path, *wheels: Path) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(BuildFault) as caught:
        install(folder, *wheels)
    assert caught.value.code is FailureCode.NO_BUILD_REQUIREMENTS
    assert not list((folder / "store" / "environments").iterdir())
    assert sorted(folder.iterdir()) == sorted({*before, folder / "store"})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"{DATA}/scripts/python", b"#!/bin/sh\n"),
        (f"{DATA}/data/bin/python3", b"#!/bin/sh\n"),
        (ENTRY_POINTS, b"[console_scripts]\npython = a:b\n"),
    ],
)
def test_a_requirement_cannot_write_through_the_interpreters_link(
    name: str, content: bytes, tmp_path: Path
) -> None:
    """bin/python points to a path inside the sandbox, which may be free on the host."""
    victim = tmp_path / "python3.11"
    python = Interpreter(version=(3, 11), release="3.11.2", executable=PurePosixPath(victim))
    wheel = requirement_wheel(tmp_path, with_extra(name, content))
    with pytest.raises(BuildFault):
        install(tmp_path, wheel, python=python)
    assert not victim.exists()


@pytest.mark.parametrize(
    "name",
    [
        "../escaped.py",
        "/tmp/escaped.py",
        f"{DATA}/data/../../escaped",
        f"{DATA}/data/pyvenv.cfg",
        f"{DATA}/unknown/file",
        "example/core.py/below_a_file.py",
        "Example/core.py",
    ],
)
def test_a_member_out_of_place_is_refused(name: str, tmp_path: Path) -> None:
    assert_refused(tmp_path, requirement_wheel(tmp_path, with_extra(name)))


@pytest.mark.parametrize(
    "name",
    [f"{DATA}/purelib", f"{DATA}/data/bin", "x" * 300, "/".join(["d" * 200] * 30)],
    ids=lambda name: name[:24],
)
def test_a_member_that_the_installer_chokes_on_is_refused(name: str, tmp_path: Path) -> None:
    assert_refused(tmp_path, requirement_wheel(tmp_path, with_extra(name)))


def test_a_file_named_like_the_data_directory_does_not_hang(tmp_path: Path) -> None:
    """installer's search for the scheme never ends where the path is the directory itself."""
    wheel = requirement_wheel(tmp_path, with_extra(DATA))
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n"
        "from pathlib import Path\n"
        "from builders.errors import BuildFault\n"
        "from tests.attacks.test_adversary_builder import install\n"
        "try: install(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except BuildFault: print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path, wheel],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=Path(__file__).resolve().parents[2],
        check=False,
    )
    assert done.stdout == "refused\n", done.stderr[-500:]


@pytest.mark.parametrize(
    "text",
    [
        b"[console_scripts]\n../../escaped = a:b\n",
        b"[console_scripts]\n. = a:b\n",
        b"[console_scripts]\nx\0y = a:b\n",
        b"[console_scripts]\n\xff = a:b\n",
        b"[console_scripts\n",
        b"[console_scripts]\nx = a:b\nx = a:b\n",
        b"[console_scripts]\nx = %(y)s\n",
        b"[console_scripts]\nx = !\n",
        b"[console_scripts]\nx = a\n",
        b"[console_scripts]\n" + b"x" * 300 + b" = a:b\n",
        b"[console_scripts]\npython3/x = a:b\n",
    ],
)
def test_hostile_entry_points_are_refused(text: bytes, tmp_path: Path) -> None:
    assert_refused(tmp_path, requirement_wheel(tmp_path, with_extra(ENTRY_POINTS, text)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WHEEL", b""),
        ("WHEEL", b"\xff"),
        ("WHEEL", b"Content-Type: message/rfc822\n\n" * 3000),
        ("RECORD", b'"' + b"x" * 200_000 + b'",,\n'),
        ("RECORD", b"only-a-name\n"),
        ("RECORD", b"example/core.py,nohash=x,1\n"),
    ],
)
def test_a_broken_dist_info_is_refused(name: str, text: bytes, tmp_path: Path) -> None:
    files = {**with_record(honest_files()), f"{DIST_INFO}/{name}": text}
    assert_refused(tmp_path, requirement_wheel(tmp_path, files))


def test_a_record_that_names_files_elsewhere_moves_nothing(tmp_path: Path) -> None:
    rows = ["../../../escaped.py,,", "/etc/passwd,,", f"{DIST_INFO}/RECORD,,"]
    tree = install(tmp_path, requirement_wheel(tmp_path, with_record(honest_files(), rows)))
    outside = {path.name for path in tmp_path.iterdir()}
    assert outside == {"e" * 64, "store"}
    assert not list(tree.rglob("escaped.py"))


@pytest.mark.parametrize("member", ["example/core.py/x.py", "example"])
def test_requirements_of_which_one_needs_a_directory_where_another_has_a_file_are_refused(
    member: str, tmp_path: Path
) -> None:
    other = {
        member: b"x",
        "other-1.0.dist-info/WHEEL": wheel_file(),
        "other-1.0.dist-info/RECORD": b"",
    }
    assert_refused(
        tmp_path,
        requirement_wheel(tmp_path, with_record(honest_files())),
        requirement_wheel(tmp_path, other, "other-1.0-py3-none-any.whl"),
    )


# Hints of the published wheel.


@pytest.mark.parametrize(
    "text", [b"Content-Type: message/rfc822\n\n" * 3000, b"Generator: \xff\xfe\n", b"\0" * 10_000]
)
def test_a_hostile_wheel_file_gives_no_more_than_a_hint(text: bytes, tmp_path: Path) -> None:
    files = {**with_record(honest_files()), f"{DIST_INFO}/WHEEL": text}
    assert read_hints(write(tmp_path, pack(entries(files)))).name == "example"


@pytest.mark.parametrize(
    "generator",
    [
        f"flit {MANY_DIGITS}",
        "flit 1.0\n--index-url",
        "flit 1.0 ; x",
        "flit {version}",
        "bdist_wheel (1.0\n-e .)",
    ],
)
def test_a_hostile_generator_pins_nothing(generator: str) -> None:
    assert generator_pins(generator).pins == ()


def hints(filename: str = FILENAME, requires_python: str | None = None) -> Hints:
    name, version, _build, tags = parse_wheel_filename(filename)
    return Hints(
        name=name,
        version=version,
        tags=tags,
        generator=None,
        newest=None,
        requires_python=requires_python,
    )


@pytest.mark.parametrize("tag", ["cpx1", "cp_1"])
def test_an_interpreter_tag_of_no_cpython_names_none(tag: str) -> None:
    assert choose_python(hints(f"example-1.0-{tag}-none-any.whl"), NOW, [PYTHON]) == PYTHON


@pytest.mark.parametrize("text", [f">={MANY_DIGITS}", "," * 100_000, ">=3.8\n--x", "===\u2028"])
def test_an_absurd_requires_python_chooses_or_refuses(text: str) -> None:
    try:
        chosen = choose_python(hints(requires_python=text), NOW, [PYTHON])
    except BuildFault as fault:
        assert fault.code is FailureCode.UNSUPPORTED  # noqa: PT017 - either end is a right one
    else:
        assert chosen == PYTHON


# The source's own files.


def sdist(folder: Path, pyproject: bytes) -> Path:
    path = folder / "example-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("example-1.0/pyproject.toml")
        info.size = len(pyproject)
        archive.addfile(info, io.BytesIO(pyproject))
    return path


@pytest.mark.parametrize(
    "pyproject",
    [
        f"a = {MANY_DIGITS}".encode(),
        b"a = " + b"[" * 5000,
        b"a = 2024-99-99",
        b"\xff",
        b"[build-system]\nrequires = 'x'",
        b"[build-system]\nbackend-path = '..'",
    ],
)
def test_an_absurd_pyproject_is_a_bad_source(pyproject: bytes, tmp_path: Path) -> None:
    with pytest.raises(BuildFault) as caught:
        read_build_system(sdist(tmp_path, pyproject))
    assert caught.value.code is FailureCode.BAD_SOURCE


def memory_after_reading(path: Path) -> int:
    """MiB that reading an sdist took in a process of its own; it must end within a minute."""
    program = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from builders.errors import BuildFault\n"
        "from builders.source import read_build_system\n"
        "try: read_build_system(Path(sys.argv[1]))\n"
        "except BuildFault: pass\n"
        # Not ru_maxrss: it starts with what the parent had when it forked.
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) // 1024)\n"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout)


def test_a_pax_header_of_half_a_gigabyte_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "example-1.0.tar.gz"
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 512 << 20
    with gzip.open(path, "wb", 1) as stream:
        stream.write(header.tobuf(tarfile.USTAR_FORMAT))
        for _ in range(512):
            stream.write(bytes(1 << 20))
    assert memory_after_reading(path) < 200


def test_a_key_of_many_dots_is_not_parsed_in_quadratic_memory(tmp_path: Path) -> None:
    """tomllib keeps every prefix of a dotted key: 32 KiB of text become a gigabyte."""
    dotted = b".".join([b"a"] * 10_000) + b" = 1\n"
    assert memory_after_reading(sdist(tmp_path, dotted)) < 200


# Requirements and releases.


@pytest.mark.parametrize(
    "text",
    [
        "x @ https://example.org/x.whl",
        "x; os_name == 'a\n-e /etc'",
        "-r /etc/passwd",
        "./x",
        "x\n--index-url https://example.org",
        "x --hash=sha256:00",
        "x; " + "(" * 5000 + "os_name=='a'" + ")" * 5000,
        "x; os_name == '\ud800'",
    ],
)
def test_a_requirement_that_is_more_than_a_requirement_is_refused(text: str) -> None:
    with pytest.raises(BuildFault) as caught:
        checked_requirement(text)
    assert caught.value.code is FailureCode.NO_BUILD_REQUIREMENTS


def test_a_requirement_named_like_a_file_never_reaches_the_resolver_as_a_path() -> None:
    """PEP 508 names may end in `.whl`; uv reads such a line as a path."""
    with pytest.raises(BuildFault):
        checked_requirement("thing-1.0-py3-none-any.whl")


def test_a_marker_that_compares_nothing_satisfies_nothing() -> None:
    assert not all_locked(["x; os_name ~= 'y'"], (), PYTHON)


@pytest.mark.parametrize("version", ["1.0.0", "1", "v1.0", "01.0", "1.0+local"])
@pytest.mark.parametrize("name", ["Some.Thing", "some--thing", "SOME_THING"])
def test_a_release_is_known_by_any_spelling(name: str, version: str) -> None:
    assert same_release("some-thing", "1.0", name, version)
    assert same_release("some-thing", version, name, "1.0")


# Recipes.

RECIPE: dict[str, object] = {
    "schema": "truewheel.recipe/1",
    "source": {"name": "x", "version": "1", "filename": "x-1.tar.gz", "sha256": "0" * 64},
    "python": "3.11",
    "sandbox": "bubblewrap",
    "image": None,
    "as_of": "2024-01-01T00:00:00+00:00",
    "backend": {"mode": "pep517", "backend": "b", "backend_path": []},
    "requirements": [],
    "environment": {},
    "umask": "022",
    "config_settings": {},
    "compiler_flags": {},
    "post_steps": [],
}


def nested(depth: int) -> dict[str, object]:
    recipe = RECIPE
    for _ in range(depth):
        locked = {"name": "x", "version": "1", "filename": "x", "sha256": "0" * 64}
        recipe = {**RECIPE, "requirements": [{**locked, "recipe": recipe}]}
    return recipe


@pytest.mark.parametrize(
    "change",
    [
        {"schema": []},
        {"source": []},
        {"environment": {"A": 1}},
        {"as_of": 5},
        {"as_of": "2024-99-99"},
        {"requirements": [None]},
        {"post_steps": None},
        {"requirements": nested(100)["requirements"]},
    ],
)
def test_a_malformed_recipe_is_a_usage_error(change: dict[str, object]) -> None:
    recipe_from_json(RECIPE)
    with pytest.raises(UsageFault):
        recipe_from_json({**RECIPE, **change})
