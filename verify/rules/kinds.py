"""What a member is, by name and by its first bytes."""

from verify.rules.interface import Side

SOURCE_SUFFIXES = (".py", ".pyw")
BYTECODE_SUFFIXES = (".pyc", ".pyo")
NATIVE_SUFFIXES = (".so", ".pyd", ".dll", ".dylib", ".exe", ".sl", ".a", ".lib", ".o")

ELF_MAGIC = b"\x7fELF"
_WINDOWS_MAGIC = b"MZ"
_MACH_O_MAGICS = (
    b"\xfe\xed\xfa\xce",  # 32 and 64 bits, in both byte orders
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
)
_UNIVERSAL_MAGIC = b"\xca\xfe\xba\xbe"

_NATIVE_MAGICS = (
    ELF_MAGIC,
    _WINDOWS_MAGIC,
    *_MACH_O_MAGICS,
    _UNIVERSAL_MAGIC,
    b"!<arch>\n",
    b"\0asm",
)

_PE_OFFSET = 0x3C
_PE_SIGNATURE = b"PE\0\0"
_MAX_PE_OFFSET = 4096
"""Linkers put the signature behind a program for DOS of some hundred bytes."""

_MAX_ARCHITECTURES = 44
"""A universal Mach-O file has no more; in a Java class, a version of 45 and more stands there."""


def is_source(name: str) -> bool:
    """Whether the name is that of Python source."""
    return name.casefold().endswith(SOURCE_SUFFIXES)


def is_bytecode(name: str) -> bool:
    """Whether the name is that of compiled Python."""
    return name.casefold().endswith(BYTECODE_SUFFIXES)


def is_path_file(name: str) -> bool:
    """Whether the name is that of a path configuration file of the `site` module."""
    return name.casefold().endswith(".pth")


def is_native(name: str, side: Side) -> bool:
    """Whether name or content is that of native code; libraries may end in a version number."""
    return is_named_native(name) or holds_native(side)


def is_named_native(name: str) -> bool:
    """Whether the name is that of native code."""
    last = name.casefold().rpartition("/")[2]
    return last.endswith(NATIVE_SUFFIXES) or ".so." in last


def holds_native(side: Side) -> bool:
    """Whether the first bytes are those of native code."""
    return side.head().startswith(_NATIVE_MAGICS)


def is_library(name: str) -> bool:
    """Whether the name is one that a loader is asked for on Linux, with or without a version."""
    last = name.rpartition("/")[2]
    return last.endswith(".so") or ".so." in last


def is_script(name: str) -> bool:
    """Whether the member is installed as a program: `NAME.data/scripts/...`."""
    segments = name.split("/")
    return len(segments) > 2 and segments[0].endswith(".data") and segments[1] == "scripts"


def is_executable(side: Side) -> bool:
    """Whether the member's mode lets anybody run it as a program."""
    return bool(side.member.mode & 0o111) and not side.member.is_dir


def is_portable_executable(side: Side) -> bool:
    """Whether a member is a program or library for Windows (PE format, "MS-DOS Stub")."""
    head = side.head()
    if not head.startswith(_WINDOWS_MAGIC):
        return False
    at = int.from_bytes(head[_PE_OFFSET : _PE_OFFSET + 4], "little")
    return at <= _MAX_PE_OFFSET and _beginning(side, at + 4)[at:] == _PE_SIGNATURE


def is_mach_o(side: Side) -> bool:
    """Whether a member is a program or library for macOS, or several of them (mach-o/fat.h)."""
    head = side.head()
    if head.startswith(_UNIVERSAL_MAGIC):
        return len(head) >= 8 and int.from_bytes(head[4:8], "big") <= _MAX_ARCHITECTURES
    return head.startswith(_MACH_O_MAGICS)


def _beginning(side: Side, size: int) -> bytes:
    data = b""
    for window in side.archive.windows(side.member):
        data += window
        if len(data) >= size:
            break
    return data[:size]
