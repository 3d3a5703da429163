"""Repairs a wheel for Linux as a tool does that finds no library to copy; runs in the sandbox.

    python retag.py DIRECTORY retag PLATFORMS [PLATFORMS-OF-WHEEL]
    python retag.py DIRECTORY empty-libs
    python retag.py DIRECTORY directories

Platforms are parted by dots. The one wheel in the directory gets the file name, the Tag lines of
WHEEL and the RECORD that `auditwheel repair` writes (its `wheeltools.add_platforms` and
`rewrite_record`), the empty directory for libraries that its older releases leave behind, or an
entry for each directory (`tools.dir2zip`). A wheel for every platform stays. Members keep their
order and their times, which a comparison takes from the published wheel.

Python 2.7 and 3.5 must be able to run this file, as the driver.
"""

import base64
import hashlib
import os
import sys
import zipfile

TYPE_CHECKING = False  # typing.TYPE_CHECKING without typing, which 2.7 lacks
if TYPE_CHECKING:
    from typing import Dict, Iterable, List


def main(directory, step, words):
    # type: (str, str, List[str]) -> None
    """Take one step with the one wheel in a directory."""
    (name,) = os.listdir(directory)
    stem, _, built_for = name[: -len(".whl")].rpartition("-")
    path = os.path.join(directory, name)
    if built_for == "any":
        return
    if step == "empty-libs":
        add_directories(path, [name.partition("-")[0] + ".libs/"])
    elif step == "directories":
        add_directories(path, parents(path))
    elif step == "retag" and built_for.startswith("linux_"):
        target = os.path.join(directory, "%s-%s.whl" % (stem, words[0]))
        retag(path, target, words[-1].split("."))


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


def retag(path, target, platforms):
    # type: (str, str, List[str]) -> None
    """Write a wheel anew, with other tags."""
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        contents = {info.filename: archive.read(info) for info in infos}
    for member in [name for name in contents if is_info(name, "WHEEL")]:
        contents[member] = retagged(contents[member], platforms)
    for member in [name for name in contents if is_info(name, "RECORD")]:
        contents[member] = record(contents, member)
    os.unlink(path)
    with zipfile.ZipFile(target, "w") as archive:
        for info in infos:
            archive.writestr(info, contents[info.filename])


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
        digest = base64.urlsafe_b64encode(hashlib.sha256(contents[name]).digest())
        sha256 = digest.decode("ascii").rstrip("=")
        rows.append("%s,sha256=%s,%d" % (field(name), sha256, len(contents[name])))
    return "".join(row + "\r\n" for row in sorted(rows) + ["%s,," % (field(own),)]).encode("utf-8")


def field(text):
    # type: (str) -> str
    """A field of a row, quoted where the csv module quotes it."""
    if not any(character in text for character in ',"\r\n'):
        return text
    return '"%s"' % (text.replace('"', '""'),)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
