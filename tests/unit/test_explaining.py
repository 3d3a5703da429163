"""diffoscope's reports without diffoscope: what becomes of an answer, a file, a failure."""

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from builders.definition import DEFAULT_IMAGE, EXPLAIN_IMAGE, definition, definitions
from builders.diffoscope import LIMITS, DiffoscopeFault, write_page
from builders.root_tree import find_root, list_roots
from builders.sandbox.bwrap_command import BwrapCommand, Descriptors, Root
from builders.sandbox.host_root import image_root
from builders.sandbox.interface import Ending, Interpreter, Job, NoSandboxError, Outcome
from builders.sandbox.rooted import open_rooted
from reports.as_json import check_document, diff_document
from tests.support.command import assert_valid, truewheel
from tests.support.projects import MODULES, make_wheel
from verify.cli.console import progress
from verify.cli.options import Output
from verify.compare.engine import compare
from verify.errors import TruewheelError, UsageFault
from verify.events import Note, Notice, silent
from verify.explaining.explainer import Explainer, attempt
from verify.explaining.folder import ReportFolder
from verify.explaining.report_file import HEADER, POLICY, clear, new_report
from verify.results import CheckReport, CheckResult, ExplanationReport, ExplanationStatus
from verify.verdict import Verdict

PAGE = b"<!DOCTYPE html>\n<html>what differs</html>\n"


@dataclass(kw_only=True)
class Answering:
    """A sandbox whose jobs all give one answer; it keeps what it was asked to run."""

    output: bytes = PAGE
    ending: Ending = Ending.EXITED
    exit_code: int | None = 1
    log: str = ""
    seconds: float = 0.5
    job: Job | None = None

    @property
    def name(self) -> str:
        return "answering"

    @property
    def image(self) -> str | None:
        return None

    def interpreters(self) -> tuple[Interpreter, ...]:
        return ()

    def run(self, job: Job, output: BinaryIO) -> Outcome:
        self.job = job
        output.write(self.output)
        return Outcome(
            ending=self.ending, exit_code=self.exit_code, log=self.log, seconds=self.seconds
        )


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    published, rebuilt = tmp_path / "published file", tmp_path / "rebuilt file"
    published.write_bytes(b"published")
    rebuilt.write_bytes(b"rebuilt")
    return published, rebuilt


def test_a_whole_page_is_passed_on(files: tuple[Path, Path]) -> None:
    output = io.BytesIO()
    page = write_page(Answering(), *files, output)
    assert output.getvalue() == PAGE
    assert not page.cut_short


def test_diffoscope_sees_no_name_of_a_file_and_is_bounded(files: tuple[Path, Path]) -> None:
    sandbox = Answering()
    write_page(sandbox, *files, io.BytesIO())
    job = sandbox.job
    assert job is not None
    assert job.argv[-2:] == ("/compare/rebuilt.whl", "/compare/published.whl")
    assert not any("file" in argument and argument[0] != "-" for argument in job.argv)
    assert job.limits == LIMITS
    bounds = dict(zip(job.argv[:-1], job.argv[1:], strict=True))
    assert int(bounds["--timeout"]) < LIMITS.wall_seconds
    assert int(bounds["--max-report-size"]) < LIMITS.output_bytes
    assert int(bounds["--max-page-size"]) < LIMITS.output_bytes
    assert bounds["--jquery"] == "disable"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answering(output=b"", log="Traceback:\nImportError: magic\n"), "magic"),
        (Answering(output=PAGE[:-9]), "no whole report"),
        (Answering(output=PAGE[9:]), "no whole report"),
        (Answering(output=b"</html>"), "no whole report"),
        (Answering(output=b""), "no whole report"),
        (Answering(output=b"", exit_code=0), "saw no difference"),
        (Answering(exit_code=2, log="No space left"), "exit code 2: No space left"),
        (Answering(exit_code=137), "exit code 137"),
        (Answering(ending=Ending.WALL_TIME, exit_code=None), "took longer than 240 s"),
        (Answering(ending=Ending.MEMORY, exit_code=None), "of memory"),
        (Answering(ending=Ending.PROCESSES, exit_code=None), "64 processes"),
        (Answering(ending=Ending.LOG_SIZE, exit_code=None), "complained"),
        (Answering(ending=Ending.OUTPUT_SIZE, exit_code=None), "wrote more than"),
    ],
)
def test_whatever_is_no_whole_page_is_a_fault_and_nothing_is_passed_on(
    answer: Answering, said: str, files: tuple[Path, Path]
) -> None:
    output = io.BytesIO()
    with pytest.raises(DiffoscopeFault, match=said):
        write_page(answer, *files, output)
    assert output.getvalue() == b""


def test_the_last_words_of_a_log_are_bounded(files: tuple[Path, Path]) -> None:
    with pytest.raises(DiffoscopeFault) as caught:
        write_page(Answering(exit_code=2, log="x" * 10_000), *files, io.BytesIO())
    assert len(caught.value.message) < 400


def test_a_report_begins_with_what_forbids_the_browser_everything(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    with new_report(target) as file:
        file.write(b"<script>hostile()</script>")
    content = target.read_bytes()
    policy = b'<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
    assert content.index(policy) < content.index(b"<script>")
    assert len(HEADER) < 1024  # where a browser looks for the encoding
    assert b"unsafe-eval" not in POLICY
    assert b"script" not in POLICY
    assert target.stat().st_mode & 0o777 == 0o644


def test_a_report_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "report.html"

    def write_half() -> None:
        with new_report(target) as file:
            file.write(b"half")
            assert not target.exists()
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_report_is_cleared_away(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    with new_report(target) as file:
        file.write(PAGE)
    clear(target)
    assert not target.exists()
    clear(target)


@pytest.mark.parametrize("content", [b"", b"PK\3\4", PAGE, b" " + HEADER])
def test_a_file_that_is_no_report_is_never_touched(content: bytes, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    target.write_bytes(content)
    with pytest.raises(UsageFault, match="no report that truewheel wrote"):
        clear(target)
    assert target.read_bytes() == content


def test_a_folder_and_a_device_are_no_reports(tmp_path: Path) -> None:
    for target in (tmp_path, Path("/dev/null")):
        with pytest.raises(UsageFault, match="no report that truewheel wrote"):
            clear(target)
    assert Path("/dev/null").is_char_device()


def test_a_missing_folder_is_a_usage_error_before_any_work(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    ran = truewheel("diff", wheel, wheel, "--explain", tmp_path / "missing" / "report.html")
    assert (ran.code, ran.stdout) == (2, "")
    assert "there is no folder" in ran.stderr


def test_a_compared_wheel_is_not_overwritten_by_its_report(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    before = wheel.read_bytes()
    ran = truewheel("diff", wheel, wheel, "--explain", wheel)
    assert ran.code == 2
    assert wheel.read_bytes() == before


def test_identical_files_need_no_explanation_and_no_sandbox(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    target = tmp_path / "report.html"
    ran = truewheel(
        "diff", "--json", wheel, wheel, "--explain", target,
        environment={"PATH": "", "DOCKER_HOST": "unix:///nowhere"},
    )  # fmt: skip
    assert (ran.code, ran.document["explanation"]["status"]) == (0, "not-needed")
    assert_valid(ran.document)
    assert not target.exists()


@pytest.mark.parametrize(
    "error",
    [TruewheelError("broken"), OSError("broken"), KeyError("broken"), MemoryError("broken")],
)
def test_no_failure_at_all_gets_out_of_an_explanation(error: Exception) -> None:
    def fail() -> ExplanationReport:
        raise error

    report = attempt(fail)
    assert report.status is ExplanationStatus.FAILED
    assert report.detail is not None
    assert "broken" in report.detail


def test_an_interrupt_does_get_out() -> None:
    def stop() -> ExplanationReport:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt(stop)


def test_a_sandbox_that_does_not_open_is_asked_for_once(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    events: list[object] = []
    explainer = Explainer(choice="docker", cache_root=tmp_path, listener=events.append)
    first = explainer.explain(*files, tmp_path / "1.html")
    second = explainer.explain(*files, tmp_path / "2.html")
    assert first == second
    assert first.status is ExplanationStatus.FAILED
    assert len([event for event in events if isinstance(event, Note)]) == 1


def test_nothing_hostile_is_read_where_nothing_confines(tmp_path: Path) -> None:
    image = definition(EXPLAIN_IMAGE)
    with pytest.raises(NoSandboxError, match="unsafe-host confines nothing"):
        open_rooted("unsafe-host", image, cache_root=tmp_path, listener=silent)


def test_a_folder_says_why_there_is_no_report(files: tuple[Path, Path], tmp_path: Path) -> None:
    explainer = Explainer(choice="unsafe-host", cache_root=tmp_path, listener=silent)
    folder = ReportFolder(folder=tmp_path, explainer=explainer)
    published, rebuilt = files
    statuses = [
        folder.explain(None, None, trusted=False).status,
        folder.explain(published, None, trusted=False).status,
        folder.explain(published, rebuilt, trusted=True).status,
        folder.explain(published, rebuilt, trusted=False).status,
    ]
    assert statuses == ["no-rebuild", "no-rebuild", "not-needed", "failed"]


def test_the_documents_hold_an_explanation_where_one_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "rebuilt").mkdir()
    published = make_wheel(tmp_path, modules={**MODULES, "core.py": ""})
    difference = compare(published, make_wheel(tmp_path / "rebuilt"))
    written = ExplanationReport(status=ExplanationStatus.WRITTEN, path="report.html")
    failed = ExplanationReport(status=ExplanationStatus.FAILED, detail="why", hint="what to do")
    for report in (written, failed):
        result = CheckResult(
            requirement="thing==1.0",
            wheel=None,
            source=None,
            verdict=Verdict.DIFFERENT,
            reason=None,
            detail=None,
            trusted=False,
            reasons=("the verdict is different",),
            explanation=report,
        )
        expected = {
            "status": report.status,
            "path": report.path,
            "detail": report.detail,
            "hint": report.hint,
        }
        document = json.loads(json.dumps(check_document(CheckReport(results=(result,)))))
        assert_valid(document)
        assert document["results"][0]["explanation"] == expected
        compared = json.loads(json.dumps(diff_document(difference, report)))
        assert_valid(compared)
        assert compared.pop("explanation") == expected
        assert compared == json.loads(json.dumps(diff_document(difference)))


def test_hostile_words_cannot_steer_a_terminal(tmp_path: Path) -> None:
    (tmp_path / "rebuilt").mkdir()
    published = make_wheel(tmp_path, modules={**MODULES, "core.py": ""}, filename="\x1b[2J.whl")
    rebuilt = make_wheel(tmp_path / "rebuilt")
    target = tmp_path / "report.html"
    ran = truewheel(
        "diff", published, rebuilt, "--explain", target, "--sandbox", "unsafe-host",
        cache=tmp_path / "cache",
    )  # fmt: skip
    assert "no explanation of" in ran.stderr
    assert "\x1b" not in ran.stderr


def test_an_images_root_replaces_all_of_the_hosts(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "bin").symlink_to("usr/bin")
    (tmp_path / "lib64").mkdir()
    assert list(image_root(tmp_path)) == [
        "--ro-bind", f"{tmp_path}/usr", "/usr",
        "--symlink", "usr/bin", "/bin",
        "--ro-bind", f"{tmp_path}/lib64", "/lib64",
    ]  # fmt: skip
    root = Root(path=tmp_path, digest="sha256:00")
    command = BwrapCommand(executable=Path("bwrap"), privileged=True, root=root)
    nothing = Descriptors(status=0, block=0, seccomp=0, etc={})
    options = command.options(Job(argv=("/bin/true",)), nothing)
    sources = [
        options[at + 1] for at, option in enumerate(options) if option.startswith("--ro-bind")
    ]
    assert len(sources) == 4
    assert all(source.startswith(str(tmp_path)) for source in sources)


def test_builds_and_explanations_have_images_of_their_own() -> None:
    assert set(definitions()) == {DEFAULT_IMAGE, EXPLAIN_IMAGE}
    assert definition().name == DEFAULT_IMAGE
    assert not any("diffoscope" in package for package in definition().packages)
    assert "gcc" not in definition(EXPLAIN_IMAGE).packages


@pytest.mark.parametrize("about", ["", "[]", "{}", '{"reference": 1}', "\udcff"])
def test_a_damaged_root_is_none(about: str, tmp_path: Path) -> None:
    image = definition(EXPLAIN_IMAGE)
    tree = tmp_path / "roots" / image.digest
    tree.mkdir(parents=True)
    (tree / "root.json").write_bytes(about.encode("utf-8", "surrogateescape"))
    assert find_root(image, tmp_path) is None
    assert list_roots(tmp_path) == ()


@pytest.mark.parametrize(
    ("quiet", "verbose", "shown"), [(False, False, 1), (False, True, 1), (True, False, 0)]
)
def test_a_notice_is_shown_unless_it_is_to_be_quiet(
    *, quiet: bool, verbose: bool, shown: int, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Output(as_json=False, quiet=quiet, verbose=verbose, no_color=True)
    with progress(output) as listener:
        listener(Notice(message="this takes a minute"))
    assert capsys.readouterr().err.count("this takes a minute") == shown
