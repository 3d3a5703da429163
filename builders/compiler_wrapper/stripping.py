"""The script under the names of strip: a shared object keeps what its linker knew.

Once a file has relocations that are kept (`ld --emit-relocs`), strip takes sections out of the
middle and leaves the numbers of those behind them in `.dynsym` as they were. Whether a file has
symbols changes nothing of what is loaded. What else strip is asked for it does itself.
"""

import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import List, Tuple

# ELF's magic number; the type of a file and its number for a shared object (System V ABI, 4).
MAGIC = b"\x7fELF"
TYPE = slice(16, 18)
SHARED = b"\x03\x00"

OUTPUT = "-o"
# Options whose value is the next argument, of GNU binutils' strip.
WITH_VALUE = frozenset(
    ("-F", "-I", "-O", "-K", "-N", "-R", "--target", "--input-target", "--output-target")
    + ("--keep-symbol", "--strip-symbol", "--remove-section", "--keep-section")
)

# Options that are about symbols alone, and how files are read and told of.
SYMBOLS = frozenset(
    """
    -s --strip-all -g -S -d --strip-debug --strip-dwo --strip-unneeded -x --discard-all -X
    --discard-locals -K --keep-symbol -N --strip-symbol --keep-file-symbols -w --wildcard
    -p --preserve-dates -D --enable-deterministic-archives -U --disable-deterministic-archives
    -v --verbose
    """.split()
)
REMOVING = frozenset(("-R", "--remove-section"))
UNLOADED = frozenset((".comment", ".note"))


def main():
    # type: () -> None
    """Strip what is no shared object; become the strip of the compiler for the rest."""
    options, names, output = read(sys.argv[1:])
    left = [name for name in names if not (is_of_symbols(options) and is_shared(name))]
    if output and names and not left:
        shutil.copyfile(names[0], output)
    if left or not names:
        with open(os.path.join(HERE, "compiler.json")) as file:
            compiler = json.load(file)["compilers"]["gcc"]
        strip = os.path.join(os.path.dirname(compiler), "strip")
        more = [OUTPUT, output] if output else []
        os.execv(strip, [strip] + options + more + left)  # noqa: S606


def read(arguments):
    # type: (List[str]) -> Tuple[List[str], List[str], str]
    """Options, names of files, and where the result goes; empty for in place."""
    options, names, output = [], [], ""  # type: List[str], List[str], str
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == OUTPUT and rest:
            output = rest.pop(0)
        elif word in WITH_VALUE and rest:
            options += [word, rest.pop(0)]
        elif word.startswith("-"):
            options.append(word)
        else:
            names.append(word)
    return options, names, output


def is_of_symbols(options):
    # type: (List[str]) -> bool
    """Whether options take symbols alone out of a file, and no section that may be loaded."""
    rest = list(options)
    while rest:
        word, _, value = rest.pop(0).partition("=")
        if word in WITH_VALUE and not value and rest:
            value = rest.pop(0)
        if word not in SYMBOLS and not (word in REMOVING and value in UNLOADED):
            return False
    return True


def is_shared(path):
    # type: (str) -> bool
    """Whether a file is a shared object."""
    try:
        with open(path, "rb") as file:
            start = file.read(TYPE.stop)
    except (IOError, OSError):
        return False
    return start.startswith(MAGIC) and start[TYPE] == SHARED


if __name__ == "__main__":
    main()
