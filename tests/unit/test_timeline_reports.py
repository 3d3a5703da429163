"""What a person is shown of a timeline, as whole literals; and that no listing can garble it."""

import json
import re
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from packaging.version import Version
from rich.console import Console

from reports.as_json import dump
from reports.timeline import render_timeline
from reports.timeline_json import timeline_document
from reports.timeline_svg import MARK, timeline_svg
from tests.support.command import assert_valid
from tests.support.listings import listed, listing, sdist, wheel
from verify.index.interface import IndexFile, Project
from verify.signals import DEFAULT_THRESHOLDS
from verify.timeline.timeline import Timeline, timeline_of

LINUX = "cp36-cp36m-manylinux1_x86_64"
LONG = "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.manylinux_2_28_x86_64"


class Nothing:
    """An index that has no provenance."""

    def provenance(self, _file: IndexFile) -> Path | None:
        return None


def timeline(project: Project, version: str | None = None, last: int = 1) -> Timeline:
    asked = Version(version) if version else None
    found = timeline_of(project, Nothing(), DEFAULT_THRESHOLDS, version=asked, last=last)
    assert found is not None
    return found


def rendered(
    shown: Timeline, *, verbose: bool = False, encoding: str = "utf-8", width: int = 80
) -> str:
    class Stream(StringIO):
        @property
        def encoding(self) -> str:  # type: ignore[override] # StringIO has none
            return encoding

    stream = Stream()
    console = Console(
        file=stream, width=width, soft_wrap=True, no_color=True, highlight=False, markup=False
    )
    render_timeline(shown, console, verbose=verbose)
    return stream.getvalue()


def suspicious() -> Project:
    return listing(
        listed(sdist("0.1"), "2014-12-01"),
        listed(sdist("0.2"), "2015-04-03"),
        listed(wheel("0.2", "cp27-cp27mu-manylinux1_x86_64"), "2018-08-16"),
        listed(wheel("0.2", LINUX), "2018-08-16", yanked="no"),
        listed(sdist("0.3"), "2016-12-01"),
        listed(wheel("0.3", LONG), "2016-12-01"),
        listed("demo-0.3.win32.exe", "2016-12-02"),
    )


def test_one_release_in_full() -> None:
    assert (
        rendered(timeline(suspicious(), "0.2"))
        == """\
demo 0.2: 1 source, 2 wheels, 2015-04-03 to 2018-08-16
  2015-04-03                                                        2018-08-16
  ◆──────────────────────────────────────────────────────────────────────────●
                                       │
  ◆ source   ● wheels   ◈ both   │ another release began

  2015-04-03     source  demo-0.2.tar.gz
! 2018-08-16   +1,231 d  demo-0.2-cp27-cp27mu-manylinux1_x86_64.whl
! 2018-08-16   +1,231 d  demo-0.2-cp36-cp36m-manylinux1_x86_64.whl  (yanked)

  release.late-wheel  2 files
      the wheel was uploaded 1,231 days after its source

  release.after-newer-release  2 files
      the wheel was added to release 0.2 623 days after release 0.3 had come

  release.silence-before  2 files
      nothing had been uploaded to the project for 622 days before

  release.yanked-wheel  1 file
      the wheel was yanked: no
      demo-0.2-cp36-cp36m-manylinux1_x86_64.whl

  The index lists no attestation for any of these files.

"""
    )


def test_a_whole_project_in_plain_ascii() -> None:
    text = rendered(timeline(suspicious()), encoding="ascii")
    assert text.isascii()
    assert (
        text
        == """\
demo: 3 releases, 6 files, 2014-12-01 to 2018-08-16
  2014-12-01                                                        2018-08-16
  |------|--------------------------------|----------------------------------w
  | a release began   w its last file came later   * both

  release          uploaded    source  wheels  last wheel  signals
! 0.3              2016-12-01  yes          1       0 min  silence-before
! 0.2              2015-04-03  yes          2    +1,231 d  late-wheel +3
  0.1              2014-12-01  yes          0
  1 file of other kinds (installers, eggs, ...) not shown

  late-wheel              the wheel was uploaded long after the source
  after-newer-release     the file was added when a newer release was already
                          there
  silence-before          the file was uploaded after a long silence of the
                          project
  yanked-wheel            the wheel was yanked

demo 0.3: 1 source, 1 wheel, 2016-12-01

! 2016-12-01      0 min  demo-0.3-cp312-cp3...4_x86_64.manylinux_2_28_x86_64.whl
! 2016-12-01     source  demo-0.3.tar.gz

  release.silence-before  2 files
      nothing had been uploaded to the project for 608 days before

  The index lists no attestation for any of these files.

"""
    )


def test_nothing_is_wider_than_the_terminal_unless_asked() -> None:
    narrow = rendered(timeline(suspicious(), "0.3"))
    assert max(map(len, narrow.splitlines())) <= 80
    assert wheel("0.3", LONG) not in narrow
    assert wheel("0.3", LONG) in rendered(timeline(suspicious(), "0.3"), verbose=True)


def test_a_terminal_of_no_width_at_all_gets_what_the_narrowest_gets() -> None:
    shown = timeline(suspicious())
    assert rendered(shown, width=1) == rendered(shown, width=30)


def test_without_upload_times_the_reader_is_told() -> None:
    project = listing(listed(sdist("1.0"), None), listed(wheel("1.0"), None))
    assert rendered(timeline(project, "1.0")).splitlines()[:5] == [
        "demo 1.0: 1 source, 1 wheel",
        "",
        "  ?                   ?  demo-1.0-py3-none-any.whl",
        "  ?              source  demo-1.0.tar.gz",
        "  The index gives no upload time for 2 files: when is not known.",
    ]


def test_a_large_release_is_cut_where_nothing_is_told() -> None:
    files = [listed(sdist("1.0"), "2020-01-01")]
    files += [listed(wheel("1.0", f"cp3{n:03}-cp3{n:03}-win32"), "2020-01-01") for n in range(1000)]
    files += [listed(wheel("1.0", "py3-none-any"), "2021-01-01")]
    text = rendered(timeline(listing(*files), "1.0"))
    assert len(text.splitlines()) < 60
    assert "  ... and 981 files more (-v shows all)" in text
    assert "!" in text
    assert len(rendered(timeline(listing(*files), "1.0"), verbose=True).splitlines()) > 1000


def test_many_releases_are_cut_where_nothing_is_told() -> None:
    files = [
        listed(sdist(f"1.{n}"), f"2020-01-{n % 28 + 1:02}", yanked="" if n % 2 else None)
        for n in range(1000)
    ]
    text = rendered(timeline(listing(*files), last=0))
    assert len(text.splitlines()) < 120
    assert "  ... and 900 releases more (-v shows all)" in text


HOSTILE = "a\x1b[31mb\n\u202ec</title><script>alert(1)</script>]]>&\ufffe\U000e0041"


@pytest.mark.parametrize("last", [0, 1])
def test_a_hostile_listing_is_inert(last: int) -> None:
    project = listing(
        listed(sdist("1.0"), "0001-01-01", yanked=HOSTILE),
        listed('demo-1.0-py3-none-<any">&\u3164.whl', "9999-12-31T23:59", yanked=HOSTILE),
    )
    shown = timeline(project, last=last)
    text = rendered(shown, verbose=True)
    assert all(char.isprintable() or char == "\n" for char in text)
    document = dump(timeline_document(shown))
    assert document.isascii()
    assert_valid(json.loads(document))
    assert "\u3164" not in text + timeline_svg(shown)
    picture = ET.fromstring(timeline_svg(shown))  # noqa: S314 - our own
    assert {element.tag.rpartition("}")[2] for element in picture.iter()} <= {
        *("svg", "title", "text", "rect", "path", "g", "circle", "polygon"),
    }


def test_the_document_tells_everything_of_the_release() -> None:
    document = timeline_document(timeline(suspicious(), "0.2"))
    assert_valid(document)
    assert document["detailed"] == ["0.2"]
    assert document["summary"] == {
        "releases": 3,
        "files": 6,
        "files_without_upload_time": 0,
        "provenances_not_read": 0,
        "by_signal": {
            "release.after-newer-release": 2,
            "release.late-wheel": 2,
            "release.silence-before": 4,
            "release.yanked-wheel": 1,
        },
    }
    releases = json.loads(dump(document))["releases"]
    assert [release["version"] for release in releases] == ["0.1", "0.2", "0.3"]
    assert [len(release.get("files", [])) for release in releases] == [0, 3, 0]
    last = releases[1]["files"][2]
    assert (last["yanked"], last["seconds_after_source"]) == ("no", 1231 * 86400)
    assert (last["attestation"], last["upload_time"]) == (None, "2018-08-16T00:00:00Z")


def test_a_picture_is_made_of_shapes_and_words() -> None:
    picture = timeline_svg(timeline(suspicious(), "0.2"))
    assert picture.startswith(MARK)
    first, second = (wheel("0.2", tags) for tags in ("cp27-cp27mu-manylinux1_x86_64", LINUX))
    late = (
        ", 1,231 days after the source:"
        " release.late-wheel, release.after-newer-release, release.silence-before"
    )
    assert timeline_svg(timeline(suspicious(), "0.2")) == picture
    assert re.findall(r"<title>(.*?)</title>", picture, re.DOTALL) == [
        "Upload history of demo",
        "release 0.3",
        "demo-0.2.tar.gz",
        f"{first}{late}\n{second}{late}, release.yanked-wheel",
    ]
    assert "href" not in picture
    assert "<style" not in picture


def test_a_picture_of_thousands_of_files_is_of_bounded_size() -> None:
    files = [listed(sdist("1.0"), "2020-01-01")]
    files += [
        listed(wheel("1.0", f"cp3{n}-cp3{n}-win32"), f"2020-{n % 12 + 1:02}-{n % 28 + 1:02}")
        for n in range(9000)
    ]
    assert len(timeline_svg(timeline(listing(*files), "1.0"))) < 1_000_000
