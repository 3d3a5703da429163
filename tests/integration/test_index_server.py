import io
import os
import subprocess
import sysconfig
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.support.index_server import (
    NOT_LISTED,
    Fault,
    IndexServer,
    Reset,
    ServedFile,
    ShortRead,
    Slow,
    Status,
    WrongBytes,
    WrongRange,
    http_date,
    served_project,
)
from tests.support.ports import nobody_listening
from verify.events import Event, Note, Transfer
from verify.index.client import MAX_METADATA_BYTES, SimpleIndex, Tuning, open_index
from verify.index.config import IndexConfig, load_config, uv_arguments, uv_environment
from verify.index.download import DownloadLimits
from verify.index.interface import (
    ConflictingFilesError,
    HashMismatchError,
    Index,
    IndexFile,
    IndexUnreachableError,
    ProjectNotFoundError,
)
from verify.index.retry import DELAYS, Clock
from verify.index.urls import Credentials, UnusableUrlError

WHEN = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
NAME = "demo-1.0.tar.gz"
CONTENT = bytes(range(256)) * 1000


@dataclass
class Bench:
    """A server, a cache and a clock that only moves when it is told to."""

    server: IndexServer
    root: Path
    events: list[Event] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    time: float = 1_700_000_000.0

    def open(
        self,
        *more_urls: str,
        offline: bool = False,
        limits: DownloadLimits | None = None,
        config: IndexConfig | None = None,
        max_page_bytes: int = 1 << 20,
    ) -> SimpleIndex:
        config = config or IndexConfig(urls=(self.server.url, *more_urls))
        clock = Clock(now=lambda: self.time, sleep=self._sleep)
        tuning = Tuning(
            clock=clock, limits=limits or DownloadLimits(), max_page_bytes=max_page_bytes
        )
        return open_index(
            config,
            cache_root=self.root,
            offline=offline,
            listener=self.events.append,
            tuning=tuning,
        )

    def listed(self, index: Index | None = None) -> IndexFile:
        (file,) = (index or self.open()).project("demo").files
        return file

    def notes(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Note)]

    def visible(self) -> list[str]:
        return sorted(path.name for path in (self.root / "files").rglob("*") if path.is_file())

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with IndexServer() as server:
        server.add("demo", served_project({NAME: (CONTENT, WHEN)}, requires_python=">=3.8"))
        yield Bench(server=server, root=tmp_path / "cache")


@pytest.fixture
def other() -> Iterator[IndexServer]:
    with IndexServer() as server:
        yield server


def test_a_project_is_listed_with_all_that_json_says(bench: Bench) -> None:
    file = bench.listed()
    assert file.filename == NAME
    assert file.sha256 == sha256(CONTENT).hexdigest()
    assert (file.size, file.upload_time, file.requires_python) == (len(CONTENT), WHEN, ">=3.8")
    assert file.url == bench.server.file_url("demo", NAME)


def test_html_is_read_where_there_is_no_json(bench: Bench) -> None:
    bench.server.json = False
    file = bench.listed()
    assert file.sha256 == sha256(CONTENT).hexdigest()
    assert (file.size, file.upload_time, file.requires_python) == (None, None, ">=3.8")
    assert bench.open().fetch(file).read_bytes() == CONTENT


def test_an_unnormalized_name_finds_the_project(bench: Bench) -> None:
    assert bench.open().project("DEMO").name == "demo"


@pytest.mark.parametrize("name", ["", "../demo", "demo/../x", "demo%2f", "-demo", "dé", "a b"])
def test_an_invalid_name_is_not_asked_for(bench: Bench, name: str) -> None:
    with pytest.raises(ProjectNotFoundError, match="not a valid project name"):
        bench.open().project(name)
    assert bench.server.count() == 0


def test_a_project_that_no_index_has_is_not_found(bench: Bench, other: IndexServer) -> None:
    with pytest.raises(ProjectNotFoundError, match="missing"):
        bench.open(other.url).project("missing")
    assert (bench.server.count("missing"), other.count("missing")) == (1, 1)


def test_a_fetched_file_is_cached_and_the_second_fetch_asks_nothing(bench: Bench) -> None:
    index = bench.open()
    file = bench.listed(index)
    path = index.fetch(file)
    assert path.name == NAME
    assert path.read_bytes() == CONTENT
    assert index.fetch(file) == path
    assert bench.open().fetch(file) == path
    assert bench.server.count(NAME) == 1
    transfers = [event for event in bench.events if isinstance(event, Transfer)]
    assert transfers[-1] == Transfer(filename=NAME, done=len(CONTENT), total=len(CONTENT))


@pytest.mark.parametrize(
    "faults",
    [
        [Status(503)],
        [Status(500), Status(502), Status(504)],
        [Reset()],
        [Reset(after=100_000)],
        [ShortRead(100_000)],
        [Reset(after=1000), ShortRead(5000), Status(503)],
        [ShortRead(1000), WrongRange()],
    ],
)
def test_a_passing_failure_of_a_download_is_survived(bench: Bench, faults: list[Fault]) -> None:
    file = bench.listed()
    bench.server.fail(NAME, *faults)
    assert bench.open().fetch(file).read_bytes() == CONTENT
    assert bench.server.count(NAME) == len(faults) + 1
    assert bench.slept == list(DELAYS[: len(faults)])
    assert len(bench.notes()) == len(faults)


@pytest.mark.parametrize("fault", [Status(503), Status(429), Reset(after=10), ShortRead(10)])
def test_a_passing_failure_of_a_page_is_survived(bench: Bench, fault: Fault) -> None:
    bench.server.fail("demo", fault)
    assert bench.listed().filename == NAME
    assert bench.server.count("demo") == 2


def test_a_failure_that_stays_is_an_unreachable_index(bench: Bench) -> None:
    file = bench.listed()
    bench.server.fail(NAME, *[Status(503)] * 9)
    with pytest.raises(IndexUnreachableError, match="503"):
        bench.open().fetch(file)
    assert bench.slept == list(DELAYS)
    assert bench.visible() == []


def test_nobody_listening_is_an_unreachable_index(bench: Bench) -> None:
    with nobody_listening() as port:
        config = IndexConfig(urls=(f"http://127.0.0.1:{port}/simple",))
        with pytest.raises(IndexUnreachableError, match="cannot be reached"):
            bench.open(config=config).project("demo")


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", 7.0),
        (http_date(datetime.fromtimestamp(1_700_000_000, UTC) + timedelta(seconds=9)), 9.0),
        ("99999", 60.0),
    ],
)
def test_retry_after_is_obeyed_up_to_a_cap(bench: Bench, header: str, wait: float) -> None:
    file = bench.listed()
    bench.server.fail(NAME, Status(429, {"Retry-After": header}))
    bench.open().fetch(file)
    assert bench.slept == [wait]


def test_a_broken_download_is_resumed_where_it_broke_off(bench: Bench) -> None:
    file = bench.listed()
    bench.server.fail(NAME, ShortRead(100_000))
    bench.open().fetch(file)
    ranges = [r.headers.get("range") for r in bench.server.requests if r.path.endswith(NAME)]
    assert ranges == [None, "bytes=100000-"]


def test_a_server_without_ranges_sends_the_whole_file_again(bench: Bench) -> None:
    bench.server.ranges = False
    file = bench.listed()
    bench.server.fail(NAME, ShortRead(100_000))
    assert bench.open().fetch(file).read_bytes() == CONTENT


def test_without_hash_and_etag_a_download_starts_over(bench: Bench) -> None:
    bench.server.etags = False
    bench.server.add("demo", [ServedFile(filename=NAME, content=CONTENT, listed_sha256=NOT_LISTED)])
    file = bench.listed()
    bench.server.fail(NAME, ShortRead(100_000))
    assert bench.open().fetch(file).read_bytes() == CONTENT
    assert all("range" not in request.headers for request in bench.server.requests)


def test_wrong_bytes_are_tried_once_more_and_then_refused(bench: Bench) -> None:
    file = bench.listed()
    wrong = WrongBytes(b"x" * len(CONTENT))
    bench.server.fail(NAME, wrong)
    assert bench.open().fetch(file).read_bytes() == CONTENT
    bench.root = bench.root.with_name("second")
    bench.server.fail(NAME, wrong, wrong)
    with pytest.raises(HashMismatchError, match="the index promised"):
        bench.open().fetch(file)
    assert bench.server.count(NAME) == 4
    assert bench.visible() == []


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"x"])
def test_a_wrong_size_is_refused(bench: Bench, content: bytes) -> None:
    file = bench.listed()
    bench.server.fail(NAME, WrongBytes(content), WrongBytes(content))
    with pytest.raises(HashMismatchError, match="bytes"):
        bench.open().fetch(file)


def test_a_listed_size_that_its_own_bytes_do_not_have_is_refused(bench: Bench) -> None:
    index = bench.open()
    file = bench.listed(index)
    index.fetch(file)
    with pytest.raises(HashMismatchError, match="promised 1"):
        index.fetch(replace(file, size=1))


def test_a_file_of_unknown_size_is_bounded(bench: Bench) -> None:
    bench.server.add("demo", [ServedFile(filename=NAME, content=CONTENT, listed_size=-1)])
    file = bench.listed()
    with pytest.raises(IndexUnreachableError, match="longer than 1000 bytes"):
        bench.open(limits=DownloadLimits(max_bytes=1000)).fetch(file)
    assert bench.visible() == []


def test_a_dripping_server_meets_the_deadline(bench: Bench) -> None:
    file = bench.listed()
    bench.server.fail(NAME, Slow(30.0))
    with pytest.raises(IndexUnreachableError, match=r"within 0\.2 seconds"):
        bench.open(limits=DownloadLimits(total_seconds=0.2)).fetch(file)


def test_a_page_is_bounded(bench: Bench) -> None:
    bench.server.add_page("demo", "text/html", b" " * 5000)
    with pytest.raises(IndexUnreachableError, match="longer than 4000 bytes"):
        bench.open(max_page_bytes=4000).project("demo")


def test_a_page_holds_for_its_max_age_and_is_then_revalidated(bench: Bench) -> None:
    bench.server.page_headers["Cache-Control"] = "max-age=600, public"
    file = bench.listed()
    bench.time += 599
    assert bench.listed() == file
    assert bench.server.count("demo") == 1
    bench.time += 2
    assert bench.listed() == file
    assert "if-none-match" in bench.server.requests[-1].headers
    bench.time += 599
    assert bench.listed() == file
    assert bench.server.count("demo") == 2


def test_a_changed_page_is_seen(bench: Bench) -> None:
    bench.listed()
    bench.server.add("demo", served_project({"demo-2.0.tar.gz": (b"", None)}))
    assert bench.listed().filename == "demo-2.0.tar.gz"


@pytest.mark.parametrize("control", ["no-cache, max-age=600", "max-age=0", "private", "no-store"])
def test_a_page_that_may_not_be_reused_is_asked_for_again(bench: Bench, control: str) -> None:
    bench.server.page_headers["Cache-Control"] = control
    bench.listed()
    bench.listed()
    assert bench.server.count("demo") == 2


def test_a_clock_that_was_set_back_makes_nothing_fresh(bench: Bench) -> None:
    bench.server.page_headers["Cache-Control"] = "max-age=600"
    bench.listed()
    bench.time -= 10
    bench.listed()
    assert bench.server.count("demo") == 2


def test_a_damaged_page_cache_is_a_missing_one(bench: Bench) -> None:
    bench.server.page_headers["Cache-Control"] = "max-age=600"
    file = bench.listed()
    for content in (b"", b"[]", b"{}", b'{"format": 1}', b"\xff", b"[" * 9999):
        (stored,) = (bench.root / "pages").rglob("*.json")
        stored.write_bytes(content)
        assert bench.listed() == file


def test_offline_uses_what_was_seen_whatever_its_age(bench: Bench, other: IndexServer) -> None:
    index = bench.open(other.url)
    file = bench.listed(index)
    path = index.fetch(file)
    before = bench.server.count()
    bench.time += 10**9
    offline = bench.open(other.url, offline=True)
    assert bench.listed(offline) == file
    assert offline.fetch(file) == path
    assert bench.server.count() == before


def test_offline_without_a_cached_copy_says_what_to_do(bench: Bench) -> None:
    file = bench.listed()
    offline = bench.open(offline=True)
    with pytest.raises(IndexUnreachableError, match="never fetched") as caught:
        offline.project("unseen")
    assert caught.value.hint == "run once without --offline"
    with pytest.raises(IndexUnreachableError, match="never fetched"):
        offline.fetch(file)


def test_a_file_without_a_hash_is_asked_for_once_a_run_and_is_there_offline(bench: Bench) -> None:
    bench.server.add("demo", [ServedFile(filename=NAME, content=CONTENT, listed_sha256=NOT_LISTED)])
    index = bench.open()
    file = bench.listed(index)
    assert file.sha256 is None
    path = index.fetch(file)
    assert index.fetch(file) == path
    assert bench.server.count(NAME) == 1
    assert bench.open(offline=True).fetch(file) == path
    assert bench.open().fetch(file) == path
    assert bench.server.count(NAME) == 2


def test_indexes_are_merged_and_the_first_one_wins(bench: Bench, other: IndexServer) -> None:
    other.add("demo", served_project({NAME: (CONTENT, None), "demo-2.0.tar.gz": (b"2", WHEN)}))
    files = bench.open(other.url).project("demo").files
    assert [file.filename for file in files] == [NAME, "demo-2.0.tar.gz"]
    assert files[0].url.startswith(f"http://{bench.server.netloc}/")


def test_the_second_index_fills_in_what_the_first_does_not_say(
    bench: Bench, other: IndexServer
) -> None:
    bench.server.json = False
    other.add("demo", served_project({NAME: (CONTENT, WHEN)}))
    file = bench.listed(bench.open(other.url))
    assert (file.size, file.upload_time) == (len(CONTENT), WHEN)


def test_indexes_that_disagree_on_bytes_are_an_error(bench: Bench, other: IndexServer) -> None:
    other.add("demo", served_project({NAME: (b"other", WHEN)}))
    with pytest.raises(ConflictingFilesError, match=NAME):
        bench.open(other.url).project("demo")


def test_one_index_that_fails_fails_all(bench: Bench, other: IndexServer) -> None:
    other.fail("demo", *[Status(500)] * 9)
    with pytest.raises(IndexUnreachableError, match="500"):
        bench.open(other.url).project("demo")


def test_credentials_go_to_their_own_index_only_and_are_stored_nowhere(
    bench: Bench, other: IndexServer
) -> None:
    bench.server.credentials = ("bob", "s3cret")
    other.add("demo", served_project({"demo-2.0.tar.gz": (b"2", None)}))
    url = bench.server.url.replace("http://", "http://bob:s3cret@")
    config = load_config(
        index_url=url,
        extra_index_urls=[other.url],
        environ={"PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1"},
        cwd=bench.root.parent,
    )
    index = bench.open(config=config)
    for file in index.project("demo").files:
        index.fetch(file)
        assert "s3cret" not in repr(file)
    assert all("authorization" not in request.headers for request in other.requests)
    stored = b"".join(path.read_bytes() for path in bench.root.rglob("*") if path.is_file())
    assert b"s3cret" not in stored


def test_wrong_credentials_are_refused_with_a_hint(bench: Bench) -> None:
    bench.server.credentials = ("bob", "s3cret")
    wrong = Credentials(username="bob", password="guess")  # noqa: S106 - made up
    config = IndexConfig(urls=(bench.server.url,), credentials={bench.server.url: wrong})
    with pytest.raises(IndexUnreachableError, match="401") as caught:
        bench.open(config=config).project("demo")
    assert "credentials" in (caught.value.hint or "")
    assert "guess" not in caught.value.message
    assert bench.slept == []


def test_an_index_url_with_credentials_is_not_accepted_as_is(bench: Bench) -> None:
    config = IndexConfig(urls=("https://bob:secret@index.example.org",))
    with pytest.raises(UnusableUrlError):
        bench.open(config=config)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://x.example.org/", "http://[::1/", "//\udcff/"]
)
def test_a_redirect_to_nowhere_usable_is_an_unreachable_index(bench: Bench, target: str) -> None:
    location = target.encode("utf-8", "surrogateescape").decode("latin-1")
    bench.server.fail("demo", *[Status(302, {"Location": location})] * 9)
    with pytest.raises(IndexUnreachableError):
        bench.open().project("demo")


def test_relative_links_are_relative_to_where_a_redirect_led(
    bench: Bench, other: IndexServer
) -> None:
    body = f'<a href="../../files/demo/{NAME}">{NAME}</a>'.encode()
    other.add_page("demo", "text/html", body)
    bench.server.fail("demo", Status(301, {"Location": f"{other.url}/demo/"}))
    assert bench.listed().url == other.file_url("demo", NAME)


def test_an_unusable_listed_file_is_left_out_with_a_note(bench: Bench) -> None:
    good = ServedFile(filename=NAME, content=CONTENT)
    bad = ServedFile(filename="passwd", content=b"", url="file:///etc/passwd")
    bench.server.add("demo", [bad, good])
    assert bench.listed().filename == NAME
    assert "local file" in bench.notes()[0]


def test_a_local_file_is_read_only_for_a_local_index(bench: Bench) -> None:
    file = replace(bench.listed(), url="file:///etc/passwd", sha256=None, size=None)
    with pytest.raises(IndexUnreachableError, match="no index is local"):
        bench.open().fetch(file)


@pytest.fixture
def local(tmp_path: Path) -> Path:
    page = tmp_path / "mirror" / "simple" / "demo" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="../../files/{NAME}#sha256={sha256(CONTENT).hexdigest()}">x</a>')
    (tmp_path / "mirror" / "files").mkdir()
    (tmp_path / "mirror" / "files" / NAME).write_bytes(CONTENT)
    return tmp_path / "mirror"


def test_a_local_directory_is_an_index(bench: Bench, local: Path) -> None:
    config = IndexConfig(urls=((local / "simple").as_uri(),))
    index = bench.open(config=config, offline=True)
    path = index.fetch(bench.listed(index))
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(bench.root)
    with pytest.raises(ProjectNotFoundError):
        index.project("missing")


def test_a_local_file_that_changed_is_refused(bench: Bench, local: Path) -> None:
    index = bench.open(config=IndexConfig(urls=((local / "simple").as_uri(),)))
    (local / "files" / NAME).write_bytes(b"other")
    with pytest.raises(HashMismatchError, match="promised"):
        index.fetch(bench.listed(index))


def _remove(path: Path) -> None:
    path.unlink()


def _make_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _make_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [_remove, _make_fifo, _make_directory])
def test_a_local_file_that_is_no_file_is_an_unreachable_index(
    bench: Bench, local: Path, change: Callable[[Path], None]
) -> None:
    index = bench.open(config=IndexConfig(urls=((local / "simple").as_uri(),)))
    file = bench.listed(index)
    change(local / "files" / NAME)
    with pytest.raises(IndexUnreachableError, match="cannot be read"):
        index.fetch(file)


def test_a_local_index_that_is_not_there_is_unreachable(bench: Bench, tmp_path: Path) -> None:
    config = IndexConfig(urls=((tmp_path / "missing").as_uri(),))
    with pytest.raises(IndexUnreachableError, match="not a directory"):
        bench.open(config=config).project("demo")


def _wheel() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        metadata = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
        archive.writestr("demo-1.0.dist-info/METADATA", metadata)
        archive.writestr("demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr("demo-1.0.dist-info/RECORD", "")
    return stream.getvalue()


def test_uv_asks_the_same_indexes_with_the_same_credentials(
    bench: Bench, other: IndexServer, tmp_path: Path
) -> None:
    bench.server.credentials = ("bob", "s3cret")
    bench.server.add("demo", served_project({"demo-1.0-py3-none-any.whl": (_wheel(), WHEN)}))
    found = Credentials(username="bob", password="s3cret")  # noqa: S106 - made up
    config = IndexConfig(urls=(other.url, bench.server.url), credentials={bench.server.url: found})
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    (tmp_path / "in.txt").write_text("demo\n")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_EXTRA_INDEX_URL": "http://127.0.0.1:9/must-not-be-asked",
        "UV_HTTP_RETRIES": "0",
        **uv_environment(config),
    }
    argv = [str(uv), "pip", "compile", *uv_arguments(config), "in.txt"]
    done = subprocess.run(
        argv, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "demo==1.0" in done.stdout
    assert "must-not-be-asked" not in done.stderr
    assert other.count("demo") == 1
    assert all("authorization" not in request.headers for request in other.requests)


def test_the_configured_index_serves_a_known_release(tmp_path: Path) -> None:
    config = load_config(index_url=None, extra_index_urls=[], environ=os.environ, cwd=Path.cwd())
    events: list[Event] = []
    index = open_index(config, cache_root=tmp_path, offline=False, listener=events.append)
    files = {file.filename: file for file in index.project("six").files}
    file = files["six-1.17.0-py2.py3-none-any.whl"]
    assert file.sha256 == "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
    assert file.size == 11050
    assert file.upload_time == datetime(2024, 12, 4, 17, 35, 26, 475808, tzinfo=UTC)
    path = index.fetch(file)
    assert sha256(path.read_bytes()).hexdigest() == file.sha256
    downloaded = len(events)
    assert downloaded > 0
    assert index.fetch(file) == path
    assert len(events) == downloaded
    offline = open_index(config, cache_root=tmp_path, offline=True, listener=events.append)
    assert offline.project("six") == index.project("six")
    assert offline.fetch(file) == path


WHEEL = "demo-1.0-py3-none-any.whl"
METADATA = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n\n"
METADATA_SHA256 = sha256(METADATA).hexdigest()
OTHER_SHA256 = "ab" * 32


def _serve_metadata(
    server: IndexServer,
    *,
    metadata: bytes | None = METADATA,
    keys: Mapping[str, object] | None = None,
    attributes: Mapping[str, str] | None = None,
    filename: str = WHEEL,
) -> None:
    """Serve one file as JSON if there are keys, as HTML if there are attributes."""
    server.json = attributes is None
    file = ServedFile(
        filename=filename,
        content=CONTENT,
        metadata=metadata,
        json_keys=keys or {},
        html_attributes=attributes or {},
    )
    server.add("demo", [file])


HASHED: list[dict[str, Mapping[str, object]]] = [
    {"keys": {"core-metadata": {"sha256": METADATA_SHA256}}},
    {"keys": {"dist-info-metadata": {"sha256": METADATA_SHA256.upper()}}},
    {"keys": {"data-dist-info-metadata": {"sha256": METADATA_SHA256, "md5": "0"}}},
    {
        "keys": {
            "core-metadata": {"sha256": METADATA_SHA256},
            "data-dist-info-metadata": {"sha256": METADATA_SHA256},
        }
    },
    {"attributes": {"data-core-metadata": f"sha256={METADATA_SHA256}"}},
    {"attributes": {"data-dist-info-metadata": f"sha256={METADATA_SHA256}"}},
]


@pytest.mark.parametrize("listing", HASHED)
def test_the_hash_of_metadata_is_taken_from_the_listing(
    listing: dict[str, Any], bench: Bench
) -> None:
    _serve_metadata(bench.server, **listing)
    index = bench.open()
    assert index.served_metadata(bench.listed(index)) == (METADATA_SHA256,)
    assert bench.server.count(f"{WHEEL}.metadata") == 0


UNHASHED: list[dict[str, Mapping[str, object]]] = [
    {"keys": {"core-metadata": True}},
    {"keys": {"core-metadata": {}}},
    {"keys": {"dist-info-metadata": True}},
    {"keys": {"core-metadata": {"sha512": "ab" * 64}}},
    {"keys": {"core-metadata": {"sha256": "not a hash"}}},
    {"attributes": {"data-core-metadata": "true"}},
    {"attributes": {"data-dist-info-metadata": "true"}},
    {"attributes": {"data-core-metadata": f"sha512={'ab' * 64}"}},
    {"attributes": {"data-core-metadata": METADATA_SHA256}},
]


@pytest.mark.parametrize("listing", UNHASHED)
def test_metadata_without_a_hash_is_fetched_once_and_hashed(
    listing: dict[str, Any], bench: Bench
) -> None:
    _serve_metadata(bench.server, **listing)
    index = bench.open()
    file = bench.listed(index)
    assert index.served_metadata(file) == (METADATA_SHA256,)
    assert index.served_metadata(file) == (METADATA_SHA256,)
    assert bench.server.count(f"{WHEEL}.metadata") == 1
    assert bench.open(offline=True).served_metadata(file) == (METADATA_SHA256,)


NOTHING: list[dict[str, Mapping[str, object]]] = [
    {"keys": {}},
    {"keys": {"core-metadata": False}},
    {"keys": {"core-metadata": None, "dist-info-metadata": False}},
    {"attributes": {"data-core-metadata": "false"}},
    {"attributes": {"data-requires-python": ">=3.8"}},
]


@pytest.mark.parametrize("listing", NOTHING)
def test_where_no_metadata_is_served_there_is_none(listing: dict[str, Any], bench: Bench) -> None:
    _serve_metadata(bench.server, **listing)
    index = bench.open()
    assert index.served_metadata(bench.listed(index)) == ()
    assert bench.server.count(f"{WHEEL}.metadata") == 0


def test_metadata_that_is_listed_but_not_there_is_not_served(bench: Bench) -> None:
    _serve_metadata(bench.server, metadata=None, keys={"core-metadata": True})
    index = bench.open()
    assert index.served_metadata(bench.listed(index)) == ()
    assert len(bench.notes()) == 1
    assert "404" in bench.notes()[0]


@pytest.mark.parametrize(
    "listing",
    [
        {
            "keys": {
                "core-metadata": {"sha256": METADATA_SHA256},
                "dist-info-metadata": {"sha256": OTHER_SHA256},
            }
        },
        {
            "attributes": {
                "data-core-metadata": f"sha256={METADATA_SHA256}",
                "data-dist-info-metadata": f"sha256={OTHER_SHA256}",
            }
        },
    ],
)
def test_names_of_the_attribute_that_contradict_each_other_both_count(
    listing: dict[str, Any], bench: Bench
) -> None:
    _serve_metadata(bench.server, **listing)
    index = bench.open()
    assert index.served_metadata(bench.listed(index)) == (METADATA_SHA256, OTHER_SHA256)


def test_metadata_of_every_index_counts(bench: Bench, other: IndexServer) -> None:
    _serve_metadata(bench.server, keys={"core-metadata": {"sha256": METADATA_SHA256}})
    _serve_metadata(other, metadata=METADATA + b"!", attributes={"data-core-metadata": "true"})
    index = bench.open(other.url)
    found = index.served_metadata(bench.listed(index))
    assert found == (METADATA_SHA256, sha256(METADATA + b"!").hexdigest())


def test_only_wheels_have_metadata_beside_them(bench: Bench) -> None:
    keys = {"core-metadata": {"sha256": METADATA_SHA256}}
    _serve_metadata(bench.server, keys=keys, filename=NAME)
    index = bench.open()
    assert index.served_metadata(bench.listed(index)) == ()


def test_metadata_without_end_is_not_read_to_its_end(bench: Bench) -> None:
    metadata = b"x" * (MAX_METADATA_BYTES + 1)
    _serve_metadata(bench.server, metadata=metadata, keys={"core-metadata": True})
    index = bench.open()
    with pytest.raises(IndexUnreachableError, match="longer than"):
        index.served_metadata(bench.listed(index))
    assert bench.visible() == []


def test_a_passing_failure_of_metadata_is_survived(bench: Bench) -> None:
    _serve_metadata(bench.server, keys={"core-metadata": True})
    bench.server.fail(f"{WHEEL}.metadata", Status(503), Reset(after=10))
    index = bench.open()
    assert index.served_metadata(bench.listed(index)) == (METADATA_SHA256,)


def test_a_page_from_the_cache_still_says_what_is_served(bench: Bench) -> None:
    bench.server.page_headers["Cache-Control"] = "max-age=600"
    _serve_metadata(bench.server, keys={"core-metadata": {"sha256": METADATA_SHA256}})
    first, second = bench.listed(), bench.listed()
    assert first == second
    assert bench.server.count("demo") == 1
    assert bench.open(offline=True).served_metadata(second) == (METADATA_SHA256,)


def _local_metadata(directory: Path, metadata: bytes) -> tuple[SimpleIndex, IndexFile]:
    page = directory / "simple" / "demo" / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="{WHEEL}" data-core-metadata="true">{WHEEL}</a>', encoding="utf-8")
    page.with_name(f"{WHEEL}.metadata").write_bytes(metadata)
    index = open_index(
        IndexConfig(urls=((directory / "simple").as_uri(),)),
        cache_root=directory / "cache",
        offline=False,
        listener=lambda _event: None,
    )
    (file,) = index.project("demo").files
    return index, file


def test_metadata_of_a_local_index_is_read_while_it_is_there(tmp_path: Path) -> None:
    index, file = _local_metadata(tmp_path, METADATA)
    assert index.served_metadata(file) == (METADATA_SHA256,)
    (tmp_path / "simple" / "demo" / f"{WHEEL}.metadata").unlink()
    assert index.served_metadata(file) == ()


def test_metadata_of_a_local_index_is_bounded_too(tmp_path: Path) -> None:
    index, file = _local_metadata(tmp_path, bytes(MAX_METADATA_BYTES + 1))
    with pytest.raises(IndexUnreachableError, match="longer than"):
        index.served_metadata(file)


def test_a_provenance_is_fetched_once_in_a_run_and_kept_for_offline_ones(bench: Bench) -> None:
    plain = served_project({NAME: (CONTENT, WHEN)})
    bench.server.add("demo", [replace(plain[0], provenance=b"{}")])
    index = bench.open()
    file = bench.listed(index)
    paths = {index.provenance(file), index.provenance(file)}
    (path,) = paths
    assert path is not None
    assert path.read_bytes() == b"{}"
    assert bench.server.count(f"{NAME}.provenance") == 1
    assert bench.open(offline=True).provenance(file) == path
    assert bench.open().project("demo").files == (file,)


def test_without_a_provenance_nothing_is_asked(bench: Bench) -> None:
    index = bench.open()
    file = bench.listed(index)
    before = bench.server.count()
    assert index.provenance(file) is None
    assert bench.server.count() == before


def test_a_provenance_that_is_not_there_is_none_and_a_huge_one_is_refused(bench: Bench) -> None:
    plain = served_project({NAME: (CONTENT, WHEN)})
    bench.server.add("demo", [replace(plain[0], provenance=b"x" * (MAX_METADATA_BYTES + 1))])
    index = bench.open()
    file = bench.listed(index)
    with pytest.raises(IndexUnreachableError, match="is longer than"):
        index.provenance(file)
    bench.server.fail(f"{NAME}.provenance", Status(404))
    assert index.provenance(file) is None
