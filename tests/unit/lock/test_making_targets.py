"""Where a package is needed: markers on targets, of which none is this machine."""

import pytest
from packaging.markers import Marker

from verify.errors import UsageFault
from verify.lock.making.targets import LockTarget, lock_targets

LINUX = LockTarget(python=(3, 11), platform="manylinux_2_28_x86_64")
ARM = LockTarget(python=(3, 11), platform="musllinux_1_2_aarch64")
WINDOWS = LockTarget(python=(3, 12), platform="win_amd64")
MAC = LockTarget(python=(3, 13), platform="macosx_11_0_arm64")
HERE = lock_targets((), ())[0]


@pytest.mark.parametrize(
    ("marker", "where"),
    [
        ("sys_platform == 'win32'", [WINDOWS]),
        ("os_name == 'nt'", [WINDOWS]),
        ("platform_system == 'Darwin'", [MAC]),
        ("platform_machine == 'aarch64'", [ARM]),
        ("platform_machine == 'arm64'", [MAC]),
        ("platform_machine == 'AMD64'", [WINDOWS]),
        ("platform_machine == 'x86_64'", [LINUX]),
        ("python_version < '3.12'", [LINUX, ARM]),
        ("python_full_version < '3.11.3'", [LINUX, ARM]),
        ("python_full_version >= '3.11.4'", [LINUX, ARM, WINDOWS, MAC]),
        ("python_full_version == '3.12.7'", [WINDOWS]),
        ("implementation_version < '3.11.3'", [LINUX, ARM]),
        ("implementation_name == 'pypy'", []),
        ("extra == 'fast'", []),
    ],
)
def test_a_marker_holds_where_some_patch_release_on_the_platform_says_so(
    marker: str, where: list[LockTarget]
) -> None:
    targets = (LINUX, ARM, WINDOWS, MAC)
    assert [target for target in targets if target.admits(Marker(marker))] == where


def test_what_is_made_for_a_target_says_so_in_a_marker_that_holds_there_alone() -> None:
    targets = (LINUX, ARM, WINDOWS, MAC)
    for target in targets:
        assert [other for other in targets if other.admits(target.marker)] == [target]


def test_the_running_machine_takes_every_patch_release_of_its_python() -> None:
    major, minor = HERE.python
    assert HERE.admits(Marker(f"python_full_version < '{major}.{minor}.1'"))
    assert HERE.admits(Marker(f"python_full_version >= '{major}.{minor}.30'"))
    assert not HERE.admits(Marker(f"python_full_version < '{major}.{minor}'"))
    assert HERE.marker.evaluate()


def test_one_patch_release_is_no_other() -> None:
    (third,) = lock_targets(((3, 11, 3),), ("manylinux_2_28_x86_64",))
    assert third.admits(Marker("python_full_version < '3.11.4'"))
    assert not third.admits(Marker("python_full_version < '3.11.3'"))
    assert third.admits(third.marker)
    (fourth,) = lock_targets(((3, 11, 4),), ("manylinux_2_28_x86_64",))
    assert not fourth.admits(third.marker)
    assert str(fourth) == "CPython 3.11.4 on manylinux_2_28_x86_64"


@pytest.mark.parametrize("platform", ["amiga", "manylinux", "manylinux_2_x86_64"])
def test_a_platform_that_is_none_is_refused(platform: str) -> None:
    with pytest.raises(UsageFault):
        lock_targets((), (platform,))
