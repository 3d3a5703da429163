r"""Rule `metadata.line-ends`: the lines of METADATA all end in `\r\n` on one side only.

Explains: each line feed of one file has a carriage return before it, and there is no other carriage
return in it; the other file ends its fields in line feeds.

Harmless because: installers read METADATA as text, or as a message of the email package, and either
takes both for the end of a line. Build tools on Windows once wrote it so.
"""

from verify.distinfo.plain_metadata import LINE_ENDS
from verify.finding import Finding
from verify.rules.benign.metadata.evidence import explained
from verify.rules.interface import Context, FieldDifference


def line_ends(difference: FieldDifference, _context: Context) -> Finding | None:
    """Explain another style of line ends."""
    if difference.field != LINE_ENDS:
        return None
    return explained(
        difference, "metadata.line-ends", "METADATA differs in the style of its line ends."
    )
