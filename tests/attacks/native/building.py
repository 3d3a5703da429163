"""Links shared objects with the system's compiler, and says what the comparison made of two."""

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from verify.native.compare import compare_native
from verify.native.elf import UnreadableElfError

DEFAULT = ("-O2", "-g0")
_SUFFIXES = {"c++": ".cc", "c": ".c", "asm": ".s"}


@cache
def _object(language: str, source: str, flags: tuple[str, ...]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"source{_SUFFIXES[language]}")
        path.write_text(source, encoding="utf-8")
        driver = "g++" if language == "c++" else "gcc"
        subprocess.run(
            [driver, "-w", "-fPIC", *flags, "-c", path.name, "-o", "made.o"],
            cwd=folder,
            check=True,
        )
        return Path(folder, "made.o").read_bytes()


_RECIPES: dict[bytes, "_Recipe"] = {}


@dataclass(frozen=True, kw_only=True)
class _Recipe:
    """How a shared object was made."""

    sources: tuple[str, ...]
    flags: tuple[str, ...]
    link: tuple[str, ...]


def linked(
    *sources: str,
    flags: tuple[str, ...] = DEFAULT,
    link: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
) -> bytes:
    """A shared object made of some sources, in their order.

    Args:
        sources: each is C; C++ if it begins with `//c++`, assembly if it begins with `#asm`.
        flags: for the compiler.
        link: for the linker's driver.
        after: a command that changes the file, which is its last argument.
    """
    made = _linked(*sources, flags=flags, link=link, after=after)
    if not after:
        _RECIPES[made] = _Recipe(sources=sources, flags=flags, link=link)
    return made


def with_word(data: bytes) -> bytes:
    """The same shared object with what the linker knew of each address, as rebuilds have it."""
    made = _RECIPES[data]
    return _linked(
        *made.sources, flags=made.flags, link=(*made.link, "-Wl,--emit-relocs"), after=()
    )


@cache
def _linked(
    *sources: str,
    flags: tuple[str, ...],
    link: tuple[str, ...],
    after: tuple[str, ...],
) -> bytes:
    languages = [_language(source) for source in sources]
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for at, (language, source) in enumerate(zip(languages, sources, strict=True)):
            names.append(f"{at}.o")
            Path(folder, names[-1]).write_bytes(_object(language, source, flags))
        driver = "g++" if "c++" in languages else "gcc"
        command = [driver, "-shared", "-o", "made.so", *names, *link]
        subprocess.run(command, cwd=folder, check=True)
        if after:
            subprocess.run([*after, "made.so"], cwd=folder, check=True)
        return Path(folder, "made.so").read_bytes()


def _language(source: str) -> str:
    first = source.partition("\n")[0]
    return {"//c++": "c++", "#asm": "asm"}.get(first, "c")


def accepted(published: bytes, rebuilt: bytes) -> list[str]:
    """The ways to compare that leave no problem; of an attack none may."""
    word = with_word(rebuilt)
    ways = {"without the linker's word": rebuilt, "with the linker's word": word}
    return [way for way, other in ways.items() if not told(published, other)]


def told(published: bytes, rebuilt: bytes) -> list[str]:
    """What is not accounted for; a file that is refused is one such thing."""
    try:
        comparison = compare_native(published, rebuilt)
    except UnreadableElfError as error:
        return [f"unreadable: {error}"]
    return [f"{problem.part}: {problem.summary}" for problem in comparison.problems]
