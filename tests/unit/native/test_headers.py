import pytest

from tests.support.elf import (
    ALONE,
    CPP,
    VERSIONED,
    VERSIONS,
    C,
    Change,
    compiled,
    header,
    patched,
    program,
)
from verify.native.elf import UnreadableElfError
from verify.native.elf_reader import read_elf
from verify.native.headers import check_headers


@pytest.mark.parametrize(
    "data",
    [
        compiled(C, "-g"),
        compiled(C, "-s", "-Wl,--hash-style=both", "-Wl,-z,pack-relative-relocs"),
        compiled(C, "-fuse-ld=gold"),
        compiled(CPP),
        compiled(VERSIONED, versions=VERSIONS),
        compiled(ALONE, "-m32", "-nostdlib"),
        program("int main(void) { return 0; }"),
    ],
)
def test_what_linkers_write_is_accepted(data: bytes) -> None:
    check_headers(read_elf(data))


def first_header(at: int) -> Change:
    return lambda data: patched(data, read_elf(data).headers[2][0] + at, b"\1")


LIES: dict[str, tuple[Change, str]] = {
    "link of nothing": (first_header(40), "is not empty"),
    "alignment of nothing": (first_header(48), "is not empty"),
    "odd alignment": (header(".comment", "alignment", 3), "that is no power of two"),
    "huge alignment": (header(".comment", "alignment", 1 << 40), "that is no power of two"),
    "not aligned": (header(".fini", "alignment", 4096), "is not aligned as it says"),
    "size of entries": (header(".text", "entry_size", 0x4141), "entries of an unusual size"),
    "link": (header(".text", "link", 5), "linked to a section for no reason"),
    "information": (header(".text", "info", 5), "information that nobody reads"),
    "relocated code": (header(".rela.plt", "info", 12), "information that nobody reads"),
    "relocated nothing": (header(".rela.plt", "info", 1 << 20), "information that nobody reads"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_in_a_section_header_is_an_error(lie: str) -> None:
    change, words = LIES[lie]
    with pytest.raises(UnreadableElfError, match=words):
        check_headers(read_elf(change(compiled(C))))
