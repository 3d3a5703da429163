"""A build that is told that it runs on PyPy; runs inside the sandbox.

Many projects have an extension module that PyPy does better without: their setup.py leaves it out
there, and the wheel that comes out is for every platform. What is left out is the source's own
decision. Run with `exec` before the backend is imported.
"""

import platform
import sys


def _python_implementation():  # type: ignore[no-untyped-def]  # noqa: ANN202 - also for 2.7
    return "PyPy"


platform.python_implementation = _python_implementation
sys.pypy_version_info = sys.version_info  # type: ignore[attr-defined]  # what PyPy has
