"""Other end records that some reader could take for the real one."""

from verify.archive.facts import dangerous
from verify.archive.raw import RawFile
from verify.archive.records import END, END_SIGNATURE, MAX_COMMENT, EndRecord
from verify.finding import Finding

_MAX_LISTED = 8
_MAX_CANDIDATES = 0x10000


def second_end_facts(raw: RawFile, start: int, end_offset: int) -> list[Finding]:
    """Other end records that some reader could take for the real one.

    Inside a member's data the four bytes occur honestly (a stored test archive), so there only one
    whose comment would reach exactly to the end of the file counts.
    """
    floor = max(0, raw.size - END.size - MAX_COMMENT)
    others = list(_signatures(raw, max(start, 0), end_offset))
    others += list(_signatures(raw, end_offset + 1, raw.size))
    others += [at for at in _signatures(raw, floor, start) if _reaches_end(raw, at)]
    return [
        dangerous(
            "archive.second-end-record",
            "There is a second end of central directory record.",
            offset=offset,
        )
        for offset in others[:_MAX_LISTED]
    ]


def _signatures(raw: RawFile, start: int, end: int) -> list[int]:
    found: list[int] = []
    at = raw.find(END_SIGNATURE, start, end)
    while at >= 0 and len(found) < _MAX_CANDIDATES:
        found.append(at)
        at = raw.find(END_SIGNATURE, at + 1, end)
    return found


def _reaches_end(raw: RawFile, offset: int) -> bool:
    data = raw.slice(offset, offset + END.size)
    if len(data) < END.size:
        return False
    return offset + END.size + EndRecord._make(END.unpack(data)).comment_length == raw.size
