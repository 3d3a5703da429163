"""Formats that other packages bring, and what becomes of those that are broken."""

import json
from pathlib import Path

import pytest

from reports.renderers.interface import GROUP, RendererError
from reports.renderers.registry import available, renderers
from reports.renderers.writing import render_all
from tests.support.command import truewheel
from tests.support.results import small
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
    (report,) = render_all(small(), tmp_path / "report", ["extra"])
    assert report.path.read_text() == "truewheel.check/1"


def test_a_format_that_nobody_brings_is_a_usage_fault_that_lists_them() -> None:
    with pytest.raises(UsageFault, match="no report format 'pdf'") as caught:
        renderers(["pdf"])
    assert caught.value.hint == f"there are {', '.join(OWN)}"


@pytest.mark.parametrize(
    ("module", "code", "said"),
    [
        ("extra_missing", "", "ModuleNotFoundError"),
        ("extra_raises", "raise RuntimeError('no licence')", "RuntimeError: no licence"),
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


def test_a_plugin_that_fails_says_which(site: Path, tmp_path: Path) -> None:
    install(site, "extra", "extra_fails:Plugin", plugin("extra", body="document['x']"))
    with pytest.raises(RendererError, match="the report format extra failed: KeyError: 'x'"):
        render_all(small(), tmp_path / "report", ["extra"])


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../out.txt", "a\\nb", "."])
def test_a_plugin_writes_nothing_outside_of_the_report(
    site: Path, tmp_path: Path, name: str
) -> None:
    module = f"extra_out_{abs(hash(name))}"
    install(site, "extra", f"{module}:Plugin", plugin("extra", file=name))
    with pytest.raises(RendererError, match="outside of the report"):
        render_all(small(), tmp_path / "report", ["extra"])
    assert not (tmp_path / "out.txt").exists()


def test_the_command_tells_of_a_broken_plugin_without_a_traceback(
    site: Path, tmp_path: Path
) -> None:
    install(site, "extra", "extra_gone:Plugin")
    results = tmp_path / "results.json"
    results.write_text(json.dumps(small()))
    ran = truewheel(
        *("report", results, "-o", tmp_path / "report", "--format", "extra"),
        environment={"PYTHONPATH": str(site)},
    )
    assert ran.code == 4
    assert "cannot be loaded from extra_gone:Plugin" in ran.stderr
    assert "Traceback" not in ran.stderr
