"""A made lock as pylock.toml (PEP 751), checked by packaging before it is given out."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from packaging.pylock import Package, PackageArchive, PackageSdist, PackageWheel, Pylock
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from verify.index.interface import IndexFile
from verify.lock.making.closing import LockedWheel, LockEntry
from verify.lock.making.lock import MadeLock
from verify.lock.making.requirements_text import what_hashes_are, why_trusted

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def pylock_text(lock: MadeLock) -> str:
    """The file; of a lock that does not close, the entries that do not are left out.

    No installer takes such a one: see `_UNFINISHED`.
    """
    made = Pylock(
        lock_version=Version("1.0"),
        created_by="truewheel",
        environments=[target.marker for target in lock.targets],
        requires_python=_pythons(lock),
        packages=[_package(entry) for entry in lock.entries if entry.is_locked],
    )
    made.validate()
    return _with_reasons(lock, dict(made.to_dict()))


_UNFINISHED = "99.0"
"""A lock version that no tool knows: PEP 751 has tools refuse an unknown major version."""


def _pythons(lock: MadeLock) -> SpecifierSet:
    pythons = sorted({target.python for target in lock.targets})
    first, last = pythons[0], pythons[-1]
    return SpecifierSet(f">={first[0]}.{first[1]},<{last[0]}.{last[1] + 1}")


def _package(entry: LockEntry) -> Package:
    pin = entry.pin
    if pin.url is not None:
        (file,) = (each.file for each in entry.files)
        archive = PackageArchive(
            url=file.url,
            size=file.size,
            hashes=_hashes(file),
            subdirectory=entry.sdist.subdirectory if entry.sdist else None,
        )
        return Package(name=pin.name, version=file.version, marker=pin.marker, archive=archive)
    return Package(
        name=pin.name,
        version=pin.version,
        marker=pin.marker,
        wheels=[_wheel(wheel) for wheel in entry.wheels] or None,
        sdist=_sdist(entry.sdist.file) if entry.sdist else None,
    )


def _sdist(file: IndexFile) -> PackageSdist:
    return PackageSdist(
        name=file.filename,
        upload_time=file.upload_time,
        url=file.url,
        size=file.size,
        hashes=_hashes(file),
    )


def _wheel(wheel: LockedWheel) -> PackageWheel:
    file = wheel.file
    return PackageWheel(
        name=file.filename,
        upload_time=file.upload_time,
        url=file.url,
        size=file.size,
        hashes=_hashes(file),
    )


def _hashes(file: IndexFile) -> dict[str, str]:
    return {"sha256": file.sha256 or ""}


def _with_reasons(lock: MadeLock, table: dict[str, Any]) -> str:
    import tomlkit  # noqa: PLC0415 - for this format alone

    document: TOMLDocument = tomlkit.document()
    for line in _head(lock):
        document.add(tomlkit.comment(line))
    reasons = {
        (entry.pin.name, str(entry.pin.marker)): list(why_trusted(entry)) for entry in lock.entries
    }
    packages = tomlkit.aot()
    for package in table.pop("packages"):
        written = tomlkit.table()
        for reason in reasons[package["name"], str(package.get("marker"))]:
            written.add(tomlkit.comment(reason))
        for key, value in package.items():
            written.add(key, value)
        packages.append(written)
    if not lock.closes:
        table["lock-version"] = _UNFINISHED
    for key, value in table.items():
        document.add(key, value)
    document.add("packages", packages)
    return tomlkit.dumps(document)


def _head(lock: MadeLock) -> Iterator[str]:
    yield from what_hashes_are(lock)
    for target in lock.targets:
        yield f"For {target}."
    for entry in lock.open_entries:
        for gap in entry.gaps:
            why = "".join(char if char.isprintable() else "?" for char in gap.why)
            yield f"Not locked: {entry.pin} for {gap.target}: {why}"
