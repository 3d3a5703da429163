"""GitHub's workflow commands: one annotation for each message (`::error file=...::text`)."""

from collections.abc import Iterator

from reports.lock_messages import Message, annotations
from reports.printable import printable
from verify.lock.results import LockReport, Standing

_COMMANDS = {
    Standing.DISTRUSTED: "error",
    Standing.UNDETERMINED: "warning",
    Standing.NOTED: "notice",
    Standing.TRUSTED: "notice",
}


def lock_annotations(report: LockReport) -> Iterator[str]:
    """One line each; what trusts nothing comes first, since GitHub shows only ten of a kind."""
    order = list(_COMMANDS)
    for message in sorted(annotations(report), key=lambda each: order.index(each.standing)):
        yield _annotation(message)
    if report.failure is not None:
        yield f"::error title=truewheel::{_data(report.failure.message)}"


def _annotation(message: Message) -> str:
    where = message.outcome.where
    properties = {"file": where.path, "line": where.line, "col": where.column}
    properties["title"] = f"truewheel {message.rule}"
    written = ",".join(
        f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None
    )
    return f"::{_COMMANDS[message.standing]} {written}::{_data(message.text)}"


def _data(text: str) -> str:
    """The runner decodes these three and ends a command with its line; no other escape exists."""
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
