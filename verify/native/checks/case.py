"""Two shared objects as all checks see them, and what a check says."""

from dataclasses import dataclass

from verify.native.meaning import Meaning
from verify.native.module import Module, Piece
from verify.native.operands import Operands
from verify.native.pairing import Pairing


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something of the published file that is not accounted for.

    Attributes:
        part: what it is about: `layout`, `code`, `data`, `imports`, `exports`, `loading`,
            `unwinding`, `unloaded`, `padding`, and those of `verify.native.parts`.
        summary: one clause.
        functions: the published ones that it is about, None where it is about more than those.
    """

    part: str
    summary: str
    functions: tuple[Piece, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """The two files, and what their comparison goes by.

    Attributes:
        published, rebuilt: the files.
        pairing: which piece of code is which.
        meaning: when two addresses are the same.
        operands: when two operands of code are.
    """

    published: Module
    rebuilt: Module
    pairing: Pairing
    meaning: Meaning
    operands: Operands
