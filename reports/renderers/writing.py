"""Reports on disk: a folder of our own files, each written whole, never over somebody else's.

A list in the folder names the files of the last report. What it names may be replaced, and is
removed once the report has no such file any more; nothing else in the folder is ever touched.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import mkstemp

from reports.renderers.interface import Document, Rendered, Renderer, RendererError
from reports.renderers.registry import renderers
from verify.errors import TruewheelError, UsageFault

LIST = ".truewheel-report"
_HEAD = "files of a truewheel report; they are replaced by the next one"
_OUR_OWN = "reports."


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A format's report: the file to open, and how many there are."""

    format: str
    path: Path
    files: int


def render_all(document: Document, folder: Path, formats: Sequence[str]) -> list[Written]:
    """Write the report of a document in some formats into a folder, which is made if need be.

    Raises:
        UnreadableResultsError: the document is not what it should be.
        UsageFault: there is no such format, or the folder has a file of that name already.
        RendererError: a renderer cannot be loaded, or failed.
        OSError: the files cannot be written.
    """
    chosen = renderers(formats)
    folder.mkdir(parents=True, exist_ok=True)
    earlier = _listed(folder)
    written: list[str] = []
    reports = []
    try:
        for renderer in chosen:
            before = len(written)
            for file in _rendered(renderer, document):
                _write(file, folder, earlier | set(written))
                written.append(file.name)
            path = folder / renderer.filename
            reports.append(Written(format=renderer.name, path=path, files=len(written) - before))
    except BaseException:
        # What is there of both reports stays ours, to be replaced by the next.
        _list(folder, earlier | set(written))
        raise
    _remove(folder, earlier - set(written))
    _list(folder, written)
    return reports


def _rendered(renderer: Renderer, document: Document) -> Iterator[Rendered]:
    try:
        yield from renderer.render(document)
    except (TruewheelError, OSError, MemoryError):
        raise
    except Exception as error:
        if type(renderer).__module__.startswith(_OUR_OWN):
            raise
        raise RendererError(
            f"the report format {renderer.name} failed: {type(error).__name__}: {error}",
            hint=f"{type(renderer).__module__} makes it; leave out --format {renderer.name}",
        ) from error


def _write(file: Rendered, folder: Path, ours: set[str]) -> None:
    if not _is_plain(file.name):
        raise RendererError(f"a renderer wants to write {file.name!r}, outside of the report")
    target = folder / file.name
    if file.name not in ours and os.path.lexists(target):
        raise UsageFault(
            f"{target} exists and is not of a report that truewheel wrote",
            hint="choose another folder, or remove it",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.parent.is_symlink():
        raise UsageFault(f"{target.parent} is a link", hint="choose another folder, or remove it")
    descriptor, name = mkstemp(prefix=".truewheel-", suffix=".part", dir=target.parent)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(file.content)
        partial.chmod(0o644)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _listed(folder: Path) -> set[str]:
    """The files of the last report; none, where the list is not ours."""
    try:
        head, *names = (folder / LIST).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return set()
    return set(filter(_is_plain, names)) if head == _HEAD else set()


def _list(folder: Path, names: Iterable[str]) -> None:
    lines = [_HEAD, *sorted(names)]
    content = "".join(f"{line}\n" for line in lines).encode()
    _write(Rendered(name=LIST, content=content), folder, {LIST})


def _is_plain(name: str) -> bool:
    """Whether a name stays inside the folder, on any system, and fits on a line of the list."""
    parts = PurePosixPath(name).parts
    return (
        bool(parts)
        and name == "/".join(parts)
        and ".." not in parts
        and not name.startswith("/")
        and all(char.isprintable() and char not in '\\:*?"<>|' for char in name)
    )


def _remove(folder: Path, names: Iterable[str]) -> None:
    for name in sorted(names):
        target = folder / name
        if target.is_file() and not target.parent.is_symlink():
            target.unlink()
