"""Backends whose builds need more than a sandbox has."""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

from builders.errors import BuildFault, FailureCode
from builders.rust import find_rust

_RUST = "a Rust toolchain"


@cache
def _needs() -> dict[str, str]:
    text = files("builders.knowledge").joinpath("backends.toml").read_text(encoding="utf-8")
    needs: dict[str, str] = tomllib.loads(text)["needs"]
    return needs


def read_failure(fault: BuildFault, backend: str, source: Path | None = None) -> BuildFault:
    """What a failed build means: of a backend that compiles, that its tools are not there.

    Args:
        fault: how the build failed.
        backend: the PEP 517 object reference.
        source: the sdist, which may have Rust in it whatever its backend is.
    """
    if fault.code is not FailureCode.BUILD_FAILED:
        return fault
    module = backend.partition(":")[0].partition(".")[0]
    need = _needs().get(module)
    rust = find_rust(source, fault.log) if source and need in {None, _RUST} else None
    if need is None and rust is None:
        return fault
    who = "the build" if need is None else f"the backend {module}"
    more = f" ({rust})" if rust else ""
    return BuildFault(
        f"{who} needs {need or _RUST}, which the sandbox does not have{more}",
        code=FailureCode.UNSUPPORTED,
        log=fault.log,
    )
