"""From the arguments that a build gives a compiler to those that the real one gets."""

from builders.compiler_wrapper.arguments import sources
from builders.compiler_wrapper.compiling import compiling
from builders.compiler_wrapper.linking import linking

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List

    Settings = Dict[str, Any]


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


def including(libraries):
    # type: (Iterable[Settings]) -> List[str]
    """Arguments that have the headers of libraries found."""
    places = [str(path) for library in libraries for path in library["include"]]
    return [word for path in places for word in ("-isystem", path)]
