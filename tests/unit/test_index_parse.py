import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from packaging.utils import NormalizedName
from packaging.version import Version

from verify.index.filenames import describe, why_unsafe
from verify.index.interface import FileKind, IndexFile, IndexUnreachableError
from verify.index.parse import parse_page

DEMO = NormalizedName("a-demo")
PAGE = "https://index.example.org/simple/a-demo/"
JSON_TYPE = "application/vnd.pypi.simple.v1+json"
DIGEST = "ab" * 32


def parse(
    body: bytes, content_type: str = JSON_TYPE, url: str = PAGE
) -> tuple[tuple[IndexFile, ...], list[str]]:
    skipped: list[str] = []
    files = parse_page(body, content_type=content_type, url=url, project=DEMO, skip=skipped.append)
    return files, skipped


def page(*entries: Mapping[str, object]) -> bytes:
    return json.dumps({"name": "a-demo", "files": entries, "meta": {"api-version": "1.1"}}).encode()


def entry(filename: str = "a_demo-1.0-py3-none-any.whl", **changes: object) -> dict[str, object]:
    return {
        "filename": filename,
        "url": f"../../files/{filename}",
        "hashes": {"sha256": DIGEST},
        **changes,
    }


@pytest.mark.parametrize(
    ("filename", "kind", "version"),
    [
        ("a_demo-1.0-py3-none-any.whl", FileKind.WHEEL, "1.0"),
        ("A.Demo-1.0-2-py3-none-any.whl", FileKind.WHEEL, "1.0"),
        ("a_demo-1.0-py3-none.whl", FileKind.WHEEL, None),
        ("other-1.0-py3-none-any.whl", FileKind.WHEEL, None),
        ("a_demo-1.0.tar.gz", FileKind.SDIST, "1.0"),
        ("a-demo-1.0-2.zip", FileKind.SDIST, "1.0.post2"),
        ("A.Demo-1.0rc1.tar.bz2", FileKind.SDIST, "1.0rc1"),
        ("a-demo-extra-1.0.tar.gz", FileKind.SDIST, None),
        ("a-demo-final.tgz", FileKind.SDIST, None),
        ("a-demo-1.0.linux-x86_64.tar.gz", FileKind.OTHER, None),
        ("a-demo-1.0.win32.zip", FileKind.OTHER, None),
        ("a_demo-1.0-py3.11.egg", FileKind.OTHER, None),
        ("a_demo-1.0.win-amd64-py3.8.exe", FileKind.OTHER, None),
    ],
)
def test_a_name_says_kind_and_version(filename: str, kind: FileKind, version: str | None) -> None:
    assert describe(filename, DEMO) == (kind, version and Version(version))


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "a\\b",
        "../a",
        "a\0",
        "a\n",
        "a\x1b[2J",
        "a\u202eb",
        "\ud800",
        "ä" * 128,
    ],
)
def test_names_that_must_not_become_paths(name: str) -> None:
    assert why_unsafe(name) is not None


@pytest.mark.parametrize("name", ["a", ".a", "a..b", "a+b-1!2.whl", "ä" * 127, "x" * 255])
def test_names_that_may_become_paths(name: str) -> None:
    assert why_unsafe(name) is None


def test_a_json_page_is_read_in_full() -> None:
    listed = entry(
        size=7,
        yanked="broken",
        **{"requires-python": ">=3.8", "upload-time": "2020-01-02T03:04:05.5+01:00"},
    )
    files, skipped = parse(page(listed))
    assert skipped == []
    assert files == (
        IndexFile(
            project=DEMO,
            version=Version("1.0"),
            filename="a_demo-1.0-py3-none-any.whl",
            kind=FileKind.WHEEL,
            url="https://index.example.org/files/a_demo-1.0-py3-none-any.whl",
            sha256=files[0].sha256,
            size=7,
            upload_time=datetime(2020, 1, 2, 2, 4, 5, 500000, tzinfo=UTC),
            requires_python=">=3.8",
            yanked="broken",
        ),
    )
    assert files[0].sha256 == DIGEST


def test_an_html_page_names_files_by_their_urls() -> None:
    body = (
        b'<a href="../">up</a>'
        b'<a href="https://bob:secret@files.example.org/a_demo-1.0%2Bx-py3-none-any.whl#sha256='
        + DIGEST.encode()
        + b'" data-yanked="" data-requires-python="&gt;=3.8">anything</a>'
    )
    files, skipped = parse(body, "text/html; charset=utf-8")
    assert len(skipped) == 1
    (file,) = files
    assert file.filename == "a_demo-1.0+x-py3-none-any.whl"
    assert file.url == "https://files.example.org/a_demo-1.0%2Bx-py3-none-any.whl"
    assert (file.yanked, file.requires_python, file.sha256) == ("", ">=3.8", DIGEST)
    assert (file.size, file.upload_time) == (None, None)


@pytest.mark.parametrize(
    ("yanked", "expected"), [(True, ""), (False, None), ("", None), ("reason", "reason")]
)
def test_yanked_in_json_is_true_or_a_reason(yanked: object, expected: str | None) -> None:
    files, _ = parse(page(entry(yanked=yanked)))
    assert files[0].yanked == expected


def test_a_time_without_a_zone_is_utc() -> None:
    files, _ = parse(page(entry(**{"upload-time": "2020-01-02T03:04:05"})))
    assert files[0].upload_time == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "file:///etc/passwd", "filename": "passwd"},
        {"url": "../../files/other-1.0.tar.gz"},
        {"url": "ftp://files.example.org/a_demo-1.0-py3-none-any.whl"},
        {"url": "https://files.example.org:port/a_demo-1.0-py3-none-any.whl"},
        {"url": "https://files.example.org/%2e%2e%2fa.whl", "filename": "../a.whl"},
        {"url": "https://files.example.org/a%00.whl", "filename": "a\0.whl"},
        {"url": "https://files.example.org/", "filename": ""},
        {"filename": "\ud800"},
        {"hashes": {"sha256": "xyz"}},
        {"hashes": {"sha256": DIGEST + "00"}},
        {"size": -1},
        {"size": 10**40},
        {"upload-time": "0001-01-01T00:00:00+10:00"},
    ],
)
def test_a_file_that_cannot_be_trusted_is_left_out_and_told(changes: dict[str, object]) -> None:
    files, skipped = parse(page(entry() | changes, entry("a_demo-2.0.tar.gz")))
    assert [file.filename for file in files] == ["a_demo-2.0.tar.gz"]
    assert len(skipped) == 1
    skipped[0].encode()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON_TYPE, b""),
        (JSON_TYPE, b"[]"),
        (JSON_TYPE, b"\xff"),
        (JSON_TYPE, b"[" * 100_000),
        (JSON_TYPE, b"1" * 5000),
        (JSON_TYPE, page(entry(url=7))),
        (JSON_TYPE, page(entry(url="https://[::1/a_demo-1.0-py3-none-any.whl"))),
        (JSON_TYPE, page(entry(**{"upload-time": "yesterday"}))),
        (JSON_TYPE, page().replace(b'"1.1"', b'"2.0"')),
        (JSON_TYPE, page().replace(b'"1.1"', b'"?"')),
        ("text/html", b"<a href='http://[x'>x</a>"),
        ("text/html", b"<meta name='pypi:repository-version' content='9.0'>"),
        ("text/html", b"<meta name='pypi:project-status' content='?'>"),
        ("image/png", b""),
        ("", b""),
        ("text/", b""),
    ],
)
def test_a_page_that_is_none_is_an_unreachable_index(content_type: str, body: bytes) -> None:
    with pytest.raises(IndexUnreachableError, match=r"index\.example\.org"):
        parse(body, content_type)


def test_a_newer_minor_version_of_the_api_is_read() -> None:
    files, _ = parse(page(entry()).replace(b'"1.1"', b'"1.999"'))
    assert len(files) == 1


def test_a_provenance_is_a_url_like_that_of_the_file() -> None:
    secret = entry(provenance="https://bob:secret@files.example.org/p.json")
    (file,), skipped = parse(page(secret))
    assert (file.provenance, skipped) == ("https://files.example.org/p.json", [])
    (file,), _ = parse(page(entry(provenance=None)))
    assert file.provenance is None


@pytest.mark.parametrize(
    ("written", "provenance"),
    [
        ("p.json", "https://index.example.org/simple/a-demo/p.json"),
        ("file:///etc/passwd", None),
        ("https://files.example.org/\x1b[2J", None),
        ("https://[", None),
        ("mailto:somebody", None),
    ],
)
def test_a_bad_provenance_costs_the_attestation_and_not_the_file(
    written: str, provenance: str | None
) -> None:
    link = f'<a href="a_demo-1.0-py3-none-any.whl" data-provenance="{written}">x</a>'
    (file,), skipped = parse(link.encode(), "text/html")
    assert (file.provenance, skipped) == (provenance, [])
