"""Rule `code.shadows-module`: a file that is imported in place of a module that is left as it was.

Finds: a module that only the published wheel has, beside one of the same import path that the
rebuild has, where `import` takes the new one: a package before a module, an extension module before
source, source before bytecode.

Dangerous because: the source that people read, compare and audit is still there, with the right
bytes, and never runs. Honest packages have one file for each module.
"""

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.evidence import content_facts
from verify.rules.imports import module_of, rivals
from verify.rules.interface import Context, Difference


def shadowed_module(difference: Difference, context: Context) -> Finding | None:
    """Find modules that take the place of rebuilt ones."""
    ours = difference.published
    module = module_of(difference.name)
    if ours is None or difference.rebuilt is not None or module is None:
        return None
    rebuilt = rivals(module, context.files[1])
    shadowed = sorted(name for name in rebuilt if name in context.published.by_name)
    if not shadowed:
        return None
    return dangerous(
        "code.shadows-module",
        "The published wheel holds a module that is imported in place of one that the rebuild has.",
        member=difference.name,
        module=module.path.replace("/", "."),
        shadows=list(shadowed),
        **content_facts(ours),
    )
