"""A made lock as a requirements file that pip and uv install with `--require-hashes`."""

from collections.abc import Iterator, Sequence

from verify import __version__
from verify.lock.making.closing import LockEntry
from verify.lock.making.lock import MadeLock

REFUSED = "NOT-LOCKED-BY-TRUEWHEEL:"
"""No requirement begins so: pip and uv show such a line, and stop before anything is installed."""


def requirements_text(lock: MadeLock) -> str:
    """The file; one that does not close has lines that no installer takes.

    The same lock gives the same text: it names no date and no machine.
    """
    return "".join(f"{line}\n" for line in _lines(lock))


def _lines(lock: MadeLock) -> Iterator[str]:
    yield f"# Locked by truewheel {__version__}; install with: pip install --require-hashes -r FILE"
    for line in what_hashes_are(lock):
        yield f"# {line}"
    for target in lock.targets:
        yield f"# For {target}."
    if lock.index_url is not None:
        yield f"--index-url {lock.index_url}"
    for url in lock.extra_index_urls:
        yield f"--extra-index-url {url}"
    for entry in lock.entries:
        yield from _entry(entry)


def _entry(entry: LockEntry) -> Iterator[str]:
    if entry.gaps:
        for gap in entry.gaps:
            yield _refusal(f"{entry.pin} for {gap.target}: {gap.why}")
        return
    if not entry.is_locked:
        return  # no target needs it
    marker = f" ; {entry.pin.marker}" if entry.pin.marker is not None else ""
    hashes = [f"--hash=sha256:{digest}" for digest in entry.hashes]
    yield from _continued([f"{entry.pin}{marker}", *hashes])
    for said in why_trusted(entry):
        yield f"    # {said}"
    if entry.pin.via:
        yield f"    # via {', '.join(entry.pin.via)}"


def _continued(parts: Sequence[str]) -> Iterator[str]:
    for at, part in enumerate(parts):
        indent = "    " if at else ""
        more = " \\" if at + 1 < len(parts) else ""
        yield f"{indent}{part}{more}"


def what_hashes_are(lock: MadeLock) -> Iterator[str]:
    """What a hash in the lock stands for, one sentence a line."""
    yield "Each hash is of a wheel that is what its source builds to, or that a policy lets in."
    if any(entry.sdist for entry in lock.entries):
        yield (
            "Or of a source, of which is said whether it was verified; installing one runs what is"
            " in it."
        )


def why_trusted(entry: LockEntry) -> Iterator[str]:
    """One line for each file of an entry: what it is trusted for."""
    for wheel in entry.wheels:
        check = wheel.check
        source = f", rebuilt from {check.source.filename}" if check.source else ""
        other = "" if check.basis == "verdict" else f"; {'; '.join(check.reasons)}"
        yield _flat(f"{check.verdict}: {wheel.file.filename}{source}{other}")
    if entry.sdist is not None:
        yield _flat(entry.sdist.told)


def _refusal(text: str) -> str:
    """A line that stays refused whatever it tells: uv takes what ends like a wheel for a path."""
    told = "".join("?" if char in "#\\$" else char for char in _flat(text))
    return f"{REFUSED} {told} (not locked)"


def _flat(text: str) -> str:
    """Words of hostile names and servers, on one line."""
    return "".join(char if char.isprintable() else "?" for char in text)
