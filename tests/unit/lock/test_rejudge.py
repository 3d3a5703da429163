"""A lock judged again: which file each hash is, against a real index; rebuilding is injected."""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from tests.support.index_server import NOT_LISTED, IndexServer, ServedFile
from verify.errors import UsageFault
from verify.events import silent
from verify.index.client import SimpleIndex, open_index
from verify.index.config import IndexConfig
from verify.index.interface import IndexUnreachableError
from verify.index.select import Target
from verify.lock.inputs.locks import read_lock
from verify.lock.inputs.reading import read_file
from verify.lock.rejudge import Tools, rejudge, require_same_index
from verify.lock.results import LockReport, Outcome, Standing
from verify.lock.sources import SourceRules
from verify.results import CheckedSource, CheckedWheel, CheckResult
from verify.subject import Subject
from verify.verdict import Reason, Verdict

DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
WHEEL, LINUX, SDIST = (
    "thing-1.0-py3-none-any.whl",
    "thing-1.0-cp311-cp311-linux_x86_64.whl",
    "thing-1.0.tar.gz",
)
COMMIT = "0123456789" * 4


def digest(name: str) -> str:
    """Of the file of that name: its content is its name."""
    return sha256(name.encode()).hexdigest()


def served(name: str, day: datetime = DAY, **listed: str) -> ServedFile:
    return ServedFile(filename=name, content=name.encode(), upload_time=day, **listed)  # type: ignore[arg-type] # names of fields


@dataclass
class Judge:
    """Says of each wheel what the test wants, and remembers what it was asked."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    asked: list[Subject] = field(default_factory=list)

    def __call__(self, subject: Subject) -> CheckResult:
        self.asked.append(subject)
        wheel = subject.wheel
        verdict = self.verdicts.get(wheel.filename, Verdict.IDENTICAL) if wheel else None
        if wheel is None or subject.source is None or verdict is None:
            verdict = Verdict.UNDETERMINED
        trusted = verdict is Verdict.IDENTICAL
        found = wheel and (wheel.filename, wheel.sha256)
        return CheckResult(
            requirement=subject.requirement,
            wheel=CheckedWheel(filename=found[0], sha256=found[1], size=None) if found else None,
            source=CheckedSource(
                kind="sdist", filename=subject.source.filename, sha256=subject.source.sha256
            )
            if subject.source
            else None,
            verdict=verdict,
            reason=subject.reason,
            detail=subject.detail,
            trusted=trusted,
            basis="verdict" if trusted else None,
            reasons=(f"the verdict is {verdict}",),
        )


def pin(*names: str, marker: str = "") -> str:
    return f"thing==1.0 {marker}" + "".join(f" --hash=sha256:{digest(name)}" for name in names)


TWICE = "\n".join([pin(WHEEL), pin(WHEEL, marker="; os_name == 'nt'")])


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as running:
        running.add("thing", [served(WHEEL), served(LINUX), served(SDIST)])
        yield running


@dataclass
class Bench:
    folder: Path
    server: IndexServer
    judge: Judge = field(default_factory=Judge)
    sources: SourceRules | None = None

    def index(self) -> SimpleIndex:
        return open_index(
            IndexConfig(urls=(self.server.url,)),
            cache_root=self.folder / "cache",
            offline=False,
            listener=silent,
        )

    def report(
        self,
        text: str,
        *,
        name: str = "requirements.txt",
        old: str | None = None,
        written: datetime | None = None,
        targets: tuple[Target, ...] = (),
    ) -> LockReport:
        path = self.folder / name
        path.write_text(text)
        lock = read_lock(path, read_file, {})
        before = None
        if old is not None:
            path.write_text(old)
            before = read_lock(path, read_file, {})
        tools = Tools(
            index=self.index(), urls=(self.server.url,), judge=self.judge, sources=self.sources
        )
        outcomes = tuple(rejudge(lock, tools, old=before, written=written, targets=targets))
        return LockReport(lock=lock, outcomes=outcomes)

    def one(self, text: str, *, name: str = "requirements.txt") -> Outcome:
        (outcome,) = self.report(text, name=name).outcomes
        return outcome


@pytest.fixture
def bench(tmp_path: Path, server: IndexServer) -> Bench:
    return Bench(tmp_path, server)


def rules(outcome: Outcome) -> list[str]:
    return [str(finding.rule) for finding in outcome.findings]


def test_every_hash_is_the_file_of_the_release_that_has_it(bench: Bench) -> None:
    bench.judge.verdicts = {LINUX: Verdict.DIFFERENT}
    report = bench.report(pin(SDIST, LINUX, WHEEL))
    assert [(outcome.filename, outcome.standing) for outcome in report.outcomes] == [
        (SDIST, Standing.NOTED),
        (LINUX, Standing.DISTRUSTED),
        (WHEEL, Standing.TRUSTED),
    ]
    assert rules(report.outcomes[0]) == ["lock.sdist"]
    subjects = [(s.requirement, s.source and s.source.filename) for s in bench.judge.asked]
    assert subjects == [("thing==1.0", SDIST), ("thing==1.0", SDIST)]
    assert bench.judge.asked[0].listing is not None


def test_a_hash_that_is_locked_twice_is_judged_once(bench: Bench) -> None:
    report = bench.report(TWICE)
    assert [outcome.standing for outcome in report.outcomes] == [Standing.TRUSTED] * 2
    assert len(bench.judge.asked) == 1


def test_a_wheel_without_a_source_is_undetermined(bench: Bench) -> None:
    bench.server.add("thing", [served(WHEEL)])
    outcome = bench.one(pin(WHEEL))
    assert outcome.standing is Standing.UNDETERMINED
    assert outcome.check is not None
    assert outcome.check.reason is Reason.NO_SOURCE


def test_a_hash_that_no_file_of_the_release_has_is_distrusted(bench: Bench) -> None:
    outcome = bench.one(pin("other"))
    assert (rules(outcome), outcome.standing) == (["lock.unknown-hash"], Standing.DISTRUSTED)
    assert bench.judge.asked == []


def test_the_hash_of_another_release_is_no_hash_of_this_one(bench: Bench) -> None:
    other = "thing-2.0-py3-none-any.whl"
    bench.server.add("thing", [served(WHEEL), served(other), served(SDIST)])
    outcome = bench.one(pin(other))
    assert rules(outcome) == ["lock.unknown-hash"]
    assert f"it is that of {other}" in outcome.findings[0].summary


def uv_lock(sha: str, *, filename: str = WHEEL, source: str, version: str = "1.0") -> str:
    return f"""\
version = 1
[[package]]
name = "thing"
version = "{version}"
source = {{ registry = "{source}" }}
wheels = [{{ url = "https://example.org/{filename}", hash = "sha256:{sha}" }}]
"""


def test_a_file_whose_bytes_changed_is_told_with_what_the_index_has(bench: Bench) -> None:
    text = uv_lock("a" * 64, source=bench.server.url)
    outcome = bench.one(text, name="uv.lock")
    assert rules(outcome) == ["lock.unknown-hash"]
    assert f"{WHEEL} with sha256 {digest(WHEEL)}" in outcome.findings[0].summary


@pytest.mark.parametrize(
    "changed", [{"filename": "thing-1.0-py2-none-any.whl"}, {"version": "0.9"}]
)
def test_what_the_index_no_longer_lists_has_vanished(bench: Bench, changed: dict[str, str]) -> None:
    text = uv_lock("a" * 64, source=f"{bench.server.url}/", **changed)
    outcome = bench.one(text, name="uv.lock")
    assert (rules(outcome), outcome.standing) == (["lock.vanished"], Standing.UNDETERMINED)


def test_a_project_that_no_index_has_has_vanished(bench: Bench) -> None:
    outcome = bench.one(f"gone==1.0 --hash=sha256:{'a' * 64}")
    assert (rules(outcome), outcome.standing) == (["lock.vanished"], Standing.UNDETERMINED)


def test_with_targets_only_what_fits_one_of_them_is_rebuilt(bench: Bench) -> None:
    windows = Target(python=(3, 11), platform="win_amd64")
    report = bench.report(pin(SDIST, LINUX, WHEEL, "other"), targets=(windows,))
    assert [(rules(outcome), outcome.standing) for outcome in report.outcomes] == [
        (["lock.sdist"], Standing.NOTED),
        (["lock.other-target"], Standing.NOTED),
        ([], Standing.TRUSTED),
        (["lock.unknown-hash"], Standing.DISTRUSTED),
    ]
    linux = Target(python=(3, 11), platform="linux_x86_64")
    both = bench.report(pin(LINUX), targets=(windows, linux))
    assert [outcome.standing for outcome in both.outcomes] == [Standing.TRUSTED]


def test_a_lock_of_a_mirror_is_judged_by_its_hashes(bench: Bench) -> None:
    text = uv_lock(digest(WHEEL), source="https://mirror.example.org/simple")
    outcome = bench.one(text, name="uv.lock")
    assert (rules(outcome), outcome.standing) == ([], Standing.TRUSTED)


def test_a_lock_of_another_index_is_told_as_such(bench: Bench) -> None:
    text = uv_lock("a" * 64, source="https://other.example.org/simple")
    report = bench.report(text, name="uv.lock")
    assert [rules(outcome) for outcome in report.outcomes] == [["lock.other-index"]]
    with pytest.raises(UsageFault, match=r"a lock of another index: https://other\.example\.org"):
        require_same_index(report)


INDEX = "--index-url https://other.example.org/simple\n"


def test_requirements_of_another_index_are_told_as_such(bench: Bench) -> None:
    report = bench.report(f"{INDEX}gone==1.0 --hash=sha256:{'a' * 64}\n")
    with pytest.raises(UsageFault, match=r"a lock of another index: https://other\.example\.org"):
        require_same_index(report)
    several = bench.report(f"{INDEX}--extra-{INDEX[2:]}gone==1.0 --hash=sha256:{'a' * 64}\n")
    assert [rules(outcome) for outcome in several.outcomes] == [["lock.vanished"]]


def test_naming_another_index_excuses_no_hash_of_a_known_release(bench: Bench) -> None:
    outcome = bench.one(INDEX + pin("other"))
    assert (rules(outcome), outcome.standing) == (["lock.unknown-hash"], Standing.DISTRUSTED)


def test_a_lock_of_two_indexes_is_judged_as_far_as_it_goes(bench: Bench) -> None:
    other = uv_lock("a" * 64, source="https://other.example.org/simple").partition("\n")[2]
    report = bench.report(uv_lock(digest(WHEEL), source=bench.server.url) + other, name="uv.lock")
    require_same_index(report)
    standings = [outcome.standing for outcome in report.outcomes]
    assert standings == [Standing.TRUSTED, Standing.UNDETERMINED]


def test_a_yanked_file_is_judged_and_noted(bench: Bench) -> None:
    bench.server.add("thing", [served(WHEEL, yanked="broken"), served(SDIST)])
    outcome = bench.one(pin(WHEEL))
    assert (rules(outcome), outcome.standing) == (["lock.yanked"], Standing.TRUSTED)
    assert outcome.findings[0].summary == f"{WHEEL} was yanked: broken"


def test_an_index_without_hashes_is_asked_for_the_bytes(bench: Bench) -> None:
    bench.server.add("thing", [served(WHEEL, listed_sha256=NOT_LISTED), served(SDIST)])
    assert bench.one(pin(WHEEL)).standing is Standing.TRUSTED
    assert bench.judge.asked[0].wheel is not None
    assert bench.judge.asked[0].wheel.sha256 == digest(WHEEL)
    assert rules(bench.one(pin("other"))) == ["lock.unknown-hash"]


@pytest.mark.parametrize(
    ("text", "rule", "standing"),
    [
        ("thing==1.0\n", "lock.no-hash", Standing.DISTRUSTED),
        ("thing\n", "lock.no-hash", Standing.DISTRUSTED),
        (f"thing==1.0 --hash=md5:{'a' * 32}\n", "lock.weak-hash", Standing.DISTRUSTED),
        (f"thing==1.0 --hash=sha1:{'a' * 40}\n", "lock.weak-hash", Standing.DISTRUSTED),
        (f"thing==1.0 --hash=sha512:{'a' * 128}\n", "lock.other-hash", Standing.UNDETERMINED),
        (f"./thing-1.0.zip --hash=sha256:{'a' * 64}\n", "lock.local-file", Standing.UNDETERMINED),
        ("-e ../near\n", "lock.directory", Standing.NOTED),
        (f"git+https://example.org/r@{COMMIT}#egg=x\n", "lock.vcs", Standing.DISTRUSTED),
    ],
)
def test_what_no_sha256_pins_is_a_finding_of_the_lock(
    bench: Bench, text: str, rule: str, standing: Standing
) -> None:
    outcome = bench.one(text)
    assert (rules(outcome), outcome.standing) == ([rule], standing)
    assert bench.judge.asked == []


def test_the_project_itself_is_nothing_to_judge(bench: Bench) -> None:
    assert bench.report("-e .\n").outcomes == ()


def test_a_checkout_is_refused_with_the_archive_to_write_instead(bench: Bench) -> None:
    outcome = bench.one(f"thing @ git+https://github.com/o/r@{COMMIT}#subdirectory=sub")
    url = f"https://github.com/o/r/archive/{COMMIT}.tar.gz#subdirectory=sub"
    assert outcome.advice is not None
    assert f"write `thing @ {url}`" in outcome.advice


def test_a_wheel_by_url_is_compared_with_the_source_at_the_index(bench: Bench) -> None:
    rebuilt = "thing-1.0-py2-none-any.whl"
    url = f"https://example.org/x/{rebuilt}"
    outcome = bench.one(f"thing @ {url} --hash=sha256:{digest(rebuilt)}")
    assert outcome.standing is Standing.TRUSTED
    (subject,) = bench.judge.asked
    assert subject.wheel is not None
    assert subject.source is not None
    assert (subject.wheel.url, subject.wheel.sha256) == (url, digest(rebuilt))
    assert subject.source.filename == SDIST


def test_a_url_with_bytes_that_the_index_lists_is_that_file(bench: Bench) -> None:
    outcome = bench.one(f"thing @ https://example.org/x/{WHEEL} --hash=sha256:{digest(WHEEL)}")
    assert outcome.standing is Standing.TRUSTED
    assert bench.judge.asked[0].wheel is not None
    assert bench.judge.asked[0].wheel.url.startswith(f"http://{bench.server.netloc}/")


def test_a_url_that_leads_to_another_project_is_distrusted(bench: Bench) -> None:
    url = "https://example.org/other-1.0-py3-none-any.whl"
    outcome = bench.one(f"thing @ {url} --hash=sha256:{'a' * 64}")
    assert (rules(outcome), outcome.standing) == (["lock.other-project"], Standing.DISTRUSTED)


def packed() -> bytes:
    """An archive of sources with nothing in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w"):
        pass
    return buffer.getvalue()


def locked_archive(bench: Bench, filename: str = SDIST) -> str:
    """A requirement by the URL of an archive that the index does not list."""
    bench.server.add("elsewhere", [ServedFile(filename=filename, content=packed())])
    url = f"http://{bench.server.netloc}/files/elsewhere/{filename}"
    return f"thing @ {url} --hash=sha256:{sha256(packed()).hexdigest()}"


def source_rules(*refused: str, verified: bool = True, anything: bool = False) -> SourceRules:
    return SourceRules(
        refusals=lambda _source, _listing: refused,
        takes_verified=lambda _name, _version: verified,
        takes_unverified=lambda _name, _version: anything,
    )


def test_an_archive_by_url_is_verified_by_a_wheel_of_its_release(bench: Bench) -> None:
    line = locked_archive(bench)
    assert rules(bench.one(line)) == ["lock.archive"]
    assert bench.judge.asked == []
    bench.sources = source_rules()
    outcome = bench.one(line)
    assert (rules(outcome), outcome.standing) == (["lock.archive-verified"], Standing.TRUSTED)
    (subject,) = bench.judge.asked
    assert subject.source is not None
    assert subject.source.sha256 == sha256(packed()).hexdigest()


def test_an_archive_that_only_a_lock_names_is_not_trusted_for_the_wheel_that_it_makes(
    bench: Bench,
) -> None:
    """It may have been made of that wheel, and do something else where it is installed."""
    bench.sources = source_rules(verified=False)
    outcome = bench.one(locked_archive(bench))
    assert (rules(outcome), outcome.standing) == (["lock.archive-unasked"], Standing.UNDETERMINED)


def test_an_archive_that_a_lock_names_like_a_wheel_is_distrusted(bench: Bench) -> None:
    """Installers go by the name of one or the other, and a ZIP archive can be both."""
    bench.sources = source_rules()
    bench.server.add("elsewhere", [ServedFile(filename=WHEEL, content=packed())])
    text = (
        'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "thing"\nversion = "1.0"\n'
        f'source = {{ url = "http://{bench.server.netloc}/files/elsewhere/{WHEEL}" }}\n'
        f'sdist = {{ filename = "{SDIST}", hash = "sha256:{sha256(packed()).hexdigest()}" }}\n'
    )
    outcome = bench.one(text, name="uv.lock")
    assert (rules(outcome), outcome.standing) == (["lock.other-name"], Standing.DISTRUSTED)


@pytest.mark.parametrize(
    ("sources", "rule", "standing"),
    [
        (source_rules(), "lock.archive", Standing.UNDETERMINED),
        (source_rules(anything=True), "lock.archive-let-in", Standing.NOTED),
        (source_rules("no", anything=True), "lock.archive-refused", Standing.DISTRUSTED),
    ],
)
def test_an_archive_that_no_wheel_is_built_from_is_worth_what_the_policy_says(
    bench: Bench, sources: SourceRules, rule: str, standing: Standing
) -> None:
    bench.judge.verdicts = {WHEEL: Verdict.DIFFERENT, LINUX: Verdict.DIFFERENT}
    bench.sources = sources
    outcome = bench.one(locked_archive(bench))
    assert (rules(outcome), outcome.standing) == ([rule], standing)


def test_an_archive_that_changed_is_not_what_was_locked(bench: Bench) -> None:
    bench.sources = source_rules(anything=True)
    line = locked_archive(bench)
    bench.server.add("elsewhere", [ServedFile(filename=SDIST, content=b"other")])
    outcome = bench.one(line)
    assert (rules(outcome), outcome.standing) == (["lock.archive"], Standing.UNDETERMINED)


def test_files_of_a_pinned_release_that_came_after_the_lock_are_told_once(bench: Bench) -> None:
    late = "thing-1.0-1-py3-none-any.whl"
    bench.server.add("thing", [served(WHEEL), served(SDIST), served(late, DAY + timedelta(days=9))])
    report = bench.report(TWICE, written=DAY + timedelta(days=8))
    told = [outcome for outcome in report.outcomes if outcome.file is None]
    assert [rules(outcome) for outcome in told] == [["lock.new-files"]]
    assert late in told[0].findings[0].summary
    assert SDIST not in told[0].findings[0].summary
    quiet = bench.report(TWICE, written=DAY + timedelta(days=10)).outcomes
    assert [rules(outcome) for outcome in quiet] == [[], []]


def test_since_leaves_out_what_the_older_lock_has(bench: Bench) -> None:
    old = f"{pin(SDIST, WHEEL)}\nloose\ngit+https://example.org/r@{COMMIT}#egg=x\n"
    new = old.replace(COMMIT, COMMIT[::-1]).replace(pin(SDIST, WHEEL), pin(SDIST, WHEEL, LINUX))
    outcomes = bench.report(new, old=old).outcomes
    assert [(outcome.filename, rules(outcome)) for outcome in outcomes] == [
        (LINUX, []),
        (None, ["lock.vcs"]),
    ]


def test_a_hash_that_moved_to_another_project_is_judged_again(bench: Bench) -> None:
    sha = digest(WHEEL)
    old, new = f"other==1.0 --hash=sha256:{sha}", f"thing==1.0 --hash=sha256:{sha}"
    assert [o.standing for o in bench.report(new, old=old).outcomes] == [Standing.TRUSTED]


def test_two_indexes_that_contradict_each_other_leave_it_undetermined(
    bench: Bench, server: IndexServer
) -> None:
    with IndexServer() as second:
        content = b"other bytes"
        second.add("thing", [ServedFile(filename=WHEEL, content=content, upload_time=DAY)])
        index = open_index(
            IndexConfig(urls=(server.url, second.url)),
            cache_root=bench.folder / "cache",
            offline=False,
            listener=silent,
        )
        path = bench.folder / "requirements.txt"
        path.write_text(pin(WHEEL))
        tools = Tools(index=index, urls=(server.url, second.url), judge=bench.judge)
        (outcome,) = rejudge(read_lock(path, read_file, {}), tools)
    assert outcome.standing is Standing.UNDETERMINED
    assert bench.judge.asked[0].reason is Reason.CONFLICTING_FILES


def test_an_index_that_does_not_answer_is_a_failure_and_no_finding(tmp_path: Path) -> None:
    with IndexServer() as server:
        url = server.url
    path = tmp_path / "requirements.txt"
    path.write_text(pin(WHEEL))
    index = open_index(IndexConfig(urls=(url,)), cache_root=tmp_path, offline=True, listener=silent)
    outcomes = rejudge(
        read_lock(path, read_file, {}), Tools(index=index, urls=(url,), judge=Judge())
    )
    with pytest.raises(IndexUnreachableError):
        next(outcomes)
