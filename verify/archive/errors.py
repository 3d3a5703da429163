"""Errors of the archive axis; facts about an archive are findings, not errors."""

from verify.errors import TruewheelError
from verify.finding import RuleName


class ArchiveError(TruewheelError):
    """Something about an archive could not be read."""


class UnreadableArchiveError(ArchiveError):
    """There is no archive to speak of: no end record, or no central directory where it says."""


class UnreadableMemberError(ArchiveError):
    """A member's bytes cannot be had: absent, ambiguous, or its stream is wrong.

    Args:
        message: one sentence that says what failed.
        rule: the rule that the matching finding carries.
    """

    def __init__(self, message: str, *, rule: RuleName) -> None:
        super().__init__(message)
        self.rule = rule


class MemberTooLargeError(UnreadableMemberError):
    """A member is larger than the caller wants to hold in memory."""
