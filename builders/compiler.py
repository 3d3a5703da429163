"""Runs inside the sandbox in place of gcc and g++: code is generated as a recipe says.

What an interpreter was built with is in its sysconfig, and from there it comes into every extension
module. The published wheel was compiled by another interpreter of that version, with other flags; a
recipe has them. So this drops the flags that choose how code is generated, puts in the recipe's for
that source, and leaves all others to the source's own build. A link does not bring in the place
where the interpreter's library lies, nor the library: extension modules of interpreters that are
linked statically are linked without.

It is run under the names of compilers, beside a `compiler.json`:

    {"compilers": {"gcc": "/usr/bin/gcc", "g++": "/usr/bin/g++"},
     "flags": {"": "-g -O3", "src/a.c": "-g -O2", "*": "...", "link": "-pthread"},
     "paths": {"": "/project"}}

Beside it may be a directory `runtime` with parts of the C runtime, in assembly: they are linked in
place of the compiler's own. Likewise `headers`, which are found before the system's.

The keys of `flags` are those of a recipe's `compiler_flags`, see `builders.native_flags`: exact
flags under `""` and for sources whose path ends so, else flags in place of the interpreter's under
`*`.
`paths` says as what directory the current one is recorded.

Python 2.7 and 3.5 must be able to run this file, as the driver.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List

    Settings = Dict[str, Any]

CONFIG = "compiler.json"
HEADERS = "headers"

C = frozenset((".c", ".i"))
CXX = frozenset((".cc", ".cp", ".cpp", ".cxx", ".c++", ".C", ".CPP", ".ii"))

# Options whose argument is the next word, from GCC's manual, "Option Summary".
SEPARATE = frozenset(
    """
    -o -I -D -U -L -l -x -include -imacros -isystem -iquote -idirafter -iprefix -iwithprefix
    -iwithprefixbefore -isysroot --sysroot -imultilib -MF -MT -MQ -Xlinker -Xassembler
    -Xpreprocessor -u -T -e -h -z -A -B -aux-info --param -wrapper -specs -dumpbase -dumpdir
    -dumpbase-ext
    """.split()
)

GENERATION = re.compile(r"-(?:O|g|f(?!syntax-only)|m|-?std=|ansi$)")
LANGUAGE_C = re.compile(r"-std=(?:c|gnu|iso9899:)[0-9]")
LANGUAGE_CXX = re.compile(r"-std=(?:c|gnu)\+\+")

# An instruction set that the source's build chose for one source, see `exact_flags`.
INSTRUCTIONS = re.compile(
    r"-m(?:sse|ssse|avx|fma|bmi|popcnt|pclmul|aes|sha|f16c|lzcnt|movbe|adx|abm|gfni|vaes|vpcl|xop)"
    r"[a-z0-9.]*"
)

PYTHON_LIBRARY = re.compile(r"-lpython[0-9](?:\.[0-9]+)?[a-z]*")

# ld cannot keep relocations in a file without symbols; nothing that is loaded depends on these.
KEEP_FIELDS = "-Wl,--emit-relocs"
STRIPPING = ("-s", "-Wl,-s", "-Wl,--strip-all")

# Names of sysconfig's variables that hold flags for compiling and for linking.
COMPILING = ("CFLAGS", "OPT", "BASECFLAGS", "CCSHARED", "CPPFLAGS", "PY_CFLAGS", "CC", "CXX")
LINKING = ("LDFLAGS", "LDSHARED", "BLDSHARED", "LDCXXSHARED", "PY_LDFLAGS")

KEPT_DEFINITIONS = frozenset(("-DNDEBUG",))


def main():
    # type: () -> None
    """Become the compiler."""
    name = "g++" if os.path.basename(sys.argv[0]).endswith("++") else "gcc"
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), CONFIG)) as file:
        settings = json.load(file)
    compiler = settings["compilers"][name]
    headers = os.path.join(os.path.dirname(os.path.abspath(__file__)), HEADERS)
    settings["headers"] = headers if os.path.isdir(headers) else ""
    if "-shared" in sys.argv:
        settings["runtime"] = runtime(settings["compilers"]["gcc"])
    arguments = rewritten(sys.argv[1:], settings, os.getcwd(), name)
    os.execv(compiler, [compiler] + [str(argument) for argument in arguments])  # noqa: S606


def rewritten(arguments, settings, directory, name):
    # type: (List[str], Settings, str, str) -> List[str]
    """The arguments for the real compiler.

    Args:
        arguments: those that were given.
        settings: what is in `compiler.json`.
        directory: where the compiler runs.
        name: `gcc` or `g++`.
    """
    found = sources(arguments)
    if found:
        return compiling(arguments, found, settings, directory, name)
    if "-shared" in arguments:
        return linking(arguments, settings)
    return arguments


def sources(arguments):
    # type: (List[str]) -> List[str]
    """The sources in C and C++ among the arguments."""
    found, is_value = [], False
    for argument in arguments:
        if not is_value and not argument.startswith("-"):
            if os.path.splitext(argument)[1] in C | CXX:
                found.append(argument)
        is_value = not is_value and argument in SEPARATE
    return found


def compiling(arguments, found, settings, directory, name):
    # type: (List[str], List[str], Settings, str, str) -> List[str]
    """Arguments that compile sources, and maybe link them at once."""
    flags, paths = settings["flags"], settings["paths"]
    keys = {matching(flags, source, directory) for source in found}
    key = keys.pop() if len(keys) == 1 else ""
    if key in flags:
        kept = exact_flags(arguments, is_named=bool(key))
    elif "*" in flags:
        key, kept = "*", without(arguments, interpreter_flags(COMPILING))
    else:
        return arguments
    kept = without(kept, foreign_definitions(kept))
    if "-shared" in arguments:
        kept = linking(kept, settings)
    added = [flag for flag in str(flags[key]).split() if is_fit(flag, found, name)]
    if settings.get("headers"):
        added += ["-isystem", settings["headers"]]
    path = paths.get(matching(paths, found[0], directory))
    if path:
        added.append("-ffile-prefix-map=%s=%s" % (directory, path))
    # Before the build's own ones, for a later option overrules an earlier one.
    return added + kept if key == "*" else kept + added


def matching(keys, source, directory):
    # type: (Iterable[str], str, str) -> str
    """The longest key that a source's path ends with, else the empty one."""
    path = "/" + os.path.normpath(os.path.join(directory, source)).lstrip("/")
    own = [key for key in keys if key and path.endswith("/" + key)]
    return max(own, key=len) if own else ""


def exact_flags(arguments, is_named):
    # type: (List[str], bool) -> List[str]
    """The arguments without what chooses how code is generated.

    For a source that the recipe does not name, an instruction set stays that the build chose: had
    this source been in the published wheel, the recipe would name it. It is a test of the compiler.
    """
    found, is_value = [], False
    for argument in arguments:
        is_generation = not is_value and GENERATION.match(argument)
        is_value = not is_value and argument in SEPARATE
        if not is_generation or (not is_named and INSTRUCTIONS.match(argument)):
            found.append(argument)
    return found


def is_fit(flag, found, name):
    # type: (str, List[str], str) -> bool
    """Whether a flag is for the language of the sources."""
    is_cxx = name == "g++" or any(os.path.splitext(source)[1] in CXX for source in found)
    if flag.startswith("-D"):
        return is_cxx
    return not (LANGUAGE_C if is_cxx else LANGUAGE_CXX).match(flag)


def foreign_definitions(arguments):
    # type: (List[str]) -> List[str]
    """Definitions that the interpreter brings and an interpreter built with no options does not.

    _FORTIFY_SOURCE is the usual one; a distribution builds its interpreter with it.
    """
    if all(not item.startswith("-D") or item in KEPT_DEFINITIONS for item in arguments):
        return []
    own = interpreter_flags(COMPILING)
    return [flag for flag in own if flag.startswith("-D") and flag not in KEPT_DEFINITIONS]


def linking(arguments, settings):
    # type: (List[str], Settings) -> List[str]
    """Arguments that link a shared object."""
    own = [flag for flag in interpreter_flags(LINKING) if flag.startswith(("-L", "-Wl,"))]
    kept = [flag for flag in without(arguments, own) if not PYTHON_LIBRARY.match(flag)]
    # Before the others: some of them are about the libraries that follow.
    place = ["-B%s/" % (settings["runtime"],)] if settings.get("runtime") else []
    added = str(settings["flags"].get("link", "")).split()
    if KEEP_FIELDS in added:
        kept = [argument for argument in kept if argument not in STRIPPING]
    return place + added + kept


def runtime(compiler):
    # type: (str) -> str
    """A directory with what is linked in place of the compiler's own; empty where nothing is."""
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "runtime")
    names = sorted(os.listdir(place)) if os.path.isdir(place) else []
    if not names:
        return ""
    folder = tempfile.mkdtemp(prefix="runtime-")
    for name in names:
        output = os.path.join(folder, os.path.splitext(name)[0] + ".o")
        subprocess.check_call([compiler, "-c", os.path.join(place, name), "-o", output])
    return folder


def interpreter_flags(names):
    # type: (Iterable[str]) -> List[str]
    """The words that this interpreter's sysconfig holds in some variables."""
    import sysconfig  # only when it is needed: it takes longer than all else here

    values = [sysconfig.get_config_var(name) for name in names]
    library = sysconfig.get_config_var("LIBDIR")
    words = [word for value in values if value for word in str(value).split()]
    return [word for word in words if word.startswith("-")] + ["-L%s" % (library,)]


def without(arguments, words):
    # type: (List[str], Iterable[str]) -> List[str]
    """The arguments without some words; `-o`, `-I` and the like keep what follows them."""
    own = {word for word in words if GONE.match(word)} - KEPT_DEFINITIONS
    found, is_value = [], False
    for argument in arguments:
        if is_value or argument not in own:
            found.append(argument)
        is_value = not is_value and argument in SEPARATE
    return found


# What may be taken away of what an interpreter brings; its warnings and -pthread do no harm.
GONE = re.compile(r"-(?:O|g|f|m|-?std=|D.|L.|Wl,)")


if __name__ == "__main__":
    main()
