"""Rule `record.uncompared`: RECORD differs in rows of what could not be compared, and no others.

Its published rows tell the truth; whether the members that they are about do, nobody can say here.
Its lines may end otherwise: tools that repair wheels for a platform write it anew.
"""

from verify.archive.facts import unexplained
from verify.finding import Finding
from verify.rules.benign.record_follows import changed_rows
from verify.rules.interface import Context, Difference


def record_uncompared(difference: Difference, context: Context) -> Finding | None:
    """Name a RECORD that follows from explained members and from some that were not compared."""
    found = changed_rows(difference, context)
    known = context.explained.keys() | context.uncompared.keys()
    if found is None or not context.uncompared or not known >= {*found[0]}:
        return None
    return unexplained(
        "record.uncompared",
        "RECORD differs in the rows of members that could not be compared.",
        member=difference.name,
        rows=found[0],
    )
