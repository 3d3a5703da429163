"""Rule `native.bundled-library`: a library that a repair tool copied into the published wheel.

Its source is that of another project, so nothing here builds it. The name that auditwheel gives
holds the beginning of the original file's sha256, and most files hold a build-id: where one of them
leads to a package of a distribution, the evidence says so. It proves nothing, because both can be
put on any bytes, and patchelf changed the copy; so this is never explained by where it is said to
come from. Only a rebuild that copies the same library accounts for it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from builders.packaged_libraries import Origin, origins
from verify.archive.facts import unexplained
from verify.finding import Finding, JSONValue
from verify.rules.dangerous.bundled_reaches_further import rebuilt_library
from verify.rules.dangerous.native_reaches_further import kinds_of
from verify.rules.interface import Context, Difference
from verify.rules.kinds import is_native
from verify.rules.libraries import original_name, read_member

if TYPE_CHECKING:
    from verify.native.compare import NativeComparison
    from verify.native.elf import Elf

_MAX_NAMES = 200
_MAX_WIDTH = 120
_MAX_SYMBOLS = 100_000
"""Symbols of one library that are read; the largest honest ones have some ten thousand."""
_LEAST_SYMBOL = 16
"""Bytes of a symbol in an ELF file of 32 bits; in others it is 24."""
_DEBUG_LINK = re.compile(rb"[!-~]{1,200}\.debug")


def bundled_library(difference: Difference, context: Context) -> Finding | None:
    """Name a bundled library, and all that says where it comes from."""
    ours = difference.published
    if ours is None or difference.rebuilt is not None or not is_native(difference.name, ours):
        return None
    users = context.libraries.bundled.get(difference.name)
    if users is None:
        return None
    library = context.libraries.published[difference.name]
    original, digits = original_name(difference.name.rpartition("/")[2])
    elf = read_member(ours.archive, difference.name)
    build_id = None if elf is None else _build_id(elf)
    found = origins(name=original, sha256=digits, build_id=build_id)
    evidence: dict[str, JSONValue] = {
        "soname": library.soname,
        "original_name": original[:_MAX_WIDTH],
        "hash_in_name": digits,
        "build_id": build_id,
        "debug_link": None if elf is None else _debug_link(elf),
        "size": ours.content.size,
        "sha256": ours.content.sha256,
        "needed_by": [name[:_MAX_WIDTH] for name in users[:_MAX_NAMES]],
        "needs": [name[:_MAX_WIDTH] for name in library.needed[:_MAX_NAMES]],
        "said_to_be": [_origin(origin) for origin in found],
        **({} if elf is None else _imports(elf)),
        **_comparison(difference, context),
    }
    return unexplained(
        "native.bundled-library",
        f"The published wheel holds a copy of a library, {original[:_MAX_WIDTH]}; {_said(found)}.",
        member=difference.name,
        **evidence,
    )


def _said(found: tuple[Origin, ...]) -> str:
    if not found:
        return "nothing known here leads to where it comes from"
    packages = ", ".join(sorted({f"{origin.package} of {origin.system}" for origin in found}))
    return f"it is labelled as that of {packages}, which proves nothing"


def _origin(origin: Origin) -> Mapping[str, JSONValue]:
    return {"package": origin.package, "system": origin.system, "told_by": list(origin.told_by)}


def _build_id(elf: "Elf") -> str | None:
    from verify.native.elf import UnreadableElfError  # noqa: PLC0415 - few wheels hold native code
    from verify.native.notes import BUILD_ID, GNU, read_notes  # noqa: PLC0415

    try:
        notes = read_notes(elf)
    except UnreadableElfError:
        return None
    found = [note.content.hex() for note in notes if (note.owner, note.kind) == (GNU, BUILD_ID)]
    return found[0][:64] if found else None


def _debug_link(elf: "Elf") -> str | None:
    """The name of its debug information; distributions put the package's version into it."""
    section = elf.by_name.get(".gnu_debuglink")
    text = elf.content(section)[:256].partition(b"\0")[0] if section else b""
    return text.decode("ascii") if _DEBUG_LINK.fullmatch(text) else None


def _imports(elf: "Elf") -> dict[str, JSONValue]:
    from verify.native.elf import UnreadableElfError  # noqa: PLC0415
    from verify.native.symbols import read_dynamic_symbols  # noqa: PLC0415

    table = elf.by_name.get(".dynsym")
    if table is not None and table.size > _MAX_SYMBOLS * _LEAST_SYMBOL:
        return {"imports_unread": f"it has more than {_MAX_SYMBOLS:,} symbols"}
    try:
        symbols = read_dynamic_symbols(elf)
    except UnreadableElfError as error:
        return {"imports_unread": str(error)[:_MAX_WIDTH]}
    names = sorted({symbol.name for symbol in symbols if symbol.name and not symbol.is_defined})
    return {
        "imports": [name[:_MAX_WIDTH] for name in names[:_MAX_NAMES]],
        "asks_for": {
            kind: [name[:_MAX_WIDTH] for name in matching[:_MAX_NAMES]]
            for kind, matching in kinds_of(names).items()
        },
    }


def _comparison(difference: Difference, context: Context) -> dict[str, JSONValue]:
    """How far it is the rebuild's own library of that name."""
    pair = rebuilt_library(difference, context)
    if pair is None:
        return {}
    comparison = context.natives.of(pair)
    told = dict(_figures(comparison)) if not isinstance(comparison, str) else {"unread": comparison}
    return {"rebuilt_library": context.libraries.counterpart(difference.name), "compared": told}


def _figures(comparison: "NativeComparison") -> Iterator[tuple[str, JSONValue]]:
    surface = comparison.surface
    yield "functions", surface.functions
    yield "identical", surface.identical
    yield "code_bytes", surface.code_bytes
    yield "bytes_to_read", surface.bytes_to_read
