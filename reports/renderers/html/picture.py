"""The timeline picture of one result: its release as it was listed, else its wheel and source."""

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from reports.renderers.results import Reported, ReportedFile
from reports.timeline_svg import timeline_svg
from verify.index.interface import FileKind, IndexFile
from verify.signals import DEFAULT_THRESHOLDS
from verify.timeline.timeline import Timeline, TimelineFile, TimelineRelease


def picture(result: Reported) -> str | None:
    """SVG; None where there is less than two upload times to show."""
    files = _files(result)
    times = [file.upload_time for file in files if file.upload_time]
    if result.wheel is None or len(times) < 2:
        return None
    try:
        project, version, _, _ = parse_wheel_filename(result.wheel.filename)
    except InvalidWheelFilename:
        return None
    lines = tuple(_line(file, result, project, version) for file in files)
    source = result.source.filename if result.source else None
    release = TimelineRelease(
        version=version,
        source=next((line.file for line in lines if line.file.filename == source), None),
        first=min(times),
        files=lines,
    )
    timeline = Timeline(
        project=project,
        thresholds=DEFAULT_THRESHOLDS,
        releases=(release, *_others(result)),
        asked=version,
        detailed=(version,),
        others=(),
        unread=0,
    )
    return timeline_svg(timeline)


def _files(result: Reported) -> tuple[ReportedFile, ...]:
    """Those of the release; wheel and source as the result has them."""
    named = {file.filename: file for file in (result.source, result.wheel) if file is not None}
    listed = result.release.files if result.release else ()
    rest = [file for file in listed if file.filename not in named]
    return (*named.values(), *rest)


def _line(
    file: ReportedFile, result: Reported, project: NormalizedName, version: Version
) -> TimelineFile:
    is_wheel = result.wheel is not None and file.filename == result.wheel.filename
    source = result.source.upload_time if result.source else None
    listed = IndexFile(
        project=project,
        version=version,
        filename=file.filename,
        kind=FileKind.WHEEL if file.filename.endswith(".whl") else FileKind.SDIST,
        url="",
        sha256=None,
        size=file.size,
        upload_time=file.upload_time,
        requires_python=None,
        yanked=None,
    )
    return TimelineFile(
        file=listed,
        after_source=file.upload_time - source if file.upload_time and source else None,
        signals=result.signals if is_wheel else (),
        attested=None,
    )


def _others(result: Reported) -> list[TimelineRelease]:
    found = []
    for other in result.release.others if result.release else ():
        try:
            version = Version(other.version)
        except InvalidVersion:
            continue
        found.append(TimelineRelease(version=version, source=None, first=other.first, files=()))
    return found
