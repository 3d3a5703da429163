"""What a source says of itself without being run: its name, its version, what it asks for.

Believed is only what a specification makes the author answer for: PKG-INFO from metadata 2.2 on,
whose fields hold for every wheel unless `Dynamic` names them (PEP 643), and the static fields of
`[project]` in pyproject.toml (PEP 621). Older PKG-INFO files say what held where they were written.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidName, NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

MAX_UNPACKED = 2 * 1024**3
_PKG_INFO, _PYPROJECT = "PKG-INFO", "pyproject.toml"
_ASKING = frozenset({"requires-dist", "provides-extra", "requires-python"})
_ASKING_PROJECT = frozenset({"dependencies", "optional-dependencies", "requires-python"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Requires:
    """What is to be installed with a project."""

    requirements: tuple[Requirement, ...] = ()
    requires_python: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceMetadata:
    """What a source says of itself; None for what only running it would tell."""

    name: NormalizedName | None = None
    version: Version | None = None
    requires: Requires | None = None


class BadSourceError(Exception):
    """A source cannot be read; whoever asked says what that means."""


def source_metadata(path: Path, subdirectory: str | None = None) -> SourceMetadata:
    """What a source archive says of itself.

    Args:
        path: the archive.
        subdirectory: where in it the project is; its one root directory else.

    Raises:
        BadSourceError: it is broken, or beyond bounds.
    """
    files = _root_files(path, subdirectory)
    found = [
        read(files[name])
        for name, read in ((_PKG_INFO, _from_pkg_info), (_PYPROJECT, _from_pyproject))
        if name in files
    ]
    return SourceMetadata(
        name=next((one.name for one in found if one.name), None),
        version=next((one.version for one in found if one.version), None),
        requires=next((one.requires for one in found if one.requires), None),
    )


def _root_files(path: Path, subdirectory: str | None) -> dict[str, bytes]:
    # Few locks hold a source, and readers of archives take their time to start.
    from builders.errors import BuildFault  # noqa: PLC0415
    from builders.sdist import MAX_FILE, all_files  # noqa: PLC0415

    inside = tuple(part for part in (subdirectory or "").split("/") if part)
    found: dict[str, bytes] = {}
    try:
        for file in all_files(path, limit=MAX_UNPACKED):
            *folders, name = file.name.removeprefix("./").split("/")
            if name in {_PKG_INFO, _PYPROJECT} and tuple(folders[1:]) == inside:
                content = b""
                for piece in file.pieces():
                    content += piece
                    if len(content) > MAX_FILE:
                        break
                if len(content) > MAX_FILE or name in found:
                    raise BadSourceError(f"{name} of {path.name} is too large, or there twice")
                found[name] = content
    except BuildFault as error:
        raise BadSourceError(error.message) from error
    return found


def _from_pkg_info(content: bytes) -> SourceMetadata:
    from packaging.metadata import parse_email  # noqa: PLC0415 - it brings a parser of mail

    raw, _ = parse_email(content)
    dynamic = {field.lower() for field in raw.get("dynamic", ())}
    told = _version(raw.get("metadata_version"))
    is_static = told is not None and told >= Version("2.2") and not dynamic & _ASKING
    asked = raw.get("requires_dist", [])
    return SourceMetadata(
        name=_name(raw.get("name")),
        version=_version(raw.get("version")),
        requires=_requires(asked, raw.get("requires_python")) if is_static else None,
    )


def _from_pyproject(content: bytes) -> SourceMetadata:
    try:
        project = tomllib.loads(content.decode("utf-8")).get("project")
    except (ValueError, RecursionError):
        return SourceMetadata()
    if not isinstance(project, Mapping):
        return SourceMetadata()
    dynamic = project.get("dynamic", [])
    is_static = isinstance(dynamic, list) and not _ASKING_PROJECT & set(map(str, dynamic))
    asked = _asked_by(project) if is_static else None
    return SourceMetadata(
        name=_name(project.get("name")),
        version=_version(project.get("version")),
        requires=None if asked is None else _requires(asked, project.get("requires-python")),
    )


def _asked_by(project: Mapping[str, Any]) -> list[object] | None:
    """As Requires-Dist would have it; None where it is not as PEP 621 has it."""
    asked, extras = project.get("dependencies", []), project.get("optional-dependencies", {})
    if not isinstance(asked, list) or not isinstance(extras, Mapping):
        return None
    found = list(asked)
    for extra, more in extras.items():
        if not isinstance(more, list):
            return None
        found += [_for_extra(one, extra) for one in more]
    return found


def _for_extra(written: object, extra: str) -> str:
    text, _, marker = str(written).partition(";")
    own = f"extra == {canonicalize_name(extra)!r}"
    return f"{text} ; ({marker}) and {own}" if marker.strip() else f"{text} ; {own}"


def _requires(asked: Sequence[object], requires_python: object) -> Requires | None:
    try:
        requirements = tuple(Requirement(str(one)) for one in asked)
    except (InvalidRequirement, ValueError, RecursionError):
        return None
    return Requires(requirements=requirements, requires_python=_text(requires_python))


def _name(written: object) -> NormalizedName | None:
    try:
        return canonicalize_name(written, validate=True) if isinstance(written, str) else None
    except InvalidName:
        return None


def _version(written: object) -> Version | None:
    try:
        return Version(written) if isinstance(written, str) else None
    except (InvalidVersion, ValueError):
        return None


def _text(written: object) -> str | None:
    return written if isinstance(written, str) and written.isprintable() else None
