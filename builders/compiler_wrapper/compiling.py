"""Which flags a source is compiled with: the recipe's, and what stays of the build's."""

import os
import re

from builders.compiler_wrapper.arguments import CXX, SEPARATE
from builders.compiler_wrapper.interpreter import (
    COMPILING,
    asks_interpreter,
    foreign_definitions,
    headers,
    interpreter_flags,
    without,
)
from builders.compiler_wrapper.linking import linking
from builders.compiler_wrapper.meaning import meaning

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List

    Settings = Dict[str, Any]

GENERATION = re.compile(r"-(?:O|g|f(?!syntax-only)|m|-?std=|ansi$)")
LANGUAGE_C = re.compile(r"-std=(?:c|gnu|iso9899:)[0-9]")
LANGUAGE_CXX = re.compile(r"-std=(?:c|gnu)\+\+")

# An instruction set that the source's build chose for one source, see `exact_flags`.
INSTRUCTIONS = re.compile(
    r"-m(?:sse|ssse|avx|fma|bmi|popcnt|pclmul|aes|sha|f16c|lzcnt|movbe|adx|abm|gfni|vaes|vpcl|xop)"
    r"[a-z0-9.]*"
)


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
        added += meaning(arguments, added, interpreter_flags(COMPILING))
    if key == "*" and not asks_interpreter(arguments):
        added = [flag for flag in added if flag.startswith("-D")]
    if settings.get("headers"):
        added += ["-isystem", settings["headers"]]
    added += recorded(paths, found[0], directory)
    if settings.get("python"):
        kept = ["-I", settings["python"]] + release(str(flags["python"])) + kept
    # Before the build's own ones, for a later option overrules an earlier one.
    return added + kept if key == "*" else kept + added


def recorded(paths, source, directory):
    # type: (Dict[str, str], str, str) -> List[str]
    """Flags that have directories recorded as the recipe says, in `__FILE__`, too."""
    path = paths.get(matching(paths, source, directory))
    found = [(directory, path)] if path else []
    if paths.get("python"):
        found.append((headers(), paths["python"]))
    return ["-ffile-prefix-map=%s=%s" % pair for pair in found]


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


def is_fit(flag, found, name):
    # type: (str, List[str], str) -> bool
    """Whether a flag is for the language of the sources."""
    is_cxx = name == "g++" or any(os.path.splitext(source)[1] in CXX for source in found)
    if flag.startswith("-D"):
        return is_cxx
    return not (LANGUAGE_C if is_cxx else LANGUAGE_CXX).match(flag)
