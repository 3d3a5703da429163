"""Every rule, by name and in order; nothing is discovered, so nothing can be smuggled in.

A difference meets the dangerous patterns first, all of them. Only one without any match may be
explained by a benign rule, the first that knows its shape. What no rule explains gets the first
matching finding of the last list, whose end matches everything.
"""

from dataclasses import dataclass

from verify.rules.benign.deflate_stream import deflate_stream
from verify.rules.benign.record_follows import record_follows
from verify.rules.benign.wheel_generator import wheel_generator
from verify.rules.dangerous.autostart import autostart
from verify.rules.dangerous.bidirectional_text import bidirectional_text
from verify.rules.dangerous.binary_only_published import binary_only_published
from verify.rules.dangerous.bytecode_only_published import bytecode_only_published
from verify.rules.dangerous.encoding_cookie import encoding_cookie
from verify.rules.dangerous.entry_points_changed import entry_points_changed
from verify.rules.dangerous.scripts_changed import scripts_changed
from verify.rules.interface import FieldRule, Rule, StreamRule
from verify.rules.unexplained.code_differs import code_differs
from verify.rules.unexplained.code_only_published import code_only_published
from verify.rules.unexplained.dependencies_differ import dependencies_differ
from verify.rules.unexplained.member_differs import member_differs
from verify.rules.unexplained.native_differs import native_differs

DANGEROUS: tuple[Rule, ...] = (
    autostart,
    binary_only_published,
    bytecode_only_published,
    entry_points_changed,
    scripts_changed,
    encoding_cookie,
    bidirectional_text,
)

BENIGN: tuple[Rule, ...] = (
    wheel_generator,
    record_follows,
)

UNEXPLAINED: tuple[Rule, ...] = (
    code_only_published,
    code_differs,
    native_differs,
    dependencies_differ,
    member_differs,
)

FIELDS: tuple[FieldRule, ...] = ()

STREAMS: tuple[StreamRule, ...] = (deflate_stream,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """What a comparison knows; tests take single rules away.

    Attributes:
        dangerous: patterns that forbid every explanation.
        benign: explanations of whole members, the first that matches counts.
        fields: explanations of single fields of METADATA.
        unexplained: names for the rest, from telling to catch-all.
        streams: explanations of packed bytes that no known compressor writes.
    """

    dangerous: tuple[Rule, ...] = DANGEROUS
    benign: tuple[Rule, ...] = BENIGN
    fields: tuple[FieldRule, ...] = FIELDS
    unexplained: tuple[Rule, ...] = UNEXPLAINED
    streams: tuple[StreamRule, ...] = STREAMS


ALL = Rules()
