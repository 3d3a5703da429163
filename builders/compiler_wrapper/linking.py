"""How a shared object is linked: what is added, what is left out, and in which order."""

import os
import re

from builders.compiler_wrapper.interpreter import LINKING, interpreter_flags, without

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import Any, Dict, List

    Settings = Dict[str, Any]

PYTHON_LIBRARY = re.compile(r"-lpython[0-9](?:\.[0-9]+)?[a-z]*")

# ld cannot keep relocations in a file without symbols; nothing that is loaded depends on these.
KEEP_FIELDS = "-Wl,--emit-relocs"
STRIPPING = ("-s", "-Wl,-s", "-Wl,--strip-all")


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
