"""Wraps a root file system into an archive that `docker load` takes, as a function of its bytes.

Format: the "combined image JSON + filesystem changeset" of the Docker image specification 1.2. The
image ID is the SHA-256 of the configuration, which holds the SHA-256 of the layer, so the same root
and labels give the same ID in every engine.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from builders.sandbox.interface import BUILD_DIR, SANDBOX_UID

CHUNK = 1024**2
CREATED = "2024-01-01T00:00:00Z"
LAYER = "layer.tar"
ENGINE_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Names of Go's GOARCH by those of uname(2)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageArchive:
    """One image with a single layer, the tar archive `layer`."""

    layer: Path
    reference: str
    machine: str
    labels: Mapping[str, str]

    def configuration(self) -> bytes:
        """Return the image configuration, canonical JSON."""
        with self.layer.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        document = {
            "architecture": ENGINE_ARCHITECTURES.get(self.machine, self.machine),
            "config": {
                "Labels": dict(self.labels),
                "User": f"{SANDBOX_UID}:{SANDBOX_UID}",
                "WorkingDir": str(BUILD_DIR),
            },
            "created": CREATED,
            "history": [{"created": CREATED, "created_by": "truewheel images build"}],
            "os": "linux",
            "rootfs": {"diff_ids": [f"sha256:{digest}"], "type": "layers"},
        }
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    def stream(self) -> Iterator[bytes]:
        """Yield the archive piece by piece; nothing of it is ever stored a second time."""
        configuration = self.configuration()
        name = f"{hashlib.sha256(configuration).hexdigest()}.json"
        manifest = [{"Config": name, "Layers": [LAYER], "RepoTags": [self.reference]}]
        yield from _member(name, configuration)
        yield from _member("manifest.json", json.dumps(manifest).encode())
        size = self.layer.stat().st_size
        yield _header(LAYER, size)
        with self.layer.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
        yield _padding(size)
        yield bytes(2 * tarfile.BLOCKSIZE)


def context_archive(files: Mapping[str, bytes]) -> io.BytesIO:
    """Return a tar archive of small files, e.g. the context of an image build."""
    pieces = [piece for name, content in files.items() for piece in _member(name, content)]
    return io.BytesIO(b"".join([*pieces, bytes(2 * tarfile.BLOCKSIZE)]))


def _member(name: str, content: bytes) -> Iterator[bytes]:
    yield _header(name, len(content))
    yield content
    yield _padding(len(content))


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
