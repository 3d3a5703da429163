"""A requirements file with all that it includes (`-r`, `-c`), as values.

pip-requirements-parser was looked at: it has had no release since 2022, reads pip 22's format by a
copy of packaging of that day, knows no columns and no `-r`; requirements-parser ignores options.
So this reader is our own, strict where pip is silent: an option that pip would ignore is an error.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from verify.lock.inputs.hashes import parse_hash
from verify.lock.inputs.interface import Asked, InputFault, Location, WrittenHash, quoted
from verify.lock.inputs.reading import Read, decoded_as_pip
from verify.lock.inputs.requirement_lines import LogicalLine, logical_lines
from verify.lock.inputs.requirement_options import OF_REQUIREMENTS, Option, parse_options
from verify.lock.inputs.requirement_text import UNSET, Span, parse_requirement

MAX_FILES = 1000
"""Files read for one input; two that include a third twice each double with every level."""

MAX_DEPTH = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class RequirementsFile:
    """All that a requirements file and those that it includes say, in pip's order.

    Attributes:
        options: those that stand on lines of their own; see `requirement_options.refuse`.
    """

    path: str
    asked: tuple[Asked, ...]
    options: tuple[Option, ...]

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a global option, e.g. `--extra-index-url`."""
        return tuple(option.value for option in self.options if option.kind.name == name)


def read_requirements(path: Path, read: Read, environ: Mapping[str, str]) -> RequirementsFile:
    """Read a requirements file.

    Raises:
        InputFault: it, or a file that it includes, cannot be read or is none.
    """
    reader = _Reader(read=read, environ=environ)
    reader.read_into(path, constraint=False, above=(), named_at=None)
    return RequirementsFile(
        path=str(path), asked=tuple(reader.asked), options=tuple(reader.options)
    )


@dataclass(kw_only=True)
class _Reader:
    read: Read
    environ: Mapping[str, str]
    asked: list[Asked] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    files: int = 0

    def read_into(
        self, path: Path, *, constraint: bool, above: tuple[str, ...], named_at: Location | None
    ) -> None:
        self.files += 1
        where = Location(path=str(path))
        same = os.path.abspath(path)  # noqa: PTH100 - as pip does; resolve() could leave a git tree
        self._require_finite(path, same, above, named_at or where)
        text = decoded_as_pip(self._bytes(path, named_at), where)
        for line in logical_lines(text, where, self.environ):
            self._line(line, path, constraint=constraint, above=(*above, same))

    def _require_finite(
        self, path: Path, same: str, above: tuple[str, ...], where: Location
    ) -> None:
        if same in above:
            raise InputFault(where, f"{path} includes itself", hint="remove the -r or -c here")
        if len(above) > MAX_DEPTH or self.files > MAX_FILES:
            raise InputFault(where, "includes too many files", hint="name each file once")

    def _bytes(self, path: Path, named_at: Location | None) -> bytes:
        try:
            return self.read(path)
        except InputFault as fault:
            if named_at is None:
                raise
            raise InputFault(named_at, f"names a file: {fault.message}") from fault

    def _line(
        self, line: LogicalLine, path: Path, *, constraint: bool, above: tuple[str, ...]
    ) -> None:
        requirement, options = _parts(line)
        editable = [option for option in options if option.kind.name == "--editable"]
        if editable and requirement is None:
            requirement = _valued(line, editable[0])
            options = [option for option in options if option is not editable[0]]
        if requirement is not None:
            hashes = tuple(_of_requirement(options, editable=bool(editable)))
            self.asked.append(
                parse_requirement(
                    line, requirement, hashes, editable=bool(editable), constraint=constraint
                )
            )
            self.options += [option for option in options if option.kind.name != "--hash"]
            return
        self._global(line, options, path, above)

    def _global(
        self, line: LogicalLine, options: list[Option], path: Path, above: tuple[str, ...]
    ) -> None:
        for option in options:
            name = option.kind.name
            if name in OF_REQUIREMENTS:
                raise InputFault(
                    option.where,
                    f"{name} stands without a requirement",
                    hint="write it behind the requirement; end the line before with a backslash",
                )
            if name not in {"--requirement", "--constraint"}:
                self.options.append(option)
                continue
            if len(options) > 1:
                raise InputFault(
                    option.where,
                    f"{name} shares its line with another option, and pip would ignore one of them",
                    hint="write each on a line of its own",
                )
            included = _included(line, option, path)
            # As pip has it, `-c` constrains all below it, and `-r` below a constraint asks again.
            self.read_into(
                included,
                constraint=name == "--constraint",
                above=above,
                named_at=option.where,
            )


def _parts(line: LogicalLine) -> tuple[Span | None, list[Option]]:
    """The requirement of a line and its options, split where pip splits: at a space and a dash."""
    text = line.text
    at = 0 if text.startswith("-") else text.find(" -")
    if at < 0:
        return Span(start=0, text=text), []
    options = list(parse_options(line, at))
    head = text[:at].rstrip()
    return (Span(start=0, text=head) if head else None), options


def _valued(line: LogicalLine, option: Option) -> Span:
    """The value of `-e` as a part of the line; where it was quoted, the line stands for it."""
    start = line.text.find(option.value)
    if start >= 0:
        return Span(start=start, text=option.value)
    shown = option.value if line.text == line.written else line.written
    return Span(start=0, text=option.value, shown=shown)


def _of_requirement(options: list[Option], *, editable: bool) -> Iterator[WrittenHash]:
    for option in options:
        name = option.kind.name
        if name not in OF_REQUIREMENTS or (editable and name == "--hash"):
            raise InputFault(
                option.where,
                f"{option.kind.name} stands behind a requirement, where pip ignores it",
                hint="write it on a line of its own",
            )
        if option.kind.name == "--hash":
            yield WrittenHash(value=parse_hash(option.value, option.where), where=option.where)


def _included(line: LogicalLine, option: Option, path: Path) -> Path:
    unset = next((name for name in line.unset if f"${{{name}}}" in option.value), None)
    if unset is not None:
        raise InputFault(
            option.where, f"${{{unset}}} has no value here", hint=UNSET.format(name=unset)
        )
    if "://" in option.value or option.value.startswith("file:"):
        raise InputFault(
            option.where,
            f"{option.kind.name} names a URL",
            hint="download the file and name the copy: what a URL holds may change",
        )
    if "\0" in option.value:
        raise InputFault(option.where, f"{quoted(option.value)} is no path")
    return Path(os.path.normpath(path.parent / option.value))
