"""What holds for every comparison, whatever the two files hold.

Each law is asked of the result alone or of readers that are not the product's.
"""

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from rich.console import Console

from reports.as_json import diff_document, dump
from reports.terminal import render_diff
from tests.fuzz.forward import forward_contents
from tests.fuzz.installed import contents, installed
from verify.finding import FindingClass
from verify.results import ByteShare, Diff
from verify.verdict import Verdict

TRUSTED = frozenset({Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT})

MAX_DOCUMENT = 16 * 1024**2
"""Characters of JSON about two wheels of a few kilobytes."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class BrokenLawError(AssertionError):
    """A result that must not be."""


def hold(*, law: bool, what: str) -> None:
    """Raise unless a law holds."""
    if not law:
        raise BrokenLawError(what)


def check_diff(diff: Diff, published: bytes, rebuilt: bytes) -> None:
    """Every law on the value."""
    check_account(diff, published)
    check_verdict(diff, published, rebuilt)
    if diff.verdict in TRUSTED:
        check_trust(diff, published, rebuilt)


def check_account(diff: Diff, published: bytes) -> None:
    """The shares add up to the file."""
    count = diff.accounting
    shares = (count.reproduced_bytes, count.explained_bytes, count.unexplained_bytes)
    hold(law=count.published_bytes == len(published), what="the account is of another size")
    hold(law=min(shares) >= 0, what=f"a share is negative: {shares}")
    hold(law=sum(shares) == len(published), what=f"{shares} do not add up to {len(published)}")
    by_region = _total(count.regions)
    hold(law=by_region == [len(published), *shares], what=f"regions add up to {by_region}")
    by_member = zip(_total(count.members), by_region, strict=True)
    hold(law=all(part <= whole for part, whole in by_member), what="members have more than all")


def _total(parts: Iterable[ByteShare]) -> list[int]:
    """Published, reproduced, explained and unexplained bytes of all parts."""
    total = [0, 0, 0, 0]
    for part in parts:
        shares = (part.reproduced, part.explained, part.unexplained)
        hold(law=sum(shares) == part.published, what=f"{part} does not add up")
        total = [sum(pair) for pair in zip(total, (part.published, *shares), strict=True)]
    return total


def check_verdict(diff: Diff, published: bytes, rebuilt: bytes) -> None:
    """The verdict follows from findings and bytes."""
    kinds = {finding.kind for finding in diff.findings}
    is_bad = bool(kinds & {FindingClass.DANGEROUS, FindingClass.UNEXPLAINED})
    hold(law=(diff.reason is None) == (diff.verdict is not Verdict.UNDETERMINED), what="reason")
    if diff.verdict in TRUSTED:
        hold(law=not is_bad, what="trusted in spite of a finding")
        hold(law=diff.accounting.unexplained_bytes == 0, what="trusted with unexplained bytes")
    elif diff.verdict is not Verdict.UNDETERMINED:
        hold(law=is_bad, what="not trusted without a finding")
    is_suspicious = diff.verdict is Verdict.SUSPICIOUS
    hold(law=is_suspicious == (FindingClass.DANGEROUS in kinds), what="dangerous")
    if diff.verdict is Verdict.IDENTICAL:
        hold(law=published == rebuilt, what="identical, but not the same bytes")
    elif diff.verdict in TRUSTED:
        is_explained = FindingClass.BENIGN in kinds
        hold(law=is_explained == (diff.verdict is Verdict.EQUIVALENT), what="equivalent")


def check_trust(diff: Diff, published: bytes, rebuilt: bytes) -> None:
    """What is trusted has the rebuilt members, but for those that a benign finding names.

    Those, too, must mean the same to an installer.
    """
    ours, theirs = contents(published), _evidence(rebuilt)
    differing = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    named = {finding.member for finding in diff.findings if finding.kind is FindingClass.BENIGN}
    hold(law=differing <= named, what=f"nothing explains {sorted(differing - named, key=str)}")
    if differing:
        left, right = installed(ours), installed(theirs)
        hold(law=left == right, what=f"trusted, but installed as {left}, not {right}")
    for finding in diff.findings:
        if finding.rule == "source-line-ends":
            name = finding.member or ""
            is_same = _program(ours[name]) == _program(theirs[name])
            hold(law=is_same, what=f"{name} is trusted, but another program")


def _evidence(rebuilt: bytes) -> dict[str, bytes]:
    """A rebuild may have oddities that `zipfile` stumbles over; nobody is going to install it."""
    try:
        return contents(rebuilt)
    except (NotImplementedError, RuntimeError, ValueError, zipfile.BadZipFile):
        return {name.decode(): data for name, data in forward_contents(rebuilt)}


def _program(source: bytes) -> str:
    """What the interpreter makes of a source, places included; nothing of it is run."""
    return ast.dump(ast.parse(source), include_attributes=True)


def check_document(diff: Diff) -> str:
    """The JSON document, which fits its schema, is ASCII and of a bounded size."""
    text = dump(diff_document(diff))
    hold(law=text.isascii() and len(text) < MAX_DOCUMENT, what="the document is no small ASCII")
    error = next(_validator().iter_errors(json.loads(text)), None)
    hold(law=error is None, what=f"the document does not fit its schema: {error}")
    return text


def check_rendering(diff: Diff, *, is_verbose: bool) -> None:
    """What a terminal shows has colours and line feeds, and nothing else that steers it."""
    stream = io.StringIO()
    console = Console(
        file=stream, force_terminal=True, color_system="standard", width=80, soft_wrap=True,
        highlight=False, emoji=False, markup=False, legacy_windows=False,
    )  # fmt: skip
    render_diff(diff, console, verbose=is_verbose)
    check_plain(stream.getvalue())


def check_plain(text: str) -> None:
    """Text for people holds printable characters, line feeds and colours."""
    rest = _COLOUR.sub("", text).replace("\n", "")
    hold(law=rest.isprintable(), what="the rendering steers the terminal")


@cache
def _validator() -> Any:  # noqa: ANN401 - as jsonschema types it
    schema = json.loads(files("verify.schemas").joinpath("diff-1.json").read_text("utf-8"))
    return Draft202012Validator(schema)
