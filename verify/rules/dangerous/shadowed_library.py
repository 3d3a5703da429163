"""Rule `code.shadows-library`: a module with the name of one of the standard library.

Finds: a module or package in the root of the installation whose name is one of the standard
library's, where the rebuild has nothing of that name.

Dangerous because: wherever the directory comes before the library (a `--target` directory on
PYTHONPATH, a bundle, a zipped program), and wherever a Python does not have that module (any more,
or yet), every program that imports it runs this one. No package needs the name for itself.
"""

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.evidence import content_facts
from verify.rules.imports import has_top, module_of
from verify.rules.interface import Context, Difference
from verify.rules.stdlib import STANDARD_LIBRARY


def shadowed_library(difference: Difference, context: Context) -> Finding | None:
    """Find modules that stand in for the standard library."""
    ours = difference.published
    module = module_of(difference.name)
    if ours is None or difference.rebuilt is not None or module is None:
        return None
    if module.top not in STANDARD_LIBRARY or has_top(module.top, context.files[1]):
        return None
    return dangerous(
        "code.shadows-library",
        "The published wheel holds a module with the name of one of the standard library.",
        member=difference.name,
        module=module.path.replace("/", "."),
        **content_facts(ours),
    )
