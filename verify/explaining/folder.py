"""A folder of reports: one for each checked wheel that is not trusted and has a rebuild."""

from dataclasses import dataclass
from pathlib import Path

from verify.explaining.explainer import Explainer, attempt
from verify.explaining.report_file import clear
from verify.results import ExplanationReport, ExplanationStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportFolder:
    """Names the reports after their wheels."""

    folder: Path
    explainer: Explainer

    def explain(
        self, published: Path | None, rebuilt: Path | None, *, trusted: bool
    ) -> ExplanationReport:
        """The report on one wheel, or why there is none; never raises."""
        if published is None:
            return _NO_REBUILD
        target = self.folder / f"{published.name}.html"
        if rebuilt is not None and not trusted:
            return self.explainer.explain(published, rebuilt, target)
        return attempt(lambda: _without(target, _TRUSTED if trusted else _NO_REBUILD))


_TRUSTED = ExplanationReport(status=ExplanationStatus.NOT_NEEDED, detail="the wheel is trusted")
_NO_REBUILD = ExplanationReport(
    status=ExplanationStatus.NO_REBUILD, detail="there is no rebuild to compare with"
)


def _without(target: Path, report: ExplanationReport) -> ExplanationReport:
    """Say so after removing what an earlier check has left, which no longer holds."""
    clear(target)
    return report
