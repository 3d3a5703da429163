"""Formats that other packages bring, and what becomes of those that are broken."""

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from signal import SIGKILL

import pytest

from reports.renderers.interface import GROUP, RendererError
from reports.renderers.registry import available, renderers
from reports.renderers.writing import LIST, render_all
from tests.support.command import assert_valid, truewheel
from tests.support.results import document, small
from verify.errors import UsageFault

OWN = ("csv", "cyclonedx", "html", "json", "jsonl", "junit", "markdown", "sarif")
PLUGIN = """\
from reports.renderers.interface import Rendered
class Plugin:
    name = "{name}"
    filename = "{file}"
    def render(self, document):
        {body}
        yield Rendered(name=self.filename, content=document["schema"].encode())
"""
SECOND = """\
from reports.renderers.interface import Rendered
class Plugin:
    name = "second"
    filename = "second.txt"
    def render(self, document):
        yield Rendered(name="second.txt", content=str(len(document["results"])).encode())
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def install(site: Path, name: str, value: str, code: str = "", package: str = "extra") -> None:
    info = site / f"{package}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {value}\n")
    if code:
        (site / f"{value.partition(':')[0]}.py").write_text(code)


def plugin(name: str, file: str = "extra.txt", body: str = "pass") -> str:
    return PLUGIN.format(name=name, file=file, body=body)


def test_our_own_formats_are_all_there_and_can_be_loaded() -> None:
    assert available() == OWN
    assert [renderer.name for renderer in renderers(OWN)] == list(OWN)


def test_a_package_adds_a_format(site: Path, tmp_path: Path) -> None:
    install(site, "extra", "extra_good:Plugin", plugin("extra"))
    (report,) = render_all(small(), tmp_path / "report", ["extra"]).written
    assert report.path.read_text() == "truewheel.check/1"


STREAMED = """\
from reports.renderers.interface import Streamed
class Plugin:
    name = filename = "extra"
    def render(self, document):
        yield Streamed(name="extra", write=lambda put: [put(piece) for piece in {pieces}])
"""


def test_a_package_adds_a_format_that_is_made_while_it_is_written(
    site: Path, tmp_path: Path
) -> None:
    install(site, "extra", "extra_streamed:Plugin", STREAMED.format(pieces="(b'a', b'b')"))
    (report,) = render_all(small(), tmp_path / "report", ["extra"]).written
    assert report.path.read_bytes() == b"ab"


def test_what_fails_while_it_is_written_leaves_no_file(site: Path, tmp_path: Path) -> None:
    install(site, "extra", "extra_text:Plugin", STREAMED.format(pieces="(b'a', 'text')"))
    reports = render_all(small(), tmp_path / "report", ["extra", "json"])
    assert [written.format for written in reports.written] == ["json"]
    (failed,) = reports.failed
    assert "the report format extra failed: TypeError" in failed.error.message
    assert not (tmp_path / "report" / "extra").exists()


KILLED = """\
import os, signal
from reports.renderers.interface import Rendered
class Plugin:
    name = filename = "extra"
    def render(self, document):
        yield Rendered(name="first/one", content=b"")
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_report_that_was_killed_in_the_middle_is_replaced_by_the_next(
    site: Path, tmp_path: Path
) -> None:
    install(site, "extra", "extra_killed:Plugin", KILLED)
    results, out = tmp_path / "results.json", tmp_path / "report"
    results.write_text(json.dumps(small()))
    killed = truewheel(
        *("report", results, "-o", out, "--format", "csv", "--format", "extra"),
        environment={"PYTHONPATH": str(site)},
    )
    assert killed.code == -SIGKILL
    assert (out / "first" / "one").exists()
    render_all(small(), out, ["csv"])
    assert sorted(path.name for path in out.rglob("*")) == [LIST, "results.csv"]


def test_reports_that_are_written_to_one_folder_at_once_wait_for_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        every = list(pool.map(lambda formats: render_all(small(), tmp_path, formats), [OWN] * 4))
    assert [report.failed for report in every] == [()] * 4
    listed = (tmp_path / LIST).read_text().splitlines()[1:]
    there = (path for path in tmp_path.rglob("*") if path.is_file())
    assert {*listed, LIST} == {str(path.relative_to(tmp_path)) for path in there}


def test_a_format_that_nobody_brings_is_a_usage_fault_that_lists_them() -> None:
    with pytest.raises(UsageFault, match="no report format 'pdf'") as caught:
        renderers(["pdf"])
    assert caught.value.hint == f"there are {', '.join(OWN)}"


@pytest.mark.parametrize(
    ("module", "code", "said"),
    [
        ("extra_missing", "", "ModuleNotFoundError"),
        ("extra_raises", "raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("extra_ends", "raise SystemExit(0)", "SystemExit: 0"),
        ("extra_lacks", "x = 1", "AttributeError"),
        ("extra_no_renderer", "class Plugin: name = 'extra'", "AttributeError"),
        ("extra_other", plugin("another"), "is no renderer of it"),
    ],
)
def test_a_broken_plugin_is_one_clear_error(site: Path, module: str, code: str, said: str) -> None:
    install(site, "extra", f"{module}:Plugin", code)
    with pytest.raises(RendererError) as caught:
        renderers(["extra"])
    assert said in caught.value.message
    assert f"{module}:Plugin" in caught.value.message
    assert caught.value.hint == "update or uninstall extra, or leave out --format extra"


def test_a_broken_plugin_does_not_keep_other_formats_from_working(site: Path) -> None:
    install(site, "extra", "extra_absent:Plugin")
    assert available() == tuple(sorted((*OWN, "extra")))
    assert [renderer.name for renderer in renderers(["html"])] == ["html"]


def test_two_packages_with_one_format_are_refused(site: Path) -> None:
    install(site, "html", "extra_html:Plugin", plugin("html"))
    with pytest.raises(RendererError, match="several packages bring a report format html"):
        renderers(["html"])


FAULTS = [
    ("document['x']", "failed: KeyError: 'x'"),
    ("raise SystemExit(0)", "failed: SystemExit: 0"),
    ("yield 'text'", "failed: TypeError: what it renders is no file"),
    ("yield Rendered(name='a.txt', content='text')", "failed: TypeError: what it renders"),
    ("self.filename = '../out.txt'", "outside of the report"),
    ("self.filename = '/out.txt'", "outside of the report"),
    ("self.filename = 'a/../../out.txt'", "outside of the report"),
    ("self.filename = 'a\\nb'", "outside of the report"),
    ("self.filename = '.'", "outside of the report"),
    ("self.filename = 'results.csv'", "which the format csv has written"),
    ("return", "has not written its extra.txt"),
    ("yield Rendered(name='first.txt', content=b'1'); document['x']", "failed: KeyError: 'x'"),
]


@pytest.mark.parametrize(("body", "said"), FAULTS)
def test_a_plugin_that_fails_is_named_and_the_others_are_written(
    site: Path, tmp_path: Path, body: str, said: str
) -> None:
    module = f"extra_{sha256(body.encode()).hexdigest()}"
    install(site, "extra", f"{module}:Plugin", plugin("extra", body=body))
    out = tmp_path / "report"
    reports = render_all(small(), out, ["extra", "csv", "junit"])
    assert [one.format for one in reports.written] == ["csv", "junit"]
    (failed,) = reports.failed
    assert failed.format == "extra"
    assert "report format extra" in failed.error.message or "outside" in failed.error.message
    assert said in failed.error.message
    assert sorted(path.name for path in out.iterdir()) == [LIST, "junit.xml", "results.csv"]
    assert (out / "results.csv").read_text().startswith('"requirement"')
    assert not (tmp_path / "out.txt").exists()


def test_nothing_is_left_of_a_format_that_fails_also_of_an_earlier_report(
    site: Path, tmp_path: Path
) -> None:
    body = "if len(document['results']) > 1: raise OverflowError('many')"
    install(site, "extra", "extra_sometimes:Plugin", plugin("extra", body=body))
    assert render_all(document(), tmp_path, ["extra"]).written
    assert (tmp_path / "extra.txt").exists()
    assert render_all(small(), tmp_path, ["extra"]).failed
    assert not (tmp_path / "extra.txt").exists()


def test_a_plugin_cannot_change_what_the_others_report(site: Path, tmp_path: Path) -> None:
    install(
        site, "extra", "extra_clears:Plugin", plugin("extra", body="document['results'].clear()")
    )
    install(site, "second", "second:Plugin", SECOND, package="second")
    render_all(small(), tmp_path, ["extra", "second"])
    assert (tmp_path / "second.txt").read_text() == "4"


def test_the_command_tells_of_a_broken_plugin_without_a_traceback_and_goes_on(
    site: Path, tmp_path: Path
) -> None:
    install(site, "extra", "extra_gone:Plugin")
    results = tmp_path / "results.json"
    results.write_text(json.dumps(small()))
    ran = truewheel(
        *("report", results, "-o", tmp_path / "report", "--format", "all", "--json"),
        environment={"PYTHONPATH": str(site)},
    )
    assert ran.code == 4
    assert "cannot be loaded from extra_gone:Plugin" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert_valid(ran.document)
    assert [one["format"] for one in ran.document["reports"]] == list(OWN)
    assert [one["format"] for one in ran.document["failed"]] == ["extra"]


def test_a_broken_plugin_counts_more_than_a_folder_of_somebody_else(
    site: Path, tmp_path: Path
) -> None:
    install(site, "extra", "extra_gone:Plugin")
    results, out = tmp_path / "results.json", tmp_path / "report"
    results.write_text(json.dumps(small()))
    out.mkdir()
    (out / "results.csv").write_text("mine")
    ran = truewheel(
        *("report", results, "-o", out, "--format", "csv", "--format", "extra"),
        environment={"PYTHONPATH": str(site)},
    )
    assert ran.code == 4
    assert ran.stderr.count("error:") == 2
