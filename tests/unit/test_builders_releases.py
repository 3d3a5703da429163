from dataclasses import replace

import pytest

from builders.errors import BuildFault
from builders.recipe import LockedFile, Recipe, SourceFile
from builders.releases import exclusions, refuse_own_releases, same_release
from tests.unit.test_builders_recipe import SHA256, recipe

THING = recipe().source


def wheel(version: str, **changes: str) -> LockedFile:
    filename = changes.get("filename", f"thing-{version}-py3-none-any.whl")
    return LockedFile(name=THING.name, version=version, filename=filename, sha256=SHA256)


def helper(*requirements: LockedFile) -> LockedFile:
    """A requirement that is built with some requirements of its own."""
    name = recipe().requirements[0].name
    source = SourceFile(
        name=name, version="75.6.0", filename="setuptools-75.6.0.tar.gz", sha256="cd" * 32
    )
    return LockedFile(
        name=source.name,
        version=source.version,
        filename=source.filename,
        sha256=source.sha256,
        recipe=replace(recipe(), source=source, requirements=requirements),
    )


def building(*requirements: LockedFile) -> Recipe:
    return replace(recipe(), requirements=requirements)


def test_an_older_release_may_build_a_newer_one() -> None:
    refuse_own_releases(building(wheel("0.9")))
    refuse_own_releases(building(helper(wheel("0.9"))))


@pytest.mark.parametrize("version", ["1.0", "1", "1.0.0", "1.0+local", "v1.0"])
def test_a_release_is_refused_in_its_own_build_at_every_depth(version: str) -> None:
    for requirement in (wheel(version), helper(wheel(version))):
        with pytest.raises(BuildFault, match="its own rebuild"):
            refuse_own_releases(building(requirement))


def test_a_nested_build_may_not_use_what_it_builds_either() -> None:
    inner = replace(wheel("1"), name=helper().name, version="75.6.0")
    with pytest.raises(BuildFault, match=r"setuptools 75\.6\.0 would"):
        refuse_own_releases(building(helper(inner)))


@pytest.mark.parametrize(
    "requirement",
    [
        replace(wheel("0.9"), filename="thing-1.0-py3-none-any.whl"),
        replace(wheel("0.9"), filename="thing-0.9.tar.gz"),
        replace(helper(), sha256=SHA256),
        replace(helper(), version="75.6.1"),
        replace(helper(), recipe=recipe()),
    ],
)
def test_a_file_under_another_name_is_refused(requirement: LockedFile) -> None:
    with pytest.raises(BuildFault, match="as its recipe says"):
        refuse_own_releases(building(requirement))


@pytest.mark.parametrize("filename", ["other-1.0.tar.gz", "thing-1.1.tar.gz"])
def test_a_source_under_another_name_is_refused(filename: str) -> None:
    with pytest.raises(BuildFault, match="as its recipe says"):
        refuse_own_releases(replace(building(), source=replace(THING, filename=filename)))


def test_versions_that_cannot_be_compared_count_as_the_same() -> None:
    assert same_release("thing", "2004d", "Thing", "1.0")
    assert not same_release("thing", "2004d", "other", "2004d")


def test_exclusions_name_the_public_version() -> None:
    sources = (THING, replace(THING, version="2.0+local"))
    assert exclusions(sources) == ("thing!=1.0", "thing!=2.0")
    with pytest.raises(BuildFault):
        exclusions([replace(THING, version="None")])
