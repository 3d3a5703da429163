"""The axis of report formats: what a renderer is, and how one fails."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from verify.errors import TruewheelError, UsageFault
from verify.finding import JSONValue

Document = Mapping[str, JSONValue]
"""`truewheel.check/1` or `truewheel.batch/1`: whatever has a `schema` and `results`."""

GROUP = "truewheel.renderers"
"""The entry points group in which a package announces its renderers, by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """One file of a report.

    Attributes:
        name: relative to the report's folder, with `/` between folders.
    """

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Streamed:
    """One file that is made while it is written: of thousands of wheels it may have a gigabyte.

    Attributes:
        name: see `Rendered`.
        write: gives the whole content, in pieces, to what it is called with.
    """

    name: str
    write: Callable[[Callable[[bytes], object]], None]

    @property
    def content(self) -> bytes:
        """All of it at once."""
        pieces: list[bytes] = []
        self.write(pieces.append)
        return b"".join(pieces)


class Renderer(Protocol):
    """One format; an entry point of `GROUP` names the class, which is made without arguments."""

    @property
    def name(self) -> str:
        """What `--format` calls it."""

    @property
    def filename(self) -> str:
        """The file that a person opens, relative to the report's folder."""

    def render(self, document: Document) -> Iterable[Rendered | Streamed]:
        """The files of the report; the same document gives the same bytes.

        Raises:
            UnreadableResultsError: the document is not what it should be.
        """


class RendererError(TruewheelError):
    """A renderer cannot be had, or failed."""


class UnreadableResultsError(UsageFault):
    """A document of results is not what its schema says."""
