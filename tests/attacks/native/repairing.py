"""Makes shared objects that load two libraries, and repairs them as auditwheel does."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tests.attacks.native.building import DEFAULT
from tests.attacks.native.sources import MAIN
from tests.support.patchelf import USUAL, patchelf

FOLDER = "$ORIGIN/../example.libs"
LIBRARIES = {"libfoo.so.1": "packed", "libbar.so.2": "unpacked"}
"""The libraries that are copied, and what each has, in a version of its own."""

CALLING = f"""{MAIN}
int packed(int);
int unpacked(int);
int work(int x) {{ return packed(x) + 3; }}
int play(int x) {{ return unpacked(x) * 5; }}
"""
Link = tuple[str, ...]


@cache
def built(link: Link = (), source: str = CALLING, flags: tuple[str, ...] = DEFAULT) -> bytes:
    """A shared object that loads the libraries under the names that they have in a system."""
    with tempfile.TemporaryDirectory() as folder:
        for soname, symbol in LIBRARIES.items():
            Path(folder, "map").write_text(f"{symbol.upper()}_1 {{ global: {symbol}; }};")
            Path(folder, "lib.c").write_text(f"int {symbol}(int x) {{ return x * 31; }}\n")
            flag = f"-Wl,-soname,{soname},--version-script=map"
            _run(folder, "gcc", "-shared", "-nostdlib", "-fPIC", flag, "-o", soname, "lib.c")
        name = "made.cc" if source.startswith("//c++") else "made.c"
        Path(folder, name).write_text(source, encoding="utf-8")
        driver = "g++" if name.endswith("cc") else "gcc"
        made = (driver, "-w", "-shared", "-fPIC", *flags, "-o", "made.so", name)
        _run(folder, *made, "-Wl,--no-as-needed", *LIBRARIES, *link)
        return Path(folder, "made.so").read_bytes()


def _run(folder: str, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def copied(library: str, digits: str) -> str:
    """What auditwheel calls its copy of a library."""
    stem, _, rest = library.partition(".")
    return f"{stem}-{digits}.{rest}"


@cache
def repaired(
    data: bytes, version: str = USUAL, digits: tuple[str, str] = ("0badc0de", "feedface")
) -> bytes:
    """A file as auditwheel leaves it: it loads copies, and has them looked for beside it.

    Args:
        data: the file.
        version: of patchelf.
        digits: the beginnings of the hashes of both copies.
    """
    names = dict(zip(LIBRARIES, digits, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "made.so").write_bytes(data)
        program = str(patchelf(version))
        for library, found in names.items():
            new = copied(library, found)
            _run(folder, program, "--replace-needed", library, new, "made.so")
        _run(folder, program, "--remove-rpath", "made.so")
        _run(folder, program, "--force-rpath", "--set-rpath", FOLDER, "made.so")
        return Path(folder, "made.so").read_bytes()
