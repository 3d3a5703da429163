"""Shared objects for tests: compiled by the system's gcc, then changed byte by byte."""

import struct
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from verify.native.elf import Elf, Section, SegmentKind
from verify.native.elf_reader import read_elf

C = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__thread int calls;
static __thread int own = 7;
static int state;
const char *const words[] = {"one", "two", "three"};
int (*const printers[])(const char *) = {puts, remove};
char buffer[4096];
int limit = 12;

__attribute__((noinline)) static int inner(const char *who) {
    own += state;
    return (int) strlen(who);
}
int greet(const char *who) {
    calls++;
    memcpy(buffer, who, inner(who));
    return printf("hello %s %d %s\\n", buffer, own, words[state % 3]);
}
int leave(int code) { if (code > limit) exit(code); return printers[code & 1]("gone"); }
__attribute__((constructor)) static void start(void) { state = 1; }
__attribute__((destructor)) static void finish(void) { state = 2; }
"""

CPP = """
#include <stdexcept>
#include <string>
#include <vector>

struct Shape { virtual ~Shape() {} virtual int area() const = 0; };
struct Square : Shape { int side; int area() const override { return side * side; } };
int total(const std::vector<Shape *> &shapes) {
    int sum = 0;
    for (auto shape : shapes) {
        try { sum += dynamic_cast<Square &>(*shape).area(); }
        catch (const std::bad_cast &) { throw std::runtime_error("no " + std::to_string(sum)); }
    }
    return sum;
}
extern "C" Shape *make(int side) { auto made = new Square; made->side = side; return made; }
"""

VERSIONED = """
int first_old(void) { return 1; }
int first_new(void) { return 2; }
int second(void) { return 3; }
int hidden(void) { return 4; }
__asm__(".symver first_old, first@LIB_1");
__asm__(".symver first_new, first@@LIB_2");
"""

VERSIONS = "LIB_1 { global: first; second; local: *; };\nLIB_2 { global: first; } LIB_1;\n"

ALONE = """
int outside(void);
int inside;
static int own;
int *address = &inside;
int *own_address = &own;
int call(void) { return outside() + inside; }
"""
"""Needs no header, so that a compiler without a C library for the machine can make it."""


_C = ("gcc", "-x", "c", "source")
_CPP = ("g++", "-x", "c++", "source")


@cache
def compiled(source: str, *flags: str, versions: str | None = None) -> bytes:
    """A shared object made of one source, with `versions` as the linker's script of versions."""
    return _made(source, "-shared", "-fPIC", *flags, versions=versions)


@cache
def program(source: str, *flags: str) -> bytes:
    """A program that can be loaded anywhere, which is a shared object too."""
    return _made(source, "-pie", "-fPIE", *flags, versions=None)


def _made(source: str, *flags: str, versions: str | None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "source").write_text(source, encoding="utf-8")
        if versions is not None:
            Path(folder, "versions").write_text(versions, encoding="utf-8")
            flags = (*flags, "-Wl,--version-script=versions")
        compiler = _CPP if source == CPP else _C
        options = ("-x", "none", "-O1", "-o", "made.so")
        subprocess.run([*compiler, *options, *flags], cwd=folder, check=True)
        return Path(folder, "made.so").read_bytes()


def patched(data: bytes, offset: int, replacement: bytes) -> bytes:
    """The same bytes but for some; never longer."""
    assert 0 <= offset <= len(data) - len(replacement)
    return data[:offset] + replacement + data[offset + len(replacement) :]


def word(value: int, size: int = 8) -> bytes:
    """A number as the file holds it."""
    return value.to_bytes(size, "little")


def number(data: bytes, offset: int, size: int = 8) -> int:
    """The number that a file holds at an offset."""
    return int.from_bytes(data[offset : offset + size], "little")


def section(data: bytes, name: str) -> Section:
    """A section of a file that can be read."""
    return read_elf(data).by_name[name]


def in_section(data: bytes, name: str, at: int, replacement: bytes) -> bytes:
    """The same file with other bytes somewhere in a section; from its end if `at` is negative."""
    found = section(data, name)
    return patched(data, found.offset + (at if at >= 0 else found.size + at), replacement)


def in_section_header(data: bytes, name: str, field: str, value: int) -> bytes:
    """The same file with another value in a section header."""
    at, size = {
        "kind": (4, 4),
        "flags": (8, 8),
        "address": (16, 8),
        "size": (32, 8),
        "link": (40, 4),
        "info": (44, 4),
        "alignment": (48, 8),
        "entry_size": (56, 8),
    }[field]
    elf = read_elf(data)
    return patched(data, elf.headers[2][0] + 64 * elf.by_name[name].index + at, word(value, size))


def in_segment_header(
    data: bytes, kind: SegmentKind, field: str, value: int, *, which: int = 0
) -> bytes:
    """The same file with another value in a program header; `address` is the physical one too."""
    at, size = {
        "kind": (0, 4),
        "flags": (4, 4),
        "offset": (8, 8),
        "address": (16, 8),
        "physical": (24, 8),
        "file_size": (32, 8),
        "memory_size": (40, 8),
        "alignment": (48, 8),
    }[field]
    elf = read_elf(data)
    index = [at for at, segment in enumerate(elf.segments) if segment.kind == kind][which]
    replacement = word(value, size) * (2 if field == "address" else 1)
    return patched(data, elf.headers[1][0] + 56 * index + at, replacement)


def dynamic_entry(elf: Elf, tag: int) -> int:
    """Where in the file the first entry with a tag stands."""
    found = elf.by_name[".dynamic"]
    for at in range(found.offset, found.offset + found.size, 16):
        if struct.unpack_from("<q", elf.data, at) == (tag,):
            return at
    raise LookupError(tag)


def with_dynamic(
    data: bytes, tag: int, *, new_tag: int | None = None, value: int | None = None
) -> bytes:
    """The same file with another tag or value in an entry of `.dynamic`."""
    at = dynamic_entry(read_elf(data), tag)
    if new_tag is not None:
        data = patched(data, at, word(new_tag))
    if value is not None:
        data = patched(data, at + 8, word(value))
    return data


Change = Callable[[bytes], bytes]
"""What makes a lie of an honest file."""


def content(name: str, at: int, replacement: bytes) -> Change:
    """Other bytes somewhere in a section."""
    return lambda data: in_section(data, name, at, replacement)


def header(name: str, field: str, value: int) -> Change:
    """Another value in a section header."""
    return lambda data: in_section_header(data, name, field, value)


def segment(kind: SegmentKind, field: str, value: int) -> Change:
    """Another value in a program header, the first of its kind."""
    return lambda data: in_segment_header(data, kind, field, value)


def entry(tag: int, *, new_tag: int | None = None, value: int | None = None) -> Change:
    """Another tag or value in an entry of `.dynamic`."""
    return lambda data: with_dynamic(data, tag, new_tag=new_tag, value=value)
