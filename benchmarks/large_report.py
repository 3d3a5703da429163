"""What each format costs where many wheels have much to show.

    python -m benchmarks.large_report [FORMAT...]

Of 10,000 wheels every fifth has 200 findings: modules side by side, and ten native ones with a
function of 50 instructions each. Every format is written by a process of its own, which has the
document already; so `memory` is that of both. Then the overview is opened in a browser. Prints a
Markdown table; times are of one machine.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import MANY, TAGS, in_browser
from reports.renderers.registry import available
from reports.renderers.writing import render_all
from tests.support.results import diff, document, finding, late, native, result, wheel

EVERY = 5
FINDINGS = 200
NATIVE = 10
INSTRUCTIONS = 50


def main(arguments: Sequence[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_report")
    parser.add_argument("--wheels", type=int, default=MANY)
    parser.add_argument("formats", nargs="*")
    chosen = parser.parse_args(arguments)
    results = large(chosen.wheels)
    formats = chosen.formats or available()
    print("| format | wall | processor | memory | size | files |")
    print("|---|---:|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory(prefix="truewheel-bench-") as folder:
        for name in formats:
            in_child(results, Path(folder), name)
        if "html" in formats:
            for what, figure in in_browser(Path(folder) / "html" / "index.html", chosen.wheels):
                print(f"{what}: {figure}", flush=True)


def large(wheels: int) -> dict[str, Any]:
    """The document; nothing in it is shared."""
    return document(
        *(
            result(
                requirement=f"project-{at}==1.0",
                wheel=wheel(f"project_{at}-1.0-{TAGS}.whl", f"{at:064x}"),
                **(odd() if at % EVERY == 0 else {}),
            )
            for at in range(wheels)
        )
    )


def odd() -> dict[str, Any]:
    """What a wheel has that differs everywhere."""
    plain = [finding(member=f"demo/m{at}.py") for at in range(FINDINGS - NATIVE)]
    findings = [*plain, *(large_native(at) for at in range(NATIVE))]
    return {
        "verdict": "different",
        "trusted": False,
        "basis": None,
        "signals": [late()],
        "diff": diff("different", findings, unexplained=7),
    }


def large_native(number: int) -> dict[str, Any]:
    """A module with a long function."""
    found = native()
    found["member"] = f"demo/m{number}.so"
    found["evidence"]["disassembly"][0]["rows"] = list(rows())
    return found


def rows() -> Iterator[dict[str, Any]]:
    """Every tenth instruction is another one."""
    for at in range(INSTRUCTIONS):
        mark = "equal" if at % 10 else "changed"
        other = "eax, ecx" if at % 10 else "ecx, eax"
        sides = {"published": side(at, "eax, ecx"), "rebuilt": side(at + 16, other)}
        yield {"mark": mark, "count": 1, **sides}


def side(address: int, operands: str) -> dict[str, Any]:
    """An instruction."""
    words = {"mnemonic": "mov", "operands": operands, "denotes": None}
    return {"address": address, "bytes": "89c8", **words}


def in_child(results: dict[str, Any], folder: Path, name: str) -> None:
    """Write one format, and print its line."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert status == 0  # noqa: S101
        return
    begun, worked = time.perf_counter(), time.process_time()
    (written,) = render_all(results, folder / name, [name]).written
    wall, processor = time.perf_counter() - begun, time.process_time() - worked
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    size = sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file())
    line = f"| {name} | {wall:.1f} s | {processor:.1f} s | {memory / 1e9:.2f} GB |"
    print(f"{line} {size / 1e6:.0f} MB | {written.files:,} |", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
