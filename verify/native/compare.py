"""Compare two shared objects; `compare_native` reads like the specification.

The published one is *relinked* from what the rebuilt one holds if every byte of it is accounted
for: code is the same instructions with addresses that mean the same, data is the same bytes with
addresses that mean the same, what the loader is told is the same, and whatever is never loaded is
exactly what its kind says. Then both do the same, whatever differs in their layout.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from verify.native.data import DataComparison
from verify.native.elf import SegmentFlag, SegmentKind, UnreadableElfError
from verify.native.exceptions import Unwinding, compare_frames, compare_orphans
from verify.native.meaning import Meaning, symbol_key
from verify.native.module import MAX_PADDING, SLOTS, Module, is_data, read_module
from verify.native.notes import BUILD_ID, GNU, PROPERTIES, Note, read_notes
from verify.native.operands import Operands
from verify.native.padding import odd_bytes
from verify.native.pairing import Pair, Pairing, pair_pieces
from verify.native.places import piece_at
from verify.native.plt import NAMES as LINKAGE
from verify.native.relocations import X86Kind
from verify.native.runtime import is_empty_table
from verify.native.segments import read_segments
from verify.native.surface import Surface, review_surface
from verify.native.symbols import Binding, Kind, Symbol, unused_strings
from verify.native.unloaded import judge_unloaded
from verify.native.versions import read_versions

_MAX_PROBLEMS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something of the published file that is not accounted for.

    Attributes:
        part: what it is about: `layout`, `code`, `data`, `imports`, `exports`, `loading`,
            `unwinding`, `unloaded`, `padding`.
        summary: one clause.
    """

    part: str
    summary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NativeComparison:
    """What came of comparing two shared objects.

    Attributes:
        problems: what is not accounted for, at most fifty; none if the published file is relinked.
        surface: what of its code a person has to read.
        imported: names that only the published file asks of others.
        needed: libraries that only the published file loads.
        constructors: how many more functions than the rebuilt file it runs on loading.
    """

    problems: tuple[Problem, ...]
    surface: Surface
    imported: tuple[str, ...]
    needed: tuple[str, ...]
    constructors: int


def compare_native(published: bytes, rebuilt: bytes) -> NativeComparison:
    """Account for every byte of a published shared object by a rebuilt one.

    Raises:
        UnreadableElfError: one of them is none for x86-64, or contradicts itself; its text begins
            with which.
    """
    ours, theirs = _read("published", published), _read("rebuilt", rebuilt)
    pairing = pair_pieces(ours, theirs)
    meaning = Meaning(ours, theirs, pairing)
    comparison = _Comparison(ours, theirs, pairing, meaning)
    problems = [problem for check in comparison.checks for problem in check()]
    return NativeComparison(
        problems=tuple(problems[:_MAX_PROBLEMS]),
        surface=review_surface(ours, theirs, pairing, meaning),
        imported=tuple(sorted(_imports(ours) - _imports(theirs))),
        needed=tuple(name for name in ours.dynamic.needed if name not in theirs.dynamic.needed),
        constructors=max(0, _constructors(ours) - _constructors(theirs)),
    )


def _read(side: str, data: bytes) -> Module:
    try:
        return read_module(data)
    except UnreadableElfError as error:
        raise UnreadableElfError(f"the {side} file: {error}") from error


def _imports(module: Module) -> set[str]:
    return {symbol.name for symbol in module.symbols if symbol.name and not symbol.is_defined}


def _constructors(module: Module) -> int:
    sections = (
        module.elf.by_name.get(name) for name in (".init_array", ".preinit_array", ".ctors")
    )
    return sum(section.size // 8 for section in sections if section)


class _Comparison:
    """The checks, each of which yields what it cannot account for."""

    def __init__(
        self, published: Module, rebuilt: Module, pairing: Pairing, meaning: Meaning
    ) -> None:
        self._ours, self._theirs = published, rebuilt
        self._pairing, self._meaning = pairing, meaning
        self._operands = Operands(published, rebuilt, meaning)
        self.checks = (
            self._layout,
            self._code,
            self._constants,
            self._data,
            self._symbols,
            self._imports,
            self._exports,
            self._slots,
            self._loading,
            self._versions,
            self._entries,
            self._protection,
            self._unwinding,
            self._notes,
            self._unloaded,
        )

    def _layout(self) -> Iterator[Problem]:
        """Where the linker has not said what addresses mean, nothing may stand elsewhere.

        A distance can be anywhere: in data, in an immediate value, in an address that lies before
        the array that is meant. It stays right if all distances do.
        """
        shifts = {pair.published.start - pair.rebuilt.start for pair in self._pairing.pairs}
        ours = {section.name: section.address for section in self._ours.data_sections}
        shifts |= {
            ours.get(section.name, -1) - section.address for section in self._theirs.data_sections
        }
        if not self._operands.has_fields and len(shifts) > 1:
            text = "the rebuild stands elsewhere, and is not linked with --emit-relocs"
            yield Problem(part="layout", summary=text)

    def _code(self) -> Iterator[Problem]:
        for pair in self._pairing.pairs:
            name = pair.published.name or f"{pair.published.start:#x}"
            if not pair.is_same_code:
                yield Problem(part="code", summary=f"{name} has other instructions")
                continue
            ours, theirs = pair.published.code.references, pair.rebuilt.code.references
            if pair.published.padding > MAX_PADDING and (
                pair.published.padding != pair.rebuilt.padding
            ):
                yield Problem(part="code", summary=f"{name} stands behind too much of nothing")
            for left, right in zip(ours, theirs, strict=True):
                if not (is_empty_table(pair, right) or self._operands.is_same(pair, left, right)):
                    where = f"{name}+{left.at:#x}"
                    yield Problem(part="code", summary=f"{where} refers to something else")
                    break
            for offset in self._operands.unknown_fields(pair):
                yield Problem(part="code", summary=f"{name}+{offset:#x} is not understood")
            yield from self._flow(pair, name)
        for side, pieces in (
            ("published", self._pairing.only_published),
            ("rebuilt", self._pairing.only_rebuilt),
        ):
            for piece in pieces:
                name = piece.name or f"{piece.start:#x}"
                yield Problem(part="code", summary=f"only the {side} file has {name}")

    def _flow(self, pair: Pair, name: str) -> Iterator[Problem]:
        """Where control goes without an operand that says so."""
        if pair.rebuilt.code.goes_on:
            behind = piece_at(self._theirs.pieces, pair.rebuilt.end)
            if behind is None or not self._meaning.is_same(pair.published.end, pair.rebuilt.end):
                yield Problem(part="code", summary=f"{name} goes on into something else")

    def _constants(self) -> Iterator[Problem]:
        """Code that is read as data has to be the same bytes, addresses or not."""
        found = [piece_at(self._theirs.pieces, address) for address in self._read_as_data()]
        starts = {piece.start for piece in found if piece}
        for pair in self._pairing.pairs:
            if pair.rebuilt.start in starts:
                ours = self._ours.elf.read(pair.published.start, pair.published.size)
                if ours != self._theirs.elf.read(pair.rebuilt.start, pair.rebuilt.size):
                    name = pair.published.name or f"{pair.published.start:#x}"
                    yield Problem(part="code", summary=f"{name} holds other constants")

    def _read_as_data(self) -> Iterator[int]:
        """Addresses inside of rebuilt code that are taken or read without being jumped to."""
        pieces = self._theirs.pieces
        starts = {piece.start for piece in pieces}
        for piece in pieces:
            for one in piece.code.references:
                is_function = one.is_address and one.target in starts
                if not one.is_branch and not is_function:
                    yield one.target
        for relocation in self._theirs.relocations.values():
            target = piece_at(pieces, relocation.addend)
            if target is not None and target.start != relocation.addend and not target.code.jumps:
                yield relocation.addend

    def _data(self) -> Iterator[Problem]:
        comparison = DataComparison(self._ours, self._theirs, self._operands, self._pairing.pairs)
        for address, field in self._operands.data_fields():
            if not comparison.is_explained(address, field):
                yield Problem(part="data", summary=f"what {address:#x} leads to is not understood")
        for found in comparison.problems():
            where = f"{found.section}+{found.offset:#x}, {found.size} B"
            yield Problem(part="data", summary=f"{where}: {found.summary}")

    def _symbols(self) -> Iterator[Problem]:
        """No symbol has a name or a version that another one has, for readers then choose."""
        counts = Counter(symbol_key(symbol) for symbol in self._ours.symbols if symbol.name)
        for key in sorted((key for key, count in counts.items() if count > 1), key=str):
            yield Problem(part="exports", summary=f"{key[0]} is there {counts[key]} times")
        for symbol in self._ours.symbols[1:]:
            is_section = symbol.kind == Kind.SECTION and not symbol.name
            if is_section != (symbol.binding == Binding.LOCAL):
                yield Problem(part="exports", summary=f"symbol {symbol.index} has no use")

    def _imports(self) -> Iterator[Problem]:
        ours, theirs = (
            {
                (*symbol_key(symbol), symbol.binding)
                for symbol in module.symbols
                if symbol.name and not symbol.is_defined
            }
            for module in (self._ours, self._theirs)
        )
        for name, version, *_ in sorted(ours ^ theirs, key=str):
            yield Problem(part="imports", summary=f"{name}, {version or 'of no version'}")

    def _exports(self) -> Iterator[Problem]:
        ours, theirs = (
            {symbol_key(symbol): symbol for symbol in module.symbols if symbol.is_defined}
            for module in (self._ours, self._theirs)
        )
        for key in sorted(ours.keys() | theirs.keys(), key=str):
            left, right = ours.get(key), theirs.get(key)
            if left is None or right is None or not self._is_same_export(left, right):
                yield Problem(part="exports", summary=f"{key[0]} is not the same")

    def _is_same_export(self, ours: Symbol, theirs: Symbol) -> bool:
        left, right = (
            (s.binding, s.kind, s.visibility, s.size, s.is_default) for s in (ours, theirs)
        )
        if left != right:
            return False
        if ours.section >= _RESERVED or theirs.section >= _RESERVED:
            return (ours.section, ours.address) == (theirs.section, theirs.address)
        if ours.kind == _THREAD_LOCAL:
            return ours.address == theirs.address
        return self._meaning.is_same(ours.address, theirs.address)

    def _slots(self) -> Iterator[Problem]:
        """What the loader fills in beside data: nothing that runs code but what the rebuild has."""
        ours, theirs = (
            [
                relocation
                for relocation in module.relocations.values()
                if (section := module.elf.section_at(relocation.address)) is None
                or section.name in SLOTS
            ]
            for module in (self._ours, self._theirs)
        )
        running = [one for one in theirs if one.kind == X86Kind.IRELATIVE]
        for relocation in ours:
            if relocation.kind == X86Kind.IRELATIVE:
                is_known = any(self._meaning.is_same_relocation(relocation, one) for one in running)
            else:
                is_known = relocation.kind in _FILLED
            if not is_known:
                yield Problem(
                    part="loading", summary=f"a slot is filled by relocation {relocation.kind}"
                )
        places = {relocation.address for relocation in ours}
        for address in sorted(self._ours.relocations.keys() - places):
            section = self._ours.elf.section_at(address)
            if section is None or not is_data(section):
                yield Problem(part="loading", summary=f"a relocation changes {address:#x}")

    def _loading(self) -> Iterator[Problem]:
        ours, theirs = self._ours.dynamic, self._theirs.dynamic
        for what in ("needed", "soname", "rpath", "runpath", "others", "removed"):
            left, right = getattr(ours, what), getattr(theirs, what)
            if left != right and (what != "removed" or left):
                yield Problem(part="loading", summary=f"{what}: {left!r}, rebuilt: {right!r}")
        for what, left, right, late in (
            ("flags", ours.flags, theirs.flags, _BIND_NOW),
            ("flags_1", ours.flags_1, theirs.flags_1, _NOW),
        ):
            # When functions are looked up makes no other program.
            if left & ~late != right & ~late:
                yield Problem(part="loading", summary=f"{what}: {left:#x}, rebuilt: {right:#x}")
        if ours.places or theirs.places:
            yield Problem(part="loading", summary="descriptors of thread-local variables")
        for table, content in unused_strings(self._ours.elf):
            yield Problem(part="loading", summary=f"{table} holds {content[:60]!r}, for nothing")

    def _versions(self) -> Iterator[Problem]:
        """What is asked of libraries as a whole, whether or not a symbol has that version."""
        ours, theirs = (
            {
                *((one.library, one.name, one.flags) for one in versions.needed),
                *(("", one.name, one.flags, *one.parents) for one in versions.defined),
            }
            for versions in (read_versions(self._ours.elf), read_versions(self._theirs.elf))
        )
        for library, version, *_ in sorted(ours ^ theirs, key=str):
            yield Problem(part="loading", summary=f"version {version} {library}".strip())

    def _entries(self) -> Iterator[Problem]:
        """Where control enters without a symbol."""
        ours, theirs = self._ours, self._theirs
        for what, left, right in (
            ("init", ours.dynamic.init, theirs.dynamic.init),
            ("fini", ours.dynamic.fini, theirs.dynamic.fini),
        ):
            both = left is not None and right is not None and self._meaning.is_same(left, right)
            if not both and left is not right:
                yield Problem(part="loading", summary=f"{what} is other code")
        # Old linkers name the start of the code, though nobody enters a shared object there.
        code = ours.elf.by_name.get(".text")
        if ours.elf.entry and (code is None or ours.elf.entry != code.address):
            yield Problem(part="loading", summary="an entry point of its own")
        headers = [(_system(module), module.elf.processor_flags) for module in (ours, theirs)]
        if headers[0] != headers[1]:
            yield Problem(part="loading", summary="for another system, or other processor flags")

    def _protection(self) -> Iterator[Problem]:
        ours, theirs = read_segments(self._ours.elf), read_segments(self._theirs.elf)
        left, right = ours.stack_flags, theirs.stack_flags
        if _is_executable(left) and not _is_executable(right):
            yield Problem(part="loading", summary="the stack can be executed")
        if ours.interpreter != theirs.interpreter:
            yield Problem(part="loading", summary=f"another loader, {ours.interpreter}")
        if _thread_alignment(self._ours) != _thread_alignment(self._theirs):
            yield Problem(part="loading", summary="thread-local data is aligned otherwise")
        rebuilt = dict(theirs.protection)
        for name, flags in ours.protection:
            # Constants may share a page with code: `ld -z noseparate-code`.
            wanted = rebuilt.get(name)
            if wanted is not None and (flags ^ wanted) & SegmentFlag.WRITE:
                yield Problem(part="loading", summary=f"{name} is mapped otherwise")
        missing = sorted({*theirs.relro} & dict(ours.protection).keys() - {*ours.relro})
        if missing:
            yield Problem(part="loading", summary=f"{', '.join(missing)} can still be written")

    def _unwinding(self) -> Iterator[Problem]:
        ours = {one.frame.start: one for one in self._ours.unwinding.functions}
        theirs = {one.frame.start: one for one in self._theirs.unwinding.functions}
        for pair in self._pairing.pairs:
            left, right = ours.get(pair.published.start), theirs.get(pair.rebuilt.start)
            if left is None and right is None:
                continue
            fault: str | None = "one side has no frame"
            if left is not None and right is not None:
                fault = compare_frames(left, right, self._meaning.is_same)
            if fault:
                name = pair.published.name or f"{pair.published.start:#x}"
                yield Problem(part="unwinding", summary=f"{name}: {fault}")
        yield from self._linkage_unwinding()
        if other := compare_orphans(
            self._ours.unwinding, self._theirs.unwinding, self._meaning.is_same
        ):
            yield Problem(part="unwinding", summary=other)

    def _linkage_unwinding(self) -> Iterator[Problem]:
        """Frames of the linkage tables, each of which is as long as its table."""
        ours, theirs = _linkage_frames(self._ours), _linkage_frames(self._theirs)
        for name, one in ours.items():
            other = theirs.get(name)
            if one is None or other is None or compare_frames(one, other, self._meaning.is_same):
                yield Problem(part="unwinding", summary=f"{name} unwinds otherwise")

    def _notes(self) -> Iterator[Problem]:
        ours, theirs = (
            {_note_key(note) for note in read_notes(module.elf) if not _is_build_id(note)}
            for module in (self._ours, self._theirs)
        )
        missing = {key for key in theirs - ours if key[2] == PROPERTIES}
        for section, owner, kind, *_ in sorted((ours - theirs) | missing, key=str):
            yield Problem(part="loading", summary=f"{section}: note {kind} of {owner}")
        own = [len(note.content) for note in read_notes(self._ours.elf) if _is_build_id(note)]
        if len(own) > 1 or not _BUILD_ID_SIZES.issuperset(own):
            yield Problem(part="loading", summary="a build id that no linker writes")

    def _unloaded(self) -> Iterator[Problem]:
        for section in judge_unloaded(self._ours.elf):
            if section.problem:
                yield Problem(part="unloaded", summary=f"{section.section}: {section.problem}")
        for offset, size in odd_bytes(self._ours.elf):
            yield Problem(part="padding", summary=f"{size} B at {offset:#x} belong to nothing")


_RESERVED = 0xFF00
_SYSTEM_V, _GNU_SYSTEM = 0, 3
_BUILD_ID_SIZES = frozenset({8, 16, 20, 32})
"""Bytes of what linkers write: a fast hash, MD5 or UUID, SHA-1, SHA-256."""
_THREAD_LOCAL = 6
_BIND_NOW, _NOW = 0x8, 0x1
_FILLED = frozenset(
    {
        X86Kind.GLOB_DAT,
        X86Kind.JUMP_SLOT,
        X86Kind.RELATIVE,
        X86Kind.ABSOLUTE64,
        X86Kind.DTPMOD64,
        X86Kind.DTPOFF64,
        X86Kind.TPOFF64,
    }
)


def _thread_alignment(module: Module) -> list[int]:
    segments = module.elf.segments
    return [segment.alignment for segment in segments if segment.kind == SegmentKind.TLS]


def _linkage_frames(module: Module) -> dict[str, Unwinding | None]:
    """By linkage table its one frame, without the length; None where it is not of just that."""
    found: dict[str, Unwinding | None] = {}
    for one in module.unwinding.functions:
        section = module.elf.section_at(one.frame.start)
        if section is not None and section.name in LINKAGE:
            is_whole = (one.frame.start, one.frame.size) == (section.address, section.size)
            is_only = section.name not in found
            frame = replace(one.frame, start=0, size=0)
            found[section.name] = replace(one, frame=frame) if is_whole and is_only else None
    return found


def _system(module: Module) -> int:
    """Which system it is for; GNU's is System V's to the loader, and says which extensions it has.

    Source: glibc, sysdeps/unix/sysv/linux/ldsodefs.h, VALID_ELF_OSABI.
    """
    return _SYSTEM_V if module.elf.system == _GNU_SYSTEM else module.elf.system


def _is_executable(stack_flags: int | None) -> bool:
    return stack_flags is None or bool(stack_flags & SegmentFlag.EXEC)


def _is_build_id(note: Note) -> bool:
    return (note.owner, note.kind) == (GNU, BUILD_ID)


def _note_key(note: Note) -> tuple[str, str, int, bytes, Sequence[tuple[int, bytes]]]:
    return note.section, note.owner, note.kind, note.content, note.properties
