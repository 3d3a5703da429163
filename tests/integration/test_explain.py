"""`--explain`: real diffoscope in real sandboxes, and verdicts that never depend on it.

The image is kept between runs like the one that builds run in; only making it takes a minute.
"""

import io
import re
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders.definition import EXPLAIN_IMAGE, definition
from builders.diffoscope import LIMITS, Bounds, DiffoscopeFault, write_page
from builders.images import build_image
from builders.root_tree import KeptRoot, build_root
from builders.sandbox.interface import Limits, NoSandboxError, Sandbox, SandboxFault
from builders.sandbox.rooted import open_rooted
from tests.support.command import Ran, assert_valid, truewheel
from tests.support.projects import MODULES, SDIST, WHEEL, hostile_backend, make_sdist, make_wheel
from tests.support.sandboxes import run_command, run_python
from tests.support.wheels import (
    entries,
    honest_files,
    pack,
    with_record,
    write,
)
from verify.events import Notice, silent
from verify.explaining.explainer import Explainer
from verify.explaining.report_file import HEADER
from verify.results import ExplanationStatus

KINDS = ["bubblewrap", "docker"]
NOWHERE = {"DOCKER_HOST": "unix:///nowhere/engine.sock"}
CHANGED = {"example/core.py": b"def answer() -> int:\n    return 54\n"}
TIGHT = Limits(
    wall_seconds=300.0,
    cpu_seconds=300,
    memory_bytes=256 * 1024**2,
    processes=32,
    disk_bytes=64 * 1024**2,
    log_bytes=1024**2,
    output_bytes=4 * 1024**2,
)


def wheel(folder: Path, extra: Mapping[str, bytes] | None = None, *, date: int = 0x21) -> Path:
    """A wheel whose members are all of a day, in the archive's way to write one."""
    members = entries(with_record(honest_files(extra)))
    return write(folder, pack([replace(entry, date=date) for entry in members]))


PAIRS: Mapping[str, tuple[str, int, Mapping[str, bytes]]] = {
    "trusted": ("regenerated", 0, {}),
    "different": ("different", 1, CHANGED),
    "suspicious": ("suspicious", 1, {"example.pth": b"import example.core\n"}),
}
"""Verdict, exit code, and what the published wheel has that the rebuilt one has not."""


def pair(folder: Path, extra: Mapping[str, bytes]) -> tuple[Path, Path]:
    return wheel(folder / "published", extra, date=0x22), wheel(folder / "rebuilt")


@pytest.fixture(scope="session")
def kept_root(kept_cache: Path) -> KeptRoot:
    return build_root(definition(EXPLAIN_IMAGE), cache_root=kept_cache, listener=silent)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, kept_cache: Path) -> str:
    """Each kind of sandbox in turn, which has the image already."""
    name: str = request.param
    if name == "docker":
        client = request.getfixturevalue("engine_client")
        image = definition(EXPLAIN_IMAGE)
        build_image(client, image, cache_root=kept_cache, listener=silent)
    else:
        request.getfixturevalue("kept_root")
    return name


@pytest.fixture
def explaining(kind: str, kept_cache: Path) -> Sandbox:
    image = definition(EXPLAIN_IMAGE)
    return open_rooted(kind, image, cache_root=kept_cache, listener=silent, offline=True)


@pytest.fixture
def rooted(kept_root: KeptRoot, kept_cache: Path) -> Sandbox:
    """bubblewrap in the image's root."""
    assert kept_root.current
    image = definition(EXPLAIN_IMAGE)
    return open_rooted("bubblewrap", image, cache_root=kept_cache, listener=silent)


def diff(published: Path, rebuilt: Path, *more: str | Path, cache: Path) -> Ran:
    return truewheel("diff", "--json", published, rebuilt, *more, cache=cache)


def without_explanation(document: Any) -> dict[str, Any]:  # noqa: ANN401 - that is what JSON is
    return {key: value for key, value in document.items() if key != "explanation"}


@pytest.mark.parametrize("name", PAIRS)
def test_an_explanation_changes_neither_verdict_nor_exit_code(
    name: str, kind: str, kept_cache: Path, tmp_path: Path
) -> None:
    verdict, code, extra = PAIRS[name]
    published, rebuilt = pair(tmp_path, extra)
    target = tmp_path / "report.html"
    bare = diff(published, rebuilt, cache=kept_cache)
    options = ("--explain", target, "--sandbox", kind, "--offline")
    explained = diff(published, rebuilt, *options, cache=kept_cache)
    assert (bare.code, bare.document["verdict"]) == (code, verdict)
    assert "explanation" not in bare.document
    assert explained.code == code
    assert without_explanation(explained.document) == bare.document
    assert explained.document["explanation"] == {
        "status": "written",
        "path": str(target),
        "detail": None,
        "hint": None,
    }
    assert_valid(explained.document)
    assert f"is explained in {target}" in explained.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "published",
        "rebuilt",
        "report.html",
    ]


def test_a_report_shows_the_changed_line_before_and_after(
    explaining: Sandbox, tmp_path: Path
) -> None:
    """The rebuilt wheel is the old side, as in the terminal's differences."""
    page = page_on(explaining, tmp_path, CHANGED).decode()
    difference = page[page.index("example/core.py</span>") :]
    row = re.search(r'<tr class="diffchanged">(.*?)</tr>', difference, re.DOTALL)
    assert row is not None
    before, after = re.findall(
        r"return·(\S+)</td>", re.sub(r"</?(?:del|ins|span)[^>]*>", "", row[1])
    )
    assert (before, after) == ("42", "54")


def page_on(
    sandbox: Sandbox, folder: Path, extra: Mapping[str, bytes], bounds: Bounds | None = None
) -> bytes:
    published, rebuilt = pair(folder, extra)
    output = io.BytesIO()
    write_page(sandbox, published, rebuilt, output, bounds=bounds or Bounds(limits=TIGHT))
    return output.getvalue()


def test_both_sandboxes_write_the_same_report_each_time(
    request: pytest.FixtureRequest, kept_cache: Path, tmp_path: Path
) -> None:
    client = request.getfixturevalue("engine_client")
    request.getfixturevalue("kept_root")
    image = definition(EXPLAIN_IMAGE)
    build_image(client, image, cache_root=kept_cache, listener=silent)
    pages = {
        page_on(open_rooted(name, image, cache_root=kept_cache, listener=silent), tmp_path, CHANGED)
        for name in (*KINDS, *KINDS)
    }
    assert len(pages) == 1


def test_a_member_that_only_the_published_wheel_has_is_shown_whole(
    explaining: Sandbox, tmp_path: Path
) -> None:
    page = page_on(explaining, tmp_path, {"example/extra.py": b"LAST = 'words'\n"})
    assert b"LAST" in page
    assert b"words" in page


def test_html_in_a_hostile_wheel_is_escaped(explaining: Sandbox, tmp_path: Path) -> None:
    hostile = {
        "example/<script>alert(1)<\\script>.py": b"</pre></td><script>alert(2)</script>\n",
        "example/--html=x": b"<img src=x onerror=alert(3)>\n",
    }
    page = page_on(explaining, tmp_path, hostile)
    assert b"alert" in page
    assert b"<script" not in page
    assert b"<img src=x" not in page


def nested_archives(depth: int) -> bytes:
    content = b"innermost"
    for level in range(depth):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            member = tarfile.TarInfo(f"level-{level}.tar.gz")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        content = file.getvalue()
    return content


def test_archives_within_archives_are_followed_to_a_depth(
    explaining: Sandbox, tmp_path: Path
) -> None:
    page = page_on(explaining, tmp_path, {"example/nested.tar.gz": nested_archives(40)})
    assert b"level-38" in page
    assert b"level-25" not in page


def test_a_bomb_meets_the_bound_on_disk(explaining: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(DiffoscopeFault, match="No space left"):
        page_on(explaining, tmp_path, {"example/bomb.bin": bytes(64 * 1024**2)})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wall_seconds": 0.0}, "took longer than 0 s"),
        ({"memory_bytes": 24 * 1024**2}, "memory|exit code"),
        ({"output_bytes": 300}, "wrote more than 300 B"),
    ],
)
def test_what_breaks_a_limit_is_no_report(
    change: Mapping[str, Any], said: str, explaining: Sandbox, tmp_path: Path
) -> None:
    with pytest.raises(DiffoscopeFault, match=said):
        page_on(explaining, tmp_path, CHANGED, Bounds(limits=replace(LIMITS, **change)))


def test_a_report_tells_that_its_time_was_up(rooted: Sandbox, tmp_path: Path) -> None:
    published, rebuilt = pair(tmp_path, CHANGED)
    output = io.BytesIO()
    page = write_page(rooted, published, rebuilt, output, bounds=Bounds(patience=0))
    assert page.cut_short
    assert b"Timeout exceeded" in output.getvalue()


def test_a_wheel_that_others_may_not_read_is_explained(explaining: Sandbox, tmp_path: Path) -> None:
    published, rebuilt = pair(tmp_path, CHANGED)
    published.chmod(0o600)
    output = io.BytesIO()
    write_page(explaining, published, rebuilt, output)
    assert output.getvalue()


def test_an_earlier_report_does_not_outlive_a_failure(
    kept_root: KeptRoot, kept_cache: Path, tmp_path: Path
) -> None:
    assert kept_root.current
    published, rebuilt = pair(tmp_path, CHANGED)
    target = tmp_path / "report.html"
    explainer = Explainer(choice="bubblewrap", cache_root=kept_cache, listener=silent)
    assert explainer.explain(published, rebuilt, target).status is ExplanationStatus.WRITTEN
    assert target.read_bytes().startswith(HEADER)
    hasty = replace(explainer, bounds=Bounds(limits=replace(LIMITS, wall_seconds=0.0)))
    report = hasty.explain(published, rebuilt, target)
    assert (report.status, report.path) == (ExplanationStatus.FAILED, None)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


FAILURES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "no engine": (("--sandbox", "docker"), "no container engine answers"),
    "no image and no network": (("--sandbox", "bubblewrap", "--offline"), "is not made yet"),
    "no sandbox": (("--sandbox", "unsafe-host"), "confines nothing"),
}


@pytest.mark.parametrize(("name", "how"), tuple(zip(PAIRS, FAILURES, strict=True)))
def test_a_verdict_stands_where_nothing_can_be_explained(
    name: str, how: str, tmp_path: Path
) -> None:
    verdict, code, extra = PAIRS[name]
    options, said = FAILURES[how]
    published, rebuilt = pair(tmp_path, extra)
    target = tmp_path / "report.html"
    ran = truewheel(
        "diff", "--json", "-q", published, rebuilt, "--explain", target, *options,
        cache=tmp_path / "cache", environment={**NOWHERE, "UV_NO_CONFIG": "1"},
    )  # fmt: skip
    explanation = ran.document["explanation"]
    assert (ran.code, ran.document["verdict"]) == (code, verdict)
    assert (explanation["status"], explanation["path"]) == ("failed", None)
    assert said in explanation["detail"]
    assert explanation["hint"]
    assert said in ran.stderr
    assert "the verdict stands" in ran.stderr
    assert_valid(ran.document)
    assert not target.exists()
    assert not (tmp_path / "cache" / "images").exists()


def test_the_usual_choice_names_every_sandbox_that_does_not_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", NOWHERE["DOCKER_HOST"])
    with pytest.raises(NoSandboxError, match=r"no container engine.*bubblewrap is not installed"):
        open_rooted(
            "auto", definition(EXPLAIN_IMAGE), cache_root=tmp_path / "cache", listener=silent
        )


def test_making_the_image_is_announced_before_it_begins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With no mirror that answers, so that it ends there."""
    unreachable = replace(definition(EXPLAIN_IMAGE), suite="no-such-suite")
    events: list[object] = []
    monkeypatch.setenv("DOCKER_HOST", NOWHERE["DOCKER_HOST"])
    with pytest.raises(SandboxFault, match="mmdebstrap failed"):
        open_rooted("bubblewrap", unreachable, cache_root=tmp_path, listener=events.append)
    (notice,) = (event for event in events if isinstance(event, Notice))
    assert "once" in notice.message
    assert list(tmp_path.glob("roots/*")) == []


def test_bubblewrap_shows_the_images_files_and_none_of_the_hosts(
    rooted: Sandbox, kept_root: KeptRoot
) -> None:
    assert rooted.image == kept_root.root.digest
    run = run_command(rooted, "/usr/bin/find", "/usr/bin", "/usr/lib", "-maxdepth", "1")
    shown = {line.removeprefix("/") for line in run.output.decode().splitlines()}
    root = kept_root.root.path
    held = {root / "usr/bin", root / "usr/lib", *root.glob("usr/bin/*"), *root.glob("usr/lib/*")}
    assert shown == {str(path.relative_to(root)) for path in held}
    program = """
        import errno, json, os
        def attempt(path):
            try:
                open(path, "w").close()
                return "written"
            except OSError as error:
                return errno.errorcode[error.errno]
        paths = ["/usr/x", "/etc/x", "/usr/bin/diffoscope", "/compare/x", "/x"]
        print(json.dumps([os.listdir("/"), [attempt(path) for path in paths]]))
    """
    said = run_python(rooted, program).said
    assert isinstance(said, list)
    names, written = said
    assert set(names) == {
        "bin", "build", "dev", "etc", "lib", "lib64", "proc", "sbin", "tmp", "usr"
    }  # fmt: skip
    assert written[:2] == ["EROFS", "EROFS"]
    assert "written" not in written


def check(folder: Path, reports: Path, cache: Path, *more: str) -> Ran:
    return truewheel(
        "check", "--json", "--offline", "--sandbox", "bubblewrap", "--file", folder / WHEEL,
        "--sdist", folder / SDIST, "--explain", reports, *more, cache=cache,
    )  # fmt: skip


@pytest.fixture(scope="session")
def checking_cache(
    kept_root: KeptRoot, kept_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A cache of these tests alone, which has the image."""
    assert kept_root.current
    cache = tmp_path_factory.mktemp("checking")
    (cache / "roots").symlink_to(kept_cache / "roots")
    return cache


def only_result(ran: Ran) -> dict[str, Any]:
    assert_valid(ran.document)
    (result,) = ran.document["results"]
    assert isinstance(result, dict)
    return result


def test_a_check_explains_what_is_not_trusted_and_forgets_it_once_it_is(
    checking_cache: Path, tmp_path: Path
) -> None:
    reports = tmp_path / "new" / "reports"
    make_sdist(tmp_path)
    make_wheel(tmp_path, modules={**MODULES, "core.py": "VALUE = 2  # tampered\n"})
    ran = check(tmp_path, reports, checking_cache)
    result = only_result(ran)
    (report,) = reports.iterdir()
    assert (ran.code, result["verdict"]) == (1, "different")
    assert result["explanation"]["status"] == "written"
    assert result["explanation"]["path"] == str(report)
    assert report.name == f"{WHEEL}.html"
    assert b"tampered" in report.read_bytes()

    make_wheel(tmp_path)
    ran = check(tmp_path, reports, checking_cache)
    result = only_result(ran)
    assert (ran.code, result["trusted"]) == (0, True)
    assert result["explanation"]["status"] == "not-needed"
    assert list(reports.iterdir()) == []


def test_a_check_says_that_there_is_no_rebuild_to_explain_by(
    checking_cache: Path, tmp_path: Path
) -> None:
    make_sdist(tmp_path, backend=hostile_backend("raise SystemExit(1)"))
    make_wheel(tmp_path)
    ran = check(tmp_path, tmp_path / "reports", checking_cache)
    result = only_result(ran)
    assert (ran.code, result["reason"]) == (3, "build-failed")
    assert result["explanation"]["status"] == "no-rebuild"


def test_a_check_keeps_its_result_where_the_report_cannot_be_written(
    checking_cache: Path, tmp_path: Path
) -> None:
    make_sdist(tmp_path)
    make_wheel(tmp_path, modules={**MODULES, "core.py": "VALUE = 2\n"})
    mine = tmp_path / "reports" / f"{WHEEL}.html"
    mine.parent.mkdir()
    mine.write_text("notes of my own", encoding="utf-8")
    ran = check(tmp_path, mine.parent, checking_cache)
    result = only_result(ran)
    assert (ran.code, result["verdict"]) == (1, "different")
    assert result["explanation"]["status"] == "failed"
    assert mine.read_text(encoding="utf-8") == "notes of my own"
    assert "Traceback" not in ran.stderr


def test_the_image_is_listed_and_building_it_again_does_nothing(
    kept_root: KeptRoot, kept_cache: Path
) -> None:
    again = truewheel(
        "images", "build", "explain", "--sandbox", "bubblewrap", "--json", cache=kept_cache
    )
    listed = truewheel("images", "list", "--json", cache=kept_cache, environment=NOWHERE)
    (entry,) = again.document["images"]
    assert (again.code, again.stderr) == (0, "")
    assert entry["reference"] == kept_root.reference
    assert entry["id"] == kept_root.root.digest
    assert entry in listed.document["images"]


def test_bubblewrap_needs_no_image_to_build_in(tmp_path: Path) -> None:
    ran = truewheel("images", "build", "--sandbox", "bubblewrap", cache=tmp_path)
    assert ran.code == 2
    assert "bubblewrap needs no image bookworm" in ran.stderr
