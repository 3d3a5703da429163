"""A package index on the loopback interface, for tests: files from memory, faults on demand.

    with IndexServer() as server:
        server.add("demo", served_project({"demo-1.0.tar.gz": (content, upload_time)}))
        server.fail("demo-1.0.tar.gz", Status(503), Reset())  # the first two requests for it
        ...                                                   # client asks server.url
        assert server.count("demo-1.0.tar.gz") == 3

`/simple/<project>/` answers in JSON (PEP 691, PEP 700) or HTML (PEP 503), as the client prefers and
the server allows; `/files/<project>/<filename>` serves the bytes, and with `.metadata` behind it
what is to be served as core metadata.
"""

import base64
import hashlib
import html
import json
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote, urlsplit

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"

_HOST = "127.0.0.1"
_SLOW_STEPS = 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedFile:
    """One file; `listed_*` make the listing lie, None leaves the truth, `NOT_LISTED` nothing.

    Attributes:
        yanked: None if not yanked, else the reason.
        url: what the listing links to; None for the file on this server.
        metadata: what is served under the file's URL and `.metadata` (PEP 658), None for nothing.
        provenance: the same under `.provenance` (PEP 740), which the listing then links to.
        json_keys, html_attributes: what the listing says besides, by name.
    """

    filename: str
    content: bytes
    upload_time: datetime | None = None
    requires_python: str | None = None
    yanked: str | None = None
    listed_sha256: str | None = None
    listed_size: int | None = None
    url: str | None = None
    metadata: bytes | None = None
    provenance: bytes | None = None
    json_keys: Mapping[str, object] = field(default_factory=dict)
    html_attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


NOT_LISTED = ""
"""As `listed_sha256`: the listing gives no hash. (-1 as `listed_size`: no size.)"""


def served_project(
    files: Mapping[str, tuple[bytes, datetime | None]], *, requires_python: str | None = None
) -> tuple[ServedFile, ...]:
    """A project from a dict of file name -> (bytes, upload time)."""
    return tuple(
        ServedFile(
            filename=filename,
            content=content,
            upload_time=upload_time,
            requires_python=requires_python,
        )
        for filename, (content, upload_time) in files.items()
    )


@dataclass(frozen=True)
class Status:
    """Answer with this status and nothing else."""

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reset:
    """Answer with some bytes of the body, then reset the connection (RST)."""

    after: int = 0


@dataclass(frozen=True)
class ShortRead:
    """Announce the whole body, send this many bytes of it, close."""

    sent: int


@dataclass(frozen=True)
class WrongBytes:
    """Answer with these bytes instead, as if they were right."""

    content: bytes


@dataclass(frozen=True)
class Slow:
    """Answer correctly, the body spread over this many seconds."""

    seconds: float


@dataclass(frozen=True)
class Held:
    """Answer correctly, once something has happened."""

    until: threading.Event


@dataclass(frozen=True)
class WrongRange:
    """Answer a Range request with 206 and another range than the one asked for."""


Fault = Status | Reset | ShortRead | WrongBytes | Slow | Held | WrongRange


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request as the server saw it; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


class IndexServer:
    """The server; start and stop it with `with`.

    Attributes to set as a test needs them:
        json: whether project pages are offered as JSON.
        ranges: whether Range requests are honoured.
        etags: whether pages and files carry an ETag, and If-None-Match is honoured.
        page_headers: further headers of project pages, e.g. Cache-Control.
        credentials: (user, password) that every request must carry.
    """

    def __init__(self) -> None:
        self.json = True
        self.ranges = True
        self.etags = True
        self.page_headers: dict[str, str] = {}
        self.credentials: tuple[str, str] | None = None
        self.requests: list[Request] = []
        self.projects: dict[str, tuple[ServedFile, ...]] = {}
        self.pages: dict[str, tuple[str, bytes]] = {}
        self._faults: dict[str, list[Fault]] = {}
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def netloc(self) -> str:
        return f"{_HOST}:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The index URL, without a trailing slash."""
        return f"http://{self.netloc}/simple"

    def file_url(self, project: str, filename: str) -> str:
        return f"http://{self.netloc}/files/{project}/{quote(filename)}"

    def add(self, project: str, files: Iterable[ServedFile]) -> None:
        """Serve a project, by its normalized name; what was served under it is replaced."""
        self.projects[project] = tuple(files)

    def add_page(self, project: str, content_type: str, body: bytes) -> None:
        """Serve exactly these bytes as a project's page."""
        self.pages[project] = (content_type, body)

    def fail(self, name: str, *faults: Fault) -> None:
        """Let the next requests for a file name, or the page of a project, fail one by one."""
        with self._lock:
            self._faults.setdefault(name, []).extend(faults)

    def count(self, name: str | None = None) -> int:
        """How many requests there were, for a file name or project page if given."""
        return sum(1 for request in self.requests if name in {None, _name_of(request.path)})

    def _record(self, request: Request) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            waiting = self._faults.get(_name_of(request.path))
            return waiting.pop(0) if waiting else None


def _name_of(path: str) -> str:
    return unquote(urlsplit(path).path.rstrip("/").rpartition("/")[2])


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, index: IndexServer) -> None:
        super().__init__((_HOST, 0), _Handler)
        self.index = index

    def handle_error(self, request: object, client_address: object) -> None:
        # Clients hang up on purpose in these tests; anything else is a fault of this file.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # passed through


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        index = self.server.index
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault = index._record(Request(method=self.command, path=self.path, headers=headers))
        if isinstance(fault, Held):
            fault.until.wait()
        if isinstance(fault, Status):
            self._answer(fault.code, b"", fault.headers)
        elif not self._is_authorized():
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="index"'})
        else:
            self._route(fault)

    def do_HEAD(self) -> None:
        self.do_GET()  # `_answer` leaves out the body

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - base class
        """Say nothing."""

    def _is_authorized(self) -> bool:
        wanted = self.server.index.credentials
        if wanted is None:
            return True
        encoded = base64.b64encode(":".join(wanted).encode()).decode()
        return self.headers.get("Authorization") == f"Basic {encoded}"

    def _route(self, fault: Fault | None) -> None:
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        index = self.server.index
        if parts[0] == "simple" and len(parts) == 2:
            self._page(parts[1], fault)
            return
        if parts[0] == "files" and len(parts) == 3:
            for file in index.projects.get(parts[1], ()):
                contents = {
                    file.filename: file.content,
                    f"{file.filename}.metadata": file.metadata,
                    f"{file.filename}.provenance": file.provenance,
                }
                content = contents.get(parts[2])
                if content is not None:
                    self._send(content, {"Content-Type": "application/octet-stream"}, fault)
                    return
        self._answer(404, b"", {})

    def _page(self, project: str, fault: Fault | None) -> None:
        index = self.server.index
        if project in index.pages:
            content_type, body = index.pages[project]
        elif project in index.projects:
            content_type, body = self._listing(project)
        else:
            self._answer(404, b"", {})
            return
        headers = {"Content-Type": content_type, **index.page_headers}
        self._send(body, headers, fault)

    def _listing(self, project: str) -> tuple[str, bytes]:
        index = self.server.index
        files = index.projects[project]
        if index.json and JSON_TYPE in self.headers.get("Accept", ""):
            return JSON_TYPE, json_page(index, project, files)
        return HTML_TYPE, html_page(index, project, files)

    def _send(self, body: bytes, headers: dict[str, str], fault: Fault | None) -> None:
        if isinstance(fault, WrongBytes):
            body = fault.content
        if self.server.index.etags:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if self.headers.get("If-None-Match") == headers["ETag"]:
                self._answer(304, b"", headers)
                return
        if self.server.index.ranges:
            headers["Accept-Ranges"] = "bytes"
        part = self._range(len(body), headers)
        if part is None:
            self._answer(200, body, headers, fault)
            return
        claimed = part.start + 1 if isinstance(fault, WrongRange) else part.start
        headers["Content-Range"] = f"bytes {claimed}-{part.stop - 1}/{len(body)}"
        self._answer(206, body[part.start : part.stop], headers, fault)

    def _range(self, size: int, headers: Mapping[str, str]) -> range | None:
        """The part that is asked for: `bytes=5-`, `bytes=5-9` or `bytes=-5` (RFC 9110, 14.1.2)."""
        found = _RANGE.fullmatch(self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        stale = condition is not None and condition != headers.get("ETag")
        if not self.server.index.ranges or found is None or stale:
            return None
        first, last = found.groups()
        if not first:
            return range(max(0, size - int(last or 0)), size)
        stop = min(int(last) + 1, size) if last else size
        return range(int(first), stop) if int(first) < stop else None

    def _answer(
        self, status: int, body: bytes, headers: Mapping[str, str], fault: Fault | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if isinstance(fault, Reset):
            self._reset(body[: fault.after])
        elif isinstance(fault, ShortRead):
            self.wfile.write(body[: fault.sent])
            self.close_connection = True
        elif isinstance(fault, Slow):
            self._drip(body, fault.seconds)
        else:
            self.wfile.write(body)

    def _reset(self, sent: bytes) -> None:
        self.wfile.write(sent)
        time.sleep(0.05)  # a reset may overtake bytes that the client has not read yet
        # SO_LINGER of zero seconds: close() sends RST and not FIN.
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True

    def _drip(self, body: bytes, seconds: float) -> None:
        step = max(1, len(body) // _SLOW_STEPS)
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            time.sleep(seconds / _SLOW_STEPS)


def json_page(index: IndexServer, project: str, files: Iterable[ServedFile]) -> bytes:
    """A project page as PEP 691 and PEP 700 describe it."""
    listed = [_json_file(index, project, file) for file in files]
    page = {"meta": {"api-version": "1.1"}, "name": project, "versions": [], "files": listed}
    return json.dumps(page).encode()


def _json_file(index: IndexServer, project: str, file: ServedFile) -> Mapping[str, object]:
    digest = file.sha256 if file.listed_sha256 is None else file.listed_sha256
    size = len(file.content) if file.listed_size is None else file.listed_size
    entry: dict[str, object] = {
        "filename": file.filename,
        "url": file.url or index.file_url(project, file.filename),
        "hashes": {"sha256": digest} if digest else {},
        "requires-python": file.requires_python,
        "yanked": False if file.yanked is None else file.yanked or True,
    }
    if size >= 0:
        entry["size"] = size
    if file.upload_time is not None:
        entry["upload-time"] = file.upload_time.astimezone(UTC).isoformat()
    if file.provenance is not None:
        entry["provenance"] = index.file_url(project, f"{file.filename}.provenance")
    return {**entry, **file.json_keys}


def html_page(index: IndexServer, project: str, files: Iterable[ServedFile]) -> bytes:
    """A project page as PEP 503 and PEP 592 describe it."""
    links = "\n".join(_link(index, project, file) for file in files)
    return f"<!DOCTYPE html><html><body>\n{links}\n</body></html>\n".encode()


def _link(index: IndexServer, project: str, file: ServedFile) -> str:
    digest = file.sha256 if file.listed_sha256 is None else file.listed_sha256
    url = file.url or index.file_url(project, file.filename)
    attributes = {"href": f"{url}#sha256={digest}" if digest else url}
    if file.requires_python is not None:
        attributes["data-requires-python"] = file.requires_python
    if file.yanked is not None:
        attributes["data-yanked"] = file.yanked
    attributes |= file.html_attributes
    written = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
    return f"<a {written}>{html.escape(file.filename)}</a>"


def http_date(moment: datetime) -> str:
    """A date as HTTP headers spell it (RFC 9110, 5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
