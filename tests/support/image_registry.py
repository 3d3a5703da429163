"""A real image registry on this machine's loopback, and an image like those wheels are built in.

The registry is Debian's `docker-registry`. The image is made of what other tests have made already:
the root of our own image, for its C library and its CPython, and the tree of a toolchain, each laid
out as in the published images: interpreters below /opt/python, the compiler below /opt/rh.
"""

import gzip
import hashlib
import io
import json
import re
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import requests

from builders.toolchains import Toolchain

PROGRAM = "docker-registry"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"

CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""

START_SECONDS = 120.0

ONLY_THERE = "only_in_the_image.h"
"""A header that no toolchain has."""

NOT_THERE = "zlib.h"
"""A header that the toolchain has and the image has not."""


@dataclass(kw_only=True)
class ImageRegistry:
    """A registry that can be stopped and started again, with its storage below `folder`."""

    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """What a person would call it."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.name}/v2"

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._process is not None:
            return
        config = self.folder / "config.yml"
        config.write_text(CONFIG.format(folder=self.folder / "storage", port=self.port))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "serve", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it, unless it does not run."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=START_SECONDS)
            self._process = None

    def _answers(self) -> bool:
        try:
            return requests.get(self.url, timeout=1).ok
        except requests.RequestException:
            return False

    def push(self, repository: str, data: bytes | Path) -> dict[str, object]:
        """Put a blob in; gives what a manifest says of it."""
        content = data.read_bytes() if isinstance(data, Path) else data
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        begun = requests.post(f"{self.url}/{repository}/blobs/uploads/", timeout=60)
        put = requests.put(
            begun.headers["Location"], params={"digest": digest}, data=content, timeout=60
        )
        assert put.status_code == 201, put.text
        return {"digest": digest, "size": len(content)}

    def tag(self, repository: str, tag: str, manifest: Mapping[str, object]) -> str:
        """Put a manifest in under a tag; gives its digest."""
        put = requests.put(
            f"{self.url}/{repository}/manifests/{tag}",
            data=json.dumps(manifest),
            headers={"Content-Type": MANIFEST},
            timeout=60,
        )
        assert put.status_code == 201, put.text
        return put.headers["Docker-Content-Digest"]

    @contextmanager
    def tampered(self, digest: object) -> Iterator[None]:
        """For the length of a block, a blob has one byte that is another one."""
        name = str(digest).removeprefix("sha256:")
        path = self.folder / f"storage/docker/registry/v2/blobs/sha256/{name[:2]}/{name}/data"
        with path.open("r+b") as file:
            place = path.stat().st_size // 2
            file.seek(place)
            kept = file.read(1)
            file.seek(place)
            file.write(bytes((kept[0] ^ 1,)))
            file.flush()
            try:
                yield
            finally:
                file.seek(place)
                file.write(kept)


@dataclass(frozen=True, kw_only=True)
class Layers:
    """What the images of a repository share: `config` says it in an image's own words."""

    blobs: tuple[dict[str, object], ...]
    unpacked: tuple[str, ...]

    def configuration(self, created: str) -> bytes:
        """An image's configuration, another one for each day."""
        return json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "created": created,
                "config": {
                    "Env": ["PATH=/opt/rh/devtoolset-10/root/usr/bin:/usr/bin:/bin"],
                    "Entrypoint": ["manylinux-entrypoint"],
                },
                "rootfs": {"type": "layers", "diff_ids": list(self.unpacked)},
            }
        ).encode()

    def publish(self, registry: ImageRegistry, repository: str, tag: str) -> str:
        """An image of the day that a tag begins with; gives its digest."""
        data = self.configuration(f"{tag[:10]}T00:00:00Z")
        configuration = registry.push(repository, data)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **configuration},
            "layers": list(self.blobs),
        }
        return registry.tag(repository, tag, manifest)


def push_layers(
    registry: ImageRegistry, repository: str, root: Path, toolchain: Toolchain, folder: Path
) -> Layers:
    """Put the layers of such an image in, and only what a small module in C takes of each."""
    ((tree, place),) = ((mount.source, mount.target) for mount in toolchain.mounts)
    made = []
    for name, fill in {
        "root": lambda tar: _add_root(tar, root),
        "toolchain": lambda tar: _add_tree(tar, tree, place),
        "shape": lambda tar: _add_shape(tar, place),
    }.items():
        made.append(_layer(folder / f"{name}.tar", fill))
    blobs = [{"mediaType": LAYER, **registry.push(repository, layer)} for layer in made[:-1]]
    packed = gzip.compress(made[-1].read_bytes(), mtime=0)
    blobs.append({"mediaType": f"{LAYER}+gzip", **registry.push(repository, packed)})
    return Layers(blobs=tuple(blobs), unpacked=tuple(map(_digest, made)))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _layer(path: Path, fill: Callable[[tarfile.TarFile], None]) -> Path:
    with tarfile.open(path, "w") as tar:
        fill(tar)
    return path


_ROOT = re.compile(
    r"""
    s?bin | lib(?:64)? | usr(?:/s?bin|/lib(?:64)?)? | usr/lib/x86_64-linux-gnu | usr/lib64/.*
    | usr/lib/x86_64-linux-gnu/(?:ld-|lib(?:acl|attr|bz2|c|cap|crypt|crypto|dl|expat|ffi|gcc_s
        |lzma|m|nsl|pcre2-8|pthread|rt|selinux|sqlite3|ssl|tinfo|tirpc|util|uuid|z)[-.](?!a$))[^/]*
    | usr/bin/(?:cat|chmod|cp|dash|env|grep|ls|mkdir|mv|perl|python3(?:\.11)?|readlink|rm|sh|sort
        |tr)
    | usr/(?:lib|include|include/x86_64-linux-gnu)/python3(?:\.11)?
        (?:/(?!test|config-|lib2to3).*)?
    """,
    re.VERBOSE,
)
"""What runs CPython and a shell."""

_NOT_FOR_C = re.compile(
    r".*(?:/cc1plus|/lto[^/]*|(?<!/libgcc)(?<!nonshared)\.a|san\.so[^/]*|g\+\+[^/]*|gold|dwp|-gcov.*)"
    r"|.*/usr/include/c\+\+.*|.*/usr/share/.*"
)
"""What of a toolchain only other languages take."""


def _add_root(tar: tarfile.TarFile, root: Path) -> None:
    with tarfile.open(root) as given:
        for member in given:
            member.name = member.name.removeprefix("./")
            if _ROOT.fullmatch(member.name) and "__pycache__" not in member.name:
                tar.addfile(member, given.extractfile(member) if member.isreg() else None)


def _add_tree(tar: tarfile.TarFile, tree: Path, place: PurePosixPath) -> None:
    for path in sorted(tree.rglob("*")):
        name = str(place.relative_to("/") / path.relative_to(tree).as_posix())
        if _NOT_FOR_C.fullmatch(name):
            continue
        member = tar.gettarinfo(path, name)
        if member.islnk():
            member.type, member.linkname = tarfile.REGTYPE, ""
            member.size = path.stat().st_size
        if member.isreg():
            with path.open("rb") as file:
                tar.addfile(member, file)
        else:
            tar.addfile(member)


def _add_shape(tar: tarfile.TarFile, place: PurePosixPath) -> None:
    python = "opt/_internal/cpython-3.11.2"
    tools = ("gcc", "cpp", "ld")
    links: dict[str, str] = {
        "opt/python/cp311-cp311": f"/{python}",
        f"{python}/bin/python": "/usr/bin/python3.11",
        **{f"opt/rh/devtoolset-10/root/usr/bin/{tool}": f"{place}/bin/{tool}" for tool in tools},
    }
    texts = {
        f"{str(place)[1:]}/usr/include/{ONLY_THERE}": "#define ONLY_THERE 7\n",
        "opt/_internal/pipx/venvs/nat/nat.py": "",
        "usr/lib/python3/dist-packages/nat.py": "",
        "usr/local/bin/nat": "",
        "usr/bin/.wh.perl": "",
        f"{str(place)[1:]}/usr/include/.wh.{NOT_THERE}": "",
    }
    for name, target in links.items():
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, target
        tar.addfile(link)
    for name, text in texts.items():
        file = tarfile.TarInfo(name)
        file.size, file.mode = len(text), 0o644
        tar.addfile(file, io.BytesIO(text.encode()))
