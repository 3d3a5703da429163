"""The attack catalogue: every technique that the comparator is held against, in families.

Nothing is discovered: a family that is not in this list is not run. `python -m
tests.attacks.catalogue` writes the table of all of them to docs/attacks.md.
"""

from tests.attacks.catalogue.autostart import AUTOSTART
from tests.attacks.catalogue.binaries import BINARIES
from tests.attacks.catalogue.code import CODE
from tests.attacks.catalogue.data_and_scripts import DATA_AND_SCRIPTS
from tests.attacks.catalogue.descriptors import DESCRIPTORS
from tests.attacks.catalogue.directory import DIRECTORY
from tests.attacks.catalogue.dist_info import DIST_INFO
from tests.attacks.catalogue.end_records import END_RECORDS
from tests.attacks.catalogue.entry_points import ENTRY_POINTS
from tests.attacks.catalogue.foreign_bytes import FOREIGN_BYTES
from tests.attacks.catalogue.headers import HEADERS
from tests.attacks.catalogue.metadata import METADATA
from tests.attacks.catalogue.names import NAMES
from tests.attacks.catalogue.record import RECORD
from tests.attacks.catalogue.smuggling import SMUGGLING
from tests.attacks.catalogue.smuggling_code import SMUGGLING_CODE
from tests.attacks.catalogue.smuggling_dist_info import SMUGGLING_DIST_INFO
from tests.attacks.catalogue.smuggling_metadata import SMUGGLING_METADATA
from tests.attacks.catalogue.streams import STREAMS
from tests.attacks.catalogue.technique import Family, Technique
from tests.attacks.catalogue.wheel_file import WHEEL_FILE
from tests.attacks.catalogue.zip64 import ZIP64

FAMILIES: tuple[Family, ...] = (
    HEADERS,
    DESCRIPTORS,
    DIRECTORY,
    END_RECORDS,
    ZIP64,
    FOREIGN_BYTES,
    STREAMS,
    NAMES,
    RECORD,
    WHEEL_FILE,
    METADATA,
    ENTRY_POINTS,
    DIST_INFO,
    CODE,
    AUTOSTART,
    BINARIES,
    DATA_AND_SCRIPTS,
    SMUGGLING,
    SMUGGLING_DIST_INFO,
    SMUGGLING_METADATA,
    SMUGGLING_CODE,
)

CATALOGUE: tuple[Technique, ...] = tuple(
    technique for family in FAMILIES for technique in family.techniques
)
