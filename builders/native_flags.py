"""What a published binary may teach a compiler: which flags, and nothing that names a file.

Flags come from the debug information of a file that may be an attacker's, or from a recipe that
may be a stranger's. So each must be one of those listed here: options that choose how code is
generated, with values out of a fixed set. What brings code along, or reads or writes a file
(-fplugin, -B, -specs, -include, -I, -wrapper, @FILE, -fprofile-use), is none of them; nor is -D,
which chooses what is compiled, but for one of the C++ library; nor what gives a source another
meaning or data another layout (-funsigned-char, -fpack-struct, -ffast-math): that is for the
source's build to say (`builders.compiler_wrapper.meaning`).

Source: GCC 14's manual, "Option Summary"; names are those that published wheels were seen to have.
"""

import re
from collections.abc import Iterable, Mapping

from builders.compiler_wrapper.meaning import MEANING

EVERY_SOURCE = ""
"""The key of a recipe's `compiler_flags` for what all sources get that have no key of their own."""

INSTEAD = "*"
"""The key for flags in place of the interpreter's own: those of the source's build are kept."""

LINK = "link"
"""The key for what is added when a shared object is linked."""

RUNTIME = "runtime"
"""The key for which parts of the C runtime are linked in place of the compiler's own."""

PYTHON = "python"
"""The key for the release of CPython that was compiled against, see `runtime/python-release`."""

ORDER = "order"
"""The key for in which order objects of a directory were linked, by source; `|` parts links."""

LINES = "lines"
"""The key for by how many lines a source is longer that Cython wrote, by the name of its module."""

RESERVED = frozenset({EVERY_SOURCE, INSTEAD, LINK, RUNTIME, PYTHON, ORDER, LINES})

RUNTIMES = ("linkage-table-init", "constant-handle", "landing-pads", "glibc-2.17", "glibc-2.28")
"""Those parts: directories of `builders/runtime`, whose sources say what each does otherwise.

Of two with the same file the later one is taken. Headers among them are found before the system's.
"""

MAX_KEYS = 1000
"""Sources of one wheel that are told apart."""

MAX_FLAGS = 2000
"""Characters of one text of flags."""

MAX_ORDER = 4000
"""Characters of all orders together."""

OLD_STRINGS = "-D_GLIBCXX_USE_CXX11_ABI=0"
"""The one definition: strings and lists of C++ as before GCC 5, as Red Hat's toolsets for 7 do.

Source: libstdc++'s manual, "Dual ABI".
"""

MAX_LINES = 200
"""Lines that a comment of Cython's may have more or fewer."""

_MORE_LINES = re.compile(r"[A-Za-z0-9_]{1,100}:-?(?:[1-9][0-9]?|1[0-9]{2}|200)")

_LANGUAGE = re.compile(r"-std=(?:c|gnu|iso9899:)(?:\+\+)?[0-9]{2,4}[a-z]?")

_NAMES = """
    aggressive-loop-optimizations | align-functions | align-jumps | align-labels | align-loops
    | allow-store-data-races | associative-math | asynchronous-unwind-tables | builtin |
    cf-protection | common | cx-fortran-rules | cx-limited-range | data-sections |
    debug-types-section | delete-null-pointer-checks | eliminate-unused-debug-types |
    exceptions | extern-tls-init | fast-math | finite-math-only | freestanding |
    function-sections | gcse | gnu-keywords | gnu89-inline | guess-branch-probability | hosted
    | implicit-templates | inline | inline-functions | inline-small-functions | ipa-cp |
    ipa-cp-clone | ipa-icf | ipa-pta | ipa-ra | ipa-sra | ivopts | keep-inline-functions |
    lax-vector-conversions | math-errno | merge-all-constants | merge-constants |
    ms-extensions | new-ttp-matching | non-call-exceptions | omit-frame-pointer | openmp |
    openmp-simd | optimize-sibling-calls | pack-struct | partial-inlining | peel-loops |
    permissive | PIC | pic | PIE | pie | plan9-extensions | plt | prefetch-loop-arrays |
    reciprocal-math | reg-struct-return | rename-registers | reorder-blocks |
    reorder-functions | rounding-math | rtti | schedule-insns | schedule-insns2 |
    semantic-interposition | short-enums | short-wchar | signaling-nans | signed-bitfields |
    signed-char | signed-zeros | sized-deallocation | split-loops | split-stack |
    split-wide-types | stack-clash-protection | stack-protector | stack-protector-all |
    stack-protector-explicit | stack-protector-strong | strict-aliasing | strict-enums |
    strict-overflow | strict-volatile-bitfields | threadsafe-statics | toplevel-reorder |
    trapping-math | trapv | tree-loop-distribute-patterns | tree-loop-vectorize |
    tree-slp-vectorize | tree-vectorize | unroll-all-loops | unroll-loops |
    unsafe-math-optimizations | unsigned-bitfields | unsigned-char | unswitch-loops |
    unwind-tables | var-tracking | var-tracking-assignments | vect-cost-model |
    visibility-inlines-hidden | weak | web | wrapv | wrapv-pointer | zero-initialized-in-bss
"""

_INSTRUCTIONS = (
    r"(?:3dnow|abm|adx|aes|amx-[a-z0-9]+|avx[a-z0-9.-]*|bmi2?|clflushopt|clwb|clzero|crc32|cx16|"
    r"f16c|fma4?|fsgsbase|fxsr|gfni|lwp|lzcnt|mmx|movbe|movdiri|movdir64b|mwaitx?|pclmul|pku|"
    r"popcnt|prefetchwt1|prfchw|ptwrite|rdpid|rdrnd|rdseed|rtm|sahf|serialize|sgx|sha|shstk|sse|"
    r"sse[234]|sse4\.[12]|sse4a|ssse3|tbm|vaes|vpclmulqdq|waitpkg|xop|xsave|xsavec|xsaveopt|"
    r"xsaves)"
)

_FLAG = re.compile(
    rf"""
    -O(?:[0-3sgz]|fast)?
    | -g(?:[0-3]|gdb[0-3]?|dwarf(?:-[2-5])?)?
    | -g(?:no-)?(?:strict-dwarf|column-info|variable-location-views|statement-frontiers)
    | {_LANGUAGE.pattern}
    | -f(?:no-)?(?:{_NAMES})
    | -fvisibility=(?:default|hidden|internal|protected)
    | -fcf-protection=(?:full|branch|return|none|check)
    | -ffp-contract=(?:fast|on|off)
    | -fexcess-precision=(?:fast|standard|16)
    | -ftls-model=(?:global-dynamic|local-dynamic|initial-exec|local-exec)
    | -fvect-cost-model=(?:unlimited|dynamic|cheap|very-cheap)
    | -f(?:align-(?:functions|jumps|labels|loops)|abi-version|pack-struct|inline-limit
        |template-depth|constexpr-depth)=[0-9]{{1,6}}
    | -m(?:arch|tune)=(?!native)[a-z0-9][a-z0-9.-]{{0,30}}
    | -m(?:no-)?{_INSTRUCTIONS}
    | -m(?:no-)?(?:80387|align-stringops|hard-float|ieee-fp|inline-all-stringops|mitigate-rop
        |omit-leaf-frame-pointer|push-args|red-zone|stackrealign|vzeroupper)
    | -mfpmath=(?:387|sse|both)
    | -mcmodel=(?:small|medium|large|kernel)
    | -mprefer-vector-width=(?:none|128|256|512)
    | -mtls-dialect=(?:gnu2?)
    | {re.escape(OLD_STRINGS)}
    | -m(?:preferred|incoming)-stack-boundary=[0-9]{{1,2}}
    """,
    re.VERBOSE,
)

KEEP_FIELDS = "-Wl,--emit-relocs"
"""Has the linker say in the file what each address means; nothing that is loaded changes."""

OLD_TAGS = "-Wl,--disable-new-dtags"
"""The same facts in the older entries of the dynamic section alone, as GNU ld has it by default."""

_LINK_FLAG = re.compile(rf"-pthread|-Wl,--(?:no-)?as-needed|{KEEP_FIELDS}|{OLD_TAGS}")

_RELEASE = re.compile(r"3\.[0-9]{1,2}\.[0-9]{1,2}(?:rc[0-9]{1,2})?")
"""Not those before the first candidate: sources have code of its own for their other structures."""

_SOURCE = re.compile(r"[A-Za-z0-9._+@-]{1,100}(?:/[A-Za-z0-9._+@-]{1,100}){0,30}")
_DIRECTORY = re.compile(r"(?:/[A-Za-z0-9._+-]{1,100}){1,30}")
_MAX_PATH = 200

_PLATFORM = re.compile(
    r"(?:manylinux(?:1|2010|2014|_[0-9]{1,2}_[0-9]{1,3})|musllinux_[0-9]{1,2}_[0-9]{1,3}|linux)"
    r"_[a-z0-9_]{2,20}"
)
_MAX_PLATFORMS = 20

RETAG = "retag"
"""The post step `retag PLATFORMS` or `retag PLATFORMS PLATFORMS-OF-WHEEL`, see `builders.retag`."""

NAME = "name"
"""The post step `name PLATFORMS` or `name PLATFORMS PLATFORMS-OF-WHEEL`: a backend writes these."""

DESCRIPTION = "description"
"""The post step that gives a wheel without a description that of the source's PKG-INFO."""

DIRECTORIES = "directories"
"""The post step that adds an entry for each directory, as auditwheel packs a wheel."""

REPAIR = "repair"
"""The post step `repair PLATFORM`: auditwheel copies libraries into the wheel."""

EMPTY_LIBS = "empty-libs"
"""The post step that adds an empty directory for copied libraries, as auditwheel did until 2024."""


def allowed(flags: Iterable[str]) -> str:
    """Those of some flags that may reach a compiler, in their order, as one text."""
    found = [flag for flag in flags if _is_allowed(flag)]
    while len(text := " ".join(found)) > MAX_FLAGS:
        found.pop()
    return text


def are_compiler_flags(flags: Mapping[str, str]) -> bool:
    """Whether this is fit to be a recipe's `compiler_flags`."""
    return len(flags) <= MAX_KEYS and all(
        (key in RESERVED or is_source(key)) and _CHECKS.get(key, is_flags)(text)
        for key, text in flags.items()
    )


def is_flags(text: str) -> bool:
    """Whether every word of a text is an allowed flag; an empty text is fine."""
    return len(text) <= MAX_FLAGS and all(map(_is_allowed, text.split()))


def _is_allowed(flag: str) -> bool:
    return _FLAG.fullmatch(flag) is not None and MEANING.match(flag) is None


def is_link_flags(text: str) -> bool:
    """Whether every word of a text may be added to a link."""
    return len(text) <= MAX_FLAGS and all(map(_LINK_FLAG.fullmatch, text.split()))


def are_runtimes(text: str) -> bool:
    """Whether every word of a text is a known part of the C runtime."""
    return set(text.split()) <= set(RUNTIMES)


def is_release(text: str) -> bool:
    """Whether this is a release of CPython 3, as `3.11.6` or `3.13.0rc1`."""
    return _RELEASE.fullmatch(text) is not None


def are_orders(text: str) -> bool:
    """Whether this says in which order the objects of some sources were linked."""
    words = (word for order in text.split("|") for word in order.split())
    return len(text) <= MAX_ORDER and all(map(is_source, words))


def are_lines(text: str) -> bool:
    """Whether this says of some modules by how many lines their sources are longer."""
    return len(text) <= MAX_FLAGS and all(map(_MORE_LINES.fullmatch, text.split()))


_CHECKS = {
    LINK: is_link_flags,
    RUNTIME: are_runtimes,
    PYTHON: is_release,
    ORDER: are_orders,
    LINES: are_lines,
}


def is_source(path: str) -> bool:
    """Whether this is a plain relative path, which names a source by its end."""
    return (
        len(path) <= _MAX_PATH
        and _SOURCE.fullmatch(path) is not None
        and path not in RESERVED
        and not {".", ".."} & set(path.split("/"))
    )


def is_directory(path: str) -> bool:
    """Whether this is a plain absolute path, which source paths in a binary may begin with."""
    return (
        len(path) <= _MAX_PATH
        and _DIRECTORY.fullmatch(path) is not None
        and not {".", ".."} & set(path.split("/"))
    )


def is_platforms(platforms: Iterable[str]) -> bool:
    """Whether these are platform tags of Linux, at least one."""
    found = tuple(platforms)
    return 0 < len(found) <= _MAX_PLATFORMS and all(map(_PLATFORM.fullmatch, found))


def is_post_step(step: str) -> bool:
    """Whether this is a step that the driver knows."""
    word, *platforms = step.split(" ")
    if word == REPAIR:
        return len(platforms) == 1 and is_platforms(platforms)
    return step in {EMPTY_LIBS, DIRECTORIES, DESCRIPTION} or (
        word in {RETAG, NAME}
        and len(platforms) in {1, 2}
        and all(is_platforms(text.split(".")) for text in platforms)
    )
