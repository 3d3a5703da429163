"""Repairs a wheel for Linux as a tool does that finds no library to copy; runs in the sandbox.

    python retag.py DIRECTORY retag PLATFORMS [PLATFORMS-OF-WHEEL]
    python retag.py DIRECTORY name PLATFORMS [PLATFORMS-OF-WHEEL]
    python retag.py DIRECTORY description
    python retag.py DIRECTORY empty-libs
    python retag.py DIRECTORY directories

Platforms are parted by dots. The one wheel in the directory gets the file name, the Tag lines of
WHEEL and the RECORD that `auditwheel repair` writes (its `wheeltools.add_platforms` and
`rewrite_record`), the empty directory for libraries that its older releases leave behind, or an
entry for each directory (`tools.dir2zip`). By `name` it gets the platforms that a backend gave it
on an older system, or was told to: nothing but its tags changes. By `description` METADATA without
one gets that of PKG-INFO in the current directory, the source's. All other steps leave a wheel for
every platform as it is. Members keep their order and their times, which a comparison takes from the
published wheel.

Python 2.7 and 3.5 must be able to run this file, as the driver.
"""

import base64
import hashlib
import os
import re
import sys
import zipfile

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Tuple


# What a build names a wheel for: some backends say which C library there is.
BUILT_FOR = re.compile(r"(?:linux|manylinux_[0-9]{1,2}_[0-9]{1,3})_[a-z0-9_]+\Z")


def main(directory, step, words):
    # type: (str, str, List[str]) -> None
    """Take one step with the one wheel in a directory."""
    (name,) = os.listdir(directory)
    stem, _, built_for = name[: -len(".whl")].rpartition("-")
    path = os.path.join(directory, name)
    if step == "description":
        # Without one the wheel stays as it was built, and differs.
        describe(path, described_in("PKG-INFO"))
    elif built_for == "any":
        return
    elif step == "empty-libs":
        add_directories(path, [name.partition("-")[0] + ".libs/"])
    elif step == "directories":
        add_directories(path, parents(path))
    elif step in ("retag", "name") and BUILT_FOR.match(built_for):
        target = os.path.join(directory, "%s-%s.whl" % (stem, words[0]))
        write = retag if step == "retag" else rename
        write(path, target, words[-1].split("."))


def add_directories(path, names):
    # type: (str, Iterable[str]) -> None
    """Add entries for directories that have none; RECORD lists files only."""
    with zipfile.ZipFile(path, "a") as archive:
        for name in sorted(set(names) - set(archive.namelist())):
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o40755 << 16 | 0x10
            archive.writestr(info, b"")


def parents(path):
    # type: (str) -> Iterable[str]
    """Every directory that a member lies in."""
    with zipfile.ZipFile(path) as archive:
        members = archive.namelist()
    return [name[: at + 1] for name in members for at, end in enumerate(name) if end == "/"]


def opened(path):
    # type: (str) -> Tuple[List[zipfile.ZipInfo], Dict[str, bytes]]
    """The entries of a wheel in order, and the content of each by its name."""
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        return infos, {info.filename: archive.read(info) for info in infos}


def pack(path, infos, contents):
    # type: (str, Iterable[zipfile.ZipInfo], Dict[str, bytes]) -> None
    """Write a wheel of these entries."""
    with zipfile.ZipFile(path, "w") as archive:
        for info in infos:
            archive.writestr(info, contents[info.filename])


def described_in(path):
    # type: (str) -> bytes
    """The description in a file of metadata, which follows its headers; empty without one."""
    if not os.path.isfile(path):
        return b""
    with open(path, "rb") as file:
        return file.read().replace(b"\r\n", b"\n").partition(b"\n\n")[2]


def describe(path, description):
    # type: (str, bytes) -> None
    """Write a wheel anew whose METADATA has no description, with one."""
    infos, contents = opened(path)
    for member in [name for name in contents if is_info(name, "METADATA") and description.strip()]:
        headers, _, rest = contents[member].partition(b"\n\n")
        if b"\r\n" in headers or rest.strip() not in (b"", b"UNKNOWN"):
            return
        contents[member] = headers.rstrip(b"\n") + b"\n\n" + description
        for listing in [name for name in contents if is_info(name, "RECORD")]:
            contents[listing] = listed(contents[listing], member, contents[member])
    os.unlink(path)
    pack(path, infos, contents)


def retag(path, target, platforms):
    # type: (str, str, List[str]) -> None
    """Write a wheel anew, with other tags."""
    infos, contents = opened(path)
    for member in [name for name in contents if is_info(name, "WHEEL")]:
        contents[member] = retagged(contents[member], platforms)
    for member in [name for name in contents if is_info(name, "RECORD")]:
        contents[member] = record(contents, member)
    os.unlink(path)
    pack(target, infos, contents)


def rename(path, target, platforms):
    # type: (str, str, List[str]) -> None
    """Write a wheel anew, with other platforms in its tags, and what RECORD says of them."""
    infos, contents = opened(path)
    for member in [name for name in contents if is_info(name, "WHEEL")]:
        contents[member] = renamed(contents[member], platforms)
        for listing in [name for name in contents if is_info(name, "RECORD")]:
            contents[listing] = listed(contents[listing], member, contents[member])
    os.unlink(path)
    pack(target, infos, contents)


def renamed(wheel, platforms):
    # type: (bytes, Iterable[str]) -> bytes
    """A WHEEL file with other platforms in its tags, where they stand."""
    lines = wheel.decode("utf-8").split("\n")
    tags = [line for line in lines if line.startswith("Tag: ")]
    pythons = [tag.rpartition("-")[0] for tag in tags]
    own = [python + "-" + platform for python in sorted(set(pythons), key=pythons.index)
           for platform in platforms]  # fmt: skip
    at = lines.index(tags[0]) if tags else 0
    kept = [line for line in lines if not line.startswith("Tag: ")]
    return "\n".join(kept[:at] + own + kept[at:]).encode("utf-8")


def listed(listing, name, content):
    # type: (bytes, str, bytes) -> bytes
    """A RECORD with another row for one file, and every other one as it was."""
    row = "%s,%s" % (field(name), described(content))
    lines = listing.decode("utf-8").split("\n")
    for at, line in enumerate(lines):
        if line.startswith(field(name) + ",sha256="):
            lines[at] = row + line[len(line.rstrip("\r")) :]
    return "\n".join(lines).encode("utf-8")


def is_info(member, name):
    # type: (str, str) -> bool
    """Whether a member is this file of the dist-info directory."""
    return member.count("/") == 1 and member.endswith(".dist-info/" + name)


def retagged(wheel, platforms):
    # type: (bytes, Iterable[str]) -> bytes
    """A WHEEL file with other platforms in its tags, which come last among its headers.

    An empty line ends the headers, as in a message by mail, also where the backend wrote none.
    """
    headers, _, rest = wheel.decode("utf-8").partition("\n\n")
    lines = headers.rstrip("\n").split("\n")
    tags = [line[len("Tag: ") :].strip() for line in lines if line.startswith("Tag: ")]
    pythons = []  # type: List[str]
    for tag in tags:
        python = tag.rpartition("-")[0]
        if python not in pythons:
            pythons.append(python)
    kept = [line for line in lines if not line.startswith("Tag: ")]
    kept += ["Tag: %s-%s" % (python, platform) for python in pythons for platform in platforms]
    return ("\n".join(kept) + "\n\n" + rest).encode("utf-8")


def record(contents, own):
    # type: (Dict[str, bytes], str) -> bytes
    """A RECORD with the line ends that the csv module writes where nobody chooses others."""
    rows = []
    for name in contents:
        if name == own or name.endswith("/"):
            continue
        rows.append("%s,%s" % (field(name), described(contents[name])))
    return "".join(row + "\r\n" for row in sorted(rows) + ["%s,," % (field(own),)]).encode("utf-8")


def described(content):
    # type: (bytes) -> str
    """What a row of RECORD says of a file: its hash and its size."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest())
    return "sha256=%s,%d" % (digest.decode("ascii").rstrip("="), len(content))


def field(text):
    # type: (str) -> str
    """A field of a row, quoted where the csv module quotes it."""
    if not any(character in text for character in ',"\r\n'):
        return text
    return '"%s"' % (text.replace('"', '""'),)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
