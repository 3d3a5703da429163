"""The HTML report in a real browser, from `file://`, with the network watched."""

import os
import re
import shutil
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from reports.renderers.html.renderer import HtmlRenderer
from reports.renderers.results import BY_WORST
from reports.renderers.trend import earlier_run, trend_since, with_trend
from reports.renderers.writing import render_all
from tests.support.results import (
    HOSTILE,
    diff,
    document,
    finding,
    hostile,
    late,
    native,
    result,
    small,
    wheel,
    whole,
)

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
WIDE, PHONE = 1280, 390
WHEELS = 500
PATIENCE = 120_000
"""Milliseconds that a browser has for anything."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "Debian's chromium is missing: sh containers/os-packages.sh chromium"
    # Its own sandbox does not work for root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium, args=arguments, timeout=PATIENCE
        )
        expect.set_options(timeout=PATIENCE)
        yield started
        started.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    for name, results in (("small", small()), ("hostile", hostile()), ("whole", whole())):
        assert not render_all(results, folder / name, ["html"]).failed
    # Of these only the pages about all wheels are looked at.
    for name, results in (("many", many()), ("full", full())):
        (folder / name).mkdir()
        for file in islice(HtmlRenderer().render(results), 2):
            (folder / name / file.name).write_bytes(file.content)
    return folder


def many() -> dict[str, Any]:
    """As many wheels as a company has in its locks, every fifth one different."""
    odd = {
        "verdict": "different",
        "trusted": False,
        "basis": None,
        "signals": [late()],
        "diff": diff("different", [finding(), native()], unexplained=7),
    }
    return document(
        *(
            result(
                requirement=f"p{at}==1.0",
                wheel=wheel(f"p{at}-1.0-py3-none-any.whl", f"{at:064x}"),
                **(odd if at % 5 == 0 else {}),
            )
            for at in range(WHEELS)
        )
    )


def full() -> dict[str, Any]:
    """Results that fill each table of the summary, with texts that are too long for it."""
    long = "word " * 100
    waiver = {"owner": long, "reason": long, "expires": "2026-12-31"}
    rows = [
        result(
            requirement=f"p{at}==1.0",
            wheel=wheel(f"p{at}-1.0-{'x' * 300}.whl", f"{at:064x}"),
            verdict=verdict,
            trusted=at % 4 == 0,
            reasons=[long],
            waiver=waiver if at % 4 == 0 else None,
            signals=[{**late(), "rule": f"release.signal-{at}"}],
            diff=diff("different", [finding()] * (at % 2)),
        )
        for at, verdict in enumerate((*BY_WORST, *BY_WORST, *BY_WORST, *BY_WORST, *BY_WORST))
    ]
    then = [{**row, "trusted": True, "verdict": "identical"} for row in rows]
    now = document(*rows, error={"message": long, "hint": None}, summary={"faults": 7})
    now["left"] = [{"requirement": long, "wheel": None, "why": "limit", "asked": []}] * 9
    before = {**document(*then), "run": 123456789}
    return with_trend(now, trend_since(now, earlier_run(before)))


class Opened:
    """A page with what it asked the network for, and what its console said."""

    def __init__(self, browser: Browser, path: Path, width: int, **context: Any) -> None:  # noqa: ANN401
        viewport = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=viewport, **context)  # type: ignore[arg-type]
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.said: list[str] = []
        self.page.on("request", self._requested)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(error.message))
        self.page.goto(path.as_uri())

    def _requested(self, request: Request) -> None:
        self.requests.append(request.url)

    def shown(self) -> list[str]:
        """The wheels in the table, in its order."""
        return [link.inner_text() for link in self.page.locator("#wheels tbody tr:visible a").all()]


@pytest.fixture
def overview(browser: Browser, reports: Path) -> Iterator[Opened]:
    opened = Opened(browser, reports / "small" / "index.html", WIDE)
    yield opened
    assert opened.said == []
    opened.context.close()


def test_the_worst_is_first_and_a_click_opens_its_page(overview: Opened) -> None:
    assert overview.shown() == [
        *("odd-2.0-py3-none-any.whl", "gone==4.0"),
        *("bad-3.0-py3-none-any.whl", "demo-1.0-py3-none-any.whl"),
    ]
    overview.page.get_by_role("link", name="odd-2.0").click()
    expect(overview.page.get_by_role("heading", level=1)).to_have_text("odd-2.0-py3-none-any.whl")
    expect(overview.page.get_by_text("import socket")).to_be_visible()
    expect(overview.page.get_by_text("xor ecx")).to_be_visible()
    overview.page.get_by_role("link", name="All wheels").click()
    expect(overview.page).to_have_url(re.compile(r"/index\.html$"))


def test_filters_search_and_all_again(overview: Opened) -> None:
    page = overview.page
    page.get_by_label("different").uncheck()
    assert "odd-2.0-py3-none-any.whl" not in overview.shown()
    page.get_by_label("Trusted", exact=True).select_option("yes")
    assert overview.shown() == ["bad-3.0-py3-none-any.whl", "demo-1.0-py3-none-any.whl"]
    page.get_by_label("Search").fill("DEMO any")
    assert overview.shown() == ["demo-1.0-py3-none-any.whl"]
    expect(page.get_by_role("status")).to_have_text("1 of 4 wheels shown")
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("status")).to_have_text("4 of 4 wheels shown")
    page.get_by_label("Signal").select_option("release.late-wheel")
    assert overview.shown() == ["odd-2.0-py3-none-any.whl"]


def test_columns_sort_both_ways(overview: Opened) -> None:
    heading = overview.page.get_by_role("columnheader", name="Wheel")
    heading.get_by_role("button").click()
    assert overview.shown()[0] == "bad-3.0-py3-none-any.whl"
    expect(heading).to_have_attribute("aria-sort", "ascending")
    heading.get_by_role("button").click()
    assert overview.shown()[0] == "odd-2.0-py3-none-any.whl"
    overview.page.get_by_role("button", name="Unexplained bytes").click()
    overview.page.get_by_role("button", name="Unexplained bytes").click()
    assert overview.shown()[:2] == ["odd-2.0-py3-none-any.whl", "bad-3.0-py3-none-any.whl"]


def test_the_keyboard_alone_is_enough(overview: Opened) -> None:
    page, keyboard = overview.page, overview.page.keyboard
    keyboard.press("/")
    keyboard.type("odd")
    assert overview.shown() == ["odd-2.0-py3-none-any.whl"]
    for _ in range(40):
        keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('tbody') !== null"):
            break
    keyboard.press("Enter")
    page.wait_for_url(re.compile("wheels/odd"))
    reached = set()
    for _ in range(60):
        keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName"))
    assert reached >= {"A", "SUMMARY", "DIV", "PRE"}


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (PHONE, "dark")])
def test_axe_finds_nothing_and_no_page_is_wider_than_the_screen(
    browser: Browser, reports: Path, width: int, scheme: str
) -> None:
    pages = sorted((reports / "whole").rglob("*.html"))
    assert len(pages) == 6
    for path in pages:
        # axe is evaluated in the page, which its own policy forbids.
        opened = Opened(browser, path, width, color_scheme=scheme, bypass_csp=True)
        opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        opened.page.evaluate(AXE.read_text("utf-8"))
        found = opened.page.evaluate("axe.run()")
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
        assert len(found["passes"]) > 20
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        opened.context.close()


def test_nothing_hostile_runs_and_nothing_is_asked_of_the_network(
    browser: Browser, reports: Path
) -> None:
    pages = sorted((reports / "hostile").rglob("*.html"))
    assert len(pages) == len(HOSTILE) + 2
    opened = Opened(browser, pages[0], WIDE)
    for path in pages:
        opened.requests.clear()
        opened.page.goto(path.as_uri())
        assert opened.requests == [path.as_uri()]
        is_about_all = path.parent.name == "hostile"
        assert opened.page.title().startswith("truewheel:") == is_about_all
        assert opened.page.title() not in {"run", "1"}
        assert opened.page.evaluate("document.scripts.length") == 1
        assert opened.page.evaluate("document.images.length") == 0
    assert opened.said == []
    opened.context.close()


def test_the_policy_stops_a_script_that_got_into_a_page(browser: Browser, reports: Path) -> None:
    page = (reports / "small" / "index.html").read_text("utf-8")
    bad = "<script>document.title='run'</script><img src='x.png' onerror=\"document.title='run'\">"
    target = reports / "small" / "tampered.htm"
    target.write_text(page.replace("<main>", f"<main>{bad}"), encoding="utf-8")
    opened = Opened(browser, target, WIDE)
    deadline = time.monotonic() + PATIENCE / 1000
    while len([line for line in opened.said if "Content Security Policy" in line]) < 2:
        assert time.monotonic() < deadline, opened.said
        opened.page.wait_for_timeout(50)  # what a console says comes later than a page
    assert opened.page.title() == "truewheel: 2 of 4 wheels trusted"
    opened.context.close()


def test_the_report_of_500_wheels_opens_and_is_filtered(browser: Browser, reports: Path) -> None:
    """In which time, `make bench-report` measures."""
    opened = Opened(browser, reports / "many" / "index.html", WIDE)
    shown = f"{WHEELS} of {WHEELS} wheels, the first 300 of them shown"
    expect(opened.page.get_by_role("status")).to_have_text(shown)
    opened.page.get_by_label("identical").uncheck()
    expect(opened.page.get_by_role("status")).to_have_text(f"100 of {WHEELS} wheels shown")
    opened.context.close()


def test_a_long_table_shows_more_when_asked_and_everything_to_a_printer(
    browser: Browser, reports: Path
) -> None:
    opened = Opened(browser, reports / "many" / "index.html", WIDE)
    page, rows = opened.page, opened.page.locator("#wheels tbody tr")
    assert rows.count() == 300
    page.get_by_role("button", name="Show 200 more of 200").click()
    assert rows.count() == WHEELS
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 301
    expect(page.locator("#more")).to_be_hidden()
    page.get_by_label("Search").fill("p499-")
    assert rows.count() == 1
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("status")).to_contain_text(f"{WHEELS} of {WHEELS} wheels")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert rows.count() == WHEELS
    opened.context.close()


def test_what_changed_is_told_filtered_and_on_the_wheels_page(
    browser: Browser, reports: Path
) -> None:
    opened = Opened(browser, reports / "whole" / "index.html", WIDE)
    page = opened.page
    expect(page.get_by_text("Since run 11, in which 2 of 4 wheels were trusted")).to_be_visible()
    expect(page.locator("table.changes")).to_contain_text("old==4.0")
    page.get_by_label("Changed").select_option("newly-distrusted")
    assert opened.shown() == ["odd-2.0-py3-none-any.whl"]
    page.get_by_label("Changed").select_option("any")
    assert len(opened.shown()) == 4
    page.locator("#wheels").get_by_role("link", name="odd-2.0").click()
    expect(page.get_by_text("It was identical and trusted in the previous run.")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("gone==4.0")
    assert opened.said == []
    opened.context.close()


@pytest.mark.parametrize("size", ["A4", "Letter"])
def test_the_summary_is_one_page_of_paper_whatever_is_in_it(
    browser: Browser, reports: Path, size: str
) -> None:
    opened = Opened(browser, reports / "full" / "summary.html", WIDE)
    printed = opened.page.pdf(format=size)
    assert len(re.findall(rb"/Type /Page\b", printed)) == 1
    assert len(re.findall(rb"/Type /Page\b", _overview_on_paper(opened, size))) > 1
    opened.page.goto((reports / "full" / "summary.html").as_uri())
    opened.page.emulate_media(media="print")
    shown = opened.page.locator("body").inner_text()
    for words in (
        *("Not trusted any more", "What needs a decision", "Accepted by a waiver"),
        *("Signals beside the verdicts", "What the verdicts mean", "9 not looked at", "broken off"),
        *("Since run 123456789", "A verdict says: this wheel is what this source builds to."),
    ):
        assert words in shown
    assert "All wheels" not in shown
    opened.context.close()


def _overview_on_paper(opened: Opened, size: str) -> bytes:
    opened.page.goto(opened.page.url.replace("summary.html", "index.html"))
    return opened.page.pdf(format=size)


def test_what_is_folded_is_open_on_paper(browser: Browser, reports: Path) -> None:
    (path,) = (reports / "small" / "wheels").glob("odd-*.html")
    opened = Opened(browser, path, WIDE)
    folded = opened.page.locator("details:not([open])")
    before = folded.count()
    assert before > 0
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert folded.count() == 0
    opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert folded.count() == before
    opened.context.close()


def test_without_scripts_everything_is_still_there(browser: Browser, reports: Path) -> None:
    opened = Opened(browser, reports / "small" / "index.html", WIDE, java_script_enabled=False)
    assert len(opened.shown()) == 4
    expect(opened.page.locator("#controls")).to_be_hidden()
    opened.page.goto((reports / "many" / "index.html").as_uri())
    assert opened.page.locator("#wheels tbody tr").count() == WHEELS
    opened.context.close()
