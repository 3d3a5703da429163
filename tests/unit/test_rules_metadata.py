"""METADATA and requirements read strictly; laws against the parsers that installers use."""

import email
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.metadata import parse_email
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.wheels import DIST_INFO, entries, honest_files, pack, with_record, write
from verify.compare.engine import compare
from verify.distinfo.metadata import parse_headers
from verify.distinfo.plain_metadata import PlainMetadata, parse_plain
from verify.distinfo.requirement_form import requirement_form, specifiers_form
from verify.distinfo.requirements import (
    MAX_LENGTH,
    MAX_TOTAL,
    name_of,
    parse_requirement,
    requirements,
)
from verify.finding import Finding

HEAD = "Metadata-Version: 2.1\nName: example\nVersion: 1.0\n"

ENVIRONMENTS = [
    {"os_name": name, "python_version": version, "extra": extra}
    for name in ("nt", "posix")
    for version in ("2.7", "3.9", "3.10")
    for extra in ("", "x", "a-b")
]


def _plain(text: str) -> PlainMetadata | None:
    return parse_plain(text.encode())


def test_plain_file_is_told_field_by_field() -> None:
    text = f"{HEAD}License: MIT\n        \n\tmore\nRequires-Dist: a\n\nText\n\nmore\n"
    assert _plain(text) == PlainMetadata(
        fields=(
            ("Metadata-Version", "2.1"),
            ("Name", "example"),
            ("Version", "1.0"),
            ("License", "MIT\n        \n\tmore"),
            ("Requires-Dist", "a"),
        ),
        body="Text\n\nmore\n",
        line_end="\n",
    )


def test_file_without_an_empty_line_has_no_body() -> None:
    plain, ended = _plain(HEAD), _plain(f"{HEAD}\n")
    assert plain is not None
    assert ended is not None
    assert (plain.body, ended.body) == (None, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\nText\n",
        HEAD[:-1],
        f"\n{HEAD}",
        f" {HEAD}",
        f"{HEAD}Summary: a\n b\n",
        f"{HEAD}Name: example\n",
        f"{HEAD}Author-email: a\nAuthor-Email: a\n",
        f"{HEAD}Description: a\n",
        f"{HEAD}Summary:a\n",
        f"{HEAD}Summary:\n",
        f"{HEAD}SUMMARY: a\n",
        f"{HEAD}Summary: =?utf-8?b?YQ==?=\n",
        f"{HEAD}Summary: a\rb\n",
        f"{HEAD}Summary: a\x1eb\n",
        f"{HEAD}Summary: a\u2029b\n",
        f"{HEAD}Description-Content-Type: {'a' * 1001}\n",
        HEAD + "Classifier: a\n" * 10_001,
        f"{HEAD}License: a\n" + " b\n" * 20_001,
        f"{HEAD}License: {'a' * 70_000}\n",
    ],
)
def test_file_that_two_readers_may_see_differently_is_refused(text: str) -> None:
    assert _plain(text) is None


def test_file_that_is_not_utf_8_is_refused() -> None:
    assert parse_plain(f"{HEAD}Author: J\u00fcrgen\n".encode("latin-1")) is None


LINES = st.lists(
    st.sampled_from(
        (
            "Summary: s",
            "License: MIT",
            "        more",
            "        ",
            "\tx",
            "Requires-Dist: a",
            "Requires-Dist: b ; os_name == 'nt'",
            "Provides-Extra: x",
            "Author: J\u00fcrgen",
            "Author: =?utf-8?q?J=C3=BCrgen?=",
            "Summary:  two spaces ",
            "Summary: a\x0bb",
            "Summary: a\x85b",
            "no field",
            "From me",
            "requires-dist: c",
            ": d",
            "",
            "\r",
            " ",
        )
    ),
    max_size=8,
)


@given(LINES, st.sampled_from(("\n", "\r\n", "\r")), st.text("ab \n\r\u2028:", max_size=12))
@settings(max_examples=400, deadline=None)
def test_email_parser_sees_what_is_told(lines: list[str], end: str, body: str) -> None:
    text = (HEAD + "".join(f"{line}\n" for line in lines)).replace("\n", end) + body
    plain = _plain(text)
    if plain is None:
        return
    message = email.message_from_string(text)
    # Readers drop spaces before a value, and those that read text know one line end only.
    seen = [(name, value.replace("\r\n", "\n")) for name, value in message.items()]
    assert seen == [(name, value.lstrip(" \t")) for name, value in plain.fields]
    payload = message.get_payload()
    assert isinstance(payload, str)
    assert payload.replace(plain.line_end, "\n") == (plain.body or "")
    assert plain.to_bytes() == text.encode()


@given(LINES)
@settings(max_examples=200, deadline=None)
def test_packaging_sees_what_is_told(lines: list[str]) -> None:
    data = (HEAD + "".join(f"{line}\n" for line in lines)).encode()
    plain = parse_plain(data)
    if plain is None:
        return
    raw, unparsed = parse_email(data)
    assert unparsed == {}
    assert tuple(raw.get("requires_dist", ())) == plain.values("requires-dist")
    assert tuple(raw.get("provides_extra", ())) == plain.values("provides-extra")


NAMES = st.sampled_from(("a", "Foo.Bar", "foo_bar", "x-y", "zope.interface"))
VERSIONS = st.sampled_from(("1", "1.0", "2.0b1", "3.post1", "1.0.dev2"))
SPECIFIERS = st.one_of(
    st.tuples(st.sampled_from((">=", "<", "<=", ">", "==", "!=")), VERSIONS).map("".join),
    st.sampled_from(("==1.*", "~=1.2", "==1.0+local")),
)
COMPARISONS = st.sampled_from(
    (
        ("os_name", "==", "nt"),
        ("python_version", "<", "3.10"),
        ("python_version", "in", "2.7 3.9"),
        ("python_version", "not in", "2.7"),
        ("extra", "==", "x"),
        ("extra", "==", "A_b"),
    )
)
Tree = tuple[Any, ...]
"""A comparison in three parts, or a logical operator and what it joins."""

TREES: st.SearchStrategy[Tree] = st.recursive(
    COMPARISONS,
    lambda inner: st.tuples(
        st.sampled_from(("and", "or")), st.lists(inner, min_size=2, max_size=3).map(tuple)
    ),
    max_leaves=5,
)


def _gap(draw: st.DrawFn, *, least: int = 0) -> str:
    return " " * draw(st.integers(least, 1))


def _marker(draw: st.DrawFn, tree: Tree, around: str = "or") -> str:
    """A marker with spaces, quotes and parentheses as they come, but no fewer than are needed."""
    needs_parentheses = (around, tree[0]) == ("and", "or")
    if len(tree) == 3:
        gap = _gap(draw, least=1 if "in" in tree[1] else 0)
        quote = draw(st.sampled_from("'\""))
        text = f"{tree[0]}{gap}{tree[1]}{gap}{quote}{tree[2]}{quote}"
    else:
        text = f" {tree[0]} ".join(_marker(draw, each, tree[0]) for each in tree[1])
    if needs_parentheses or draw(st.booleans()):
        return f"({_gap(draw)}{text}{_gap(draw)})"
    return text


def _spelled(
    draw: st.DrawFn, name: str, extras: list[str], specifiers: list[str], tree: Tree | None
) -> str:
    extras, specifiers = draw(st.permutations(extras)), draw(st.permutations(specifiers))
    listed = f"[{','.join(extras)}]{_gap(draw)}" if extras else ""
    bounds = f"{_gap(draw)},{_gap(draw)}".join(specifiers)
    if bounds and draw(st.booleans()):
        bounds = f"({bounds})"
    text = f"{name}{_gap(draw)}{listed}{bounds}".rstrip()
    return text if tree is None else f"{text}{_gap(draw)};{_gap(draw)}{_marker(draw, tree)}"


@st.composite
def _two_spellings(draw: st.DrawFn) -> tuple[str, str]:
    """One requirement, spelled twice."""
    name = draw(NAMES)
    extras = draw(st.lists(st.sampled_from("pqr"), unique=True))
    specifiers = draw(st.lists(SPECIFIERS, max_size=3))
    tree = draw(st.none() | TREES)
    return (
        _spelled(draw, name, extras, specifiers, tree),
        _spelled(draw, name.upper(), extras, specifiers, tree),
    )


def _holds(marker: Marker | None) -> list[bool]:
    return [marker is None or marker.evaluate(environment) for environment in ENVIRONMENTS]


def _same_to_packaging(first: str, second: str) -> bool:
    one, other = Requirement(first), Requirement(second)
    return (
        canonicalize_name(one.name) == canonicalize_name(other.name)
        and (one.url, one.extras) == (other.url, other.extras)
        and {str(each) for each in one.specifier} == {str(each) for each in other.specifier}
        and _holds(one.marker) == _holds(other.marker)
    )


@given(_two_spellings())
@settings(max_examples=300, deadline=None)
def test_two_spellings_have_one_form_and_one_meaning(pair: tuple[str, str]) -> None:
    first, second = map(requirement_form, pair)
    assert first is not None
    assert first == second
    assert _same_to_packaging(*pair)


@given(_two_spellings(), st.data())
@settings(max_examples=300, deadline=None)
def test_one_form_is_one_meaning_whatever_changes(
    pair: tuple[str, str], data: st.DataObject
) -> None:
    text = pair[0]
    at = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(at, min(at + 2, len(text))))
    changed = (
        text[:at] + data.draw(st.text("ab1.,;()[]<>=!~ '\"-_+*@#\n\t\\", max_size=2)) + text[end:]
    )
    form = requirement_form(changed)
    if form is None:
        return
    # What has a form, packaging parses.
    Requirement(changed)
    if form == requirement_form(text):
        assert _same_to_packaging(text, changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a ",
        " a",
        "a-",
        "a..b",
        "a   >=1",
        "a>=1,",
        "a ()",
        "a ( )",
        "a (>=1",
        "a>=1.*",
        "a>=1+x",
        "a~=1",
        "a===1",
        "a=1",
        "a 1",
        "a>=v1",
        "a[]",
        "a[x,x]",
        "a;",
        "a; extra",
        "a; extra ==",
        "a; extra == x",
        "a; 'x' == 'x'",
        "a; os_name == os_name",
        "a; os.name == 'x'",
        "a; extra === 'x'",
        "a; extra == 'x' and",
        "a; extra == 'x'and os_name == 'nt'",
        "a; (extra == 'x'",
        "a; extra == 'x\\''",
        "a; extra == 'x;y'",
        "a; extra == '#'",
        f"a; {'(' * 9}extra == 'x'{')' * 9}",
        "a @ https://example.org/a.zip",
        "a\n",
        "\u0430",
        "a>=\u0661",
        "a" * (MAX_LENGTH + 1),
    ],
)
def test_requirement_that_some_installer_may_read_otherwise_has_no_form(text: str) -> None:
    assert requirement_form(text) is None


def test_precedence_of_a_marker_is_part_of_its_form() -> None:
    plain = requirement_form("a; os_name == 'a' or os_name == 'b' and os_name == 'c'")
    same = requirement_form("a; os_name == 'a' or (os_name == 'b' and os_name == 'c')")
    other = requirement_form("a; (os_name == 'a' or os_name == 'b') and os_name == 'c'")
    assert plain == same
    assert plain != other


def test_specifiers_are_sorted_texts() -> None:
    assert specifiers_form("< 2,>=1.0") == specifiers_form(">=1.0 , <2") == ("<2", ">=1.0")
    assert specifiers_form("") is None
    assert specifiers_form(">=1.0;<2") is None


def test_requirements_are_parsed_or_kept() -> None:
    headers = parse_headers(
        b"Requires-Dist: Foo.Bar (>=1)\nRequires-Dist: a\n b\nRequires-Dist: c>=1.0.*\n"
        b"Requires-Dist: ;\n\nRequires-Dist: d\n"
    )
    found = requirements(headers)
    assert [str(requirement) for requirement in found.parsed] == ["Foo.Bar>=1"]
    assert found.unparsed == ("a\n b", "c>=1.0.*", ";")
    assert found.names == {"foo-bar", "a", "c"}


def test_requirements_beyond_the_bound_are_kept() -> None:
    count = MAX_TOTAL // 4 + 10
    found = requirements(parse_headers(b"Requires-Dist: abcd\n" * count))
    assert len(found.parsed) == MAX_TOTAL // 4
    assert len(found.unparsed) == 10
    assert found.names == {"abcd"}


@pytest.mark.parametrize(
    "text",
    [
        "a" * (MAX_LENGTH + 1),
        f"a; {'(' * 21}os_name == 'x'{')' * 21}",
        f"a>={'1' * 5000}",
        "a; os_name == '\\d'",
        "a; os_name == '\0'",
        "a; os_name == '\u00e9'",
        "a\t>=1",
        "",
    ],
)
def test_requirement_that_packaging_might_choke_on_is_none(text: str) -> None:
    assert parse_requirement(text) is None


def test_name_of_a_requirement_is_what_it_begins_with() -> None:
    assert name_of(" (Foo_Bar evil") == "foo-bar"
    assert name_of("\u0430bc") is None


def _findings(tmp_path: Path, published: str, rebuilt: str) -> tuple[Finding, ...]:
    def wheel(text: str) -> bytes:
        files = honest_files({f"{DIST_INFO}/METADATA": (HEAD + text).encode()})
        return pack(entries(with_record(files)))

    return compare(
        write(tmp_path / "p", wheel(published)), write(tmp_path / "r", wheel(rebuilt))
    ).findings


def test_only_other_requirements_are_listed(tmp_path: Path) -> None:
    found = _findings(
        tmp_path,
        "Requires-Dist: a (>=1)\nRequires-Dist: b<3\nRequires-Python: >=3.7, <4\n",
        "Requires-Dist: a>=1\nRequires-Dist: b<2\nRequires-Python: <4,>=3.7\n",
    )
    (listed,) = (each for each in found if each.rule == "metadata.dependencies-differ")
    assert listed.evidence["added"] == ["requires-dist: b<3"]
    assert listed.evidence["removed"] == ["requires-dist: b<2"]


def test_repeated_requirement_is_another_one(tmp_path: Path) -> None:
    found = _findings(tmp_path, "Requires-Dist: a\nRequires-Dist: a\n", "Requires-Dist: a\n")
    assert "metadata.dependencies-differ" in {each.rule for each in found}


def test_other_spelling_beside_another_difference_is_no_other_requirement(tmp_path: Path) -> None:
    found = _findings(
        tmp_path, "Summary: s\nRequires-Dist: a (>=1)\n", "Summary: t\nRequires-Dist: a>=1\n"
    )
    rules = {each.rule for each in found}
    assert "member.differs" in rules
    assert "metadata.dependencies-differ" not in rules


def test_finding_names_the_values_that_differ(tmp_path: Path) -> None:
    found = _findings(
        tmp_path,
        "Requires-Dist: a\nRequires-Dist: b (>=1)\n",
        "Requires-Dist: a\nRequires-Dist: b>=1\n",
    )
    (spelling,) = (each for each in found if each.rule == "metadata.requirement-spelling")
    assert spelling.member == f"{DIST_INFO}/METADATA"
    assert spelling.evidence == {"published": ["b (>=1)"], "rebuilt": ["b>=1"]}


def _filled(line: str, size: int = 1_000_000) -> str:
    return "".join(line.format(at) + "\n" for at in range(size // len(line)))


@pytest.mark.parametrize(
    ("published", "rebuilt"),
    [
        (_filled("Requires-Dist: a{} (>1)", 20_000), _filled("Requires-Dist: a{}>1", 20_000)),
        (_filled("Requires-Dist: a{};(extra<'1')"), _filled("Requires-Dist: a{};extra<'1'")),
        (_filled("Classifier: a{}"), _filled("Classifier: b{}")),
        (f"License: a\n{_filled('        ')}", f"License: a\n{_filled('       ')}"),
        (f"\n{_filled('    a')}", f"\n{_filled('a')}"),
        (f"\n{' ' * 1_000_000}a", "\na"),
        (f"Requires-Dist: a{' ' * 60_000}(", "Requires-Dist: a"),
        (f"Requires-Dist: {'a' * 60_000}(", "Requires-Dist: a"),
    ],
)
def test_strict_reading_of_hostile_files_takes_no_time(published: str, rebuilt: str) -> None:
    start = time.process_time()
    for text in (published, rebuilt):
        plain = _plain(HEAD + text)
        for value in plain.values("requires-dist") if plain else ():
            requirement_form(value)
    assert time.process_time() - start < 1
