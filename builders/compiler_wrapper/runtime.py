"""The C runtime of an older system, linked in place of the compiler's own."""

import os
import subprocess
import tempfile

from builders.compiler_wrapper.drafts import moved
from builders.compiler_wrapper.layout import LIBRARIES, RUNTIME

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import List

# What the linker finds by the name of a library, where that is more than one file. Functions of C++
# that the older library lacks come out of the compiler's static one, as with Red Hat's toolsets.
SCRIPTS = {
    "libc": "GROUP ( %s =/usr/lib/x86_64-linux-gnu/libc_nonshared.a"
    " AS_NEEDED ( =/lib64/ld-linux-x86-64.so.2 ) )",
    "libstdc++": "INPUT ( %s -l:libstdc++.a )",
}

# What an older library of threads links into each object that calls it.
LINKED_IN = "pthread_atfork"

# What is found before the compiler's static C++ library, and how its sources are named: the linker
# puts them into a file in the order of their names, which is that of the archive they stand for.
OLDER_CXX = "older-c++.a"
CXX_PART = "cxx_"


def runtime(compiler, place):
    # type: (str, str) -> str
    """A directory with what is linked in place of the compiler's own; empty where nothing is.

    It is made once for all links of a build.

    Args:
        compiler: makes it.
        place: has the sources.
    """
    sources = sources_in(os.path.join(place, RUNTIME))
    libraries = sources_in(os.path.join(place, LIBRARIES))
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
        parts = [made(draft, source) + ".o" for source in sources if is_cxx(source)]
        if parts:
            tool = os.path.join(os.path.dirname(compiler), "gcc-ar")
            subprocess.check_call([tool, "rcs", os.path.join(draft, OLDER_CXX)] + parts)
        for source in libraries:
            make_library(compiler, source, made(draft, source), folder)
        moved(draft, folder)
    return folder


def is_cxx(source):
    # type: (str) -> bool
    """Whether a source is a part of the C++ library."""
    return os.path.basename(source).startswith(CXX_PART)


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
    if stem == "libstdc++" and os.path.isfile(os.path.join(os.path.dirname(target), OLDER_CXX)):
        # The linker takes what it looks for from the first archive that has it.
        script = "INPUT ( %s %s -l:libstdc++.a )" % (
            os.path.join(folder, name),
            os.path.join(folder, OLDER_CXX),
        )
    with open(os.path.join(os.path.dirname(target), stem + ".so"), "w") as file:
        file.write(script)
