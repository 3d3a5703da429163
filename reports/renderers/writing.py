"""Reports on disk: a folder of our own files, each written whole, never over somebody else's.

A list in the folder names the files of the last report. What it names may be replaced, and is
removed once the report has no such file any more; nothing else in the folder is ever touched.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from reports.renderers.interface import (
    Document,
    Rendered,
    Renderer,
    RendererError,
    Streamed,
    UnreadableResultsError,
)
from reports.renderers.reading import read_results
from reports.renderers.registry import loaded
from verify.drafts import new_file
from verify.errors import TruewheelError, UsageFault
from verify.uncollected import uncollected

LIST = ".truewheel-report"
_HEAD = "files of a truewheel report; they are replaced by the next one"
_OUR_OWN = "reports."


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A format's report: the file to open, and how many there are."""

    format: str
    path: Path
    files: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FailedFormat:
    """A format of which nothing is there, also nothing of an earlier report, and why."""

    format: str
    error: TruewheelError


@dataclass(frozen=True, kw_only=True, slots=True)
class Reports:
    """What became of each format."""

    written: tuple[Written, ...]
    failed: tuple[FailedFormat, ...]


def render_all(document: Document, folder: Path, formats: Sequence[str]) -> Reports:
    """Write the report of a document in some formats into a folder, which is made if need be.

    A format that cannot be written does not keep the others from it.

    Raises:
        UnreadableResultsError: the document is not what it should be.
        UsageFault: there is no such format.
        OSError: the files cannot be written.
    """
    report = _Report(document=document, folder=folder)
    chosen = loaded(formats)
    read_results(document)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        report.earlier = _listed(folder)
        # What is there of both reports stays ours whatever ends us, to be replaced by the next.
        _list(folder, report.earlier)
        with uncollected():
            # What truewheel brings comes first: another format that takes its names is at fault.
            for name, renderer in sorted(chosen.items(), key=lambda item: not _is_own(item[1])):
                report.add(name, renderer)
        _remove(folder, (report.earlier | report.touched) - report.owners.keys())
        _list(folder, report.owners)
    order = list(chosen)
    return Reports(
        written=tuple(sorted(report.written, key=lambda one: order.index(one.format))),
        failed=tuple(sorted(report.failed, key=lambda one: order.index(one.format))),
    )


@dataclass(kw_only=True)
class _Report:
    """A report under way.

    Attributes:
        earlier: the files of the last report.
        touched: the files of this one, also those of formats that failed.
        owners: the format that each file is of.
    """

    document: Document
    folder: Path
    earlier: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    failed: list[FailedFormat] = field(default_factory=list)

    def add(self, name: str, renderer: Renderer | TruewheelError) -> None:
        """Write one format, or note why not."""
        if isinstance(renderer, TruewheelError):
            self.failed.append(FailedFormat(format=name, error=renderer))
            return
        try:
            names = self._files(renderer)
        except UnreadableResultsError:
            raise
        except TruewheelError as error:
            self.failed.append(FailedFormat(format=name, error=error))
            return
        self.owners |= dict.fromkeys(names, name)
        path = self.folder / renderer.filename
        self.written.append(Written(format=name, path=path, files=len(names)))

    def _files(self, renderer: Renderer) -> list[str]:
        names: list[str] = []
        for file in _rendered(renderer, self.document):
            if file.name in self.owners:
                raise RendererError(
                    f"the report format {renderer.name} wants to write {file.name}, which the"
                    f" format {self.owners[file.name]} has written",
                    hint=_hint(renderer),
                )
            self._claim(file.name)
            _write(file, self.folder)
            names.append(file.name)
        if renderer.filename not in names:
            raise RendererError(
                f"the report format {renderer.name} has not written its {renderer.filename}",
                hint=_hint(renderer),
            )
        return names

    def _claim(self, name: str) -> None:
        """List a file before it is there: who is killed then has left nothing that is not ours."""
        if name not in self.earlier and name not in self.touched:
            _refuse_foreign(name, self.folder)
            with (self.folder / LIST).open("a", encoding="utf-8") as stream:
                stream.write(f"{name}\n")
        self.touched.add(name)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait for whoever writes a report there: each would find files that its own list lacks."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a file system without locks of folders, as across a network
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _rendered(renderer: Renderer, document: Document) -> Iterator[Rendered | Streamed]:
    if _is_own(renderer):
        yield from renderer.render(document)
        return
    try:
        # Whatever it does to the document, the next format gets what was there.
        for file in renderer.render(deepcopy(document)):
            yield _file(file)
    except (OSError, MemoryError, GeneratorExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        # Also SystemExit: no format ends the others.
        raise RendererError(
            f"the report format {renderer.name} failed: {type(error).__name__}: {error}",
            hint=_hint(renderer),
        ) from error


def _file(file: object) -> Rendered:
    """What somebody else renders, whole: making it may fail, and that is nobody else's fault."""
    if isinstance(file, Streamed):
        file = Rendered(name=file.name, content=file.content)
    is_one = isinstance(file, Rendered) and type(file.name) is str and type(file.content) is bytes
    if not isinstance(file, Rendered) or not is_one:
        raise TypeError("what it renders is no file with a name and bytes")
    return file


def _is_own(renderer: Renderer | TruewheelError) -> bool:
    return type(renderer).__module__.startswith(_OUR_OWN)


def _hint(renderer: Renderer) -> str:
    return f"{type(renderer).__module__} makes it; leave out --format {renderer.name}"


def _refuse_foreign(name: str, folder: Path) -> None:
    if not _is_plain(name):
        raise RendererError(f"a renderer wants to write {name!r}, outside of the report")
    if os.path.lexists(folder / name):
        raise UsageFault(
            f"{folder / name} exists and is not of a report that truewheel wrote",
            hint="choose another folder, or remove it",
        )


def _write(file: Rendered | Streamed, folder: Path) -> None:
    target = folder / file.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.parent.is_symlink():
        raise UsageFault(f"{target.parent} is a link", hint="choose another folder, or remove it")
    with new_file(target) as stream:
        if isinstance(file, Streamed):
            file.write(stream.write)
        else:
            stream.write(file.content)


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
    _write(Rendered(name=LIST, content=content), folder)


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
            if target.parent != folder:
                with suppress(OSError):  # not empty yet, or never
                    target.parent.rmdir()
