"""Evidence on one member, for a person who cannot open it: bounded, and plain JSON values."""

import re

from verify.finding import JSONValue
from verify.rules.interface import DATA_LIMIT, Side
from verify.rules.text import first_lines

_MAX_TOLD = 10
_MAX_WIDTH = 120

_FORMATS = (
    (b"\x7fELF", "ELF"),
    (b"MZ", "PE (Windows)"),
    (b"\xfe\xed\xfa\xce", "Mach-O"),
    (b"\xfe\xed\xfa\xcf", "Mach-O"),
    (b"\xce\xfa\xed\xfe", "Mach-O"),
    (b"\xcf\xfa\xed\xfe", "Mach-O"),
    (b"\xca\xfe\xba\xbe", "Mach-O, universal (or Java)"),
    (b"!<arch>\n", "static library"),
    (b"\0asm", "WebAssembly"),
    (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
)
"""First bytes, from the formats' specifications."""

_ELF_TYPES = {1: "object", 2: "program", 3: "shared object"}
_ELF_MACHINES = {3: "x86", 40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V"}
"""e_type and e_machine of the ELF gABI."""

_LIBRARY = re.compile(
    rb"(?<![\w.+-])(?:lib[\w+.-]{1,60}\.so(?:\.\d{1,5}){0,3}|[\w+.-]{1,60}\.(?:dll|dylib))(?![\w.])",
    re.IGNORECASE,
)
TELLING = re.compile(
    rb"(?:https?|ftp|wss?)://[!-~]{4,100}|/bin/(?:ba)?sh\b|\bcmd\.exe\b|powershell"
    rb"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}:\d{2,5}\b|/etc/(?:passwd|shadow)|LD_PRELOAD|/\.ssh/"
)
"""Addresses, programs and secrets, which most native code has no need to name."""


def content_facts(side: Side) -> dict[str, JSONValue]:
    """Size and sha256, and what there is to see."""
    return {"size": side.content.size, "sha256": side.content.sha256, **look(side)}


def look(side: Side) -> dict[str, JSONValue]:
    """The first lines of a text, or what there is to see of anything else."""
    lines = first_lines(side)
    if lines is None or format_of(side) is not None:
        return binary_facts(side)
    return {"first_lines": lines}


def binary_facts(side: Side) -> dict[str, JSONValue]:
    """Its format, and what it names in its first MiB: libraries, and addresses and programs."""
    data = _start(side)
    return {
        "format": format_of(side),
        "libraries": _texts(_LIBRARY, data),
        "strings": _texts(TELLING, data),
    }


def format_of(side: Side) -> str | None:
    """A name for the format that the first bytes are of; None for one that is not in the table."""
    head = side.head()
    name = next((name for magic, name in _FORMATS if head.startswith(magic)), None)
    if name != "ELF" or len(head) < 20 or head[5] not in {1, 2}:
        return name
    order = "little" if head[5] == 1 else "big"
    kind = int.from_bytes(head[16:18], order)  # type: ignore[arg-type]  # one of its two values
    machine = int.from_bytes(head[18:20], order)  # type: ignore[arg-type]  # the same
    return f"ELF {_ELF_TYPES.get(kind, 'file')} for {_ELF_MACHINES.get(machine, 'a machine')}"


def _start(side: Side) -> bytes:
    data = b""
    for window in side.archive.windows(side.member):
        data += window
        if len(data) >= DATA_LIMIT:
            break
    return data[:DATA_LIMIT]


def _texts(pattern: re.Pattern[bytes], data: bytes) -> list[str]:
    found: dict[str, None] = {}
    for match in pattern.finditer(data):
        found.setdefault(match[0][:_MAX_WIDTH].decode("ascii", "backslashreplace"))
        if len(found) >= _MAX_TOLD:
            break
    return list(found)
