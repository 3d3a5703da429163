"""Attaches diffoscope's report to a difference, or says why there is none.

Whatever happens here, the verdict has been found before and stays: nothing is raised.
"""

import filecmp
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from builders.definition import EXPLAIN_IMAGE, definition
from builders.diffoscope import BOUNDS, Bounds, write_page
from builders.sandbox.interface import Sandbox
from builders.sandbox.rooted import open_rooted
from verify.errors import TruewheelError
from verify.events import Listener, Step
from verify.explaining.report_file import clear, new_report
from verify.results import ExplanationReport, ExplanationStatus


def attempt(action: Callable[[], ExplanationReport]) -> ExplanationReport:
    """What the action returns, or the report of its failure, whatever that is."""
    try:
        return action()
    except TruewheelError as error:
        return _failed(error.message, error.hint)
    except OSError as error:
        return _failed(f"the report cannot be written: {error}")
    except Exception as error:  # noqa: BLE001 - not even a fault of our own may cost a verdict
        return _failed(f"this is a fault of truewheel itself: {error!r}", "please report it")


def _failed(detail: str, hint: str | None = None) -> ExplanationReport:
    return ExplanationReport(status=ExplanationStatus.FAILED, detail=detail, hint=hint)


@dataclass(frozen=True, kw_only=True)
class Explainer:
    """Runs diffoscope on pairs of wheels, in a sandbox that is opened with the first of them.

    Attributes:
        choice: the kind of sandbox, as the person names it.
        cache_root: where the image is kept, or what it is made of.
        offline: whether the image may not be made.
    """

    choice: str
    cache_root: Path
    listener: Listener
    offline: bool = False
    bounds: Bounds = BOUNDS

    def explain(self, published: Path, rebuilt: Path, target: Path) -> ExplanationReport:
        """The report on one pair, written to `target`; an earlier report there is gone after it."""
        return attempt(lambda: self._explain(published, rebuilt, target))

    def _explain(self, published: Path, rebuilt: Path, target: Path) -> ExplanationReport:
        clear(target)
        if filecmp.cmp(published, rebuilt, shallow=False):
            return ExplanationReport(
                status=ExplanationStatus.NOT_NEEDED, detail="the files are identical"
            )
        sandbox = self._sandbox()
        self.listener(Step(stage="explain", subject=published.name))
        with new_report(target) as file:
            page = write_page(sandbox, published, rebuilt, file, bounds=self.bounds)
        cut = "it took diffoscope too long to look everywhere: differences may be missing"
        return ExplanationReport(
            status=ExplanationStatus.WRITTEN,
            path=str(target),
            detail=cut if page.cut_short else None,
        )

    def _sandbox(self) -> Sandbox:
        if isinstance(self._opened, TruewheelError):
            raise self._opened
        return self._opened

    @cached_property
    def _opened(self) -> Sandbox | TruewheelError:
        """The sandbox, or why there is none: finding out may take a minute, so it is asked once."""
        try:
            return open_rooted(
                self.choice,
                definition(EXPLAIN_IMAGE),
                cache_root=self.cache_root,
                listener=self.listener,
                offline=self.offline,
            )
        except TruewheelError as error:
            return error
