"""What a provenance file (PEP 740) says: who published a file, and whether that is proven.

The identity is what the index wrote down; the attestations beside it are signatures that prove it
for one file name and sha256. They are verified without the network, against the trust root that
comes with sigstore (or a newer one that sigstore has kept on this machine).
"""

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from verify.index.interface import IndexFile
from verify.timeline.words import shortened

if TYPE_CHECKING:
    from pypi_attestations import Attestation, AttestationBundle, Distribution, Publisher

_OBJECT = re.compile(r" \(<.*>\)", re.DOTALL)
"""An object as Python spells it, which verifiers put into their messages."""

MAX_ATTESTATIONS = 16
"""Of one file, and publishers that are told; two and one are usual."""

_INCIDENTAL = frozenset({"kind", "environment", "vcs_ref"})
"""What of a publisher may change from release to release without its being another one."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Identity:
    """Who published a file.

    Attributes:
        kind: where the publishing program ran, as the index names it.
        claims: what says which program it was (repository, workflow, ...), by name.
    """

    kind: str
    claims: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return " ".join([self.kind, *(value for _, value in self.claims)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Attested:
    """What one file's provenance says.

    Attributes:
        identities: the publishers whose attestations it holds, sorted.
        verified: whether every attestation is a valid signature of its publisher for this file.
        detail: why not.
    """

    identities: tuple[Identity, ...] = ()
    verified: bool = False
    detail: str | None = None


NOT_SERVED = Attested(detail="the index lists a provenance that it does not have")


class _UnprovenError(ValueError):
    """Why attestations prove nothing; never leaves this module."""


def read_provenance(content: bytes, file: IndexFile) -> Attested:
    """What a provenance says of a file, by whose listed name and sha256 it is verified."""
    bundles = _bundles(content)
    if bundles is None:
        return Attested(detail="the index serves something else than a provenance")
    signed = [bundle for bundle in bundles if bundle.attestations]
    identities = tuple(sorted({_identity(b.publisher) for b in signed})[:MAX_ATTESTATIONS])
    try:
        _verify(signed, file)
    except _UnprovenError as reason:
        return Attested(identities=identities, detail=str(reason))
    return Attested(identities=identities, verified=True)


def _bundles(content: bytes) -> "list[AttestationBundle] | None":
    from pypi_attestations import Provenance  # noqa: PLC0415 - takes half a second

    try:
        return Provenance.model_validate_json(content).attestation_bundles
    except (ValueError, RecursionError):
        return None


def _identity(publisher: "Publisher") -> Identity:
    claims = publisher.model_dump(mode="json", exclude=set(_INCIDENTAL), exclude_none=True)
    return Identity(
        kind=publisher.kind,
        claims=tuple(sorted((name, shortened(str(value))) for name, value in claims.items())),
    )


def _verify(bundles: "list[AttestationBundle]", file: IndexFile) -> None:
    from pypi_attestations import Distribution  # noqa: PLC0415 - as above

    count = sum(len(bundle.attestations) for bundle in bundles)
    if not count:
        raise _UnprovenError("it holds no attestation")
    if count > MAX_ATTESTATIONS:
        raise _UnprovenError(f"it holds {count} attestations, more than {MAX_ATTESTATIONS}")
    if file.sha256 is None:
        raise _UnprovenError("the index gives no sha256 for the file")
    try:
        distribution = Distribution(name=file.filename, digest=file.sha256)
    except ValueError as error:
        raise _UnprovenError("the file's name cannot be attested") from error
    # It warns on standard error that it works offline, which is what it was asked to do.
    logging.getLogger("sigstore").addHandler(logging.NullHandler())
    for bundle in bundles:
        for attestation in bundle.attestations:
            _verify_one(attestation, bundle.publisher, distribution)


def _verify_one(
    attestation: "Attestation", publisher: "Publisher", distribution: "Distribution"
) -> None:
    try:
        attestation.verify(publisher, distribution, offline=True)
    # Besides the errors that it documents, hostile certificates make it raise those of the
    # libraries that read them. Whatever it is, nothing was proven.
    except Exception as error:
        words = " ".join(_OBJECT.sub("", str(error)).split()) or type(error).__name__
        raise _UnprovenError(shortened(words)) from error
