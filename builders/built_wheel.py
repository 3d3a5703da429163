"""The wheel that a build requirement's own build gave: hostile until it is what was planned.

The resolver reads its metadata on the host, with a network. So the metadata must name the planned
release, and must not depend on addresses: no build chooses what the host fetches.
"""

import re
from pathlib import Path

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from builders.errors import BuildFault, FailureCode
from builders.recipe import LockedFile
from builders.requirements import checked_requirement
from verify.archive.errors import ArchiveError
from verify.archive.reader import Archive, read_archive
from verify.distinfo.metadata import Headers, parse_headers
from verify.finding import FindingClass

MAX_METADATA = 4 * 1024 * 1024
MAX_REQUIRES = 1000

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


def check_built_wheel(wheel: Path, planned: LockedFile) -> None:
    """Refuse a built wheel that is not of the planned release, or depends on a URL.

    Raises:
        BuildFault: so it is, or its archive or METADATA cannot be read strictly.
    """
    try:
        name, version, _build, _tags = parse_wheel_filename(wheel.name)
        archive = read_archive(wheel)
        headers = _headers(archive)
    except (InvalidWheelFilename, ArchiveError) as error:
        raise _refused(planned, f"its build gave no readable wheel: {error}") from error
    _refuse_other_release(planned, headers, name, version)
    _refuse_requirements(planned, headers)


def _headers(archive: Archive) -> Headers:
    for finding in archive.findings:
        if finding.kind is FindingClass.DANGEROUS:
            raise ArchiveError(finding.summary)
    infos = {info for m in archive.members if (info := _installed_info(m.name)) is not None}
    names = [m.name for m in archive.members if _METADATA.fullmatch(m.name)]
    if len(names) != 1 or len(infos) != 1:
        raise ArchiveError("it has not exactly one METADATA")
    content = archive.read(names[0], limit=MAX_METADATA).replace(b"\r\n", b"\n")
    headers = parse_headers(content)
    # A parser that ends lines elsewhere, or decodes RFC 2047 words, would read other fields.
    told = " ".join(value for key, value in headers.fields if key in {"name", "version"})
    requires = " ".join(headers.values("requires-dist"))
    if headers.odd_lines or b"\r" in content.partition(b"\n\n")[0] or "=?" in told + requires:
        raise ArchiveError("its METADATA can be read in more than one way")
    return headers


def _installed_info(member: str) -> str | None:
    """The dist-info directory that a member is in; None for one that a package has a copy of.

    What is below a data directory may get beside the packages, too.
    """
    directory, found, _ = member.partition(".dist-info/")
    place, slash, _ = directory.rpartition("/")
    is_copied = bool(slash) and not place.partition("/")[0].casefold().endswith(".data")
    return directory if found and not is_copied else None


def _refuse_other_release(
    planned: LockedFile, headers: Headers, name: str, version: Version
) -> None:
    names = [canonicalize_name(value) for value in headers.values("name")]
    versions = headers.values("version")
    try:
        honest = names == [name] == [planned.name] and [Version(value) for value in versions] == [
            version
        ] == [Version(planned.version)]
    except ValueError:
        honest = False
    if not honest:
        raise _refused(planned, "its build gave a wheel of another release")


def _refuse_requirements(planned: LockedFile, headers: Headers) -> None:
    requires = headers.values("requires-dist")
    if len(requires) > MAX_REQUIRES:
        raise _refused(planned, "the wheel built of it has too many requirements")
    for text in requires:
        checked_requirement(text.replace("\n", " "))


def _refused(planned: LockedFile, why: str) -> BuildFault:
    return BuildFault(
        f"build requirement {planned.name} {planned.version} is refused: {why}",
        code=FailureCode.NO_BUILD_REQUIREMENTS,
    )
