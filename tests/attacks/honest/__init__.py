"""Honest pairs: what the comparator has to trust, each with the verdict and the rules it needs.

A module that knows more of them appends its family to `HONEST`; nothing is discovered.
"""

from tests.attacks.honest.compressors import COMPRESSORS
from tests.attacks.honest.container import CONTAINER
from tests.attacks.honest.dist_info import DIST_INFO
from tests.attacks.honest.files import FILES
from tests.attacks.honest.metadata import METADATA
from tests.attacks.honest.pair import HonestFamily, HonestPair
from tests.attacks.honest.real_files import REAL_FILES

FAMILIES: tuple[HonestFamily, ...] = (
    CONTAINER,
    COMPRESSORS,
    DIST_INFO,
    FILES,
    METADATA,
    REAL_FILES,
)

HONEST: tuple[HonestPair, ...] = tuple(pair for family in FAMILIES for pair in family.pairs)
