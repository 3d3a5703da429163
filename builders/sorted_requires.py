"""Setuptools as Debian and Ubuntu ship it, with sorted requirements; runs inside the sandbox.

Their package patches `setuptools/command/egg_info.py` so that lists of requirements are written in
sorted order (python3-setuptools of Debian 12, 66.1.1: `lines = map(append_cr, sorted(lines))`). Run
with `exec` before the backend is imported, by Python 2.7 or 3.4 and newer.
"""

from setuptools.command import egg_info  # type: ignore[import-untyped]  # not of this environment

# Since 68.1 requirements are written by a module of its own.
_module = getattr(egg_info, "_requirestxt", egg_info)
_plain_write = _module._write_requirements  # noqa: SLF001 - what Debian patches


def _write_requirements(stream, reqs):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as setuptools has it
    lines = [reqs] if isinstance(reqs, str) else list(reqs or ())
    _plain_write(stream, sorted(lines))


_module._write_requirements = _write_requirements  # noqa: SLF001
