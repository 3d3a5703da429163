"""The six verdicts, best to worst, as DESIGN's table defines them."""

from enum import StrEnum


class Verdict(StrEnum):
    """What can be said about a published wheel; values are part of the JSON contract."""

    IDENTICAL = "identical"
    REGENERATED = "regenerated"
    EQUIVALENT = "equivalent"
    DIFFERENT = "different"
    SUSPICIOUS = "suspicious"
    UNDETERMINED = "undetermined"


class Reason(StrEnum):
    """Why a verdict is `undetermined`; values are part of the JSON."""

    UNKNOWN_PROJECT = "unknown-project"
    UNKNOWN_VERSION = "unknown-version"
    NO_WHEEL = "no-wheel"
    NO_SOURCE = "no-source"
    HASH_MISMATCH = "hash-mismatch"
    CONFLICTING_FILES = "conflicting-files"
    BAD_WHEEL = "bad-wheel"
    BAD_SOURCE = "bad-source"
    UNSUPPORTED = "unsupported"
    NO_BUILD_REQUIREMENTS = "no-build-requirements"
    BUILD_FAILED = "build-failed"
    REPAIR_FAILED = "repair-failed"
    TIMEOUT = "timeout"
    LIMIT_EXCEEDED = "limit-exceeded"
    UNREADABLE_REBUILD = "unreadable-rebuild"
    INDEX_FAILED = "index-failed"
    TOOL_FAILED = "tool-failed"
    WORKER_LOST = "worker-lost"
