"""Wheels that stand in for sources while uv resolves: metadata and nothing else.

uv would build a source to learn what it asks for, outside of any sandbox. So it is told, and sees
wheels alone.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName
from packaging.version import Version

from verify.lock.making.source_metadata import Requires

_EXTRA = re.compile(r"""extra == ["']([A-Za-z0-9._-]+)["']""")
_FIRST = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class StandIn:
    """A release, and what is to be installed with it."""

    name: NormalizedName
    version: Version
    requires: Requires

    def write(self, folder: Path) -> Path:
        """Write the wheel into a folder, which is made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        path = folder / f"{stem}-py3-none-any.whl"
        members = {
            "METADATA": "".join(f"{line}\n" for line in self._metadata()),
            "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            "RECORD": "",
        }
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in members.items():
                archive.writestr(zipfile.ZipInfo(f"{stem}.dist-info/{name}", _FIRST), text)
        return path

    def _metadata(self) -> Iterator[str]:
        yield "Metadata-Version: 2.1"
        yield f"Name: {self.name}"
        yield f"Version: {self.version}"
        if self.requires.requires_python and _is_specifier(self.requires.requires_python):
            yield f"Requires-Python: {self.requires.requires_python}"
        written = [str(one) for one in self.requires.requirements if str(one).isprintable()]
        for extra in sorted({found for one in written for found in _EXTRA.findall(one)}):
            yield f"Provides-Extra: {extra}"
        for one in written:
            yield f"Requires-Dist: {one}"


def _is_specifier(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True
