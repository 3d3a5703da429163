"""Which renderers there are: those that installed packages announce as entry points."""

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points

from reports.renderers.interface import GROUP, Renderer, RendererError
from verify.errors import UsageFault


def available() -> tuple[str, ...]:
    """The names of all formats, sorted; nothing is imported."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def renderers(names: Sequence[str]) -> list[Renderer]:
    """The renderers of some formats, each once, in this order; no other one is imported.

    Raises:
        UsageFault: no package brings one of them.
        RendererError: two packages bring it, or it cannot be loaded.
    """
    return [_load(_only(name)) for name in dict.fromkeys(names)]


def loaded(names: Iterable[str]) -> dict[str, Renderer | RendererError]:
    """The same by name, with the error in place of each that cannot be had.

    Raises:
        UsageFault: no package brings one of them.
    """
    return {name: _loaded(name) for name in names}


def _loaded(name: str) -> Renderer | RendererError:
    try:
        return _load(_only(name))
    except RendererError as error:
        return error


def _only(name: str) -> EntryPoint:
    found = {point.value: point for point in entry_points(group=GROUP, name=name)}
    if not found:
        raise UsageFault(
            f"there is no report format {name!r}", hint=f"there are {', '.join(available())}"
        )
    if len(found) > 1:
        raise RendererError(
            f"several packages bring a report format {name}: {', '.join(sorted(found))}",
            hint="uninstall all but one of them",
        )
    (point,) = found.values()
    return point


def _load(point: EntryPoint) -> Renderer:
    try:
        renderer: Renderer = point.load()()
        is_one = renderer.name == point.name and bool(renderer.filename) and bool(renderer.render)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Whatever a plugin does while it is imported, also to end the process, the person has one
        # thing to do about it.
        raise RendererError(
            f"the report format {point.name} cannot be loaded from {point.value}:"
            f" {type(error).__name__}: {error}",
            hint=_hint(point),
        ) from error
    if not is_one:
        raise RendererError(
            f"what {point.value} brings for the report format {point.name} is no renderer of it",
            hint=_hint(point),
        )
    return renderer


def _hint(point: EntryPoint) -> str:
    package = point.dist.name if point.dist else "the package"
    return f"update or uninstall {package}, or leave out --format {point.name}"
