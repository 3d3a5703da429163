"""Toolchains without compilers: what defines them, and what an imported file may hold."""

import hashlib
import io
import json
import platform
import re
import shutil
import subprocess
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.resources import files
from pathlib import Path, PurePosixPath

import pytest

from builders.debian import TOOL, archive_path
from builders.definition import (
    TOOLCHAINS_AT,
    definitions,
    toolchain_definition,
    toolchain_definitions,
)
from builders.image_file import ARCHIVE, IDENTITY, import_image
from builders.root_tree import SHOWN as ROOT_SHOWN
from builders.sandbox.interface import SandboxFault
from builders.toolchains import Toolchain, find_toolchain, open_toolchain, toolchain_names
from builders.unpack import check_archive
from tests.support.command import truewheel
from verify.errors import UsageFault
from verify.events import silent

GCC_9 = toolchain_definition("gcc-9")
GCC_10 = toolchain_definition("gcc-10")


def write_archive(path: Path, *members: tarfile.TarInfo) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        tar.addfile(member("usr", tarfile.DIRTYPE, mode=0o755))
        for entry in members:
            tar.addfile(entry, io.BytesIO(bytes(entry.size)))
    return path


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", *, size: int = 0, mode: int = 0o644
) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.size, entry.mode = kind, link, size, mode
    return entry


def write_exported(path: Path, archive: bytes, **changes: object) -> Path:
    """A file as the export writes it, with an identity that can be changed."""
    identity = {
        "format": 1,
        "name": "gcc-10",
        "definition": GCC_10.digest,
        "sha256": hashlib.sha256(archive).hexdigest(),
        "size": len(archive),
        **changes,
    }
    with tarfile.open(path, "w") as tar:
        for name, content in ((IDENTITY, json.dumps(identity).encode()), (ARCHIVE, archive)):
            tar.addfile(member(name, size=len(content)), io.BytesIO(content))
    return path


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    """A small archive in the place of Debian's packages."""
    links = (member("lib", tarfile.SYMTYPE, "usr/lib"), member("./usr/link", tarfile.SYMTYPE, "x"))
    path = write_archive(
        tmp_path / "small.tar",
        member("./usr/bin/gcc", size=3, mode=0o4755),
        member("./usr/bin/cc", tarfile.LNKTYPE, "./usr/bin/gcc", mode=0o4755),
        member("dev/null", tarfile.CHRTYPE),
        *links,
    )
    return path.read_bytes()


def test_the_images_have_the_digests_that_they_always_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Toolchains beside them must not rename, and so rebuild, what is in every engine."""
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert {name: image.digest for name, image in definitions().items()} == {
        "bookworm": "b7b3a81b77b3657fcaa8d12986463d515756c0f709b795dcc376db5909b19b8d",
        "explain": "8f105f18f80a7271b80acb51728d9f42d8457387e77eb34229f7bc658efc1134",
    }


def test_the_table_names_six_compilers_by_release() -> None:
    table = {name: (each.suite, each.compiler) for name, each in toolchain_definitions().items()}
    assert table == {
        "gcc-9": ("bullseye", "9.3.0"),
        "gcc-10": ("bullseye", "10.2.1"),
        "gcc-11": ("bookworm", "11.3.0"),
        "gcc-12": ("bookworm", "12.2.0"),
        "gcc-13": ("trixie", "13.3.0"),
        "gcc-14": ("trixie", "14.2.0"),
    }
    assert toolchain_names() == tuple(f"gcc-{major}" for major in range(9, 15))


def test_what_was_made_before_there_were_others_is_not_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    made = ("gcc-10", "gcc-12", "gcc-14")
    assert {name: toolchain_definition(name).digest[:16] for name in made} == {
        "gcc-10": "2303d321b043db62",
        "gcc-12": "2ac1bb26921d2ef0",
        "gcc-14": "40bd6b62a518cd4c",
    }


def test_no_toolchain_is_named_like_an_image() -> None:
    assert set(definitions()).isdisjoint(toolchain_definitions())


def test_packages_hold_the_compiler_that_the_name_says() -> None:
    for name, each in toolchain_definitions().items():
        major = each.compiler.split(".")[0]
        assert name == f"gcc-{major}"
        needed = {f"gcc-{major}", f"g++-{major}", "binutils", "libc6-dev", "patchelf"}
        assert needed <= set(each.packages)


def test_the_digest_covers_everything_that_shapes_a_tree() -> None:
    changed = (
        replace(GCC_10, compiler="10.2.2"),
        replace(GCC_10, suite="bookworm"),
        replace(GCC_10, packages=("gcc-10",)),
        replace(GCC_10, name="gcc-ten"),
        replace(GCC_10, making=("patch",)),
        replace(GCC_10, scripts=("toolchain.sh",)),
        replace(GCC_10, scripts=("toolchain.sh", "toolchain.sh")),
    )
    assert len({each.digest for each in (GCC_10, *changed)}) == 8


def test_the_script_knows_its_place_and_is_valid_posix_shell() -> None:
    assert GCC_10.place == TOOLCHAINS_AT / "gcc-10"
    values, rest = GCC_10.script.split("\n", 1)
    assert values == (
        "root=$1 place=/opt/toolchain/gcc-10 compiler=10.2.1"
        " making='gcc-10-source gcc-10-plugin-dev libgmp-dev patch xz-utils'"
    )
    names = ("hoist-once.sh", "first-value.sh", "toolchain.sh")
    assert rest == "\n".join((files("containers") / name).read_text("utf-8") for name in names)
    parsed = subprocess.run(["/bin/sh", "-n"], input=GCC_10.script, text=True, check=False)
    assert parsed.returncode == 0


def test_only_gcc_9_and_10_are_made_of_more_than_packages() -> None:
    others = [each for each in toolchain_definitions().values() if each not in (GCC_9, GCC_10)]
    assert [(each.scripts, each.making) for each in others] == [(("toolchain.sh",), ())] * 4


def test_the_script_of_gcc_9_makes_its_plugin_first_and_is_valid_posix_shell() -> None:
    values, rest = GCC_9.script.split("\n", 1)
    assert values == (
        "root=$1 place=/opt/toolchain/gcc-9 compiler=9.3.0"
        " making='gcc-9-source gcc-9-plugin-dev libgmp-dev xz-utils'"
    )
    names = ("earlier-branch.sh", "toolchain.sh")
    assert rest == "\n".join((files("containers") / name).read_text("utf-8") for name in names)
    parsed = subprocess.run(["/bin/sh", "-n"], input=GCC_9.script, text=True, check=False)
    assert parsed.returncode == 0


FUNCTIONS = """\
static tree
before (tree intop)
{
  return pointer_int_sum (intop);
}

tree
pointer_int_sum (location_t loc,
                 tree intop)
{
  if (TREE_CODE (intop) == PLUS_EXPR
      && (!TYPE_UNSIGNED (TREE_TYPE (intop))
          || loc))
    {
      return intop;
    }
  return NULL_TREE;
}

tree
after (tree intop)
{
  return intop;
}
"""
UPDATES = """\
-      && (!TYPE_UNSIGNED (TREE_TYPE (intop))
+      && (TYPE_OVERFLOW_UNDEFINED (TREE_TYPE (intop))
"""


def taken(folder: Path, source: str, updates: str) -> subprocess.CompletedProcess[str]:
    """What the script takes of another source of the function, patched by Debian otherwise."""
    text = (files("containers") / "earlier-branch.sh").read_text("utf-8")
    take = text[text.index("awk '") : text.index("cat >")]
    (folder / "debian/patches").mkdir(parents=True)
    (folder / "c-common.c").write_text(source)
    (folder / "debian/patches/git-updates.diff").write_text(updates)
    command = ["/bin/sh", "-euc", f"work=$1 packed=.\n{take}", "sh", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_function_is_taken_whole_and_nothing_else(tmp_path: Path) -> None:
    assert taken(tmp_path, FUNCTIONS, UPDATES).returncode == 0
    start, end = FUNCTIONS.index("tree\npointer"), FUNCTIONS.index("\ntree\nafter")
    assert (tmp_path / "pointer-int-sum.h").read_text() == FUNCTIONS[start:end]


@pytest.mark.parametrize(
    ("source", "updates"),
    [
        (FUNCTIONS.replace("pointer_int_sum (location_t", "sum (location_t"), UPDATES),
        (FUNCTIONS.replace("(!TYPE_UNSIGNED", "(TYPE_OVERFLOW_UNDEFINED"), UPDATES),
        (FUNCTIONS, ""),
        (FUNCTIONS, UPDATES.splitlines()[0]),
        (FUNCTIONS, UPDATES * 2),
    ],
    ids=["no function", "changed already", "not changed", "otherwise changed", "changed twice"],
)
def test_another_source_of_the_function_is_not_taken(
    tmp_path: Path, source: str, updates: str
) -> None:
    assert taken(tmp_path, source, updates).returncode != 0


SOURCE = """\
static void
insert (void)
{
      if (flag_code_hoisting)
        changed |= do_hoist_insertion (block);
  free (rpo);
}
"""


def edited(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """What the script's own edit makes of another source of the pass."""
    text = (files("containers") / "hoist-once.sh").read_text("utf-8")
    edit = text[text.index("replace()") : text.index("cat >")]
    (folder / "tree-ssa-pre.c").write_text(source)
    command = ["/bin/sh", "-euc", f"work=$1\n{edit}", "sh", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_edit_of_the_pass_changes_two_places_and_nothing_else(tmp_path: Path) -> None:
    assert edited(tmp_path, SOURCE).returncode == 0
    changed = SOURCE.replace("changed |= do_hoist_insertion (block);", ";")
    changed = changed.replace("free (rpo);", "hoist_backwards (rpo, rpo_num); free (rpo);")
    assert (tmp_path / "tree-ssa-pre.c").read_text() == changed


@pytest.mark.parametrize("place", ["changed |= do_hoist_insertion (block);", "free (rpo);"])
@pytest.mark.parametrize("times", [0, 2])
def test_another_source_of_the_pass_is_not_edited(tmp_path: Path, place: str, times: int) -> None:
    ran = edited(tmp_path, SOURCE.replace(place, "\n".join([place] * times)))
    assert ran.returncode != 0
    assert ran.stderr == f"E: GCC's source has not exactly one '{place}'\n"


HEADER = """\
          std::fill(__first, __last, _ValueType());
          return std::fill_n(__first, __n, _ValueType());
      { return std::fill_n(__first, __n, __x); }
"""


def filled(root: Path, header: str) -> subprocess.CompletedProcess[str]:
    """What the script makes of another header of the C++ library."""
    path = root / "usr/include/c++/10/bits/stl_uninitialized.h"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header)
    script = (files("containers") / "first-value.sh").read_text("utf-8")
    command = ["/bin/sh", "-euc", f"root=$1\n{script}", "sh", str(root)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode or "_ValueType()" not in path.read_text()
    return ran


def test_the_edit_of_the_header_changes_two_places_and_nothing_else(tmp_path: Path) -> None:
    assert filled(tmp_path, HEADER).returncode == 0
    changed = next(tmp_path.rglob("stl_uninitialized.h")).read_text().splitlines()
    assert changed[2] == HEADER.splitlines()[2]
    assert [line.count("std::_Construct(__value)") for line in changed] == [1, 1, 0]
    assert "std::fill(__first, __last, *__value)" in changed[0]
    assert "std::fill_n(__first, __n - 1, *__value)" in changed[1]


@pytest.mark.parametrize("line", [0, 1])
@pytest.mark.parametrize("times", [0, 2])
def test_another_header_is_not_edited(tmp_path: Path, line: int, times: int) -> None:
    lines = HEADER.splitlines(keepends=True)
    ran = filled(tmp_path, HEADER.replace(lines[line], lines[line] * times))
    assert ran.returncode != 0
    assert ran.stderr == f"E: the C++ library has not exactly one '{lines[line].strip()}'\n"


def test_an_unknown_toolchain_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SandboxFault, match="there is no toolchain 'gcc-8'"):
        open_toolchain("gcc-8", cache_root=tmp_path, listener=silent)


def test_offline_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(SandboxFault, match="not made yet, which takes the network") as fault:
        open_toolchain("gcc-10", cache_root=tmp_path, listener=silent, offline=True)
    assert fault.value.hint == "run this once: truewheel images build gcc-10"
    assert list(tmp_path.iterdir()) == []


def test_a_tool_that_fails_leaves_nothing_and_says_how_to_do_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where no mirror is reachable."""
    programs = tmp_path / "programs"
    programs.mkdir()
    tool = programs / TOOL
    tool.write_text("#!/bin/sh\nfor last; do :; done; echo half > $last; echo no >&2; exit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    with pytest.raises(SandboxFault, match="mmdebstrap failed: no") as fault:
        open_toolchain("gcc-10", cache_root=tmp_path / "cache", listener=silent)
    assert "truewheel images import FILE" in str(fault.value.hint)
    assert list((tmp_path / "cache/images").iterdir()) == []
    assert not (tmp_path / "cache/toolchains").exists()


def test_a_tree_is_unpacked_once_and_found_again(tmp_path: Path, archive: bytes) -> None:
    place = archive_path(GCC_10, tmp_path)
    place.parent.mkdir()
    place.write_bytes(archive)
    assert find_toolchain("gcc-10", tmp_path) is None
    opened = open_toolchain("gcc-10", cache_root=tmp_path, listener=silent, offline=True)
    place.unlink()
    again = open_toolchain("gcc-10", cache_root=tmp_path, listener=silent, offline=True)
    assert opened == again == find_toolchain("gcc-10", tmp_path)
    assert opened.digest == hashlib.sha256(archive).hexdigest()
    assert opened.bin == PurePosixPath("/opt/toolchain/gcc-10/bin")
    (mount,) = opened.mounts
    assert mount.target == PurePosixPath("/opt/toolchain/gcc-10")
    assert sorted(path.name for path in mount.source.iterdir()) == ["lib", "usr"]


def test_several_may_open_one_at_once(tmp_path: Path, archive: bytes) -> None:
    place = archive_path(GCC_10, tmp_path)
    place.parent.mkdir()
    place.write_bytes(archive)

    def open_one(_: int) -> Toolchain:
        opened = open_toolchain("gcc-10", cache_root=tmp_path, listener=silent)
        assert (opened.mounts[0].source / "usr/bin/gcc").is_file()
        return opened

    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(open_one, range(32)))
    assert len({each.digest for each in opened}) == 1
    assert [path.name for path in (tmp_path / "toolchains").iterdir()] == [GCC_10.digest]


def test_a_truncated_archive_leaves_no_tree(tmp_path: Path, archive: bytes) -> None:
    place = archive_path(GCC_10, tmp_path)
    place.parent.mkdir()
    place.write_bytes(archive[:1025])
    with pytest.raises(SandboxFault, match="is damaged"):
        open_toolchain("gcc-10", cache_root=tmp_path, listener=silent)
    assert find_toolchain("gcc-10", tmp_path) is None
    assert list((tmp_path / "toolchains").iterdir()) == []


def test_nothing_of_a_tree_runs_as_somebody_else(tmp_path: Path, archive: bytes) -> None:
    place = archive_path(GCC_10, tmp_path)
    place.parent.mkdir()
    place.write_bytes(archive)
    opened = open_toolchain("gcc-10", cache_root=tmp_path, listener=silent)
    program = opened.mounts[0].source / "usr/bin/gcc"
    assert program.stat().st_mode & 0o7777 == 0o755
    assert (opened.mounts[0].source / "usr/bin/cc").samefile(program)


def test_a_damaged_tree_is_made_anew(tmp_path: Path, archive: bytes) -> None:
    place = archive_path(GCC_10, tmp_path)
    place.parent.mkdir()
    place.write_bytes(archive)
    opened = open_toolchain("gcc-10", cache_root=tmp_path, listener=silent)
    tree = opened.mounts[0].source
    (tree.parent / "toolchain.json").write_text("{")
    shutil.rmtree(tree / "usr")
    assert find_toolchain("gcc-10", tmp_path) is None
    assert open_toolchain("gcc-10", cache_root=tmp_path, listener=silent) == opened
    assert (tree / "usr/bin/gcc").is_file()


def test_a_file_goes_from_one_machine_to_another(tmp_path: Path, archive: bytes) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "file"
    place = archive_path(GCC_10, here)
    place.parent.mkdir(parents=True)
    place.write_bytes(archive)
    exported = truewheel("images", "export", "gcc-10", "-o", str(file), "--json", cache=here)
    assert exported.document == {
        "schema": "truewheel.image-file/1",
        "file": str(file),
        "name": "gcc-10",
        "definition": GCC_10.digest,
        "sha256": hashlib.sha256(archive).hexdigest(),
        "size": len(archive),
    }
    imported = truewheel("images", "import", str(file), "--json", cache=there)
    assert imported.document == exported.document
    assert archive_path(GCC_10, there).read_bytes() == archive
    found = find_toolchain("gcc-10", there)
    assert found is not None
    assert found.digest == exported.document["sha256"]
    assert sorted(path.name for path in (there / "images").iterdir()) == [f"{GCC_10.digest}.tar"]


def test_an_image_goes_from_one_machine_to_another(tmp_path: Path, archive: bytes) -> None:
    here, there, file = tmp_path / "here", tmp_path / "there", tmp_path / "file"
    place = archive_path(definitions()["explain"], here)
    place.parent.mkdir(parents=True)
    place.write_bytes(archive)
    assert truewheel("images", "export", "explain", "-o", str(file), cache=here).code == 0
    assert truewheel("images", "import", str(file), cache=there).code == 0
    assert archive_path(definitions()["explain"], there).read_bytes() == archive
    assert not (there / "toolchains").exists()


def test_an_imported_toolchain_takes_the_place_of_another(tmp_path: Path, archive: bytes) -> None:
    cache = tmp_path / "cache"
    place = archive_path(GCC_10, cache)
    write_archive(place, member("usr/other"))
    before = open_toolchain("gcc-10", cache_root=cache, listener=silent)
    file = write_exported(tmp_path / "file", archive)
    assert truewheel("images", "import", str(file), cache=cache).code == 0
    after = find_toolchain("gcc-10", cache)
    assert after is not None
    assert (after.digest, before.digest) != (before.digest, after.digest)
    assert not (after.mounts[0].source / "usr/other").exists()


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"sha256": "0" * 64}, "root.tar is not the one that truewheel-image.json names"),
        ({"size": 10240 * 4}, "root.tar is not the one that truewheel-image.json names"),
        ({"size": 1}, "root.tar is larger than it has to be"),
        ({"definition": "0" * 64}, "defines gcc-10 otherwise"),
        ({"name": "gcc-8"}, "there is no image or toolchain 'gcc-8'"),
        ({"name": "bookworm"}, "defines bookworm otherwise"),
        ({"format": 2}, "something else than this version of truewheel can read"),
        ({"size": "1"}, "something else than this version of truewheel can read"),
    ],
)
def test_a_file_that_lies_about_itself_is_refused(
    tmp_path: Path, archive: bytes, changes: dict[str, object], why: str
) -> None:
    refused(write_exported(tmp_path / "file", archive, **changes), tmp_path / "cache", why)


def refused(file: Path, cache: Path, why: str) -> None:
    with pytest.raises(UsageFault, match=re.escape(why)):
        import_image(file, cache_root=cache)
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_a_refusal_is_one_sentence_and_an_exit_code(tmp_path: Path) -> None:
    file = write_exported(tmp_path / "file", b"no archive")
    ran = truewheel("images", "import", str(file), cache=tmp_path / "cache")
    assert (ran.code, ran.stdout) == (2, "")
    assert f"{file} is not a whole exported image: " in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("end", [0, 100, 511, 512, 1500, 3000, -10240])
def test_a_truncated_file_is_refused(tmp_path: Path, archive: bytes, end: int) -> None:
    content = write_exported(tmp_path / "whole", archive).read_bytes()
    (tmp_path / "file").write_bytes(content[:end])
    refused(tmp_path / "file", tmp_path / "cache", "is not a whole exported image")


def test_every_flipped_byte_of_the_headers_is_refused_or_changes_nothing(
    tmp_path: Path, archive: bytes
) -> None:
    file = write_exported(tmp_path / "file", archive)
    content = file.read_bytes()
    taken = 0
    for position in range(0, 2048, 7):
        flipped = bytearray(content)
        flipped[position] ^= 0x41
        file.write_bytes(flipped)
        cache = tmp_path / f"cache-{position}"
        try:
            import_image(file, cache_root=cache)
        except UsageFault:
            assert list((cache / "images").iterdir()) == []
        else:
            taken += 1
            assert archive_path(GCC_10, cache).read_bytes() == archive
    assert taken < 250


def test_something_after_the_archive_is_refused(tmp_path: Path, archive: bytes) -> None:
    file = write_exported(tmp_path / "file", archive)
    with tarfile.open(file, "a") as tar:
        tar.addfile(member("more"))
    refused(file, tmp_path / "cache", "something follows the archive")


def test_a_compressed_file_is_refused_before_it_unfolds(tmp_path: Path, archive: bytes) -> None:
    file = tmp_path / "file"
    with tarfile.open(file, "w:gz") as tar:
        tar.addfile(member(IDENTITY))
    refused(file, tmp_path / "cache", "is not a whole exported image")
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as tar:
        tar.addfile(member("usr/file"), io.BytesIO(archive))
    refused(write_exported(file, inner.getvalue()), tmp_path / "cache", "is damaged")


HOSTILE = {
    "its name leads out of the tree": [member("usr/../../escaped")],
    "its name leads through a link": [
        member("usr/away", tarfile.SYMTYPE, "/tmp"),
        member("usr/away/escaped"),
    ],
    "its name leads through a file": [member("usr/file"), member("usr/file/below")],
    "its name stands there twice": [
        member("usr/file", tarfile.SYMTYPE, "/tmp/escaped"),
        member("usr/file", size=3),
    ],
    "a second name of what is not there": [member("usr/file", tarfile.LNKTYPE, "/etc/passwd")],
    "neither a file nor a directory nor a link": [member("usr/device", tarfile.BLKTYPE)],
    "a link where something is mounted from": [member("bin", tarfile.SYMTYPE, "/elsewhere")],
}


@pytest.mark.parametrize("why", HOSTILE)
def test_a_hostile_archive_is_refused_and_writes_nothing(tmp_path: Path, why: str) -> None:
    hostile = write_archive(tmp_path / "hostile.tar", *HOSTILE[why]).read_bytes()
    refused(write_exported(tmp_path / "file", hostile), tmp_path / "cache", why)
    # Nor when it lies in the cache already, whoever put it there.
    place = archive_path(GCC_10, tmp_path / "other")
    place.parent.mkdir(parents=True)
    place.write_bytes(hostile)
    with pytest.raises(SandboxFault, match=why):
        open_toolchain("gcc-10", cache_root=tmp_path / "other", listener=silent)
    assert find_toolchain("gcc-10", tmp_path / "other") is None
    assert list((tmp_path / "other/toolchains").iterdir()) == []


def test_a_folder_in_the_place_of_a_link_is_refused(tmp_path: Path) -> None:
    path = write_archive(
        tmp_path / "archive.tar", member("usr/a/b"), member("usr/a", tarfile.SYMTYPE, "/elsewhere")
    )
    with pytest.raises(SandboxFault, match="its name stands there twice"):
        check_archive(path, ROOT_SHOWN)


def test_the_root_of_an_image_may_link_to_its_usr_and_not_mount_by_a_link(tmp_path: Path) -> None:
    fine = write_archive(tmp_path / "fine.tar", member("bin", tarfile.SYMTYPE, "usr/bin"))
    check_archive(fine, ROOT_SHOWN)
    for name in ("usr", "etc/alternatives", "etc/ld.so.cache"):
        with tarfile.open(tmp_path / "bad.tar", "w") as tar:
            tar.addfile(member(name, tarfile.SYMTYPE, "/elsewhere"))
        with pytest.raises(SandboxFault, match="a link where something is mounted from"):
            check_archive(tmp_path / "bad.tar", ROOT_SHOWN)


def test_toolchains_are_listed_made_or_not(tmp_path: Path, archive: bytes) -> None:
    place = archive_path(GCC_10, tmp_path)
    place.parent.mkdir()
    place.write_bytes(archive)
    open_toolchain("gcc-10", cache_root=tmp_path, listener=silent)
    nowhere = {"DOCKER_HOST": "unix:///nowhere.sock"}
    listed = truewheel("images", "list", "--json", cache=tmp_path, environment=nowhere)
    assert listed.document["images"] == []
    first, made, *others = listed.document["toolchains"]
    assert made == {
        "name": "gcc-10",
        "reference": GCC_10.reference,
        "compiler": "10.2.1",
        "suite": "bullseye",
        "place": "/opt/toolchain/gcc-10",
        "made": True,
        "id": f"sha256:{hashlib.sha256(archive).hexdigest()}",
        "size": len(archive),
    }
    assert [(each["name"], each["made"], each["id"]) for each in (first, *others)] == [
        (f"gcc-{major}", False, None) for major in (9, 11, 12, 13, 14)
    ]
    shown = truewheel("images", "list", cache=tmp_path, environment=nowhere).stdout.splitlines()
    assert shown[0].endswith("GCC 9.3.0  not made yet")
    assert shown[1].startswith(f"{GCC_10.reference}  any  GCC 10.2.1  sha256:")
