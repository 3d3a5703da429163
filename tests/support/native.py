"""Small native code: compiled by this machine's compiler, and the wheels that hold it."""

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

from verify.archive.reader import Archive, read_archive

PRODUCER = "GNU C17 10.2.1 20210130 (Red Hat 10.2.1-11)"
IDENT = "GCC: (GNU) 10.2.1 20210130 (Red Hat 10.2.1-11)"

UNIT = """\
    .section .debug_abbrev,"",@progbits
table{at}:
    .uleb128 1, 0x11
    .byte 0
    .uleb128 0x25, 8, 3, 8, 0x1b, 8, 0, 0, 0
    .section .debug_info,"",@progbits
    .long end{at} - start{at}
start{at}:
    .value 4
    .long table{at}
    .byte 8
    .uleb128 1
    .asciz "{producer}"
    .asciz "{name}"
    .asciz "{directory}"
end{at}:
"""
"""A compilation unit as GCC writes it, with any text in it (DWARF 4, 7.5)."""


def compiled(
    folder: Path, sources: Mapping[str, str], *flags: str, compiler: str = "gcc", cwd: str = "."
) -> bytes:
    """A shared object of some sources, each path below `folder`, compiled one by one."""
    objects = []
    for name, text in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        target = path.with_suffix(".o")
        run(compiler, *flags, "-fPIC", "-c", name, "-o", str(target), cwd=folder / cwd)
        objects.append(str(target))
    library = folder / "library.so"
    run(compiler, "-shared", *objects, "-o", str(library), cwd=folder)
    return library.read_bytes()


def written(folder: Path, *units: tuple[str, str, str], ident: str = IDENT) -> bytes:
    """A shared object whose debug information has these producers, names and directories."""
    texts = [
        UNIT.format(at=at, producer=producer, name=name, directory=directory)
        for at, (producer, name, directory) in enumerate(units)
    ]
    return assembled(folder, f'.ident "{ident}"\n' + "".join(texts))


def assembled(folder: Path, text: str) -> bytes:
    """A shared object of an assembler's source and nothing else."""
    (folder / "unit.s").write_text(f".text\nfunction:\n    ret\n{text}")
    run("gcc", "-shared", "-nostdlib", "unit.s", "-o", "unit.so", cwd=folder)
    return (folder / "unit.so").read_bytes()


def run(*command: str, cwd: Path) -> str:
    """Run a command that has to work; gives what it printed."""
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def wheel_of(folder: Path, members: Mapping[str, bytes]) -> Archive:
    """A wheel of some members, read strictly."""
    path = folder / "example-1.0-cp311-cp311-manylinux2014_x86_64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return read_archive(path)


def wrapper(folder: Path, name: str = "gcc") -> tuple[str, ...]:
    """The command that runs a compiler's wrapper where there is no build environment."""
    return (sys.executable, "-EsS", str(folder / name))
