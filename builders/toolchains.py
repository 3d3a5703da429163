"""Toolchains: compilers with the headers and libraries that they link to, for any sandbox.

A toolchain is not a root to run in. It is a tree of Debian packages that is mounted, read-only,
beside whatever root the sandbox has, as interpreters of the host are: its programs bring their own
C library, and compile against the tree's headers and libraries only.
"""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builders.debian import archive_path, make_archive
from builders.definition import ToolchainDefinition, toolchain_definition, toolchain_definitions
from builders.sandbox.interface import Mount, SandboxFault
from builders.store import Store, StoreError
from builders.unpack import Shown, unpack
from verify.events import Listener, Note, Notice

KIND = "toolchains"
ABOUT = "toolchain.json"
SHOWN = Shown(
    paths=frozenset({"SOURCES", "bin", "lib", "lib64", "usr"}),
    linkable=frozenset({"lib", "lib64"}),
)
"""What of the archive makes the tree; `SOURCES` lists Debian's source packages and versions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """A compiler with its sysroot, as something a sandbox can mount.

    Attributes:
        name: as the definition has it, e.g. `gcc-10`.
        compiler: the compiler's version, e.g. `10.2.1`.
        digest: SHA-256 (hex) of the archive that it was unpacked from.
        mounts: what a job must mount to use it.
        bin: what a job must have first on its PATH, an absolute path inside the sandbox.
    """

    name: str
    compiler: str
    digest: str
    mounts: tuple[Mount, ...]
    bin: PurePosixPath


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptToolchain:
    """A toolchain of this version of truewheel, and whether the cache has it.

    Attributes:
        definition: what it is made from.
        toolchain: None as long as it is not made.
        size: of its archive, in bytes; 0 as long as it is not made.
    """

    definition: ToolchainDefinition
    toolchain: Toolchain | None
    size: int


def toolchain_names() -> tuple[str, ...]:
    """Return the names of all toolchains, made or not."""
    return tuple(toolchain_definitions())


def open_toolchain(
    name: str, *, cache_root: Path, listener: Listener, offline: bool = False
) -> Toolchain:
    """Return a toolchain, made from Debian packages if the cache does not have it yet.

    Raises:
        SandboxFault: there is none of that name, or it can not be made, or may not be because of
            `offline`.
        StoreError: the cache cannot be written, or loses what is written.
    """
    definition = toolchain_definition(name)
    if kept := kept_toolchain(definition, cache_root).toolchain:
        return kept
    archive = archive_path(definition, cache_root)
    if offline and not archive.is_file():
        raise SandboxFault(
            f"{definition.reference} is not made yet, which takes the network",
            hint=f"run this once: truewheel images build {name}",
        )
    with Store(cache_root).alone(KIND, definition.digest):
        if kept := kept_toolchain(definition, cache_root).toolchain:
            return kept
        archive = toolchain_archive(definition, cache_root=cache_root, listener=listener)
        listener(Note(message=f"unpacking {definition.reference}"))
        _unpack(definition, archive, cache_root)
    if kept := kept_toolchain(definition, cache_root).toolchain:
        return kept
    raise StoreError(
        f"{definition.reference} is gone from the cache right after it was unpacked",
        hint=f"does something clean {cache_root} up?",
    )


def find_toolchain(name: str, cache_root: Path) -> Toolchain | None:
    """Return a toolchain that the cache has ready for use, else None.

    Raises:
        SandboxFault: there is none of that name.
    """
    return kept_toolchain(toolchain_definition(name), cache_root).toolchain


def list_toolchains(cache_root: Path) -> tuple[KeptToolchain, ...]:
    """Return every toolchain, made or not, by name."""
    return tuple(kept_toolchain(each, cache_root) for each in toolchain_definitions().values())


def kept_toolchain(definition: ToolchainDefinition, cache_root: Path) -> KeptToolchain:
    """Return a toolchain as far as the cache has it; a damaged tree is none."""
    missing = KeptToolchain(definition=definition, toolchain=None, size=0)
    tree = Store(cache_root).find_tree(KIND, definition.digest)
    if tree is None:
        return missing
    try:
        about = json.loads((tree / ABOUT).read_bytes())
        digest, size = str(about["digest"]), int(about["size"])
    except (OSError, ValueError, KeyError, TypeError):
        return missing
    toolchain = Toolchain(
        name=definition.name,
        compiler=definition.compiler,
        digest=digest,
        mounts=(Mount(source=tree / "root", target=definition.place),),
        bin=definition.place / "bin",
    )
    return KeptToolchain(definition=definition, toolchain=toolchain, size=size)


def toolchain_archive(
    definition: ToolchainDefinition, *, cache_root: Path, listener: Listener
) -> Path:
    """Return the tar archive of a toolchain, made unless it is cached.

    Raises:
        SandboxFault: mmdebstrap is missing or failed, or the suite holds another compiler by now.
        StoreError: the cache cannot be written.
    """
    archive = archive_path(definition, cache_root)
    if archive.is_file():
        return archive
    what = f"{definition.reference} (GCC {definition.compiler})"
    listener(Notice(message=f"making {what} from Debian packages, once: about a minute"))
    options = ("--variant=extract", f"--extract-hook={definition.script}")
    try:
        return make_archive(definition, options=options, cache_root=cache_root, listener=listener)
    except SandboxFault as error:
        hint = (
            f"{error.hint}; or on a machine where it works: truewheel images export"
            f" {definition.name} -o FILE, and then here: truewheel images import FILE"
        )
        raise SandboxFault(error.message, hint=hint) from error


def _unpack(definition: ToolchainDefinition, archive: Path, cache_root: Path) -> None:
    store = Store(cache_root)
    store.forget_tree(KIND, definition.digest)  # it is damaged, or there is none
    with store.new_tree(KIND, definition.digest) as draft:
        digest = unpack(archive, draft / "root", SHOWN)
        about = {"digest": digest, "size": archive.stat().st_size}
        (draft / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
