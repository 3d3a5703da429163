"""What a source asks for where it does not say so: it is built in a sandbox, and the wheel read."""

from datetime import UTC, datetime

from packaging.tags import parse_tag
from packaging.version import Version

from builders.errors import BuildFault
from builders.hints import Hints
from builders.recipe import SourceFile
from builders.search.choices import Choices
from verify.distinfo.requires import required_by
from verify.index.interface import IndexFile
from verify.lock.making.source_metadata import BadSourceError, Requires
from verify.workbench import Workbench


def built_requires(source: IndexFile, bench: Workbench) -> Requires:
    """What a source asks for, as the wheel that it builds to here says it.

    Raises:
        BadSourceError: it cannot be built.
        TruewheelError: the tool itself failed.
    """
    path = bench.obtain(source)
    bench.open_sandbox()
    file = SourceFile(
        name=source.project,
        version=str(source.version),
        filename=source.filename,
        sha256=path.parent.name,
    )
    as_of = source.upload_time or datetime.now(UTC)
    hints = Hints(
        name=source.project,
        version=source.version or Version("0"),
        tags=frozenset(parse_tag("py3-none-any")),
        generator=None,
        newest=as_of,
        requires_python=source.requires_python,
    )
    try:
        recipe = bench.planner.plan(hints, file, as_of, Choices())
        built = bench.rebuilder.rebuild(recipe).wheel
    except BuildFault as error:
        raise BadSourceError(f"what it asks for is not known: {error.message}") from error
    return Requires(requirements=tuple(required_by(built)))
