"""The real members of published wheels, as another machine or version of a tool writes them."""

from dataclasses import replace

from tests.attacks.honest.pair import HonestFamily
from tests.support.elf import ALONE, compiled, in_section
from tests.support.real_wheels import RealWheel
from tests.support.wheels import Entry, pack

REAL_FILES = HonestFamily("Real members")


def _folders(wheel: RealWheel) -> list[str]:
    """The packages and directories of metadata that have no entry, each with its slash."""
    folders = {name.rpartition("/")[0] + "/" for name in wheel.files if "/" in name}
    missing = folders - {str(entry.name) for entry in wheel.entries}
    return sorted(filter(wheel.is_folder_that_says_nothing, missing))


@REAL_FILES.equivalent("source-line-ends", "record-follows")
def all_modules_with_other_line_ends(wheel: RealWheel) -> bytes:
    sources = [n for n, data in wheel.files.items() if n.endswith(".py") and ".data/" not in n]
    return wheel.forge({name: wheel.files[name].replace(b"\n", b"\r\n") for name in sources})


@REAL_FILES.equivalent("text-line-ends", "record-follows")
def license_and_wheel_file_with_other_line_ends(wheel: RealWheel) -> list[bytes]:
    names = [wheel.info("WHEEL"), *(name for name in wheel.files if "LICENSE" in name)]
    texts = {name: wheel.files[name] for name in names if b"\r" not in wheel.files[name]}
    return [wheel.forge({name: text.replace(b"\n", b"\r\n")}) for name, text in texts.items()]


@REAL_FILES.equivalent("license-moved", "record-follows")
def license_in_another_place(wheel: RealWheel) -> bytes:
    """PEP 639 moved it below `licenses/`."""
    name = next(name for name in wheel.files if "LICENSE" in name)
    last = name.rpartition("/")[2]
    target = wheel.info(last) if "/licenses/" in name else wheel.info(f"licenses/{last}")
    return wheel.forge({name: None, target: wheel.files[name]})


@REAL_FILES.equivalent("nspkg-path-file", "record-follows")
def hook_of_another_python(wheel: RealWheel) -> list[bytes]:
    names = [name for name in wheel.files if name.endswith("-nspkg.pth")]
    return [
        wheel.forge({name: None, name.replace("py3.7", version): wheel.files[name]})
        for name in names
        for version in ("py3.8", "py2.7", "py3.12")
    ]


@REAL_FILES.equivalent("directory-entry")
def directories_of_files(wheel: RealWheel) -> list[bytes]:
    added = [
        Entry(name=name, method=0, mode=0o40755, central={"external": 0o40755 << 16 | 0x10})
        for name in _folders(wheel)
    ]
    return [pack([*added, *wheel.entries])] if added else []


@REAL_FILES.equivalent("stray-file", "record-follows", is_symmetric=False)
def leftovers_of_the_rebuilding_machine(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    """Whatever is in them does not get into the published wheel."""
    folder = wheel.module.rpartition("/")[0]
    files = {
        ".DS_Store": b"\0\0\0\1Bud1" + bytes(100),
        "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100),
    }
    if not folder:
        return []
    return [
        (wheel.data, wheel.forge({f"{folder}/{name}": content})) for name, content in files.items()
    ]


@REAL_FILES.equivalent("egg-info-marker", "directory-entry", "record-follows")
def leftovers_of_the_tool_on_another_day(wheel: RealWheel) -> list[bytes]:
    added = [Entry(name=name, method=0, mode=0o40755) for name in _folders(wheel)]
    if not added:
        return []
    entries = [*added, *wheel.with_files({wheel.info("zip-safe"): b"\n"})]
    return [pack(replace(entry, date=0x5822) for entry in entries)]


@REAL_FILES.equivalent("native.relinked", "record-follows")
def native_code_with_another_build_id(wheel: RealWheel) -> list[bytes]:
    """It is a hash of the whole file, debug information with its paths included."""
    libraries = [name for name in wheel.files if name.endswith(".so")]
    return [
        wheel.forge({name: in_section(wheel.files[name], ".note.gnu.build-id", 16, bytes(20))})
        for name in libraries
    ]


@REAL_FILES.equivalent("native.same-image", "record-follows")
def native_code_for_x86_with_another_build_id(wheel: RealWheel) -> list[tuple[bytes, bytes]]:
    """Its instructions are not read, and need not be."""
    code = compiled(ALONE, "-m32", "-nostdlib", "-Wl,--build-id")
    other = in_section(code, ".note.gnu.build-id", 16, bytes(20))
    libraries = [name for name in wheel.files if name.endswith(".so")]
    return [(wheel.forge({name: other}), wheel.forge({name: code})) for name in libraries]
