"""Data: the same bytes, and addresses in them that mean the same."""

from collections.abc import Iterator

from verify.native.checks.case import Case, Problem
from verify.native.data import DataComparison


def check_data(case: Case) -> Iterator[Problem]:
    """Each byte of data is the rebuilt one, or part of an address that means the same."""
    comparison = DataComparison(case.published, case.rebuilt, case.operands, case.pairing.pairs)
    for address, field in case.operands.data_fields():
        if not comparison.is_explained(address, field):
            yield Problem(part="data", summary=f"what {address:#x} leads to is not understood")
    for found in comparison.problems():
        where = f"{found.section}+{found.offset:#x}, {found.size} B"
        yield Problem(part="data", summary=f"{where}: {found.summary}")
