"""Unpacks the root file system of an image for bubblewrap, which has no engine to keep it in."""

import json
from dataclasses import dataclass
from pathlib import Path

from builders.definition import Definition, definitions
from builders.rootfs import root_archive
from builders.sandbox.bwrap_command import FROM_ETC, Root
from builders.sandbox.host_root import LINKED_TO_USR
from builders.store import Store, StoreError
from builders.unpack import Shown, unpack
from verify.events import Listener, Note

KIND = "roots"
ABOUT = "root.json"
SHOWN = Shown(
    paths=frozenset({"usr", *LINKED_TO_USR, *(f"etc/{name}" for name in FROM_ETC)}),
    linkable=frozenset(LINKED_TO_USR),
)
"""What bubblewrap shows of a root; the rest it makes anew for each job."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptRoot:
    """An unpacked root in the cache.

    Attributes:
        reference: as the image of the same definition has in an engine.
        current: whether it belongs to a definition as this version of truewheel has it.
        size: of its archive, in bytes.
    """

    reference: str
    root: Root
    current: bool
    size: int


def find_root(definition: Definition, cache_root: Path) -> KeptRoot | None:
    """Return the unpacked root of a definition, None where there is none."""
    tree = Store(cache_root).find_tree(KIND, definition.digest)
    return _described(tree) if tree else None


def list_roots(cache_root: Path) -> tuple[KeptRoot, ...]:
    """Return every unpacked root in the cache, current or not, by reference."""
    trees = sorted((cache_root / KIND).glob("[0-9a-f]*"))
    found = [root for tree in trees if (root := _described(tree))]
    return tuple(sorted(found, key=lambda root: root.reference))


def build_root(definition: Definition, *, cache_root: Path, listener: Listener) -> KeptRoot:
    """Return the unpacked root of a definition, made if the cache does not have it yet.

    Raises:
        SandboxFault: mmdebstrap is missing or failed, or the archive holds what it must not.
        StoreError: the cache cannot be written, or loses what is written.
    """
    store = Store(cache_root)
    if found := find_root(definition, cache_root):
        return found
    with store.alone(KIND, definition.digest):
        if found := find_root(definition, cache_root):
            return found
        archive = root_archive(definition, cache_root=cache_root, listener=listener)
        listener(Note(message=f"unpacking {definition.reference}"))
        _unpack(definition, archive, store)
    if found := find_root(definition, cache_root):
        return found
    raise StoreError(
        f"the root of {definition.reference} is gone from the cache right after it was unpacked",
        hint=f"does something clean {cache_root} up?",
    )


def _unpack(definition: Definition, archive: Path, store: Store) -> None:
    store.forget_tree(KIND, definition.digest)  # it is damaged, or there is none
    with store.new_tree(KIND, definition.digest) as draft:
        digest = unpack(archive, draft / "root", SHOWN)
        about = {
            "reference": definition.reference,
            "digest": f"sha256:{digest}",
            "size": archive.stat().st_size,
        }
        (draft / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")


def _described(tree: Path) -> KeptRoot | None:
    """Read what a tree says of itself; a damaged one is none."""
    try:
        about = json.loads((tree / ABOUT).read_bytes())
        return KeptRoot(
            reference=str(about["reference"]),
            root=Root(path=tree / "root", digest=str(about["digest"])),
            current=any(tree.name == known.digest for known in definitions().values()),
            size=int(about["size"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
