"""What a report costs: to make, to load in a browser, and to make of a ledger of many verdicts.

    make bench-report

Prints a Markdown table; times are of one machine. WHEELS are on the report that is made whole; of
one of 10,000 only the pages about all wheels are.
"""

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from reports.renderers.html.renderer import HtmlRenderer
from reports.renderers.registry import available
from reports.renderers.writing import render_all
from tests.support.noted import checked, note_run
from tests.support.results import diff, document, finding, late, native, result, wheel
from verify.verdict import Verdict

MANY = 10_000
TAGS = "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"
BODY = 1_000
"""Bytes of a verdict in the ledger that is not reported: large enough that a page has few."""


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report")
    parser.add_argument("--wheels", type=int, default=500)
    parser.add_argument("--rows", type=int, default=1_000_000)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="truewheel-bench-") as folder:
        print("| what | figure |")
        print("|---|---:|")
        for what, figure in measure(Path(folder), chosen.wheels, chosen.rows):
            print(f"| {what} | {figure} |", flush=True)


def measure(folder: Path, wheels: int, rows: int) -> Iterator[tuple[str, str]]:
    """What was measured, and the figure."""
    results = many(wheels)
    for name in available():
        begun = time.perf_counter()
        (written,) = render_all(results, folder / name, [name]).written
        seconds = time.perf_counter() - begun
        size = sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file())
        what = f"{wheels:,} wheels as {name}, {written.files:,} files, {size / 1e6:.1f} MB"
        yield what, f"{seconds:.2f} s"
    (folder / "large").mkdir()
    begun = time.perf_counter()
    for file in islice(HtmlRenderer().render(many(MANY)), 2):
        (folder / "large" / file.name).write_bytes(file.content)
    size = (folder / "large" / "index.html").stat().st_size
    yield f"overview of {MANY:,} wheels, {size / 1e6:.1f} MB", seconds_since(begun)
    yield from in_browser(folder / "html" / "index.html", wheels)
    yield from in_browser(folder / "large" / "index.html", MANY)
    yield from of_ledger(folder, wheels, rows)


def many(wheels: int) -> dict[str, Any]:
    """Every fifth wheel is different, with a diff and a native function."""
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
                requirement=f"project-{at}==1.0",
                wheel=wheel(f"project_{at}-1.0-{TAGS}.whl", f"{at:064x}"),
                **(odd if at % 5 == 0 else {}),
            )
            for at in range(wheels)
        )
    )


def in_browser(path: Path, wheels: int) -> Iterator[tuple[str, str]]:
    """How long a person waits for the overview, and for what is done there."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=arguments
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        begun = time.perf_counter()
        page.goto(path.as_uri())
        expect(page.get_by_role("status")).to_contain_text(f"{wheels} of {wheels} wheels")
        yield f"open the overview of {wheels:,} wheels", seconds_since(begun)
        for what, action in (("search", searched), ("sort", sorted_by_name)):
            begun = time.perf_counter()
            action(page)
            yield f"{what} in {wheels:,} wheels", seconds_since(begun)
        browser.close()


def searched(page: Page) -> None:
    """One of the last wheels."""
    page.get_by_label("Search").fill("project_499-")
    expect(page.get_by_role("status")).to_contain_text("1 of ")


def sorted_by_name(page: Page) -> None:
    """All of them, the other way round."""
    page.get_by_label("Search").fill("")
    heading = page.get_by_role("columnheader", name="Wheel")
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")


def of_ledger(folder: Path, wheels: int, rows: int) -> Iterator[tuple[str, str]]:
    """The report of the latest batch, of a ledger that holds many other verdicts."""
    path = folder / "ledger.sqlite"
    verdicts = [Verdict.DIFFERENT if at % 5 == 0 else Verdict.IDENTICAL for at in range(wheels)]
    for _ in range(2):
        note_run(path, [checked(f"p{at}", verdict) for at, verdict in enumerate(verdicts)])
    fill(path, rows)
    yield f"ledger of {rows:,} verdicts", f"{path.stat().st_size / 1e9:.1f} GB"
    begun = time.perf_counter()
    command = [sys.executable, "-m", "verify.cli", "report", "--ledger", str(path)]
    subprocess.run([*command, "-o", str(folder / "again"), "-q"], check=True, capture_output=True)
    what = f"HTML of the latest batch of {wheels:,}, with what changed, by the command"
    yield what, seconds_since(begun)


def fill(path: Path, rows: int) -> None:
    """Verdicts on other wheels."""
    names = ("key", "wheel", "wheel_sha256", "source", "source_sha256", "tool", "rules", "verdict")
    columns = ", ".join((*names, "judged_at", "body"))
    digest, body = "ab" * 32, os.urandom(BODY)
    row = ("x-1.0-py3-none-any.whl", "x-1.0.tar.gz", digest, "1", digest, "identical", "2024", body)
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany(
            f"INSERT INTO truewheel_verdicts ({columns}) VALUES (?{', ?' * 9})",  # noqa: S608
            ((os.urandom(32).hex(), row[0], os.urandom(32).hex(), *row[1:]) for _ in range(rows)),
        )


def seconds_since(begun: float) -> str:
    return f"{time.perf_counter() - begun:.2f} s"


if __name__ == "__main__":
    main(sys.argv[1:])
