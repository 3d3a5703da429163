"""The script under the names of compilers."""

import json
import os
import sys

from builders.compiler_wrapper.arguments import sources
from builders.compiler_wrapper.layout import CONFIG, HEADERS, PYTHON
from builders.compiler_wrapper.rewriting import rewritten
from builders.compiler_wrapper.runtime import runtime
from builders.compiler_wrapper.static_libraries import link_statically
from builders.compiler_wrapper.translated import with_lines

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    # type: () -> None
    """Become the compiler."""
    name = "g++" if os.path.basename(sys.argv[0]).endswith("++") else "gcc"
    with open(os.path.join(HERE, CONFIG)) as file:
        settings = json.load(file)
    compiler = settings["compilers"][name]
    for kind in (HEADERS, PYTHON):
        place = os.path.join(HERE, kind)
        settings[kind] = place if os.path.isdir(place) else ""
    if "-shared" in sys.argv:
        settings["runtime"] = runtime(settings["compilers"]["gcc"], HERE)
    arguments = sys.argv[1:]
    if not sources(arguments):
        arguments = link_statically(arguments, settings, settings["compilers"]["gcc"])
    arguments = rewritten(arguments, settings, os.getcwd(), name)
    arguments = with_lines(arguments, settings)
    os.execv(compiler, [compiler] + [str(argument) for argument in arguments])  # noqa: S606


if __name__ == "__main__":
    main()
