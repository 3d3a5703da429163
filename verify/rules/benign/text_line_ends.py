r"""Rule `text-line-ends`: a text of the dist-info directory whose lines all end the other way.

Explains: WHEEL or a license file that ends every line in `\r\n` on one side and in `\n` on the
other, and is equal otherwise; a lone `\r` or a NUL is not explained.

Harmless because: installers parse WHEEL as a message of the email package, to which either line end
is one, and nothing opens a license.
"""

from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.licenses import license_place
from verify.rules.lines import plain_lines, with_feeds


def text_line_ends(difference: Difference, context: Context) -> Finding | None:
    """Explain a text that differs in its line ends only."""
    if difference.published is None or difference.rebuilt is None:
        return None
    ours, theirs = difference.published.data(), difference.rebuilt.data()
    if ours is None or theirs is None or not _is_same(difference, context, ours, theirs):
        return None
    return benign(
        "text-line-ends",
        "The text differs in the style of its line ends only.",
        member=difference.name,
        published="CRLF" if b"\r" in ours else "LF",
    )


def _is_same(difference: Difference, context: Context, ours: bytes, theirs: bytes) -> bool:
    if context.in_dist_info(difference, "WHEEL"):
        lines = plain_lines(ours)
        return lines is not None and lines == plain_lines(theirs)
    if license_place(difference.name, context.dist_info) is None:
        return False
    text = with_feeds(ours)
    return text is not None and b"\0" not in text and text == with_feeds(theirs)
