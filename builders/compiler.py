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
place of the compiler's own. Likewise `headers`, which are found before the system's, and `python`,
before the interpreter's.

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
PYTHON = "python"

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

OVERFLOW = frozenset(("-fwrapv", "-fno-strict-overflow", "-fno-strict-aliasing"))

# What a source means, how its data are laid out and what is undefined in it, see `meaning`. The
# first list is for the build alone; of the second, a published file may name more than it has.
MEANING = re.compile(
    r"(?:-Ofast|-f(?:no-)?(?:"
    r"(?:un)?signed-(?:char|bitfields)|short-(?:enums|wchar)|pack-struct|reg-struct-return"
    r"|abi-version|strict-(?:enums|volatile-bitfields)|gnu89-inline|ms-extensions|plan9-extensions"
    r"|permissive|freestanding|hosted|threadsafe-statics|merge-all-constants|split-stack|trapv"
    r"|(?:fast|associative|reciprocal|rounding|trapping)-math|finite-math-only|math-errno"
    r"|unsafe-math-optimizations|signaling-nans|signed-zeros|cx-(?:fortran-rules|limited-range)"
    r")(?:=[0-9]+)?"
    r"|-f(?:no-wrapv(?:-pointer)?|strict-(?:overflow|aliasing)|delete-null-pointer-checks"
    r"|aggressive-loop-optimizations))\Z"
)
DEFINED = re.compile(
    r"-f(?:wrapv(?:-pointer)?|no-(?:strict-(?:overflow|aliasing)|delete-null-pointer-checks"
    r"|aggressive-loop-optimizations))\Z"
)
WRAPPING = frozenset(("-fwrapv", "-fno-strict-overflow"))

PYTHON_LIBRARY = re.compile(r"-lpython[0-9](?:\.[0-9]+)?[a-z]*")

# ld cannot keep relocations in a file without symbols; nothing that is loaded depends on these.
KEEP_FIELDS = "-Wl,--emit-relocs"
STRIPPING = ("-s", "-Wl,-s", "-Wl,--strip-all")

LIBRARIES = "libraries"

# What the linker finds by the name of a library, where that is more than one file. Functions of C++
# that the older library lacks come out of the compiler's static one, as with Red Hat's toolsets.
SCRIPTS = {
    "libc": "GROUP ( %s =/usr/lib/x86_64-linux-gnu/libc_nonshared.a"
    " AS_NEEDED ( =/lib64/ld-linux-x86-64.so.2 ) )",
    "libstdc++": "INPUT ( %s -l:libstdc++.a )",
}

# What an older library of threads links into each object that calls it.
LINKED_IN = "pthread_atfork"

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
    for kind in (HEADERS, PYTHON):
        place = os.path.join(os.path.dirname(os.path.abspath(__file__)), kind)
        settings[kind] = place if os.path.isdir(place) else ""
    if "-shared" in sys.argv:
        settings["runtime"] = runtime(settings["compilers"]["gcc"])
    arguments = sys.argv[1:]
    if not sources(arguments):
        arguments = link_statically(arguments, settings, settings["compilers"]["gcc"])
    arguments = rewritten(arguments, settings, os.getcwd(), name)
    os.execv(compiler, [compiler] + [str(argument) for argument in arguments])  # noqa: S606


def link_statically(arguments, settings, compiler):
    # type: (List[str], Settings, str) -> List[str]
    """The arguments with the directories of the libraries that they name, made at first use."""
    found = []  # type: List[str]
    for name, library in sorted(settings.get("libraries", {}).items()):
        if not {"-l" + link for link in library["links"]}.isdisjoint(arguments):
            folder = os.path.join(tempfile.gettempdir(), "truewheel-library-" + str(name))
            if not os.path.isdir(folder):
                draft = tempfile.mkdtemp(prefix="truewheel-library-")
                archive(library, settings, compiler, draft)
                moved(draft, folder)
            found.append("-L" + folder)
    return arguments + found  # the source's own directories come first


def archive(library, settings, compiler, folder):
    # type: (Settings, Settings, str, str) -> None
    """Compile a library's sources where they are, and put them into an archive under each name.

    The recipe's flags are for sources that the published file names.
    """
    work = str(library["work"])
    known = str(settings["flags"].get("order", "")).replace("|", " ").split()
    objects = []
    for source in map(str, library["sources"]):
        target = os.path.join(folder, os.path.splitext(os.path.basename(source))[0] + ".o")
        words = ["-c", source, "-o", target] + str(library["flags"]).split()
        words += [str(word) for word in library["definitions"]]
        if os.path.basename(source) in map(os.path.basename, known):
            words = rewritten(words, settings, work, "gcc")
        else:
            words += including([library])
        subprocess.check_call([compiler] + words, cwd=work)
        objects.append(target)
    for link in library["links"]:
        target = os.path.join(folder, "lib%s.a" % (link,))
        tool = os.path.join(os.path.dirname(compiler), "gcc-ar")
        subprocess.check_call([tool, "rcs", target] + objects)


def including(libraries):
    # type: (Iterable[Settings]) -> List[str]
    """Arguments that have the headers of libraries found."""
    places = [str(path) for library in libraries for path in library["include"]]
    return [word for path in places for word in ("-isystem", path)]


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
        arguments = arguments + including(settings.get("libraries", {}).values())
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
        key, kept = "*", arguments
        if asks_interpreter(arguments):
            kept = without(arguments, interpreter_flags(COMPILING))
    else:
        return arguments
    kept = without(kept, foreign_definitions(kept))
    if "-shared" in arguments:
        kept = linking(kept, settings)
    added = [flag for flag in str(flags[key]).split() if is_fit(flag, found, name)]
    if key != "*":
        added += meaning(arguments, added)
    if key == "*" and not asks_interpreter(arguments):
        added = [flag for flag in added if flag.startswith("-D")]
    if settings.get("headers"):
        added += ["-isystem", settings["headers"]]
    path = paths.get(matching(paths, found[0], directory))
    if path:
        added.append("-ffile-prefix-map=%s=%s" % (directory, path))
    if settings.get("python"):
        kept = ["-I", settings["python"]] + release(str(flags["python"])) + kept
    # Before the build's own ones, for a later option overrules an earlier one.
    return added + kept if key == "*" else kept + added


def release(version):
    # type: (str) -> List[str]
    """Definitions that say a release of CPython, see `runtime/python-release`."""
    found = re.match(r"[0-9]+\.[0-9]+\.([0-9]+)(?:rc([0-9]+))?$", version)
    if found is None:
        raise ValueError("%r is no release" % (version,))
    micro, candidate = found.groups()
    level = "0xC" if candidate else "0xF"
    values = (("MICRO", micro), ("LEVEL", level), ("SERIAL", candidate or "0"))
    return ["-DTRUEWHEEL_PYTHON_%s=%s" % pair for pair in values]


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


def meaning(arguments, exact):
    # type: (List[str], List[str]) -> List[str]
    """What stays of a build's own flags beside the exact ones, and is stronger.

    The published file does not say what its source means: with characters that have no sign, or
    without a promise that numbers wrap, a check in the source can come to nothing. CPython promised
    the latter by one flag, and by another one since 3.12, so one of them will do.
    """
    found, is_value = [], False
    for argument in arguments:
        if not is_value and (MEANING.match(argument) or DEFINED.match(argument)):
            found.append(argument)
        is_value = not is_value and argument in SEPARATE
    is_wrapping = not WRAPPING.isdisjoint(exact)
    return [flag for flag in found if not (is_wrapping and flag in WRAPPING)]


def is_fit(flag, found, name):
    # type: (str, List[str], str) -> bool
    """Whether a flag is for the language of the sources."""
    is_cxx = name == "g++" or any(os.path.splitext(source)[1] in CXX for source in found)
    if flag.startswith("-D"):
        return is_cxx
    return not (LANGUAGE_C if is_cxx else LANGUAGE_CXX).match(flag)


def asks_interpreter(arguments):
    # type: (List[str]) -> bool
    """Whether a build takes its flags from the interpreter, as setuptools does; Meson does not.

    Nearly every CPython has flags about overflow, which nobody else has among his own.
    """
    own = {flag for flag in interpreter_flags(COMPILING) if flag.startswith("-f")} & OVERFLOW
    return not own or not own.isdisjoint(arguments)


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
    kept = ordered(kept, str(settings["flags"].get("order", "")))
    if KEEP_FIELDS in added:
        kept = [argument for argument in kept if argument not in STRIPPING]
    return place + added + kept


def ordered(arguments, orders):
    # type: (List[str], str) -> List[str]
    """The arguments with the objects of each directory in the order of their sources.

    A build that lists a directory has them in any order; that of directories is the build's own.
    """
    places = [at for at, argument in enumerate(arguments) if argument.endswith(".o")]
    ranks = {}  # type: Dict[int, int]
    for order in orders.split("|"):
        known = order.split()
        found = {at: rank for at in places for rank in rank_of(arguments[at], known)}
        ranks = found if len(found) > len(ranks) else ranks
    taken = {}  # type: Dict[int, str]
    for folder in {os.path.dirname(arguments[at]) for at in ranks}:
        own = [at for at in sorted(ranks) if os.path.dirname(arguments[at]) == folder]
        moved = sorted(own, key=lambda at: (ranks[at], at))
        taken.update(zip(own, (arguments[at] for at in moved)))  # noqa: B905 - not in 2.7
    return [taken.get(at, argument) for at, argument in enumerate(arguments)]


def rank_of(path, known):
    # type: (str, List[str]) -> List[int]
    """Where an object's source stands among some; nothing where it does not."""
    stem = "/" + os.path.normpath(path)[: -len(".o")]
    own = [name for name in known if stem.endswith(("/" + name, "/" + os.path.splitext(name)[0]))]
    return [known.index(max(own, key=len))] if own else []


def runtime(compiler):
    # type: (str) -> str
    """A directory with what is linked in place of the compiler's own; empty where nothing is.

    It is made once for all links of a build.
    """
    own = os.path.dirname(os.path.abspath(__file__))
    sources = sources_in(os.path.join(own, "runtime"))
    libraries = sources_in(os.path.join(own, LIBRARIES))
    folder = os.path.join(tempfile.gettempdir(), "truewheel-runtime")
    if not sources + libraries:
        return ""
    if not os.path.isdir(folder):
        draft = tempfile.mkdtemp(prefix="truewheel-runtime-")
        for source in sources:
            subprocess.check_call([compiler, "-c", source, "-o", made(draft, source) + ".o"])
        linked_in = made(draft, LINKED_IN)
        if os.path.isfile(linked_in + ".o"):
            tool = os.path.join(os.path.dirname(compiler), "gcc-ar")
            subprocess.check_call([tool, "rcs", linked_in + ".a", linked_in + ".o"])
        for source in libraries:
            make_library(compiler, source, made(draft, source), folder)
        moved(draft, folder)
    return folder


def moved(draft, folder):
    # type: (str, str) -> None
    """Put a directory where it belongs, unless another link has made it meanwhile."""
    try:
        os.rename(draft, folder)
    except OSError:
        if not os.path.isdir(folder):
            raise


def sources_in(folder):
    # type: (str) -> List[str]
    """The assembly of a directory, if there is such a one."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [os.path.join(folder, name) for name in names if name.endswith(".s")]


def made(folder, source):
    # type: (str, str) -> str
    """Where what is made of a source has its place, without a suffix."""
    return os.path.join(folder, os.path.splitext(os.path.basename(source))[0])


def make_library(compiler, source, target, folder):
    # type: (str, str, str, str) -> None
    """Make a library that nothing but the linker reads, and what the linker finds it by.

    Args:
        compiler: links it.
        source: its symbols; beside it are their versions.
        target: where it is made.
        folder: where it will be when it is used.
    """
    versions = os.path.splitext(source)[0] + ".map"
    name = os.path.basename(target)
    words = ["-shared", "-nostdlib", "-Wl,-soname," + name, "-Wl,--version-script," + versions]
    words.append("-Wl,--hash-style=sysv")  # which leaves symbols in their order
    subprocess.check_call([compiler] + words + [source, "-o", target])
    stem = name.partition(".so")[0]
    script = SCRIPTS.get(stem, "INPUT ( %s )") % (os.path.join(folder, name),)
    if stem == "libpthread" and os.path.isfile(made(os.path.dirname(target), LINKED_IN) + ".a"):
        script += " INPUT ( %s )" % (made(folder, LINKED_IN) + ".a",)
    with open(os.path.join(os.path.dirname(target), stem + ".so"), "w") as file:
        file.write(script)


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
