"""What many wheels take: machines, days, money and the index's load, of what was measured.

    python -m benchmarks.scale [NAME=VALUE ...]     the tables of docs/scale.md, or for other inputs
    python -m benchmarks.scale --simulate           the arithmetic against wheels that are replayed

Every input is a field of `Inputs`. What was measured is in `benchmarks/durations.toml`.
"""

import argparse
import heapq
import math
import random
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from statistics import mean

HOURS, DAY = 3600, 86400
MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What the arithmetic goes by, with where each value comes from.

    Attributes:
        places: wheels that a machine judges at once, one for each core.
        core_hour: US dollars.
        overhead: seconds of the batch's own process for each wheel, which nothing can share.
        busy: share of the time that places have something to do.
        pure_bytes, native_bytes: of a wheel and its source.
        requests: for a wheel with its source: the listing and two files.
        more_requests, more_bytes: for what builds of one machine need from the index, in all; a
            cache keeps it.
        again, again_bytes: listings that a wheel costs beyond its own, for build requirements.
    """

    places: int = 8
    core_hour: float = 0.04
    overhead: float = 0.005
    busy: float = 0.95
    pure_bytes: float = 0.40 * MB
    native_bytes: float = 1.32 * MB
    requests: int = 3
    more_requests: int = 2000
    more_bytes: float = 1500 * MB
    again: float = 1.0
    again_bytes: float = 0.05 * MB


ORIGINS = {
    "places": "assumed: 8 cores and 32 GB, so that each build may use `--memory` 4096",
    "core_hour": "assumed: US dollars for a core and its 4 GB, of a machine by the hour",
    "overhead": "the limit that `make bench-dask` is held to",
    "busy": "assumed: machines come and go, and the last wheels are few",
    "pure_bytes": "measured: mean of the pure corpus, 0.12 MB of wheel and 0.27 MB of source",
    "native_bytes": "measured: mean of the native corpus, 0.47 MB and 0.84 MB",
    "requests": "a listing, a wheel, a source",
    "more_requests": "assumed, per machine; 119 wheels asked for 203 files of other projects",
    "more_bytes": "assumed, per machine; those files had 82 MB",
    "again": "measured: 225 listings and 164 METADATA for 119 wheels, of which 119 are their own",
    "again_bytes": "measured: mean of a listing as it is kept",
}


@dataclass(frozen=True, kw_only=True)
class Load:
    """Wheels to judge, and on how many machines.

    Attributes:
        harder: how many times as long as the measured ones they take: old releases of little used
            projects take more attempts.
    """

    name: str
    pure: int
    native: int
    machines: int
    harder: float = 1.0

    @property
    def wheels(self) -> int:
        """All of them."""
        return self.pure + self.native


LOADS = (
    Load(name="a company's locks", pure=7_000, native=3_000, machines=1),
    Load(name="a company's locks", pure=7_000, native=3_000, machines=4),
    Load(name="the top 15,000 projects", pure=13_000, native=20_000, machines=10),
    Load(name="the whole index", pure=5_000_000, native=2_000_000, machines=100, harder=2.0),
    Load(name="the whole index", pure=5_000_000, native=2_000_000, machines=500, harder=2.0),
)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a load takes.

    Attributes:
        seconds: of wall time.
        dollars: for the machines.
        requests, bytes: to the index, in all.
    """

    seconds: float
    dollars: float
    requests: float
    bytes: float


@dataclass(frozen=True, kw_only=True)
class Durations:
    """Seconds that wheels took, by kind."""

    pure: tuple[float, ...]
    native: tuple[float, ...]


def measured() -> Durations:
    """Those of `benchmarks/durations.toml`."""
    text = (Path(__file__).parent / "durations.toml").read_text("utf-8")
    table = tomllib.loads(text)
    return Durations(pure=tuple(table["pure"]), native=tuple(table["native"]))


def figures(load: Load, durations: Durations, inputs: Inputs) -> Figures:
    """The arithmetic: of each kind the work that all places share, or what hands it out."""
    places = load.machines * inputs.places * inputs.busy
    seconds = sum(
        max(count * load.harder * mean(took) / places, count * inputs.overhead)
        for took, count in ((durations.native, load.native), (durations.pure, load.pure))
    )
    hours = seconds / HOURS * load.machines * inputs.places
    return Figures(
        seconds=seconds,
        dollars=hours * inputs.core_hour,
        requests=load.wheels * (inputs.requests + inputs.again)
        + load.machines * inputs.more_requests,
        bytes=load.pure * inputs.pure_bytes
        + load.native * inputs.native_bytes
        + load.wheels * inputs.again * inputs.again_bytes
        + load.machines * inputs.more_bytes,
    )


def simulated(load: Load, durations: Durations, inputs: Inputs) -> float:
    """Seconds that a load takes whose every wheel is placed.

    Wheels take what measured ones took, drawn with a fixed seed. They begin slowest kind first, as
    a batch has it, each where a place is free, and no two within `overhead`.
    """
    draw = random.Random(load.name)  # noqa: S311 - nothing secret
    free = [0.0] * (load.machines * inputs.places)
    handed_out = end = 0.0
    for seconds, count in ((durations.native, load.native), (durations.pure, load.pure)):
        for _ in range(count):
            handed_out = max(handed_out + inputs.overhead, free[0])
            done = handed_out + draw.choice(seconds) * load.harder
            end = max(end, done)
            heapq.heapreplace(free, done)
    return end


def tables(inputs: Inputs) -> Iterator[str]:
    """Lines of Markdown."""
    durations = measured()
    yield f"- `pure`: {mean(durations.pure):.1f} s, the mean of {len(durations.pure)} wheels"
    yield f"- `native`: {mean(durations.native):.1f} s, the mean of {len(durations.native)} wheels"
    yield ""
    yield "| input | value | |"
    yield "|---|---:|---|"
    for field in fields(inputs):
        value = getattr(inputs, field.name)
        yield f"| `{field.name}` | {_number(value)} | {ORIGINS[field.name]} |"
    yield ""
    yield (
        "| | pure | native | harder | machines | time | core hours | US dollars"
        " | requests | GB | requests a second |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for load in LOADS:
        found = figures(load, durations, inputs)
        cores = found.seconds / HOURS * load.machines * inputs.places
        yield (
            f"| {load.name} | {load.pure:,} | {load.native:,} | {load.harder:g} | {load.machines} |"
            f" {_time(found.seconds)} | {cores:,.0f} | {_rounded(found.dollars)} |"
            f" {_rounded(found.requests)} | {_rounded(found.bytes / 1e9)} |"
            f" {found.requests / found.seconds:.1f} |"
        )


def checks(inputs: Inputs, loads: Sequence[Load] = LOADS) -> Iterator[str]:
    """Lines of Markdown: the arithmetic beside the simulation of the same."""
    durations = measured()
    yield "| | machines | arithmetic | simulated | of the arithmetic |"
    yield "|---|---:|---:|---:|---:|"
    for load in loads:
        told = figures(load, durations, inputs).seconds
        found = simulated(load, durations, inputs)
        yield (
            f"| {load.name} | {load.machines} | {_time(told)} | {_time(found)}"
            f" | {found / told:.0%} |"
        )


def main(arguments: Sequence[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--simulate", action="store_true")
    parser.add_argument("values", nargs="*", metavar="NAME=VALUE")
    given = parser.parse_args(arguments)
    inputs = Inputs()
    for text in given.values:
        name, _, value = text.partition("=")
        inputs = replace(inputs, **{name: type(getattr(inputs, name))(float(value))})
    print("\n".join(checks(inputs) if given.simulate else tables(inputs)))


def _number(value: float) -> str:
    return f"{value / MB:g} MB" if value >= 0.01 * MB else f"{value:g}"


def _rounded(value: float) -> str:
    """Two digits that count."""
    if value < 10:
        return f"{value:.1f}"
    digits = 1 - math.floor(math.log10(value))
    return f"{round(value, digits):,.0f}"


def _time(seconds: float) -> str:
    if seconds < 2 * HOURS:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / HOURS:.1f} h" if seconds < 2 * DAY else f"{seconds / DAY:.1f} days"


if __name__ == "__main__":
    main(sys.argv[1:])
