"""What entries of a lock mean to a batch: the same as to `truewheel lock --check`."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from builders.sandbox.interface import Limits
from tests.support.index_server import IndexServer, ServedFile
from verify.batch.inputs import Choice, read_inputs
from verify.batch.interface import Found, Judged
from verify.batch.work import work
from verify.events import silent
from verify.results import CheckResult
from verify.subject import Subject
from verify.verdict import Verdict
from verify.workbench import Settings, Workbench

WHEEL = "thing-1.0-py3-none-any.whl"
OTHER = "https://other.example.org/simple"
SHA256 = "ab" * 32
UV_LOCK = f"""\
version = 1
[[package]]
name = "thing"
version = "1.0"
source = {{ registry = "{OTHER}" }}
wheels = [
    {{ url = "{OTHER}/{WHEEL}", hash = "sha256:{SHA256}" }},
]
"""
REQUIREMENTS = f"--index-url {OTHER}\nthing==1.0 --hash=sha256:{SHA256}\n"


def answer(text: str, path: Path, content: bytes, *judged: Judged) -> Found:
    """What the one entry of a lock means where the index has a wheel of that content."""
    path.write_text(text, encoding="utf-8")
    with IndexServer() as server:
        server.add("thing", [ServedFile(filename=WHEEL, content=content)])
        settings = Settings(
            sandbox="bubblewrap",
            cache_root=path.parent / "cache",
            index_url=server.url,
            limits=Limits(),
            environ=(),
            cwd=path.parent,
        )
        (one,) = read_inputs([path], (), Choice())
        (ask,) = one.asks
        found = work(replace(ask, judged=judged), Workbench(settings, silent))
    assert isinstance(found, Found)
    return found


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("uv.lock", UV_LOCK, "lock.other-index"),
        ("requirements.txt", REQUIREMENTS, "lock.unknown-hash"),
    ],
)
def test_the_index_that_a_lock_names_says_the_same_as_of_the_lock_alone(
    name: str, text: str, rule: str, tmp_path: Path
) -> None:
    found = answer(text, tmp_path / name, b"other")
    assert [finding.rule for remark in found.remarks for finding in remark.findings] == [rule]


def test_wheels_are_named_when_it_is_asked_again(tmp_path: Path) -> None:
    content = b"published while an archive beside it was judged"
    text = f"thing==1.0 --hash=sha256:{sha256(content).hexdigest()}\n"
    judged = Judged(
        subject=Subject(requirement="thing==1.0", wheel=None, source=None),
        result=CheckResult(
            requirement="thing==1.0",
            wheel=None,
            source=None,
            verdict=Verdict.DIFFERENT,
            reason=None,
            detail=None,
            trusted=False,
            reasons=(),
        ),
    )
    found = answer(text, tmp_path / "requirements.txt", content, judged)
    names = [wheel.subject.wheel.filename for wheel in found.wheels if wheel.subject.wheel]
    assert names == [WHEEL]
