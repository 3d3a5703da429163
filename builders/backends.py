"""What is known of backends: which call setuptools, which need more than a sandbox has."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from builders.errors import BuildFault, FailureCode
from builders.recipe import BackendCall
from builders.rust import find_rust

_RUST = "a Rust toolchain"

_COMPILES = re.compile(
    r"^(?:(?:\.\./)?(?:C|C\+\+|Fortran) compiler for the host machine: "
    r"|-- The (?:C|CXX|Fortran) compiler identification is (?!unknown))",
    re.MULTILINE,
)
"""What Meson and CMake say when they have found a compiler: what failed then is the build."""

_NODE = "Node.js and packages of its registry"

_NO_NODE = re.compile(
    r"^(?:warning You don't appear to have an internet connection\."
    r"|npm (?:ERR!|error) code (?:EAI_AGAIN|ENOTFOUND)$"
    r"|FileNotFoundError: .*: '(?:node|npm|npx|yarn)'$)",
    re.MULTILINE,
)
"""What yarn 1 and npm say without a network, and Python where there is no such program."""


@cache
def _known() -> dict[str, Any]:
    text = files("builders.knowledge").joinpath("backends.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def calls_setuptools(call: BackendCall) -> bool:
    """Whether a source is built by setuptools, so that `setup.py bdist_wheel` may build it, too.

    Of other sources setuptools makes a wheel that says nothing, even where there is no setup.py. A
    backend of the source's own may leave out or put in what `setup.py` does not know of.
    """
    return _module(call.backend) in _known()["calls_setuptools"]


def _module(backend: str) -> str:
    """The outermost module of a PEP 517 object reference."""
    return backend.partition(":")[0].partition(".")[0]


def read_failure(fault: BuildFault, backend: str, source: Path | None = None) -> BuildFault:
    """What a failed build means: of a backend that compiles, that its tools are not there.

    Unless they say themselves that they are.

    Args:
        fault: how the build failed.
        backend: the PEP 517 object reference.
        source: the sdist, which may have Rust in it whatever its backend is.
    """
    if fault.code is not FailureCode.BUILD_FAILED:
        return fault
    module = _module(backend)
    need: str | None = _known()["needs"].get(module)
    if need != _RUST and _COMPILES.search(fault.log):
        need = None
    if need is None and _NO_NODE.search(fault.log):
        need, module = _NODE, ""
    rust = find_rust(source, fault.log) if source and need in {None, _RUST} else None
    if need is None and rust is None:
        return fault
    who = f"the backend {module}" if need and module else "the build"
    more = f" ({rust})" if rust else ""
    return BuildFault(
        f"{who} needs {need or _RUST}, which the sandbox does not have{more}",
        code=FailureCode.UNSUPPORTED,
        log=fault.log,
    )
