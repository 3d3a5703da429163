"""What inputs ask for, and what of them no lock may hold or tell."""

from pathlib import Path

import pytest

from verify.lock.inputs.interface import InputFault
from verify.lock.inputs.reading import read_file
from verify.lock.making.wanted import Selection, Wanted, gather

SECRETS = {"TOKEN": "s3cret", "NAME": "me"}


def wanted(folder: Path, text: str, name: str = "requirements.in") -> Wanted:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return gather([path], Selection(), read_file, SECRETS)


def fault(folder: Path, text: str, name: str = "requirements.in") -> str:
    with pytest.raises(InputFault) as caught:
        wanted(folder, text, name)
    assert "s3cret" not in f"{caught.value.message}{caught.value.hint}"
    return caught.value.message


@pytest.mark.parametrize(
    ("written", "asked", "shown"),
    [
        ("https://i.example.org/simple", "https://i.example.org/simple", None),
        (
            "https://${NAME}:${TOKEN}@i.example.org/simple",
            "https://me:s3cret@i.example.org/simple",
            "https://${NAME}:${TOKEN}@i.example.org/simple",
        ),
        (
            "https://${TOKEN}@i.example.org/simple",
            "https://s3cret@i.example.org/simple",
            "https://${TOKEN}@i.example.org/simple",
        ),
        (
            "https://i.example.org/${TOKEN}/simple",
            "https://i.example.org/s3cret/simple",
            "https://i.example.org/${TOKEN}/simple",
        ),
        (
            "https://me:s3cret@i.example.org/simple",
            "https://me:s3cret@i.example.org/simple",
            "https://i.example.org/simple",
        ),
        (
            "https://me:${TOKEN}s3cret@i.example.org/simple",
            "https://me:s3crets3cret@i.example.org/simple",
            "https://i.example.org/simple",
        ),
    ],
)
@pytest.mark.parametrize("option", ["--index-url", "--extra-index-url"])
def test_an_index_is_asked_with_its_secrets_and_shown_without(
    tmp_path: Path, option: str, written: str, asked: str, shown: str | None
) -> None:
    found = wanted(tmp_path, f"{option} {written}\nthing\n")
    default = option == "--index-url"
    assert (found.index_url if default else found.extra_index_urls[0]) == asked
    told = found.shown_index_url if default else found.shown_extra_index_urls[0]
    assert told == (shown or asked)
    assert "s3cret" not in repr(found)


def test_the_last_index_of_the_last_file_decides(tmp_path: Path) -> None:
    (tmp_path / "more.in").write_text("--index-url https://b.example.org\n", encoding="utf-8")
    found = wanted(tmp_path, "--index-url https://a.example.org\n-r more.in\nthing\n")
    assert found.index_url == found.shown_index_url == "https://b.example.org"


@pytest.mark.parametrize(
    "line",
    [
        "--no-binary :all:",
        "--find-links ./wheels",
        "--no-index",
        "--trusted-host i.example.org",
        "--no-require-hashes",
    ],
)
def test_an_option_that_changes_which_files_are_meant_is_refused(tmp_path: Path, line: str) -> None:
    assert "is not taken here" in fault(tmp_path, f"thing\n{line}\n")


@pytest.mark.parametrize(
    "url",
    [
        "https://me:s3cret@f.example.org/thing-1.0-py3-none-any.whl",
        "https://me@f.example.org/thing-1.0-py3-none-any.whl",
        "https://${TOKEN}@f.example.org/thing-1.0-py3-none-any.whl",
        "https://f.example.org/${TOKEN}/thing-1.0-py3-none-any.whl",
    ],
)
@pytest.mark.parametrize("name", ["thing @ ", ""])
def test_a_url_with_a_secret_is_refused_since_the_lock_would_tell_it(
    tmp_path: Path, name: str, url: str
) -> None:
    with pytest.raises(InputFault) as caught:
        wanted(tmp_path, f"{name}{url}\n")
    assert "cannot be locked" in caught.value.message
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://f.example.org/thing.whl", "does not end with a wheel's file name"),
        ("https://f.example.org/other-1.0-py3-none-any.whl", "a wheel of another project: other"),
        ("https://f.example.org/thing-1.0.exe", "is no file of an index"),
    ],
)
def test_a_url_leads_to_a_wheel_of_the_project(tmp_path: Path, url: str, said: str) -> None:
    assert said in fault(tmp_path, f"thing @ {url}\n")


def test_a_marker_of_a_lock_that_cannot_be_read_is_a_fault_of_the_input(tmp_path: Path) -> None:
    text = """\
version = 1
[[package]]
name = "thing"
version = "1.0"
source = { registry = "https://i.example.org/simple" }
resolution-markers = ["what ever"]
"""
    with pytest.raises(InputFault) as caught:
        wanted(tmp_path, text, "uv.lock")
    assert "uv.lock" in caught.value.message
