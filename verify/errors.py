"""The root of every error that truewheel raises on purpose.

Each axis (index, archive, sandbox, ...) has its own subclasses beside its interface. The command
line catches the root in exactly one place. An error is a failure of the tool or of its input; a
fact about a published wheel is never an error but a `Finding`.
"""


class TruewheelError(Exception):
    """Something failed, and the person running truewheel can act on it.

    Args:
        message: one sentence that says what failed.
        hint: what to do about it, if anything can be said; shown after the message.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageFault(TruewheelError):  # noqa: N818 - a fault of the request, not of the tool
    """The request itself cannot be carried out: an unreadable file, an invalid requirement."""
