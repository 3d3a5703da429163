import re
from datetime import timedelta
from pathlib import Path
from time import process_time

import pytest
from packaging.version import Version

from tests.support.listings import day, listed, listing, sdist, wheel
from verify.finding import Finding, FindingClass
from verify.index.interface import IndexFile, Project
from verify.signals import DEFAULT_THRESHOLDS, SIGNALS, Thresholds
from verify.timeline.history import history_of
from verify.timeline.signals import file_signals, signals_of

LINUX = "cp312-cp312-manylinux_2_28_x86_64"


class NoProvenance:
    """An index that is asked for nothing."""

    def provenance(self, file: IndexFile) -> None:
        raise AssertionError(f"{file.filename} was asked for")


def found(
    project: Project, filename: str, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> tuple[Finding, ...]:
    (file,) = (file for file in project.files if file.filename == filename)
    return signals_of(file, project, NoProvenance(), thresholds)


def rules(project: Project, filename: str) -> list[str]:
    return [signal.rule for signal in found(project, filename)]


def test_a_release_that_came_at_once_has_no_signal() -> None:
    project = listing(
        listed(sdist("1.0"), "2020-01-01T12:00"),
        listed(wheel("1.0"), "2020-01-01T12:01"),
        listed(wheel("1.0", LINUX), "2020-01-02T11:00"),
    )
    assert [rules(project, file.filename) for file in project.files] == [[], [], []]


def test_a_wheel_long_after_its_source_is_late() -> None:
    project = listing(listed(sdist("0.2"), "2015-04-03"), listed(wheel("0.2"), "2015-06-01"))
    (signal,) = found(project, wheel("0.2"))
    assert signal == Finding(
        rule=signal.rule,
        kind=FindingClass.NOTE,
        summary="the wheel was uploaded 59 days after its source",
        evidence={
            "wheel_upload_time": "2015-06-01T00:00:00Z",
            "source": "demo-0.2.tar.gz",
            "source_upload_time": "2015-04-03T00:00:00Z",
            "days": 59,
            "late_after_days": 14,
        },
    )
    assert signal.rule == "release.late-wheel"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2020-01-15T00:00", []),
        ("2020-01-15T00:01", ["release.late-wheel"]),
        ("2019-12-18T00:00", []),
        ("2019-12-17T23:59", ["release.late-source"]),
    ],
)
def test_late_begins_after_fourteen_days_in_either_direction(
    when: str, expected: list[str]
) -> None:
    project = listing(listed(sdist("1.0"), "2020-01-01"), listed(wheel("1.0"), when))
    assert rules(project, wheel("1.0")) == expected


def test_how_late_is_late_can_be_chosen() -> None:
    project = listing(listed(sdist("1.0"), "2020-01-01"), listed(wheel("1.0"), "2020-01-03"))
    strict = Thresholds(late_after=timedelta(days=1))
    assert found(project, wheel("1.0")) == ()
    (signal,) = found(project, wheel("1.0"), strict)
    assert signal.summary == "the wheel was uploaded 2 days after its source"


def test_a_file_added_after_a_newer_release_is_found() -> None:
    project = listing(
        listed(sdist("1.0"), "2020-01-01"),
        listed(sdist("1.1"), "2020-01-05"),
        listed(wheel("1.0"), "2020-01-08"),
        listed(wheel("1.1"), "2020-01-08"),
    )
    (signal,) = found(project, wheel("1.0"))
    assert signal.rule == "release.after-newer-release"
    assert signal.summary == "the wheel was added to release 1.0 3 days after release 1.1 had come"
    assert signal.evidence["newer_release"] == "1.1"
    assert rules(project, wheel("1.1")) == []


def test_a_whole_release_of_an_older_line_is_not_added_late() -> None:
    project = listing(
        listed(sdist("1.0"), "2020-01-01"),
        listed(sdist("2.0"), "2020-01-05"),
        listed(sdist("1.0.1"), "2020-01-08T12:00"),
        listed(wheel("1.0.1"), "2020-01-08T15:00"),
    )
    assert rules(project, wheel("1.0.1")) == []


def test_releases_that_began_at_one_moment_do_not_supersede_each_other() -> None:
    project = listing(
        listed(sdist("1.0"), "2020-01-01"),
        listed(sdist("1.1"), "2020-01-01"),
        listed(wheel("1.0"), "2020-01-08"),
    )
    assert rules(project, wheel("1.0")) == []


def test_a_release_whose_builders_took_hours_is_not_added_late() -> None:
    project = listing(
        listed(sdist("1.0"), "2020-01-01T12:00"),
        listed(sdist("1.0.1"), "2020-01-01T13:00"),
        listed(wheel("1.0"), "2020-01-01T14:00"),
    )
    assert rules(project, wheel("1.0")) == []


def test_a_later_pre_release_supersedes_pre_releases_alone() -> None:
    project = listing(
        listed(sdist("1.0"), "2020-01-01"),
        listed(sdist("2.0a1"), "2020-01-02"),
        listed(sdist("2.0a2"), "2020-01-03"),
        listed(wheel("1.0"), "2020-01-05"),
        listed(wheel("2.0a1"), "2020-01-05"),
    )
    assert rules(project, wheel("1.0")) == []
    assert rules(project, wheel("2.0a1")) == ["release.after-newer-release"]


def test_every_file_after_a_silence_is_told() -> None:
    project = listing(
        listed(sdist("1.0"), "2018-01-01"),
        listed(sdist("1.1"), "2019-06-01T10:00"),
        listed(wheel("1.1"), "2019-06-01T10:01"),
        listed(wheel("1.1", LINUX), "2019-06-02T10:00"),
        listed(sdist("1.2"), "2019-07-01"),
    )
    assert rules(project, sdist("1.0")) == []
    assert rules(project, wheel("1.1", LINUX)) == ["release.silence-before"]
    assert rules(project, sdist("1.2")) == []
    (signal,) = found(project, wheel("1.1"))
    assert signal.summary == "nothing had been uploaded to the project for 516 days before"
    assert signal.evidence["silent_from"] == "2018-01-01T00:00:00Z"


def test_a_year_without_an_upload_is_no_silence_yet() -> None:
    project = listing(listed(sdist("1.0"), "2019-01-01"), listed(sdist("1.1"), "2020-01-01"))
    assert rules(project, sdist("1.1")) == []


def test_files_of_no_release_break_a_silence() -> None:
    project = listing(
        listed(sdist("1.0"), "2018-01-01"),
        listed("demo-1.0.win32.exe", "2018-11-01"),
        listed(sdist("1.1"), "2019-06-01"),
    )
    assert rules(project, sdist("1.1")) == []


def test_a_wheel_without_source_is_told_whenever_it_came() -> None:
    project = listing(listed(wheel("1.0"), None))
    (signal,) = found(project, wheel("1.0"))
    assert (signal.rule, signal.summary) == (
        "release.no-source",
        "release 1.0 has no source at the index",
    )


def test_what_was_yanked_is_told_with_the_reason() -> None:
    project = listing(
        listed(sdist("1.0"), "2020-01-01", yanked="wrong licence"),
        listed(wheel("1.0"), "2020-01-01", yanked=""),
    )
    summaries = [signal.summary for signal in found(project, wheel("1.0"))]
    assert summaries == ["the source was yanked: wrong licence", "the wheel was yanked"]
    assert rules(project, sdist("1.0")) == ["release.yanked-source"]


def test_a_build_tag_is_told() -> None:
    name = "demo-1.0-2-py3-none-any.whl"
    project = listing(listed(sdist("1.0"), "2020-01-01"), listed(name, "2020-01-01"))
    (signal,) = found(project, name)
    assert (signal.rule, signal.evidence) == ("release.build-tag", {"build_tag": "2"})


def test_without_upload_times_nothing_is_said_of_when() -> None:
    project = listing(
        listed(sdist("1.0"), None),
        listed(wheel("1.0"), "2020-01-01"),
        listed(sdist("2.0"), None),
        listed(wheel("2.0"), None),
    )
    assert [rules(project, file.filename) for file in project.files] == [[], [], [], []]


def test_a_file_is_known_by_its_name_and_sha256() -> None:
    late = listed(wheel("1.0"), "2021-01-01")
    project = listing(listed(sdist("1.0"), "2020-01-01"), late)
    on_disk = listed(wheel("1.0"), None)
    other = listed(wheel("1.0"), None, sha256="ab" * 32)
    elsewhere = listed(wheel("1.0", LINUX), None)
    assert [s.rule for s in signals_of(on_disk, project, NoProvenance())] == [
        "release.late-wheel",
        "release.silence-before",
    ]
    assert signals_of(other, project, NoProvenance()) == ()
    assert signals_of(elsewhere, project, NoProvenance()) == ()


def test_a_release_is_in_upload_order_and_equal_times_by_name() -> None:
    project = listing(
        listed(wheel("1.0", "cp39-cp39-win32"), "2020-01-02"),
        listed(wheel("1.0"), None),
        listed(wheel("1.0", "cp38-cp38-win32"), "2020-01-02"),
        listed(sdist("1.0"), "2020-01-01"),
    )
    release = history_of(project).releases[Version("1.0")]
    assert [file.filename for file in release.files] == [
        "demo-1.0.tar.gz",
        "demo-1.0-cp38-cp38-win32.whl",
        "demo-1.0-cp39-cp39-win32.whl",
        "demo-1.0-py3-none-any.whl",
    ]
    assert release.first == day("2020-01-01")


def test_the_order_of_the_listing_changes_nothing() -> None:
    files = [
        listed(name, when)
        for name, when in (
            (sdist("1.0"), "2018-01-01"),
            (sdist("1.1"), "2018-01-03"),
            (wheel("1.0"), "2019-06-01"),
            (wheel("1.1"), None),
            ("demo-1.0.win32.exe", "2018-01-01"),
        )
    ]
    assert history_of(listing(*files)) == history_of(listing(*reversed(files)))


def test_absurd_times_are_counted_like_any_other() -> None:
    project = listing(
        listed(sdist("1.0"), "0001-01-01"),
        listed(wheel("1.0"), "9999-12-31T23:59"),
        listed(sdist("1.1"), "9999-12-31T23:59"),
    )
    late, silent = found(project, wheel("1.0"))
    assert late.summary == "the wheel was uploaded 3,652,058 days after its source"
    assert late.evidence["source_upload_time"] == "0001-01-01T00:00:00Z"
    assert silent.rule == "release.silence-before"


def test_thousands_of_files_take_no_time() -> None:
    files = [
        listed(name, f"{2000 + number // 28}-01-{number % 28 + 1:02}", provenance=True)
        for number in range(5000)
        for name in (sdist(f"1.{number}"), wheel(f"1.{number}"))
    ]
    files += [listed(wheel("1.0", f"cp{n}-cp{n}-win32"), "2000-01-01") for n in range(9000)]
    history = history_of(listing(*files))
    began = process_time()
    signals = [file_signals(file, history, DEFAULT_THRESHOLDS, {}) for file in files]
    assert process_time() - began < 10
    assert sum(map(len, signals)) == 9000


def test_a_hostile_reason_is_of_bounded_length() -> None:
    project = listing(
        listed(sdist("1.0"), "2020-01-01"), listed(wheel("1.0"), "2020-01-01", yanked="x" * 10**6)
    )
    (signal,) = found(project, wheel("1.0"))
    assert len(signal.summary) < 300
    assert len(str(signal.evidence["reason"])) < 300


def test_every_signal_is_documented_once() -> None:
    text = (Path(__file__).parents[2] / "docs" / "timeline.md").read_text("utf-8")
    rows = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| `release.")]
    assert sorted(re.findall(r"`([a-z.-]+)`", " ".join(rows))) == sorted(SIGNALS)


def test_each_signal_has_a_line_that_says_what_it_means() -> None:
    assert all(rule.startswith("release.") for rule in SIGNALS)
    assert all(0 < len(line) < 80 and "\n" not in line for line in SIGNALS.values())
