"""What lies beside the wrapper, whose script has the names of compilers.

`compiler.json` is its settings:

    {"compilers": {"gcc": "/usr/bin/gcc", "g++": "/usr/bin/g++"},
     "flags": {"": "-g -O3", "src/a.c": "-g -O2", "*": "...", "link": "-pthread"},
     "paths": {"": "/project"}}

The keys of `flags` are those of a recipe's `compiler_flags`, see `builders.native_flags`: exact
flags under `""` and for sources whose path ends so, else flags in place of the interpreter's under
`*`.
`paths` says as what directory the current one is recorded, and under `python` that of CPython's
headers.
"""

CONFIG = "compiler.json"

# Headers that are found before the system's, and others before the interpreter's.
HEADERS = "headers"
PYTHON = "python"

# Parts of the C runtime, in assembly, that are linked in place of the compiler's own.
RUNTIME = "runtime"

# Libraries of an older system, as assembly and a map of versions each.
LIBRARIES = "libraries"
