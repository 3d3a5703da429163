"""Honest pairs: the same source, linked otherwise; each is accounted for by the other."""

import sysconfig
from collections.abc import Sequence

import pytest

from tests.attacks.native.building import DEFAULT, linked, told, with_word
from tests.attacks.native.sources import ASSEMBLY, CPP, EXTENSION, MAIN, RESOLVED
from verify.native.elf_reader import read_elf

PYTHON = (*DEFAULT, f"-I{sysconfig.get_paths()['include']}")
SOURCES = {
    "main": (MAIN, DEFAULT),
    "main-small": (MAIN, ("-Os", "-g0")),
    "main-plain": (MAIN, ("-O0", "-g0")),
    "main-marked": (MAIN, ("-O2", "-g0", "-fcf-protection")),
    "main-without-linkage-table": (MAIN, ("-O2", "-g0", "-fno-plt")),
    "main-in-sections": (MAIN, ("-O2", "-g0", "-ffunction-sections", "-fdata-sections")),
    "main-protected-stack": (MAIN, ("-O2", "-g0", "-fstack-protector-all", "-D_FORTIFY_SOURCE=2")),
    "cpp": (CPP, DEFAULT),
    "cpp-plain": (CPP, ("-O0", "-g0")),
    "assembly": (ASSEMBLY, DEFAULT),
    "extension": (EXTENSION, PYTHON),
    "resolved": (RESOLVED, DEFAULT),
}
LINKS: dict[str, Sequence[str]] = {
    "code-among-constants": ("-Wl,-z,noseparate-code",),
    "bound-at-once": ("-Wl,-z,now",),
    "larger-pages": ("-Wl,-z,max-page-size=0x200000",),
    "pages-of-64k": ("-Wl,-z,max-page-size=0x10000",),
    "both-hashes": ("-Wl,--hash-style=both",),
    "old-hash": ("-Wl,--hash-style=sysv",),
    "optimised": ("-Wl,-O1",),
    "no-build-id": ("-Wl,--build-id=none",),
    "build-id-of-16": ("-Wl,--build-id=md5",),
    "code-further-off": ("-Wl,--section-start=.text=0x9000",),
    "sorted-relocations": ("-Wl,-z,combreloc",),
    "no-old-tags": ("-Wl,--enable-new-dtags",),
}


@pytest.mark.parametrize("source", SOURCES)
def test_a_file_is_accounted_for_by_itself(source: str) -> None:
    code, flags = SOURCES[source]
    assert told(linked(code, flags=flags), with_word(linked(code, flags=flags))) == []


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("source", ["main", "main-marked", "cpp", "assembly", "extension"])
def test_another_way_to_link_is_accounted_for(source: str, link: str) -> None:
    code, flags = SOURCES[source]
    plain, other = linked(code, flags=flags), linked(code, flags=flags, link=tuple(LINKS[link]))
    assert plain != other or link in {"sorted-relocations", "no-old-tags", "optimised"}
    assert told(plain, with_word(other)) == []
    assert told(other, with_word(plain)) == []


@pytest.mark.parametrize("command", ["strip", "strip -s", "strip -g", "strip --strip-unneeded"])
@pytest.mark.parametrize("source", ["main", "cpp", "extension"])
def test_a_stripped_file_is_accounted_for(source: str, command: str) -> None:
    code, flags = SOURCES[source]
    whole = linked(code, flags=(*flags, "-g"))
    stripped = linked(code, flags=(*flags, "-g"), after=tuple(command.split()))
    assert told(stripped, with_word(whole)) == []


@pytest.mark.parametrize("source", ["main", "cpp", "assembly"])
def test_debug_information_is_accounted_for(source: str) -> None:
    code, flags = SOURCES[source]
    plain, debug = linked(code, flags=flags), linked(code, flags=(*flags, "-g"))
    assert told(plain, with_word(debug)) == []
    assert told(debug, with_word(plain)) == []


FIRST = """
#include <stdio.h>
int told(int);
int first(int code) { return printf("first %d", code) + told(code); }
static int counted;
int count(void) { return counted++; }
"""
SECOND = """
#include <stdlib.h>
#include <string.h>
static char held[40];
int told(int code) { strcpy(held, getenv("HOME")); return code + abs(code); }
"""


def test_the_same_name_is_accounted_for() -> None:
    link = ("-Wl,-soname,libone.so.1",)
    assert told(linked(MAIN, link=link), with_word(linked(MAIN, link=(*link, "-Wl,-z,now")))) == []


def test_another_order_of_code_alone_is_accounted_for() -> None:
    """Where the rebuild says by its debug information what was assembled together."""
    one = "#include <math.h>\nint one(int code) { return code * 3; }"
    two = "int one(int);\nint two(int code) { return one(code) - 7; }"
    debug = ("-O2", "-g")
    assert told(linked(two, one), with_word(linked(one, two, flags=debug))) == []
    assert told(linked(one, two), with_word(linked(two, one, flags=debug))) == []


def test_two_strings_that_change_places_with_their_references_stay_a_difference() -> None:
    """The limit today: constants without a name are compared by where they stand."""
    assert told(linked(SECOND, FIRST), with_word(linked(FIRST, SECOND))) != []


WEAKER = {
    "relocated-constants-writable": "-Wl,-z,norelro",
    "stack-executable": "-Wl,-z,execstack",
}


@pytest.mark.parametrize("weaker", WEAKER)
def test_weaker_hardening_is_a_problem_in_the_published_file_alone(weaker: str) -> None:
    weak = linked(MAIN, link=(WEAKER[weaker],))
    assert told(weak, with_word(linked(MAIN))) != []
    assert [
        line for line in told(linked(MAIN), with_word(weak)) if line.startswith("loading")
    ] == []


def test_lazy_binding_is_no_difference() -> None:
    lazy, now = linked(MAIN, link=("-Wl,-z,lazy",)), linked(MAIN, link=("-Wl,-z,now",))
    assert told(lazy, with_word(now)) == told(now, with_word(lazy)) == []


# The smallest sources of what was refused though it was compared with itself.

BETWEEN = "int first = 1; int all[700] __attribute__((aligned(32))); int *get(void) { return all; }"
THREADS = """
static __thread int one = 1;
static __thread int two = 2;
int *get(int which) { return which ? &one : &two; }
"""


def test_data_that_ends_between_two_sections_is_accounted_for() -> None:
    """The start-up code names the end of the data, rounded up."""
    assert told(linked(BETWEEN), with_word(linked(BETWEEN))) == []


def test_a_thread_local_variable_of_the_file_alone_is_accounted_for() -> None:
    """General dynamic model: the second word of its slot is a number of the file."""
    flags = ("-O0", "-g0", "-ftls-model=global-dynamic")
    assert told(linked(THREADS, flags=flags), with_word(linked(THREADS, flags=flags))) == []


def test_a_function_that_is_chosen_on_loading_is_accounted_for() -> None:
    assert told(linked(RESOLVED), with_word(linked(RESOLVED))) == []


def _cases(number: int) -> str:
    """Enough of a switch for a jump table."""
    calls = ("step", "other")
    return " ".join(
        f"case {at}: sum = {calls[at % 2]}(sum + {number * 17 + at * at}); break;"
        for at in range(9)
    )


TABLES = f"""
int step(int); int other(int);
int walk(const unsigned char *at, int count) {{
    int sum = 0;
    if (count & 1) {{
        for (int i = 0; i < count; i++)
            switch (at[i]) {{ {_cases(1)} default: sum ^= 3; }}
    }} else {{
        for (int i = 0; i < count; i++) {{
            switch (at[i]) {{ {_cases(2)} default: sum ^= 5; }}
            switch (at[i] >> 1) {{ {_cases(3)} default: sum ^= 7; }}
        }}
    }}
    for (int i = 0; i < count; i++)
        switch (at[i] ^ 1) {{ {_cases(4)} default: sum ^= 9; }}
    return sum;
}}
"""


@pytest.mark.parametrize("level", ["-O2", "-O3", "-Os"])
def test_jump_tables_that_share_a_register_are_accounted_for(level: str) -> None:
    """Which of them it holds hangs on the way that was taken, not on what stands before."""
    flags = (level, "-g0")
    plain = linked(TABLES, flags=flags)
    moved = linked(TABLES, flags=flags, link=("-Wl,--section-start=.text=0x9000",))
    assert told(plain, with_word(moved)) == []
    assert told(moved, with_word(plain)) == []


@pytest.mark.parametrize("level", ["-O2", "-Os"])
def test_an_entry_of_such_a_table_that_leads_elsewhere_is_told(level: str) -> None:
    flags = (level, "-g0")
    plain = linked(TABLES, flags=flags)
    moved = linked(TABLES, flags=flags, link=("-Wl,--section-start=.text=0x9000",))
    constants = read_elf(moved).by_name[".rodata"]
    told_of = 0
    for at in range(constants.offset, constants.offset + constants.size - 3, 4):
        changed = bytearray(moved)
        first = int.from_bytes(changed[at : at + 4], "little", signed=True)
        if not -0x10000 < first < 0:
            continue
        changed[at : at + 4] = (first + 16).to_bytes(4, "little", signed=True)
        assert told(bytes(changed), with_word(plain)) != []
        told_of += 1
    assert told_of > 20
