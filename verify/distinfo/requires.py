"""What a wheel asks to be installed with it: Requires-Dist of its METADATA (PEP 566, PEP 508)."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
MAX_BYTES = 16 * 1024**2


def required_by(wheel: Path) -> Iterator[Requirement]:
    """Each requirement; of one that is not written as PEP 508 has it, its name alone.

    None of a wheel that cannot be read.
    """
    from packaging.metadata import parse_email  # noqa: PLC0415 - it brings a parser of mail

    raw, _ = parse_email(_metadata(wheel))
    for written in raw.get("requires_dist", ()):
        try:
            yield Requirement(written)
        except InvalidRequirement:
            name = _NAME.match(written)
            if name is not None:
                yield Requirement(name[1])


def _metadata(wheel: Path) -> bytes:
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [info for info in archive.infolist() if _METADATA.fullmatch(info.filename)]
            if len(names) != 1 or names[0].file_size > MAX_BYTES:
                return b""
            return archive.read(names[0])
    except (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error):
        return b""
