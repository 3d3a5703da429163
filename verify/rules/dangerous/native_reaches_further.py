"""Rule `native.reaches-further`: native code that can do what its rebuild cannot.

Finds: an ELF file whose rebuilt counterpart lacks one of these (in a wheel for another platform
than the rebuild, that is the module of the same name):

- an import of a kind that is listed below (processes, network, loading of code, protection of
  memory, rights, Python source), where the rebuilt file imports nothing of that kind;
- a library that it loads; not parts of the C and compiler runtimes, not `libpython`, not another
  version of a library that the rebuilt file loads, by its name or by the one that auditwheel gives;
- a place that is not relative to it where libraries are looked for, if the rebuilt file has none;
- a function that it runs on loading: they are counted, if both are for one platform;
- a text that names an address, a shell or a file of secrets, in what is loaded.

Dangerous because: a compiler or linker of another version calls its own runtime otherwise, but none
adds these, and whoever adds something to a program needs one of them.

Not told here is what honest builds do add. Old C libraries have no wrappers for newer system calls,
so that `syscall` is imported in place of one; old C++ runtimes hold some of their newer parts as
static ones that call it. Runtimes of other processors have constructors of their own. Old C++
headers have each source file construct the standard streams. And where the rebuilt file loads a
library of which the published one knows nothing, that library may be linked into the published
file, with its network code, its addresses and its constructors.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from verify.archive.facts import dangerous
from verify.finding import Finding
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_native
from verify.rules.libraries import stem
from verify.rules.platforms import different_platforms
from verify.rules.unexplained.native_unsupported import counterpart

if TYPE_CHECKING:
    from verify.rules.outlines import Outline, Outlines

_RUNS = {
    "runs commands": r"system|popen|wordexp",
    "runs programs": r"exec(?:l|le|lp|v|ve|veat|vp|vpe)|fexecve|(?:posix|pidfd)_spawnp?",
    "starts processes": r"v?fork|Fork|clone[23]?|forkpty|daemon",
    "controls other processes": r"ptrace|process_vm_(?:read|write)v",
    "changes its rights": r"set(?:res|re|e|fs)?[ug]id|setgroups|initgroups|capset|setns|unshare",
    "runs Python source": r"PyRun_\w+|Py_CompileString\w*",
}
_SERVES = {
    "opens sockets": r"socket",
    "connects": r"connect",
    "binds": r"bind",
    "waits for connections": r"listen|accept4?",
    "sends": r"send(?:to|m?msg)?",
    "receives": r"recv(?:from|m?msg)?",
    "looks up hosts": r"getaddrinfo\w*|gethostby(?:name|addr)\w*|res_n?(?:query|search|send)\w*",
    "loads code": r"dlm?open(?:_mode)?",
    "looks up functions": r"dlv?sym",
    "protects memory": r"(?:pkey_)?mprotect",
    "makes files in memory": r"memfd_create",
    "calls the kernel": r"syscall",
}
"""What libraries have honest uses for."""


def _pattern(names: str) -> re.Pattern[str]:
    """Names, with prefixes of the aliases that glibc exports and the suffix of fortified ones."""
    return re.compile(rf"(?:_*libc_|_IO_|_+)?(?:{names})(?:_chk)?", re.ASCII)


_KINDS = {kind: _pattern(names) for kind, names in {**_RUNS, **_SERVES}.items()}
_KERNEL = "calls the kernel"
_LIBRARIES = "loads other libraries"
_PLACES = "looks for libraries elsewhere"
_CONSTRUCTORS = "runs more functions on loading"
_TEXTS = "names addresses, shells or secrets"

_WRAPPERS = re.compile(
    r"getrandom|getentropy|gettid|tgkill|prlimit(?:64)?|memfd_create|copy_file_range|renameat2|statx"
    r"|close_range|mlock2|pkey_\w+|pidfd_\w+|p(?:read|write)v(?:64)?v?2|execveat|epoll_pwait2|getcpu"
    r"|_ZNSt28__atomic_futex_unsigned_base\w+",
    re.ASCII,
)
"""What newer C and C++ libraries export, and older ones leave to `syscall` (glibc's NEWS)."""

_STREAMS = "_ZNSt8ios_base4InitC1Ev"
"""`std::ios_base::Init`, constructed in each file that includes <iostream> before GCC 13."""

_RUNTIME = re.compile(
    r"(?:lib(?:c|m|dl|rt|pthread|util|resolv|nsl|crypt|mvec|anl|gcc_s|stdc\+\+)"
    r"|libc\.musl-\w+|ld-(?:linux|musl)[\w-]*|libpython[\d.]+[a-z]*)\.so(?:\.\d+)*",
    re.ASCII,
)
"""The C library's parts, which became one file; the compiler's; the interpreter."""

_OWN_PLACE = re.compile(r"\$(?:ORIGIN|\{ORIGIN\})(?:/.*)?", re.DOTALL)
"""Any other word behind it, `$ORIGINAL`, is a name in the current directory."""
_ADDRESS = re.compile(rb"\w+://")
_MAX_TOLD = 20
_MAX_WIDTH = 120


def native_reaches_further(difference: Difference, context: Context) -> Finding | None:
    """Find what published native code reaches for and its rebuild does not."""
    difference = counterpart(difference, context) or difference
    ours, theirs = difference.published, difference.rebuilt
    if ours is None or theirs is None or not is_native(difference.name, ours):
        return None
    outlines = context.natives.outlines(difference)
    reaches = {} if outlines is None else dict(_reaches(outlines))
    if different_platforms(context) is not None:
        reaches.pop(_CONSTRUCTORS, None)
    if not reaches:
        return None
    return dangerous(
        "native.reaches-further",
        f"The published native code {' and '.join(reaches)}; the rebuilt one does not.",
        member=difference.name,
        reaches={
            kind: [name[:_MAX_WIDTH] for name in names[:_MAX_TOLD]]
            for kind, names in reaches.items()
        },
    )


def _reaches(outlines: "Outlines") -> Iterator[tuple[str, list[str]]]:
    """By kind, the names that show what only the published file does."""
    ours, theirs = outlines.published, outlines.rebuilt
    holds_library = _holds_library(ours, theirs)
    for kind, names in _imports(ours, theirs):
        if kind in _RUNS or not holds_library:
            yield kind, names
    if libraries := _libraries(ours, theirs):
        yield _LIBRARIES, libraries
    if places := _places(ours, theirs):
        yield _PLACES, places
    more = ours.constructors - theirs.constructors
    if more > 0 and not holds_library and not _has_old_streams(ours, theirs):
        yield _CONSTRUCTORS, [f"{ours.constructors}, rebuilt: {theirs.constructors}"]
    texts = [
        text.decode("ascii", "backslashreplace")
        for text in outlines.texts
        if not (holds_library and _ADDRESS.match(text))
    ]
    if texts:
        yield _TEXTS, texts


def _imports(ours: "Outline", theirs: "Outline") -> Iterator[tuple[str, list[str]]]:
    if ours.imports is None or theirs.imports is None:
        return
    for kind, pattern in _KINDS.items():
        names = sorted(filter(pattern.fullmatch, ours.imports))
        if not names or any(map(pattern.fullmatch, theirs.imports)):
            continue
        if kind == _KERNEL and any(map(_WRAPPERS.fullmatch, theirs.imports - ours.imports)):
            continue
        yield kind, names


def _has_old_streams(ours: "Outline", theirs: "Outline") -> bool:
    return _STREAMS in (ours.imports or ()) and _STREAMS not in (theirs.imports or ())


def _libraries(ours: "Outline", theirs: "Outline") -> list[str]:
    """What only the published file loads, other versions of rebuilt ones apart."""
    if ours.needed is None or theirs.needed is None:
        return []
    known = set(map(stem, theirs.needed))
    return [
        each for each in ours.needed if not _RUNTIME.fullmatch(each) and stem(each) not in known
    ]


def _holds_library(ours: "Outline", theirs: "Outline") -> bool:
    """Whether a library that the rebuilt file loads may stand in the published one."""
    return bool(_libraries(theirs, ours))


def kinds_of(imports: Iterable[str]) -> dict[str, list[str]]:
    """Imported names by what they can do, for those kinds that this rule knows."""
    names = sorted(imports)
    found = {kind: [*filter(pattern.fullmatch, names)] for kind, pattern in _KINDS.items()}
    return {kind: matching for kind, matching in found.items() if matching}


def _places(ours: "Outline", theirs: "Outline") -> list[str]:
    left, right = (
        [place for place in side.search_path or () if not _OWN_PLACE.fullmatch(place)]
        for side in (ours, theirs)
    )
    return [] if right or theirs.search_path is None else left
