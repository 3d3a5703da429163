"""Locks that ask an installer for other bytes than those that were judged: `lock --check`.

The release has a tampered wheel for Windows, and whoever wrote the lock wants it installed
elsewhere, or wants another file installed by what the lock says beside the hash that is true.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256, sha512
from pathlib import Path

import pytest

from tests.support.index_server import IndexServer, ServedFile
from verify.events import silent
from verify.index.client import open_index
from verify.index.config import IndexConfig
from verify.index.select import Target
from verify.lock.inputs.interface import InputFault
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.reading import read_file
from verify.lock.rejudge import Tools, rejudge
from verify.lock.results import Outcome, Standing
from verify.results import CheckedWheel, CheckResult
from verify.subject import Subject
from verify.verdict import Verdict

HONEST, WINDOWS, SDIST = (
    "thing-1.0-py3-none-any.whl",
    "thing-1.0-cp311-cp311-win_amd64.whl",
    "thing-1.0.tar.gz",
)
LINUX = (Target(python=(3, 11), platform="manylinux_2_28_x86_64"),)
GOOD, EVIL, SOURCE = (sha256(name.encode()).hexdigest() for name in (HONEST, WINDOWS, SDIST))
PLACE = "https://example.org/files"


def served(name: str, content: str | None = None) -> ServedFile:
    return ServedFile(filename=name, content=(content or name).encode())


def judge(subject: Subject) -> CheckResult:
    """Only the one wheel, by its bytes, is what its source builds to."""
    wheel = subject.wheel
    assert wheel is not None
    trusted = wheel.sha256 == GOOD
    verdict = Verdict.IDENTICAL if trusted else Verdict.SUSPICIOUS
    return CheckResult(
        requirement=subject.requirement,
        wheel=CheckedWheel(filename=wheel.filename, sha256=wheel.sha256, size=None),
        source=None,
        verdict=verdict,
        reason=None,
        detail=None,
        trusted=trusted,
        reasons=(f"the verdict is {verdict}",),
    )


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as running:
        running.add("thing", [served(HONEST), served(WINDOWS), served(SDIST)])
        yield running


class Bench:
    def __init__(self, folder: Path, server: IndexServer) -> None:
        self.folder, self.server = folder, server

    def outcomes(
        self, text: str, name: str = "requirements.txt", *, old: str | None = None
    ) -> list[Outcome]:
        path = self.folder / name
        if old is not None:
            path.write_text(old, encoding="utf-8")
        before = read_lock(path, read_file, {}) if old is not None else None
        path.write_text(text, encoding="utf-8")
        index = open_index(
            IndexConfig(urls=(self.server.url,)),
            cache_root=self.folder / "cache",
            offline=False,
            listener=silent,
        )
        tools = Tools(index=index, urls=(self.server.url,), judge=judge)
        lock = read_lock(path, read_file, {})
        return list(rejudge(lock, tools, old=before, targets=LINUX))


@pytest.fixture
def bench(tmp_path: Path, server: IndexServer) -> Bench:
    return Bench(tmp_path, server)


def said(outcomes: list[Outcome]) -> list[tuple[Standing, list[str]]]:
    return [(each.standing, [str(one.rule) for one in each.findings]) for each in outcomes]


def uv_lock(*wheels: str, array: str = "package", source: str = 'registry = "x"') -> str:
    listed = ", ".join(wheels)
    return (
        f'version = 1\n[[{array}]]\nname = "thing"\nversion = "1.0"\n'
        f"source = {{ {source} }}\nwheels = [{listed}]\n"
    )


def pylock(package: str) -> str:
    head = 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "thing"\n'
    return f'{head}version = "1.0"\n{package}\n'


def wheel_entry(url: str, hashes: str) -> str:
    return pylock(f'[[packages.wheels]]\nurl = "{url}"\nhashes = {{ {hashes} }}')


DISTRUSTED_NAME = [(Standing.DISTRUSTED, ["lock.other-name"])]
DISTRUSTED_MORE = [(Standing.DISTRUSTED, ["lock.more-hashes"])]


def test_the_honest_locks_are_trusted(bench: Bench) -> None:
    wheel = f'{{ url = "{PLACE}/{HONEST}", hash = "sha256:{GOOD}" }}'
    for text, name in (
        (f"thing==1.0 --hash=sha256:{GOOD}", "requirements.txt"),
        (uv_lock(wheel), "uv.lock"),
        (uv_lock(wheel, source=f'url = "{PLACE}/{HONEST}"'), "uv.lock"),
        (wheel_entry(f"{PLACE}/{HONEST}", f'sha256 = "{GOOD}"'), "pylock.toml"),
        (
            wheel_entry(
                f"{PLACE}/{HONEST}",
                f'sha256 = "{GOOD}", sha512 = "{sha512(HONEST.encode()).hexdigest()}"',
            ),
            "pylock.toml",
        ),
    ):
        assert said(bench.outcomes(text, name)) == [(Standing.TRUSTED, [])], text


@pytest.mark.parametrize("first", ["thing-1.0.zip", "thing-1.0.win32.exe", WINDOWS])
def test_bytes_that_are_listed_under_a_harmless_name_first_are_judged_as_the_wheel_they_are(
    bench: Bench, server: IndexServer, first: str
) -> None:
    evil = "thing-1.0-1-py3-none-any.whl"
    server.add("thing", [served(first, "evil"), served(evil, "evil"), served(SDIST)])
    (outcome,) = bench.outcomes(f"thing==1.0 --hash=sha256:{sha256(b'evil').hexdigest()}")
    assert outcome.standing is Standing.DISTRUSTED
    assert outcome.filename == evil


@pytest.mark.parametrize("digest", [EVIL, SOURCE])
@pytest.mark.parametrize("filename", ["", f'filename = "{WINDOWS}", '])
def test_a_wheel_for_elsewhere_is_not_installed_here_under_another_name(
    bench: Bench, digest: str, filename: str
) -> None:
    wheel = f'{{ {filename}url = "{PLACE}/{HONEST}", hash = "sha256:{digest}" }}'
    assert said(bench.outcomes(uv_lock(wheel), "uv.lock")) == DISTRUSTED_NAME
    text = f"thing @ {PLACE}/{HONEST} --hash=sha256:{digest}"
    assert said(bench.outcomes(text)) == DISTRUSTED_NAME


def test_a_wheel_for_elsewhere_has_no_other_path_in_a_pylock(bench: Bench) -> None:
    entry = f'[[packages.wheels]]\nname = "{WINDOWS}"\nurl = "{PLACE}/{WINDOWS}"\npath = "{HONEST}"'
    text = pylock(f'{entry}\nhashes = {{ sha256 = "{EVIL}" }}')
    assert said(bench.outcomes(text, "pylock.toml")) == DISTRUSTED_NAME


@pytest.mark.parametrize(
    "more",
    [
        f'sha512 = "{sha512(b"evil").hexdigest()}"',
        f'md5 = "{"0" * 32}"',
        f'blake2b = "{"0" * 128}"',
    ],
)
def test_a_second_hash_lets_no_other_bytes_in(bench: Bench, more: str) -> None:
    text = wheel_entry(f"{PLACE}/{HONEST}", f'sha256 = "{GOOD}", {more}')
    assert said(bench.outcomes(text, "pylock.toml")) == DISTRUSTED_MORE


@pytest.mark.parametrize("mark", ["#", "?x=1&", "#egg=thing&"])
def test_a_hash_in_a_url_lets_no_other_bytes_in(bench: Bench, mark: str) -> None:
    url = f"{PLACE}/{HONEST}{mark}sha256={'e' * 64}"
    archive = f'[packages.archive]\nurl = "{url}"\nhashes = {{ sha256 = "{GOOD}" }}'
    assert said(bench.outcomes(pylock(archive), "pylock.toml")) == DISTRUSTED_MORE
    standings = [each.standing for each in bench.outcomes(f"thing @ {url} --hash=sha256:{GOOD}")]
    assert standings.count(Standing.TRUSTED) == 1
    assert len(standings) == 2


def test_no_package_hides_under_uvs_older_word(bench: Bench) -> None:
    wheel = f'{{ url = "{PLACE}/{WINDOWS}", hash = "sha256:{EVIL}" }}'
    with pytest.raises(InputFault, match="`distribution`"):
        bench.outcomes(uv_lock(wheel, array="distribution"), "uv.lock")


def test_a_compressed_twin_of_a_wheel_is_not_passed_over(bench: Bench) -> None:
    wheel = (
        f'{{ url = "{PLACE}/{HONEST}", hash = "sha256:{GOOD}",'
        f' zstd = {{ hash = "sha256:{"e" * 64}" }} }}'
    )
    found = [each.standing for each in bench.outcomes(uv_lock(wheel), "uv.lock")]
    assert found == [Standing.TRUSTED, Standing.UNDETERMINED]


def test_an_empty_list_of_files_is_no_list_that_stands_elsewhere(bench: Bench) -> None:
    files = f'thing = [{{ file = "{HONEST}", hash = "sha256:{GOOD}" }}]'
    entry = '[[package]]\nname = "thing"\nversion = "1.0"\nfiles = []\n'
    text = f'{entry}[metadata]\nlock-version = "2.1"\n[metadata.files]\n{files}\n'
    assert said(bench.outcomes(text, "poetry.lock")) == [(Standing.DISTRUSTED, ["lock.no-hash"])]


@pytest.mark.parametrize(
    ("name", "keys"),
    [("poetry.lock", ("thing", "Thing")), ("pdm.lock", ('"thing 1.0"', '"Thing 1.0"'))],
)
def test_a_second_spelling_of_a_project_hides_no_hash(
    bench: Bench, name: str, keys: tuple[str, str]
) -> None:
    rows = [
        f'{key} = [{{ file = "{HONEST}", hash = "sha256:{digest}" }}]\n'
        for key, digest in zip(keys, (EVIL, GOOD), strict=True)
    ]
    entry = '[[package]]\nname = "thing"\nversion = "1.0"\n'
    for order in (rows, rows[::-1]):
        with pytest.raises(InputFault, match="twice"):
            bench.outcomes(f"{entry}[metadata.files]\n{''.join(order)}", name)


def test_an_archive_at_a_url_that_no_index_lists_is_not_taken_for_the_source(bench: Bench) -> None:
    text = f"thing @ {PLACE}/{SDIST} --hash=sha256:{'e' * 64}"
    assert said(bench.outcomes(text)) == [(Standing.UNDETERMINED, ["lock.archive"])]


def test_the_same_hash_under_a_name_that_counts_is_no_old_news(bench: Bench) -> None:
    old = f'{{ url = "{PLACE}/{WINDOWS}", hash = "sha256:{EVIL}" }}'
    new = f'{{ url = "{PLACE}/{HONEST}", hash = "sha256:{EVIL}" }}'
    assert bench.outcomes(uv_lock(old), "uv.lock", old=uv_lock(old)) == []
    assert said(bench.outcomes(uv_lock(new), "uv.lock", old=uv_lock(old))) == DISTRUSTED_NAME


def test_a_wheel_elsewhere_does_not_come_from_the_index_that_lists_its_name(bench: Bench) -> None:
    index = open_index(
        IndexConfig(urls=(bench.server.url,)),
        cache_root=bench.folder / "cache",
        offline=False,
        listener=silent,
    )
    listed = index.project("thing").files[0]
    assert index.origin(listed) == bench.server.url
    assert index.origin(replace(listed, url=f"{PLACE}/{listed.filename}")) is None
