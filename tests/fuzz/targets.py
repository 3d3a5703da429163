"""What is fuzzed: each target takes bytes and a directory of its own, and raises if a law breaks.

Errors of the documented family are answers, not faults; every other exception is one.
"""

import email.parser
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from reports.as_json import diff_document, dump
from tests.fuzz.choices import Choices
from tests.fuzz.edits import drawn_pair
from tests.fuzz.forward import forward_contents
from tests.fuzz.installed import record_rows, wheel_fields
from tests.fuzz.laws import check_diff, check_document, check_rendering, hold
from tests.fuzz.native import native
from tests.support.wheels import (
    DIST_INFO,
    FILENAME,
    RECORD,
    entries,
    honest_files,
    pack,
    with_record,
)
from verify.archive.errors import UnreadableArchiveError, UnreadableMemberError
from verify.archive.limits import WINDOW
from verify.archive.member import Member
from verify.archive.reader import Archive, read_archive
from verify.compare.engine import compare
from verify.distinfo.entry_points import parse_entry_points
from verify.distinfo.judge import judge_wheel
from verify.distinfo.locate import parse_name
from verify.distinfo.metadata import metadata_facts, parse_headers
from verify.distinfo.record import parse_record
from verify.distinfo.wheel_file import parse_wheel_file, wheel_facts
from verify.finding import Finding, FindingClass

Target = Callable[[bytes, Path], None]

_SELDOM = 4
"""One input in so many is judged twice; which ones follows from the input."""

MAX_EVIDENCE = 256 * 1024
"""Characters of JSON that one finding may hold."""


def zip_reader(data: bytes, directory: Path) -> None:
    """The strict reader on any bytes."""
    path = _written(directory, "archive.whl", data)
    try:
        archive = read_archive(path)
    except UnreadableArchiveError:
        return
    _check_partition(archive, data)
    for member in archive.members:
        _check_windows(archive, member)
    _check_findings(archive.findings)
    hold(law=read_archive(path).findings == archive.findings, what="other findings, same file")
    kinds = {finding.kind for finding in archive.findings}
    if FindingClass.DANGEROUS not in kinds:
        _check_zipfile_agrees(archive, data)
        if FindingClass.UNEXPLAINED not in kinds:
            _check_forward_agrees(archive, data)


def _written(directory: Path, name: str, data: bytes) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_bytes(data)
    return path


def _check_partition(archive: Archive, data: bytes) -> None:
    position = 0
    for region in archive.regions:
        hold(law=region.start == position < region.end, what="the byte map has a hole or overlap")
        position = region.end
    hold(law=position == len(data), what="the byte map does not end with the file")
    hold(law=archive.identity.sha256 == hashlib.sha256(data).hexdigest(), what="another sha256")


def _check_windows(archive: Archive, member: Member) -> None:
    digest, size = hashlib.sha256(), 0
    found = archive.contents.get(member.index)
    try:
        for window in archive.windows(member):
            hold(law=0 < len(window) <= WINDOW, what="a window is empty or too large")
            digest.update(window)
            size += len(window)
    except UnreadableMemberError:
        hold(law=found is None, what="a member is readable only once")
        return
    hold(law=size == member.size, what="a member has another size than it says")
    if found is not None:
        hold(law=(found.sha256, found.size) == (digest.hexdigest(), size), what="another content")


def _check_findings(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        text = json.dumps(dict(finding.evidence), allow_nan=False)
        hold(law=len(text) < MAX_EVIDENCE, what=f"{finding.rule} has {len(text)} of evidence")


def _check_zipfile_agrees(archive: Archive, data: bytes) -> None:
    """Nothing dangerous was found: then CPython's reader sees the same members.

    It may refuse the archive as too new, which is a finding.
    """
    try:
        other = zipfile.ZipFile(io.BytesIO(data))
    except NotImplementedError:
        rules = {finding.rule for finding in archive.findings}
        hold(law="archive.unknown-version" in rules, what="zipfile refuses what nothing is said of")
        return
    with other:
        infos = other.infolist()
        hold(law=[info.filename for info in infos] == [member.name for member in archive.members],
             what="zipfile sees other names")  # fmt: skip
        for info, member in zip(infos, archive.members, strict=True):
            content = other.read(info)
            hold(law=_content(archive, member) == content, what="zipfile sees another content")


def _check_forward_agrees(archive: Archive, data: bytes) -> None:
    """Nothing was found at all: then a reader that never looks at the directory sees them, too."""
    seen = forward_contents(data)
    ours = [(member.raw_name, _content(archive, member)) for member in archive.members]
    hold(law=seen == ours, what="a streaming reader sees other members")


def _content(archive: Archive, member: Member) -> bytes:
    return b"".join(archive.windows(member))


def dist_info(data: bytes, directory: Path) -> None:
    """The parsers of the dist-info directory and of the file name, alone and as the judge."""
    choices = Choices(data)
    name = choices.pick(("METADATA", "WHEEL", "RECORD", "entry_points.txt", "FILENAME"))
    content = choices.rest()
    for parser in (parse_headers, parse_wheel_file, parse_entry_points, parse_record):
        hold(law=parser(content) == parser(content), what=f"{parser.__name__} differs from itself")
    wheel = parse_name(FILENAME)
    _check_findings((*metadata_facts(content, "M", wheel), *wheel_facts(content, "W", wheel)))
    filename = _filename(content) if name == "FILENAME" else FILENAME
    files = honest_files()
    if name in {"METADATA", "WHEEL", "entry_points.txt"}:
        files[f"{DIST_INFO}/{name}"] = content
    files = with_record(files)
    if name == "RECORD":
        files[RECORD] = content
    path = _written(directory, filename, pack(entries(files)))
    findings = judge_wheel(read_archive(path))
    path.unlink()
    _check_findings(findings)
    if all(finding.kind is FindingClass.NOTE for finding in findings):
        _check_installers_agree(name, content, files)


def _filename(content: bytes) -> str:
    """The bytes as a file name that file systems take."""
    return os.fsdecode(content.replace(b"\0", b"").replace(b"/", b"")[:200] + b".whl")


def _check_installers_agree(name: str, content: bytes, files: dict[str, bytes]) -> None:
    """The judge has nothing to say: then the readers of installers see what it saw."""
    if name == "METADATA":
        message = email.parser.BytesParser().parsebytes(content)
        names, versions = message.get_all("Name", []), message.get_all("Version", [])
        hold(law=[canonicalize_name(str(each)) for each in names] == ["example"], what="name")
        hold(law=[Version(str(each)) for each in versions] == [Version("1.0")], what="version")
    if name == "WHEEL":
        message = email.parser.BytesParser().parsebytes(content)
        fields = dict(wheel_fields(message))
        hold(law=fields.pop("Root-Is-Purelib").lower() in {"true", "false"}, what="purelib")
        hold(law=fields == {"Wheel-Version": "1.0", "Tag": "py3-none-any"}, what="WHEEL")
    if name == "RECORD":
        paths = [row[0] for row in record_rows(content)]
        hold(law=len(paths) == len(set(paths)), what="RECORD has a row twice")
        hold(law=set(files) - {RECORD} <= set(paths) <= set(files), what="RECORD's rows")


def whole_diff(data: bytes, directory: Path) -> None:
    """The whole of `truewheel diff` but for the process around it."""
    pair = drawn_pair(data)
    published = _written(directory / "p", pair.published_name, pair.published)
    rebuilt = _written(directory / "r", pair.rebuilt_name, pair.rebuilt)
    diff = compare(published, rebuilt)
    check_diff(diff, pair.published, pair.rebuilt)
    _check_findings(diff.findings)
    text = check_document(diff)
    check_rendering(diff, is_verbose=len(data) % 2 == 0)
    if len(data) % _SELDOM == 0:
        again = dump(diff_document(compare(published, rebuilt)))
        hold(law=again == text, what="another result, same files")


def canary(_data: bytes, _directory: Path) -> None:
    """Breaks on every input, to show that a fault is noticed."""
    hold(law=False, what="as intended")


TARGETS: dict[str, Target] = {
    "zip-reader": zip_reader,
    "dist-info": dist_info,
    "whole-diff": whole_diff,
    "native": native,
    "canary": canary,
}
