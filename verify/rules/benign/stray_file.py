"""Rule `stray-file`: a file that an operating system or a repository leaves behind.

Explains: on one side only, in a directory below the root that holds files in both wheels and is
neither the dist-info nor a data directory:
- in the published wheel, a `.DS_Store` with exactly the bytes that the Finder writes into a
  directory of which it has nothing to say, or a `.gitkeep` without any byte;
- in the rebuilt wheel, a `.DS_Store` or `Thumbs.db` that is one by its first bytes, or a
  `.gitkeep` without any byte.
No more than sixteen files of these two fixed contents are on one side only.

Harmless because: no import, installer or interpreter opens a file of these names. Code that reads
whatever lies in its directory would find no byte in the published wheel that somebody could have
chosen: any other `.DS_Store` holds names, dates and left-over data that follow from nothing, so it
stays unexplained. A file that the published wheel lacks brings nothing into it.
"""

from verify.archive.facts import benign
from verify.archive.member import Content
from verify.finding import Finding
from verify.rules.interface import Context, Difference, Side
from verify.rules.kinds import is_executable

_FINDER = Content(
    sha256="d65165279105ca6773180500688df4bdc69a2c7b771752f0a46ef120b7fd8ec3", size=6148
)
"""A `.DS_Store` without a record: all zero but for the allocator's tables, which are fixed."""

_EMPTY = Content(sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", size=0)

_PUBLISHED = {".DS_Store": _FINDER, ".gitkeep": _EMPTY}

_MAGICS = {
    ".DS_Store": b"\0\0\0\1Bud1",
    "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
}
_MAX_SIZE = 1024**2
_MAX_FILES = 16
"""Each says one bit by being there."""


def stray_file(difference: Difference, context: Context) -> Finding | None:
    """Explain a stray file on one side."""
    directory, _, name = difference.name.rpartition("/")
    top = directory.partition("/")[0]
    if top.casefold().endswith((".dist-info", ".data")) or not _is_stray(difference, name):
        return None
    if not directory or not context.holds_files(f"{directory}/"):
        return None
    if sum(len(context.moved.get(content, ())) for content in (_FINDER, _EMPTY)) > _MAX_FILES:
        return None
    return benign(
        "stray-file",
        "One of the wheels has a file that nothing reads, left by an operating system or for git.",
        member=difference.name,
        difference=difference.kind.value,
    )


def _is_stray(difference: Difference, name: str) -> bool:
    ours, theirs = difference.published, difference.rebuilt
    if ours is not None and theirs is None:
        return ours.content == _PUBLISHED.get(name) and not is_executable(ours)
    if theirs is not None and ours is None:
        return theirs.content == _PUBLISHED.get(name) or _has_magic(theirs, name)
    return False


def _has_magic(side: Side, name: str) -> bool:
    magic = _MAGICS.get(name)
    return magic is not None and side.content.size <= _MAX_SIZE and side.head().startswith(magic)
