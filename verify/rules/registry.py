"""Every rule, by name and in order; nothing is discovered, so nothing can be smuggled in.

A difference meets the dangerous patterns first, all of them. Only one without any match may be
explained by a benign rule, the first that knows its shape. What no rule explains gets the first
matching finding of the last list, whose end matches everything.
"""

from dataclasses import dataclass, replace
from typing import Self

from verify.rules.benign.build_date import build_date
from verify.rules.benign.bytecode_recompiled import bytecode_recompiled
from verify.rules.benign.deflate_stream import deflate_stream
from verify.rules.benign.directory_entry import directory_entry
from verify.rules.benign.egg_info_marker import egg_info_marker
from verify.rules.benign.entry_points_layout import entry_points_layout
from verify.rules.benign.gzip_header import gzip_header
from verify.rules.benign.json_key_order import json_key_order
from verify.rules.benign.license_moved import license_moved
from verify.rules.benign.metadata.description_dedent import description_dedent
from verify.rules.benign.metadata.description_newlines import description_newlines
from verify.rules.benign.metadata.dynamic import dynamic
from verify.rules.benign.metadata.extra_spelling import extra_spelling
from verify.rules.benign.metadata.home_page import home_page
from verify.rules.benign.metadata.layout import layout
from verify.rules.benign.metadata.license_files import license_files
from verify.rules.benign.metadata.license_folding import license_folding
from verify.rules.benign.metadata.line_ends import line_ends
from verify.rules.benign.metadata.metadata_version import metadata_version
from verify.rules.benign.metadata.name_spelling import name_spelling
from verify.rules.benign.metadata.placeholder import placeholder
from verify.rules.benign.metadata.python_classifiers import python_classifiers
from verify.rules.benign.metadata.requirement_spelling import requirement_spelling
from verify.rules.benign.metadata.requires_python_spelling import requires_python_spelling
from verify.rules.benign.namespace_packages_derived import namespace_packages_derived
from verify.rules.benign.native_relinked import native_relinked
from verify.rules.benign.native_same_image import native_same_image
from verify.rules.benign.nspkg_path_file import nspkg_path_file
from verify.rules.benign.record_follows import record_follows
from verify.rules.benign.source_line_ends import source_line_ends
from verify.rules.benign.stray_file import stray_file
from verify.rules.benign.text_line_ends import text_line_ends
from verify.rules.benign.top_level_derived import top_level_derived
from verify.rules.benign.wheel_generator import wheel_generator
from verify.rules.dangerous.autostart import autostart
from verify.rules.dangerous.bidirectional_text import bidirectional_text
from verify.rules.dangerous.binary_only_published import binary_only_published
from verify.rules.dangerous.bundled_reaches_further import bundled_reaches_further
from verify.rules.dangerous.bytecode_only_published import bytecode_only_published
from verify.rules.dangerous.deceptive_identifier import deceptive_identifier
from verify.rules.dangerous.deceptive_metadata import deceptive_metadata
from verify.rules.dangerous.dependency_added import dependency_added
from verify.rules.dangerous.encoding_cookie import encoding_cookie
from verify.rules.dangerous.entry_points_changed import entry_points_changed
from verify.rules.dangerous.hidden_entry_points import hidden_entry_points
from verify.rules.dangerous.hidden_payload import hidden_payload
from verify.rules.dangerous.import_path import import_path
from verify.rules.dangerous.invisible_characters import invisible_characters
from verify.rules.dangerous.native_reaches_further import native_reaches_further
from verify.rules.dangerous.nested_archive import nested_archive
from verify.rules.dangerous.scripts_changed import scripts_changed
from verify.rules.dangerous.scripts_elsewhere import scripts_elsewhere
from verify.rules.dangerous.shadowed_library import shadowed_library
from verify.rules.dangerous.shadowed_module import shadowed_module
from verify.rules.dangerous.system_place import system_place
from verify.rules.interface import FieldRule, Rule, StreamRule
from verify.rules.unexplained.bundled_library import bundled_library
from verify.rules.unexplained.code_differs import code_differs
from verify.rules.unexplained.code_only_published import code_only_published
from verify.rules.unexplained.dependencies_differ import dependencies_differ
from verify.rules.unexplained.member_differs import member_differs
from verify.rules.unexplained.native_differs import native_differs
from verify.rules.unexplained.native_unsupported import native_unsupported
from verify.rules.unexplained.platform_differs import platform_differs
from verify.rules.unexplained.record_uncompared import record_uncompared

DANGEROUS: tuple[Rule, ...] = (
    autostart,
    system_place,
    hidden_payload,
    invisible_characters,
    bidirectional_text,
    deceptive_identifier,
    encoding_cookie,
    shadowed_module,
    shadowed_library,
    import_path,
    native_reaches_further,
    bundled_reaches_further,
    binary_only_published,
    bytecode_only_published,
    nested_archive,
    scripts_changed,
    entry_points_changed,
    hidden_entry_points,
    scripts_elsewhere,
    dependency_added,
    deceptive_metadata,
)

BENIGN: tuple[Rule, ...] = (
    wheel_generator,
    text_line_ends,
    entry_points_layout,
    top_level_derived,
    namespace_packages_derived,
    json_key_order,
    egg_info_marker,
    license_moved,
    nspkg_path_file,
    directory_entry,
    stray_file,
    source_line_ends,
    build_date,
    bytecode_recompiled,
    gzip_header,
    native_relinked,
    native_same_image,
    record_follows,
)

UNEXPLAINED: tuple[Rule, ...] = (
    bundled_library,
    code_only_published,
    code_differs,
    native_unsupported,
    native_differs,
    platform_differs,
    record_uncompared,
    dependencies_differ,
    member_differs,
)

FIELDS: tuple[FieldRule, ...] = (
    metadata_version,
    name_spelling,
    requirement_spelling,
    extra_spelling,
    requires_python_spelling,
    placeholder,
    description_newlines,
    description_dedent,
    license_files,
    license_folding,
    home_page,
    python_classifiers,
    dynamic,
    layout,
    line_ends,
)

STREAMS: tuple[StreamRule, ...] = (deflate_stream,)

MAX_READ = 256 * 1024**2
"""No honest wheel comes near, and rules take a minute or two for as much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What a comparison knows; tests take single rules away.

    Attributes:
        dangerous: patterns that forbid every explanation.
        benign: explanations of whole members, the first that matches counts.
        fields: explanations of single fields of METADATA.
        unexplained: names for the rest, from telling to catch-all.
        streams: explanations of packed bytes that no known compressor writes.
        max_read: bytes of differing sources that rules may read; what is beyond is unexplained.
    """

    dangerous: tuple[Rule, ...] = DANGEROUS
    benign: tuple[Rule, ...] = BENIGN
    fields: tuple[FieldRule, ...] = FIELDS
    unexplained: tuple[Rule, ...] = UNEXPLAINED
    streams: tuple[StreamRule, ...] = STREAMS
    max_read: int = MAX_READ

    def catch_all(self) -> Self:
        """Only what names a difference that nobody looks at more closely."""
        return replace(self, dangerous=(), benign=(), fields=(), unexplained=self.unexplained[-1:])


ALL = Rules()
