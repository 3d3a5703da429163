"""Flags that say what a source means: the build's own, whatever a published file was made with."""

import re

from builders.compiler_wrapper.arguments import SEPARATE

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import List

# What a source means, how its data are laid out and what is undefined in it, see `meaning`. The
# first list is for the build alone; of the second, a published file may name more than it has. Of
# exceptions and type information the build says where there are none: C may have either for more.
MEANING = re.compile(
    r"(?:-Ofast|-f(?:no-)?(?:"
    r"(?:un)?signed-(?:char|bitfields)|short-(?:enums|wchar)|pack-struct|reg-struct-return"
    r"|abi-version|strict-(?:enums|volatile-bitfields)|gnu89-inline|ms-extensions|plan9-extensions"
    r"|permissive|freestanding|hosted|threadsafe-statics|merge-all-constants|split-stack|trapv"
    r"|(?:fast|associative|reciprocal|rounding|trapping)-math|finite-math-only|math-errno"
    r"|unsafe-math-optimizations|signaling-nans|signed-zeros|cx-(?:fortran-rules|limited-range)"
    r"|fp-contract|excess-precision|float-store|single-precision-constant|openmp(?:-simd)?|openacc"
    r"|extern-tls-init|allow-store-data-races|non-call-exceptions|trivial-auto-var-init"
    r"|lifetime-dse|strict-flex-arrays|aligned-new|char8_t|elide-constructors|enforce-eh-specs"
    r"|sanitize(?:-recover|-trap)?|stack-check|zero-call-used-regs|harden(?:ed|-[a-z-]+)"
    r")(?:=[a-z0-9_,-]+)?"
    r"|-fno-(?:exceptions|rtti)"
    r"|-f(?:no-wrapv(?:-pointer)?|strict-(?:overflow|aliasing)|delete-null-pointer-checks"
    r"|aggressive-loop-optimizations)"
    r"|-m(?:no-)?(?:ms-bitfields|align-double|ieee-fp|80387|hard-float|daz-ftz)"
    r"|-m(?:soft-float|long-double-[0-9]+|(?:96|128)bit-long-double|pc(?:32|64|80))"
    r"|-m(?:fpmath|abi|harden-sls|function-return|indirect-branch)=[a-z0-9+,-]+)\Z"
)
DEFINED = re.compile(
    r"-f(?:wrapv(?:-pointer)?|no-(?:strict-(?:overflow|aliasing)|delete-null-pointer-checks"
    r"|aggressive-loop-optimizations|tree-loop-distribute-patterns|builtin(?:-[a-z0-9_]+)?)"
    r"|visibility=(?:hidden|internal|protected)|visibility-inlines-hidden)\Z"
)
# What keeps a mistake in the source from doing harm. An interpreter may bring it into every build.
GUARDS = re.compile(
    r"-f(?:(?:no-)?stack-(?:protector(?:-(?:all|strong|explicit))?|clash-protection)"
    r"|cf-protection(?:=[a-z]+)?)\Z"
)
STANDARD = re.compile(r"--?std=|-ansi\Z")
WRAPPING = frozenset(("-fwrapv", "-fno-strict-overflow"))


def meaning(arguments, exact, interpreter):
    # type: (List[str], List[str], List[str]) -> List[str]
    """What stays of a build's own flags beside the exact ones, and is stronger.

    The published file does not say what its source means: with characters that have no sign, or
    without a promise that numbers wrap, a check in the source can come to nothing. CPython promised
    the latter by one flag, and by another one since 3.12, so one of them will do. Nor does it take
    away the guards that the source's build asks for; those of this interpreter are none of its own.
    Of the standard of a language it may name another one, but not none: compilers differ in theirs.
    """
    found, is_value = [], False
    for argument in arguments:
        if not is_value and (MEANING.match(argument) or DEFINED.match(argument)):
            found.append(argument)
        elif not is_value and GUARDS.match(argument) and argument not in interpreter:
            found.append(argument)
        elif not is_value and STANDARD.match(argument) and not any(map(STANDARD.match, exact)):
            found.append(argument)
        is_value = not is_value and argument in SEPARATE
    is_wrapping = not WRAPPING.isdisjoint(exact)
    return [flag for flag in found if not (is_wrapping and flag in WRAPPING)]
