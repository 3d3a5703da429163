"""What a rule sees and what it answers."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from verify.archive.blocks import BlockWalker
from verify.archive.member import Content, Member
from verify.archive.raw import RawFile
from verify.archive.reader import Archive
from verify.distinfo.plain_metadata import PlainMetadata
from verify.finding import Finding, RuleName
from verify.rules.libraries import Libraries
from verify.rules.native import NativeComparisons

DATA_LIMIT = 1024**2
"""Bytes of a member that a rule may hold; larger members are judged by name and head only."""

HEAD = 64
"""Bytes at the start of a member that tell what it is."""


class DifferenceKind(StrEnum):
    """How a member differs between the two wheels."""

    ONLY_PUBLISHED = "only-published"
    ONLY_REBUILT = "only-rebuilt"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """A member in one of the wheels; its content has been inflated and found sound."""

    archive: Archive
    member: Member
    content: Content

    def data(self) -> bytes | None:
        """The whole content, None when it is larger than `DATA_LIMIT`."""
        if self.content.size > DATA_LIMIT:
            return None
        return b"".join(self.archive.windows(self.member))

    def head(self) -> bytes:
        """The first bytes, at most `HEAD`."""
        return next(self.archive.windows(self.member), b"")[:HEAD]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One member name whose content is not the same on both sides; an absent side is None."""

    name: str
    published: Side | None
    rebuilt: Side | None

    @property
    def kind(self) -> DifferenceKind:
        """Which of the two sides there are."""
        if self.published is None:
            return DifferenceKind.ONLY_REBUILT
        if self.rebuilt is None:
            return DifferenceKind.ONLY_PUBLISHED
        return DifferenceKind.CHANGED


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What else a rule may look at.

    Attributes:
        published, rebuilt: the two archives, both without dangerous structure.
        dist_info: name of the published wheel's dist-info directory, None without exactly one.
        differences: all of them, by name: a file that moved is one on either side.
        explained: names whose differences benign rules have explained so far, by rule.
        uncompared: names whose differences could not be judged so far, by the rule that says so.
        path_files: what the `.pth` files of the rebuilt archive hold.
        moved: the differences on one side only, by content: what a moved file may be found by.
        compiled: installed paths, without suffix, of sources that either wheel has bytecode of.
        files: sorted names of the files (not the directories) of either wheel.
        walker: walks deflate streams, and pays for what else is read symbol by symbol; once its
            budget is spent, nothing is explained that would need it.
        natives: compares native code that both wheels have, within a budget of its own.
        libraries: what shared libraries both wheels hold and load.
    """

    published: Archive
    rebuilt: Archive
    dist_info: str | None
    differences: Mapping[str, Difference]
    explained: Mapping[str, RuleName]
    uncompared: Mapping[str, RuleName]
    path_files: frozenset[Content]
    moved: Mapping[Content, tuple[Difference, ...]]
    compiled: frozenset[str]
    files: tuple[Sequence[str], Sequence[str]]
    walker: BlockWalker
    natives: NativeComparisons
    libraries: Libraries

    def in_dist_info(self, difference: Difference, filename: str) -> bool:
        """Whether the difference is about this file of the dist-info directory."""
        return self.dist_info is not None and difference.name == f"{self.dist_info}/{filename}"

    def holds_files(self, directory: str) -> bool:
        """Whether both wheels have a file below a directory, which is given with its slash."""
        return all(_has_prefix(names, directory) for names in self.files)


def _has_prefix(names: Sequence[str], prefix: str) -> bool:
    at = bisect_left(names, prefix)
    return at < len(names) and names[at].startswith(prefix)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldDifference:
    """One field of METADATA whose values are not the same on both sides.

    Attributes:
        field: its name in lower case, or `BODY`, `ORDER` or `LINE_ENDS` for what is no field.
        published, rebuilt: its values in order, folded lines joined as the file has them.
        difference: the two METADATA files.
        files: what is in the published one and in the rebuilt one.
    """

    field: str
    published: tuple[str, ...]
    rebuilt: tuple[str, ...]
    difference: Difference
    files: tuple[PlainMetadata, PlainMetadata]


class FieldRule(Protocol):
    """One rule on a field of METADATA: a benign finding for exactly the shape it knows, else None.

    METADATA is explained when each of its differences is; build tools change several at once.
    """

    def __call__(self, difference: FieldDifference, context: Context, /) -> Finding | None:
        """Judge one field."""
        ...


class StreamRule(Protocol):
    """One rule on the packed bytes of a member whose content is accounted for."""

    def __call__(self, raw: RawFile, member: Member, walker: BlockWalker, /) -> Finding | None:
        """A benign finding for a stream that it accounts for, or an unexplained one."""
        ...


class Rule(Protocol):
    """One rule: a finding when the difference has exactly the shape it knows, else None.

    Contract: pure and deterministic, reads at most `DATA_LIMIT` bytes of a member unless a budget
    of the context pays for more, and lets no exception out whatever the members hold.
    """

    def __call__(self, difference: Difference, context: Context, /) -> Finding | None:
        """Judge one difference."""
        ...
