"""Signals that a listing alone tells: when a file came, and what is said of it and its source."""

from collections.abc import Iterator

from verify.finding import Finding
from verify.index.interface import FileKind, IndexFile
from verify.signals import (
    AFTER_NEWER_RELEASE,
    BUILD_TAG,
    LATE_SOURCE,
    LATE_WHEEL,
    NO_SOURCE,
    SILENCE_BEFORE,
    YANKED_SOURCE,
    YANKED_WHEEL,
    Thresholds,
    signal,
)
from verify.timeline.history import SAME_UPLOAD, History, Release
from verify.timeline.words import moment, shortened, span

NOUNS = {FileKind.WHEEL: "wheel", FileKind.SDIST: "source", FileKind.OTHER: "file"}


def listing_signals(
    file: IndexFile, release: Release, history: History, thresholds: Thresholds
) -> Iterator[Finding]:
    """What the listing tells of one file of a release."""
    if file.kind is FileKind.WHEEL:
        yield from _against_source(file, release, thresholds)
    yield from _after_newer(file, release)
    yield from _after_silence(file, history, thresholds)
    yield from _yanked(file, release)
    if file.kind is FileKind.WHEEL:
        yield from _build_tag(file)


def _against_source(
    wheel: IndexFile, release: Release, thresholds: Thresholds
) -> Iterator[Finding]:
    source = release.source
    if source is None:
        yield signal(
            NO_SOURCE,
            f"release {release.version} has no source at the index",
            files=len(release.files),
        )
        return
    delay = release.after_source(wheel)
    if delay is None or abs(delay) <= thresholds.late_after:
        return
    evidence = {
        "wheel_upload_time": moment(wheel.upload_time),
        "source": source.filename,
        "source_upload_time": moment(source.upload_time),
        "days": abs(delay).days,
        "late_after_days": thresholds.late_after.days,
    }
    if delay.days >= 0:
        summary = f"the wheel was uploaded {span(delay)} after its source"
        yield signal(LATE_WHEEL, summary, **evidence)
    else:
        summary = f"the source was uploaded {span(delay)} after this wheel"
        yield signal(LATE_SOURCE, summary, **evidence)


def _after_newer(file: IndexFile, release: Release) -> Iterator[Finding]:
    """Later than a newer release that came after this one, and not with its first files.

    A release of an older line (1.0.9 after 2.0) is not meant: it is whole when it comes.
    """
    newer, first, time = release.newer, release.first, file.upload_time
    if newer is None or first is None or time is None:
        return
    if time > newer.uploaded and time - first > SAME_UPLOAD:
        yield signal(
            AFTER_NEWER_RELEASE,
            f"the {NOUNS[file.kind]} was added to release {release.version}"
            f" {span(time - newer.uploaded)} after release {newer.version} had come",
            upload_time=moment(time),
            release_began=moment(first),
            newer_release=str(newer.version),
            newer_release_began=moment(newer.uploaded),
        )


def _after_silence(file: IndexFile, history: History, thresholds: Thresholds) -> Iterator[Finding]:
    upload = history.upload_of(file)
    if upload is None or upload.before is None:
        return
    silence = upload.first - upload.before
    if silence > thresholds.silent_for:
        yield signal(
            SILENCE_BEFORE,
            f"nothing had been uploaded to the project for {span(silence)} before",
            upload_time=moment(file.upload_time),
            silent_from=moment(upload.before),
            silent_until=moment(upload.first),
            days=silence.days,
            silent_for_days=thresholds.silent_for.days,
        )


def _yanked(file: IndexFile, release: Release) -> Iterator[Finding]:
    source = release.source
    if source is not None and source.yanked is not None:
        yield signal(
            YANKED_SOURCE,
            f"the source was yanked{_because(source.yanked)}",
            source=source.filename,
            reason=shortened(source.yanked),
        )
    if file.kind is FileKind.WHEEL and file.yanked is not None:
        yield signal(
            YANKED_WHEEL,
            f"the wheel was yanked{_because(file.yanked)}",
            reason=shortened(file.yanked),
        )


def _because(reason: str) -> str:
    return f": {shortened(reason)}" if reason else ""


def _build_tag(wheel: IndexFile) -> Iterator[Finding]:
    parts = wheel.filename.removesuffix(".whl").split("-")
    if len(parts) == 6:
        yield signal(
            BUILD_TAG,
            f"the wheel has the build tag {parts[2]}, which installers prefer to a lower or none",
            build_tag=parts[2],
        )
