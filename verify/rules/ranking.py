"""Which finding a person should read first: one table of all rules, most dangerous first.

The order is about attention, never about the verdict: classes decide that. A rule that is missing
here would be told before all others of its class; a test keeps the table complete.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from verify.finding import Finding, RuleName


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Rules of about the same weight, and why they come before those of the next group."""

    reason: str
    rules: tuple[str, ...]


RANKING: tuple[Group, ...] = (
    Group(
        reason="Installing it writes outside of the environment, or onto what is not its own.",
        rules=(
            "archive.unsafe-name",
            "archive.special-file",
            "record.unsafe-path",
            "entry-points.unsafe-name",
            "distinfo.reserved-program",
            "entry-points.reserved-name",
        ),
    ),
    Group(
        reason="It runs without anybody importing or calling it.",
        rules=("code.autostart", "data.system-place"),
    ),
    Group(
        reason="It hides what it is from whoever reads it.",
        rules=(
            "code.hidden-payload",
            "code.invisible-characters",
            "code.bidirectional-text",
            "code.deceptive-identifier",
            "code.encoding-cookie",
        ),
    ),
    Group(
        reason="It runs in place of the code that people know, read or expect.",
        rules=("code.shadows-module", "code.shadows-library", "code.import-path"),
    ),
    Group(
        reason="Compiled code can do what its source does not build to.",
        rules=("native.reaches-further",),
    ),
    Group(
        reason="Nobody can read it.",
        rules=(
            "code.binary-only-published",
            "code.bytecode-only-published",
            "code.nested-archive",
        ),
    ),
    Group(
        reason="It becomes a program on the PATH, or a plugin that others load.",
        rules=(
            "scripts.changed",
            "entry-points.changed",
            "entry-points.hidden",
            "scripts.elsewhere",
        ),
    ),
    Group(
        reason="It installs other code.",
        rules=(
            "metadata.dependency-added",
            "metadata.deceptive-characters",
            "metadata.index-differs",
        ),
    ),
    Group(
        reason="Two readers see two contents in one file.",
        rules=(
            "archive.duplicate-name",
            "archive.name-twins",
            "archive.short-name",
            "archive.path-conflict",
            "distinfo.same-target",
            "distinfo.data-directory",
            "archive.second-end-record",
            "archive.tar",
            "archive.hidden-member",
            "archive.local-disagrees",
            "archive.local-header",
            "archive.renaming-extra",
            "archive.name-encoding",
            "archive.kind-contradiction",
            "archive.zip64-contradiction",
            "archive.end-offset",
            "archive.end-counts",
            "archive.overlap",
            "archive.lying-size",
            "archive.lying-crc",
            "archive.bytes-after-deflate",
            "archive.prefix",
            "archive.trailing-bytes",
            "archive.gap",
            "archive.binary-comment",
            "archive.truncated-comment",
        ),
    ),
    Group(
        reason="RECORD lies about what is installed, or cannot be believed.",
        rules=(
            "record.hash",
            "record.size",
            "record.unlisted-member",
            "record.absent-member",
            "record.duplicate-row",
            "record.unreadable",
            "record.too-many-rows",
        ),
    ),
    Group(
        reason="It passes for another project or release, or for two.",
        rules=(
            "metadata.name",
            "metadata.version",
            "distinfo.not-exactly-one",
            "distinfo.directory-name",
            "distinfo.missing-file",
            "distinfo.oversized",
        ),
    ),
    Group(
        reason="It gives rights to what is installed, or hides data from readers.",
        rules=(
            "archive.special-mode",
            "archive.encrypted",
            "archive.unknown-method",
            "archive.directory-data",
        ),
    ),
    Group(
        reason="It breaks or exhausts readers.",
        rules=(
            "archive.bomb",
            "archive.unreadable",
            "archive.unreadable-member",
            "archive.member-too-large",
            "archive.malformed-directory",
            "archive.malformed-extra",
            "archive.many-extra-fields",
            "archive.multi-volume",
            "archive.broken-deflate",
            "archive.truncated-deflate",
        ),
    ),
    Group(
        reason="Code is not what its source builds to.",
        rules=("code.differs", "code.only-published", "native.bundled-library", "native.differs"),
    ),
    Group(
        reason="What gets installed with it, or where, is not what its source says.",
        rules=(
            "metadata.dependencies-differ",
            "entry-points.unreadable",
            "entry-points.odd-name",
            "entry-points.unusable",
            "distinfo.nested-script",
            "distinfo.unknown-scheme",
            "container.meaningful-field",
        ),
    ),
    Group(
        reason="Other content is not what its source builds to.",
        rules=("member.only-published", "member.differs", "member.only-rebuilt"),
    ),
    Group(
        reason="What is said about the wheel contradicts itself or cannot be checked.",
        rules=(
            "wheel.tags",
            "wheel.read-otherwise",
            "wheel.unreadable",
            "wheel.version",
            "wheel.root-is-purelib",
            "wheel.build",
            "distinfo.file-name",
            "metadata.oversized",
            "metadata.license-file",
            "record.hash-encoding",
            "record.weak-hash",
            "record.listed-signature",
        ),
    ),
    Group(
        reason="Nothing could be compared with it here.",
        rules=("native.unsupported", "wheel.other-platform", "record.uncompared"),
    ),
    Group(
        reason="Bytes of the archive that nothing accounts for.",
        rules=(
            "container.deflate-slack",
            "container.stream-differs",
            "container.not-regenerated",
            "archive.unportable-name",
            "archive.extra-field",
            "archive.member-comment",
            "archive.comment",
            "archive.unknown-flags",
            "archive.unknown-version",
            "archive.unknown-system",
            "archive.dos-attributes",
            "archive.internal-attributes",
            "archive.local-differs",
            "archive.descriptor-width",
            "archive.stored-descriptor",
            "archive.redundant-descriptor",
            "archive.physical-order",
            "archive.zip64-unneeded",
            "archive.invalid-time",
        ),
    ),
    Group(
        reason="A fact about the release.",
        rules=(
            "release.attestation-changed",
            "release.attestation-missing",
            "release.attestation-unverified",
            "release.prebuilt-binary",
            "release.after-newer-release",
            "release.late-wheel",
            "release.build-tag",
            "release.silence-before",
            "release.late-source",
            "release.no-source",
            "release.yanked-source",
            "release.yanked-wheel",
        ),
    ),
    Group(
        reason="A named rule explains it.",
        rules=(
            "native.relinked",
            "native.same-image",
            "bytecode-recompiled",
            "source-line-ends",
            "nspkg-path-file",
            "build-date",
            "gzip-header",
            "text-line-ends",
            "license-moved",
            "stray-file",
            "directory-entry",
            "entry-points-layout",
            "top-level-derived",
            "namespace-packages-derived",
            "json-key-order",
            "egg-info-marker",
            "metadata.requirement-spelling",
            "metadata.requires-python-spelling",
            "metadata.extra-spelling",
            "metadata.metadata-version",
            "metadata.name-spelling",
            "metadata.python-classifiers",
            "metadata.dynamic",
            "metadata.license-files",
            "metadata.license-folding",
            "metadata.home-page",
            "metadata.placeholder",
            "metadata.description-newlines",
            "metadata.description-dedent",
            "metadata.layout",
            "metadata.line-ends",
            "wheel-generator",
            "record-follows",
            "container.deflate-stream",
        ),
    ),
    Group(
        reason="It is worth knowing.",
        rules=(
            "rebuild.unfit",
            "rebuild.unrepaired",
            "container.recorded-fields",
            "metadata.irregular",
            "record.without-itself",
            "distinfo.wrapped-script",
            "distinfo.spelling",
            "archive.data-descriptor",
        ),
    ),
)

_RANKS = {rule: at for at, rule in enumerate(rule for group in RANKING for rule in group.rules)}


def rank(rule: RuleName) -> int:
    """The place of a rule in the table, 0 for the most dangerous; -1 for a rule that it lacks."""
    return _RANKS.get(rule, -1)


def finding_order(finding: Finding) -> tuple[int, int, str, int, bool, str, str]:
    """Sort key: class, rank, rule, how much the lines reach for, member, summary.

    Total for the findings of one comparison, and free of hash seeds. What is about no member (the
    count of findings that are not told) comes last.
    """
    return (
        -finding.kind.weight,
        rank(finding.rule),
        finding.rule,
        -_reach(finding),
        finding.member is None,
        finding.member or "",
        finding.summary,
    )


def _reach(finding: Finding) -> int:
    """How many kinds of things the lines in evidence reach for (`verify.rules.touches`)."""
    kinds = finding.evidence.get("touches", ())
    return len(kinds) if isinstance(kinds, Sequence) and not isinstance(kinds, str) else 0
