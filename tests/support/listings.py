"""Listings of an index as literals: a file name, a day, and what else is said of the file."""

import hashlib
from datetime import UTC, datetime

from packaging.utils import NormalizedName

from verify.index.filenames import describe
from verify.index.interface import IndexFile, Project, Sha256

DEMO = NormalizedName("demo")


def day(text: str) -> datetime:
    """`2020-01-31` or `2020-01-31T12:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def listed(
    filename: str,
    when: str | None,
    *,
    yanked: str | None = None,
    provenance: bool = False,
    sha256: str | None = None,
) -> IndexFile:
    """A file of the project `demo`; `provenance` lists one beside it."""
    kind, version = describe(filename, DEMO)
    url = f"https://files.example.org/{filename}"
    return IndexFile(
        project=DEMO,
        version=version,
        filename=filename,
        kind=kind,
        url=url,
        sha256=Sha256(sha256 or hashlib.sha256(filename.encode()).hexdigest()),
        size=1000,
        upload_time=None if when is None else day(when),
        requires_python=None,
        yanked=yanked,
        provenance=f"{url}.provenance" if provenance else None,
    )


def listing(*files: IndexFile) -> Project:
    """The project `demo`."""
    return Project(name=DEMO, files=files)


def wheel(version: str, tags: str = "py3-none-any") -> str:
    """A wheel's file name."""
    return f"demo-{version}-{tags}.whl"


def sdist(version: str) -> str:
    """A source's file name."""
    return f"demo-{version}.tar.gz"
