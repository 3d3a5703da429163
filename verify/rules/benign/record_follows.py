"""Rule `record-follows`: RECORD differs because what it lists differs, or in the order of rows.

Explains: both RECORDs are canonical CSV with the same line end, and the rows that only one of them
has are about members whose own difference a benign rule has explained.

Harmless because: every row of the published RECORD is held against the published member it names,
here once more, so it tells the truth; and canonical rows leave no free bytes.
"""

import csv
import io

from verify.archive.facts import benign
from verify.archive.reader import Archive
from verify.distinfo.record import Row, expected_row, is_exempt, parse_record
from verify.finding import Finding
from verify.rules.interface import Context, Difference

_LINE_ENDS = ("\n", "\r\n")


def record_follows(difference: Difference, context: Context) -> Finding | None:
    """Explain a RECORD that differs in row order or in the rows of explained members."""
    found = changed_rows(difference, context)
    if found is None:
        return None
    changed, has_same_ends = found
    if not has_same_ends or not all(path in context.explained for path in changed):
        return None
    return benign(
        "record-follows",
        "RECORD differs in the order of its rows or in the rows of explained members only.",
        member=difference.name,
        rows=changed,
    )


def changed_rows(difference: Difference, context: Context) -> tuple[list[str], bool] | None:
    """Whose rows only one of two RECORDs has, sorted, and whether both end lines alike.

    None where one of them is not canonical, or the published one lies.
    """
    ours, theirs = difference.published, difference.rebuilt
    if not context.in_dist_info(difference, "RECORD") or ours is None or theirs is None:
        return None
    left, right = _canonical(ours.data()), _canonical(theirs.data())
    if left is None or right is None:
        return None
    if not _is_true_record(left[0], context.published, difference.name):
        return None
    return sorted({row.path for row in set(left[0]) ^ set(right[0])}), left[1] == right[1]


def _canonical(data: bytes | None) -> tuple[tuple[Row, ...], str] | None:
    """Rows and line end, if writing the rows again gives exactly these bytes."""
    rows = None if data is None else parse_record(data)
    if data is None or rows is None:
        return None
    for end in _LINE_ENDS:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=end)
        writer.writerows((row.path, row.digest, row.size) for row in rows)
        if text.getvalue().encode("utf-8") == data:
            return rows, end
    return None


def _is_true_record(rows: tuple[Row, ...], archive: Archive, record: str) -> bool:
    """Whether no path is listed twice and every row tells the truth."""
    is_unique = len({row.path for row in rows}) == len(rows)
    return is_unique and all(_is_true(row, archive, record) for row in rows)


def _is_true(row: Row, archive: Archive, record: str) -> bool:
    if is_exempt(row.path, record):
        return not row.digest and not row.size
    member = archive.by_name.get(row.path)
    content = archive.contents.get(member.index) if member else None
    return content is not None and row == expected_row(row.path, content)
