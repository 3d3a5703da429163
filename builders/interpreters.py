"""The host's CPython interpreters, as something a sandbox can mount.

findpython knows where interpreters are kept (PATH, pyenv, asdf, uv, rye); each one is asked about
itself once, and the answer is kept until the file changes.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath

from findpython.providers import ALL_PROVIDERS

from builders.sandbox.interface import Interpreter, Mount

MOUNTED_AT = PurePosixPath("/opt/python")
"""Where PyPA's images have each by its tags: what is generated may hold the path of a header.

Source: docker/build_scripts/finalize.sh of pypa/manylinux.
"""

OLDEST = {2: (2, 7), 3: (3, 5)}
ROOT_PREFIX = PurePosixPath("/usr")
SHARED_PREFIXES = (Path("/usr/local"), Path("/opt"), Path("/"))
"""Prefixes that hold more than Python: only Python's own parts of them are mounted."""

CACHE_NAME = "interpreters-1.json"
ASK_SECONDS = 20
ELF_MAGIC = b"\x7fELF"

QUESTION = """
import json, platform, sys, sysconfig
get = sysconfig.get_config_var
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": list(sys.version_info[:3]),
    "plain": sys.version_info[3] == "final" and not get("Py_GIL_DISABLED") and not get("Py_DEBUG")
        and getattr(sys, "base_prefix", sys.prefix) == sys.prefix,
    "prefix": sys.prefix,
    "shared": bool(get("Py_ENABLE_SHARED")),
    "include": sysconfig.get_path("include"),
    "packages": sorted(set([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])),
}))
"""
"""Runs under 2.7 and 3 alike."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HostPython:
    """What one interpreter says about itself; the paths are the host's."""

    executable: str
    implementation: str
    version: tuple[int, int, int]
    plain: bool
    prefix: str
    shared: bool
    include: str
    packages: tuple[str, ...]


def host_interpreters(cache_root: Path) -> tuple[Interpreter, ...]:
    """Return the CPython interpreters of the host, the best of each (major, minor), newest first.

    Left out are other implementations, pre-releases, debug and free-threaded builds, and copies
    that virtual environments hold. An interpreter below /usr is part of a sandbox' root only where
    that root is the host's /usr (`mounts` is empty then).
    """
    best: dict[tuple[int, int], HostPython] = {}
    for python in _known_pythons(cache_root / CACHE_NAME):
        line = python.version[:2]
        if not _usable(python):
            continue
        if line not in best or _preference(python) > _preference(best[line]):
            best[line] = python
    return tuple(as_interpreter(best[line]) for line in sorted(best, reverse=True))


WHEELS = ("ensurepip/_bundled", "test")
"""Parts of the standard library that hold published wheels, of pip and setuptools among others: a
build that rebuilds one of those must not find it ready."""


def as_interpreter(python: HostPython) -> Interpreter:
    """Return how a sandbox offers an interpreter of the host."""
    headers = (Path(python.include) / "Python.h").is_file()
    major, minor, _ = python.version
    release = ".".join(map(str, python.version))
    if PurePosixPath(python.prefix) == ROOT_PREFIX:
        executable = ROOT_PREFIX / "bin" / Path(python.executable).name
        return Interpreter(
            version=(major, minor), release=release, executable=executable, headers=headers
        )
    target = MOUNTED_AT / _tags(major, minor)
    library = str(target / "lib")
    # LIBRARY_PATH is the linker's: build_ext of a shared CPython asks for -lpython, and the -L that
    # its sysconfig holds names the place that it was built for.
    environment = {"LD_LIBRARY_PATH": library, "LIBRARY_PATH": library} if python.shared else {}
    return Interpreter(
        version=(major, minor),
        release=release,
        executable=target / Path(python.executable).relative_to(python.prefix),
        mounts=tuple(_mounts(python, target)),
        environment=environment,
        headers=headers,
    )


def _tags(major: int, minor: int) -> str:
    """The tags of a CPython and its ABI as PyPA's images have it, as `cp37-cp37m`.

    Until 3.8 an ABI says how memory is allocated (PEP 3149), that of 2.7 how wide characters are.
    """
    name = f"cp{major}{minor}"
    flags = "mu" if major < 3 else "m" if minor < 8 else ""
    return f"{name}-{name}{flags}"


def _usable(python: HostPython) -> bool:
    oldest = OLDEST.get(python.version[0])
    return (
        python.implementation == "CPython"
        and python.plain
        and oldest is not None
        and python.version[:2] >= oldest
        and Path(python.executable).is_relative_to(python.prefix)
    )


def _preference(python: HostPython) -> tuple[tuple[int, int, int], bool, int, str]:
    in_root = PurePosixPath(python.prefix) == ROOT_PREFIX
    return python.version, in_root, -len(python.executable), python.executable


def _mounts(python: HostPython, target: PurePosixPath) -> Iterator[Mount]:
    prefix = Path(python.prefix)
    hidden = (
        *(
            target / Path(packages).relative_to(prefix)
            for packages in python.packages
            if Path(packages).is_relative_to(prefix)
        ),
        *(
            target / "lib" / f"python{python.version[0]}.{python.version[1]}" / name
            for name in WHEELS
        ),
    )
    if prefix not in SHARED_PREFIXES:
        yield Mount(source=prefix, target=target, hidden=hidden)
        return
    for part in _own_parts(python):
        place = target / part.relative_to(prefix)
        below = tuple(path for path in hidden if path.is_relative_to(place))
        yield Mount(source=part, target=place, hidden=below)


def _own_parts(python: HostPython) -> Iterator[Path]:
    prefix = Path(python.prefix)
    major, minor, _ = python.version
    yield Path(python.executable)
    for pattern in ("lib*/python{}", "lib/libpython{}*.so*", "include/python{}*"):
        for path in sorted(prefix.glob(pattern.format(f"{major}.{minor}"))):
            if not path.is_symlink() or path.is_file():
                yield path


def _known_pythons(cache: Path) -> list[HostPython]:
    """Return every interpreter found, asking only those that the cache does not know."""
    before = _load(cache)
    now: dict[str, HostPython | None] = {}
    for executable in _executables():
        key = _key(executable)
        now[key] = before[key] if key in before else _ask(executable)
    if now != before:
        _store(cache, now)
    return [python for python in now.values() if python is not None]


def _executables() -> list[Path]:
    """Return the real files, without the shims of version managers (which are scripts)."""
    found: set[Path] = set()
    for provider_class in ALL_PROVIDERS.values():
        provider = provider_class.create()
        if provider is not None:
            found |= {python.executable.resolve() for python in provider.find_pythons()}
    return sorted(path for path in found if _is_elf(path))


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(ELF_MAGIC)) == ELF_MAGIC
    except OSError:
        return False


def _key(executable: Path) -> str:
    stat = executable.stat()
    return f"{executable}|{stat.st_mtime_ns}|{stat.st_size}"


def _ask(executable: Path) -> HostPython | None:
    """Run an interpreter of the host; None when it does not answer as a Python would."""
    command = [str(executable), "-E", "-s", "-S", "-c", QUESTION]
    environment = {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=ASK_SECONDS,
            env=environment,
            cwd="/",
            check=True,
        )
        return _parse({**json.loads(answer.stdout), "executable": str(executable)})
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        return None


def _parse(document: Mapping[str, object]) -> HostPython:
    """Turn a JSON object into a value; raises TypeError or ValueError for any other shape."""
    names = {field.name for field in fields(HostPython)}
    if set(document) != names:
        raise ValueError(f"not an interpreter: {sorted(document)}")
    version, packages = document["version"], document["packages"]
    if not isinstance(version, list) or not isinstance(packages, list):
        raise TypeError("an interpreter's version and packages are lists")
    major, minor, patch = (int(part) for part in version)
    return HostPython(
        executable=str(document["executable"]),
        implementation=str(document["implementation"]),
        version=(major, minor, patch),
        plain=bool(document["plain"]),
        prefix=str(document["prefix"]),
        shared=bool(document["shared"]),
        include=str(document["include"]),
        packages=tuple(str(path) for path in packages),
    )


def _load(cache: Path) -> dict[str, HostPython | None]:
    """Return what is remembered; an unreadable cache is an empty one."""
    try:
        entries = json.loads(cache.read_bytes())
        return {key: None if entry is None else _parse(entry) for key, entry in entries.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _store(cache: Path, pythons: Mapping[str, HostPython | None]) -> None:
    """Remember for the next start; not being able to costs time, nothing else."""
    document = {key: python and asdict(python) for key, python in sorted(pythons.items())}
    partial = cache.with_name(f"{cache.name}.{os.getpid()}")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        partial.replace(cache)
    except OSError:
        partial.unlink(missing_ok=True)
