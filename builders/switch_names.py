"""Variables of a project's own that turn something of its build on: which of them a recipe may set.

A recipe may come from anywhere, and a source may read any variable. So a switch is one by its name,
is nothing that interpreters, loaders or tools read on their own, and has a plain word for a value.
"""

import re

MAX_NAME = 64

_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")

_VALUE = re.compile(r"[A-Za-z0-9]{1,20}")
"""No path, no option, nothing that a shell or a compiler reads as more than a word."""

_FALSE = frozenset({"0", "f", "false", "n", "never", "no", "none", "off"})

_VERB = re.compile(
    r"BUILDS?|ENABLED?|FORCE|INCLUDE|INSTALL|REQUIRED?|USE|USING|WITH",
)
_EXTENSION = re.compile(
    r"ACCELERAT(?:E|ED|ION)|C?EXTS?|C?EXTENSIONS?|CIBUILDWHEEL|COMPILED?|CYTHON(?:IZE)?|MYPYC"
    r"|NATIVE|SPEEDUPS?",
)
"""Words for extension modules and what makes them."""

_OFF = re.compile(
    r"AVOID|DISABLED?|IGNORE|NEVER|NOT?|OMIT|PURE(?:PYTHON)?|SKIP|WITHOUT",
)
_PLACE = re.compile(
    r"AUDIT|CC|CMD|COMMAND|COMPILER|CONFIG|CXX|DIRECTORY|DIRS?|EXEC|FILES?|(?:C|CPP|CXX|LD)?FLAGS"
    r"|HOME|INDEX|KEY|LD|LIBS?|LINKER|PASSWORD|PATHS?|PREFIX|PRELOAD|PROXY|ROOT|SECRET|SHELL|TEMP"
    r"|TMP|TMPDIR|TOKEN|URL|USER",
)
"""Words for what says where something comes from, or with what it is done."""

_OTHERS = re.compile(
    r"BASH|CARGO|CMAKE|DEB|DISTUTILS|DYLD|GCC|GIT|GLIBC|JAVA|LANG|LC|LD|LOCPATH|MAKE|MALLOC|NODE"
    r"|PERL|PIP|PYTHON|RUBY|RUST|SETUPTOOLS|SSL|TRUEWHEEL|UV|XDG"
)
"""How names begin that interpreters, loaders and tools read on their own."""


def is_switch(name: str, value: str) -> bool:
    """Whether a variable with this value turns something of a project's own build on."""
    words = name.split("_")
    return (
        len(name) <= MAX_NAME
        and _NAME.fullmatch(name) is not None
        and rank(name) > 0
        and not any(_OFF.fullmatch(word) or _PLACE.fullmatch(word) for word in words)
        and _OTHERS.match(name) is None
        and _VALUE.fullmatch(value) is not None
        and value.lower() not in _FALSE
    )


def rank(name: str) -> int:
    """How much a name says of extension modules being made; 0 is nothing."""
    words = name.split("_")
    verbs = sum(_VERB.fullmatch(word) is not None for word in words)
    return verbs + 2 * sum(_EXTENSION.fullmatch(word) is not None for word in words)
