import sys

import pytest
from packaging.specifiers import SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import NormalizedName
from packaging.version import Version

from verify.errors import UsageFault
from verify.index.filenames import describe
from verify.index.interface import IndexFile, Project
from verify.index.platforms import platform_tags_for
from verify.index.select import Target, choose_sdist, choose_version, choose_wheels, is_pinned

DEMO = NormalizedName("demo")
LINUX = Target(python=(3, 11), platform="manylinux2014_x86_64")


def file(name: str, *, requires: str | None = None, yanked: str | None = None) -> IndexFile:
    kind, version = describe(name, DEMO)
    return IndexFile(
        project=DEMO,
        version=version,
        filename=name,
        kind=kind,
        url=f"https://files.example.org/{name}",
        sha256=None,
        size=None,
        upload_time=None,
        requires_python=requires,
        yanked=yanked,
    )


def project(*files: IndexFile | str) -> Project:
    listed = (file(each) if isinstance(each, str) else each for each in files)
    return Project(name=DEMO, files=tuple(listed))


def wheel(listed: Project, target: Target = LINUX) -> str | None:
    chosen = choose_wheels(listed, Version("1.0"), target=target, glob=None, all_wheels=False)
    return chosen[0].filename if chosen else None


def version(listed: Project, specifier: str, target: Target = LINUX) -> str | None:
    chosen = choose_version(listed, SpecifierSet(specifier), target)
    return None if chosen is None else str(chosen)


NATIVE = project(
    "demo-1.0-py3-none-any.whl",
    "demo-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    "demo-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "demo-1.0-cp311-cp311-manylinux1_x86_64.whl",
    "demo-1.0-cp39-abi3-manylinux2014_x86_64.whl",
    "demo-1.0-cp311-cp311-musllinux_1_1_x86_64.whl",
    "demo-1.0-cp311-cp311-macosx_10_9_universal2.whl",
    "demo-1.0-cp311-cp311-win_amd64.whl",
    "demo-1.0-cp27-cp27mu-manylinux1_x86_64.whl",
    "demo-1.0-cp37-cp37m-manylinux1_x86_64.whl",
    "demo-1.0.tar.gz",
)


@pytest.mark.parametrize(
    ("python", "platform", "expected"),
    [
        ((3, 11), "manylinux2014_x86_64", "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"),
        ((3, 11), "manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_28_x86_64"),
        ((3, 11), "linux_x86_64", "cp311-cp311-manylinux_2_28_x86_64"),
        ((3, 11), "manylinux1_x86_64", "cp311-cp311-manylinux1_x86_64"),
        ((3, 12), "manylinux_2_28_x86_64", "cp39-abi3-manylinux2014_x86_64"),
        ((3, 11), "musllinux_1_2_x86_64", "cp311-cp311-musllinux_1_1_x86_64"),
        ((3, 11), "macosx_11_0_arm64", "cp311-cp311-macosx_10_9_universal2"),
        ((3, 11), "win_amd64", "cp311-cp311-win_amd64"),
        ((3, 11), "win32", "py3-none-any"),
        ((3, 11), "linux_aarch64", "py3-none-any"),
        ((3, 7), "linux_x86_64", "cp37-cp37m-manylinux1_x86_64"),
        ((2, 7), "linux_x86_64", "cp27-cp27mu-manylinux1_x86_64"),
    ],
)
def test_the_wheel_is_the_one_pip_takes(
    python: tuple[int, int], platform: str, expected: str
) -> None:
    target = Target(python=python, platform=platform)
    assert wheel(NATIVE, target) == f"demo-1.0-{expected}.whl"


def test_without_a_choice_the_running_interpreter_counts() -> None:
    best = next(iter(sys_tags()))
    name = f"demo-1.0-{best}.whl"
    assert wheel(project("demo-1.0-py3-none-any.whl", name), Target()) == name
    assert Target().accepts_python(f"=={sys.version_info.major}.{sys.version_info.minor}.*")
    assert not Target().accepts_python(f"<{sys.version_info.major}.{sys.version_info.minor}")


def test_a_platform_alone_keeps_the_running_python() -> None:
    digits = f"{sys.version_info.major}{sys.version_info.minor}"
    name = f"demo-1.0-cp{digits}-cp{digits}-win_amd64.whl"
    assert wheel(project(name), Target(platform="win_amd64")) == name


def test_the_highest_build_number_wins_among_equal_tags() -> None:
    listed = project(
        "demo-1.0-py3-none-any.whl", "demo-1.0-10-py3-none-any.whl", "demo-1.0-9-py3-none-any.whl"
    )
    assert wheel(listed) == "demo-1.0-10-py3-none-any.whl"


def test_a_wheel_that_is_not_yanked_wins() -> None:
    best = file("demo-1.0-cp311-cp311-manylinux1_x86_64.whl", yanked="")
    assert wheel(project(best, "demo-1.0-py3-none-any.whl")) == "demo-1.0-py3-none-any.whl"
    assert wheel(project(best)) == best.filename


def test_requires_python_is_respected_and_nonsense_in_it_ignored() -> None:
    newer = file("demo-1.0-py3-none-any.whl", requires=">=3.12")
    assert wheel(project(newer)) is None
    assert wheel(project(newer), Target(python=(3, 12))) == newer.filename
    patched = file("demo-1.0-py3-none-any.whl", requires=">=3.11.4")
    assert wheel(project(patched)) == patched.filename
    nonsense = file("demo-1.0-py3-none-any.whl", requires="three")
    assert wheel(project(nonsense)) == nonsense.filename


def test_a_malformed_wheel_name_is_never_what_pip_takes_but_can_be_asked_for() -> None:
    name = "demo-1.0-x1-py3-none-any.whl"
    assert wheel(project(name)) is None
    found = choose_wheels(
        project(name), Version("1.0"), target=LINUX, glob="demo*", all_wheels=False
    )
    assert [each.filename for each in found] == [name]


def test_a_glob_or_all_wheels_ignore_the_target_and_sort_by_name() -> None:
    everything = choose_wheels(NATIVE, Version("1.0"), target=LINUX, glob=None, all_wheels=True)
    names = [each.filename for each in everything]
    assert len(names) == 10
    assert names == sorted(names)
    windows = choose_wheels(NATIVE, Version("1.0"), target=LINUX, glob="*win_*", all_wheels=False)
    assert [each.filename for each in windows] == ["demo-1.0-cp311-cp311-win_amd64.whl"]
    none = choose_wheels(NATIVE, Version("1.0"), target=LINUX, glob="*.exe", all_wheels=True)
    assert none == ()


def test_the_newest_final_version_is_chosen() -> None:
    listed = project("demo-1.9.tar.gz", "demo-1.10.tar.gz", "demo-2.0rc1.tar.gz", "demo-x.tar.gz")
    assert version(listed, "") == "1.10"
    assert version(listed, "<1.10") == "1.9"
    assert version(listed, "==2.0rc1") == "2.0rc1"
    assert version(listed, ">=2.0rc1") == "2.0rc1"
    assert version(listed, ">=3") is None


def test_pre_releases_are_taken_where_there_is_nothing_else() -> None:
    assert version(project("demo-1.0a1.tar.gz", "demo-1.0b1.tar.gz"), "") == "1.0b1"


def test_yanked_versions_need_an_exact_pin() -> None:
    yanked = project("demo-1.0.tar.gz", file("demo-2.0.tar.gz", yanked="broken"))
    assert version(yanked, "") == "1.0"
    assert version(yanked, ">=2.0") is None
    assert version(yanked, "==2.*") is None
    assert version(yanked, "==2.0") == "2.0"
    assert version(yanked, "===2.0") == "2.0"


def test_versions_that_the_target_cannot_install_come_last() -> None:
    listed = project(
        "demo-1.0-py3-none-any.whl",
        "demo-2.0-cp311-cp311-win_amd64.whl",
        file("demo-3.0-py3-none-any.whl", requires=">=3.12"),
    )
    assert version(listed, "") == "1.0"
    assert version(listed, "==2.0") == "2.0"
    assert version(listed, ">1.0") == "3.0"


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [("==1.0", True), ("===1.0", True), ("==1.*", False), (">=1.0", False), ("==1.0,!=2", True)],
)
def test_only_an_exact_clause_pins(specifier: str, expected: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_pinned(SpecifierSet(specifier)) is expected


def test_sdist_formats_are_preferred_in_order() -> None:
    names = ["demo-1.0.tar.xz", "demo-1.0.tar.bz2", "demo-1.0.zip", "demo-1.0.tar.gz"]
    while names:
        chosen = choose_sdist(project("demo-1.0-py3-none-any.whl", *names), Version("1.0"))
        assert chosen is not None
        assert chosen.filename == names.pop()
    assert choose_sdist(project("demo-1.0-py3-none-any.whl"), Version("1.0")) is None


def test_platforms_expand_to_everything_older() -> None:
    assert platform_tags_for("manylinux_2_18_aarch64") == (
        "manylinux_2_18_aarch64",
        "manylinux_2_17_aarch64",
        "manylinux2014_aarch64",
        "linux_aarch64",
    )
    assert platform_tags_for("manylinux2010_i686")[:3] == (
        "manylinux_2_12_i686",
        "manylinux2010_i686",
        "manylinux_2_11_i686",
    )
    assert platform_tags_for("musllinux_1_1_x86_64") == (
        "musllinux_1_1_x86_64",
        "musllinux_1_0_x86_64",
        "linux_x86_64",
    )
    assert platform_tags_for("win-amd64") == ("win_amd64",)
    assert platform_tags_for("win32") == ("win32",)
    assert platform_tags_for("any") == ("any",)


@pytest.mark.parametrize(
    "platform", ["", "a b", "../x", "manylinux_3_1_x86_64", "x" * 65, "linux", "windows"]
)
def test_what_is_no_platform_is_a_usage_fault(platform: str) -> None:
    with pytest.raises(UsageFault):
        Target(platform=platform).tags()
