"""What an interpreter's sysconfig brings into every build that asks it for flags."""

import re

from builders.compiler_wrapper.arguments import SEPARATE

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import Iterable, List

# Names of sysconfig's variables that hold flags for compiling and for linking.
COMPILING = ("CFLAGS", "OPT", "BASECFLAGS", "CCSHARED", "CPPFLAGS", "PY_CFLAGS", "CC", "CXX")
LINKING = ("LDFLAGS", "LDSHARED", "BLDSHARED", "LDCXXSHARED", "PY_LDFLAGS")

KEPT_DEFINITIONS = frozenset(("-DNDEBUG",))

# What may be taken away of what an interpreter brings; its warnings and -pthread do no harm.
GONE = re.compile(r"-(?:O|g|f|m|-?std=|D.|L.|Wl,)")

OVERFLOW = frozenset(("-fwrapv", "-fno-strict-overflow", "-fno-strict-aliasing"))


def interpreter_flags(names):
    # type: (Iterable[str]) -> List[str]
    """The words that this interpreter's sysconfig holds in some variables."""
    import sysconfig  # only when it is needed: it takes longer than all else here

    values = [sysconfig.get_config_var(name) for name in names]
    library = sysconfig.get_config_var("LIBDIR")
    words = [word for value in values if value for word in str(value).split()]
    return [word for word in words if word.startswith("-")] + ["-L%s" % (library,)]


def headers():
    # type: () -> str
    """The directory of this interpreter's headers."""
    import sysconfig  # only when it is needed: it takes longer than all else here

    return str(sysconfig.get_path("include"))


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
