"""All signals that an index tells of one file: the one function for every command."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from verify.finding import Finding
from verify.index.interface import IndexFile, Project
from verify.signals import DEFAULT_THRESHOLDS, Thresholds
from verify.timeline.attestation import NOT_SERVED, Attested, read_provenance
from verify.timeline.history import History, history_of
from verify.timeline.identity import identity_signals, provenances_for
from verify.timeline.uploads import listing_signals


class ProvenanceIndex(Protocol):
    """What is needed of an index."""

    def provenance(self, file: IndexFile) -> Path | None:
        """See `Index.provenance`."""


def signals_of(
    file: IndexFile,
    listing: Project,
    index: ProvenanceIndex,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> tuple[Finding, ...]:
    """The signals of a listed file, by its project's listing.

    Where the index lists provenances, the file's own is fetched, and that of one file before it.
    There are none of a file that is not in the listing, or there with another sha256.

    Raises:
        IndexFault: a listed provenance cannot be had.
    """
    listed = _listed(file, listing)
    if listed is None:
        return ()
    history = history_of(listing)
    attested = read_attested(provenances_for(listed, history), index)
    return file_signals(listed, history, thresholds, attested)


def file_signals(
    file: IndexFile, history: History, thresholds: Thresholds, attested: Mapping[str, Attested]
) -> tuple[Finding, ...]:
    """The signals of one file of a history; `attested` has what was read, by file name."""
    release = history.releases.get(file.version) if file.version else None
    if release is None:
        return ()
    return (
        *listing_signals(file, release, history, thresholds),
        *identity_signals(file, release, history, attested),
    )


def read_attested(files: Iterable[IndexFile], index: ProvenanceIndex) -> dict[str, Attested]:
    """What the provenances of files say, by file name.

    Raises:
        IndexFault: one cannot be had, for another reason than that it is not there.
    """
    return {file.filename: _read(file, index) for file in files}


def _read(file: IndexFile, index: ProvenanceIndex) -> Attested:
    path = index.provenance(file)
    return NOT_SERVED if path is None else read_provenance(path.read_bytes(), file)


def _listed(file: IndexFile, listing: Project) -> IndexFile | None:
    """The file as it is listed: one on disk knows nothing of its upload."""
    for listed in listing.files:
        if listed.filename == file.filename:
            same = None in {listed.sha256, file.sha256} or listed.sha256 == file.sha256
            return listed if same else None
    return None
