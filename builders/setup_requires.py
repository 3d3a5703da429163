"""Runs inside the sandbox: which requirements a setup.py would have setuptools fetch.

    python setup_requires.py FILE CODE

CODE runs the setup.py of the current directory. Each requirement becomes a line of JSON in FILE.

Python 2.7 and 3.5 must be able to run this file, as the driver.
"""

import importlib
import json
import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, as in the driver
if TYPE_CHECKING:
    from typing import Any, Callable, List

TEXT = type(b"".decode("ascii"))  # 2.7's unicode, else str


def main(collected, code):
    # type: (str, str) -> None
    """Run `setup.py egg_info`, and write down each requirement that it would have fetched.

    Setuptools calls `fetch_build_eggs` for setup_requires of setup() and of setup.cfg, a setup.py
    calls it by hand; setuptools.build_meta finds them in the same way.
    """
    dist = importlib.import_module("setuptools.dist")
    dist.Distribution.fetch_build_eggs = recorder(collected)
    sys.path[0] = ""
    sys.argv = ["-c", "egg_info"]
    exec(code, {"__name__": "__main__"})  # noqa: S102 - the build's own code, in its sandbox


def recorder(path):
    # type: (str) -> Callable[..., List[object]]
    """In place of `fetch_build_eggs`: writes at once, as a setup.py may end its process."""

    def fetch_build_eggs(_self, requires, *_args, **_options):
        # type: (Any, Any, Any, Any) -> List[object]
        lines = [json.dumps(line).encode("ascii") + b"\n" for line in requirement_lines(requires)]
        with open(path, "ab") as found:
            found.writelines(lines)
        return []

    return fetch_build_eggs


def requirement_lines(requires):
    # type: (Any) -> List[str]
    """Requirements as pkg_resources reads them: a string of lines, or a nest of such strings."""
    if not isinstance(requires, (str, TEXT)):
        if hasattr(requires, "__iter__"):
            return [line for item in requires for line in requirement_lines(item)]
        requires = str(requires)
    lines = [line.partition(" #")[0].strip() for line in requires.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


if __name__ == "__main__":
    main(*sys.argv[1:])
