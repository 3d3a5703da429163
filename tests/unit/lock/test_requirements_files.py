"""Requirements files, read as pip reads them and more strictly where it is silent."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pip._internal.network.session import PipSession
from pip._internal.req.req_file import parse_requirements

from verify.lock.inputs.interface import Asked, InputFault, SourceKind
from verify.lock.inputs.reading import MAX_BYTES, read_file
from verify.lock.inputs.requirement_options import Treatment, refuse
from verify.lock.inputs.requirements_txt import RequirementsFile, read_requirements

DIGEST = "0123456789abcdef" * 4


def parse(
    folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None
) -> RequirementsFile:
    path = folder / "requirements.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_requirements(path, read_file, environ or {})


def one(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Asked:
    (asked,) = parse(folder, text, environ).asked
    return asked


def fault(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> InputFault:
    with pytest.raises(InputFault) as caught:
        parse(folder, text, environ)
    return caught.value


def place(error: InputFault) -> tuple[int | None, int | None]:
    return error.where.line, error.where.column


def test_a_pinned_requirement_with_marker_extras_and_hashes(tmp_path: Path) -> None:
    asked = one(
        tmp_path,
        "# made by a tool\n"
        "thing[a,b]==1.0 ; python_version >= '3.9' \\\n"
        f"    --hash=sha256:{DIGEST} \\\n"
        f"    --hash=sha512:{DIGEST * 2}\n"
        "    # via demo\n",
    )
    assert asked.requirement is not None
    assert str(asked.requirement) == 'thing[a,b]==1.0; python_version >= "3.9"'
    assert [str(each.value) for each in asked.hashes] == [
        f"sha256:{DIGEST}",
        f"sha512:{DIGEST * 2}",
    ]
    assert (asked.where.line, asked.where.column) == (2, 1)
    assert [(each.where.line, each.where.column) for each in asked.hashes] == [(3, 5), (4, 5)]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("thing", SourceKind.REGISTRY, "thing"),
        ("thing @ https://example.org/thing-1.0.tar.gz", SourceKind.URL, "thing"),
        ("thing@https://example.org/thing-1.0.tar.gz", SourceKind.URL, "thing"),
        ("https://example.org/thing-1.0-py3-none-any.whl", SourceKind.URL, None),
        ("https://example.org/t.zip#egg=thing", SourceKind.URL, "thing"),
        ("./thing-1.0.tar.gz", SourceKind.PATH, None),
        ("thing-1.0-py3-none-any.whl", SourceKind.PATH, None),
        ("file:///srv/thing-1.0.zip", SourceKind.PATH, None),
        ("./thing", SourceKind.DIRECTORY, None),
        (".", SourceKind.DIRECTORY, None),
        (".[dev]", SourceKind.DIRECTORY, None),
        ("thing @ git+https://example.org/o/r@main", SourceKind.VCS, "thing"),
        ("git+ssh://git@example.org/o/r.git#egg=thing", SourceKind.VCS, "thing"),
        ("-e .", SourceKind.DIRECTORY, None),
        ("--editable=git+https://example.org/o/r@v1#egg=thing", SourceKind.VCS, "thing"),
        ("-e'./my thing'", SourceKind.DIRECTORY, None),
    ],
)
def test_each_form_of_a_requirement(
    tmp_path: Path, text: str, kind: SourceKind, name: str | None
) -> None:
    asked = one(tmp_path, text)
    assert (asked.kind, asked.requirement and asked.requirement.name) == (kind, name)
    assert asked.editable == text.startswith("-")


def test_a_url_with_a_hash_in_its_fragment_is_pinned(tmp_path: Path) -> None:
    url = f"https://example.org/a;b.zip#egg=thing&sha256={DIGEST}"
    asked = one(tmp_path, f"{url} ; python_version > '3'")
    assert asked.origin == url
    assert [str(each.value) for each in asked.hashes] == [f"sha256:{DIGEST}"]
    assert asked.requirement is not None
    assert str(asked.requirement.marker) == 'python_version > "3"'


def test_global_options_keep_their_values_and_say_what_becomes_of_them(tmp_path: Path) -> None:
    file = parse(
        tmp_path,
        "-i https://example.org/simple\n"
        "--extra-index-url https://example.org/more --pre\n"
        '--find-links "my wheels"\n'
        "--use-feature=fast-deps\n",
    )
    assert file.values("--index-url") == ("https://example.org/simple",)
    assert file.values("--find-links") == ("my wheels",)
    treatments = [option.kind.treatment for option in file.options]
    honoured, refused, ignored = Treatment.HONOURED, Treatment.REFUSED, Treatment.IGNORED
    assert treatments == [honoured, honoured, honoured, refused, ignored]
    with pytest.raises(InputFault, match=r":3:1: --find-links is not taken here"):
        refuse(file.options)


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("\nthing==\n", (2, 6), "is no requirement"),
        ("thing == 1.0\n thing >< 2\n", (2, 8), "is no requirement"),
        ("thing \\\n  --hsah=sha256:0\n", (2, 3), "'--hsah' is no option"),
        ("thing --hash=sha256:0123\n", (1, 7), "64 hexadecimal digits"),
        ("thing --hash=0123\n", (1, 7), "is no hash"),
        (f"--hash=sha256:{DIGEST}\n", (1, 1), "--hash stands without a requirement"),
        ("thing --pre\n", (1, 7), "where pip ignores it"),
        (f"-e . --hash=sha256:{DIGEST}\n", (1, 6), "where pip ignores it"),
        ("-r a.txt -r b.txt\n", (1, 1), "pip would ignore one of them"),
        ("--index-url\n", (1, 1), "--index-url has no value"),
        ("--pre=yes\n", (1, 1), "--pre takes no value"),
        ('-f "open\n', (1, 4), "not closed"),
        ("--extra-index https://example.org\n", (1, 1), "is no option"),
        ("a # x\u2028evil\n", (1, 6), "U+2028 ends a line"),
        ("a # x\revil\n", (1, 6), "U+000D ends a line"),
        ("thing\0\n", (1, 6), "U+0000"),
        ("-r https://example.org/r.txt\n", (1, 1), "names a URL"),
    ],
)
def test_what_is_wrong_is_told_with_line_and_column(
    tmp_path: Path, text: str, where: tuple[int, int], said: str
) -> None:
    error = fault(tmp_path, text)
    assert (place(error), said in error.message) == (where, True), error.message


def test_variables_are_filled_in_and_never_shown(tmp_path: Path) -> None:
    environ = {"TOKEN": "secret", "HOST_1": "example.org"}
    asked = one(tmp_path, "thing @ https://u:${TOKEN}@${HOST_1}/t-1.zip", environ)
    assert asked.origin == "https://u:secret@example.org/t-1.zip"
    assert asked.text == "thing @ https://u:${TOKEN}@${HOST_1}/t-1.zip"
    assert "secret" not in fault(tmp_path, "thing ${TOKEN} x", environ).message


def test_columns_behind_a_variable_are_those_of_the_file(tmp_path: Path) -> None:
    error = fault(tmp_path, "-f ${A} --wrong", {"A": "a-very-long-value-of-a-variable"})
    assert place(error) == (1, 9)


def test_a_variable_that_is_not_set_is_an_error_where_it_would_be_a_requirement(
    tmp_path: Path,
) -> None:
    assert "${MISSING} has no value here" in fault(tmp_path, "thing==${MISSING}").message
    assert "${MISSING} has no value here" in fault(tmp_path, "-r ${MISSING}").message
    assert parse(tmp_path, "-i https://${MISSING}@x").values("--index-url") == (
        "https://${MISSING}@x",
    )


def test_a_variable_cannot_bring_further_lines(tmp_path: Path) -> None:
    error = fault(tmp_path, "thing ${A}", {"A": "\n-r other.txt"})
    assert "environment variable A is not fit" in error.message


def test_included_files_are_read_in_place_relative_to_the_including_one(tmp_path: Path) -> None:
    folder = tmp_path / "below"
    folder.mkdir()
    (folder / "more.txt").write_text("-c ../limits.txt\nsecond\n-r last.txt\n")
    (folder / "last.txt").write_text("third")
    (tmp_path / "limits.txt").write_text("second<2\n")
    found = parse(tmp_path, "first\n-r below/more.txt\nfourth\n").asked
    shown = [(asked.text, asked.constraint) for asked in found]
    assert shown == [
        ("first", False), ("second<2", True), ("second", False), ("third", False),
        ("fourth", False),
    ]  # fmt: skip
    assert found[1].where.path == str(tmp_path / "limits.txt")


def test_a_missing_file_is_told_where_it_is_named(tmp_path: Path) -> None:
    error = fault(tmp_path, "a\n\n  -r gone.txt\n")
    assert place(error) == (3, 3)
    assert error.where.path == str(tmp_path / "requirements.txt")
    assert "gone.txt" in error.message
    assert "No such file" in error.message


@pytest.mark.parametrize("option", ["-r", "-c"])
def test_a_file_that_includes_itself_through_another_is_refused(
    tmp_path: Path, option: str
) -> None:
    (tmp_path / "b.txt").write_text(f"b\n{option} ./../{tmp_path.name}/requirements.txt\n")
    error = fault(tmp_path, "-r b.txt\n")
    assert "includes itself" in error.message
    assert (error.where.path, place(error)) == (str(tmp_path / "b.txt"), (2, 1))


def test_files_that_include_the_next_one_twice_come_to_an_end(tmp_path: Path) -> None:
    for level in range(20):
        (tmp_path / f"{level}.txt").write_text(f"-r {level + 1}.txt\n-r {level + 1}.txt\n")
    (tmp_path / "20.txt").write_text("thing\n")
    assert "includes too many files" in fault(tmp_path, "-r 0.txt").message


def test_a_loop_of_symbolic_links_is_an_error_and_no_hang(tmp_path: Path) -> None:
    (tmp_path / "one.txt").symlink_to("two.txt")
    (tmp_path / "two.txt").symlink_to("one.txt")
    assert "symbolic links" in fault(tmp_path, "-r one.txt").message


def test_a_named_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert "not a regular file" in fault(tmp_path, "-r pipe.txt").message


def test_a_file_longer_than_any_real_one_is_refused(tmp_path: Path) -> None:
    assert f"longer than {MAX_BYTES} bytes" in fault(tmp_path, b"#" * (MAX_BYTES + 1)).message


def test_one_long_line_of_spaces_or_continuations_takes_no_time(tmp_path: Path) -> None:
    assert parse(tmp_path, b" " * 1_000_000 + b"# x").asked == ()
    assert "continued endlessly" in fault(tmp_path, b"a \\\n" * 200_000).message


@pytest.mark.parametrize(
    "data",
    [
        "thing # é".encode("utf-8-sig"),
        "thing # é".encode("utf-16"),
        "thing # é".encode("utf-32-le").join([b"\xff\xfe\0\0", b""]),
        "# coding: latin-1\nthing # é".encode("latin-1"),
        "#!/x\n# -*- coding=cp1252 -*-\nthing # é".encode("cp1252"),
    ],
)
def test_encodings_are_found_as_pip_finds_them(tmp_path: Path, data: bytes) -> None:
    (asked,) = parse(tmp_path, data).asked
    assert asked.text == "thing"


@pytest.mark.parametrize(
    ("data", "where", "said"),
    [
        (b"thing\nb # \xe9\n", (2, 5), "is not utf-8"),
        (b"# coding: no-such\nthing", (None, None), "names 'no-such'"),
        (b"# coding: utf-7\nthing", (None, None), "names 'utf-7'"),
        (b"# coding: rot13\nthing", (None, None), "names 'rot13'"),
        (b"# coding: unicode_escape\nthing", (None, None), "names 'unicode_escape'"),
    ],
)
def test_what_cannot_be_decoded_is_told(
    tmp_path: Path, data: bytes, where: tuple[int | None, int | None], said: str
) -> None:
    error = fault(tmp_path, data)
    assert (place(error), said in error.message) == (where, True), error.message


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
HASHES = st.lists(st.from_regex(r"[0-9a-f]{64}", fullmatch=True), max_size=3, unique=True)
PINS = st.lists(st.tuples(NAMES, st.integers(0, 99), HASHES), max_size=5)
JOINS = st.sampled_from([" ", " \\\n", " \\\n    ", "  \\\r\n\t "])


@settings(max_examples=60, deadline=None)
@given(pins=PINS, join=JOINS, comment=st.sampled_from(["", "  # via x", " #"]))
def test_what_is_written_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    pins: list[tuple[str, int, list[str]]],
    join: str,
    comment: str,
) -> None:
    lines = [
        join.join([f"{name}=={version}", *(f"--hash=sha256:{digest}" for digest in digests)])
        for name, version, digests in pins
    ]
    text = "".join(f"{line}{comment}\n" for line in lines)
    found = parse(tmp_path_factory.mktemp("pins"), text).asked
    again = [
        (str(asked.requirement), [each.value.digest for each in asked.hashes]) for asked in found
    ]
    assert again == [(f"{name}=={version}", digests) for name, version, digests in pins]


@settings(max_examples=200, deadline=None)
@given(data=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_any_bytes_are_a_file_or_an_input_fault(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "r.txt"
    path.write_bytes(data)
    try:
        file = read_requirements(path, read_file, {})
    except InputFault as error:
        assert error.where.path.startswith(str(path.parent))  # noqa: PT017 - one of two ends
    else:
        assert all(asked.where.line for asked in file.asked)


WORDS = ("thing", "a==1.0", ";", "'", '"', "@", "[x]", "--", "-", "${A}", "#", " # c", "-e .")
SPACES = (" ", "\n", "\\\n", "\\", "\t", "\r\n", "\x0c", "\u2028")
OPTIONS = ("-r", " -r other.txt\n", "-c other.txt", f" --hash=sha256:{DIGEST}", "--pre")
LONGER = (f"--hash sha256:{DIGEST}", " ; python_version > '3'", "https://example.org/a-1.zip")
PIECES = st.sampled_from([*WORDS, *SPACES, *OPTIONS, *LONGER])


@settings(max_examples=600, deadline=None)
@given(pieces=st.lists(PIECES, max_size=12))
def test_what_is_taken_is_what_pip_reads(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("pip")
    (folder / "other.txt").write_text("other\n")
    try:
        found = parse(folder, "".join(pieces)).asked
    except InputFault:
        return
    read = parse_requirements(str(folder / "requirements.txt"), PipSession())
    theirs = [
        (
            each.requirement.strip(),  # blanks at its ends mean nothing
            each.is_editable,
            each.constraint,
            (each.options or {}).get("hashes"),
        )
        for each in read
    ]
    ours = [
        (
            asked.text.strip(),
            asked.editable,
            asked.constraint,
            {"sha256": [each.value.digest for each in asked.hashes]} if asked.hashes else None,
        )
        for asked in found
    ]
    assert ours == theirs
