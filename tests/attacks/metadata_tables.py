"""METADATA that build tools write in two ways, and what an attacker makes of that.

A text without a name follows `HEAD`; empty text is a file that ends there.
"""

HEAD = "Metadata-Version: 2.1\nName: exam-ple\nVersion: 1.0\n"

NEWER = HEAD.replace("2.1", "2.2")

REQUIREMENTS = """\
Provides-Extra: x
Requires-Dist: a>=1.0,<2
Requires-Dist: b==1.*; extra == 'x' and os_name != 'y z'
Requires-Dist: c<2; python_version in '2.7, 3.4'
Requires-Dist: c>1
Requires-Dist: d==1.0+abc
Requires-Dist: e>=1.0.*
Requires-Dist: f @ https://example.org/f.zip
Requires-Dist: g; os_name == 'a' and (os_name == 'b' or os_name == 'c')
Requires-Dist: i
Requires-Dist: j
"""

HONEST: dict[str, tuple[tuple[str, str], ...]] = {
    "layout": (
        ("Summary: s\nLicense: MIT\n", "License: MIT\nSummary: s\n"),
        ("Author-Email: a@example.org\n", "Author-email: a@example.org\n"),
        (
            "Requires-Dist: a\nRequires-Dist: b\nKeywords: k\n",
            "Requires-Dist: a\nKeywords: k\nRequires-Dist: b\n",
        ),
        (
            "Author: =?utf-8?q?J=C3=BCrgen?=\nLicense: MIT\n        \n        more\n",
            "License: MIT\n        \n        more\nAuthor: =?utf-8?q?J=C3=BCrgen?=\n",
        ),
    ),
    "line-ends": (
        (f"{HEAD}Summary: s\n\nText\n", f"{HEAD}Summary: s\n\nText\n".replace("\n", "\r\n")),
        (f"{HEAD}License: a\n        b\n", f"{HEAD}License: a\n        b\n".replace("\n", "\r\n")),
    ),
    "metadata-version": (
        (HEAD + "Summary: s\n", HEAD.replace("2.1", "2.4") + "Summary: s\n"),
        (HEAD + "Provides-Extra: a\n", HEAD.replace("2.1", "2.0") + "Provides-Extra: a\n"),
    ),
    "name-spelling": (
        (HEAD.replace("exam-ple", "exam_ple"), HEAD),
        (HEAD.replace("exam-ple", "Exam_Ple"), HEAD),
    ),
    "placeholder": (
        ("Summary: UNKNOWN\n", ""),
        ("Platform: UNKNOWN\nAuthor: UNKNOWN\n", ""),
        ("\nUNKNOWN\n\n", "\n"),
    ),
    "description-newlines": (
        ("Summary: s\n\nText\n\n\n", "Summary: s\n\nText\n"),
        ("Summary: s\n\n", "Summary: s\n"),
    ),
    "description-dedent": (
        ("\nTitle\n\n    code\n\nmore\n\n\n", "\n  Title\n\n    code\n    \nmore\n"),
    ),
    "requirement-spelling": (
        ("Requires-Dist: a (<2,>=1.0)\n", "Requires-Dist: a<2,>=1.0\n"),
        ("Requires-Dist: Foo_Bar\n", "Requires-Dist: foo-bar\n"),
        ("Requires-Dist: a[x,y] ; os_name=='nt'\n", 'Requires-Dist: a[x, y]; os_name == "nt"\n'),
        (
            "Requires-Dist: a; (os_name == 'nt') and extra == 'x'\n",
            "Requires-Dist: a ; os_name == 'nt' and (extra == 'x')\n",
        ),
        (
            "Requires-Dist: a; extra == 'x'\nRequires-Dist: b\n",
            "Requires-Dist: b\nRequires-Dist: a; extra == 'x'\n",
        ),
        (
            "Requires-Dist: d @ https://example.org/d.zip\nRequires-Dist: a>=1\n",
            "Requires-Dist: d @ https://example.org/d.zip\nRequires-Dist: a >=1\n",
        ),
    ),
    "extra-spelling": (
        ("Provides-Extra: b\nProvides-Extra: A_b\n", "Provides-Extra: A_b\nProvides-Extra: b\n"),
    ),
    "requires-python-spelling": (
        ("Requires-Python: >= 3.7, !=3.8.*\n", "Requires-Python: !=3.8.*,>=3.7\n"),
    ),
    "license-files": (
        ("License-File: LICENSE\n", ""),
        ("", "License-File: LICENSE\n"),
    ),
    "license-folding": (
        (
            "License: a        \n        b\n",
            "License: a\n        \n        b\n",
        ),
    ),
    "home-page": (
        (
            "Home-page: https://example.org/\nProject-URL: Homepage, https://example.org/\n",
            "Project-URL: Homepage, https://example.org/\n",
        ),
        (
            "Home-page: https://example.org/\nProject-URL: Docs, https://example.org/docs\n",
            (
                "Project-URL: Docs, https://example.org/docs\n"
                "Project-URL: Homepage, https://example.org/\n"
            ),
        ),
    ),
    "python-classifiers": (
        (
            "Classifier: B\nClassifier: Programming Language :: Python :: 3.14\nClassifier: A\n",
            "Classifier: B\nClassifier: A\nClassifier: Programming Language :: Python :: 3\n",
        ),
    ),
    "dynamic": (
        (f"{NEWER}Dynamic: license-file\nDynamic: summary\n", f"{NEWER}Dynamic: summary\n"),
        (f"{NEWER}Dynamic: summary\n", HEAD.replace("2.1", "2.2")),
    ),
}
"""By the last part of a rule's name, two texts that it alone explains, either way round."""

HONEST_ONE_WAY: dict[str, tuple[tuple[str, str], ...]] = {
    "metadata-version": (
        (HEAD + "Requires-Dist: a\n", HEAD.replace("2.1", "2.4") + "Requires-Dist: a\n"),
        (NEWER + "Requires-Python: >=3\n", HEAD.replace("2.1", "2.4") + "Requires-Python: >=3\n"),
    ),
    "requirement-spelling": (
        ("Requires-Dist: a<2,>=1.0\n", "Requires-Dist: a (>=1.0,<2)\n"),
        ("Requires-Dist: a[x,y]\n", "Requires-Dist: a[y, x]\n"),
        (
            "Requires-Dist: a<1\nRequires-Dist: b<2\n",
            "Requires-Dist: a (<1)\nRequires-Dist: b <2\n",
        ),
    ),
    "dynamic": (
        (
            f"{NEWER}Dynamic: author\nDynamic: summary\n",
            f"{NEWER}Dynamic: summary\nDynamic: author\n",
        ),
    ),
    "python-classifiers": (
        (
            (
                "Classifier: Programming Language :: Python :: 3.9\n"
                "Classifier: Programming Language :: Python :: 3.10\n"
                "Classifier: Programming Language :: Python :: 3.11\n"
            ),
            (
                "Classifier: Programming Language :: Python :: 3.11\n"
                "Classifier: Programming Language :: Python :: 3.9\n"
                "Classifier: Programming Language :: Python :: 3.10\n"
            ),
        ),
    ),
    "description-dedent": (
        # A text that lost its spaces may have had any; one that has them has a tool's.
        ("\nTitle\n\n    code\n\nmore\n", "\n  Title\n\n    code\n   \nmore\n"),
    ),
}
"""By the same, what is published and what a source builds to; the other way round is different."""

SMUGGLED: dict[str, tuple[str, tuple[str, ...]]] = {
    "layout": (
        "Summary: s\nLicense: MIT\nRequires-Dist: a\n",
        (
            "License: MIT\nSummary: s\n Requires-Dist: evil\nRequires-Dist: a\n",
            "License: MIT\n Requires-Dist: evil\nSummary: s\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\n\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\n \t\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\nSummary: t\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\nName: other\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\nVersion: 1.0\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\rRequires-Dist: evil\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\u2028Requires-Dist: evil\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\x0bRequires-Dist: evil\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\x85Requires-Dist: evil\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\0\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\nREQUIRES-DIST: a\n",
            "License: MIT\nSummary: s\nRequires-Dist : evil\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\nRequires-Dist: a \n",
            "License: MIT\nSummary:  s\nRequires-Dist: a\n",
            "License: MIT\nSummary:s\nRequires-Dist: a\n",
            "License: MIT\nSummary: =?utf-8?q?s?=\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\nContent-Type: multipart/x; boundary=x\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\nDescription: d\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\nnot a field\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\nX-Payload: p\nRequires-Dist: a\n",
            f"From me: x\n{HEAD}License: MIT\nSummary: s\nRequires-Dist: a\n",
            f"\ufeff{HEAD}License: MIT\nSummary: s\nRequires-Dist: a\n",
            "License: MIT\nSummary: s\nRequires-Dist: a",
        ),
    ),
    "line-ends": (
        f"{HEAD}Summary: s\n\nText\nmore\n",
        (
            "Summary: s\r\n\r\nText\r\nmore\r\n",
            *(
                HEAD.replace("\n", "\r\n") + text
                for text in (
                    "Summary: s\n\nText\nmore\n",
                    "Summary: s\r\n\nText\nmore\n",
                    "Summary: s\r\n\r\nText\r\nmore\n",
                    "Summary: s\r\n\r\nText\rmore\r\n",
                    "Summary: s\r\n\r\r\nText\r\nmore\r\n",
                    "Summary: s\r\nRequires-Dist: evil\r\n\r\nText\r\nmore\r\n",
                    "Summary: s\r\n\r\nText\r\nevil\r\n",
                )
            ),
            f"{HEAD}Summary: s\n\nText\nmore\n".replace("\n", "\r\r\n"),
            f"{HEAD}Summary: s\n\nText\nmore\n".replace("\n", "\r"),
            f"{HEAD}Summary: s\n\nText\nmore\n".replace("\n", "\n\r"),
            f"{HEAD}Summary: s\n\nText\r\nmore\r\n",
        ),
    ),
    "metadata-version": (
        f"{HEAD}Requires-Dist: a\nProvides-Extra: x\n",
        tuple(
            f"{HEAD}Requires-Dist: a\nProvides-Extra: x\n".replace("2.1", version)
            for version in (
                "1.0",
                "1.1",
                "1.2",
                "2.9",
                "3.0",
                "2.01",
                " 2.2",
                "2.2 ",
                "UNKNOWN",
                "2.2\nMetadata-Version: 2.1",
                "2.2\nRequires-Dist: evil",
                "\u0662.2",
            )
        ),
    ),
    "name-spelling": (
        HEAD,
        tuple(
            HEAD.replace("exam-ple", name)
            for name in (
                "exam--ple",
                "exam-_.ple",
                "-exam-ple",
                "exam-ple-",
                "exam ple",
                "examp1e",
                "ex\u0430m-ple",
                "exam\u2010ple",
                "exam-ple\nName: exam-ple",
                "exam-ple; evil",
                "exam.ple",
                "Exam.Ple",
                "EXAM\u2011PLE",
            )
        ),
    ),
    "placeholder": (
        "",
        (
            "Summary: unknown\n",
            "Summary: UNKNOWN \n",
            "Summary: UNKNOWN evil\n",
            "Keywords: UNKNOWN\n",
            "Maintainer: UNKNOWN\n",
            "License-Expression: UNKNOWN\n",
            "Requires-Python: UNKNOWN\n",
            "Requires-Dist: UNKNOWN\n",
            "Platform: UNKNOWN\nPlatform: UNKNOWN\n",
            "Platform: UNKNOWN\nPlatform: win32\n",
            "Summary: UNKN\u039fWN\n",
            "\nUNKNOWN \n",
            "\nUNKNOWN\n\n\n\n\n\n\n",
            "\nUNKNOWN\nUNKNOWN\n",
        ),
    ),
    "description-newlines": (
        "Summary: s\n\nText\nmore\n",
        (
            "Summary: s\n\nText\nmore\n\n\n\n\n",
            "Summary: s\n\n\nText\nmore\n",
            "Summary: s\n\nText\n\nmore\n",
            "Summary: s\n\nText\nmore\n \n",
            "Summary: s\n\nText\nmore\n\t\n",
            "Summary: s\n\nText\nmore\n\r\n",
            "Summary: s\n\nText\nmore\n.\n",
            "Summary: s\n\nText\nmore\n\u2028\n",
            "Summary: s\nRequires-Dist: evil\n\nText\nmore\n",
            "Summary: s\n\nText\nmore\n\0",
        ),
    ),
    "description-dedent": (
        "\nTitle\n\n    code\n\n        more\n",
        (
            "\nTitle\n\ncode\n\nmore\n",
            "\nTitle\n\n    code\n\n    more\n",
            "\n\tTitle\n\n    code\n\n        more\n",
            "\nTi tle\n\n    code\n\n        more\n",
            "\nTitle\n\n    code \n\n        more\n",
            f"\n{' ' * 300}Title\n\n    code\n\n        more\n",
            "\nTitle\n\n    code\n\u3000\n        more\n",
            "\nTitle\n\n    code\n\x0c\n        more\n",
            "\nTitle\n\n    evil\n\n        more\n",
            f"\nTitle\n\n    code\n\n        more{chr(10) * 20}",
        ),
    ),
    "requirement-spelling": (
        REQUIREMENTS,
        tuple(
            REQUIREMENTS.replace(old, new)
            for old, new in (
                ("a>=1.0,<2", "a>=1.0"),
                ("a>=1.0,<2", "a>=1,<2"),
                ("a>=1.0,<2", "a>=1.0,<2.0"),
                ("a>=1.0,<2", "a>=1.0,<2,!=1.5"),
                ("a>=1.0,<2", "a>=1.0,<2,<2"),
                ("a>=1.0,<2", "a[z]>=1.0,<2"),
                ("a>=1.0,<2", "a >=1.0,<2,"),
                ("a>=1.0,<2", "a\t>=1.0,<2"),
                ("a>=1.0,<2", "a   >=1.0,<2"),
                ("a>=1.0,<2", "a (>=1.0,<2"),
                ("a>=1.0,<2", "a >=1.0,<2 #"),
                ("a>=1.0,<2", "a >=1.0,<2\n ; os_name == 'nt'"),
                ("a>=1.0,<2", "a >=1.0,\n <2"),
                ("a>=1.0,<2", "\u0430>=1.0,<2"),
                ("a>=1.0,<2", "\uff41>=1.0,<2"),
                ("a>=1.0,<2", "a @ https://example.org/a.zip"),
                ("a>=1.0,<2", "a>=1.0,<2\nRequires-Dist: a>=1.0,<2"),
                ("a>=1.0,<2", "a (>=1.0,<2)\nRequires-Dist: evil"),
                ("a>=1.0,<2\n", "a (>=1.0,<2)\n\nRequires-Dist: a>=1.0,<2\n"),
                ("Requires-Dist: a>=1.0,<2\n", ""),
                ("b==1.*", "b==1.0.*"),
                ("b==1.*", "b===1.*"),
                ("b==1.*", "b==1"),
                ("extra == 'x'", "extra == 'x '"),
                ("extra == 'x'", "extra == 'X'"),
                ("extra == 'x'", "extra != 'x'"),
                ("extra == 'x'", "extra in 'x'"),
                ("extra == 'x'", "'x' == extra"),
                ("extra == 'x'", "extra == '\\x78'"),
                ("extra == 'x'", "extra == 'x' or os_name == 'nt'"),
                ("extra == 'x' and", "extra == 'x' or"),
                ("'y z'", "'y  z'"),
                ("'y z'", "'yz'"),
                ("'y z'", "'y\u00a0z'"),
                ("os_name !=", "os.name !="),
                ("os_name !=", "platform_machine !="),
                ("os_name != 'y z'", "(os_name != 'y z'"),
                ("os_name != 'y z'", "os_name != \"y z'"),
                ("'2.7, 3.4'", "'2.7,3.4'"),
                ("python_version in", "python_version not in"),
                (" in '2.7", " == '2.7"),
                ("c<2; python_version in '2.7, 3.4'\nRequires-Dist: c>1", "c>1"),
                (
                    "c<2; python_version in '2.7, 3.4'\nRequires-Dist: c>1",
                    "c>1\nRequires-Dist: c<2; python_version in '2.7, 3.4'",
                ),
                ("d==1.0+abc", "d==1.0"),
                ("d==1.0+abc", "d==1.0+abd"),
                ("d==1.0+abc", "d==1.0+ABC"),
                ("e>=1.0.*", "e (>=1.0.*)"),
                ("f @ https://example.org/f.zip", "f@ https://example.org/f.zip"),
                ("f @ https://example.org/f.zip", "f @ https://example.org/f.zip ; os_name"),
                (
                    "os_name == 'a' and (os_name == 'b' or os_name == 'c')",
                    "os_name == 'a' and os_name == 'b' or os_name == 'c'",
                ),
                (
                    "os_name == 'a' and (os_name == 'b' or os_name == 'c')",
                    "(os_name == 'b' or os_name == 'c') and os_name == 'a'",
                ),
                ("Requires-Dist: i\nRequires-Dist: j", "Requires-Dist: j\nRequires-Dist: i"),
                ("python_version in '2.7, 3.4'", 'python_version in "2.7, 3.4"'),
                ("extra == 'x' and", "extra == 'x'  and"),
            )
        ),
    ),
    "extra-spelling": (
        "Provides-Extra: a-b\nProvides-Extra: c\nRequires-Dist: x; extra == 'a-b'\n",
        (
            "Provides-Extra: a-b\nProvides-Extra: d\nRequires-Dist: x; extra == 'a-b'\n",
            "Provides-Extra: a_b\nProvides-Extra: c\nRequires-Dist: x; extra == 'a-b'\n",
            (
                "Provides-Extra: a_b\nProvides-Extra: a-b\nProvides-Extra: c\n"
                "Requires-Dist: x; extra == 'a-b'\n"
            ),
            (
                "Provides-Extra: a-b\nProvides-Extra: c\nProvides-Extra: c\n"
                "Requires-Dist: x; extra == 'a-b'\n"
            ),
            "Provides-Extra: a--b\nProvides-Extra: c\nRequires-Dist: x; extra == 'a--b'\n",
            "Provides-Extra: a-b \nProvides-Extra: c\nRequires-Dist: x; extra == 'a-b'\n",
            "Provides-Extra: a-b\nProvides-Extra: \u0441\nRequires-Dist: x; extra == 'a-b'\n",
            "Provides-Extra: a-b, c\nRequires-Dist: x; extra == 'a-b'\n",
            "Provides-Extra: a-b\nRequires-Dist: x; extra == 'a-b'\n",
            "Provides-Extra: C\nProvides-Extra: a-b\nRequires-Dist: x; extra != 'a-b'\n",
            "Provides-Extra: a_b\nProvides-Extra: c\nRequires-Dist: x; 'a-b' == extra\n",
        ),
    ),
    "requires-python-spelling": (
        "Requires-Python: >=3.7,!=3.8.*\n",
        tuple(
            f"Requires-Python: {value}\n"
            for value in (
                ">=3.7",
                ">=3.07,!=3.8.*",
                ">=3.7.0,!=3.8.*",
                ">3.7,!=3.8.*",
                ">=3.7,!=3.8",
                ">=3.7.*,!=3.8.*",
                ">=3.7,!=3.8.*,",
                ">=3.7;!=3.8.*",
                ">=3.7 !=3.8.*",
                "(>=3.7,!=3.8.*)",
                ">=3.7,!=3.8.*,!=3.8.*",
                ">=3.7,   !=3.8.*",
                ">=3.7,\t!=3.8.*",
                ">=\u0663.7,!=3.8.*",
                ">=3.7,!=3.8.*\nRequires-Python: >=2",
                "",
            )
        ),
    ),
    "license-files": (
        "",
        tuple(
            "".join(f"License-File: {name}\n" for name in names)
            for names in (
                ["GHOST"],
                ["LICENSE", "LICENSE"],
                ["../LICENSE"],
                ["/LICENSE"],
                ["x/LICENSE"],
                ["./LICENSE"],
                ["LICENSE "],
                ["license"],
                ["METADATA"],
                ["RECORD"],
                ["../exam_ple.py"],
                ["LICEN\u0405E"],
                [""],
            )
        ),
    ),
    "license-folding": (
        "License: a\n        \n        b\n",
        (
            "License: a\n        b\n",
            "License: a\n         \n        b\n",
            "License: a         \n        b\n",
            "License: a\n\t\n        b\n",
            "License: a        \n        c\n",
            "License: a b\n",
            "License: a        \n        b\nLicense: a\n",
            "License: a        \n        b\n        Requires-Dist: evil\n",
            "Summary: a        \n        b\n",
        ),
    ),
    "home-page": (
        "Project-URL: Homepage, https://example.org/\n",
        (
            "Home-page: https://example.org\nProject-URL: Homepage, https://example.org/\n",
            "Home-page: https://example.com/\nProject-URL: Homepage, https://example.org/\n",
            "Home-page: https://example.org/ \nProject-URL: Homepage, https://example.org/\n",
            "Home-page: https://example.org/\nHome-Page: https://example.org/\n",
            "Home-page: https://example.com/\n",
            "Project-URL: Homepage, https://example.org/\nProject-URL: Docs, https://example.com/\n",
            (
                "Project-URL: Homepage, https://example.org/\n"
                "Project-URL: Homepage, https://example.org/\n"
            ),
            "Project-URL: homepage, https://example.org/\n",
            "Project-URL: Homepage,https://example.org/\n",
            "",
        ),
    ),
    "python-classifiers": (
        "Classifier: A\nClassifier: B\n",
        tuple(
            f"Classifier: A\n{lines}"
            for lines in (
                "",
                "Classifier: B \n",
                "Classifier: B\nClassifier: C\n",
                "Classifier: B\nClassifier: Programming Language :: Python :: 3.100\n",
                "Classifier: B\nClassifier: Programming Language :: Python :: 2.7\n",
                "Classifier: B\nClassifier: Programming Language :: Python :: 3.9 \n",
                "Classifier: B\nClassifier: programming language :: python :: 3.9\n",
                "Classifier: B\nClassifier: Programming Language :: Python :: 3.\u0669\n",
                "Classifier: B\nClassifier: Programming Language :: Python :: 3 :: Only\n",
                "Classifier: B\n" + "Classifier: Programming Language :: Python :: 3.9\n" * 2,
                "Classifier: B\nClassifier: Private :: Do Not Upload\n",
                (
                    "Classifier: Programming Language :: Python :: 3.9\nClassifier: B\n"
                    "Classifier: Programming Language :: Python :: 3.10\n"
                ),
                (
                    "Classifier: B\nClassifier: Programming Language :: Python :: 3.11\n"
                    "Classifier: Programming Language :: Python :: 3.9\n"
                    "Classifier: Programming Language :: Python :: 3.10\n"
                ),
            )
        ),
    ),
    "dynamic": (
        f"{NEWER}Dynamic: summary\n",
        tuple(
            f"{NEWER}Dynamic: {value}\n"
            for value in (
                "version",
                "name",
                "Version",
                "metadata-version",
                "Summary",
                "summary\nDynamic: summary",
                "summary\nDynamic: payload",
                "summary\nDynamic: license",
                "summary, license",
                "summary ",
                "",
                "l\u0456cense",
            )
        ),
    ),
}
"""By the last part of a rule's name, what a source builds to, and what nothing explains for it."""
