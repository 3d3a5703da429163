"""The sources whose wheels tell one setuptools from another.

Each probe is small and about few things, so that one which fails hides nothing of the others.
"""

from collections.abc import Mapping

Tree = Mapping[str, str]

SETUP = "from setuptools import setup\nsetup({})\n"
SETUP_CFG = "from setuptools import setup\nsetup()\n"
NAME = 'name="probe", version="1.0"'
NAMED_CFG = "[metadata]\nname = probe\nversion = 1.0\n"
NAMED_TOML = '[project]\nname = "probe"\nversion = "1.0"\n'
ONE_PACKAGE = '[tool.setuptools]\npackages = ["probe"]\n'
BUILD_SYSTEM = (
    '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
)

DESCRIPTION = (
    "A title\n=======\n\n    indented\n\ttabbed  \n  |bar\n\n\n\n"
    "Text with \u00fcnicode, trailing blanks   \n\n        deep\nback: colon\n.. note::\n\n\n"
)
LICENSE_TEXT = (
    "MIT License\n\nPermission is hereby granted,\n    free of charge,\n\nto any person.\n"
)
LICENSE_FILES: Tree = {
    name: f"{name}\n"
    for name in (
        "LICENSE", "LICENSE.txt", "LICENCE.md", "LICENSE~", "license.rst", "COPYING", "COPYING.LIB",
        "NOTICE", "AUTHORS.rst", "COPYRIGHT", "inner/LICENSE", "probe/LICENSE",
    )
}  # fmt: skip
PACKAGE: Tree = {"probe/__init__.py": "__version__ = '1.0'\n", "probe/core.py": "VALUE = 1\n"}

FIELDS = """\
    name="probe", version="1.0", description="A probe of every field",
    long_description=DESCRIPTION, long_description_content_type="text/x-rst; charset=UTF-8",
    author="A. \\u00dcthor", author_email="author@example.org",
    maintainer="M. Aintainer", maintainer_email="maintainer@example.org",
    url="https://example.org/probe", download_url="https://example.org/get",
    license="MIT", keywords=["one", "two words", "three"], platforms=["any", "linux"],
    classifiers=[
        "Programming Language :: Python :: 3",
        "Development Status :: 3 - Alpha",
        "Programming Language :: Python :: 2.7",
    ],
    project_urls={"Source": "https://example.org/s", "Bug Tracker": "https://example.org/b"},
    python_requires=">=2.7, !=3.0.*,!=3.1.*, <4", packages=["probe"],
"""
ODD = """\
    name="Odd.Name_of--Probe", version="1.0-rc.1", description="Two\\nlines",
    license="LICENSE_TEXT", keywords="one, two,three four", platforms="any",
    long_description="\\n\\n  Starts late\\r\\nwith CRLF\\r\\n\\r\\n and ends early",
    author="", author_email="a@example.org, b@example.org", url="",
    py_modules=["odd"],
""".replace("LICENSE_TEXT", LICENSE_TEXT.replace("\n", "\\n"))
OLD = """\
    name="probe", version="1.0", provides=["probe", "probe.other (1.0)"],
    requires=["something"], obsoletes=["older (<1.0)"], packages=["probe"],
    dependency_links=["https://example.org/links"], setup_requires=[], tests_require=["nothing"],
    test_suite="probe.tests", zip_safe=True, use_2to3=False,
    include_package_data=False, exclude_package_data={}, eager_resources=["probe/core.py"],
"""
PLAIN_REQUIRES = """\
    name="probe", version="1.0", packages=["probe"], install_requires=[
        "zeta", "alpha>=1.0", "beta >= 1.0 , < 2", "gamma[extra]>=1", "delta[two, one] ==1.1",
        "eta!=1.5,>=1.0,<2.0", "Lambda_.Mu-nu == 2.0", "alpha <3", "rho>1,>=1.1",
    ],
    extras_require={
        "Zip_Zap": ["zeta>=1", "alpha"], "a.b": "one\\ntwo>=2", "empty": [], "dash-ed": ["beta<2"],
    },
"""
MARKED = """\
    name="probe", version="1.0", packages=["probe"], install_requires=["zeta", "alpha>=1"],
    extras_require={
        "mark:python_version<'3'": ["gamma"], ":python_version<'2.7'": ["delta", "beta >=1, <2"],
        ':python_version in "2.6, 2.7"': ["epsilon"], ":sys_platform == 'win32'": ["eta"],
    },
"""
MARKED_EQUAL = """\
    name="probe", version="1.0", packages=["probe"], install_requires=["zeta"],
    extras_require={
        "mark:python_version=='2.6'": ["gamma"], ":python_version=='2.7'": ["delta"],
    },
"""
REQUIRES = """\
    name="probe", version="1.0", packages=["probe"], install_requires=[
        "zeta", "alpha>=1.0", "beta >= 1.0 , < 2", "gamma[extra]>=1", "delta[two, one] ==1.*",
        "epsilon (>=1.0)", "eta!=1.5,>=1.0,<2.0", "theta~=1.4", "iota>=1.0;python_version<'3'",
        'kappa; python_version >= "3" and sys_platform == "win32"', "Lambda_.Mu-nu == 2.0",
        "xi===1.0", "omicron>=1.0.0a1 ; extra == 'x' or os_name=='nt'",
        "alpha <3", "rho>1,>=1.1 ; python_version in '2.6 2.7'",
    ],
"""
EXTRAS = """\
    name="probe", version="1.0", packages=["probe"], extras_require={
        "Zip_Zap": ["zeta>=1", "alpha"], "a.b": "one\\ntwo>=2", "empty": [], "dash-ed": ["beta<2"],
        "mark:python_version<'3'": ["gamma"], ":python_version<'2.7'": ["delta"],
        ":sys_platform == 'win32' or os_name == 'nt'": ["epsilon>=1,<2"],
        "inner": ["eta; python_version < '3'", "theta[x]>=1 ; os_name=='nt' or os_name=='posix'"],
        "self": ["probe[a.b]"],
    },
    install_requires=["iota ; python_version<'3'", "kappa"],
"""
URLS = """\
    name="probe", version="1.0", packages=["probe"], install_requires=[
        "zeta @ https://example.org/zeta-1.0.zip",
        "alpha[x]@https://example.org/alpha.tar.gz ; python_version < '3'",
        "beta @ git+https://example.org/beta.git@v1#egg=beta",
    ],
    extras_require={"u": ["gamma @ https://example.org/gamma.zip"]},
"""
FILES = """\
    name="probe", version="1.0", packages=["probe", "probe.sub"],
    package_data={"probe": ["data/*.txt", "*.cfg"], "": ["*.any"], "probe.sub": ["**/*.deep"]},
    data_files=[("share/probe", ["share/one.txt"]), ("etc", [])], scripts=["bin/run"],
    entry_points={
        "console_scripts": ["zed = probe.core:main", "act=probe.core:main [extra]"],
        "gui_scripts": ["gui = probe.core:main"], "a.plugins": "x = probe", "empty": [],
    },
    extras_require={"extra": []},
"""
FILES_TREE: Tree = {
    "probe/sub/__init__.py": "", "probe/data/one.txt": "1\n", "probe/a.cfg": "", "probe/b.any": "",
    "probe/sub/c.any": "", "probe/sub/d.txt": "", "share/one.txt": "1\n", "probe/py.typed": "",
    "probe/sub/x/y.deep": "", "probe/run": "#!/bin/sh\n",
    "probe/core.pyi": "VALUE: int\n", "bin/run": "#!/usr/bin/env python\nprint(1)\n",
}  # fmt: skip
INCLUDED = """\
    name="probe", version="1.0", packages=["probe", "probe.sub"], include_package_data=True,
    exclude_package_data={"probe": ["secret.txt"], "": ["*.bak"]},
    entry_points="[console_scripts]\\nrun = probe.core:main\\n\\n[other]\\nb=probe\\na=probe\\n",
"""
INCLUDED_TREE: Tree = {
    "MANIFEST.in": "recursive-include probe *\nglobal-exclude *.pyc\nprune probe/no\n",
    "probe/sub/__init__.py": "", "probe/secret.txt": "", "probe/old.bak": "", "probe/yes.txt": "",
    "probe/no/way.txt": "", "probe/deep/er/file.txt": "", "probe/sub/more.txt": "",
    "probe/.hidden": "", "probe/loose/module.py": "",
}  # fmt: skip
NAMESPACES = """\
    name="ns.probe", version="1.0", packages=["ns", "ns.probe"], namespace_packages=["ns"],
    zip_safe=False,
"""
MODULES = """\
    name="probe", version="1.0", py_modules=["one", "pkg.two"], package_dir={"": "lib"},
    ext_modules=[], zip_safe=False, python_requires=">=3",
"""

FIELDS_CFG = """\
[metadata]
name = probe
version = attr: probe.__version__
description = A probe in setup.cfg
long_description = file: README.rst, CHANGES.rst
long_description_content_type = text/x-rst
author = Somebody
author_email = author@example.org
maintainer = Somebody Else
url = https://example.org/probe
license = MIT
keywords = one, two words, three
platforms = any, linux
classifiers =
    Programming Language :: Python :: 3
    Development Status :: 3 - Alpha
project_urls =
    Source = https://example.org/s
    Bug Tracker = https://example.org/b?x=1
provides = probe
[options]
packages = find:
zip_safe = False
include_package_data = True
python_requires = >=2.7, !=3.0.*, <4
scripts =
    bin/run
install_requires =
    zeta >= 1.0, <2
    alpha; python_version<"3"
    beta[x]==1.*
[options.extras_require]
Zip_Zap =
    gamma
    delta>=1
mark =
    epsilon; python_version < "3"
[options.packages.find]
exclude =
    tests*
[options.package_data]
* = *.txt
probe = *.cfg
[options.entry_points]
console_scripts =
    zed = probe.core:main
    act = probe.core:main [mark]
"""
DATA_CFG = """\
[options]
packages = find:
package_dir =
    =lib
[options.packages.find]
where = lib
[options.data_files]
share/probe = share/one.txt
"""
ATTR_CFG = """\
[metadata]
name = probe
version = attr: probe.core.VALUE
[options]
packages = probe
install_requires = zeta; alpha>=1,<2
setup_requires =
"""
DASHES_CFG = """\
[metadata]
name = probe
version = file: VERSION
summary = A summary
description-file = README.rst
author-email = author@example.org
home-page = https://example.org/probe
classifier =
    Programming Language :: Python :: 3
requires-dist = zeta
license-file = LICENSE
[options]
py-modules = odd
[egg_info]
tag_build = .dev
tag_date = 0
[bdist_wheel]
universal = 1
"""
GLOBS_CFG = """\
license_files =
    LICEN[CS]E*
    inner/**/LICENSE
    COPYING
    missing.txt
[options]
packages = probe
"""
DYNAMIC_TOML = """\
[project]
name = "Probe_Dynamic"
dynamic = ["version", "readme", "dependencies", "optional-dependencies", "classifiers",
    "entry-points", "scripts", "description"]
requires-python = ">=3.6,<4, !=3.7.*"
[tool.setuptools]
packages = ["probe"]
license-files = ["LICENSE", "AUTHORS.rst"]
[tool.setuptools.dynamic]
version = {attr = "probe.__version__"}
readme = {file = ["README.rst", "CHANGES.rst"], content-type = "text/x-rst"}
dependencies = {file = ["requirements.txt"]}
optional-dependencies.tests = {file = ["requirements.txt"]}
classifiers = {file = "classifiers.txt"}
description = {file = "description.txt"}
entry-points = {file = "entry.txt"}
"""
PROJECT_TOML = """\
description = "A probe in pyproject.toml"
readme = "README.md"
requires-python = ">= 3.6"
keywords = ["one", "two words"]
authors = [{name = "A. \u00dcthor"}, {email = "only@example.org"},
    {name = "Both, Quoted", email = "both@example.org"}]
maintainers = [{name = "M. Aintainer", email = "m@example.org"}]
classifiers = ["Programming Language :: Python :: 3", "Development Status :: 3 - Alpha"]
dependencies = ["zeta >= 1.0 , <2", "Alpha_.b; python_version<'3'", "beta @ https://example.org/b"]
urls = {Homepage = "https://example.org/probe", Source = "https://example.org/s"}
[project.optional-dependencies]
Zip_Zap = ["gamma", "delta>=1; os_name=='nt'"]
empty = []
[project.scripts]
zed = "probe.core:main"
act = "probe.core:main"
[project.gui-scripts]
gui = "probe.core:main"
[project.entry-points."a.plugins"]
x = "probe"
"""


README: Tree = {
    **PACKAGE, "README.rst": DESCRIPTION, "README.md": "# Probe\n\nText\n",
    "CHANGES.rst": "Changes\n\n",
}  # fmt: skip


def _setup(arguments: str, tree: Tree = PACKAGE) -> Tree:
    head = f"# -*- coding: utf-8 -*-\nDESCRIPTION = {DESCRIPTION!r}\n"
    return {**tree, "setup.py": head + SETUP.format(f"\n{arguments}")}


def _cfg(text: str, tree: Tree) -> Tree:
    return {**tree, "setup.py": SETUP_CFG, "setup.cfg": text}


def _toml(text: str, tree: Tree) -> Tree:
    return {**tree, "pyproject.toml": BUILD_SYSTEM + text}


MARKDOWN = """\
    name="probe", version="1.0", packages=["probe"], description=" padded  ", author="Only Name",
    long_description="# Title\\n\\nNo newline at the end", license="",
    long_description_content_type="text/markdown", project_urls={"Home": "https://example.org"},
    classifiers=("License :: OSI Approved :: MIT License",), keywords="",
"""
SOURCES = "setup.py\nprobe/__init__.py\nprobe/core.py\nprobe/listed.txt\n"
NOTHING_ELSE = f"    {NAME},\n"
SHARE: Tree = {"share/one.txt": "1\n", "bin/run": "#!/usr/bin/python\n", "probe/a.cfg": ""}
LICENSED: Tree = {**PACKAGE, **LICENSE_FILES}
ENTRIES = "[console_scripts]\nzed = probe.core:main\n"
LISTS: Tree = {
    **README, **LICENSE_FILES, "requirements.txt": "# why\nzeta>=1\n\nalpha\n",
    "classifiers.txt": "Programming Language :: Python :: 3\n", "description.txt": "One line",
    "entry.txt": ENTRIES,
}  # fmt: skip

FLAT: Tree = {
    **PACKAGE,
    **{
        f"{folder}/{name}.py": ""
        for folder in ("tests", "docs", "examples", "scripts", "probe/tests")
        for name in ("__init__", "mod")
    },
    "setup_helper.md": "", "noxfile.py": "", "conftest.py": "", "probe/data/table.csv": "",
}  # fmt: skip

PROBES: Mapping[str, Tree] = {
    "cfg-attr": _cfg(ATTR_CFG, PACKAGE),
    "cfg-namespaces": _cfg(
        NAMED_CFG + DATA_CFG.replace("find:", "find_namespace:").split("[options.data_files]")[0],
        {"lib/a/b.py": "", "lib/a/c/d.py": ""},
    ),
    "cfg-dashes": _cfg(
        DASHES_CFG, {**README, "odd.py": "", "VERSION": "1.0\n", "LICENSE": "L\n"}
    ),
    "cfg-data": _cfg(NAMED_CFG + DATA_CFG, {"lib/a/__init__.py": "", "share/one.txt": "1\n"}),
    "cfg-fields": _cfg(FIELDS_CFG, {**README, **SHARE}),
    "cfg-license-files": _cfg(NAMED_CFG + GLOBS_CFG, LICENSED),
    "cfg-license-file": _cfg(
        NAMED_CFG + "license_file = COPYING\n[options]\npackages = probe\n", LICENSED
    ),
    "cfg-src": _cfg(
        NAMED_CFG + DATA_CFG.split("[options.data_files]", maxsplit=1)[0], {"lib/a/__init__.py": ""}
    ),
    "py-bare": {"setup.py": SETUP.format("")},
    "py-extras": _setup(EXTRAS),
    "py-fields": _setup(FIELDS),
    "py-files": _setup(FILES, {**PACKAGE, **FILES_TREE}),
    "py-included": _setup(INCLUDED, {**PACKAGE, **INCLUDED_TREE}),
    "py-licenses": _setup(NOTHING_ELSE + '    license="BSD", packages=["probe"],\n', LICENSED),
    "py-license-keyword": _setup(
        NOTHING_ELSE + '    packages=["probe"], license_files=["AUTHORS.rst", "L*E"],\n',
        LICENSED,
    ),
    "py-markdown": _setup(MARKDOWN),
    "py-marked": _setup(MARKED),
    "py-marked-equal": _setup(MARKED_EQUAL),
    "py-minimal": _setup(NOTHING_ELSE + '    packages=["probe"],\n'),
    "py-modules": _setup(MODULES, {"lib/one.py": "", "lib/pkg/two.py": ""}),
    "py-namespaces": _setup(
        NAMESPACES,
        {
            "ns/__init__.py": "__import__('pkg_resources').declare_namespace(__name__)\n",
            "ns/probe/__init__.py": "",
        },
    ),
    "py-odd": _setup(ODD, {"odd.py": ""}),
    "py-old": _setup(OLD),
    "py-plain-requires": _setup(PLAIN_REQUIRES),
    "py-requires": _setup(REQUIRES),
    "py-sources": _setup(
        NOTHING_ELSE + '    packages=["probe"], include_package_data=True,\n',
        {
            **PACKAGE,
            "probe/listed.txt": "",
            "probe/other.txt": "",
            "probe.egg-info/SOURCES.txt": SOURCES,
        },
    ),
    "py-undiscovered": _setup(NOTHING_ELSE),
    "py-urls": _setup(URLS),
    "py-version": _setup('    name="probe", version="v1.0.dev3+Local_1", packages=["probe"],\n'),
    "py-version-date": _setup('    name="Probe", version="2018.01.02", packages=["probe"],\n'),
    "toml-dynamic": _toml(DYNAMIC_TOML, LISTS),
    "toml-fields": _toml(NAMED_TOML + PROJECT_TOML, README),
    "toml-files": _toml(
        NAMED_TOML + '[tool.setuptools]\npackages = ["probe", "probe.sub"]\n',
        {**PACKAGE, **FILES_TREE, **INCLUDED_TREE, **LICENSE_FILES},
    ),
    "toml-flat": _toml(NAMED_TOML, FLAT),
    "toml-license-file": _toml(
        NAMED_TOML + 'license = {file = "COPYING"}\n' + ONE_PACKAGE, LICENSED
    ),
    "toml-license-spdx": _toml(
        NAMED_TOML + 'license = "mit or Apache-2.0"\nlicense-files = ["LICEN*", "inner/**/L*"]\n'
        + ONE_PACKAGE,
        LICENSED,
    ),
    "toml-license-text": _toml(
        NAMED_TOML + f'license = {{text = """{LICENSE_TEXT}"""}}\n', PACKAGE
    ),
    "toml-readme-text": _toml(
        NAMED_TOML + 'readme = {text = "Some *text*\\n", content-type = "text/markdown"}\n'
        'description = "Two\\nlines "\nkeywords = []\nrequires-python = "~=3.6"\n',
        PACKAGE,
    ),
    "toml-src": _toml(
        NAMED_TOML, {"src/probe/__init__.py": "", "src/probe/a.txt": "", "src/ns/mod.py": ""}
    ),
    "toml-with-setup": {
        **_setup('    packages=["probe"], install_requires=["zeta"], author="Other",\n'),
        "pyproject.toml": BUILD_SYSTEM + NAMED_TOML + 'dynamic = ["dependencies"]\n',
    },
}  # fmt: skip
