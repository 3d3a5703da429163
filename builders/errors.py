"""How a rebuild fails. Builders know no verdicts: `code` is stable, the judge maps it."""

from enum import StrEnum

from verify.errors import TruewheelError


class FailureCode(StrEnum):
    """Why there is no rebuild."""

    BAD_WHEEL = "bad-wheel"
    BAD_SOURCE = "bad-source"
    UNSUPPORTED = "unsupported"
    NO_BUILD_REQUIREMENTS = "no-build-requirements"
    BUILD_FAILED = "build-failed"
    TIMEOUT = "timeout"
    LIMIT_EXCEEDED = "limit-exceeded"


class BuildFault(TruewheelError):  # noqa: N818 - the axis' root, not one concrete error
    """This wheel cannot be rebuilt (the tool and its surroundings are fine).

    Attributes:
        code: the stable reason.
        log: what the build printed, possibly truncated; empty when nothing ran.
    """

    def __init__(self, message: str, *, code: FailureCode, log: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.log = log
