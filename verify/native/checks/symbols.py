"""Symbols: what is wanted of others, and what is offered to them."""

from collections import Counter
from collections.abc import Iterator

from verify.native.checks.case import Case, Problem
from verify.native.meaning import symbol_key
from verify.native.symbols import Binding, Kind, Symbol

_RESERVED = 0xFF00
"""`SHN_LORESERVE`: section numbers from here on are no places."""


def check_symbols(case: Case) -> Iterator[Problem]:
    """No symbol has a name or a version that another one has, for readers then choose."""
    counts = Counter(symbol_key(symbol) for symbol in case.published.symbols if symbol.name)
    for key in sorted((key for key, count in counts.items() if count > 1), key=str):
        yield Problem(part="exports", summary=f"{key[0]} is there {counts[key]} times")
    for symbol in case.published.symbols[1:]:
        is_section = symbol.kind == Kind.SECTION and not symbol.name
        if is_section != (symbol.binding == Binding.LOCAL):
            yield Problem(part="exports", summary=f"symbol {symbol.index} has no use")


def check_imports(case: Case) -> Iterator[Problem]:
    """Both want the same names, versions and bindings of others."""
    ours, theirs = (
        {
            (*key(symbol), symbol.binding)
            for symbol in module.symbols
            if symbol.name and not symbol.is_defined
        }
        for module, key in ((case.published, case.meaning.key), (case.rebuilt, symbol_key))
    )
    for name, version, *_ in sorted(ours ^ theirs, key=str):
        yield Problem(part="imports", summary=f"{name}, {version or 'of no version'}")


def check_exports(case: Case) -> Iterator[Problem]:
    """Both offer the same names, which lead to the same."""
    ours, theirs = (
        {symbol_key(symbol): symbol for symbol in module.symbols if symbol.is_defined}
        for module in (case.published, case.rebuilt)
    )
    for key in sorted(ours.keys() | theirs.keys(), key=str):
        left, right = ours.get(key), theirs.get(key)
        if left is None or right is None or not _is_same_export(case, left, right):
            yield Problem(part="exports", summary=f"{key[0]} is not the same")


def _is_same_export(case: Case, ours: Symbol, theirs: Symbol) -> bool:
    left, right = ((s.binding, s.kind, s.visibility, s.size, s.is_default) for s in (ours, theirs))
    if left != right:
        return False
    if ours.section >= _RESERVED or theirs.section >= _RESERVED:
        return (ours.section, ours.address) == (theirs.section, theirs.address)
    if ours.kind == Kind.TLS:
        return ours.address == theirs.address
    return case.meaning.is_same(ours.address, theirs.address)
