"""What an image is made of, as `containers/images.toml` says it."""

import hashlib
import json
import platform
import tomllib
from dataclasses import asdict, dataclass
from importlib.resources import files

from builders.sandbox.bwrap_command import ETC
from builders.sandbox.interface import SandboxFault

DEFAULT_IMAGE = "bookworm"
"""The one that builds run in, where they run in containers."""

EXPLAIN_IMAGE = "explain"
"""The one that diffoscope runs in, in every sandbox."""

LAYOUT = 2
"""Raised when what this code does to a root file system changes."""


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
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def reference(self) -> str:
        """Return the name and tag of the image in an engine."""
        return f"truewheel/{self.name}:{self.digest[:16]}"


def definitions() -> dict[str, Definition]:
    """Return all definitions by name."""
    text = (files("containers") / "images.toml").read_text("utf-8")
    return {
        name: Definition(
            name=name,
            suite=str(table["suite"]),
            base=str(table["base"]),
            packages=tuple(table["packages"]),
            directories=tuple(table["directories"]),
        )
        for name, table in sorted(tomllib.loads(text)["images"].items())
    }


def definition(name: str = DEFAULT_IMAGE) -> Definition:
    """Return one definition.

    Raises:
        SandboxFault: there is none of that name.
    """
    known = definitions()
    if name not in known:
        raise SandboxFault(f"there is no image {name!r}", hint=f"known are: {', '.join(known)}")
    return known[name]
