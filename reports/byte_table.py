"""The byte table of `--accounting`: where every byte of the published file went."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from reports.printable import printable
from verify.results import Accounting, ByteShare

_COLUMNS = ("published", "reproduced", "explained", "unexplained")
_WIDTH = 13
_MAX_MEMBERS = 20


def render_accounting(accounting: Accounting, console: Console, *, verbose: bool = False) -> None:
    """Print the table by kind of region, and the members that are not reproduced whole.

    The first table is a partition of the file: its rows add up to its last one.
    """
    total = ByteShare(
        part="file",
        published=accounting.published_bytes,
        reproduced=accounting.reproduced_bytes,
        explained=accounting.explained_bytes,
        unexplained=accounting.unexplained_bytes,
    )
    regions = [share for share in accounting.regions if share.part != total.part]
    _table("bytes of", [*regions, total], console)
    _members(accounting, console, verbose=verbose)


def _members(accounting: Accounting, console: Console, *, verbose: bool) -> None:
    """Without -v only members with unexplained bytes, if there are any."""
    members = accounting.members
    first = [share for share in members if share.unexplained] or members
    shown = members if verbose else first[:_MAX_MEMBERS]
    if shown:
        _table("member", shown, console)
    more = len(members) - len(shown) + accounting.more_members
    if more:
        console.print(Text(f"    ... and {more:,} more members that are not reproduced whole"))


def _table(last: str, shares: Sequence[ByteShare], console: Console) -> None:
    console.print(Text("".join(f"{name:>{_WIDTH}}" for name in _COLUMNS) + f"  {last}", "bold"))
    for share in shares:
        counts = (share.published, share.reproduced, share.explained, share.unexplained)
        line = "".join(f"{count:>{_WIDTH},}" for count in counts) + f"  {printable(share.part)}"
        console.print(Text(line, style="yellow" if share.unexplained else ""))
