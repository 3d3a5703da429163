"""Signals about who published a file, held against the files that came before it.

A file is held against that release which last had attestations before the file came (not before
its release began: that is how a wheel added years later is held against what was usual by then).
"""

from collections.abc import Iterable, Iterator, Mapping

from verify.finding import Finding, JSONValue
from verify.index.interface import IndexFile
from verify.signals import (
    ATTESTATION_CHANGED,
    ATTESTATION_MISSING,
    ATTESTATION_UNVERIFIED,
    signal,
)
from verify.timeline.attestation import Attested, Identity
from verify.timeline.history import History, Release, tags_of, time_of


def provenances_for(file: IndexFile, history: History) -> tuple[IndexFile, ...]:
    """The files whose provenance must be read to know all signals of one: at most two."""
    if file.provenance is None:
        return ()
    model = _model(file, history)
    return (file,) if model is None else (file, model)


def identity_signals(
    file: IndexFile, release: Release, history: History, attested: Mapping[str, Attested]
) -> Iterator[Finding]:
    """What attestations, or the lack of one, tell of a file.

    `attested` has what was read, by file name; of a file that is not in it only the listing counts.
    """
    own = attested.get(file.filename)
    if file.provenance is not None and own is not None and not own.verified:
        yield signal(
            ATTESTATION_UNVERIFIED,
            f"its attestation could not be verified: {own.detail}",
            identities=_listed(own.identities),
            detail=own.detail,
        )
    if file.provenance is None or (own is not None and not own.identities):
        yield from _missing(file, _earlier(file, history) or _beside(file, release))
    elif own is not None:
        yield from _changed(own, _model(file, history), attested)


def _earlier(file: IndexFile, history: History) -> IndexFile | None:
    """A file with a provenance of the release that had one last, most like this one."""
    upload = history.upload_of(file)
    release = history.attested_before(upload.first) if upload else None
    if upload is None or release is None:
        return None
    models = (release.models.get((file.kind, tags)) for tags in (tags_of(file), ""))
    before = (model for model in models if model and time_of(model) < upload.first)
    return next(before, release.attested[0])


def _model(file: IndexFile, history: History) -> IndexFile | None:
    """The earlier file whose publisher should be this one's: of its kind, or none."""
    earlier = _earlier(file, history)
    return earlier if earlier is not None and earlier.kind is file.kind else None


def _beside(file: IndexFile, release: Release) -> IndexFile | None:
    """Another file of the same release with a provenance."""
    model = release.models.get((file.kind, ""))
    others = (other for other in (model, *release.attested[:2]) if other not in {None, file})
    return next(others, None)


def _missing(file: IndexFile, other: IndexFile | None) -> Iterator[Finding]:
    if other is not None:
        yield signal(
            ATTESTATION_MISSING,
            f"it has no attestation, but {_place(file, other)} has one",
            compared_with=other.filename,
        )


def _changed(
    own: Attested, model: IndexFile | None, attested: Mapping[str, Attested]
) -> Iterator[Finding]:
    theirs = attested.get(model.filename) if model else None
    if model is None or theirs is None or not theirs.identities:
        return
    if not set(own.identities) <= set(theirs.identities):
        yield signal(
            ATTESTATION_CHANGED,
            f"it was published by {_named(own.identities)}, but release {model.version} by"
            f" {_named(theirs.identities)}",
            identities=_listed(own.identities),
            compared_with=model.filename,
            compared_identities=_listed(theirs.identities),
            verified=own.verified and theirs.verified,
        )


def _place(file: IndexFile, other: IndexFile) -> str:
    if other.version == file.version:
        return f"{other.filename} of the same release"
    return f"release {other.version} before it"


def _named(identities: Iterable[Identity]) -> str:
    return ", ".join(str(identity) for identity in identities)


def _listed(identities: Iterable[Identity]) -> list[JSONValue]:
    return [{"kind": identity.kind, **dict(identity.claims)} for identity in identities]
