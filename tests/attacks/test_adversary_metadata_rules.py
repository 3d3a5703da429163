"""Attacks by somebody who has read the rules on METADATA: two files that some reader tells apart.

Each published file differs from the rebuilt one in what a rule grants, and makes a real reader see
something else, or carries bytes that the source does not determine.
"""

import random
from pathlib import Path

import pytest

from tests.support.wheels import entries, pack, record_row, wheel_file, write
from verify.compare.engine import compare
from verify.results import Diff
from verify.verdict import Verdict

DIST_INFO = "exam_ple-1.0.dist-info"
FILENAME = "exam_ple-1.0-py3-none-any.whl"
HEAD = "Metadata-Version: 2.1\nName: exam-ple\nVersion: 1.0\n"
TRUSTED = {Verdict.IDENTICAL, Verdict.REGENERATED, Verdict.EQUIVALENT}

Texts = tuple[str, str]
"""What is published, and what the source builds to; `HEAD` comes first unless there is a name."""


def _wheel(metadata: bytes, generator: str = "bdist_wheel (0.43.0)") -> bytes:
    files = {
        "exam_ple.py": b"ANSWER = 42\n",
        f"{DIST_INFO}/METADATA": metadata,
        f"{DIST_INFO}/WHEEL": wheel_file(generator),
    }
    rows = [*(record_row(name, data) for name, data in files.items()), f"{DIST_INFO}/RECORD,,"]
    record = "".join(f"{row}\n" for row in rows).encode()
    return pack(entries({**files, f"{DIST_INFO}/RECORD": record}))


def _whole(text: str) -> bytes:
    return (text if "Name: " in text else HEAD + text).encode("utf-8", "surrogateescape")


def _diff(tmp_path: Path, published: bytes, rebuilt: bytes) -> Diff:
    return compare(
        write(tmp_path / "p", published, FILENAME), write(tmp_path / "r", rebuilt, FILENAME)
    )


def _compare(tmp_path: Path, texts: Texts) -> Diff:
    published, rebuilt = map(_whole, texts)
    assert published != rebuilt
    return _diff(tmp_path, _wheel(published), _wheel(rebuilt))


def _requires(published: str, rebuilt: str) -> Texts:
    return f"Requires-Dist: {published}\n", f"Requires-Dist: {rebuilt}\n"


LICENSE = "License: Some License\n        Version: 6.6.6\n        of it\n"

OF_ITSELF = 'Provides-Extra: all\nRequires-Dist: exam-ple[a-b]; extra == "all"\n'

READ_OTHERWISE: dict[str, Texts] = {
    # uv decides on projects in the order of the requirements, and so does the legacy resolver of
    # pip: whose requirements win depends on which of two comes first.
    "order-of-requirements-with-and-without-marker": (
        'Requires-Dist: c\nRequires-Dist: b; python_version >= "2"\n',
        'Requires-Dist: b; python_version >= "2"\nRequires-Dist: c\n',
    ),
    "order-of-requirements-under-two-markers": (
        'Requires-Dist: c; python_version >= "2"\nRequires-Dist: b; os_name != "x"\n',
        'Requires-Dist: b; os_name != "x"\nRequires-Dist: c; python_version >= "2"\n',
    ),
    "order-of-a-requirement-that-has-no-form": (
        "Requires-Dist: c\nRequires-Dist: b===1.0\n",
        "Requires-Dist: b===1.0\nRequires-Dist: c\n",
    ),
    "requirements-of-an-extra-torn-apart": (
        'Requires-Dist: b; extra == "x"\nRequires-Dist: c\nRequires-Dist: d; extra == "x"\n',
        'Requires-Dist: b; extra == "x"\nRequires-Dist: d; extra == "x"\nRequires-Dist: c\n',
    ),
    "order-of-requirements-of-one-extra": (
        'Requires-Dist: b; extra == "x"\nRequires-Dist: d; extra == "x"\n',
        'Requires-Dist: d; extra == "x"\nRequires-Dist: b; extra == "x"\n',
    ),
    "order-of-requirements-of-an-empty-extra": (
        'Requires-Dist: c\nRequires-Dist: b; extra == ""\n',
        'Requires-Dist: b; extra == ""\nRequires-Dist: c\n',
    ),
    "order-of-requirements-of-an-extra-or-more": (
        'Requires-Dist: c\nRequires-Dist: b; extra == "x" or os_name == "nt"\n',
        'Requires-Dist: b; extra == "x" or os_name == "nt"\nRequires-Dist: c\n',
    ),
    # poetry-core 1.0 takes the first lower bound.
    "two-lower-bounds-in-another-order": _requires("a (>=1,>=2)", "a (>=2,>=1)"),
    "requirement-in-a-license-that-comes-first": (
        "License: a\n        Requires-Dist: evil\nRequires-Dist: b\n",
        "Requires-Dist: b\nLicense: a\n        Requires-Dist: evil\n",
    ),
    "order-of-a-requirement-by-address": (
        "Requires-Dist: c\nRequires-Dist: b @ https://example.org/b.zip\n",
        "Requires-Dist: b @ https://example.org/b.zip\nRequires-Dist: c\n",
    ),
    # pkg_resources puts the names in Provides-Extra into lower case, but not those in markers:
    # whatever is asked for, pip up to 23.3 installs nothing for this extra.
    "extra-in-upper-case": (
        'Provides-Extra: A-B\nRequires-Dist: d; extra == "A-B"\n',
        'Provides-Extra: a-b\nRequires-Dist: d; extra == "a-b"\n',
    ),
    # Who asks for [a-b] gets nothing from pip up to 23.3.
    "extra-with-another-separator": (
        'Provides-Extra: a_b\nRequires-Dist: d; extra == "a_b"\n',
        'Provides-Extra: a-b\nRequires-Dist: d; extra == "a-b"\n',
    ),
    # The file asks for its own extra by the name that it no longer has.
    "extra-that-the-project-asks-of-itself": (
        f'Provides-Extra: a_b\n{OF_ITSELF}Requires-Dist: d; extra == "a_b"\n',
        f'Provides-Extra: a-b\n{OF_ITSELF}Requires-Dist: d; extra == "a-b"\n',
    ),
    # pkginfo, with which Poetry 1 reads wheels, finds no field at all under a version that it does
    # not know: no requirements, and any Python.
    **{
        f"metadata-version-{version}-hides-requirements": (
            HEAD.replace("2.1", version) + "Requires-Python: >=3.8\nRequires-Dist: urllib3<2\n",
            HEAD + "Requires-Python: >=3.8\nRequires-Dist: urllib3<2\n",
        )
        for version in ("2.2", "2.3", "2.4", "2.5")
    },
    # pkg_resources takes the version from the first line, stripped, that begins with the word; pip
    # 21 and 22 then refuse the wheel, because its version is not that of the file name.
    "version-in-a-license-that-comes-first": (
        f"Metadata-Version: 2.1\nName: exam-ple\n{LICENSE}Version: 1.0\n",
        f"Metadata-Version: 2.1\nName: exam-ple\nVersion: 1.0\n{LICENSE}",
    ),
    # packaging before 22 (pip 23.3 has it) and poetry-core know the operator with one space only.
    "two-spaces-in-not-in": _requires('d; os_name not  in "nt"', 'd; os_name not in "nt"'),
    # pkg_resources up to setuptools 59 does not find the installed project under the other name.
    "dot-in-the-name-of-a-requirement": _requires("zope.interface", "zope-interface"),
    # setuptools 7 to 19 put "==" before a digit between a comma and a parenthesis.
    "extra-that-begins-with-a-digit": _requires("a[x,2] (>=1.0)", "a[x,2]>=1.0"),
    # packaging's validator refuses a field from after the version.
    "dynamic-before-it-was-specified": ("Dynamic: license\nSummary: s\n", "Summary: s\n"),
}


@pytest.mark.parametrize("attack", READ_OTHERWISE)
def test_metadata_that_some_reader_takes_otherwise_is_not_trusted(
    attack: str, tmp_path: Path
) -> None:
    assert _compare(tmp_path, READ_OTHERWISE[attack]).verdict not in TRUSTED


MARKED = 'a; os_name == "a" and (os_name == "b" or os_name == "c")'

SPACES = "\t\v\f\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u3000\u200b\ufeff"

REQUIREMENTS: dict[str, Texts] = {
    "wildcard-of-compatible-release": _requires("a (~=1.0.*)", "a~=1.0.*"),
    "compatible-release-of-one-number": _requires("a (~=1)", "a~=1"),
    "local-version-in-order": _requires("a (>=1.0+abc)", "a>=1.0+abc"),
    "arbitrary-equality": _requires("a (===1.0)", "a===1.0"),
    "bare-version": _requires("a (1.0)", "a==1.0"),
    "version-with-v": _requires("a (>=v1.0)", "a>=v1.0"),
    "version-in-upper-case": _requires("a (>=1.0RC1)", "a>=1.0RC1"),
    "pre-release-in-other-spelling": _requires("a>=1.0rc1", "a>=1.0c1"),
    "post-release-in-other-spelling": _requires("a>=1.0-1", "a>=1.0.post1"),
    "epoch-left-out": _requires("a>=0!1.0", "a>=1.0"),
    "zero-at-the-end": _requires("a==1.0", "a==1"),
    "zero-in-front": _requires("a==01.0", "a==1.0"),
    "same-specifier-twice": _requires("a>=1.0,>=1.0", "a>=1.0"),
    "semicolon-in-string": _requires("a; os_name != ';'", 'a; os_name != ";"'),
    "hash-in-string": _requires("a; os_name != ' #'", 'a; os_name != " #"'),
    "quote-in-string": _requires("a; os_name != '\"'", 'a; os_name != "\'"'),
    "escape-in-string": _requires("a; os_name != '\\x6e'", 'a; os_name != "\\x6e"'),
    "adjacent-strings": _requires("a; os_name != 'n' 't'", "a; os_name != 'nt'"),
    "string-with-prefix": _requires("a; os_name != u'nt'", "a; os_name != 'nt'"),
    "chained-comparison": _requires("a; 'a' < os_name < 'b'", "a; 'a' < os_name and os_name < 'b'"),
    "two-variables": _requires("a; (os_name == sys_platform)", "a; os_name == sys_platform"),
    "two-strings": _requires("a; ('a' == 'b')", "a; 'a' == 'b'"),
    "in-the-other-way-round": _requires("a; os_name in 'nt'", "a; 'nt' in os_name"),
    "older-name-of-a-variable": _requires("a; os.name == 'nt'", "a; os_name == 'nt'"),
    "other-variable-of-a-version": _requires(
        "a; python_full_version < '3'", "a; python_version < '3'"
    ),
    "precedence-without-parentheses": _requires(MARKED.replace("(", "").replace(")", ""), MARKED),
    "precedence-with-parentheses": _requires(
        "a; (os_name == 'a' or os_name == 'b') and os_name == 'c'",
        "a; os_name == 'a' or os_name == 'b' and os_name == 'c'",
    ),
    "and-for-or": _requires(MARKED.replace("or", "and"), MARKED),
    "terms-in-another-order": _requires(
        "a; os_name == 'b' and os_name == 'a'", "a; os_name == 'a' and os_name == 'b'"
    ),
    "parentheses-that-nest-deep": _requires(
        f"a; {'(' * 9}os_name == 'a'{')' * 9}", "a; os_name == 'a'"
    ),
    "operand-in-parentheses": _requires("a; (os_name) == 'a'", "a; os_name == 'a'"),
    "not-in-front": _requires("a; not os_name == 'a'", "a; os_name != 'a'"),
    "empty-extras": _requires("a[]", "a"),
    "extra-of-a-requirement-in-other-case": _requires("a[X]", "a[x]"),
    "extra-of-a-requirement-with-other-separator": _requires("a[x_y]", "a[x-y]"),
    "extra-twice": _requires("a[x,x]", "a[x]"),
    "extra-from-the-other-side": (
        "Provides-Extra: X\nRequires-Dist: a; 'X' == extra\n",
        "Provides-Extra: x\nRequires-Dist: a; 'x' == extra\n",
    ),
    "extra-that-is-not": (
        "Provides-Extra: X\nRequires-Dist: a; extra != 'X'\n",
        "Provides-Extra: x\nRequires-Dist: a; extra != 'x'\n",
    ),
    "no-extra": (
        "Requires-Dist: a; extra == ''\n",
        "Requires-Dist: a\n",
    ),
    "extra-in-two-spellings-on-both-sides": (
        "Provides-Extra: a-b\nProvides-Extra: a_b\nRequires-Dist: a; extra == 'a_b'\n",
        "Provides-Extra: a_b\nProvides-Extra: a-b\nRequires-Dist: a; extra == 'a_b'\n",
    ),
    **{f"space-{ord(space):04x}": _requires(f"a{space}>=1.0", "a>=1.0") for space in SPACES},
    **{
        f"line-end-{ord(end):04x}": _requires(f"a{end}Requires-Dist: b", "a")
        for end in "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
    },
    "surrogate-bytes": _requires("a\udcff", "a"),
    "nul": _requires("a\0", "a"),
    "digit-of-another-script": _requires("a>=\u0661", "a>=1"),
    "letter-of-another-script": _requires("\u0430", "a"),
    "fold": _requires("a\n >=1.0", "a >=1.0"),
    "encoded-word": _requires("=?utf-8?q?a?=", "a"),
    "space-at-the-end": _requires("a>=1.0 ", "a>=1.0"),
    "space-in-front": _requires(" a>=1.0", "a>=1.0"),
}


@pytest.mark.parametrize("attack", REQUIREMENTS)
def test_requirement_in_a_form_that_installers_dispute_is_not_trusted(
    attack: str, tmp_path: Path
) -> None:
    assert _compare(tmp_path, REQUIREMENTS[attack]).verdict not in TRUSTED


FIELDS: dict[str, Texts] = {
    "metadata-version-hides-requirements": (
        HEAD.replace("2.1", "1.1") + "Requires-Dist: a\n",
        HEAD + "Requires-Dist: a\n",
    ),
    "metadata-version-hides-python": (
        HEAD.replace("2.1", "1.0") + "Requires-Python: >=3\n",
        HEAD + "Requires-Python: >=3\n",
    ),
    "description-field-hides-body": ("Description: other\n\nText\n", "\nText\n"),
    "content-type-of-a-message": (
        "Content-Type: multipart/mixed; boundary=b\n\nText\n",
        "\nText\n",
    ),
    "transfer-encoding": ("Content-Transfer-Encoding: base64\n\nText\n", "\nText\n"),
    "field-behind-an-empty-line": ("\nRequires-Dist: b\n", "Requires-Dist: b\n"),
    "field-behind-a-line-of-spaces": (
        "License: a\n        \nRequires-Dist: b\n",
        "License: a        \n",
    ),
    "empty-line-ends-in-return": ("Summary: s\n\r\nRequires-Dist: b\n", "Summary: s\n"),
    "mixed-line-ends": ("Summary: s\r\nLicense: l\n", "Summary: s\nLicense: l\n"),
    "byte-order-mark": (f"\ufeff{HEAD}Summary: s\n", "Summary: s\n"),
    "field-in-upper-case": ("REQUIRES-DIST: a\n", "Requires-Dist: a\n"),
    "space-before-colon": ("Requires-Dist : a\n", "Requires-Dist: a\n"),
    "no-space-behind-colon": ("Requires-Dist:a\n", "Requires-Dist: a\n"),
    "two-summaries": ("Summary: s\nSummary: s\n", "Summary: s\n"),
    "two-home-pages-in-two-cases": (
        "Home-page: https://example.org/\nHome-Page: https://example.org/\n",
        "Home-page: https://example.org/\n",
    ),
    "home-page-label-in-other-case": (
        "Project-URL: homepage, https://example.org/\n",
        "Home-page: https://example.org/\n",
    ),
    "placeholder-for-python": ("Requires-Python: UNKNOWN\n", ""),
    "placeholder-for-requirement": ("Requires-Dist: UNKNOWN\n", ""),
    "placeholder-for-extra": ("Provides-Extra: UNKNOWN\n", ""),
    "dynamic-version": ("Dynamic: version\n", ""),
    "dynamic-requirement-in-other-case": ("Dynamic: Requires-Dist\n", ""),
    "python-with-marker": (
        "Requires-Python: >=3; os_name == 'a'\n",
        "Requires-Python: >=3\n",
    ),
    "python-in-parentheses": ("Requires-Python: (>=3)\n", "Requires-Python: >=3\n"),
    "python-without-comma": ("Requires-Python: >=3 <4\n", "Requires-Python: >=3,<4\n"),
    "python-with-caret": ("Requires-Python: ^3.8\n", "Requires-Python: >=3.8,<4\n"),
    "python-twice": (
        "Requires-Python: >=3\nRequires-Python: >=3\n",
        "Requires-Python: >=3\n",
    ),
    "python-left-out": ("", "Requires-Python: >=3\n"),
    "name-of-another-script": (HEAD.replace("exam-ple", "ex\u0430m-ple"), HEAD),
    "version-in-other-spelling": (HEAD.replace("Version: 1.0", "Version: 1.0.0"), HEAD),
    "version-with-v": (HEAD.replace("Version: 1.0", "Version: v1.0"), HEAD),
    "classifier-that-forbids-upload": ("Classifier: Private :: Do Not Upload\n", ""),
    "classifier-that-begins-like-a-version": (
        "Classifier: Programming Language :: Python :: 3.1 :: Only\n",
        "Classifier: Programming Language :: Python :: 3 :: Only\n",
    ),
    "requires-external": ("Requires-External: evil\n", ""),
    "provides-dist": ("Provides-Dist: other\n", ""),
    "obsoletes-dist": ("Obsoletes-Dist: other\n", ""),
    "unknown-field": ("X-Payload: p\n", ""),
}


@pytest.mark.parametrize("attack", FIELDS)
def test_field_that_readers_dispute_is_not_trusted(attack: str, tmp_path: Path) -> None:
    assert _compare(tmp_path, FIELDS[attack]).verdict not in TRUSTED


def _message(count: int) -> random.Random:
    """Stands for what an attacker writes: `count` tells messages apart."""
    return random.Random(count)  # noqa: S311  # no secret


def _in_empty_lines() -> Texts:
    bits = "".join(_message(1).choices(" \t", k=240))
    lines = [bits[at : at + 8] for at in range(0, 240, 8)]
    return (
        "\nTitle\n" + "".join(f"text\n{line}\n" for line in lines) + "end\n",
        "\nTitle\n" + "text\n\n" * len(lines) + "end\n",
    )


def _in_classifiers() -> Texts:
    names = [f"Classifier: Programming Language :: Python :: 3.{n:02}\n" for n in range(100)]
    _message(2).shuffle(names)
    return "".join(names), ""


def _in_classifiers_between() -> Texts:
    lines = [f"Classifier: Topic :: {n}\n" for n in range(50)]
    lines += [f"Project-URL: L{n}, https://example.org/{n}\n" for n in range(50)]
    kinds = [line[:1] for line in lines]
    _message(3).shuffle(kinds)
    each = {"C": iter(lines[:50]), "P": iter(lines[50:])}
    return "".join(next(each[kind]) for kind in kinds), "".join(lines)


def _in_license() -> Texts:
    parts = _message(4).choices(("        \n", "\n        \n"), k=100)
    body = "".join(f"{part}        text" for part in parts)
    return f"License: a{body}\n", "License: a" + "        \n        text" * 100 + "\n"


def _in_field_case() -> Texts:
    names = _message(5).choices(("Project-URL", "Project-Url"), k=100)
    urls = [f": L{n}, https://example.org/\n" for n in range(100)]
    return (
        "".join(map(str.__add__, names, urls)),
        "".join(f"Project-URL{url}" for url in urls),
    )


def _in_spaces() -> Texts:
    spaces = _message(6).choices(("", " ", "  "), k=600)
    names = [f"a{n}" for n in range(100)]
    layout = "Requires-Dist: {}{}>={}1,{}<{}2{}; os_name{}== 'a'\n"
    marked = [layout.format(name, *spaces[at * 6 : at * 6 + 6]) for at, name in enumerate(names)]
    return (
        "".join(marked),
        "".join(f"Requires-Dist: {name}>=1,<2; os_name == 'a'\n" for name in names),
    )


def _in_quotes() -> Texts:
    quotes = _message(7).choices("'\"", k=100)
    return (
        "".join(f"Requires-Dist: a{n}; os_name == {q}a{q}\n" for n, q in enumerate(quotes)),
        "".join(f"Requires-Dist: a{n}; os_name == 'a'\n" for n in range(100)),
    )


def _in_name_case() -> Texts:
    name = "requirement" * 10
    cases = _message(8).choices((str.lower, str.upper), k=len(name))
    cased = "".join(case(letter) for case, letter in zip(cases, name, strict=True))
    return _requires(cased, name)


def _in_dynamic() -> Texts:
    names = [
        *("author", "author-email", "classifier", "description", "download-url", "home-page"),
        *("keywords", "license", "license-file", "maintainer", "maintainer-email", "obsoletes"),
        *("platform", "project-url", "provides", "provides-extra", "requires", "requires-dist"),
        *("requires-external", "requires-python", "summary"),
    ]
    _message(9).shuffle(names)
    return "".join(f"Dynamic: {name}\n" for name in names), ""


def _in_extras() -> Texts:
    names = [f"Provides-Extra: x{n}\n" for n in range(40)]
    mixed = list(names)
    _message(10).shuffle(mixed)
    return "".join(mixed), "".join(names)


MESSAGES: dict[str, Texts] = {
    "spaces-and-tabs-in-empty-lines": _in_empty_lines(),
    "order-of-classifiers": _in_classifiers(),
    "empty-lines-of-a-license": _in_license(),
    "case-of-field-names": _in_field_case(),
    "spaces-in-requirements": _in_spaces(),
    "quotes-in-requirements": _in_quotes(),
    "order-of-dynamic": _in_dynamic(),
}


@pytest.mark.parametrize("attack", MESSAGES)
def test_freedom_that_holds_a_message_is_not_trusted(attack: str, tmp_path: Path) -> None:
    # Each holds at least eighty bits that the source does not determine.
    assert _compare(tmp_path, MESSAGES[attack]).verdict not in TRUSTED


FREEDOMS: dict[str, tuple[Texts, str, str]] = {
    # 96 bits: readers look fields up by name, and tools do not agree on an order.
    "fields-between-fields": (_in_classifiers_between(), "metadata.layout", "fields"),
    # One bit for each letter, 110 here: installers normalize names, and some tools do it for them.
    "case-of-a-requirement": (_in_name_case(), "metadata.requirement-spelling", "requirements"),
    # 159 bits: extras are looked up by name; old tools sorted them, newer ones keep the source's.
    "order-of-extras": (_in_extras(), "metadata.extra-spelling", "extras"),
}


@pytest.mark.parametrize("freedom", FREEDOMS)
def test_documented_freedoms_are_told(freedom: str, tmp_path: Path) -> None:
    texts, rule, field = FREEDOMS[freedom]
    diff = _compare(tmp_path, texts)
    assert diff.verdict is Verdict.EQUIVALENT
    (told,) = (finding for finding in diff.findings if finding.rule == rule)
    assert told.member == f"{DIST_INFO}/METADATA"
    assert field in told.summary
    assert told.evidence["published"]
    assert told.evidence["rebuilt"]


def test_version_of_a_generator_holds_no_message(tmp_path: Path) -> None:
    metadata = _whole("Summary: s\n")
    generator = "bdist_wheel (0.719284610937465019283746)"
    diff = _diff(tmp_path, _wheel(metadata, generator), _wheel(metadata))
    assert diff.verdict not in TRUSTED


EVASIONS = {
    # Installers evaluate markers with an empty extra where none is asked for.
    "empty-extra": 'evil; extra == ""',
    "empty-extra-and-more": 'evil; extra == "" and python_version > "2"',
    # The words that tell a requirement of an extra, inside of a string.
    "extra-in-a-string": "evil; os_name != 'extra == \"'",
    "condition-in-a-string": "evil; os_name != '\" and extra == \"x'",
    "extra-or-more": 'evil; extra == "x" or os_name != "x"',
    "extra-or-more-beside-another": 'evil; os_name != "x" and (extra == "x" or os_name != "y")',
}


@pytest.mark.parametrize("attack", EVASIONS)
def test_requirement_that_only_seems_to_need_an_extra_is_suspicious(
    attack: str, tmp_path: Path
) -> None:
    added = "Requires-Dist: a\n" + f"Requires-Dist: {EVASIONS[attack]}\n"
    diff = _compare(tmp_path, (added, "Requires-Dist: a\n"))
    assert diff.verdict is Verdict.SUSPICIOUS
