"""`truewheel.timeline/1`."""

from datetime import timedelta

from reports.as_json import JSONObject, finding_object, moment_text
from verify.index.interface import IndexFile
from verify.timeline.attestation import Attested
from verify.timeline.timeline import Timeline, TimelineFile, TimelineRelease


def timeline_document(timeline: Timeline) -> JSONObject:
    """The releases in detail with their files, and all releases in short."""
    return {
        "schema": "truewheel.timeline/1",
        "project": timeline.project,
        "thresholds": {
            "late_after_days": timeline.thresholds.late_after / timedelta(days=1),
            "silent_for_days": timeline.thresholds.silent_for / timedelta(days=1),
        },
        "detailed": [str(version) for version in timeline.detailed],
        "releases": [
            _release(release, detailed=release.version in timeline.detailed)
            for release in timeline.releases
        ],
        "other_files": [_listed(file) for file in timeline.others],
        "summary": {
            "releases": len(timeline.releases),
            "files": sum(len(release.files) for release in timeline.releases),
            "files_without_upload_time": timeline.untimed,
            "provenances_not_read": timeline.unread,
            "by_signal": _by_signal(timeline),
        },
    }


def _release(release: TimelineRelease, *, detailed: bool) -> JSONObject:
    short: JSONObject = {
        "version": str(release.version),
        "source": release.source.filename if release.source else None,
        "wheels": len(release.wheels),
        "first_upload_time": moment_text(release.first),
        "last_upload_time": moment_text(release.last),
        "by_signal": {str(rule): count for rule, count in release.rules.items()},
    }
    return {**short, "files": [_file(line) for line in release.files]} if detailed else short


def _file(line: TimelineFile) -> JSONObject:
    after = line.after_source
    return {
        **_listed(line.file),
        "seconds_after_source": None if after is None else after / timedelta(seconds=1),
        "attestation": _attestation(line.file, line.attested),
        "signals": [finding_object(found) for found in line.signals],
    }


def _listed(file: IndexFile) -> JSONObject:
    return {
        "filename": file.filename,
        "kind": file.kind.value,
        "url": file.url,
        "sha256": file.sha256,
        "size": file.size,
        "upload_time": moment_text(file.upload_time),
        "yanked": file.yanked,
    }


def _attestation(file: IndexFile, attested: Attested | None) -> JSONObject | None:
    if file.provenance is None:
        return None
    return {
        "url": file.provenance,
        "read": attested is not None,
        "identities": [
            {"kind": identity.kind, **dict(identity.claims)}
            for identity in (attested.identities if attested else ())
        ],
        "verified": attested is not None and attested.verified,
        "detail": attested.detail if attested else None,
    }


def _by_signal(timeline: Timeline) -> JSONObject:
    counts: dict[str, int] = {}
    for release in timeline.releases:
        for rule, count in release.rules.items():
            counts[rule] = counts.get(rule, 0) + count
    return dict(sorted(counts.items()))
