"""Small setuptools projects and the build tools of their day, to build them for real.

The tools are published wheels; they are fetched once, by the product's own index client, into the
cache below `.truewheel/` of the checkout.
"""

import io
import os
import tarfile
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from builders.environment import prepare_environment
from builders.hooks import Frontend
from builders.recipe import BackendCall
from builders.sandbox.interface import Interpreter, Limits, Sandbox
from builders.store import Store
from tests.support.real_wheels import KEPT_CACHE, Pin
from tests.support.wheels import entries, pack, record_row
from verify.events import silent
from verify.gather import IndexGatherer
from verify.index.cache import FileCache
from verify.index.client import open_index
from verify.index.config import load_config

SETUPTOOLS_28 = Pin(
    project="setuptools",
    version="28.8.0",
    filename="setuptools-28.8.0-py2.py3-none-any.whl",
    sha256="2e59d06ac798efce29c567ee0e0687514efca529a665b8f364cf497cd10d21b2",
)
SETUPTOOLS_44 = Pin(
    project="setuptools",
    version="44.1.1",
    filename="setuptools-44.1.1-py2.py3-none-any.whl",
    sha256="27a714c09253134e60a6fa68130f78c7037e5562c4f21f8f318f2ae900d152d5",
)
SETUPTOOLS_59 = Pin(
    project="setuptools",
    version="59.6.0",
    filename="setuptools-59.6.0-py3-none-any.whl",
    sha256="4ce92f1e1f8f01233ee9952c04f6b81d1e02939d6e1b488428154974a4d0783e",
)
WHEEL_37 = Pin(
    project="wheel",
    version="0.37.1",
    filename="wheel-0.37.1-py2.py3-none-any.whl",
    sha256="4bdcd7d840138086126cd09254dc6195fb4fc6f01c050a1d7236f2630db1d22a",
)

SETUP_PY = BackendCall(mode="setup.py", backend="setuptools.build_meta:__legacy__")
PEP_517 = BackendCall(mode="pep517", backend="setuptools.build_meta:__legacy__")


def fetched(pin: Pin) -> Path:
    """The published file."""
    config = load_config(
        index_url=None, extra_index_urls=(), environ=dict(os.environ), cwd=Path("/")
    )
    index = open_index(config, cache_root=KEPT_CACHE, offline=False, listener=silent)
    gatherer = IndexGatherer(FileCache(KEPT_CACHE), index)
    return gatherer.gather(pin.project, pin.version, pin.filename, pin.sha256)


def write_tool(folder: Path, filename: str, files: Mapping[str, str]) -> Path:
    """A wheel written here, in a directory named by its sha256."""
    name, version, *tags = filename.removesuffix(".whl").split("-")
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    head = f"Wheel-Version: 1.0\nGenerator: test 1\nRoot-Is-Purelib: true\nTag: {'-'.join(tags)}\n"
    whole = {**files, f"{info}/METADATA": metadata, f"{info}/WHEEL": head}
    encoded = {member: text.encode() for member, text in whole.items()}
    rows = "".join(f"{record_row(member, data)}\n" for member, data in encoded.items())
    encoded[f"{info}/RECORD"] = f"{rows}{info}/RECORD,,\n".encode()
    data = pack(entries(encoded))
    path = folder / sha256(data).hexdigest() / filename
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return path


def write_sdist(folder: Path, files: Mapping[str, str], name: str = "old-1.0.tar.gz") -> Path:
    """An sdist of files given by their path below its root."""
    path = folder / name
    with tarfile.open(path, "w:gz") as archive:
        for member, text in sorted(files.items()):
            info = tarfile.TarInfo(f"old-1.0/{member}")
            info.size, info.mtime, info.mode = len(text.encode()), 1_500_000_000, 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
    path.chmod(0o644)
    folder.chmod(0o755)
    return path


def interpreter(sandbox: Sandbox, version: tuple[int, int]) -> Interpreter:
    """The sandbox's interpreter of a version."""
    (found,) = (python for python in sandbox.interpreters() if python.version == version)
    return found


def frontend(
    sandbox: Sandbox,
    source: Path,
    *,
    python: tuple[int, int],
    tools: Iterable[Pin | Path] = (SETUPTOOLS_44, WHEEL_37),
    call: BackendCall = SETUP_PY,
) -> Frontend:
    """A sandbox made ready to build a source with certain tools, published or written here.

    A tool's directory is named by its sha256, as the file cache has it.
    """
    chosen = interpreter(sandbox, python)
    wheels = [tool if isinstance(tool, Path) else fetched(tool) for tool in tools]
    return Frontend(
        sandbox=sandbox,
        python=chosen,
        environment=prepare_environment(wheels, chosen, Store(KEPT_CACHE)),
        source=source,
        call=call,
        variables={"SOURCE_DATE_EPOCH": "1500000000"},
        umask="022",
        config_settings={},
        limits=Limits(wall_seconds=120.0),
    )
