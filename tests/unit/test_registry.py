"""Asking an image registry, over HTTP on this machine's loopback; and choosing among its tags."""

import hashlib
import io
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from builders.manylinux import PreferredImage, preferred_image
from builders.registry import Registry, RegistryFault, RegistryName, parse_registry
from builders.registry_manifest import read_configuration, read_environment, read_manifest
from builders.registry_resolve import kept_resolution, resolve
from builders.registry_tags import newest_tag
from builders.store import Store
from tests.support.command import truewheel
from verify.errors import UsageFault

BOTH = ("YYYY-MM-DD-COMMIT", "YYYY.MM.DD-BUILD")
DAY = date(2024, 6, 9)

TAGS = """
    2024-06-09-1234567                                          2024-06-09-1234567
    2024-06-08-1234567 2024-06-09-1234567 2024-06-10-1234567    2024-06-09-1234567
    2024.06.09-2 2024.06.09-10 2024.06.09-1                     2024.06.09-10
    2024-06-08-fffffff 2024.06.09-0                             2024.06.09-0
    2024-06-09-aaaaaaa 2024-06-09-bbbbbbb                       2024-06-09-bbbbbbb
    latest 2024-06-10-1234567 2024.06.10-1                      -
    2024-02-31-1234567 2024-06-09 2024.06.09                    -
    2024-06-09-1234567-arm x2024-06-09-1234567                  -
    2024-06-09-123456G 2024-06-09-123456                        -
"""
"""Tags, and which of them is the newest until that day."""


@pytest.mark.parametrize("row", TAGS.strip().splitlines())
def test_the_newest_tag_that_is_not_too_new_is_taken(row: str) -> None:
    *tags, expected = row.split()
    assert (newest_tag(tags, BOTH, DAY) or "-") == expected
    assert (newest_tag(reversed(tags), BOTH, DAY) or "-") == expected


def test_a_form_that_the_day_had_not_is_not_looked_for() -> None:
    tags = ("2024.06.09-1", "2024-06-01-1234567")
    assert newest_tag(tags, BOTH[:1], DAY) == "2024-06-01-1234567"
    assert newest_tag(tags, ("another form",), DAY) is None


@pytest.mark.parametrize(
    ("text", "host", "prefix", "url"),
    [
        ("images.example.org", "images.example.org", "", "https://images.example.org"),
        ("images.example.org/a/b/", "images.example.org", "a/b", "https://images.example.org"),
        ("example.org:5000/x", "example.org:5000", "x", "https://example.org:5000"),
        ("127.0.0.1:5000", "127.0.0.1:5000", "", "http://127.0.0.1:5000"),
        ("localhost:5000/m", "localhost:5000", "m", "http://localhost:5000"),
        ("[::1]:5000", "[::1]:5000", "", "http://[::1]:5000"),
        ("127.0.0.1.example.org", "127.0.0.1.example.org", "", "https://127.0.0.1.example.org"),
    ],
)
def test_a_registry_is_named_by_host_and_prefix(
    text: str, host: str, prefix: str, url: str
) -> None:
    name = parse_registry(text)
    assert (name.host, name.prefix, name.url) == (host, prefix, url)
    assert name.reference("a/b", "sha256:0") == f"{text.rstrip('/')}/a/b@sha256:0"


@pytest.mark.parametrize(
    "text",
    ["", "/", "https://example.org", "user@example.org", "example.org/UPPER", "example.org/a:tag",
     "example.org/../x", "example.org//x", "exa mple.org", "example.org/x@sha256:0", "-x/y"],
)  # fmt: skip
def test_what_names_no_registry_is_a_usage_fault(text: str) -> None:
    with pytest.raises(UsageFault, match="names no image registry"):
        parse_registry(text)


@dataclass(kw_only=True)
class Answer:
    """What a server gives for a path."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Served:
    """A server on the loopback that answers as it is told, and what it was asked."""

    name: RegistryName
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    authority: str | None = None

    def put(self, path: str, document: object, **headers: str) -> bytes:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answers[path] = Answer(body=body, headers=headers)
        return body

    def blob(self, data: bytes) -> dict[str, object]:
        digest = digest_of(data)
        self.put(f"/v2/m/x/blobs/{digest}", data)
        return {"digest": digest, "size": len(data)}

    @property
    def registry(self) -> Registry:
        return Registry(self.name)


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture
def served() -> Iterator[Served]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization")
            found.asked.append((self.path, given))
            answer = found.answers.get(self.path.partition("?")[0], Answer(status=404))
            exact = found.answers.get(self.path, answer)
            if found.authority and self.path.startswith("/v2/") and given != found.authority:
                realm = f'Bearer realm="{found.name.url}/token",service="s",scope="ignored"'
                exact = Answer(status=401, headers={"WWW-Authenticate": realm})
            self.send_response(exact.status)
            for name, value in exact.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(exact.body)))
            self.end_headers()
            self.wfile.write(exact.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Served(name=RegistryName(host=f"127.0.0.1:{server.server_port}", prefix="m"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


LIST = "/v2/m/x/tags/list"


def test_tags_are_read_page_by_page(served: Served) -> None:
    served.put(LIST, {"tags": ["a"]}, Link=f'<{LIST}?n=1000&last=a>; rel="next"')
    served.put(f"{LIST}?n=1000&last=a", {"tags": ["b", 3, "-no"]})
    served.answers[LIST] = served.answers.pop(LIST)
    served.put(f"{LIST}?n=1000", {"tags": ["a"]}, Link=f'<{LIST}?n=1000&last=a>; rel="next"')
    assert served.registry.tags("x") == ("a", "b")
    assert [path for path, _ in served.asked] == [f"{LIST}?n=1000", f"{LIST}?n=1000&last=a"]


def test_a_list_without_end_or_that_leads_elsewhere_is_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.put(LIST, {"tags": ["a"]}, Link=f'<{LIST}?n=1000>; rel="next"')
    monkeypatch.setattr("builders.registry.MAX_PAGES", 5)
    with pytest.raises(RegistryFault, match="without end"):
        served.registry.tags("x")
    assert len(served.asked) == 5
    served.put(LIST, {"tags": ["a"]}, Link='<http://example.org/x>; rel="next"')
    with pytest.raises(RegistryFault, match=r"leads to example\.org"):
        served.registry.tags("x")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 100_000, b'{"tags": "x"}', b"\xff"])
def test_an_answer_that_is_none_is_a_fault(served: Served, body: bytes) -> None:
    served.put(LIST, body)
    with pytest.raises(RegistryFault):
        served.registry.tags("x")


def test_a_registry_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(RegistryFault, match="cannot be asked"):
        Registry(RegistryName(host="127.0.0.1:1")).tags("x")


def test_an_answer_that_is_too_long_is_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builders.registry.MAX_DOCUMENT", 1000)
    served.put(LIST, {"tags": ["a" * 1000]})
    with pytest.raises(RegistryFault, match="too long"):
        served.registry.tags("x")


def test_a_token_that_everybody_gets_is_asked_for_once(served: Served) -> None:
    served.authority = "Bearer word"
    served.put("/token", {"token": "word"})
    served.put(LIST, {"tags": ["a"]})
    registry = served.registry
    assert registry.tags("x") == registry.tags("x") == ("a",)
    assert [path for path, _ in served.asked] == [
        f"{LIST}?n=1000",
        "/token?service=s&scope=repository%3Am%2Fx%3Apull",
        f"{LIST}?n=1000",
        f"{LIST}?n=1000",
    ]


def test_a_token_for_accounts_alone_is_a_fault(served: Served) -> None:
    served.authority = "Bearer word"
    with pytest.raises(RegistryFault, match="to nobody without an account"):
        served.registry.tags("x")
    served.put("/token", {"token": "an\nother"})
    with pytest.raises(RegistryFault, match="to nobody without an account"):
        served.registry.tags("x")


def test_what_is_fetched_by_digest_has_it(served: Served) -> None:
    data = served.put(f"/v2/m/x/manifests/{digest_of(b'other')}", b"this")
    with pytest.raises(RegistryFault, match="another manifest"):
        served.registry.manifest("x", digest_of(b"other"))
    served.put(f"/v2/m/x/manifests/{digest_of(data)}", data)
    assert served.registry.manifest("x", digest_of(data)) == data


@pytest.mark.parametrize("given", [b"somethinG", b"somethin", b"something more", b""])
def test_a_blob_that_is_not_exactly_it_is_refused(served: Served, given: bytes) -> None:
    digest, target = digest_of(b"something"), io.BytesIO()
    served.put(f"/v2/m/x/blobs/{digest}", given)
    with pytest.raises(RegistryFault, match="something else"):
        served.registry.blob("x", digest, 9, target)
    assert len(target.getvalue()) <= 9


def test_a_blob_may_be_elsewhere_and_a_tag_may_not(served: Served) -> None:
    digest, target = digest_of(b"something"), io.BytesIO()
    served.put("/elsewhere", b"something")
    moved = Answer(status=307, headers={"Location": f"{served.name.url}/elsewhere"})
    served.answers[f"/v2/m/x/blobs/{digest}"] = moved
    served.registry.blob("x", digest, 9, target)
    assert target.getvalue() == b"something"
    served.answers["/v2/m/x/manifests/latest"] = moved
    with pytest.raises(RegistryFault, match="answers 307"):
        served.registry.manifest("x", "latest")


def test_a_small_blob_is_not_read_when_it_says_to_be_large(served: Served) -> None:
    with pytest.raises(RegistryFault, match="too large"):
        served.registry.small_blob("x", digest_of(b""), 5 * 1024**2)
    assert served.asked == []


IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 3,
         "digest": digest_of(b"one")}  # fmt: skip
NONE = {"digest": digest_of(b""), "size": 0}


def manifest(**changes: object) -> bytes:
    document = {"schemaVersion": 2, "mediaType": IMAGE, "config": NONE, "layers": [LAYER]}
    return json.dumps({**document, **changes}).encode()


FAULTY = [
    {"schemaVersion": 1},
    {"mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws"},
    {"layers": []},
    {"layers": [LAYER] * 201},
    {"layers": ["x"]},
    {"layers": [{**LAYER, "mediaType": "application/vnd.oci.image.layer.v1.tar+zstd"}]},
    {"layers": [{**LAYER, "digest": "sha512:" + "0" * 128}]},
    {"layers": [{**LAYER, "digest": "sha256:../../x"}]},
    {"layers": [{**LAYER, "size": -1}]},
    {"layers": [{**LAYER, "size": 2**40}]},
    {"config": None},
]


@pytest.mark.parametrize("changes", FAULTY)
def test_a_manifest_that_is_not_understood_is_a_fault(changes: dict[str, object]) -> None:
    assert read_manifest(manifest()).layers[0].is_gzip
    with pytest.raises(RegistryFault):
        read_manifest(manifest(**changes))


@pytest.mark.parametrize("text", ["{}", '{"rootfs": []}', '{"rootfs": {"diff_ids": ["x"]}}'])
def test_a_configuration_that_is_not_understood_is_a_fault(text: str) -> None:
    with pytest.raises(RegistryFault):
        read_configuration(text.encode())


def test_of_an_images_environment_only_places_are_taken() -> None:
    entries = ["PATH=/opt/rh/x/root/usr/bin:/usr/bin", "LD_LIBRARY_PATH=/a/lib64:/b",
               "LD_PRELOAD=/a.so", "PKG_CONFIG_PATH=relative", "HOME=/root", 7]  # fmt: skip
    assert read_environment(entries) == {
        "PATH": "/opt/rh/x/root/usr/bin:/usr/bin",
        "LD_LIBRARY_PATH": "/a/lib64:/b",
    }
    assert read_environment("PATH=/usr/bin") == {}


def wanted() -> PreferredImage:
    found = preferred_image(["manylinux2014_x86_64"], "10.2.1", datetime(2024, 5, 1, tzinfo=UTC))
    assert found is not None
    return replace(found, repository="x")


def publish(served: Served, tag: str, machine: str = "amd64", *, is_index: bool = False) -> str:
    """An image under a tag; gives the digest of its manifest."""
    configuration = {"architecture": machine, "os": "linux", "rootfs": {"diff_ids": []}}
    data = manifest(config=served.blob(json.dumps(configuration).encode()))
    served.put(f"/v2/m/x/manifests/{digest_of(data)}", data)
    if is_index:
        entry = {"digest": digest_of(data), "platform": {"os": "linux", "architecture": machine}}
        other = {"digest": digest_of(b"x"), "platform": {"os": "linux", "architecture": "s390x"}}
        data_of_tag = json.dumps({"mediaType": INDEX, "manifests": [7, other, entry]}).encode()
    else:
        data_of_tag = data
    served.put(f"/v2/m/x/manifests/{tag}", data_of_tag)
    served.put(LIST, {"tags": ["latest", tag, "2024-05-02-fffffff"]})
    return digest_of(data)


@pytest.mark.parametrize("is_index", [False, True])
def test_a_tag_is_resolved_to_the_manifest_for_this_machine_and_asked_for_once(
    served: Served, tmp_path: Path, *, is_index: bool
) -> None:
    digest, store = publish(served, "2024-04-30-aaaaaaa", is_index=is_index), Store(tmp_path)
    found = resolve(served.registry, wanted(), store)
    assert (found.tag, found.digest) == ("2024-04-30-aaaaaaa", digest)
    asked = len(served.asked)
    publish(served, "2024-05-01-bbbbbbb")
    assert resolve(served.registry, wanted(), store) == found
    assert len(served.asked) == asked
    elsewhere = Registry(replace(served.name, prefix=""))
    assert kept_resolution(elsewhere, wanted(), store) is None


def test_what_is_kept_and_damaged_is_asked_for_again(served: Served, tmp_path: Path) -> None:
    publish(served, "2024-04-30-aaaaaaa")
    found = resolve(served.registry, wanted(), Store(tmp_path))
    (kept,) = (tmp_path / "registry-answers").iterdir()
    for text in ("", "[]", '{"tag": "x", "digest": "sha256:/../x"}', '{"tag": "a b"}'):
        kept.write_text(text)
        assert kept_resolution(served.registry, wanted(), Store(tmp_path)) is None
        assert resolve(served.registry, wanted(), Store(tmp_path)) == found


def test_of_today_nothing_is_kept(served: Served, tmp_path: Path) -> None:
    publish(served, "2024-04-30-aaaaaaa")
    # Also where midnight is between this line and the last one.
    today = replace(wanted(), not_after=(datetime.now(UTC) + timedelta(minutes=10)).date())
    served.put(LIST, {"tags": ["2024-04-30-aaaaaaa"]})
    first = resolve(served.registry, today, Store(tmp_path))
    publish(served, "2024-05-01-bbbbbbb")
    served.put(LIST, {"tags": ["2024-04-30-aaaaaaa", "2024-05-01-bbbbbbb"]})
    assert resolve(served.registry, today, Store(tmp_path)).tag != first.tag


@pytest.mark.parametrize("is_index", [False, True])
def test_an_image_for_another_machine_is_refused(
    served: Served, tmp_path: Path, *, is_index: bool
) -> None:
    publish(served, "2024-04-30-aaaaaaa", "arm64", is_index=is_index)
    with pytest.raises(RegistryFault, match=r"is (?:not )?for linux/"):
        resolve(served.registry, wanted(), Store(tmp_path))
    assert not (tmp_path / "registry-answers").exists()


def test_where_no_image_is_old_enough_there_is_none(served: Served, tmp_path: Path) -> None:
    publish(served, "2024-05-02-aaaaaaa")
    with pytest.raises(RegistryFault, match="has no image x of 2024-05-01 or before"):
        resolve(served.registry, wanted(), Store(tmp_path))


def test_the_registry_is_an_option_a_variable_and_a_key_of_a_file_that_is_named(
    tmp_path: Path,
) -> None:
    strange, wanted = "https://example.org", tmp_path / "wanted.txt"
    wanted.write_text("x==1\n")
    (tmp_path / "truewheel.toml").write_text(f'image-registry = "{strange}"\n')
    ways = [
        truewheel("check", "x==1", "--image-registry", strange),
        truewheel("check", "x==1", environment={"TRUEWHEEL_IMAGE_REGISTRY": strange}),
        truewheel("check", "x==1", "--config", tmp_path / "truewheel.toml"),
        truewheel("batch", wanted, "--report", tmp_path / "r", "--image-registry", strange),
        truewheel("lock", wanted, "-o", tmp_path / "lock.txt", "--image-registry", strange),
    ]
    for ran in ways:
        assert (ran.code, "names no image registry" in ran.stderr) == (2, True), ran.stderr
    found = truewheel("check", "x==1", cwd=tmp_path)
    assert found.code == 2
    assert "image-registry counts only in a file that --config names" in found.stderr
