"""What a member is, by name and by its first bytes."""

from verify.rules.interface import Side

SOURCE_SUFFIXES = (".py", ".pyw")
BYTECODE_SUFFIXES = (".pyc", ".pyo")
NATIVE_SUFFIXES = (".so", ".pyd", ".dll", ".dylib", ".exe", ".sl", ".a", ".lib", ".o")

_NATIVE_MAGICS = (
    b"\x7fELF",
    b"MZ",
    b"\xfe\xed\xfa\xce",  # Mach-O, 32 and 64 bits, both byte orders, and universal
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"!<arch>\n",
    b"\0asm",
)


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
    last = name.casefold().rpartition("/")[2]
    return (
        last.endswith(NATIVE_SUFFIXES) or ".so." in last or side.head().startswith(_NATIVE_MAGICS)
    )


def is_script(name: str) -> bool:
    """Whether the member is installed as a program: `NAME.data/scripts/...`."""
    segments = name.split("/")
    return len(segments) > 2 and segments[0].endswith(".data") and segments[1] == "scripts"


def is_executable(side: Side) -> bool:
    """Whether the member's mode lets anybody run it as a program."""
    return bool(side.member.mode & 0o111) and not side.member.is_dir
