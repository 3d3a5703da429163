"""Publishing for real: small sources, and the wheels that a recipe of their day builds of them.

The recipe comes from the product's own planner, told what an honest maintainer would have had, and
the wheel from its rebuilder in bubblewrap; build tools come from the configured index. What is
published can then be checked with no more than the two files.
"""

import io
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from builders.hints import Hints
from builders.recipe import Recipe, SourceFile
from builders.sandbox.interface import Limits
from builders.search.choices import Choices
from verify.events import silent
from verify.workbench import Settings, Workbench

EPOCH = 1_500_000_000


@dataclass(frozen=True, kw_only=True)
class Source:
    """A project to publish.

    Attributes:
        files: texts by path below the root of the sdist.
        generator: the Generator line of the maintainer's own tools.
        requires_python: what narrows the interpreter down.
    """

    name: str
    files: Mapping[str, str]
    version: str = "1.0"
    generator: str | None = None
    requires_python: str | None = None

    @property
    def stem(self) -> str:
        """`NAME-VERSION`, the root directory."""
        return f"{self.name}-{self.version}"

    def pack(self, folder: Path) -> Path:
        """Write the sdist."""
        path = folder / f"{self.stem}.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for member, text in sorted(self.files.items()):
                data = text.encode()
                info = tarfile.TarInfo(f"{self.stem}/{member}")
                info.size, info.mtime, info.mode = len(data), EPOCH, 0o644
                archive.addfile(info, io.BytesIO(data))
        return path


@dataclass(frozen=True, kw_only=True)
class Published:
    """A release on disk, and the recipe it was built by, None where nobody built it."""

    wheel: Path
    sdist: Path
    recipe: Recipe | None = None


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Builds wheels in a sandbox, with the tools of a day."""

    cache: Path
    bench: Workbench = field(init=False)

    def __post_init__(self) -> None:
        settings = Settings(
            sandbox="bubblewrap",
            cache_root=self.cache,
            limits=Limits(wall_seconds=240.0),
            environ=tuple(os.environ.items()),
            cwd=self.cache,
        )
        object.__setattr__(self, "bench", Workbench(settings, silent))

    def publish(
        self, source: Source, day: datetime, folder: Path, choices: Choices | None = None
    ) -> Published:
        """The sdist and the wheel of a source; ZIP times, where a backend lets them, are `day`."""
        sdist = source.pack(folder)
        with sdist.open("rb") as stream:
            self.bench.cache.add(stream, sdist.name)
        file = SourceFile(
            name=canonicalize_name(source.name),
            version=source.version,
            filename=sdist.name,
            sha256=sha256(sdist.read_bytes()).hexdigest(),
        )
        hints = Hints(
            name=file.name,
            version=Version(source.version),
            tags=frozenset(parse_tag("py3-none-any")),
            generator=source.generator,
            newest=day,
            requires_python=source.requires_python,
        )
        recipe = self.bench.planner.plan(hints, file, day, choices or Choices())
        built = self.bench.rebuilder.rebuild(recipe).wheel
        wheel = folder / built.name
        wheel.write_bytes(built.read_bytes())
        return Published(wheel=wheel, sdist=sdist, recipe=recipe)
