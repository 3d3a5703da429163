"""Rule `code.deceptive-identifier`: a name that is another one than people read.

Finds: in Python source of at most 1 MiB, outside of comments and strings, an identifier that the
rebuilt member lacks and that either NFKC turns into an ASCII one (PEP 3131: to the compiler it *is*
that one), or that consists of characters which look like an ASCII identifier known to the rebuilt
member, to the same file, to the built-in names or to the standard library.

Dangerous because: whoever searches for `exec` does not find it, and whoever reads `response` does
not see that there are two (PEP 672, UTS 39). Honest programs have names in other scripts, but not
names that pretend to be in this one.
"""

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.confusables import ascii_look_alike, folded
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_source
from verify.rules.source import code_of, is_ascii
from verify.rules.stdlib import STANDARD_LIBRARY

_BUILT_IN_NAMES = """
__builtins__ __import__ abs all any bool breakpoint bytearray bytes callable chr classmethod
compile delattr dict dir enumerate eval exec execfile False filter float format frozenset
getattr globals hasattr hash help id input int isinstance issubclass iter len list locals map
max min next None object open ord pow print property range repr reversed round self set setattr
slice sorted staticmethod str sum super True tuple type vars zip
"""

_BUILT_IN = frozenset(_BUILT_IN_NAMES.split())

_MAX_LISTED = 20


def deceptive_identifier(difference: Difference, _context: Context) -> Finding | None:
    """Find identifiers of the published source that read as other ones."""
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or not is_source(difference.name) or is_ascii(ours):
        return None
    code = code_of(ours)
    if code is None:
        return None
    rebuilt = code_of(theirs) if theirs else None
    names, known = code.names(), rebuilt.names() if rebuilt else frozenset[str]()
    expected = _BUILT_IN | STANDARD_LIBRARY | names | known
    alike = {name: ascii_look_alike(name) for name in names - known if not name.isascii()}
    deceptive = {
        name: read
        for name, read in alike.items()
        if read is not None and (read in expected or folded(name).isascii())
    }
    if not deceptive:
        return None
    return dangerous(
        "code.deceptive-identifier",
        "The published source holds identifiers that are easily taken for other ones.",
        member=difference.name,
        identifiers=[
            {
                "name": name[:100],
                "spelled": ascii(name)[1:-1][:400],
                "reads": (deceptive[name] or "")[:100],
            }
            for name in sorted(deceptive)[:_MAX_LISTED]
        ],
    )
