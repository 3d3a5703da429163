"""Text files as Windows writes them, for a build that was made there; runs inside the sandbox.

On Windows the text layer of `open` turns a written LF into CRLF, so files that a backend writes
without naming `newline` have CRLF throughout (docs.python.org, `open`, `newline`). Nothing else of
Windows is imitated. Run with `exec` before the backend is imported, by Python 3.6 or newer or by
2.7, whose built-in `open` gives another kind of file than that of `io`.
"""

import io
import os
import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

_NAMES = ("file", "mode", "buffering", "encoding", "errors", "newline", "closefd", "opener")
"""Arguments of `io.open`, in order."""

_plain_open = io.open  # type: Any


def _open(*arguments, **named):
    # type: (Any, Any) -> Any
    """`io.open` as it is on Windows."""
    given = dict(zip(_NAMES, arguments), **named)
    if _is_written_text(given.get("mode", "r")) and given.get("newline") is None:
        given["newline"] = "\r\n"
    return _plain_open(**given)


def _is_written_text(mode):
    # type: (str) -> bool
    return "b" not in mode and any(letter in mode for letter in "wax+")


class _TextFile(object):
    """A file of Python 2.7 as C writes it on Windows; `print` would not ask a subclass."""

    def __init__(self, file):
        # type: (Any) -> None
        self._file = file

    def __getattr__(self, name):
        # type: (str) -> Any
        return getattr(self._file, name)

    def __enter__(self):
        # type: () -> _TextFile
        return self

    def __exit__(self, *_raised):
        # type: (object) -> None
        self._file.close()

    def __iter__(self):
        # type: () -> Iterator[Any]
        return iter(self._file)

    def write(self, text):
        # type: (Any) -> None
        """Write a text with the line ends of Windows."""
        self._file.write(text.replace("\n", "\r\n"))

    def writelines(self, texts):
        # type: (Iterable[Any]) -> None
        """Write texts, one after the other."""
        for text in texts:
            self.write(text)


def _open_file(name, mode="r", *buffering):
    # type: (Any, str, int) -> Any
    """The built-in `open` of Python 2.7 as it is on Windows."""
    opened = _plain_file(name, mode, *buffering)
    return _TextFile(opened) if _is_written_text(mode) else opened


def _install():
    # type: () -> None
    io.open = _open
    os.linesep = "\r\n"
    if sys.version_info >= (3,):
        _builtins.open = _open
    else:
        _builtins.open = _open_file


_builtins = __import__("builtins" if sys.version_info >= (3,) else "__builtin__")  # type: Any
_plain_file = _builtins.open
_install()
