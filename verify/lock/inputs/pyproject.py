"""pyproject.toml as an input: dependencies, extras (PEP 621) and dependency groups (PEP 735)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from verify.lock.inputs.hashes import made_hash, pinned_in
from verify.lock.inputs.interface import (
    Asked,
    InputFault,
    Location,
    SourceKind,
    WrittenHash,
    quoted,
)
from verify.lock.inputs.reading import Read, decoded_utf8
from verify.lock.inputs.requirement_text import kind_of
from verify.lock.inputs.toml_text import Entry, TomlText, parse_toml, top


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectInput:
    """What a pyproject.toml asks for.

    Attributes:
        name: None for a project that is no package (PEP 735 alone).
        asked: dependencies first, then the extras' and groups' in the order asked for.
    """

    path: str
    name: NormalizedName | None
    requires_python: SpecifierSet | None
    asked: tuple[Asked, ...]


def read_pyproject(
    path: Path, read: Read, *, extras: Sequence[str] = (), groups: Sequence[str] = ()
) -> ProjectInput:
    """Read a pyproject.toml: `[project.dependencies]`, the extras and the groups asked for.

    Raises:
        InputFault: it cannot be read, is none, leaves its dependencies to a build, or lacks an
            extra or a group.
    """
    where = Location(path=str(path))
    document = parse_toml(decoded_utf8(read(path), where), where)
    project = top(document).inner("project")
    _require_said(document, project, extras, groups)
    asked = [*_own(project, extras)] if project else []
    asked += _grouped(document, groups)
    name = project.text("name") if project else None
    return ProjectInput(
        path=str(path),
        name=canonicalize_name(name) if name else None,
        requires_python=_requires_python(project),
        asked=tuple(asked),
    )


def _require_said(
    document: TomlText, project: Entry | None, extras: Sequence[str], groups: Sequence[str]
) -> None:
    """What is needed stands in the file itself."""
    if project is None:
        tool = document.table.get("tool")
        if isinstance(tool, Mapping) and "poetry" in tool and not groups:
            raise InputFault(
                document.where,
                "its dependencies are written in Poetry's own form",
                hint="move them to [project.dependencies], or check poetry.lock instead",
            )
        if extras or not groups:
            raise InputFault(
                document.where,
                "has no [project] table",
                hint="name a dependency group with --group, or add [project] with dependencies",
            )
        return
    dynamic = project.texts("dynamic")
    for field, needed in (("dependencies", True), ("optional-dependencies", bool(extras))):
        if needed and field in dynamic:
            raise InputFault(
                document.string(field, "project"),
                f"its {field} are dynamic: only building the project would tell them",
                hint=f"write [project] {field} in the file, or lock a requirements.in",
            )


def _own(project: Entry, extras: Sequence[str]) -> Iterator[Asked]:
    for text in project.texts("dependencies"):
        yield asked_for(project.document, text, "project")
    table = project.inner("optional-dependencies")
    known = {canonicalize_name(key): key for key in table.table} if table else {}
    name = canonicalize_name(project.text("name") or "")
    waiting, done = [canonicalize_name(extra) for extra in extras], set[str]()
    while waiting:
        extra = waiting.pop(0)
        if extra in done:
            continue
        done.add(extra)
        if table is None or extra not in known:
            raise project.document.fault(
                f"has no extra {quoted(extra)}; it has {', '.join(sorted(known)) or 'none'}"
            )
        for text in table.texts(known[extra]):
            asked = asked_for(project.document, text, "project.optional-dependencies")
            requirement = asked.requirement
            # `demo[a,b]` in an extra of demo itself stands for those extras (a common idiom).
            if name and requirement is not None and canonicalize_name(requirement.name) == name:
                waiting += [canonicalize_name(each) for each in sorted(requirement.extras)]
            else:
                yield asked


def _grouped(document: TomlText, groups: Sequence[str]) -> Iterator[Asked]:
    if not groups:
        return
    # Imported here: without groups nothing needs it.
    from packaging.dependency_groups import DependencyGroupResolver  # noqa: PLC0415 - see above

    table = document.table.get("dependency-groups", {})
    if not isinstance(table, Mapping):
        raise document.fault("'dependency-groups' is no table")
    where = document.string("", "dependency-groups")
    for group in groups:
        try:
            found = DependencyGroupResolver(table).resolve(group)
        except ExceptionGroup as errors:
            said = "; ".join(map(str, errors.exceptions))
            raise InputFault(where, f"dependency group {quoted(group)}: {said}") from errors
        except (RecursionError, ValueError, TypeError, LookupError) as error:
            raise InputFault(
                where, f"dependency group {quoted(group)} cannot be read: {error}"
            ) from error
        for requirement in found:
            yield asked_for(document, str(requirement), "dependency-groups")


def asked_for(document: TomlText, text: str, header: str) -> Asked:
    """One PEP 508 string of a table.

    Raises:
        InputFault: it is no requirement.
    """
    where = document.string(text, header)
    try:
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError, ValueError) as error:
        first = str(error).split("\n", 1)[0]
        raise InputFault(where, f"{quoted(text)} is no requirement: {first}") from error
    origin = requirement.url
    hashes = (
        WrittenHash(value=made_hash(algorithm, digest, where), where=where)
        for algorithm, digest in pinned_in(origin or "")
    )
    return Asked(
        text=text,
        kind=kind_of(origin) if origin else SourceKind.REGISTRY,
        requirement=requirement,
        origin=origin,
        hashes=tuple(hashes),
        where=where,
    )


def _requires_python(project: Entry | None) -> SpecifierSet | None:
    written = project.text("requires-python") if project else None
    if project is None or written is None:
        return None
    try:
        return SpecifierSet(written)
    except InvalidSpecifier as error:
        raise InputFault(
            project.document.string(written, "project"),
            f"requires-python is {quoted(written)}, which is no version specifier",
        ) from error
