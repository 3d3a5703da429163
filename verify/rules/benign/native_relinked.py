"""Rule `native.relinked`: a shared object that holds the same, laid out or labelled otherwise.

Explains: two ELF files of one name, a library or an extension module for x86-64, where every byte
of the published one is accounted for by the rebuilt one (`verify.native.compare`): its code is the
same instructions, its data the same bytes, and every address in them means the same; the loader is
told the same; what is never loaded is exactly what its kind says (compiler identification, debug
information, symbols, build-id); and what belongs to nothing is zero.

Harmless because: the loader and the processor do the same with both. Free are the order and the
places of functions and sections, and what debuggers read.
"""

from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_library


def native_relinked(difference: Difference, context: Context) -> Finding | None:
    """Explain native code whose comparison leaves nothing open."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not is_library(difference.name):
        return None
    comparison = context.natives.of(difference)
    if isinstance(comparison, str) or comparison.problems:
        return None
    surface = comparison.surface
    return benign(
        "native.relinked",
        "The native code does the same as the rebuilt one; its layout or its labels differ.",
        member=difference.name,
        functions=surface.functions,
        code_bytes=surface.code_bytes,
        published_size=ours.content.size,
        rebuilt_size=theirs.content.size,
    )
