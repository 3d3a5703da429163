"""Hashes as locks write them: `sha256:0123...`."""

import re
from collections.abc import Iterator

from verify.lock.inputs.interface import InputFault, Location, LockedHash, quoted

DIGEST_LENGTHS = {
    "md5": 32,
    "sha1": 40,
    "sha224": 56,
    "sha256": 64,
    "sha384": 96,
    "sha512": 128,
    "blake2b": 128,
    "blake2s": 64,
    "sha3_224": 56,
    "sha3_256": 64,
    "sha3_384": 96,
    "sha3_512": 128,
}
"""Hexadecimal digits by name in `hashlib`; an algorithm that is not here is taken as it is."""

STRONG = frozenset({"sha384", "sha512", "blake2b", "blake2s", "sha3_256", "sha3_384", "sha3_512"})
"""As hard to forge as sha256, but not what indexes list and verdicts are about."""

_DIGEST = re.compile(r"[0-9a-f]+")
_HASHED = re.compile(rf"[#&]({'|'.join(sorted(DIGEST_LENGTHS))})=([^&;\s]*)")


def parse_hash(text: str, where: Location) -> LockedHash:
    """`algorithm:digest`.

    Raises:
        InputFault: it is none, or the digest does not fit the algorithm.
    """
    algorithm, colon, digest = text.partition(":")
    if not colon:
        raise InputFault(
            where, f"{quoted(text)} is no hash", hint="write it as sha256:0123... in hexadecimal"
        )
    return made_hash(algorithm, digest, where)


def made_hash(algorithm: str, digest: str, where: Location) -> LockedHash:
    """A hash of these two parts.

    Raises:
        InputFault: the digest does not fit the algorithm.
    """
    algorithm, digest = algorithm.strip().lower(), digest.strip().lower()
    length = DIGEST_LENGTHS.get(algorithm, len(digest))
    if not algorithm or not _DIGEST.fullmatch(digest) or len(digest) != length:
        raise InputFault(
            where,
            f"{quoted(f'{algorithm}:{digest}')} is no hash: {algorithm or 'it'} has"
            f" {length or 'some'} hexadecimal digits",
            hint="make the lock again with the tool that wrote it; do not edit hashes by hand",
        )
    return LockedHash(algorithm=algorithm, digest=digest)


def pinned_in(url: str) -> Iterator[tuple[str, str]]:
    """Algorithm and digest of each hash in a URL (`#sha256=...`), which installers take as well.

    Behind `&` they count in a query, too: pip searches the whole URL (`LinkHash`).
    """
    for found in _HASHED.finditer(url):
        yield found[1], found[2]
