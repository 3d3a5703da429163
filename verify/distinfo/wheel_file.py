"""The WHEEL file: format version, tags and build number, held against the file name."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.tags import Tag, parse_tag

from verify.archive.facts import note, unexplained
from verify.distinfo.locate import WheelName
from verify.finding import Finding

_MAX_TAGS = 1024
"""A compressed tag set multiplies out; the longest honest ones stand for some dozens."""

_ALIASES = {
    "manylinux1": "manylinux_2_5",
    "manylinux2010": "manylinux_2_12",
    "manylinux2014": "manylinux_2_17",
}
_ALIASED_MACHINES = frozenset({"x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x"})
"""PEP 600, "Legacy manylinux tags": installers treat either spelling as the other."""

_LINE = re.compile(r"([A-Za-z-]+): ?(.*)")

_FIELDS = {
    name.lower(): name for name in ("Wheel-Version", "Generator", "Root-Is-Purelib", "Tag", "Build")
}


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelFile:
    """The fields of a WHEEL file, in order, and the lines that are none."""

    fields: tuple[tuple[str, str], ...]
    odd_lines: tuple[str, ...]

    def values(self, name: str) -> list[str]:
        """All values of a field, by its exact name."""
        return [value for key, value in self.fields if key == name]


def parse_wheel_file(data: bytes) -> WheelFile | None:
    """Key-value lines of a WHEEL file; None when it is not UTF-8."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    fields, odd = [], []
    # Not splitlines(): it also splits at characters that end no line of a file.
    for line in text.replace("\r\n", "\n").split("\n"):
        match = _LINE.fullmatch(line)
        if match:
            fields.append((match[1], match[2].strip()))
        elif line.strip():
            odd.append(line)
    return WheelFile(fields=tuple(fields), odd_lines=tuple(odd))


def wheel_facts(data: bytes, path: str, wheel: WheelName | None) -> list[Finding]:
    """What the WHEEL file says that the file name or the specification contradicts."""
    parsed = parse_wheel_file(data)
    if parsed is None or parsed.odd_lines:
        return [unexplained("wheel.unreadable", "WHEEL is not a list of fields.", member=path)]
    findings = _lenient_facts(data, parsed, path)
    findings += _version_facts(parsed, path) + _purelib_facts(parsed, path)
    if wheel is not None:
        findings += _tag_facts(parsed, path, wheel) + _build_facts(parsed, path, wheel)
    return findings


def _lenient_facts(data: bytes, parsed: WheelFile, path: str) -> list[Finding]:
    """What the email parser, with which installers read WHEEL, takes for something else.

    It does not mind the case of names, stops at the first empty line, ends a line at a lone
    carriage return, and takes a line of spaces for a part of the one before.
    """
    lines = data.decode("utf-8").replace("\r\n", "\n").rstrip("\n").split("\n")
    names = [name for name, _ in parsed.fields]
    is_plain = all(line.strip() and line.isprintable() for line in lines)
    if is_plain and all(_FIELDS.get(name.lower(), name) == name for name in names):
        return []
    return [
        unexplained(
            "wheel.read-otherwise",
            "WHEEL is written so that installers and other readers see different fields in it.",
            member=path,
        )
    ]


def _version_facts(parsed: WheelFile, path: str) -> list[Finding]:
    versions = parsed.values("Wheel-Version")
    # Installers must refuse a greater major version; 1.0 is the only version there is.
    if versions == ["1.0"]:
        return []
    return [
        unexplained(
            "wheel.version", "Wheel-Version is not exactly 1.0.", member=path, values=versions[:4]
        )
    ]


def _purelib_facts(parsed: WheelFile, path: str) -> list[Finding]:
    values = parsed.values("Root-Is-Purelib")
    if len(values) != 1 or values[0].lower() not in {"true", "false"}:
        return [
            unexplained(
                "wheel.root-is-purelib",
                "Root-Is-Purelib is not exactly one truth value.",
                member=path,
                values=values[:4],
            )
        ]
    if values[0].lower() == "true" and values[0] != "true":
        return [
            unexplained(
                "wheel.root-is-purelib",
                "Root-Is-Purelib is true for readers that do not mind the case, false for others.",
                member=path,
                values=values,
            )
        ]
    is_pure = all(tag.endswith("-none-any") for tag in parsed.values("Tag"))
    if (values[0].lower() == "true") == is_pure:
        return []
    # Honest wheels that ship programs or data for one platform do this.
    return [note("wheel.root-is-purelib", "Root-Is-Purelib does not follow the tags.", member=path)]


def _expand(value: str) -> frozenset[Tag] | None:
    """The tags that a compressed tag set stands for; None for no tag or absurdly many."""
    count = 1
    for component in value.split("-"):
        count *= component.count(".") + 1
    if value.count("-") != 2 or count > _MAX_TAGS:
        return None
    try:
        return parse_tag(value)
    except ValueError:
        return None


def _tag_facts(parsed: WheelFile, path: str, wheel: WheelName) -> list[Finding]:
    tags: set[Tag] = set()
    for value in parsed.values("Tag"):
        expanded = _expand(value)
        if expanded is None or len(tags) > _MAX_TAGS:
            return [unexplained("wheel.tags", f"Not a wheel tag: {value[:80]!r}.", member=path)]
        tags |= expanded
    if tags == wheel.tags:
        return []
    if _without_aliases(tags) == _without_aliases(wheel.tags):
        return [
            note("wheel.tags", "WHEEL and the file name spell one tag in two ways.", member=path)
        ]
    return [
        unexplained(
            "wheel.tags",
            "The tags in WHEEL are not those of the file name.",
            member=path,
            only_in_wheel=sorted(map(str, tags - wheel.tags))[:16],
            only_in_name=sorted(map(str, wheel.tags - tags))[:16],
        )
    ]


def _without_aliases(tags: Iterable[Tag]) -> frozenset[Tag]:
    """The tags with the platforms that PEP 600 made aliases spelled in its way."""
    return frozenset(Tag(tag.interpreter, tag.abi, _perennial(tag.platform)) for tag in tags)


def _perennial(platform: str) -> str:
    alias, _, machine = platform.partition("_")
    version = _ALIASES.get(alias)
    return f"{version}_{machine}" if version and machine in _ALIASED_MACHINES else platform


def _build_facts(parsed: WheelFile, path: str, wheel: WheelName) -> list[Finding]:
    builds = parsed.values("Build")
    if builds == ([wheel.build] if wheel.build else []):
        return []
    return [
        unexplained(
            "wheel.build",
            "The build tag in WHEEL is not that of the file name.",
            member=path,
            values=builds[:4],
            expected=wheel.build,
        )
    ]
