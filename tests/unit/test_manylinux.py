"""Which build image a wheel was made in: chosen by tag, compiler and day, out of one table."""

import re
import tomllib
from datetime import UTC, date, datetime
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest

from builders.manylinux import PreferredImage, preferred_image

TABLE = tomllib.loads(
    files("builders.knowledge").joinpath("manylinux.toml").read_text(encoding="utf-8")
)


def chosen(tags: str, compiler: str | None, day: str) -> PreferredImage | None:
    return preferred_image(
        tags.split("."), compiler, datetime.fromisoformat(day).replace(tzinfo=UTC)
    )


MODERN = "manylinux_2_17_x86_64.manylinux2014_x86_64"


LOW = f"manylinux_2_5_x86_64.manylinux1_x86_64.{MODERN}"

CHOICES = """
    {modern}                10.2.1  2024-02-02  manylinux2014   devtoolset-10   2024-02-02
    {low}                   10.2.1  2023-10-01  manylinux2014   devtoolset-10   2023-10-01
    manylinux1_x86_64       10.2.1  2022-01-01  manylinux2014   devtoolset-10   2022-01-01
    manylinux1_x86_64       4.8.2   2018-08-16  manylinux1      devtoolset-2    2018-08-16
    manylinux2010_x86_64    8.3.1   2021-01-01  manylinux2010   devtoolset-8    2021-01-01
    manylinux2014_x86_64    8.3.1   2020-01-01  manylinux2014   devtoolset-8    2020-01-01
    manylinux2014_x86_64    9.3.1   2021-01-01  manylinux2014   devtoolset-9    2021-01-01
    manylinux2014_x86_64    9.3.1   2023-05-05  manylinux2014   devtoolset-9    2021-07-31
    manylinux_2_24_x86_64   6.3.0   2022-01-01  manylinux_2_24  distribution    2022-01-01
    manylinux_2_28_x86_64   11.2.1  2022-07-01  manylinux_2_28  gcc-toolset-11  2022-07-01
    manylinux_2_28_x86_64   12.2.1  2024-06-01  manylinux_2_28  gcc-toolset-12  2024-06-01
    {modern}                12.2.1  2024-06-01  manylinux_2_28  gcc-toolset-12  2024-06-01
    manylinux_2_28_x86_64   13.3.1  2024-12-01  manylinux_2_28  gcc-toolset-13  2024-12-01
    manylinux_2_28_x86_64   14.2.1  2025-03-01  manylinux_2_28  gcc-toolset-14  2025-03-01
    manylinux_2_34_x86_64   14.2.1  2025-03-01  manylinux_2_34  gcc-toolset-14  2025-03-01
    manylinux_2_27_x86_64   14.2.1  2025-03-01  manylinux_2_28  gcc-toolset-14  2025-03-01
    manylinux_2_28_x86_64   14.2.1  2024-12-01  manylinux_2_34  gcc-toolset-14  2024-12-01
"""
"""Tags, compiler and day; the image, its toolset, and of what day it is at most.

Symbols may allow older tags than the image has (rows 2, 3, 12, 16); a project may stay with an old
image (row 8); of two images with one compiler it is that of the tag (row 6), if it had it by then.
"""


@pytest.mark.parametrize("row", CHOICES.format(modern=MODERN, low=LOW).strip().splitlines())
def test_the_image_follows_from_tag_compiler_and_day(row: str) -> None:
    tags, compiler, day, name, toolset, last = row.split()
    image = chosen(tags, compiler, day)
    assert image is not None
    assert (image.repository, image.not_after) == (f"pypa/{name}_x86_64", date.fromisoformat(last))
    assert toolset in image.toolset


@pytest.mark.parametrize(
    ("tags", "compiler", "day"),
    [
        (MODERN, None, "2024-01-01"),  # nothing names its compiler
        (MODERN, "7.5.0", "2024-01-01"),  # no image had it
        (MODERN, "1.2.3", "2024-01-01"),  # no other series begins like it
        (MODERN, "10.2.1", "2021-07-31"),  # no image had it yet
        ("manylinux_2_40_x86_64", "14.2.1", "2026-01-01"),  # every image is older
        ("manylinux_2_17_aarch64", "10.2.1", "2024-01-01"),
        ("musllinux_1_2_x86_64", "14.2.0", "2026-01-01"),
        ("linux_x86_64", "10.2.1", "2024-01-01"),
        ("macosx_11_0_arm64", "10.2.1", "2024-01-01"),
    ],
)
def test_where_no_row_fits_no_image_is_chosen(tags: str, compiler: str | None, day: str) -> None:
    assert chosen(tags, compiler, day) is None


def test_whether_the_tag_names_the_image_is_told() -> None:
    named, implied = chosen(MODERN, "10.2.1", "2024-01-01"), chosen(MODERN, "12.2.1", "2024-01-01")
    assert named is not None
    assert implied is not None
    assert (named.is_policy_named, implied.is_policy_named) == (True, False)


@pytest.mark.parametrize(
    ("day", "forms"),
    [
        ("2024-06-07", ("YYYY-MM-DD-COMMIT",)),
        ("2024-06-08", ("YYYY-MM-DD-COMMIT", "YYYY.MM.DD-BUILD")),
        ("2025-07-14", ("YYYY.MM.DD-BUILD",)),
    ],
)
def test_tags_have_the_forms_of_their_day(day: str, forms: tuple[str, ...]) -> None:
    image = chosen(MODERN, "10.2.1", day)
    assert image is not None
    assert image.tags == forms


def test_the_choice_is_plain_json() -> None:
    image = chosen(MODERN, "10.2.1", "2024-02-02")
    assert image is not None
    assert image.to_json() == {
        "repository": "pypa/manylinux2014_x86_64",
        "not_after": "2024-02-02",
        "tags": ["YYYY-MM-DD-COMMIT"],
        "toolset": "devtoolset-10",
        "compiler": "10",
        "is_policy_named": True,
        "source": "build.sh, 1f0eec43 of 2021-08-01; still so in ad3c4539 of 2026-06-28",
    }


def _rows() -> list[dict[str, Any]]:
    return list(TABLE["image"])


def test_every_row_says_where_it_is_from_and_names_no_registry() -> None:
    for row in _rows():
        assert re.search(r"\b[0-9a-f]{8} of 20[0-9]{2}-[01][0-9]-[0-3][0-9]\b", row["source"])
        assert re.fullmatch(r"[a-z]+/[a-z0-9_]+_\{machine\}", row["repository"])
        assert row["policy"] in row["repository"]


def test_the_periods_of_one_image_follow_each_other_without_a_gap() -> None:
    for repository in {row["repository"] for row in _rows()}:
        rows = sorted(
            (row for row in _rows() if row["repository"] == repository), key=lambda r: r["since"]
        )
        for earlier, later in pairwise(rows):
            assert earlier["until"] == later["since"]
        assert all(row["since"] < row.get("until", date.max) for row in rows)
