"""Lines that mean something in the files of a dist-info directory, in several spellings."""

METADATA = b"""\
Metadata-Version: 2.1
Name: example
Version: 1.0
Summary: An example
Home-page: https://example.org/
Author: A. N. Example
License: One
        
        Two
Classifier: Programming Language :: Python :: 3
Classifier: Programming Language :: Python :: 3.8
Requires-Python: >=3.8
License-File: LICENSE
Requires-Dist: other>=1,<2
Requires-Dist: another[b,a]; extra == "x-y"
Provides-Extra: x-y

An example.

- of text

"""  # noqa: W293 - a folded line of spaces is honest

METADATA_LINES = tuple(
    line.encode()
    for line in (
        "",
        "Metadata-Version: 2.4",
        "Metadata-Version: 1.2",
        "Name: Example",
        "name: example",
        "Version: 1.0.0",
        "Summary: UNKNOWN",
        "Summary: =?utf-8?q?x?=",
        "Home-page: https://example.org",
        "Project-URL: Homepage, https://example.org/",
        "Author-Email: a@example.org",
        "Author: =?utf-8?b?QQ==?=",
        "Keywords: a,b",
        "Platform: UNKNOWN",
        "License: One",
        "        ",
        "        Two",
        " folded",
        "\tfolded",
        "Classifier: Programming Language :: Python :: 3.12",
        "Requires-Python: >= 3.8",
        "Requires-Python: >=3.8, !=3.9.*",
        "Requires-Python: >=3.9",
        "License-File: licenses/LICENSE",
        "Dynamic: license-file",
        "Description-Content-Type: text/x-rst",
        "Content-Type: multipart/mixed; boundary=x",
        "Content-Transfer-Encoding: base64",
        "Provides-Extra: X_y",
        "Provides-Extra: z",
        "Requires-Dist: other (>=1,<2)",
        "Requires-Dist: other <2, >=1",
        "Requires-Dist: Other>=1,<2",
        "Requires-Dist: other>=1,<2.0",
        "Requires-Dist: other>=1",
        "Requires-Dist: another[a,b]; extra == 'X_y'",
        "Requires-Dist: another[a,b]; extra == 'x-y' or python_version < '3'",
        "Requires-Dist: another[a,b] ; (extra == 'x-y')",
        "Requires-Dist: evil",
        "Requires-Dist: evil @ https://example.org/e.zip",
        "Requires-Dist: other>=1,<2; extra == 'x-y' and (os_name == 'a' or os_name == 'b')",
        "Requires-Dist: other>=1,<2; extra == 'x-y' and os_name == 'a' or os_name == 'b'",
        "Requires-Dist:evil",
        "Requires-Dist : evil",
        "requires-dist: evil",
        "Requires-Dist:  other>=1,<2",
        "Requires-Dist: other>=1,<2 ",
        "Summary: a\x0bRequires-Dist: evil",
        "Summary: a\x0cRequires-Dist: evil",
        "Summary: a\x1cRequires-Dist: evil",
        "Summary: a\x85Requires-Dist: evil",
        "Summary: a\u2028Requires-Dist: evil",
        "Summary: a\rRequires-Dist: evil",
        "From here",
        ": nothing",
        "no field",
        "--x",
    )
)

ENTRY_POINTS = b"""\
[console_scripts]
example = example.core:answer
other = example.core:answer

[group.one]
Name = example.core
"""

ENTRY_POINT_LINES = (
    b"",
    b"[console_scripts]",
    b"[gui_scripts]",
    b"[group.one]",
    b"[DEFAULT]",
    b"example=example.core:answer",
    b"example = example.core:evil",
    b"Example = example.core:answer",
    b"evil = example.core:answer",
    b" evil = example.core:answer",
    b"\tevil = example.core:answer",
    b"evil: example.core:answer",
    b"evil",
    b"= example.core:answer",
    b"# comment",
    b"; comment",
    b"example = example.core:answer ; comment",
    b"example = example.core:answer # comment",
    b"example = example.core:answer [x-y]",
    b"example = example.core:answer\\",
    b"a=b\rc=d",
    b"a=b\x0bc=d",
    b"a=b\x1cc=d",
    "a=b\u2028c=d".encode(),
    b"%(x)s = y",
    b"rem = y",
    b"REM x",
)

WHEEL_LINES = (
    b"",
    b"Wheel-Version: 1.0",
    b"Wheel-Version: 1.9",
    b"Generator: flit 3.9.0",
    b"Generator: setuptools (75.6.0)",
    b"Generator: poetry-core 1.9.0",
    b"Generator: evil 1",
    b"generator: flit 3.9.0",
    b"Root-Is-Purelib: false",
    b"root-is-purelib: false",
    b"Root-Is-Purelib: True",
    b"Tag: py3-none-any",
    b"Tag: py2-none-any",
    b"Tag: py2.py3-none-any",
    b"tag: py2-none-any",
    b"Build: 1",
    b" folded",
    b"X: y\rTag: py2-none-any",
    b"no field",
)

FILES = (
    ("LICENSE", b"Do as you like.\n"),
    ("licenses/LICENSE", b"Do as you like.\n"),
    ("licenses/vendored/LICENSE", b"Do as you like.\n"),
    ("top_level.txt", b"example\n"),
    ("top_level.txt", b"evil\nexample\n"),
    ("namespace_packages.txt", b"example\n"),
    ("zip-safe", b"\n"),
    ("dependency_links.txt", b"\n"),
    ("direct_url.json", b"{}"),
    ("RECORD.jws", b"{}"),
)
"""Names below the dist-info directory, and contents."""

MODULES = (
    ("example/.gitkeep", b""),
    ("example/.DS_Store", b"\0\0\0\1Bud1"),
    ("example/_version.py", b'__date__ = "2024-01-02"\n'),
    ("example/_version.py", b'BUILD_DATE = "2025-11-12"\n'),
    ("example/build_info.py", b"# Generated on 2024-01-02\n"),
    ("example-1.0-py3.8-nspkg.pth", b"import sys, types, os\n"),
    ("example/crlf.py", b"x = 1\r\ny = '''\r\n'''\r\n"),
    ("example/crlf.py", b"x = 1\ny = '''\n'''\n"),
    ("example/t.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0"),
    ("example/t.gz", b"\x1f\x8b\x08\0\1\2\3\4\2\3\3\0\0\0\0\0\0\0\0\0"),
)
"""What some build tool leaves behind or changes from build to build."""
