from dataclasses import replace
from pathlib import Path

import pytest

from builders.errors import BuildFault, FailureCode
from builders.rebuild import Rebuilder
from builders.recipe import LockedFile, Recipe
from builders.sandbox.interface import Limits
from builders.sandbox.unsafe_host import UnsafeHostSandbox
from builders.store import Store
from tests.unit.test_builders_recipe import recipe


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
    ],
)
def test_a_recipe_for_another_sandbox_or_image_is_refused_at_every_depth(
    foreign: Recipe, said: str, tmp_path: Path
) -> None:
    rebuilder = Rebuilder(UnsafeHostSandbox(), NothingToGather(), Store(tmp_path), Limits())
    for value in (foreign, around(foreign)):
        with pytest.raises(BuildFault, match=said) as caught:
            rebuilder.rebuild(value)
        assert caught.value.code is FailureCode.UNSUPPORTED
