"""What cannot be compared is undetermined, and never more than that: nothing hides behind it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.elf import compiled, in_section, patched, word
from tests.support.wheels import (
    DIST_INFO,
    Entry,
    entries,
    honest_files,
    pack,
    wheel_file,
    with_record,
    write,
)
from verify.compare.engine import compare
from verify.finding import FindingClass
from verify.results import Diff
from verify.verdict import Reason, Verdict

WINDOWS, MACOS, MUSL, ARM, LINUX = (
    f"cp311-cp311-{platform}"
    for platform in (
        "win_amd64",
        "macosx_11_0_arm64",
        "musllinux_1_1_x86_64",
        "manylinux_2_17_aarch64",
        "linux_x86_64",
    )
)
ANY = "py3-none-any"
MACH_O = b"\xcf\xfa\xed\xfe" + bytes(60)
UNIVERSAL = b"\xca\xfe\xba\xbe\0\0\0\2" + bytes(60)
JAVA = b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(60)
ELF = compiled("int one(void) { return 1; }", "-nostdlib", "-Wl,--build-id")
CHANGED_ELF = compiled("int one(void) { return 2; }", "-nostdlib", "-Wl,--build-id")
ARM_ELF = patched(ELF, 18, word(183, 2))


def portable(content: bytes = b"") -> bytes:
    """The beginning of a library for Windows, with some content."""
    return b"MZ" + bytes(58) + word(0x80, 4) + bytes(64) + b"PE\0\0" + content


def _wheel(folder: Path, tag: str, files: Mapping[str, bytes]) -> Path:
    own = {f"{DIST_INFO}/WHEEL": wheel_file(tag=tag), **files}
    return write(folder, pack(entries(with_record(honest_files(own)))), f"example-1.0-{tag}.whl")


def _diff(
    folder: Path,
    published: Mapping[str, bytes],
    rebuilt: Mapping[str, bytes],
    tags: tuple[str, str] = (ANY, ANY),
) -> Diff:
    ours, theirs = (
        _wheel(folder / side, tag, files)
        for side, tag, files in (("p", tags[0], published), ("r", tags[1], rebuilt))
    )
    return compare(ours, theirs)


def _unexplained(diff: Diff) -> set[str]:
    return {str(f.rule) for f in diff.findings if f.kind is FindingClass.UNEXPLAINED}


FORMATS = {
    "pe": (WINDOWS, portable(b"1"), portable()),
    "mach-o": (MACOS, MACH_O + b"1", MACH_O),
    "universal": (MACOS, UNIVERSAL + b"1", UNIVERSAL),
}


@pytest.mark.parametrize("kind", FORMATS)
def test_formats_that_are_not_read_are_undetermined_with_a_reason(
    kind: str, tmp_path: Path
) -> None:
    tag, published, rebuilt = FORMATS[kind]
    name = "example/_speedups.pyd"
    diff = _diff(tmp_path, {name: published}, {name: rebuilt}, (tag, tag))
    assert (diff.verdict, diff.reason) == (Verdict.UNDETERMINED, Reason.UNSUPPORTED)
    assert _unexplained(diff) == {"native.unsupported", "record.uncompared"}
    found = next(f for f in diff.findings if f.rule == "native.unsupported")
    assert "cannot be said: files for " in found.summary


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("tag", [ANY, LINUX])
def test_in_a_wheel_for_no_such_system_they_differ_like_any_file(
    kind: str, tag: str, tmp_path: Path
) -> None:
    """Nothing on Linux compiles them: the source has them, and the rebuild copies them."""
    _, published, rebuilt = FORMATS[kind]
    name = "example/launcher.exe"
    diff = _diff(tmp_path, {name: published}, {name: rebuilt}, (tag, tag))
    assert (diff.verdict, diff.reason) == (Verdict.DIFFERENT, None)


def test_the_same_bytes_need_no_comparison(tmp_path: Path) -> None:
    files = {"example/_speedups.pyd": portable()}
    other = {**files, "example/text.txt": b"1"}
    assert _diff(tmp_path, files, files).verdict is Verdict.IDENTICAL
    assert _unexplained(_diff(tmp_path, other, files)) == {
        "member.only-published",
        "member.differs",
    }


def test_another_unexplained_difference_makes_it_different(tmp_path: Path) -> None:
    name, text = "example/_speedups.pyd", "example/text.txt"
    changed = {name: portable(b"1"), text: b"1"}
    diff = _diff(tmp_path, changed, {name: portable(), text: b"2"}, (WINDOWS, WINDOWS))
    assert (diff.verdict, diff.reason) == (Verdict.DIFFERENT, None)


def test_a_dangerous_finding_makes_it_suspicious(tmp_path: Path) -> None:
    name = "example/_speedups.pyd"
    changed = {name: portable(b"1"), "example.pth": b"import example"}
    diff = _diff(tmp_path, changed, {name: portable()}, (WINDOWS, WINDOWS))
    assert (diff.verdict, diff.reason) == (Verdict.SUSPICIOUS, None)


@pytest.mark.parametrize("tag", [ANY, LINUX, WINDOWS])
def test_a_library_for_windows_without_counterpart_is_suspicious(tag: str, tmp_path: Path) -> None:
    diff = _diff(tmp_path, {"example/_speedups.pyd": portable()}, {}, (tag, tag))
    assert diff.verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    ("name", "published", "rebuilt"),
    [
        ("example/data.bin", b"MZ" + bytes(80) + b"1", b"MZ" + bytes(80)),
        ("example/Some.class", JAVA + b"1", JAVA),
        ("example/code.py", portable(b"1"), portable()),
        ("example/_speedups.so", portable(), ELF),
        ("example/_speedups.so", ELF, portable()),
        ("example/_speedups.pyd", portable(), MACH_O),
    ],
    ids=["no-pe", "java", "source", "pe-for-elf", "elf-for-pe", "pe-for-mach-o"],
)
def test_what_only_looks_like_such_a_format_is_different(
    name: str, published: bytes, rebuilt: bytes, tmp_path: Path
) -> None:
    assert _diff(tmp_path, {name: published}, {name: rebuilt}).verdict in {
        Verdict.DIFFERENT,
        Verdict.SUSPICIOUS,
    }


OTHERS = {
    "windows": (WINDOWS, "example/_speedups.cp311-win_amd64.pyd", portable()),
    "macos": (MACOS, "example/_speedups.cpython-311-darwin.so", MACH_O),
    "musl": (MUSL, "example/_speedups.cpython-311-x86_64-linux-musl.so", ELF),
    "aarch64": (ARM, "example/_speedups.cpython-311-aarch64-linux-gnu.so", ARM_ELF),
    "aarch64-of-one-name": (ARM, "example/_speedups.cpython-311-x86_64-linux-gnu.so", ARM_ELF),
}
OWN = {"example/_speedups.cpython-311-x86_64-linux-gnu.so": ELF}


@pytest.mark.parametrize("other", OTHERS)
def test_a_wheel_for_another_platform_is_undetermined(other: str, tmp_path: Path) -> None:
    tag, name, data = OTHERS[other]
    diff = _diff(tmp_path, {name: data}, OWN, (tag, LINUX))
    assert (diff.verdict, diff.reason) == (Verdict.UNDETERMINED, Reason.UNSUPPORTED)
    expected = {"native.unsupported", "wheel.other-platform", "record.uncompared"}
    assert _unexplained(diff) == expected


@pytest.mark.parametrize("other", OTHERS)
def test_its_python_code_is_compared_all_the_same(other: str, tmp_path: Path) -> None:
    tag, name, data = OTHERS[other]
    changed = {name: data, "example/__init__.py": b"VALUE = 2\n"}
    diff = _diff(tmp_path, changed, {**OWN, "example/__init__.py": b"VALUE = 1\n"}, (tag, LINUX))
    assert diff.verdict is Verdict.DIFFERENT
    hook = {name: data, "example.pth": b"import example"}
    assert _diff(tmp_path / "2", hook, OWN, (tag, LINUX)).verdict is Verdict.SUSPICIOUS


def test_native_code_for_none_of_a_wheels_platforms_stays_suspicious(tmp_path: Path) -> None:
    for at, (tag, name, data) in enumerate(
        [
            (WINDOWS, "example/_speedups.so", MACH_O),
            (WINDOWS, "example/_speedups.pyd", b"MZ, but no library"),
            (MACOS, "example/_speedups.dll", portable()),
            (ARM, "example/more.so", ELF),
            (MUSL, "example/more.so", ARM_ELF),
        ]
    ):
        diff = _diff(tmp_path / str(at), {name: data}, OWN, (tag, LINUX))
        assert diff.verdict is Verdict.SUSPICIOUS, name


def test_native_code_of_the_rebuilds_platform_is_compared_in_any_wheel(tmp_path: Path) -> None:
    name, library, _ = OTHERS["windows"]
    changed = {library: portable(), **dict.fromkeys(OWN, CHANGED_ELF)}
    diff = _diff(tmp_path, changed, OWN, (name, LINUX))
    assert "native.differs" in _unexplained(diff)
    assert diff.verdict is Verdict.DIFFERENT


@pytest.mark.parametrize(
    "tags",
    [
        ("cp311-cp311-win_amd64.linux_x86_64", LINUX),
        ("cp311-cp311-win_amd64.unheard_of", LINUX),
        (WINDOWS, ANY),
        (ANY, LINUX),
        (WINDOWS, "cp311-cp311-win_amd64"),
    ],
    ids=["also-for-linux", "also-for-none", "rebuilt-for-any", "published-for-any", "the-same"],
)
def test_tags_that_may_be_for_the_rebuilds_platform_excuse_nothing(
    tags: tuple[str, str], tmp_path: Path
) -> None:
    name = "example/_speedups.cp311-win_amd64.pyd"
    assert _diff(tmp_path, {name: portable()}, OWN, tags).verdict is Verdict.SUSPICIOUS


CALLING = 'extern int system(const char *); int one(void) { return system("/bin/sh"); }'
STARTING = """
int count;
int one(void) { return count; }
__attribute__((constructor)) static void two(void) { count++; }
"""


@pytest.mark.parametrize("other", ["musl", "aarch64", "aarch64-of-one-name"])
def test_what_reaches_further_than_the_module_of_its_name_is_suspicious(
    other: str, tmp_path: Path
) -> None:
    tag, name, data = OTHERS[other]
    calling = patched(compiled(CALLING, "-nostdlib"), 18, data[18:20])
    diff = _diff(tmp_path, {name: calling}, OWN, (tag, LINUX))
    assert diff.verdict is Verdict.SUSPICIOUS
    found = next(f for f in diff.findings if f.kind is FindingClass.DANGEROUS)
    assert (found.rule, found.member) == ("native.reaches-further", name)


def test_functions_that_are_run_on_loading_are_not_counted_across_platforms(tmp_path: Path) -> None:
    """Runtimes of other processors have some of their own."""
    tag, name, data = OTHERS["aarch64"]
    starting = patched(compiled(STARTING, "-nostdlib"), 18, data[18:20])
    diff = _diff(tmp_path / "1", {name: starting}, OWN, (tag, LINUX))
    assert diff.verdict is Verdict.UNDETERMINED
    own = next(iter(OWN))
    diff = _diff(tmp_path / "2", {own: compiled(STARTING, "-nostdlib")}, OWN, (LINUX, LINUX))
    assert diff.verdict is Verdict.SUSPICIOUS


def test_what_tools_leave_that_repair_wheels_is_undetermined_as_well(tmp_path: Path) -> None:
    """An empty folder, and a RECORD whose lines end otherwise."""
    tag, name, data = OTHERS["musl"]
    files = with_record(honest_files({f"{DIST_INFO}/WHEEL": wheel_file(tag=tag), name: data}))
    record = f"{DIST_INFO}/RECORD"
    files[record] = files[record].replace(b"\n", b"\r\n")
    folder = Entry(name="example.libs/", method=0, mode=0o40755)
    theirs = _wheel(tmp_path / "r", LINUX, OWN)
    for extra in ([folder], [folder, Entry(name="example.libs/note.txt", data=b"1")]):
        made = pack([*entries(files), *extra])
        ours = write(tmp_path / str(len(extra)), made, f"example-1.0-{tag}.whl")
        verdict = compare(ours, theirs).verdict
        assert (verdict is Verdict.UNDETERMINED) == (extra == [folder])


def test_other_line_ends_of_record_alone_stay_unexplained(tmp_path: Path) -> None:
    files = with_record(honest_files())
    record = f"{DIST_INFO}/RECORD"
    other = {**files, record: files[record].replace(b"\n", b"\r\n")}
    ours, theirs = (
        write(tmp_path / side, pack(entries(one))) for side, one in (("p", other), ("r", files))
    )
    assert compare(ours, theirs).verdict is Verdict.DIFFERENT


def test_a_record_that_lies_is_no_excuse(tmp_path: Path) -> None:
    name = "example/_speedups.pyd"
    tag = {f"{DIST_INFO}/WHEEL": wheel_file(tag=WINDOWS)}
    files = with_record(honest_files({**tag, name: portable(b"1")}))
    record = f"{DIST_INFO}/RECORD"
    files[record] = files[record].replace(
        b"example/__init__.py,sha256=", b"example/__init__.py,sha256=A", 1
    )
    ours = write(tmp_path / "p", pack(entries(files)), f"example-1.0-{WINDOWS}.whl")
    theirs = _wheel(tmp_path / "r", WINDOWS, {name: portable()})
    assert compare(ours, theirs).verdict in {Verdict.DIFFERENT, Verdict.SUSPICIOUS}


def test_another_build_id_of_another_processor_is_no_more_than_undetermined(tmp_path: Path) -> None:
    """A wheel for another platform is never trusted, though its one file be the same."""
    other = in_section(ARM_ELF, ".note.gnu.build-id", 16, b"\x5a" * 20)
    name = "example/_speedups.abi3.so"
    diff = _diff(tmp_path, {name: other}, {name: ARM_ELF}, (ARM, LINUX))
    assert diff.verdict is Verdict.UNDETERMINED
