"""Native code of both wheels meets its three rules; honest toolchains never look dangerous."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reports.evidence import evidence_lines
from tests.support.elf import compiled, in_section, patched, section
from tests.support.wheels import Entry, entries, honest_files, pack, with_record, write
from verify.archive.reader import read_archive
from verify.compare.engine import compare
from verify.compare.explain import _in_order
from verify.compare.members import compare_members
from verify.finding import Finding
from verify.native.compare import NativeComparison
from verify.native.dynamic import read_dynamic
from verify.native.elf_reader import read_elf
from verify.rules.interface import Difference
from verify.rules.native import NativeComparisons
from verify.verdict import Verdict

LIBRARY = "example/_speedups.cpython-311-x86_64-linux-gnu.so"

PLAIN = """
static const int primes[] = {2, 3, 5, 7};
__attribute__((noinline)) static int larger(int x) { return x * primes[x & 3]; }
int work(int x) { return larger(x) + 1; }
int rest(int x) { return larger(x) - 1; }
"""

REACHES = "native.reaches-further"
DIFFERS = "native.differs"


def _calling(*names: str) -> str:
    """The plain source with a function that calls others."""
    declared = "".join(f"extern void {name}(void);\n" for name in names)
    called = " ".join(f"{name}();" for name in names)
    return f"{PLAIN}{declared}void extra(void) {{ {called} }}\n"


def _differences(
    tmp_path: Path, published: Mapping[str, bytes], rebuilt: Mapping[str, bytes]
) -> list[Difference]:
    ours, theirs = (
        read_archive(write(tmp_path / side, pack(entries(files))))
        for side, files in (("p", published), ("r", rebuilt))
    )
    return list(compare_members(ours, theirs).differences)


def _findings(
    tmp_path: Path, published: bytes, rebuilt: bytes, name: str = LIBRARY
) -> dict[str, Finding]:
    """What is found of one member, by rule."""
    ours, theirs = (
        write(tmp_path / side, pack(entries(with_record(honest_files({name: data})))))
        for side, data in (("p", published), ("r", rebuilt))
    )
    found = compare(ours, theirs).findings
    return {str(finding.rule): finding for finding in found if finding.member == name}


def _reaches(tmp_path: Path, published: bytes, rebuilt: bytes) -> dict[str, Any]:
    """What the published one is said to reach for; it is never explained."""
    found = _findings(tmp_path, published, rebuilt)
    assert DIFFERS in found
    reaches: Any = found[REACHES].evidence["reaches"] if REACHES in found else {}
    return dict(reaches)


def _stub(folder: Path, soname: str) -> str:
    """The path of an empty library of some name."""
    path = folder / f"stub-{soname}"
    if not path.exists():
        path.write_bytes(compiled("", "-nostdlib", f"-Wl,-soname,{soname}"))
    return str(path)


def _needing(folder: Path, *sonames: str, source: str = PLAIN) -> bytes:
    stubs = [_stub(folder, soname) for soname in sonames]
    return compiled(source, "-nostdlib", "-Wl,--no-as-needed", *stubs)


def _other_build_id(data: bytes) -> bytes:
    return in_section(data, ".note.gnu.build-id", 16, b"\x5a" * 20)


def test_code_with_another_build_id_is_relinked(tmp_path: Path) -> None:
    built = compiled(PLAIN, "-Wl,--build-id")
    found = _findings(tmp_path, _other_build_id(built), built)
    assert list(found) == ["native.relinked"]
    evidence = found["native.relinked"].evidence
    assert (evidence["published_size"], evidence["rebuilt_size"]) == (len(built), len(built))
    assert int(str(evidence["functions"])) >= 3
    assert int(str(evidence["code_bytes"])) > 0


def test_relinked_code_makes_a_wheel_equivalent_at_best(tmp_path: Path) -> None:
    built = compiled(PLAIN, "-Wl,--build-id")
    ours, theirs = (
        write(tmp_path / side, pack(entries(with_record(honest_files({LIBRARY: data})))))
        for side, data in (("p", _other_build_id(built)), ("r", built))
    )
    diff = compare(ours, theirs)
    assert diff.verdict is Verdict.EQUIVALENT
    assert diff.accounting.unexplained_bytes == 0


@pytest.mark.parametrize("name", ["example/logo.png", "example/tool", "example/so", "x.sox"])
def test_only_libraries_are_relinked(name: str, tmp_path: Path) -> None:
    built = compiled(PLAIN, "-Wl,--build-id")
    assert list(_findings(tmp_path, _other_build_id(built), built, name)) == [DIFFERS]


def test_one_other_instruction_is_told_with_its_function(tmp_path: Path) -> None:
    found = _findings(tmp_path, compiled(PLAIN.replace("- 1", "- 2")), compiled(PLAIN))
    assert list(found) == [DIFFERS]
    evidence: Mapping[str, Any] = found[DIFFERS].evidence
    (only,) = evidence["differing"]
    assert only["name"] == "rest"
    assert only["published"] == only["rebuilt"] == evidence["bytes_to_read"] > 0
    assert only["same_footprint"] is True
    assert evidence["functions"] == evidence["identical"] + 1
    assert {"part": "code", "summary": "rest has other instructions"} in evidence["problems"]
    assert evidence["published_facts"]["format"] == "ELF shared object for x86-64"
    identical, functions = evidence["identical"], evidence["functions"]
    assert found[DIFFERS].summary == (
        "The published native code differs from the rebuilt one: "
        f"{identical} of {functions} functions are the same; "
        f"{evidence['bytes_to_read']} of {evidence['code_bytes']} bytes of code are left to read."
    )
    size = only["published"]
    assert evidence_lines(found[DIFFERS], verbose=False) == [
        f"rest: {size} B, rebuilt: {size} B, calls and uses the same"
    ]


def test_the_terminal_tells_what_else_differs_where_all_functions_are_the_same(
    tmp_path: Path,
) -> None:
    built = compiled(PLAIN)
    found = _findings(tmp_path, built + b"hidden", built)
    assert evidence_lines(found[DIFFERS], verbose=False) == [
        f"padding: 6 B at {len(built):#x} belong to nothing"
    ]


UNREAD = {
    "cut-off": (b"\x7fELF\2\1\1", "the published file"),
    "no-elf": (b"MZ", "only ELF files are compared"),
}


@pytest.mark.parametrize("kind", UNREAD)
def test_what_cannot_be_read_says_why(kind: str, tmp_path: Path) -> None:
    start, clause = UNREAD[kind]
    built = compiled(PLAIN)
    found = _findings(tmp_path, start + built[len(start) : 3000], built)
    assert list(found) == [DIFFERS]
    unread = str(found[DIFFERS].evidence["unread"])
    assert unread.startswith(clause)
    assert unread in found[DIFFERS].summary
    assert "functions" not in found[DIFFERS].evidence


KINDS = {
    "runs commands": "system",
    "runs programs": "execve",
    "starts processes": "fork",
    "controls other processes": "ptrace",
    "changes its rights": "setresuid",
    "runs Python source": "PyRun_SimpleStringFlags",
    "opens sockets": "socket",
    "connects": "connect",
    "binds": "bind",
    "waits for connections": "accept4",
    "sends": "sendmsg",
    "receives": "__recvfrom_chk",
    "looks up hosts": "__res_query",
    "loads code": "__libc_dlopen_mode",
    "looks up functions": "dlsym",
    "protects memory": "mprotect",
    "makes files in memory": "memfd_create",
    "calls the kernel": "syscall",
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_import_that_the_rebuild_lacks_is_dangerous(kind: str, tmp_path: Path) -> None:
    name = KINDS[kind]
    found = _reaches(tmp_path, compiled(_calling("abs", name)), compiled(_calling("abs")))
    assert found == {kind: [name]}


HONEST_IMPORTS = {
    "fortified": (("memcpy", "recv"), ("__memcpy_chk", "__recv_chk")),
    "other-glibc": (("sscanf", "log"), ("__isoc99_sscanf", "__log_finite", "__strdup")),
    "other-way-to-start": (("vfork",), ("fork",)),
    "other-way-to-accept": (("accept4",), ("accept",)),
    "other-way-to-look-up": (("getaddrinfo",), ("gethostbyname_r",)),
    "no-wrapper-yet": (("getrandom",), ("syscall",)),
    "static-part-of-the-runtime": (
        ("_ZNSt28__atomic_futex_unsigned_base19_M_futex_notify_allEPj",),
        ("syscall",),
    ),
    "allocator": ((), ("mmap", "munmap", "mremap", "mkostemp", "open", "unlink", "getenv")),
    "names-that-begin-alike": ((), ("system_is_ready", "connection", "my_fork", "dlclose")),
}


@pytest.mark.parametrize("kind", HONEST_IMPORTS)
def test_imports_of_honest_toolchains_are_no_more_than_different(kind: str, tmp_path: Path) -> None:
    theirs, ours = HONEST_IMPORTS[kind]
    assert _reaches(tmp_path, compiled(_calling(*ours)), compiled(_calling(*theirs))) == {}


def test_a_wrapper_that_both_have_excuses_no_call_of_the_kernel(tmp_path: Path) -> None:
    ours, theirs = _calling("getrandom", "syscall"), _calling("getrandom")
    found = _reaches(tmp_path, compiled(ours), compiled(theirs))
    assert found == {"calls the kernel": ["syscall"]}


LIBRARIES = {
    "added": (["libevil.so.1"], [], ["libevil.so.1"]),
    "odd-name": (["evil"], ["libc.so.6"], ["evil"]),
    "looks-like-the-runtime": (["libc.so.6.evil", "xlibc.so"], [], ["libc.so.6.evil", "xlibc.so"]),
    "path": (["/tmp/libffi.so.8"], ["libffi.so.8"], ["/tmp/libffi.so.8"]),
    "hash-that-is-none": (["libffi-evil.so.8"], ["libffi.so.8"], ["libffi-evil.so.8"]),
    "runtime": (["libpthread.so.0", "ld-linux-x86-64.so.2", "libgcc_s.so.1", "libm.so.6"], [], []),
    "bundled": (["libffi-9c61262e.so.8.1.0"], ["libffi.so.8"], []),
    "bundled-twice": (["libffi-9c61262e.so.8.1.0"], ["libffi-ae16d830.so.6.0.4"], []),
    "other-version": (["libssl.so.10"], ["libssl.so.3"], []),
}


@pytest.mark.parametrize("kind", LIBRARIES)
def test_libraries_that_only_the_published_file_loads(kind: str, tmp_path: Path) -> None:
    published, rebuilt, expected = LIBRARIES[kind]
    folder = tmp_path / "stubs"
    folder.mkdir()
    stubs = {name: name.replace("/", "%") for name in (*published, *rebuilt)}
    for name, file in stubs.items():
        (folder / file).write_bytes(compiled("", "-nostdlib", f"-Wl,-soname,{name}"))
    ours, theirs = (
        compiled(PLAIN, "-nostdlib", "-Wl,--no-as-needed", *(str(folder / stubs[n]) for n in names))
        for names in (published, rebuilt)
    )
    found = _reaches(tmp_path, ours, theirs)
    assert found == ({"loads other libraries": expected} if expected else {})


PATHS = {
    "absolute": ("/tmp/x", "", ["/tmp/x"]),
    "second": ("$ORIGIN/../example.libs:/tmp/x", "$ORIGIN", ["/tmp/x"]),
    "working-directory": ("$ORIGIN:", "", [""]),
    "relative": ("lib", "", ["lib"]),
    "in-the-wheel": ("$ORIGIN/../example.libs:${ORIGIN}/x", "", []),
    "both-absolute": ("/io/build/lib", "/home/build/lib", []),
}


@pytest.mark.parametrize("tags", ["--enable-new-dtags", "--disable-new-dtags"])
@pytest.mark.parametrize("kind", PATHS)
def test_places_that_only_the_published_file_has_searched(
    kind: str, tags: str, tmp_path: Path
) -> None:
    published, rebuilt, expected = PATHS[kind]
    ours, theirs = (
        compiled(PLAIN, f"-Wl,{tags}", *([f"-Wl,-rpath,{path}"] if path else ()))
        for path in (published, rebuilt)
    )
    found = _reaches(tmp_path, ours, theirs)
    assert found == ({"looks for libraries elsewhere": expected} if expected else {})


def test_an_empty_path_is_none(tmp_path: Path) -> None:
    """As the loader sees it; tools that take a path out leave one."""
    built = compiled(PLAIN, "-Wl,-rpath,/path-of-the-build")
    ours = built.replace(b"/path-of-the-build", bytes(18))
    assert read_dynamic(read_elf(ours)).runpath == ""
    assert _reaches(tmp_path, ours, compiled(PLAIN)) == {}


CONSTRUCTOR = "__attribute__((constructor)) static void start(void) { work(1); }\n"


def test_a_constructor_more_is_dangerous(tmp_path: Path) -> None:
    found = _reaches(tmp_path, compiled(PLAIN + CONSTRUCTOR), compiled(PLAIN))
    assert found == {"runs more functions on loading": ["2, rebuilt: 1"]}
    assert _reaches(tmp_path, compiled(PLAIN), compiled(PLAIN + CONSTRUCTOR)) == {}


def test_old_headers_construct_the_streams_in_each_file(tmp_path: Path) -> None:
    published = compiled(_calling("_ZNSt8ios_base4InitC1Ev") + CONSTRUCTOR)
    assert _reaches(tmp_path, published, compiled(PLAIN)) == {}
    rebuilt = compiled(_calling("_ZNSt8ios_base4InitC1Ev"))
    assert list(_reaches(tmp_path, published, rebuilt)) == ["runs more functions on loading"]


def test_the_table_of_old_compilers_holds_two_entries_that_are_none(tmp_path: Path) -> None:
    # Today's linker would put .ctors into .init_array, so that the table gets its name later.
    table = '__asm__(".section .xtors,\\"aw\\",@progbits\\n.quad -1\\n{}.quad 0\\n.text");\n'
    empty, full = (
        compiled(table.format(entry) + PLAIN).replace(b".xtors\0", b".ctors\0")
        for entry in ("", ".quad 0x1234\\n")
    )
    assert section(empty, ".ctors").size == 16
    assert _reaches(tmp_path, empty, compiled(PLAIN)) == {}
    assert list(_reaches(tmp_path, full, compiled(PLAIN))) == ["runs more functions on loading"]


TEXTS = {
    "address": "https://evil.example/collect",
    "shell": "/bin/sh",
    "secret": "/etc/passwd",
    "host": "203.0.113.9:4444",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_telling_texts_that_only_the_published_data_holds_are_dangerous(
    kind: str, tmp_path: Path
) -> None:
    text = TEXTS[kind]
    published = f'{PLAIN}const char *said(void) {{ return "{text}"; }}\n'
    found = _reaches(tmp_path, compiled(published), compiled(PLAIN))
    assert found == {"names addresses, shells or secrets": [text]}
    # Wherever the rebuilt file has it, if only in what debuggers read, or with more behind it.
    longer = f'{PLAIN}const char *said(void) {{ return "x{text}/more"; }}\n'
    assert _reaches(tmp_path, compiled(published), compiled(longer)) == {}


def test_telling_texts_between_instructions_are_found(tmp_path: Path) -> None:
    hidden = '__asm__(".text\\n.asciz \\"LD_PRELOAD\\"\\n");\n'
    found = _reaches(tmp_path, compiled(PLAIN + hidden), compiled(PLAIN))
    assert found == {"names addresses, shells or secrets": ["LD_PRELOAD"]}


def test_texts_that_are_not_loaded_are_not_looked_at(tmp_path: Path) -> None:
    hidden = '__asm__(".section .odd,\\"\\",@progbits\\n.asciz \\"{}\\"\\n.text");\n'
    published = compiled(hidden.format("https://packages.example/") + PLAIN)
    assert _reaches(tmp_path, published, compiled(PLAIN)) == {}


def test_a_library_linked_into_the_published_file_brings_its_network_code(tmp_path: Path) -> None:
    said = 'const char *said(void) { return "http://www.w3.org/1999/xhtml"; }\n'
    with_library = _calling("socket", "connect", "getaddrinfo", "dlopen", "mprotect", "syscall")
    published = _needing(tmp_path, "libc.so.6", source=with_library + said + CONSTRUCTOR)
    rebuilt = _needing(tmp_path, "libxml2.so.2", "libc.so.6")
    assert _reaches(tmp_path, published, rebuilt) == {}
    own = _needing(tmp_path, "libxml2-9c61262e.so.2.9", "libc.so.6", source=with_library)
    assert "connects" in _reaches(tmp_path, own, rebuilt)


def test_a_library_linked_into_the_published_file_is_no_excuse_for_a_shell(tmp_path: Path) -> None:
    said = 'const char *said(void) { return "/bin/sh"; }\n'
    published = compiled(_calling("system", "setuid", "connect") + said)
    found = _reaches(tmp_path, published, _needing(tmp_path, "libffi.so.8"))
    assert list(found) == [
        "runs commands",
        "changes its rights",
        "names addresses, shells or secrets",
    ]


def test_a_file_that_contradicts_itself_still_shows_its_imports(tmp_path: Path) -> None:
    published = in_section(compiled(_calling("system")), ".gnu.hash", 16, bytes(8))
    found = _findings(tmp_path, published, compiled(PLAIN))
    assert str(found[DIFFERS].evidence["unread"]).startswith("the published file")
    assert found[REACHES].evidence["reaches"] == {"runs commands": ["system"]}
    assert found[REACHES].summary == (
        "The published native code runs commands; the rebuilt one does not."
    )
    assert evidence_lines(found[REACHES], verbose=False) == ["runs commands: system"]


def test_code_for_another_processor_still_shows_its_imports(tmp_path: Path) -> None:
    """Only the machine in the header is another: all that its imports are found by is the same."""
    ours, theirs = (
        patched(compiled(source, "-nostdlib"), 18, b"\xb7\0")
        for source in (_calling("system"), _calling("abs"))
    )
    found = _findings(tmp_path, ours, theirs)
    assert found[DIFFERS].evidence["processor"] == "AArch64"
    assert "code for AArch64 is not read" in found[DIFFERS].summary
    assert found[REACHES].evidence["reaches"] == {"runs commands": ["system"]}


def test_evidence_is_bounded_whatever_functions_are_called(tmp_path: Path) -> None:
    names = [f"f{at}_{'x' * 300}" for at in range(150)]
    published = PLAIN + "".join(
        f"int {name}(int x) {{ return x + {len(name)}; }}\n" for name in names
    )
    imported = _calling(*(f"g{name}" for name in names))
    found = _findings(tmp_path, compiled(published + imported[len(PLAIN) :]), compiled(PLAIN))
    evidence: Mapping[str, Any] = found[DIFFERS].evidence
    assert len(evidence["differing"]) == 40
    assert len(evidence["problems"]) == 20
    assert len(evidence["imported"]) == 100
    assert max(len(item["name"]) for item in evidence["differing"]) == 200
    assert max(len(item["summary"]) for item in evidence["problems"]) <= 200
    assert max(map(len, evidence["imported"])) == 200


def test_each_pair_is_compared_once_and_paid_for_once(tmp_path: Path) -> None:
    built = compiled(PLAIN)
    changed = compiled(PLAIN.replace("- 1", "- 2"))
    names = ("a/one.so", "a/two.so")
    differences = _differences(tmp_path, dict.fromkeys(names, changed), dict.fromkeys(names, built))
    natives = NativeComparisons(budget=100 * 1024)
    first = natives.of(differences[0])
    assert isinstance(first, NativeComparison)
    assert natives.of(differences[0]) is first
    assert natives.outlines(differences[0]) is natives.outlines(differences[0]) is not None
    # A file of some kilobytes counts as 64 KiB.
    assert natives.of(differences[1]) == "the wheel holds more native code than is compared"
    assert natives.outlines(differences[1]) is None
    assert isinstance(natives.of(differences[0]), NativeComparison)


def test_what_is_in_one_wheel_only_is_not_compared(tmp_path: Path) -> None:
    (only,) = _differences(tmp_path, {LIBRARY: compiled(PLAIN), "x": b""}, {"x": b""})
    assert NativeComparisons().of(only) == "it is in one of the wheels only"


def test_larger_files_are_not_read(tmp_path: Path) -> None:
    data = b"\x7fELF" + bytes(64 * 1024**2)
    sides = [
        read_archive(write(tmp_path / str(at), pack([Entry(name=LIBRARY, data=each, method=0)])))
        for at, each in enumerate((data, data[:-1]))
    ]
    (only,) = compare_members(*sides).differences
    assert NativeComparisons().of(only) == "files of more than 64 MiB are not compared"


def test_more_code_than_memory_suffices_for_is_not_decoded(tmp_path: Path) -> None:
    much = '__asm__(".text\\n.skip 16777216, 0xc3\\n");\n'
    ours, theirs = compiled(_calling("system") + much), compiled(PLAIN + much)
    sides = [
        read_archive(write(tmp_path / str(at), pack([Entry(name=LIBRARY, data=each, method=0)])))
        for at, each in enumerate((ours, theirs))
    ]
    (only,) = compare_members(*sides).differences
    natives = NativeComparisons()
    assert natives.of(only) == "more than 16 MiB of machine code are not compared"
    outlines = natives.outlines(only)
    assert outlines is not None
    assert "system" in (outlines.published.imports or ())


def test_small_pairs_come_before_large_ones_and_before_anything_else(tmp_path: Path) -> None:
    elf = compiled(PLAIN)
    sizes = {"a.so": 3, "b.so": 1, "c.so": 2, "d.so": 1}
    ours = {name: elf + bytes(size) for name, size in sizes.items()} | {"a.py": b"x = 1\n"}
    theirs = dict.fromkeys(sizes, elf) | {"a.py": b"x = 2\n"}
    differences = _differences(tmp_path, ours, theirs)
    ordered = [item.name for item, _ in _in_order(differences, record="x/RECORD")]
    assert ordered == ["b.so", "d.so", "c.so", "a.so", "a.py"]


CHECK = """
import sys
from pathlib import Path
from verify.compare.engine import compare
assert compare(Path(sys.argv[1]), Path(sys.argv[2])).findings
loaded = {name for name in sys.modules if name.partition(".")[0] == "capstone"}
print(sorted(loaded | {name for name in sys.modules if name.startswith("verify.native")}))
"""


def test_wheels_without_native_code_do_without_a_disassembler(tmp_path: Path) -> None:
    ours, theirs = (
        str(write(tmp_path / side, pack(entries(with_record(honest_files({"x.bin": data}))))))
        for side, data in (("p", b"\0one"), ("r", b"\0two"))
    )
    command = [sys.executable, "-c", CHECK, ours, theirs]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
