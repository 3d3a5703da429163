"""When the files of a release came, as a check notes it, and as the JSON has it."""

from dataclasses import replace
from datetime import datetime, timedelta

from reports.as_json import check_document
from tests.support.command import assert_valid
from tests.support.listings import day, listed, listing, sdist, wheel
from tests.support.noted import checked
from verify.listed_release import listed_release
from verify.results import CheckReport, ListedRelease

SOURCE = listed(sdist("1.0"), "2015-04-03")
WHEEL = listed(wheel("1.0"), "2018-08-16")


def test_a_release_has_its_files_in_upload_order_and_what_came_between() -> None:
    found = listed_release(
        WHEEL,
        SOURCE,
        listing(
            *(WHEEL, SOURCE, listed(wheel("1.0", "cp39-cp39-win32"), None)),
            *(listed(wheel("1.1"), "2017-01-01"), listed(sdist("1.1"), "2016-01-01")),
            *(listed(wheel("0.9"), "2014-01-01"), listed(wheel("2.0"), "2019-01-01")),
            *(listed("demo-1.0.exe", "2018-01-01"), listed(wheel("3.0"), None)),
        ),
    )
    assert found is not None
    assert [file.filename for file in found.files] == [
        *("demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl", "demo-1.0-cp39-cp39-win32.whl")
    ]
    assert [file.kind for file in found.files] == ["sdist", "wheel", "wheel"]
    assert [(other.version, other.first) for other in found.others] == [("1.1", day("2016-01-01"))]
    assert found.more_files == 0


def test_of_many_files_wheel_and_source_are_always_there() -> None:
    many = [listed(wheel("1.0", f"cp{n}-none-any"), "2015-01-01") for n in range(150)]
    found = listed_release(WHEEL, SOURCE, listing(*many, WHEEL, SOURCE))
    assert found is not None
    assert len(found.files) == ListedRelease.MAX_FILES
    assert found.more_files == 52
    assert {WHEEL.filename, SOURCE.filename} <= {file.filename for file in found.files}


def test_of_many_releases_the_first_ones_are_there() -> None:
    def later(days: int) -> datetime:
        return day("2015-04-03") + timedelta(days=days)

    others = [replace(listed(wheel(f"2.{n}"), None), upload_time=later(n)) for n in range(80)]
    found = listed_release(WHEEL, SOURCE, listing(*others, WHEEL, SOURCE))
    assert found is not None
    assert [other.version for other in found.others] == [
        f"2.{n}" for n in range(ListedRelease.MAX_OTHERS)
    ]


def test_without_a_listing_there_is_none() -> None:
    assert listed_release(WHEEL, SOURCE, None) is None
    assert listed_release(None, SOURCE, listing(SOURCE)) is None
    assert listed_release(WHEEL, SOURCE, listing(listed(wheel("2.0"), "2020-01-01"))) is None


def test_the_json_has_it_where_it_is_known() -> None:
    release = listed_release(WHEEL, SOURCE, listing(WHEEL, SOURCE))
    told = check_document(CheckReport(results=(replace(checked("demo"), release=release),)))
    assert_valid(told)
    assert told["results"][0]["release"] == {  # type: ignore[index, call-overload]
        "files": [
            {
                "filename": "demo-1.0.tar.gz",
                "kind": "sdist",
                "size": 1000,
                "upload_time": "2015-04-03T00:00:00Z",
            },
            {
                "filename": "demo-1.0-py3-none-any.whl",
                "kind": "wheel",
                "size": 1000,
                "upload_time": "2018-08-16T00:00:00Z",
            },
        ],
        "more_files": 0,
        "others": [],
    }
    assert "release" not in str(check_document(CheckReport(results=(checked("demo"),))))
