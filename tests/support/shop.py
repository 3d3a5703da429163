"""An index on loopback with small projects, of which one may be tampered with."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.support.index_server import IndexServer, ServedFile
from tests.support.projects import BACKEND, MODULES, make_sdist

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)


class Shop:
    """An index with small projects, of which one may be tampered with."""

    def __init__(self, index: IndexServer, folder: Path) -> None:
        self.index, self.folder = index, folder

    def release(
        self,
        name: str,
        *,
        requires: tuple[str, ...] = (),
        published: Mapping[str, str] = MODULES,
        sdist: bool = True,
        more: tuple[ServedFile, ...] = (),
    ) -> bytes:
        """Serve version 1.0 of a project; the bytes of its wheel, which is made of `published`."""
        lines = "".join(f', "Requires-Dist: {requirement}"' for requirement in requires)
        version_line = 'f"Version: {VERSION}", ""'
        backend = BACKEND.replace(version_line, f'f"Version: {{VERSION}}"{lines}, ""')
        assert not requires or backend != BACKEND
        backend = backend.replace('"thing"', f'"{name}"')
        source = make_sdist(self.folder, name=name, backend=backend).read_bytes()
        spaces: dict[str, object] = {}
        exec(backend, spaces)  # noqa: S102 - the test's own backend
        filename = f"{name}-1.0-py3-none-any.whl"
        write = spaces["write_wheel"]
        assert callable(write)
        write(self.folder / filename, published)
        wheel = (self.folder / filename).read_bytes()
        files = [ServedFile(filename=filename, content=wheel, upload_time=DAY)]
        if sdist:
            files.append(ServedFile(filename=f"{name}-1.0.tar.gz", content=source, upload_time=DAY))
        self.index.add(name, [*files, *more])
        return wheel
