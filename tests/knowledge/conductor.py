"""The build backend of the probes' sdist: one job builds every probe and gives all wheels at once.

It runs inside the sandbox under interpreters as old as 3.6, beside the setuptools that is looked
at. What it gives as "the wheel" is a ZIP archive of `PROBE/WHEEL` members, and of a `PROBE/failed`
where there is none.
"""

# ruff: noqa: BLE001, PTH100, PTH103, PTH108, PTH110, PTH118, PTH123, PTH208

import gc
import importlib
import importlib.machinery
import os
import pkgutil
import sys
import tokenize
import traceback
import zipfile

PROBES = "probes"
ANSWER = "probes-1.0-py3-none-any.whl"
WARM = (
    "setuptools",
    "wheel.bdist_wheel",
    "setuptools.config.pyprojecttoml",
    "setuptools.config._apply_pyprojecttoml",
    "setuptools.config._validate_pyproject",
    "setuptools.config.setupcfg",
    "setuptools.build_meta",
    "setuptools.extern.tomli",
    "distutils.command.build_scripts",
    "distutils.sysconfig",
    "sysconfig",
    "encodings.ascii",
)
"""Imported before the forks, as are the commands of setuptools: there is no bytecode, so each child
would compile them again."""


def build_wheel(
    wheel_directory: str, config_settings: object = None, metadata_directory: object = None
) -> str:
    """Build every probe in a process of its own, forked when setuptools was already imported."""
    del config_settings, metadata_directory
    warm_up()
    answer = os.path.join(wheel_directory, ANSWER)
    with zipfile.ZipFile(answer, "w") as archive:
        for name in sorted(os.listdir(PROBES)):
            output = os.path.abspath(os.path.join("built", name))
            os.makedirs(output)
            built(os.path.join(PROBES, name), output)
            wheels = os.listdir(output)
            if len(wheels) == 1:
                archive.write(os.path.join(output, wheels[0]), f"{name}/{wheels[0]}")
            else:
                archive.writestr(zipfile.ZipInfo(f"{name}/failed"), b"")
    return ANSWER


def warm_up() -> None:
    """Import what this release has; one that cannot be imported at all fails in the probes."""
    bootstrap = getattr(importlib, "_bootstrap")  # noqa: B009 - private, and typed as such
    for name in ("SourceFileLoader", "FileFinder"):
        # Where Python 3.3 and 3.4 had them, and a setuptools of that time looks for them.
        setattr(bootstrap, name, getattr(importlib.machinery, name))
    for module in WARM:
        warm(module)
    commands = getattr(sys.modules.get("setuptools.command"), "__path__", ())
    for info in pkgutil.iter_modules(commands, "setuptools.command."):
        warm(info[1])
    gc.collect()
    gc.disable()


def warm(module: str) -> None:
    """Import one module; what follows of not having it is seen in the probes."""
    try:
        importlib.import_module(module).__dict__.get("get_config_vars", int)()
    except Exception as error:
        sys.stderr.write(f"{module}: {error!r}\n")


def built(source: str, output: str) -> None:
    """Build one probe; its output folder stays empty if it cannot be built."""
    with open(output + ".log", "w+b") as log:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        else:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
            os._exit(attempt(source, output))
        if not os.listdir(output):
            log.seek(0)
            sys.stderr.write(log.read().decode("utf-8", "replace"))


def attempt(source: str, output: str) -> int:
    """Build one probe; gives an exit code."""
    code = 1
    try:
        os.chdir(source)
        build(output)
        code = 0
    except BaseException:
        traceback.print_exc()
        for name in os.listdir(output):
            os.unlink(os.path.join(output, name))
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def build(output: str) -> None:
    """`setup.py bdist_wheel` as pip ran it, and the PEP 517 hook where there is no setup.py."""
    sys.path.insert(0, "")
    if not os.path.exists("setup.py"):
        importlib.import_module("setuptools.build_meta").build_wheel(output)
        return
    importlib.import_module("setuptools")
    sys.argv = ["setup.py", "bdist_wheel", "--dist-dir", output]
    with tokenize.open("setup.py") as file:
        code = compile(file.read(), "setup.py", "exec")
    exec(code, {"__name__": "__main__", "__file__": "setup.py"})  # noqa: S102 - the probe's own
