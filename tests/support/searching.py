"""Driving a search by hand: small real wheels instead of builds, a real index that lists nothing.

search = searched(published, folder, index.url)
search.learn(choices, RECIPE, wheel)
"""

import atexit
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from packaging.utils import NormalizedName

from builders.rebuild import Rebuilder
from builders.recipe import BackendCall, LockedFile, Recipe, SourceFile
from builders.sandbox.interface import Limits
from builders.sandbox.unsafe_host import UnsafeHostSandbox
from builders.search.choices import Choices
from builders.search.probe import Prober
from builders.search.profile import Profile, read_profile
from builders.search.refine import Tried
from builders.search.releases import Releases
from builders.search.search import Search
from builders.store import Store
from tests.support.wheels import DIST_INFO, FILENAME, entries, pack, with_record, write
from verify.events import silent
from verify.gather import IndexGatherer
from verify.index.cache import FileCache
from verify.index.client import SimpleIndex, open_index
from verify.index.config import load_config

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)

RECIPE = Recipe(
    source=SourceFile(
        name=NormalizedName("example"),
        version="1.0",
        filename="example-1.0.tar.gz",
        sha256="ab" * 32,
    ),
    python="3.11",
    sandbox="unsafe-host",
    image=None,
    as_of=NOW,
    backend=BackendCall(mode="pep517", backend="setuptools.build_meta"),
    requirements=(),
)
"""It has no setuptools, so that nothing is asked for metadata."""


def info(name: str) -> str:
    """The path of a file in the dist-info directory."""
    return f"{DIST_INFO}/{name}"


def metadata(*headers: str, version: str = "1.0", end: str = "\n") -> bytes:
    """A METADATA file."""
    lines = ("Metadata-Version: 2.1", "Name: example", f"Version: {version}", *headers, "")
    return end.join(lines).encode()


def wheel_file(
    *tags: str, end: str = "\n", generator: str = "test 1", purelib: str = "true"
) -> bytes:
    """A WHEEL file with these tags."""
    lines = ("Wheel-Version: 1.0", f"Generator: {generator}", f"Root-Is-Purelib: {purelib}")
    return end.join((*lines, *(f"Tag: {tag}" for tag in tags), "")).encode()


def files(changes: Mapping[str, bytes | None] | None = None) -> dict[str, bytes]:
    """The members of a wheel without RECORD; a change of None leaves one out."""
    whole: dict[str, bytes | None] = {
        "example.py": b"VALUE = 1\n",
        info("METADATA"): metadata(),
        info("WHEEL"): wheel_file("py3-none-any"),
        **(changes or {}),
    }
    return {name: data for name, data in whole.items() if data is not None}


def wheel(folder: Path, changes: Mapping[str, bytes | None] | None = None) -> Path:
    """A wheel of `files`, each in a folder of its own below the given one."""
    own = folder / f"wheel-{len(list(folder.iterdir()))}"
    return write(own, pack(entries(with_record(files(changes)))))


def profile(changes: Mapping[str, bytes | None] | None = None) -> Profile:
    """The profile of a wheel of `files`."""
    return profile_of(with_record(files(changes)))


def profile_of(members: Mapping[str, bytes]) -> Profile:
    """The profile of a wheel of exactly these members, which stays readable."""
    return profile_of_archive(pack(entries(members)))


def profile_of_archive(data: bytes) -> Profile:
    """The profile of a wheel, which stays readable."""
    path = _folder() / sha256(data).hexdigest() / FILENAME
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return read_profile(path)


@cache
def _folder() -> Path:
    """A folder that lasts as long as the process."""
    folder = mkdtemp(prefix="truewheel-profiles-")
    atexit.register(rmtree, folder)
    return Path(folder)


def tried(
    changes: Mapping[str, bytes | None] | None = None,
    choices: Choices | None = None,
    recipe: Recipe = RECIPE,
) -> Tried:
    """An attempt that built a wheel of `files`."""
    return Tried(choices=choices or Choices(), recipe=recipe, profile=profile(changes))


def requiring(*releases: str) -> Recipe:
    """RECIPE with build requirements, each given as `NAME==VERSION`."""
    locked = []
    for release in releases:
        name, _, version = release.partition("==")
        filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        file = LockedFile(
            name=NormalizedName(name), version=version, filename=filename, sha256="cd" * 32
        )
        locked.append(file)
    return replace(RECIPE, requirements=tuple(locked))


def index_at(url: str, folder: Path) -> SimpleIndex:
    """A client of an index on loopback, with its cache in a folder."""
    config = load_config(index_url=url, extra_index_urls=(), environ={}, cwd=folder)
    return open_index(config, cache_root=folder, offline=False, listener=silent)


def searched(
    published: Profile, folder: Path, url: str, pythons: Sequence[tuple[int, int]] = ()
) -> Search:
    """A search for a published wheel; whatever Pythons it is told of, nothing is run."""
    index, store = index_at(url, folder), Store(folder)
    gatherer = IndexGatherer(FileCache(folder), index)
    rebuilder = Rebuilder(UnsafeHostSandbox(), gatherer, store, Limits())
    return Search(published, NOW, Prober(rebuilder, Releases(index), store), pythons)
