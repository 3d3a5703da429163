"""Write the table of all techniques: `python -m tests.attacks.catalogue`."""

from tests.attacks.catalogue import CATALOGUE
from tests.attacks.catalogue.table import PAGE, render
from tests.support.real_wheels import real_wheels

wheels = tuple(real_wheels().values())
counts = {technique: len(technique.forge(wheels)) for technique in CATALOGUE}
PAGE.write_text(render(counts), encoding="utf-8")
