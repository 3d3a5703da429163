"""Knows how compilers and linkers name themselves in `.comment`.

Only what is listed here is such a name: each pattern allows versions, dates and package revisions
where they stand, and no other text. The examples are from published wheels and distributions.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """What a tool is."""

    GCC = "gcc"
    CLANG = "clang"
    LLD = "lld"
    MOLD = "mold"
    RUSTC = "rustc"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identification:
    """A tool that took part in making a file.

    Attributes:
        family: what it is.
        version: its own, such as `10.2.1`.
        vendor: who packaged it, as the pattern calls it; "" for nobody.
        text: the whole line.
    """

    family: Family
    version: str
    vendor: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shape:
    """One way in which a tool names itself: who writes it, how, and a line that was seen."""

    family: Family
    vendor: str
    pattern: re.Pattern[str]
    example: str


_PARTS = {
    "VERSION": r"(?P<version>\d{1,3}(?:\.\d{1,3}){1,3})",
    "DATE": r"(?: (?:19|20)\d{6}(?: \(prerelease\))?)?",
    "PACKAGE": r"[0-9][0-9A-Za-z.+~:_-]{0,60}",
    "REVISION": r"[0-9a-f]{40}",
    "LLVM": r"(?:https://github\.com/llvm/llvm-project(?:\.git)?|/checkout/src/llvm-project/llvm)",
}


def _shape(family: Family, vendor: str, pattern: str, example: str) -> _Shape:
    for name, part in _PARTS.items():
        pattern = pattern.replace(name, part)
    return _Shape(
        family=family, vendor=vendor, pattern=re.compile(pattern, re.ASCII), example=example
    )


_SHAPES = (
    # GCC: `-fident` writes "GCC: (PKGVERSION) VERSION"; distributions set PKGVERSION
    # (gcc/toplev.c, `--with-pkgversion`), Red Hat adds to DEV-PHASE instead.
    _shape(
        Family.GCC,
        "Red Hat",
        r"GCC: \(GNU\) VERSIONDATE \(Red Hat PACKAGE\)",
        "GCC: (GNU) 10.2.1 20210130 (Red Hat 10.2.1-11)",
    ),
    _shape(Family.GCC, "", r"GCC: \(GNU\) VERSIONDATE", "GCC: (GNU) 14.2.0"),
    _shape(
        Family.GCC,
        "Debian",
        r"GCC: \(Debian PACKAGE\) VERSIONDATE",
        "GCC: (Debian 10.2.1-6) 10.2.1 20210110",
    ),
    _shape(
        Family.GCC,
        "Ubuntu",
        r"GCC: \(Ubuntu(?:/Linaro)? PACKAGE\) VERSIONDATE",
        "GCC: (Ubuntu 11.4.0-1ubuntu1~22.04) 11.4.0",
    ),
    _shape(
        Family.GCC,
        "Alpine",
        r"GCC: \(Alpine PACKAGE\) VERSIONDATE",
        "GCC: (Alpine 12.2.1_git20220924-r10) 12.2.1 20220924",
    ),
    _shape(
        Family.GCC,
        "SUSE",
        r"GCC: \(SUSE Linux\) VERSIONDATE(?: \[revision REVISION\])?",
        "GCC: (SUSE Linux) 7.5.0",
    ),
    _shape(
        Family.GCC,
        "conda-forge",
        r"GCC: \(conda-forge gcc PACKAGE\) VERSION",
        "GCC: (conda-forge gcc 12.3.0-3) 12.3.0",
    ),
    _shape(
        Family.GCC,
        "crosstool-NG",
        r"GCC: \(crosstool-NG PACKAGE\) VERSIONDATE",
        "GCC: (crosstool-NG 1.26.0.108_7460d94) 14.2.0",
    ),
    # clang: `getClangFullVersion` (clang/lib/Basic/Version.cpp) writes "[VENDOR ]clang version
    # VERSION[ (REPOSITORY REVISION)]"; Red Hat's CLANG_REPOSITORY_STRING is its package.
    _shape(
        Family.CLANG,
        "Red Hat",
        r"clang version VERSION \( PACKAGE\)",
        "clang version 21.1.8 ( 21.1.8-1.module_el8.10.0+4172+b6b13d75)",
    ),
    _shape(
        Family.CLANG,
        "Red Hat",
        r"clang version VERSION \(Red Hat PACKAGE\)",
        "clang version 14.0.6 (Red Hat 14.0.6-1.module_el8.7.0+3277+b822483f)",
    ),
    _shape(
        Family.CLANG,
        "Debian",
        r"(?:Debian|Ubuntu|Alpine) clang version VERSION(?:[-+~]PACKAGE)?",
        "Debian clang version 14.0.6",
    ),
    _shape(
        Family.CLANG,
        "",
        r"clang version VERSION(?: \(LLVM REVISION\))?",
        "clang version 21.1.6 "
        "(https://github.com/llvm/llvm-project.git a832a5222e489298337fbb5876f8dcaf072c5cca)",
    ),
    # LLD: `getLLDVersion` (lld/Common/Version.cpp), after "Linker: " (ELF/SyntheticSections.cpp).
    _shape(
        Family.LLD,
        "",
        r"Linker: (?:(?:Debian|Ubuntu|Alpine) )?LLD VERSION(?: \(LLVM REVISION\))?",
        "Linker: LLD 22.1.2 "
        "(/checkout/src/llvm-project/llvm 1cb4e3833c1919c2e6fb579a23ac0e2b22587b7e)",
    ),
    # mold: `get_mold_version` (mold's main.cc).
    _shape(
        Family.MOLD,
        "",
        r"mold VERSION \((?:REVISION; )?compatible with GNU ld\)",
        "mold 2.4.0 (compatible with GNU ld)",
    ),
    # rustc: `rustc_codegen_llvm::context` writes "rustc version " and the release.
    _shape(
        Family.RUSTC,
        "",
        r"rustc version VERSION(?:-nightly|-beta\.\d{1,2})?(?: \([0-9a-f]{9} \d{4}-\d\d-\d\d\))?",
        "rustc version 1.86.0 (05f9846f8 2025-03-31)",
    ),
)

EXAMPLES = tuple(shape.example for shape in _SHAPES)
"""One line for each way that is known."""


def identify(text: str) -> Identification | None:
    """Tell which tool names itself so; None if no known one does."""
    for shape in _SHAPES:
        if found := shape.pattern.fullmatch(text):
            return Identification(
                family=shape.family, version=found["version"], vendor=shape.vendor, text=text
            )
    return None
