"""Small projects with a build backend of their own: real sdists, and the wheels they build to.

The backend lives in the sdist (`backend-path`) and needs nothing, so a check of such a project
exercises the whole road without any index.
"""

import importlib.util
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

NAME = "thing"
VERSION = "1.0"
WHEEL = f"{NAME}-{VERSION}-py3-none-any.whl"
SDIST = f"{NAME}-{VERSION}.tar.gz"

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

BACKEND = """\
import base64, hashlib, os, time, zipfile

NAME, VERSION = "thing", "1.0"
WHEEL = f"{NAME}-{VERSION}-py3-none-any.whl"
INFO = f"{NAME}-{VERSION}.dist-info"


def write_wheel(path, modules):
    files = {f"{NAME}/{name}": text.encode() for name, text in sorted(modules.items())}
    lines = ("Metadata-Version: 2.1", f"Name: {NAME}", f"Version: {VERSION}", "")
    files[f"{INFO}/METADATA"] = "\\n".join(lines).encode()
    files[f"{INFO}/WHEEL"] = (
        b"Wheel-Version: 1.0\\nGenerator: in-tree 1\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    )
    rows = []
    for name, data in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(data)}\\n")
    files[f"{INFO}/RECORD"] = ("".join(rows) + f"{INFO}/RECORD,,\\n").encode()
    moment = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", "1700000000")))[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, moment)
            info.external_attr = 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)


def modules():
    return {name: open(f"{NAME}/{name}").read() for name in os.listdir(NAME)}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    write_wheel(os.path.join(wheel_directory, WHEEL), modules())
    return WHEEL
"""

MODULES: Mapping[str, str] = {"__init__.py": '"""A thing."""\n', "core.py": "VALUE = 1\n" * 20}


def make_sdist(
    folder: Path,
    *,
    name: str = NAME,
    modules: Mapping[str, str] = MODULES,
    backend: str = BACKEND,
    pyproject: str = PYPROJECT,
    more: Mapping[str, str] | None = None,
    filename: str | None = None,
) -> Path:
    """An sdist of a project; `backend` is the text of its build backend, `more` other files."""
    backend = backend.replace(f'"{NAME}"', f'"{name}"')
    files = {"pyproject.toml": pyproject, "backend.py": backend, "PKG-INFO": f"Name: {name}\n"}
    files |= {f"{name}/{module}": text for module, text in modules.items()}
    files |= more or {}
    path = folder / (filename or f"{name}-{VERSION}.tar.gz")
    with tarfile.open(path, "w:gz") as archive:
        for member, text in sorted(files.items()):
            info = tarfile.TarInfo(f"{name}-{VERSION}/{member}")
            info.size, info.mtime, info.mode = len(text.encode()), 1_700_000_000, 0o644
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def make_wheel(
    folder: Path, *, modules: Mapping[str, str] = MODULES, filename: str = WHEEL
) -> Path:
    """The wheel that the project's own backend builds of these modules."""
    with TemporaryDirectory() as temporary:
        source = Path(temporary) / "backend.py"
        source.write_text(BACKEND, encoding="utf-8")
        spec = importlib.util.spec_from_file_location("thing_backend", source)
        assert spec is not None
        assert spec.loader is not None
        backend = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(backend)
    path = folder / filename
    backend.write_wheel(path, modules)
    return path


def hostile_backend(body: str) -> str:
    """A backend whose build_wheel runs `body` first; the honest code stays available to it."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return BACKEND.replace("metadata_directory=None):\n", f"metadata_directory=None):\n{lines}")
