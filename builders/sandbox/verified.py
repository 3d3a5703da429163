"""Keeps only those interpreters that really start inside a sandbox, and remembers which do."""

import io
import json
import os
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from builders.sandbox.interface import Interpreter, Job, Limits, Sandbox

CACHE_NAME = "verified-1.json"
MODULES = "import ssl, zlib, ctypes, sqlite3, bz2, hashlib"
"""Extension modules of the standard library that link to libraries which a root may lack."""

LIMITS = Limits(wall_seconds=120.0)


def is_verified(sandbox: Sandbox, interpreters: Sequence[Interpreter], cache_root: Path) -> bool:
    """Return whether an earlier start ran a job in this sandbox and tried all of these in it."""
    known = _load(cache_root / CACHE_NAME)
    keys = [_key(sandbox, python) for python in interpreters]
    return any(known.get(key, False) for key in keys) and all(key in known for key in keys)


def verified(
    sandbox: Sandbox, interpreters: Sequence[Interpreter], cache_root: Path
) -> tuple[Interpreter, ...]:
    """Return the interpreters that start, one per (major, minor) with the best patch, newest first.

    All unknown ones are tried by a single job.

    Raises:
        SandboxFault: the sandbox failed.
    """
    cache = cache_root / CACHE_NAME
    known = _load(cache)
    unknown = [python for python in interpreters if _key(sandbox, python) not in known]
    if unknown:
        working = _try(sandbox, unknown)
        known |= {_key(sandbox, python): python in working for python in unknown}
        _store(cache, known)
    return _best(python for python in interpreters if known[_key(sandbox, python)])


def _best(interpreters: Iterable[Interpreter]) -> tuple[Interpreter, ...]:
    best: dict[tuple[int, int], Interpreter] = {}
    for python in interpreters:
        other = best.get(python.version)
        if other is None or _release(python) > _release(other):
            best[python.version] = python
    return tuple(best[version] for version in sorted(best, reverse=True))


def _release(python: Interpreter) -> tuple[int, ...]:
    return tuple(int(part) for part in python.release.split(".") if part.isdigit())


def _try(sandbox: Sandbox, interpreters: Sequence[Interpreter]) -> list[Interpreter]:
    lines = []
    for index, python in enumerate(interpreters):
        settings = [f"{name}={value}" for name, value in python.environment.items()]
        command = ["/usr/bin/env", *settings, str(python.executable), "-S", "-c", MODULES]
        lines.append(f"{shlex.join(command)} && echo {index}")
    # Two interpreters of one (major, minor) share a mount target, so they cannot share a job.
    mounts = tuple({mount.target: mount for p in interpreters for mount in p.mounts}.values())
    output = io.BytesIO()
    script = "\n".join([*lines, "true"])
    sandbox.run(Job(argv=("/bin/sh", "-c", script), mounts=mounts, limits=LIMITS), output)
    return [interpreters[int(index)] for index in output.getvalue().split()]


def _key(sandbox: Sandbox, python: Interpreter) -> str:
    sources = [
        f"{mount.source}@{mount.source.stat().st_mtime_ns if mount.source.exists() else 0}"
        for mount in python.mounts
    ]
    root = sandbox.image or "host"
    return "|".join([sandbox.name, root, python.release, str(python.executable), *sources])


def _load(cache: Path) -> dict[str, bool]:
    try:
        entries = json.loads(cache.read_bytes())
        return {str(key): value is True for key, value in entries.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _store(cache: Path, known: dict[str, bool]) -> None:
    """Remember for the next start; not being able to costs time, nothing else."""
    partial = cache.with_name(f"{cache.name}.{os.getpid()}")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")
        partial.replace(cache)
    except OSError:
        partial.unlink(missing_ok=True)
