"""A dozen published wheels, from the real index: every backend, and most of what a search finds."""

import json
from pathlib import Path

import pytest

from tests.support.command import assert_valid, truewheel
from tests.support.interpreters import needs_python

pytestmark = needs_python((2, 7), (3, 8), (3, 10), (3, 11))

REPRODUCED = {"identical", "regenerated"}

WHEELS = {
    "hatchling, hatch-vcs": ("filelock==3.12.2", None),
    "pdm-backend": ("fastapi==0.136.1", None),
    "flit-core": ("tinycss2==1.2.1", None),
    "flit-core that the requirements rule out": ("pkgutil-resolve-name==1.3.10", "flit-core 3.2.0"),
    "flit-scm": ("exceptiongroup==1.1.3", None),
    "poetry-core": ("crashtest==0.4.1", None),
    "poetry-core, computed version": ("annotated-types==0.3.1", "version 0.3.1 in pyproject.toml"),
    "setuptools, setup.py, universal": ("pytz==2026.1", "setup.py --universal"),
    "setuptools, another release": ("absl-py==1.4.0", "setuptools "),
    "setuptools-scm, on Windows": ("sniffio==1.3.1", None),
    "setuptools of Debian": ("jedi==0.17.2", "requirements sorted as by Debian's setuptools"),
    "setuptools, no extension": ("pyrsistent==0.19.3", "told that it runs on PyPy"),
    "setuptools of Python 2.7": ("retry==0.9.2", "CPython 2.7"),
}
"""What shows in the last attempt's choices; None where hints or luck get there at once."""

GLOBS = {"pyrsistent==0.19.3": "pyrsistent-0.19.3-py3-none-any.whl"}


@pytest.mark.parametrize("name", WHEELS)
def test_published_wheel_is_built_again_member_by_member(name: str, cache: Path) -> None:
    requirement, found = WHEELS[name]
    ran = truewheel(
        "check", "--json", "--sandbox", "bubblewrap", requirement,
        "--wheel", GLOBS.get(requirement, "*-none-any.whl"),
        environment={"TRUEWHEEL_CACHE_DIR": str(cache)}, timeout=600,
    )  # fmt: skip
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    told = json.dumps([result["attempts"], result["detail"]])[:4000]
    assert result["verdict"] in REPRODUCED, told
    assert ran.code == 0
    last = result["attempts"][-1]
    assert last["distance"] == 0
    assert (found or "") in ", ".join(last["chosen"]), told
