"""The arguments of a compiler, as GCC reads them."""

import os

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import List

C = frozenset((".c", ".i"))
CXX = frozenset((".cc", ".cp", ".cpp", ".cxx", ".c++", ".C", ".CPP", ".ii"))

# Options whose argument is the next word, from GCC's manual, "Option Summary".
SEPARATE = frozenset(
    """
    -o -I -D -U -L -l -x -include -imacros -isystem -iquote -idirafter -iprefix -iwithprefix
    -iwithprefixbefore -isysroot --sysroot -imultilib -MF -MT -MQ -Xlinker -Xassembler
    -Xpreprocessor -u -T -e -h -z -A -B -aux-info --param -wrapper -specs -dumpbase -dumpdir
    -dumpbase-ext
    """.split()
)


def sources(arguments):
    # type: (List[str]) -> List[str]
    """The sources in C and C++ among the arguments."""
    found, is_value = [], False
    for argument in arguments:
        if not is_value and not argument.startswith("-"):
            if os.path.splitext(argument)[1] in C | CXX:
                found.append(argument)
        is_value = not is_value and argument in SEPARATE
    return found
