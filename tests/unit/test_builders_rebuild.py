from dataclasses import replace
from pathlib import Path

import pytest

from builders.compilers import runtime_digest
from builders.errors import BuildFault, FailureCode
from builders.native_flags import RUNTIMES
from builders.rebuild import Rebuilder
from builders.recipe import LockedFile, Recipe
from builders.sandbox.interface import Limits
from builders.sandbox.unsafe_host import UnsafeHostSandbox
from builders.store import Store
from tests.unit.test_builders_recipe import SHA256, recipe
from verify.workbench import Settings, Workbench


class NothingToGather:
    """A gatherer that no refused recipe may reach."""

    def gather(self, name: str, version: str, filename: str, sha256: str) -> Path:
        raise AssertionError(f"{filename} of {name} {version} ({sha256}) was asked for")


def for_this_host() -> Recipe:
    return replace(recipe(), sandbox="unsafe-host", requirements=())


def around(inner: Recipe) -> Recipe:
    source = replace(inner.source, version="0.9", filename="thing-0.9.tar.gz")
    file = LockedFile(
        name=source.name,
        version=source.version,
        filename=source.filename,
        sha256=source.sha256,
        recipe=replace(inner, source=source),
    )
    return replace(for_this_host(), requirements=(file,))


@pytest.mark.parametrize(
    ("foreign", "said"),
    [
        (replace(for_this_host(), sandbox="bubblewrap"), "--sandbox bubblewrap"),
        (replace(for_this_host(), image="sha256:00"), "image sha256:00"),
        (replace(for_this_host(), runtime=SHA256), "other parts of the C runtime"),
        (
            replace(for_this_host(), compiler_flags={"runtime": "glibc-2.17"}, runtime=SHA256),
            "other parts of the C runtime",
        ),
        (
            replace(for_this_host(), compiler_flags={"runtime": "glibc-2.17"}),
            "other parts of the C runtime",
        ),
    ],
)
def test_a_recipe_for_another_sandbox_image_or_runtime_is_refused_at_every_depth(
    foreign: Recipe, said: str, tmp_path: Path
) -> None:
    rebuilder = Rebuilder(UnsafeHostSandbox(), NothingToGather(), Store(tmp_path), Limits())
    for value in (foreign, around(foreign)):
        with pytest.raises(BuildFault, match=said) as caught:
            rebuilder.rebuild(value)
        assert caught.value.code is FailureCode.UNSUPPORTED


def test_the_digest_of_the_runtime_is_that_of_what_the_flags_name() -> None:
    def digest(words: str) -> str | None:
        return runtime_digest(replace(recipe(), compiler_flags={"runtime": words}))

    assert digest("") is None
    assert runtime_digest(recipe()) is None
    assert len({digest(name) for name in (*RUNTIMES, " ".join(RUNTIMES))}) == len(RUNTIMES) + 1


def test_a_wheel_whose_toolchain_cannot_be_made_is_not_compiled_by_another(tmp_path: Path) -> None:
    settings = Settings(
        sandbox="unsafe-host",
        cache_root=tmp_path,
        offline=True,
        limits=Limits(),
        environ=(),
        cwd=tmp_path,
    )
    notices: list[str] = []
    bench = Workbench(settings, lambda event: notices.append(str(event)))
    for _ in range(2):
        with pytest.raises(BuildFault, match="truewheel images build gcc-10") as caught:
            bench.open_toolchain("gcc-10")
        assert caught.value.code is FailureCode.UNSUPPORTED
    assert len(notices) == 1  # it is tried once
