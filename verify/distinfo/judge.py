"""The published wheel judged on its own, before anything is compared (DESIGN, soundness rule 5)."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from verify.archive.errors import MemberTooLargeError, UnreadableMemberError
from verify.archive.facts import dangerous, unexplained
from verify.archive.findings import Findings
from verify.archive.reader import Archive
from verify.distinfo.entry_points import entry_point_facts, program_names_of
from verify.distinfo.licenses import license_facts
from verify.distinfo.locate import (
    DIST_INFO,
    WheelName,
    directory_facts,
    parse_name,
    top_directories,
)
from verify.distinfo.metadata import metadata_facts
from verify.distinfo.programs import program_facts, wrapped_script_facts
from verify.distinfo.record import record_facts
from verify.distinfo.targets import target_facts
from verify.distinfo.wheel_file import wheel_facts
from verify.finding import Finding

SMALL_LIMIT = 4 * 1024**2
"""Bytes of WHEEL, METADATA and entry points that are held in memory; real ones are below 1 MiB."""

RECORD_LIMIT = 64 * 1024**2
"""Bytes of RECORD; about 150 for each member."""

WHEEL_LIMIT = 64 * 1024
"""Bytes of WHEEL; real ones are below 4 KiB."""

NAME_RULES = frozenset({"distinfo.file-name", "wheel.tags", "wheel.build"})
"""Unexplained facts that depend on the file name."""

_Judge = Callable[[bytes, str], Iterable[Finding]]
"""From the content and path of a file to what is wrong with it."""


def judge_wheel(archive: Archive) -> tuple[Finding, ...]:
    """File name, dist-info, WHEEL, METADATA, RECORD and entry points against each other."""
    wheel = parse_name(archive.identity.filename)
    findings = Findings()
    if wheel is None:
        findings.add([_bad_name(archive.identity.filename)])
    findings.add(directory_facts(archive.members, wheel))
    findings.add(target_facts(archive.members))
    findings.add(program_facts(archive.members))
    directory = dist_info(archive)
    if directory is not None:
        for path, limit, judge in _judges(archive, directory, wheel):
            findings.add(_judge(archive, path, limit, judge))
    return findings.told()


def _judges(
    archive: Archive, directory: str, wheel: WheelName | None
) -> Iterator[tuple[str, int, _Judge]]:
    """The files of the dist-info directory, what each may be as large as, and who judges it."""
    yield f"{directory}/WHEEL", WHEEL_LIMIT, lambda data, at: wheel_facts(data, at, wheel)
    yield f"{directory}/METADATA", SMALL_LIMIT, partial(_metadata_judge, archive, wheel)
    yield f"{directory}/RECORD", RECORD_LIMIT, lambda data, at: record_facts(archive, at, data)
    entry_points = f"{directory}/entry_points.txt"
    if any(member.name == entry_points for member in archive.members):
        yield entry_points, SMALL_LIMIT, partial(_entry_point_judge, archive)


def _metadata_judge(
    archive: Archive, wheel: WheelName | None, data: bytes, path: str
) -> Iterator[Finding]:
    yield from metadata_facts(data, path, wheel)
    yield from license_facts(data, path, archive.by_name)


def _entry_point_judge(archive: Archive, data: bytes, path: str) -> Iterator[Finding]:
    yield from entry_point_facts(data, path)
    yield from wrapped_script_facts(archive.members, program_names_of(data))


def dist_info(archive: Archive) -> str | None:
    """The name of the only dist-info directory; None without one, or with several."""
    found = top_directories(archive.members, DIST_INFO)
    return found[0] if len(found) == 1 else None


def _bad_name(filename: str) -> Finding:
    return unexplained(
        "distinfo.file-name",
        "The file name is not that of a wheel, so nothing can be held against it.",
        filename=filename,
    )


def _judge(archive: Archive, path: str, limit: int, judge: _Judge) -> Iterable[Finding]:
    try:
        data = archive.read(path, limit=limit)
    except MemberTooLargeError:
        return [
            dangerous("distinfo.oversized", "Too large for what it is.", member=path, limit=limit)
        ]
    except UnreadableMemberError as error:
        return [
            dangerous(
                "distinfo.missing-file",
                "A file that every wheel has is missing, ambiguous or unreadable.",
                member=path,
                cause=error.message,
            )
        ]
    return judge(data, path)
