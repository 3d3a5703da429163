"""Libraries that a recipe has linked into a module: compiled where they are asked for."""

import os
import subprocess
import tempfile

from builders.compiler_wrapper.drafts import moved
from builders.compiler_wrapper.rewriting import including, rewritten

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import Any, Dict, List

    Settings = Dict[str, Any]


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
