"""Makes the root file system of an image from Debian packages."""

import re
import shlex
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from builders.debian import archive_path, make_archive
from builders.definition import Definition
from builders.sandbox.bwrap_command import ETC
from builders.sandbox.interface import Interpreter
from verify.events import Listener, Notice

LEFTOVERS = (
    "etc/machine-id",
    "etc/resolv.conf",
    "var/cache/apt",
    "var/cache/ldconfig/aux-cache",
    "var/lib/apt/lists",
    "var/log",
    "usr/share/doc",
    "usr/share/man",
    "usr/share/info",
    "usr/share/locale",
)
PATCHLEVEL = re.compile(r"(?:\./)?usr/include/python(\d+)\.(\d+)/patchlevel\.h")
PATCHLEVEL_VERSION = re.compile(rb'#define\s+PY_VERSION\s+"(\d+\.\d+\.\d+)')


def root_archive(definition: Definition, *, cache_root: Path, listener: Listener) -> Path:
    """Return the tar archive of a definition's root, made unless it is cached.

    Raises:
        SandboxFault: mmdebstrap is missing or failed.
        StoreError: the cache cannot be written.
    """
    archive = archive_path(definition, cache_root)
    if archive.is_file():
        return archive
    what = f"the root file system of {definition.reference}"
    listener(Notice(message=f"building {what} from Debian packages, once: about a minute"))
    hooks = (f"--customize-hook={hook}" for hook in _hooks(definition))
    options = ("--variant=minbase", *hooks)
    return make_archive(definition, options=options, cache_root=cache_root, listener=listener)


def archived_interpreters(archive: Path) -> tuple[Interpreter, ...]:
    """Return the interpreters that a root archive brings, read from their headers."""
    found = []
    with tarfile.open(archive) as tar:
        for member in tar:
            match = PATCHLEVEL.fullmatch(member.name)
            content = tar.extractfile(member) if match else None
            release = PATCHLEVEL_VERSION.search(content.read()) if content else None
            if match and release:
                version = int(match[1]), int(match[2])
                found.append(
                    Interpreter(
                        version=version,
                        release=release[1].decode(),
                        executable=PurePosixPath(f"/usr/bin/python{version[0]}.{version[1]}"),
                        headers=True,
                    )
                )
    return tuple(sorted(found, key=lambda python: python.version, reverse=True))


def _hooks(definition: Definition) -> Iterator[str]:
    """Return shell commands that mmdebstrap runs with the root as `$1`."""
    removed = " ".join(f'"$1/{path}"' for path in LEFTOVERS)
    made = " ".join(f'"$1/{path}"' for path in definition.directories)
    yield f"rm -rf {removed}"
    yield f"mkdir -p {made}"
    # runc gives the tmpfs over a directory that directory's mode, whatever the mount asks for.
    yield 'chmod 0777 "$1/build"'
    # Some compilers fail where they may not look for headers, and do not mind that there are none.
    yield 'chmod 0755 "$1/root"'
    for name, content in ETC.items():
        yield f'printf %s {shlex.quote(content.decode())} > "$1/etc/{name}"'
    yield 'find "$1" -xdev -type f -perm /6000 -exec chmod a-s {} +'
