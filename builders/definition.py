"""What images and toolchains are made of, as `containers/images.toml` says it."""

import hashlib
import json
import platform
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any, Protocol

from builders.sandbox.bwrap_command import ETC
from builders.sandbox.interface import SandboxFault

DEFAULT_IMAGE = "bookworm"
"""The one that builds run in, where they run in containers."""

EXPLAIN_IMAGE = "explain"
"""The one that diffoscope runs in, in every sandbox."""

LAYOUT = 3
"""Raised when what this code does to a root file system changes."""

TOOLCHAINS_AT = PurePosixPath("/opt/toolchain")
"""Where every sandbox shows toolchains. Their programs name it: they run nowhere else."""


class Packaged(Protocol):
    """What an archive is made from: packages of one suite, and a digest of all that shapes it."""

    @property
    def name(self) -> str:
        """Return the name that people use."""

    @property
    def suite(self) -> str:
        """Return Debian's code name of it."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Return what is asked for by name; what those depend on comes along."""

    @property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of the definition."""

    @property
    def reference(self) -> str:
        """Return a name with the digest's beginning, e.g. `truewheel/bookworm:0123456789abcdef`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """One image: Debian suite, packages, and directories (relative to the root)."""

    name: str
    suite: str
    base: str
    packages: tuple[str, ...]
    directories: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of everything that determines the root file system.

        Package versions are the archive's business: the same definition built later may hold
        newer ones. What a job ran in is identified by the image digest, not by this one.
        """
        content = {
            **asdict(self),
            "etc": {name: text.decode() for name, text in ETC.items()},
            "layout": LAYOUT,
            "machine": platform.machine(),
        }
        return _digest(content)

    @property
    def reference(self) -> str:
        """Return the name and tag of the image in an engine."""
        return f"truewheel/{self.name}:{self.digest[:16]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolchainDefinition:
    """One toolchain: Debian suite, packages, and the compiler's version that they must bring.

    Attributes:
        making: packages that are unpacked only while it is made, without what they depend on.
        scripts: of `containers/`, in the order in which they run; the last one shapes the tree.
    """

    name: str
    suite: str
    compiler: str
    packages: tuple[str, ...]
    making: tuple[str, ...]
    scripts: tuple[str, ...]

    @property
    def place(self) -> PurePosixPath:
        """Return where sandboxes show it."""
        return TOOLCHAINS_AT / self.name

    @property
    def script(self) -> str:
        """Return the shell commands that shape the unpacked packages, with their root as `$1`."""
        texts = [(files("containers") / name).read_text("utf-8") for name in self.scripts]
        values = f"place={self.place} compiler={self.compiler} making='{' '.join(self.making)}'"
        return "\n".join([f"root=$1 {values}", *texts])

    @property
    def digest(self) -> str:
        """Return the SHA-256 (hex) of everything that determines the tree; see `Definition`."""
        content = {**asdict(self), "script": self.script, "machine": platform.machine()}
        return _digest(content)

    @property
    def reference(self) -> str:
        """Return name and tag, as images have them; no engine ever holds it."""
        return f"truewheel/{self.name}:{self.digest[:16]}"


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def definitions() -> dict[str, Definition]:
    """Return the definitions of all images by name."""
    return {
        name: Definition(
            name=name,
            suite=str(table["suite"]),
            base=str(table["base"]),
            packages=tuple(table["packages"]),
            directories=tuple(table["directories"]),
        )
        for name, table in sorted(_tables()["images"].items())
    }


def toolchain_definitions() -> dict[str, ToolchainDefinition]:
    """Return the definitions of all toolchains by name, in the order of the file."""
    return {
        name: ToolchainDefinition(
            name=name,
            suite=str(table["suite"]),
            compiler=str(table["compiler"]),
            packages=tuple(table["packages"]),
            making=tuple(table.get("making", ())),
            scripts=(*table.get("scripts", ()), "toolchain.sh"),
        )
        for name, table in _tables()["toolchains"].items()
    }


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads((files("containers") / "images.toml").read_text("utf-8"))


def definition(name: str = DEFAULT_IMAGE) -> Definition:
    """Return one definition.

    Raises:
        SandboxFault: there is none of that name.
    """
    known = definitions()
    if name not in known:
        raise SandboxFault(f"there is no image {name!r}", hint=f"known are: {', '.join(known)}")
    return known[name]


def toolchain_definition(name: str) -> ToolchainDefinition:
    """Return the definition of one toolchain.

    Raises:
        SandboxFault: there is none of that name.
    """
    known = toolchain_definitions()
    if name not in known:
        raise SandboxFault(f"there is no toolchain {name!r}", hint=f"known are: {', '.join(known)}")
    return known[name]
