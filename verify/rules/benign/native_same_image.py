"""Rule `native.same-image`: a shared object whose loaded bytes are those of the rebuilt one.

Explains: two ELF files of one name, for x86 or AArch64, that are loaded as the same bytes at the
same addresses with the same rights (`verify.native.image`): ELF header, program headers, and what
each segment has in the file. Free are the content of the build id, where the section headers stand,
and what is never loaded; the latter is exactly what its kind says (compiler identification, debug
information, symbols), and what belongs to nothing is zero.

Harmless because: the kernel and the loader read nothing else of a file. No instruction has to be
understood for that, so it holds for processors whose code is not read here.
"""

from verify.archive.facts import benign
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_library


def native_same_image(difference: Difference, context: Context) -> Finding | None:
    """Explain native code of which nothing that is loaded differs."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not is_library(difference.name):
        return None
    comparison = context.natives.sections(difference)
    if comparison is None or comparison.problems:
        return None
    return benign(
        "native.same-image",
        "The native code is loaded as the rebuilt one is; its build id or its labels differ.",
        member=difference.name,
        processor=comparison.processor,
        sections=comparison.sections,
        code_bytes=comparison.surface.code_bytes,
        published_size=ours.content.size,
        rebuilt_size=theirs.content.size,
    )
