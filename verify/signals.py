"""Signals: findings about a release, not about the bytes of its wheel."""

from datetime import timedelta

from verify.finding import Finding, FindingClass, RuleName
from verify.results import CheckedSource, CheckedWheel

LATE = timedelta(days=14)


def release_signals(wheel: CheckedWheel, source: CheckedSource) -> tuple[Finding, ...]:
    """What the upload times of a wheel and its source tell."""
    if wheel.upload_time is None or source.upload_time is None:
        return ()
    delay = wheel.upload_time - source.upload_time
    if delay <= LATE:
        return ()
    return (
        Finding(
            rule=RuleName("release.late-wheel"),
            kind=FindingClass.NOTE,
            summary=f"the wheel was uploaded {delay.days} days after its source",
            evidence={
                "wheel_upload_time": wheel.upload_time.isoformat(),
                "source_upload_time": source.upload_time.isoformat(),
                "days": delay.days,
            },
        ),
    )
