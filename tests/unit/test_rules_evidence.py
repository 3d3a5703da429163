"""Evidence: what a person is shown of a difference is bounded, and finds what matters."""

import json
import random
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from reports.as_json import diff_document, dump
from reports.evidence import evidence_lines
from tests.support.wheels import entries, honest_files, pack, with_record, write
from verify.archive.limits import WINDOW
from verify.archive.reader import read_archive
from verify.compare.engine import compare
from verify.compare.explain import explain
from verify.compare.members import compare_members
from verify.finding import Finding, FindingClass, JSONValue, RuleName
from verify.results import Diff
from verify.rules.confusables import ascii_look_alike
from verify.rules.evidence import binary_facts, content_facts
from verify.rules.imports import Module, Precedence, library_path, module_of, rivals
from verify.rules.interface import Difference, Side
from verify.rules.registry import ALL
from verify.rules.scan import REACH, Piece, added, for_pattern, pieces
from verify.rules.source import code_of
from verify.rules.text import changes, diff_lines, first_lines
from verify.rules.touches import touches

CORE = "example/core.py"
HONEST = with_record(honest_files())
MEBIBYTE = 1024**2


def _side(tmp_path: Path, data: bytes, name: str = "a.txt") -> Side:
    files = {name: data}
    archive = read_archive(write(tmp_path, pack(entries(files))))
    member = archive.by_name[name]
    return Side(archive=archive, member=member, content=archive.content(member))


def _pair(tmp_path: Path, published: bytes, rebuilt: bytes) -> tuple[Side, Side]:
    return _side(tmp_path / "p", published), _side(tmp_path / "r", rebuilt)


def _compare(tmp_path: Path, files: Mapping[str, bytes]) -> Diff:
    published = pack(entries(with_record(honest_files(files))))
    return compare(write(tmp_path / "p", published), write(tmp_path / "r", pack(entries())))


def _evidence(diff: Diff, rule: str) -> Mapping[str, JSONValue]:
    return next(finding.evidence for finding in diff.findings if finding.rule == rule)


def test_a_diff_names_the_lines(tmp_path: Path) -> None:
    ours = b"same\none\ntwo\nTHREE\nfour\nfive\nsix\n"
    theirs = b"same\none\ntwo\nthree\nfour\nsix\nseven\n"
    assert diff_lines(*_pair(tmp_path, ours, theirs)) == [
        "after 3 equal lines",
        "--- rebuilt",
        "+++ published",
        "@@ -4 +4 @@",
        "-three\n",
        "+THREE\n",
        "@@ -5,0 +6 @@",
        "+five\n",
        "@@ -7 +7,0 @@",
        "-seven\n",
    ]


def test_a_changed_line_end_is_a_change(tmp_path: Path) -> None:
    lines = diff_lines(*_pair(tmp_path, b"a\nb\r\n", b"a\nb\n"))
    assert lines is not None
    assert lines[-2:] == ["-b\n", "+b\r\n"]


def test_what_is_no_text_has_no_diff(tmp_path: Path) -> None:
    assert diff_lines(*_pair(tmp_path / "a", b"a\0", b"b")) is None
    assert diff_lines(*_pair(tmp_path / "b", b"same\n\0\nx", b"same\n\0\ny")) is None


def _applied(theirs: list[str], diff: list[str]) -> list[str]:
    """The text that a unified diff without context makes of another one."""
    made, at = [], 0
    for line in diff:
        header = re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+\S+ @@", line)
        if header:
            count = int(header[2] or 1)
            start = int(header[1]) - (1 if count else 0)
            made += theirs[at:start]
            at = start + count
        elif line.startswith("+") and not line.startswith("+++"):
            made.append(line[1:])
    return made + theirs[at:]


@pytest.mark.parametrize("seed", range(20))
def test_a_diff_makes_the_published_text_of_the_rebuilt_one(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    theirs = [f"{chance.randrange(40)}\n" for _ in range(25)]
    ours = [line for line in theirs if chance.random() > 0.2]
    for _ in range(5):
        ours.insert(chance.randrange(len(ours) + 1), f"{chance.randrange(40)}\n")
    sides = _pair(tmp_path, "".join(ours).encode(), "".join(theirs).encode())
    found = changes(*sides)
    assert found is not None
    assert [line for _, line in found.added()] == [
        line for hunk in found.hunks for line in hunk.added
    ]
    assert all(ours[number - 1] == line for number, line in found.added())
    shown = diff_lines(*sides)
    assert shown is not None
    assert _applied(theirs, shown) == ours


def test_texts_written_against_difflib_take_no_time(tmp_path: Path) -> None:
    theirs = b"".join(b"%d\n" % (at % 300) for at in range(30_000))
    ours = b"".join(b"%d\n" % (at % 300 if at % 2 else -at) for at in range(30_000))
    sides = _pair(tmp_path, ours, theirs)
    start = time.process_time()
    lines = diff_lines(*sides)
    # difflib takes minutes.
    assert time.process_time() - start < 10
    assert lines is not None
    assert len(lines) < 70


def test_the_change_in_a_large_member_is_shown(tmp_path: Path) -> None:
    start = b"x = 1\n" * 500_000
    ours, theirs = start + b"import socket\n" + start, start + start
    diff = _compare_code(tmp_path, ours, theirs)
    evidence = _evidence(diff, "code.differs")
    assert evidence["touches"] == ["network"]
    assert evidence["telling_lines"] == ["500001: import socket"]
    lines = evidence["diff"]
    assert isinstance(lines, list)
    assert lines[0] == "after 500000 equal lines"
    assert "+import socket\n" in lines
    assert len(lines) < 70


def _compare_code(tmp_path: Path, published: bytes, rebuilt: bytes) -> Diff:
    ours = pack(entries(with_record(honest_files({CORE: published}))))
    theirs = pack(entries(with_record(honest_files({CORE: rebuilt}))))
    return compare(write(tmp_path / "p", ours), write(tmp_path / "r", theirs))


def test_every_changed_line_is_searched_though_few_are_shown(tmp_path: Path) -> None:
    theirs = b"".join(b"x%d = 1\n" % at for at in range(5_000))
    ours = theirs.replace(b" = 1", b" = 2") + b"import ctypes, marshal\n"
    evidence = _evidence(_compare_code(tmp_path, ours, theirs), "code.differs")
    assert evidence["touches"] == ["unmarshalling", "native-code"]
    assert evidence["telling_lines"] == ["5001: import ctypes, marshal"]


def test_new_code_is_shown_by_its_first_lines(tmp_path: Path) -> None:
    code = b"import os\n" + b"x = 1\n" * 400_000 + b"import socket\n"
    evidence = _evidence(_compare(tmp_path, {"example/x.py": code}), "code.only-published")
    assert evidence["lines"] == 400_002
    assert evidence["size"] == len(code)
    assert evidence["first_lines"] == ["import os", *["x = 1"] * 19]


def test_native_code_is_shown_by_what_it_names(tmp_path: Path) -> None:
    header = b"\x7fELF\2\1\1" + bytes(9) + (3).to_bytes(2, "little") + (62).to_bytes(2, "little")
    data = header + bytes(99) + b"\0libcrypto.so.1.1\0https://example.org/x\0/bin/sh\0evil.dll\0"
    evidence = _evidence(_compare(tmp_path, {"example/x.so": data}), "code.binary-only-published")
    assert evidence["format"] == "ELF shared object for x86-64"
    assert evidence["libraries"] == ["libcrypto.so.1.1", "evil.dll"]
    assert evidence["strings"] == ["https://example.org/x", "/bin/sh"]


def test_short_native_code_has_a_format_too(tmp_path: Path) -> None:
    assert binary_facts(_side(tmp_path / "a", b"\x7fELF"))["format"] == "ELF"
    assert binary_facts(_side(tmp_path / "b", b"MZ\0"))["format"] == "PE (Windows)"
    assert binary_facts(_side(tmp_path / "c", b"\0\1"))["format"] is None
    assert "first_lines" in content_facts(_side(tmp_path / "d", b"text\n"))


def test_evidence_cannot_steer_a_terminal() -> None:
    finding = Finding(
        rule=RuleName("code.only-published"),
        kind=FindingClass.UNEXPLAINED,
        summary="x",
        evidence={"added": ["\x1b[31m", "\u202e", "\ufe0f", "\u3164", "\U000e0101", "\ud800"]},
    )
    assert evidence_lines(finding, verbose=False) == [
        "\\x1b[31m", "\\u202e", "\\ufe0f", "\\u3164", "\\U000e0101", "\\ud800",
    ]  # fmt: skip


def test_evidence_shows_the_essence_first_and_everything_when_asked() -> None:
    finding = Finding(
        rule=RuleName("code.differs"),
        kind=FindingClass.UNEXPLAINED,
        summary="x",
        evidence={"size": 3, "touches": ["network"], "telling_lines": ["1: x"], "diff": ["+x"]},
    )
    assert evidence_lines(finding, verbose=False) == ["touches network", "+x"]
    assert evidence_lines(finding, verbose=True) == [
        "touches network", "+x", "size: 3", 'telling_lines: ["1: x"]',
    ]  # fmt: skip


def test_hostile_evidence_is_plain_json(tmp_path: Path) -> None:
    files = {
        "example/x.py": b"\xff\xfe\x1b[31m" + "\u202e\ud7ff".encode() + b"\0",
        "example/y.txt": b"\xed\xa0\x80\x9b\n",
        "x.pth": b"import os\x1b\xff",
        CORE: b"\xff" + HONEST[CORE],
    }
    text = dump(diff_document(_compare(tmp_path, files)))
    assert text.isascii()
    assert json.loads(text)["verdict"] == "suspicious"


TOUCHES = {
    "x = 1": [],
    "executor = evaluate(x)": [],
    "exec(x)": ["dynamic-code"],
    "os.system('id')": ["process"],
    "os.path.join(x)": [],
    "url = 'https://example.org'": ["network"],
    "x = '10.0.0.1'": ["network"],
    "version = '1.2.3'": [],
    "import base64, marshal": ["decoding", "unmarshalling"],
    r"x = '\x65\x76\x61\x6c\x28\x78\x29\x0a'": ["decoding"],
    "ctypes.CDLL(None)": ["native-code"],
    "os.environ['TOKEN']": ["secrets"],
    "sys.meta_path.insert(0, x)": ["persistence"],
}


@pytest.mark.parametrize("line", TOUCHES)
def test_lines_touch_what_they_name(line: str) -> None:
    assert touches([(1, line)])["touches"] == TOUCHES[line]


def test_telling_lines_are_few_and_short() -> None:
    evidence = touches((at, "exec(" + "x" * 1000) for at in range(1, 1000))
    lines = evidence["telling_lines"]
    assert isinstance(lines, list)
    assert len(lines) == 10
    assert max(map(len, map(str, lines))) < 250


@pytest.mark.parametrize("size", [0, 1, REACH, 3 * REACH, MEBIBYTE, MEBIBYTE + REACH + 1])
def test_pieces_are_a_partition_with_what_is_around(size: int, tmp_path: Path) -> None:
    data = random.Random(size).randbytes(size)  # noqa: S311 - no secret
    found = list(pieces(_side(tmp_path, data)))
    assert b"".join(piece.data[piece.start : piece.end] for piece in found) == data
    for before, after in pairwise(found):
        assert len(before.data) - before.end == REACH
        assert after.start == min(REACH, before.end)


def test_a_search_stays_inside_of_its_piece() -> None:
    search = for_pattern(re.compile(rb"ab+"))
    assert list(search(Piece(data=b"ab abb abbb", start=1, end=7))) == [(3, 6)]
    assert list(search(Piece(data=b"ab abb abbb", start=0, end=8))) == [(0, 2), (3, 6), (7, 11)]


@pytest.mark.parametrize("before", range(WINDOW - REACH - 40, WINDOW - REACH + 40, 5))
def test_what_lies_across_two_pieces_is_found_once(before: int, tmp_path: Path) -> None:
    data = b"x" * before + b"ab" * 20 + b"x" * WINDOW
    side = _side(tmp_path, data)
    difference = Difference(name="a.txt", published=side, rebuilt=None)
    assert added(difference, for_pattern(re.compile(rb"(?:ab)+"))) == {b"ab" * 20: 1}


SOURCE = {
    "x = 'a' # b": {"x"},
    '"""a\nb""" + c': {"c"},
    "'''a\\''' b''' + c": {"c"},
    r"'a\'b' + c": {"c"},
    "'open\nc": {"c"},
    '"""open\nc': set(),
    "rb'a' + \"'\" + c": {"rb", "c"},
    "f'{a}' + c": {"f", "c"},
    "'#' + c": {"c"},
}


@pytest.mark.parametrize("source", SOURCE)
def test_names_are_those_outside_of_comments_and_strings(source: str, tmp_path: Path) -> None:
    code = code_of(_side(tmp_path, source.encode()))
    assert code is not None
    assert code.names() == SOURCE[source]


def test_source_that_never_ends_a_string_takes_no_time(tmp_path: Path) -> None:
    for data in (b'"' * MEBIBYTE, b"\\'" * (MEBIBYTE // 2), b'"\\' * (MEBIBYTE // 2)):
        assert code_of(_side(tmp_path / "x", data)) is not None


LOOK_ALIKE = {
    "exec": None,
    "na\u00efve": None,
    "\u03bd_max": None,
    "\u03baT": None,
    "\u0394t": None,
    "\u043f\u0440\u0438\u0432\u0435\u0442": None,
    "\u5909\u6570": None,
    "\u0435x\u0435c": "exec",
    "\u043es": "os",
    "\u0441\u0430\u0441\u043d\u0435": None,
    "\u0440\u0430\u0443": "pay",
    "\U0001d4ee\U0001d4ff\U0001d4ea\U0001d4f5": "eval",
    "\uff49\uff44": "id",
}


@pytest.mark.parametrize("name", LOOK_ALIKE)
def test_names_look_like_others(name: str) -> None:
    assert ascii_look_alike(name) == LOOK_ALIKE[name]


MODULES = {
    "pkg/core.py": Module(path="pkg/core", precedence=Precedence.SOURCE),
    "core.pyw": Module(path="core", precedence=Precedence.SOURCE),
    "pkg/core/__init__.py": Module(path="pkg/core", precedence=Precedence.PACKAGE),
    "pkg/core.abi3.so": Module(path="pkg/core", precedence=Precedence.EXTENSION),
    "pkg/core.cp311-win_amd64.pyd": Module(path="pkg/core", precedence=Precedence.EXTENSION),
    "pkg/core.pyc": Module(path="pkg/core", precedence=Precedence.BYTECODE),
    "x-1.data/purelib/Core.py": Module(path="Core", precedence=Precedence.SOURCE),
    "x-1.data/data/lib/python3.11/site-packages/a/b.py": Module(
        path="a/b", precedence=Precedence.SOURCE
    ),
    "pkg/core.data.py": None,
    "pkg/__pycache__/core.cpython-311.pyc": None,
    "__init__.py": None,
    "pkg/core": None,
    ".py": None,
    "x-1.data/scripts/core.py": None,
    "x-1.data/data/core.py": None,
}


@pytest.mark.parametrize("name", MODULES)
def test_members_are_modules(name: str) -> None:
    assert module_of(name) == MODULES[name]


def test_only_later_kinds_of_one_module_are_rivals() -> None:
    names = sorted(["a/core.py", "a/core.pyc", "a/core/__init__.py", "a/core2.py", "a/core.txt"])
    extension = module_of("a/core.so")
    assert extension is not None
    assert list(rivals(extension, names)) == ["a/core.py", "a/core.pyc"]


def test_paths_in_the_library_are_as_they_are_spelled() -> None:
    assert library_path("Pkg/Core.py") == "Pkg/Core.py"
    assert library_path("x-1.data/platlib/Pkg/Core.py") == "Pkg/Core.py"
    assert library_path("x-1.data/scripts/Core.py") is None


def test_first_lines_are_bounded(tmp_path: Path) -> None:
    lines = first_lines(_side(tmp_path, b"x" * MEBIBYTE + b"\ny\n"))
    assert lines == ["x" * 200]


def test_more_than_rules_can_read_is_unexplained(tmp_path: Path) -> None:
    large = {"example/big.py": b"x = 1\r\n" * 2_000, "small.pth": b"import os\n"}
    theirs = {"example/big.py": b"x = 1\n" * 2_000}
    published = read_archive(write(tmp_path / "p", pack(entries(large))))
    rebuilt = read_archive(write(tmp_path / "r", pack(entries(theirs))))
    differences = compare_members(published, rebuilt).differences

    def rules(max_read: int) -> dict[str | None, set[str]]:
        explanation = explain(
            differences,
            replace(ALL, max_read=max_read),
            published=published,
            rebuilt=rebuilt,
            dist_info=None,
        )
        found: dict[str | None, set[str]] = {}
        for finding in explanation.findings:
            found.setdefault(finding.member, set()).add(finding.rule)
        return found

    hook = {"code.autostart", "member.only-published"}
    assert rules(10**9) == {"small.pth": hook, "example/big.py": {"source-line-ends"}}
    assert rules(10_000) == {"small.pth": hook, "example/big.py": {"member.differs"}}
