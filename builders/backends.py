"""Backends whose builds need more than a sandbox has."""

import tomllib
from functools import cache
from importlib.resources import files

from builders.errors import BuildFault, FailureCode


@cache
def _needs() -> dict[str, str]:
    text = files("builders.knowledge").joinpath("backends.toml").read_text(encoding="utf-8")
    needs: dict[str, str] = tomllib.loads(text)["needs"]
    return needs


def read_failure(fault: BuildFault, backend: str) -> BuildFault:
    """What a failed build means: of a backend that compiles, that its tools are not there.

    Args:
        fault: how the build failed.
        backend: the PEP 517 object reference.
    """
    module = backend.partition(":")[0].partition(".")[0]
    need = _needs().get(module)
    if need is None or fault.code is not FailureCode.BUILD_FAILED:
        return fault
    return BuildFault(
        f"the backend {module} needs {need}, which the sandbox does not have",
        code=FailureCode.UNSUPPORTED,
        log=fault.log,
    )
