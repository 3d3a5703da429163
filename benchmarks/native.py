"""Comparing two shared objects of 8 MB: `compare_native` against diffoscope, in one run.

    make bench-native

The pair is made here, from generated C: the same functions in another order, linked otherwise, so
that no two of them are the same bytes; then the same with one constant changed; then a file with
itself. diffoscope is the one on PATH, started once for each pair and ended at a cap. Prints a
Markdown table; ratios are what counts, machines differ.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.compare import CAP, child, medians, seconds, with_temporary
from verify.native.compare import NativeComparison, compare_native

ROUNDS = 3
UNITS = 24
FUNCTIONS = 500
"""Of each unit; together they make 8 MB with symbols, 5 MB of it code."""

FLAGS = ("-O2", "-g0", "-fPIC", "-w")
LINK = ("-shared", "-Wl,--emit-relocs")

HEAD = """\
| pair | functions | same | problems | `compare_native` s | diffoscope s | times faster |
|---|---:|---:|---:|---:|---:|---:|"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two shared objects on disk."""

    title: str
    published: Path
    rebuilt: Path


def main() -> None:
    """Print the table."""
    program = shutil.which("diffoscope")
    if program is None:
        sys.exit("diffoscope is not on PATH. On Debian: apt-get install diffoscope-minimal")
    version = subprocess.run((program, "--version"), check=True, capture_output=True, text=True)
    print(f"{version.stdout.strip()}, Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory(prefix="truewheel-bench-") as folder:
        pairs = make_pairs(Path(folder))
        print(f"{pairs[0].published.stat().st_size / 1e6:.1f} MB a file\n\n{HEAD}", flush=True)
        for pair in pairs:
            print(row(pair, program, Path(folder)), flush=True)


def make_pairs(folder: Path) -> tuple[Pair, ...]:
    """Compile and link everything."""
    names = [f"unit{at}" for at in range(UNITS)]
    for at, name in enumerate(names):
        _compile(folder, name, unit(at, constant=7))
    _compile(folder, "changed", unit(0, constant=8))
    published = _link(folder, "published.so", names, "-shared", "-s")
    rebuilt = _link(folder, "rebuilt.so", names, *LINK)
    moved = _link(folder, "moved.so", names, "-shared", "-Wl,-z,noseparate-code")
    changed = _link(folder, "changed.so", ["changed", *names[1:]], "-shared")
    return (
        Pair(title="the same code, stripped", published=published, rebuilt=rebuilt),
        Pair(title="all addresses moved", published=moved, rebuilt=rebuilt),
        Pair(
            title="moved, one constant changed in one unit of 24",
            published=changed,
            rebuilt=rebuilt,
        ),
    )


def unit(number: int, *, constant: int) -> str:
    """A source of C: functions with strings, tables, calls within the unit and to others."""
    first = number * FUNCTIONS
    functions = (_function(first + at, constant, last=at == 0) for at in range(FUNCTIONS))
    return "#include <stdio.h>\n#include <string.h>\n" + "\n".join(functions)


def _function(number: int, constant: int, *, last: bool) -> str:
    call = "0" if last else f"work{number - 1}(to + {number % 13}, size / 2)"
    return f"""
static const int table{number}[] = {{{number}, {number * 3}, {number * 5 + 1}, 11}};
int work{number}(char *to, int size) {{
    char held[64];
    int sum = {constant};
    for (int at = 0; at < size; at++) {{
        sum += table{number}[(at ^ sum) & 3] * to[at] + (sum >> {number % 7 + 1});
        if (sum % {number + 3} == {number % 17}) sum ^= {number * 31 % 65521};
    }}
    switch (sum & 7) {{
    case 0: snprintf(held, sizeof held, "work {number} of %d", sum); break;
    case 1: memcpy(held, to, 16); sum += held[{number % 16}]; break;
    case 2: return sum * {number + 1};
    case 3: sum += (int)strlen(to); break;
    case 4: memset(held, sum, sizeof held); sum -= held[3]; break;
    case 5: puts("number {number}"); break;
    default: sum = ~sum;
    }}
    return size > 1 ? sum + {call} : sum;
}}"""


def row(pair: Pair, diffoscope: str, folder: Path) -> str:
    """One row of the table."""
    ours, theirs = pair.published.read_bytes(), pair.rebuilt.read_bytes()
    found: list[NativeComparison] = []
    (taken,) = medians(ROUNDS, lambda: seconds(lambda: found.append(compare_native(ours, theirs))))
    report = folder / "report"
    report.unlink(missing_ok=True)
    run = child(
        *with_temporary(folder),
        *(diffoscope, "--no-progress", "--text", str(report)),
        *(str(pair.published), str(pair.rebuilt)),
    )
    surface = found[0].surface
    more = "> " if run.code is None else ""
    cells = (
        pair.title,
        f"{surface.functions:,}",
        f"{surface.identical:,}",
        f"{len(found[0].problems)}",
        f"{taken:.2f}",
        f"{more}{CAP if run.code is None else run.seconds:.1f}",
        f"{more}{run.seconds / taken:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def _compile(folder: Path, name: str, source: str) -> None:
    path = folder / f"{name}.c"
    path.write_text(source, encoding="utf-8")
    command = ("gcc", *FLAGS, "-c", path.name, "-o", f"{name}.o")
    subprocess.run(command, cwd=folder, check=True)


def _link(folder: Path, name: str, units: list[str], *flags: str) -> Path:
    objects = [f"{unit}.o" for unit in units]
    command = ("gcc", "-o", name, *objects, *flags)
    subprocess.run(command, cwd=folder, check=True)
    return folder / name


if __name__ == "__main__":
    main()
