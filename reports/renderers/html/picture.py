"""The timeline picture of one result, from what it says of its wheel and its source."""

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from reports.renderers.results import Reported, ReportedFile
from reports.timeline_svg import timeline_svg
from verify.index.interface import FileKind, IndexFile
from verify.signals import DEFAULT_THRESHOLDS
from verify.timeline.timeline import Timeline, TimelineFile, TimelineRelease


def picture(result: Reported) -> str | None:
    """SVG; None where the upload time of wheel or source is not known."""
    wheel, source = result.wheel, result.source
    if wheel is None or source is None or not (wheel.upload_time and source.upload_time):
        return None
    try:
        project, version, _, _ = parse_wheel_filename(wheel.filename)
    except InvalidWheelFilename:
        return None

    def listed(file: ReportedFile, kind: FileKind) -> IndexFile:
        return IndexFile(
            project=project,
            version=version,
            filename=file.filename,
            kind=kind,
            url="",
            sha256=None,
            size=file.size,
            upload_time=file.upload_time,
            requires_python=None,
            yanked=None,
        )

    base = listed(source, FileKind.SDIST)
    late = wheel.upload_time - source.upload_time
    lines = (
        TimelineFile(file=base, after_source=None, signals=(), attested=None),
        TimelineFile(
            file=listed(wheel, FileKind.WHEEL),
            after_source=late,
            signals=result.signals,
            attested=None,
        ),
    )
    release = TimelineRelease(
        version=version,
        source=base,
        first=min(wheel.upload_time, source.upload_time),
        files=lines,
    )
    timeline = Timeline(
        project=project,
        thresholds=DEFAULT_THRESHOLDS,
        releases=(release,),
        asked=version,
        detailed=(version,),
        others=(),
        unread=0,
    )
    return timeline_svg(timeline)
