"""An index that is asked once for each project: a lock is made of one state of it."""

from dataclasses import dataclass, field
from pathlib import Path

from verify.index.interface import Index, IndexFile, Project, Sha256


@dataclass(frozen=True, kw_only=True)
class Listings:
    """An `Index` in front of another; a failure is not kept, so that it may be asked again."""

    index: Index
    known: dict[str, Project] = field(default_factory=dict)

    def project(self, name: str) -> Project:
        """See `Index.project`."""
        if name not in self.known:
            self.known[name] = self.index.project(name)
        return self.known[name]

    def fetch(self, file: IndexFile) -> Path:
        """See `Index.fetch`."""
        return self.index.fetch(file)

    def provenance(self, file: IndexFile) -> Path | None:
        """See `Index.provenance`."""
        return self.index.provenance(file)

    def served_metadata(self, file: IndexFile) -> tuple[Sha256, ...]:
        """See `Index.served_metadata`."""
        return self.index.served_metadata(file)
