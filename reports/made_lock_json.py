"""`truewheel.lock/1`: a lock that was made, and whether it was written."""

from reports.as_json import JSONObject, check_document, finding_object
from verify.finding import JSONValue
from verify.lock.making.closing import LockedWheel, LockEntry
from verify.lock.making.lock import MadeLock
from verify.lock.making.sdists import LockedSdist
from verify.results import CheckReport, CheckResult, Failure


def made_lock_document(
    lock: MadeLock | None,
    *,
    output: str | None,
    written: bool,
    changed: bool,
    failure: Failure | None,
) -> JSONObject:
    """The document; `error` is there when the tool failed before the end."""
    entries = lock.entries if lock else ()
    document: dict[str, JSONValue] = {
        "schema": "truewheel.lock/1",
        "output": output,
        "written": written,
        "changed": changed,
        "closes": bool(lock and lock.closes),
        "targets": [
            {"python": target.python_name, "platform": target.platform_name}
            for target in (lock.targets if lock else ())
        ],
        "packages": [_entry(entry) for entry in entries],
        "changes": [finding_object(finding) for finding in (lock.changes if lock else ())],
        "summary": {
            "total": len(entries),
            "locked": sum(not entry.gaps for entry in entries),
            "open": sum(bool(entry.gaps) for entry in entries),
        },
    }
    if lock is not None and lock.policy is not None:
        document["policy"] = {"digest": lock.policy.digest, "source": lock.policy.source}
    if failure is not None:
        error: JSONValue = {"message": failure.message, "hint": failure.hint}
        return {**document, "error": error}
    return document


def _entry(entry: LockEntry) -> JSONObject:
    pin = entry.pin
    return {
        "name": pin.name,
        "version": str(pin.version) if pin.version else None,
        "url": pin.url,
        "extras": list(pin.extras),
        "marker": str(pin.marker) if pin.marker else None,
        "via": list(pin.via),
        "wheels": [_wheel(wheel) for wheel in entry.wheels],
        "sdist": _sdist(entry.sdist) if entry.sdist else None,
        "no_sdist": entry.no_sdist,
        "refused": [_check(result) for result in entry.refused],
        "gaps": [{"target": str(gap.target), "why": gap.why} for gap in entry.gaps],
    }


def _wheel(wheel: LockedWheel) -> JSONObject:
    return {
        "filename": wheel.file.filename,
        "sha256": wheel.file.sha256,
        "targets": [str(target) for target in wheel.targets],
        "check": _check(wheel.check),
    }


def _sdist(sdist: LockedSdist) -> JSONObject:
    return {
        "filename": sdist.file.filename,
        "sha256": sdist.file.sha256,
        "url": sdist.file.url,
        "subdirectory": sdist.subdirectory,
        "targets": [str(target) for target in sdist.targets],
        "verified": sdist.check is not None,
        "told": sdist.told,
        "check": _check(sdist.check) if sdist.check else None,
    }


def _check(result: CheckResult) -> JSONValue:
    """As one of `results` in `truewheel.check/1`."""
    results = check_document(CheckReport(results=(result,)))["results"]
    return results[0] if isinstance(results, list) else None
