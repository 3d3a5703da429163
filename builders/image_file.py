"""One file that holds an image or a toolchain, for machines that reach no Debian mirror.

A tar archive of two members: `truewheel-image.json`, which says what the other one is, and
`root.tar`, the archive as the cache keeps it.
"""

import hashlib
import io
import json
import tarfile
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from builders import root_tree, toolchains
from builders.debian import KIND, archive_path
from builders.definition import Packaged, definitions, toolchain_definitions
from builders.sandbox.interface import SandboxFault
from builders.store import DRAFT_PREFIX, Store, storing
from builders.unpack import BROKEN, check_archive
from verify.drafts import new_file
from verify.errors import UsageFault

IDENTITY = "truewheel-image.json"
ARCHIVE = "root.tar"
FORMAT = 1
IDENTITY_BYTES = 64 * 1024
CHUNK = 1024**2


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What an exported file holds.

    Attributes:
        name: of the image or toolchain, e.g. `gcc-10`.
        definition: digest of the definition that it was made from.
        sha256: of the archive inside.
        size: of the archive inside, in bytes.
    """

    name: str
    definition: str
    sha256: str
    size: int


def export_image(packaged: Packaged, archive: Path, target: Path) -> Identity:
    """Write the archive of a definition to one file, which appears whole or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    with storing(target.parent), archive.open("rb") as content:
        identity = Identity(
            name=packaged.name,
            definition=packaged.digest,
            sha256=hashlib.file_digest(content, "sha256").hexdigest(),
            size=content.tell(),
        )
        content.seek(0)
        with (
            new_file(target, prefix=DRAFT_PREFIX, suffix="") as draft,
            tarfile.open(fileobj=draft, mode="w", format=tarfile.GNU_FORMAT) as tar,
        ):
            document = json.dumps({"format": FORMAT, **asdict(identity)}, indent=1).encode()
            _add(tar, IDENTITY, io.BytesIO(document), len(document))
            _add(tar, ARCHIVE, content, identity.size)
    return identity


def import_image(source: Path, *, cache_root: Path) -> Identity:
    """Take the archive of an exported file into the cache, in place of another one.

    Raises:
        UsageFault: it is no such file, it is damaged, its archive holds what it must not, or this
            version of truewheel has another definition of what it names.
        StoreError: the cache cannot be written.
    """
    try:
        return _import(source, cache_root)
    except (*BROKEN, SandboxFault) as error:
        raise UsageFault(f"{source} is not a whole exported image: {error}") from error
    except OSError as error:
        raise UsageFault(f"cannot read {source}: {error.strerror}") from error


def _import(source: Path, cache_root: Path) -> Identity:
    folder = Store(cache_root).folder(KIND)
    draft = folder / f"{DRAFT_PREFIX}{uuid.uuid4().hex}.tar"
    with source.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
        identity = _identity(_next(tar, IDENTITY, IDENTITY_BYTES))
        packaged = _defined(identity)
        try:
            with storing(folder), draft.open("xb") as copy:
                _copy(_next(tar, ARCHIVE, identity.size), copy, identity)
            if tar.next() is not None:
                raise SandboxFault("something follows the archive")
            check_archive(draft, toolchains.SHOWN if _is_toolchain(packaged) else root_tree.SHOWN)
            _keep(packaged, draft, cache_root, identity)
        finally:
            draft.unlink(missing_ok=True)
    return identity


def _keep(packaged: Packaged, draft: Path, cache_root: Path, identity: Identity) -> None:
    """Put the archive into its place; what was unpacked from another one goes."""
    place = archive_path(packaged, cache_root)
    with storing(place.parent):
        draft.replace(place)
    store = Store(cache_root)
    for kind in (toolchains.KIND, root_tree.KIND):
        tree = store.find_tree(kind, packaged.digest)
        if tree is not None and identity.sha256 not in _unpacked_from(tree):
            store.forget_tree(kind, packaged.digest)


def _unpacked_from(tree: Path) -> str:
    about = tree / (toolchains.ABOUT if tree.parent.name == toolchains.KIND else root_tree.ABOUT)
    return about.read_text(encoding="utf-8") if about.is_file() else ""


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    tar.addfile(member, content)


def _next(tar: tarfile.TarFile, name: str, most: int) -> IO[bytes]:
    member = tar.next()
    if member is None or member.name != name or not member.isfile() or member.issparse():
        raise SandboxFault(f"{name} is not where it has to be")
    if member.size > most:
        raise SandboxFault(f"{name} is larger than it has to be")
    content = tar.extractfile(member)
    if content is None:
        raise SandboxFault(f"{name} cannot be read")
    return content


def _identity(content: IO[bytes]) -> Identity:
    document: Any = json.loads(content.read())
    match document:
        case {
            "format": int(version),
            "name": str(name),
            "definition": str(definition),
            "sha256": str(sha256),
            "size": int(size),
        } if version == FORMAT:
            return Identity(name=name, definition=definition, sha256=sha256, size=size)
    raise SandboxFault(f"{IDENTITY} says something else than this version of truewheel can read")


def _defined(identity: Identity) -> Packaged:
    known = _known()
    if identity.name not in known:
        raise SandboxFault(f"there is no image or toolchain {identity.name!r}")
    packaged = known[identity.name]
    if packaged.digest != identity.definition:
        raise SandboxFault(
            f"this version of truewheel, or this kind of machine, defines {packaged.name} otherwise"
        )
    return packaged


def _known() -> Mapping[str, Packaged]:
    return {**definitions(), **toolchain_definitions()}


def _is_toolchain(packaged: Packaged) -> bool:
    return packaged.name in toolchain_definitions()


def _copy(content: IO[bytes], copy: IO[bytes], identity: Identity) -> None:
    digest, size = hashlib.sha256(), 0
    while chunk := content.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        copy.write(chunk)
    if (digest.hexdigest(), size) != (identity.sha256, identity.size):
        raise SandboxFault(f"{ARCHIVE} is not the one that {IDENTITY} names")
