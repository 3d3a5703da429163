from collections.abc import Mapping
from dataclasses import replace

import pytest
from packaging.utils import NormalizedName

from builders.search.choices import INSTALL_TOO, Choices
from builders.search.profile import Profile
from builders.search.refine import (
    REFINEMENTS,
    Change,
    Refinement,
    Tried,
    by_command,
    computed_version,
    description_start,
    dict_order,
    generator,
    hinted,
    line_ends,
    missing_description,
    other_requires,
    path_file_python,
    program_python,
    set_order,
    sorted_requires,
    stable_abi,
    tags,
    without_extensions,
)
from tests.support.searching import (
    files,
    info,
    metadata,
    profile,
    profile_of_archive,
    requiring,
    tried,
    wheel_file,
)
from tests.support.wheels import Entry, entries, pack, with_record

Changes = Mapping[str, bytes | None]

METADATA, WHEEL = info("METADATA"), info("WHEEL")


def pth(python: str) -> str:
    return f"example-1.0-py{python}-nspkg.pth"


# What the published wheel says before anything was built.


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({pth("3.7"): b""}, {"python": (3, 7)}),
        ({pth("2.7"): b""}, {"python": (2, 7)}),
        ({pth("3.10"): b""}, {"python": (3, 10)}),
        ({METADATA: metadata(end="\r\n")}, {"line_ends": "crlf"}),
        (
            {pth("3.7"): b"", METADATA: metadata(end="\r\n")},
            {"python": (3, 7), "line_ends": "crlf"},
        ),
        # Nothing, where it is not certain.
        ({pth("3.7"): b"", f"other-{pth('3.8')}": b""}, {}),
        ({f"example/{pth('3.7')}": b""}, {}),
        ({f"{pth('3.7')}.txt": b""}, {}),
        ({pth("4.0"): b""}, {}),
        ({pth("3.123"): b""}, {}),
        ({pth("3"): b""}, {}),
        ({METADATA: metadata() + b"a line\r\n"}, {}),
        ({METADATA: metadata("Summary: x\r")}, {}),
        ({METADATA: None}, {}),
        ({METADATA: b"Name: example"}, {}),
    ],
)
def test_hints(changes: Changes, expected: Change) -> None:
    assert hinted(profile(changes)) == expected


def with_modes(metadata_mode: int, wheel_mode: int, *more: Entry) -> Profile:
    """A wheel whose generated files have certain modes."""
    modes = {METADATA: metadata_mode, WHEEL: wheel_mode}
    whole = [
        replace(entry, mode=modes.get(str(entry.name), 0o100664))
        for entry in entries(with_record(files()))
    ]
    return profile_of_archive(pack([*whole, *more]))


@pytest.mark.parametrize(("mode", "umask"), [(0o100664, "002"), (0o100640, "027")])
def test_the_mode_of_generated_files_shows_the_umask(mode: int, umask: str) -> None:
    assert hinted(with_modes(mode, mode)) == {"umask": umask}


@pytest.mark.parametrize(
    ("metadata_mode", "wheel_mode"),
    [
        (0o100644, 0o100644),
        # As written by tools that ask for no mode, and on Windows.
        (0o664, 0o664),
        (0o640, 0o640),
        (0o100666, 0o100666),
        # Not all of the same umask.
        (0o100664, 0o100644),
        (0o100644, 0o100664),
        (0o100664, 0o100640),
        # No files, or none that a build leaves so.
        (0o040775, 0o040775),
        (0o120664, 0o120664),
        (0o104664, 0o104664),
        (0o100775, 0o100775),
        (0o100600, 0o100600),
        (0o100660, 0o100660),
        (0, 0),
    ],
)
def test_no_umask_follows_from_other_modes(metadata_mode: int, wheel_mode: int) -> None:
    assert hinted(with_modes(metadata_mode, wheel_mode)) == {}


def test_no_umask_follows_from_files_that_are_missing_or_there_twice() -> None:
    twice = Entry(name=WHEEL, data=b"", mode=0o100664)
    assert hinted(with_modes(0o100664, 0o100664, twice)) == {}
    bare = [replace(entry, mode=0o100664) for entry in entries({WHEEL: wheel_file("py3-none-any")})]
    assert hinted(profile_of_archive(pack(bare))) == {}


# What a rebuild got wrong.


def test_a_path_file_of_another_python_names_it() -> None:
    published = profile({pth("3.6"): b"x"})
    assert list(path_file_python(published, tried({pth("3.11"): b"x"}))) == [{"python": (3, 6)}]
    assert list(path_file_python(published, tried())) == [{"python": (3, 6)}]


@pytest.mark.parametrize(
    ("published", "rebuilt"),
    [
        ({}, {}),
        ({pth("3.6"): b"x"}, {pth("3.6"): b"x"}),
        # Only the rebuilt wheel has one: which Python writes none is not known.
        ({}, {pth("3.6"): b"x"}),
        ({pth("3.6"): b"x", f"b-{pth('3.7')}": b"x"}, {}),
        ({"example.pth": b"x"}, {}),
    ],
)
def test_no_python_follows_from_other_path_files(published: Changes, rebuilt: Changes) -> None:
    assert list(path_file_python(profile(published), tried(rebuilt))) == []


@pytest.mark.parametrize(
    ("published", "rebuilt"),
    [
        (metadata(version="1.0"), metadata(version="0.0.0")),
        (metadata(version="1.0"), b"Metadata-Version: 2.1\nName: example\n"),
        (metadata(version="1.0", end="\r\n"), metadata(version="0.0.0")),
    ],
)
def test_another_version_is_the_one_that_was_computed(published: bytes, rebuilt: bytes) -> None:
    changes = computed_version(profile({METADATA: published}), tried({METADATA: rebuilt}))
    assert list(changes) == [{"version": "1.0"}]


@pytest.mark.parametrize(
    ("published", "rebuilt"),
    [
        (metadata(), metadata("Summary: another")),
        (b"Name: example\n", metadata()),
        (metadata("Version: 1.1"), metadata()),
        (b"Name: example\n\nVersion: 1.1\n", metadata()),
    ],
)
def test_no_version_follows_where_there_is_not_one_other(published: bytes, rebuilt: bytes) -> None:
    changes = computed_version(profile({METADATA: published}), tried({METADATA: rebuilt}))
    assert list(changes) == []


@pytest.mark.parametrize("version", ["", "1" * 101, '1.0" # ', "1.0 final", "1.0\x1b[31m"])
def test_a_version_that_no_recipe_can_hold_is_not_proposed(version: str) -> None:
    published = profile({METADATA: metadata(version=version)})
    assert list(computed_version(published, tried())) == []


UNIVERSAL = {"mode": "setup.py", "setup_options": ("--universal",)}


def python_tag(tag: str) -> Change:
    return {"mode": "setup.py", "setup_options": (f"--python-tag={tag}",)}


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (("py2-none-any", "py3-none-any"), [UNIVERSAL, python_tag("py2.py3")]),
        (("py3-none-any", "py2-none-any"), [UNIVERSAL, python_tag("py3.py2")]),
        (("py2.py3-none-any",), [python_tag("py2.py3")]),
        (("py36-none-any",), [python_tag("py36")]),
        (("py36-none-any", "py37-none-any"), [python_tag("py36.py37")]),
        (("cp39-none-any",), [python_tag("cp39")]),
        (("py36-none-any", "py36-none-any"), [python_tag("py36")]),
        (("py3-none-any",), []),
        (("py3-none-any", "cp39-cp39-linux_x86_64"), []),
        (("cp39-abi3-any",), []),
        ((".".join(["py36"] * 1000) + "-none-any",), []),
        (("py3-none-any --egg-base=x",), []),
        (("--egg-base=x-none-any",), []),
        (("pp39-none-any",), []),
        ((), []),
    ],
)
def test_tags_of_pure_wheels_become_options(
    published: tuple[str, ...], expected: list[Change]
) -> None:
    changes = tags(profile({WHEEL: wheel_file(*published)}), tried())
    assert list(changes) == expected


CPYTHON_TAG = "cp311-cp311-linux_x86_64"


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (("cp36-abi3-linux_x86_64",), "cp36"),
        (("cp36-abi3-manylinux_2_17_x86_64", "cp36-abi3-manylinux2014_x86_64"), "cp36"),
        (("cp311-abi3-linux_x86_64",), "cp311"),
        # Not for the stable ABI, not for one CPython, or as the rebuild has it.
        (("cp36-cp36m-linux_x86_64",), None),
        (("cp36-abi3-linux_x86_64", "cp37-abi3-linux_x86_64"), None),
        (("cp36-abi3-linux_x86_64", CPYTHON_TAG), None),
        ((CPYTHON_TAG,), None),
        (("cp31-abi3-linux_x86_64",), None),
        (("cp27-abi3-linux_x86_64",), None),
        (("cp3111-abi3-linux_x86_64",), None),
        (("py36-abi3-linux_x86_64",), None),
        (("cp36 --egg-base=x-abi3-linux_x86_64",), None),
        ((), None),
    ],
)
def test_tags_for_the_stable_abi_become_an_option(
    published: tuple[str, ...], expected: str | None
) -> None:
    rebuilt = tried({WHEEL: wheel_file(CPYTHON_TAG)})
    changes = list(stable_abi(profile({WHEEL: wheel_file(*published)}), rebuilt))
    option = {"mode": "setup.py", "setup_options": (f"--py-limited-api={expected}",)}
    assert changes == ([option] if expected else [])


def test_a_tag_for_the_stable_abi_that_was_rebuilt_asks_for_nothing() -> None:
    published = profile({WHEEL: wheel_file("cp36-abi3-manylinux_2_17_x86_64")})
    rebuilt = tried({WHEEL: wheel_file("cp36-abi3-linux_x86_64")})
    assert list(stable_abi(published, rebuilt)) == []


def test_tags_in_another_order_ask_for_nothing() -> None:
    one, other = ("py2-none-any", "py3-none-any"), ("py3-none-any", "py2-none-any")
    published = profile({WHEEL: wheel_file(*one)})
    assert list(tags(published, tried({WHEEL: wheel_file(*other)}))) == []


WINDOWS = metadata(end="\r\n")


@pytest.mark.parametrize(
    ("published", "rebuilt", "expected"),
    [
        ({METADATA: WINDOWS}, {}, [{"line_ends": "crlf"}]),
        # What nobody chose is how the sandbox writes it.
        ({}, {METADATA: WINDOWS}, []),
        ({WHEEL: wheel_file("py3-none-any", end="\r\n")}, {}, [{"line_ends": "crlf"}]),
        # One change, however many files say so.
        (
            {METADATA: WINDOWS, WHEEL: wheel_file("py3-none-any", end="\r\n")},
            {},
            [{"line_ends": "crlf"}],
        ),
        (
            {info("entry_points.txt"): b"[x]\r\n"},
            {info("entry_points.txt"): b"[x]\n"},
            [{"line_ends": "crlf"}],
        ),
        (
            {info("top_level.txt"): b"example\r\n"},
            {info("top_level.txt"): b"example\n"},
            [{"line_ends": "crlf"}],
        ),
        ({}, {}, []),
        ({METADATA: WINDOWS}, {METADATA: WINDOWS}, []),
        # A file of the source, wherever it is, as a checkout on Windows has it.
        (
            {"example.py": b"VALUE = 1\r\n", "more.py": b"a\r\nb\r\n"},
            {"more.py": b"a\nb\n"},
            [{"line_ends": "crlf"}],
        ),
        # Lines of both kinds come from the source, as a description with CRLF does.
        ({METADATA: metadata() + b"text\r\n"}, {}, []),
        ({METADATA: WINDOWS}, {METADATA: None}, []),
        ({info("top_level.txt"): b"example\r\n"}, {}, []),
        ({"example.py": b"VALUE = 2\r\n"}, {}, []),
        ({"example.py": b"VALUE = 1\r\n", METADATA: None}, {"example.py": b""}, []),
    ],
)
def test_line_ends_of_a_whole_file_tell_the_system(
    published: Changes, rebuilt: Changes, expected: list[Change]
) -> None:
    assert list(line_ends(profile(published), tried(rebuilt))) == expected


def requires(*lines: str) -> Changes:
    return {METADATA: metadata(*(f"Requires-Dist: {line}" for line in lines))}


@pytest.mark.parametrize(
    ("published", "rebuilt", "expected"),
    [
        (("a", "b"), ("b", "a"), [{"sorted_requires": True}]),
        (("a", "b"), ("a", "b"), []),
        (("a", "b"), ("a", "c"), []),
        (("a", "b"), ("b",), []),
        (("a", "a"), ("a",), []),
        (("a (>=1,<2)",), ("a (<2,>=1)",), []),
        ((), (), []),
    ],
)
def test_the_same_requirements_in_another_order_may_have_been_sorted(
    published: tuple[str, ...], rebuilt: tuple[str, ...], expected: list[Change]
) -> None:
    other = tried(requires(*rebuilt))
    assert list(sorted_requires(profile(requires(*published)), other)) == expected
    chosen = tried(requires(*rebuilt), Choices(sorted_requires=True))
    assert list(sorted_requires(profile(requires(*published)), chosen)) == []


def of_python(version: str, changes: Changes, choices: Choices | None = None) -> Tried:
    """An attempt with another Python."""
    other = tried(changes, choices)
    return replace(other, recipe=replace(other.recipe, python=version))


def both_pythons(changes: Changes) -> Profile:
    """A published wheel for Python 2, too."""
    return profile({**changes, WHEEL: wheel_file("py2-none-any", "py3-none-any")})


@pytest.mark.parametrize(
    ("published", "rebuilt", "expected"),
    [
        (("a (>=1,<2)",), ("a (<2,>=1)",), [{"python": (2, 7)}]),
        (("a", "b (>=1,<2)"), ("a", "b (<2,>=1)"), [{"python": (2, 7)}]),
        (("a (>=1,<2)",), ("a (>=1,<2)",), []),
        (("a (>=1,<2)",), ("a (>=1,<3)",), []),
        (("a", "b"), ("b", "a"), []),
        (("a", "b"), ("a",), []),
        ((), (), []),
    ],
)
def test_clauses_in_another_order_came_from_python_2(
    published: tuple[str, ...], rebuilt: tuple[str, ...], expected: list[Change]
) -> None:
    other = tried(requires(*rebuilt))
    assert list(set_order(both_pythons(requires(*published)), other)) == expected
    chosen = of_python("2.7", requires(*rebuilt))
    assert list(set_order(both_pythons(requires(*published)), chosen)) == []


def test_clauses_in_another_order_came_from_another_seed_of_hashes() -> None:
    published = both_pythons(requires("a (>=1,<2)"))
    other = requires("a (<2,>=1)")
    found = list(set_order(published, of_python("3.6", other)))
    assert [*map(sorted, found)] == [["python"], ["hash_seed"]]
    seeded = of_python("3.6", other, Choices(hash_seed=7))
    assert list(set_order(published, seeded)) == [{"python": (2, 7)}]


def extras(*names: str) -> Changes:
    return {METADATA: metadata(*(f"Provides-Extra: {name}" for name in names))}


def test_extras_in_another_order_came_from_another_seed_of_hashes() -> None:
    # wheel writes them once more, sorted.
    published = both_pythons(extras("a", "c", "b", "a", "b", "c"))
    found = list(set_order(published, tried(extras("c", "a", "b", "a", "b", "c"))))
    assert [*map(sorted, found)] == [["python"], ["hash_seed"]]
    assert list(set_order(published, tried(extras("a", "c", "b")))) == []
    assert list(set_order(published, tried(extras("a", "c", "d")))) == []


@pytest.mark.parametrize(
    ("published", "rebuilt", "expected"),
    [
        (b'{"a": 1, "b": 2}', b'{"b": 2, "a": 1}', [{"python": (2, 7)}]),
        (b'{"a": 1, "b": 2}', b'{"b": 2, "a": 2}', []),
        # A list may have been filled from a dict.
        (b'{"a": [1, {"b": 2}]}', b'{"a": [{"b": 2}, 1]}', [{"python": (2, 7)}]),
        (b'{"a": [1, {"b": 2}]}', b'{"a": [{"b": 2}, 3]}', []),
        (b'{"a": 1}', b'{"a": 1}', []),
        (b"[" * 100_000, b'{"a": 1}', []),
        (b"no json", b"no json at all", []),
    ],
)
def test_keys_in_another_order_came_from_python_2(
    published: bytes, rebuilt: bytes, expected: list[Change]
) -> None:
    name = info("metadata.json")
    assert list(dict_order(both_pythons({name: published}), tried({name: rebuilt}))) == expected
    assert (
        list(dict_order(both_pythons({name: published}), of_python("2.7", {name: rebuilt}))) == []
    )
    assert list(dict_order(both_pythons({name: published}), tried())) == []


def test_a_wheel_for_python_3_alone_was_not_built_with_2() -> None:
    published = {**requires("a (>=1,<2)"), info("pbr.json"): b'{"a": 1, "b": 2}'}
    other = of_python("3.9", {**requires("a (<2,>=1)"), info("pbr.json"): b'{"b": 2, "a": 1}'})
    assert list(set_order(profile(published), other)) == []
    assert list(dict_order(profile(published), other)) == []


@pytest.mark.parametrize(
    ("published", "rebuilt", "expected"),
    [
        (("a (>=1,!=2)",), ("a (>=2)",), [{"python": (2, 7)}]),
        (("a", "b"), ("a",), [{"python": (2, 7)}]),
        ((), ("a",), [{"python": (2, 7)}]),
        # In another order they are the same.
        (("a", "b"), ("b", "a"), []),
        (("a",), ("a",), []),
        ((), (), []),
    ],
)
def test_other_requirements_came_from_python_2(
    published: tuple[str, ...], rebuilt: tuple[str, ...], expected: list[Change]
) -> None:
    wheel = both_pythons(requires(*published))
    assert list(other_requires(wheel, tried(requires(*rebuilt)))) == expected
    assert list(other_requires(wheel, of_python("2.7", requires(*rebuilt)))) == []
    assert list(other_requires(profile(requires(*published)), tried(requires(*rebuilt)))) == []


def described(text: str, end: str = "\n") -> Changes:
    return {METADATA: metadata(end=end) + text.replace("\n", end).encode()}


@pytest.mark.parametrize(
    ("published", "rebuilt", "expected"),
    [
        (described("\nAbout"), described("\n\nAbout"), [{"python": (2, 7)}]),
        (described("\nAbout", "\r\n"), described("\n\nAbout"), [{"python": (2, 7)}]),
        (described("\n\nAbout"), described("\nAbout"), []),
        (described("\nAbout"), described("\nAbout"), []),
        (described("\nAbout"), described("\n\n\nAbout"), []),
        (described("\nAbout"), described("\n\nabout"), []),
        (described("\nAbout\n"), described("\nAbout"), []),
        ({METADATA: None}, described("\n\nAbout"), []),
        ({}, {}, []),
    ],
)
def test_a_description_without_its_first_empty_line_came_from_python_2(
    published: Changes, rebuilt: Changes, expected: list[Change]
) -> None:
    assert list(description_start(both_pythons(published), tried(rebuilt))) == expected
    assert list(description_start(both_pythons(published), of_python("2.7", rebuilt))) == []
    assert list(description_start(profile(published), tried(rebuilt))) == []


def programs(*names: str) -> Changes:
    lines = "".join(f"{name} = example:main\n" for name in names)
    return {info("entry_points.txt"): f"[console_scripts]\n{lines}".encode()}


@pytest.mark.parametrize(
    ("published", "rebuilt", "expected"),
    [
        (("tool", "tool-3.7"), ("tool", "tool-3.11"), [{"python": (3, 7)}]),
        (("tool2.7",), ("tool3.11",), [{"python": (2, 7)}]),
        (("tool-3.7",), ("tool-3.7",), []),
        # Not after the Python that ran: always there, or of another program.
        (("tool-3.7", "tool-3.8"), ("tool-3.8",), []),
        (("tool-3.7",), ("other-3.8",), []),
        (("tool-3.7", "more-3.8"), ("tool-3.9", "more-3.9"), []),
        (("tool-4.0",), ("tool-3.9",), []),
        ((), (), []),
    ],
)
def test_a_program_that_is_named_after_a_python_names_it(
    published: tuple[str, ...], rebuilt: tuple[str, ...], expected: list[Change]
) -> None:
    found = program_python(profile(programs(*published)), tried(programs(*rebuilt)))
    assert list(found) == expected


def test_line_ends_that_no_python_3_writes_came_from_python_2() -> None:
    published = both_pythons({METADATA: WINDOWS})
    windows = Choices(line_ends="crlf")
    assert list(line_ends(published, tried({}, windows))) == [{"python": (2, 7)}]
    assert list(line_ends(published, of_python("2.7", {}, windows))) == []


def test_no_extension_modules_where_only_the_rebuilt_wheel_has_them() -> None:
    native = {WHEEL: wheel_file("cp311-cp311-linux_x86_64", purelib="false")}
    assert list(without_extensions(profile(), tried(native))) == [{"pypy": True}]
    assert list(without_extensions(profile(native), tried(native))) == []
    assert list(without_extensions(profile(native), tried())) == []
    assert list(without_extensions(profile(), tried())) == []
    assert list(without_extensions(profile({WHEEL: None}), tried(native))) == []
    # Of tags that say what was compiled no option of a pure wheel follows.
    assert list(tags(profile(), tried(native))) == []


def by(line: str) -> Changes:
    return {WHEEL: wheel_file("py3-none-any", generator=line)}


@pytest.mark.parametrize(
    ("line", "locked", "expected"),
    [
        ("flit 3.9.0", ("flit-core==3.2.0",), [{"flit-core": "3.9.0"}]),
        ("bdist_wheel (0.36.2)", ("setuptools==57.0.0", "wheel==0.42.0"), [{"wheel": "0.36.2"}]),
        ("setuptools (75.6.0)", ("setuptools==70.0.0",), [{"setuptools": "75.6.0"}]),
        # Nothing, where another tool builds here, or the line names none.
        ("flit 3.9.0", ("setuptools==57.0.0",), []),
        ("flit 3.9.0", (), []),
        ("flit nonsense", ("flit-core==3.2.0",), []),
        ("somebody's own 1.0", ("flit-core==3.2.0",), []),
        ("test 1", ("flit-core==3.2.0",), []),
    ],
)
def test_the_tool_that_the_generator_line_names(
    line: str, locked: tuple[str, ...], expected: list[Mapping[str, str]]
) -> None:
    changes = list(generator(profile(by(line)), tried(recipe=requiring(*locked))))
    assert changes == [{"versions": versions} for versions in expected]


def test_a_named_tool_is_chosen_beside_what_was_chosen() -> None:
    chosen = Choices(versions={NormalizedName("setuptools"): "57.0.0"})
    recipe = requiring("setuptools==57.0.0", "wheel==0.42.0")
    (change,) = generator(profile(by("bdist_wheel (0.36.2)")), tried({}, chosen, recipe))
    assert change == {"versions": {"setuptools": "57.0.0", "wheel": "0.36.2"}}


def test_two_generator_lines_name_nothing() -> None:
    twice = {WHEEL: wheel_file() + b"Generator: flit 3.9.0\nGenerator: flit 3.8.0\n"}
    assert list(generator(profile(twice), tried(recipe=requiring("flit-core==3.2.0")))) == []


BY_COMMAND: list[Change] = [
    {"mode": "setup.py"},
    {"mode": "setup.py", "setup_options": INSTALL_TOO},
]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"example.py": b"VALUE = 2\n"}, BY_COMMAND),
        ({"more.py": b""}, BY_COMMAND),
        ({"example.py": None}, BY_COMMAND),
        ({METADATA: metadata("Summary: x"), "more.py": b""}, BY_COMMAND),
        ({METADATA: metadata("Summary: x")}, []),
        ({}, []),
    ],
)
def test_another_command_is_for_other_files_than_those_of_dist_info(
    change: Changes, expected: list[Change]
) -> None:
    rebuilt = tried(change, recipe=requiring("setuptools==57.0.0"))
    assert list(by_command(profile(), rebuilt)) == expected


def test_another_command_is_for_setuptools_alone_and_for_no_chosen_options() -> None:
    change = {"more.py": b""}
    assert list(by_command(profile(), tried(change, recipe=requiring("flit-core==3.9.0")))) == []
    chosen = Choices(mode="setup.py", setup_options=("--universal",))
    rebuilt = tried(change, chosen, requiring("setuptools==57.0.0"))
    assert list(by_command(profile(), rebuilt)) == []


@pytest.mark.parametrize(
    ("backend", "path", "generator", "expected"),
    [
        ("setuptools.build_meta:__legacy__", (), "themes 1.0", BY_COMMAND),
        ("setuptools.build_meta", (".",), "themes 1.0", BY_COMMAND),
        ("pbr.build", (), "themes 1.0", BY_COMMAND),
        ("own", ("backend",), "bdist_wheel (0.37.1)", []),
        ("themes", (), "bdist_wheel (0.37.1)", []),
        ("themes", (), "setuptools (75.0.0)", []),
        ("themes.setuptools", (), "poetry-core 1.0.0", []),
    ],
)
def test_setup_py_is_for_what_setuptools_builds_whatever_the_wheel_says(
    backend: str, path: tuple[str, ...], generator: str, expected: list[Change]
) -> None:
    locked = requiring("setuptools==57.0.0", "themes==1.0")
    call = replace(locked.backend, backend=backend, backend_path=path)
    published = profile({WHEEL: wheel_file("py3-none-any", generator=generator)})
    rebuilt = tried({"more.py": b""}, recipe=replace(locked, backend=call))
    assert list(by_command(published, rebuilt)) == expected


def test_native_code_that_differs_is_no_reason_to_call_setup_py() -> None:
    library = {"example/_speed.cpython-311-x86_64-linux-gnu.so": b"code"}
    recipe = requiring("setuptools==69.0.3")
    assert list(by_command(profile(), tried(library, recipe=recipe))) == []
    assert list(by_command(profile(), tried({**library, "more.py": b""}, recipe=recipe))) != []


@pytest.mark.parametrize("refine", REFINEMENTS)
@pytest.mark.parametrize("change", [{}, {"example.py": b"VALUE = 2\n"}, {"more.py": b""}])
def test_nothing_else_is_proposed_for_modules(refine: Refinement, change: Changes) -> None:
    """What a module says is the source's alone; there is nothing to choose."""
    assert list(refine(profile(), tried(change))) == []


@pytest.mark.parametrize(
    ("published", "rebuilt", "is_asked_for"),
    [
        (b"# Example\n", b"", True),
        (b"\n# Example\n", b"UNKNOWN\n", True),
        (b"# Example\n", b"\n\n", True),
        (b"# Example\n", b"# Other\n", False),
        (b"UNKNOWN\n", b"", False),
        (b"", b"UNKNOWN\n", False),
        (b"", b"# Example\n", False),
    ],
)
def test_a_description_that_a_rebuild_lacks_is_that_of_the_source(
    published: bytes,
    rebuilt: bytes,
    is_asked_for: bool,  # noqa: FBT001 - of a table
) -> None:
    ours, theirs = ({METADATA: metadata() + b"\n" + body} for body in (published, rebuilt))
    expected = [{"description": True}] if is_asked_for else []
    assert list(missing_description(profile(ours), tried(theirs))) == expected
    again = tried(theirs, Choices(description=True))
    assert list(missing_description(profile(ours), again)) == []
