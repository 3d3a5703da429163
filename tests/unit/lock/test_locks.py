"""Locks of every format as values, with the place of each package and each hash."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verify.lock.inputs.interface import InputFault, Lock, LockedPackage, LockFormat, SourceKind
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.reading import read_file

A, B, C = "a" * 64, "b" * 64, "c" * 64
COMMIT = "0123456789" * 4


def read(folder: Path, name: str, text: str) -> Lock:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return read_lock(path, read_file, {})


def fault(folder: Path, name: str, text: str) -> InputFault:
    with pytest.raises(InputFault) as caught:
        read(folder, name, text)
    return caught.value


def told(package: LockedPackage) -> tuple[str, SourceKind, str | None, int | None]:
    return str(package), package.kind, package.origin, package.where.line


def files(package: LockedPackage) -> list[tuple[str | None, str, int | None]]:
    """Name, hashes and line of each file, whose column is that of its first digest."""
    lines = Path(package.where.path).read_text(encoding="utf-8").split("\n")
    for file in package.files:
        line, column = file.where.line or 0, file.where.column or 0
        expected = file.hashes[0].digest if file.hashes else "[[package"
        if file.filename is None and "--hash" in lines[line - 1]:
            expected = f"--hash={file.hashes[0]}"
        assert lines[line - 1][column - 1 :].startswith(expected)
    return [
        (file.filename, " ".join(map(str, file.hashes)), file.where.line) for file in package.files
    ]


UV = f"""\
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "demo"
version = "1"
source = {{ virtual = "." }}
description = '''
[[package]]
'''

[[package]]
name = "Thing.Two"
version = "1.0"
source = {{ registry = "https://user:secret@example.org/simple/" }}
resolution-markers = ["sys_platform == 'win32'"]
sdist = {{ url = "https://example.org/f/thing_two-1.0.tar.gz", hash = "sha256:{A}", size = 1 }}
wheels = [
    {{ url = "https://example.org/f/thing_two-1.0-py3-none-any.whl", hash = "sha256:{B}" }},
    {{ url = "https://example.org/f/thing_two-1.0-cp311-cp311-win32.whl" }},
]

[[package]]
name = "checkout"
version = "2"
source = {{ git = "https://example.org/o/r?rev=v2#{COMMIT}" }}

[[package]]
name = "archive"
version = "3"
source = {{ url = "https://example.org/archive-3.tar.gz" }}
sdist = {{ hash = "sha256:{C}" }}

[[package]]
name = "near"
version = "4"
source = {{ editable = "../near" }}
"""


def test_a_uv_lock(tmp_path: Path) -> None:
    lock = read(tmp_path, "uv.lock", UV)
    assert lock.format is LockFormat.UV
    assert [told(package) for package in lock.packages] == [
        ("demo==1", SourceKind.DIRECTORY, ".", 5),
        ("thing-two==1.0", SourceKind.REGISTRY, "https://example.org/simple/", 13),
        ("checkout==2", SourceKind.VCS, "https://example.org/o/r", 24),
        ("archive==3", SourceKind.URL, "https://example.org/archive-3.tar.gz", 29),
        ("near==4", SourceKind.DIRECTORY, "../near", 35),
    ]
    demo, thing, checkout, archive, near = lock.packages
    assert (demo.is_project, near.is_project) == (True, False)
    assert thing.marker == "sys_platform == 'win32'"
    assert files(thing) == [
        ("thing_two-1.0.tar.gz", f"sha256:{A}", 18),
        ("thing_two-1.0-py3-none-any.whl", f"sha256:{B}", 20),
        ("thing_two-1.0-cp311-cp311-win32.whl", "", 13),
    ]
    assert checkout.commit == COMMIT
    assert files(archive) == [("archive-3.tar.gz", f"sha256:{C}", 33)]


POETRY = f"""\
[[package]]
name = "thing"
version = "1.0"
groups = ["main", "dev"]
markers = {{main = "os_name == 'nt'", dev = "python_version < '3.9'"}}
files = [
    {{file = "thing-1.0-py3-none-any.whl", hash = "sha256:{A}"}},
    {{file = "thing-1.0.tar.gz", hash = "md5:{"d" * 32}"}},
]

[package.source]
type = "legacy"
url = "https://example.org/simple"
reference = "own"

[[package]]
name = "checkout"
version = "2"
files = []
develop = false

[package.source]
type = "git"
url = "https://example.org/o/r.git"
reference = "main"
resolved_reference = "{COMMIT}"
subdirectory = "sub"

[metadata]
lock-version = "2.1"
content-hash = "x"
"""


def test_a_poetry_lock_of_version_2(tmp_path: Path) -> None:
    lock = read(tmp_path, "poetry.lock", POETRY)
    thing, checkout = lock.packages
    assert told(thing) == ("thing==1.0", SourceKind.REGISTRY, "https://example.org/simple", 1)
    assert thing.marker == "(os_name == 'nt') or (python_version < '3.9')"
    assert files(thing) == [
        ("thing-1.0-py3-none-any.whl", f"sha256:{A}", 7),
        ("thing-1.0.tar.gz", f"md5:{'d' * 32}", 8),
    ]
    assert told(checkout) == ("checkout==2", SourceKind.VCS, "https://example.org/o/r.git", 16)
    assert (checkout.commit, checkout.subdirectory) == (COMMIT, "sub")


def test_a_poetry_lock_of_version_1_shares_the_files_of_all_versions_of_a_name(
    tmp_path: Path,
) -> None:
    text = f"""\
[[package]]
name = "Thing"
version = "1.0"
marker = "python_version < '3'"

[[package]]
name = "Thing"
version = "2.0"

[metadata]
lock-version = "1.1"

[metadata.files]
thing = [
    {{file = "thing-1.0.tar.gz", hash = "sha256:{A}"}},
    {{file = "thing-2.0-py3-none-any.whl", hash = "sha256:{B}"}},
    {{file = "thing_2.exe", hash = "sha256:{C}"}},
]
"""
    first, second = read(tmp_path, "poetry.lock", text).packages
    assert first.marker == "python_version < '3'"
    assert [name for name, _, _ in files(first)] == ["thing-1.0.tar.gz", "thing_2.exe"]
    assert files(second)[0] == ("thing-2.0-py3-none-any.whl", f"sha256:{B}", 16)


def test_the_oldest_poetry_locks_have_bare_digests(tmp_path: Path) -> None:
    text = f"""\
[[package]]
name = "thing"
version = "1.0"
[metadata]
content-hash = "x"
[metadata.hashes]
thing = ["{A}", "{B}"]
"""
    (thing,) = read(tmp_path, "poetry.lock", text).packages
    assert files(thing) == [(None, f"sha256:{A}", 7), (None, f"sha256:{B}", 7)]


def test_a_pdm_lock_has_one_release_for_an_entry_with_extras_and_one_without(
    tmp_path: Path,
) -> None:
    listed = f'[{{file = "thing-1.0-py3-none-any.whl", hash = "sha256:{A}"}}]'
    text = f"""\
[metadata]
lock_version = "4.5.1"

[[package]]
name = "thing"
version = "1.0"
marker = "os_name == 'nt'"
files = {listed}

[[package]]
name = "thing"
version = "1.0"
extras = ["x"]
files = {listed}

[[package]]
name = "checkout"
version = "2"
git = "https://example.org/o/r.git"
revision = "{COMMIT}"

[[package]]
name = "near"
version = "3"
path = "./near"

[[package]]
name = "far"
version = "4"
url = "https://example.org/far-4-py3-none-any.whl"
files = [{{url = "https://example.org/far-4-py3-none-any.whl", hash = "sha256:{B}"}}]
"""
    lock = read(tmp_path, "pdm.lock", text)
    assert [told(package) for package in lock.packages] == [
        ("thing==1.0", SourceKind.REGISTRY, None, 4),
        ("checkout==2", SourceKind.VCS, "https://example.org/o/r.git", 16),
        ("near==3", SourceKind.DIRECTORY, "./near", 22),
        ("far==4", SourceKind.URL, "https://example.org/far-4-py3-none-any.whl", 27),
    ]
    assert lock.packages[1].commit == COMMIT
    assert files(lock.packages[3])[0][0] == "far-4-py3-none-any.whl"


def test_a_hash_that_is_written_twice_has_two_places(tmp_path: Path) -> None:
    text = f"""\
version = 1
[[package]]
name = "one"
source = {{ registry = "https://example.org/simple" }}
sdist = {{ hash = "sha256:{A}" }}
[[package]]
name = "two"
source = {{ registry = "https://example.org/simple" }}
sdist = {{ hash = "sha256:{A}" }}
"""
    lock = read(tmp_path, "uv.lock", text)
    assert [files(package) for package in lock.packages] == [
        [(None, f"sha256:{A}", 5)],
        [(None, f"sha256:{A}", 9)],
    ]


def test_an_old_pdm_lock_has_its_files_by_name_and_version(tmp_path: Path) -> None:
    text = f"""\
[[package]]
name = "Thing_One"
version = "1.0"
[metadata]
lock_version = "4.2"
[metadata.files]
"thing-one[x] 1.0" = [{{url = "https://example.org/t-1.0.tar.gz", hash = "sha256:{A}"}}]
"thing-one 2.0" = [{{url = "https://example.org/t-2.0.tar.gz", hash = "sha256:{B}"}}]
"""
    (thing,) = read(tmp_path, "pdm.lock", text).packages
    assert files(thing) == [("t-1.0.tar.gz", f"sha256:{A}", 7)]


PYLOCK = f"""\
lock-version = "1.0"
created-by = "hand"

[[packages]]
name = "thing"
version = "1.0"
marker = "os_name == 'nt'"
index = "https://example.org/simple"
sdist = {{ url = "https://example.org/thing-1.0.tar.gz", hashes = {{ sha256 = "{A}" }} }}
[[packages.wheels]]
url = "https://example.org/thing-1.0-py3-none-any.whl"
[packages.wheels.hashes]
sha256 = "{B}"
sha512 = "{"e" * 128}"

[[packages]]
name = "archive"
archive = {{ url = "https://example.org/x.zip", hashes = {{ sha256 = "{C}" }} }}

[[packages]]
name = "checkout"
vcs = {{ type = "git", url = "https://example.org/o/r", commit-id = "{COMMIT}" }}
"""


@pytest.mark.parametrize("name", ["pylock.toml", "pylock.dev.toml", "other.toml"])
def test_a_pylock(tmp_path: Path, name: str) -> None:
    lock = read(tmp_path, name, PYLOCK)
    thing, archive, checkout = lock.packages
    assert told(thing) == ("thing==1.0", SourceKind.REGISTRY, "https://example.org/simple", 4)
    assert files(thing) == [
        ("thing-1.0.tar.gz", f"sha256:{A}", 9),
        ("thing-1.0-py3-none-any.whl", f"sha256:{B} sha512:{'e' * 128}", 13),
    ]
    assert told(archive) == ("archive", SourceKind.URL, "https://example.org/x.zip", 16)
    assert checkout.commit == COMMIT


def test_a_requirements_file_locks_what_has_hashes(tmp_path: Path) -> None:
    text = f"""\
--index-url https://example.org/simple
thing==1.0 --hash=sha256:{A} --hash=sha256:{B}
https://example.org/far-4-py3-none-any.whl --hash=sha256:{C}
loose>=1
git+https://example.org/o/repo@{COMMIT}#egg=checkout&subdirectory=sub
-e .
"""
    lock = read(tmp_path, "requirements.txt", text)
    assert [told(package) for package in lock.packages] == [
        ("thing==1.0", SourceKind.REGISTRY, "https://example.org/simple", 2),
        ("far==4", SourceKind.URL, "https://example.org/far-4-py3-none-any.whl", 3),
        ("loose", SourceKind.REGISTRY, "https://example.org/simple", 4),
        ("checkout", SourceKind.VCS, f"git+https://example.org/o/repo@{COMMIT}", 5),
        (".", SourceKind.DIRECTORY, ".", 6),
    ]
    thing, far, _loose, checkout, _near = lock.packages
    assert files(thing) == [
        (None, f"sha256:{A}", 2),
        (None, f"sha256:{B}", 2),
    ]
    assert [each.where.column for each in far.files] == [44]
    assert (checkout.commit, checkout.subdirectory) == (COMMIT, "sub")


def test_formats_are_told_apart_by_content_where_the_name_tells_nothing(tmp_path: Path) -> None:
    pdm = '[metadata]\nlock_version = "4.5"\n'
    poetry = '[metadata]\ncontent-hash = ""\n'
    named = {"a.lock": UV, "b.toml": PYLOCK, "c.lock": pdm, "d.lock": poetry}
    found = [read(tmp_path, name, text).format for name, text in named.items()]
    assert found == [LockFormat.UV, LockFormat.PYLOCK, LockFormat.PDM, LockFormat.POETRY]


UNNORMALIZED = """\
lock-version = "1"
created-by = ""
[[packages]]

name = "ok"
directory = {path = "."}

[[packages]]
name = "B"
"""


@pytest.mark.parametrize(
    ("name", "text", "where", "said"),
    [
        ("uv.lock", "version = 1\n<<<<<<< HEAD\n", (2, 1), "is no TOML: Invalid statement"),
        ("uv.lock", 'version = 1\nx = "', (2, 6), "is no TOML"),
        ("uv.lock", "version = 2\n", (None, None), "is of version 2"),
        ("uv.lock", "package = 1\nversion = 1\n", (1, None), "'package' is no array of tables"),
        ("uv.lock", "version = 1\n\n[[package]]\n", (3, 1), "has no `source`"),
        (
            "uv.lock",
            'version = 1\n[[package]]\nname = "a b"\nsource = { virtual = "." }\n',
            (2, 1),
            "'a b' is no name",
        ),
        (
            "uv.lock",
            'version = 1\n[[package]]\nname = "a"\nversion = "x"\nsource = { url = "u" }\n',
            (2, 1),
            "'x' is no version",
        ),
        ("poetry.lock", '[[package]]\nname = "a"\nfiles = [1]\n', (1, 1), "is no array of tables"),
        (
            "poetry.lock",
            '[[package]]\nname = "a"\nfiles = [{file = "f", hash = "sha256:12"}]\n',
            (1, 1),
            "64 hexadecimal digits",
        ),
        (
            "poetry.lock",
            '[[package]]\nname = "a"\n[package.source]\ntype = "new"\n',
            (1, 1),
            "the source type 'new' is not known",
        ),
        ("pdm.lock", "[[package]]\nname = 3\n", (1, 1), "'name' is no string"),
        ("pylock.toml", 'lock-version = "1.0"\n', (None, None), "Missing required value"),
        (
            "pylock.toml",
            UNNORMALIZED,
            (8, 1),
            "is not normalized in 'packages[1].name'",
        ),
        (
            "pylock.toml",
            'lock-version = "2.0"\ncreated-by = "x"\npackages = []',
            (None, None),
            "version 2.0 is not supported",
        ),
        ("x.toml", "a = 1\n", (None, None), "is no lock that truewheel knows"),
        ("Pipfile.lock", "{}", (None, None), "is not a lock that can be checked"),
        ("pyproject.toml", "", (None, None), "is not a lock that can be checked"),
        ("uv.lock", f"x = {'[' * 5000}{']' * 5000}", (None, None), "nested too deeply"),
        ("uv.lock", "a" + ".a" * 60_000 + " = 1", (None, None), "a key has more than 50 parts"),
        ("uv.lock", "a" + ' . "\\""' * 60_000 + " = 1", (None, None), "more than 50 parts"),
        ("uv.lock", "x = " + "9" * 10_000, (None, None), "cannot be parsed as TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, name: str, text: str, where: tuple[int | None, int | None], said: str
) -> None:
    error = fault(tmp_path, name, text)
    assert ((error.where.line, error.where.column), said in error.message) == (where, True), (
        error.message
    )
    assert error.message.startswith(f"{tmp_path / name}")


UNITS = ("a", "a.", "'.", '".', ". ", '"', "[", "#", "[[a]]", "'''", "\\", "a=[", "{")


@pytest.mark.parametrize("unit", UNITS)
def test_a_megabyte_of_the_same_takes_no_time(tmp_path: Path, unit: str) -> None:
    started = time.process_time()
    fault(tmp_path, "uv.lock", unit * (1_000_000 // len(unit)))
    assert time.process_time() - started < 5


def test_a_lock_that_is_not_utf_8_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "uv.lock"
    path.write_bytes(b"version = 1\n# \xff\n")
    with pytest.raises(InputFault, match=r"uv\.lock:2:3: is not utf-8"):
        read_lock(path, read_file, {})


VALUES = st.recursive(
    st.one_of(st.integers(-5, 5), st.booleans(), st.sampled_from(['"x"', f'"sha256:{A}"'])),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
KEYS = st.sampled_from(
    ["name", "version", "source", "files", "wheels", "sdist", "hash", "url", "file", "git", "vcs"]
)
HEADERS = st.sampled_from(
    ["[[package]]", "[[packages]]", "[metadata]", "[metadata.files]", "[package.source]"]
)


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, list) else str(value)


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(["uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "x.lock"]),
    lines=st.lists(st.one_of(HEADERS, st.tuples(KEYS, VALUES)), max_size=12),
)
def test_any_toml_is_a_lock_or_an_input_fault(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    lines: list[str | tuple[str, object]],
) -> None:
    rows = [
        line if isinstance(line, str) else f"{line[0]} = {toml(line[1])}"
        for line in ["version = 1", *lines]
    ]
    folder = tmp_path_factory.mktemp("toml")
    try:
        lock = read(folder, name, "\n".join(rows))
    except InputFault as error:
        assert error.where.path == str(folder / name)  # noqa: PT017 - one of two ends
    else:
        assert all(package.where.line for package in lock.packages)
