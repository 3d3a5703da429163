"""Every wheel of a corpus through `truewheel check`, and a page on what came of it.

    make corpus

A corpus is a text file, one wheel a line: a requirement, and as a comment behind it the published
file. Without a file name it is the wheel for `--python-version`; `--choose` gives a pattern
instead.
Results are kept in `.truewheel/corpus` under a digest of the product's code, so that a run that was
broken off goes on where it was; every fetched and built file is in the cache. Reasons for what is
not trusted are written by people, in `docs/corpus-reasons.toml`.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".truewheel" / "corpus"
PAGE = ROOT / "docs" / "corpus.md"
REASONS = ROOT / "docs" / "corpus-reasons.toml"
CODE = ("verify", "builders", "containers")
CODE_SUFFIXES = frozenset({".py", ".toml", ".json", ".sh", ".s", ".h"})
WHEEL = ".whl"
NATIVE = ("native.relinked", "native.differs")
TRUSTED = ("identical", "regenerated", "equivalent")
STAGES = ("fetch", "resolve", "build", "compare")
REPRODUCED = ("identical", "regenerated")

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True, order=True)
class Entry:
    """A published wheel to check, by a pattern for its file name or an interpreter's version."""

    requirement: str
    filename: str = ""
    python: str = ""

    @property
    def name(self) -> str:
        """What its result is kept under."""
        return self.filename if self.filename.endswith(WHEEL) else self.requirement


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one check said, and how long the command took in seconds of wall time."""

    entry: Entry
    result: Document
    seconds: float

    @property
    def verdict(self) -> str:
        """The verdict, with its reason where there is none."""
        reason = self.result["reason"]
        return f"{self.result['verdict']}: {reason}" if reason else str(self.result["verdict"])

    @property
    def filename(self) -> str:
        """The wheel's file name, as far as it is known."""
        wheel = self.result["wheel"]
        return str(wheel["filename"]) if wheel else self.entry.name

    @property
    def native(self) -> list[Document]:
        """Evidence on each native file that both wheels have and that was read."""
        findings = (self.result.get("diff") or {}).get("findings", [])
        evidence = [f["evidence"] for f in findings if f["rule"] in NATIVE]
        return [one for one in evidence if "functions" in one]

    @property
    def first_verdict(self) -> str:
        """That of the first attempt."""
        attempts = self.result["attempts"]
        return str(attempts[0]["verdict"]) if attempts else str(self.result["verdict"])

    @property
    def attempts(self) -> int:
        """Rebuilds that were tried."""
        return len(self.result["attempts"])

    @property
    def has_source(self) -> bool:
        """Whether there was anything to rebuild from."""
        return self.result["source"] is not None


def main(arguments: Sequence[str]) -> int:
    """Check, write the page, print its totals."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.corpus")
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--python-version", default="3.11")
    parser.add_argument("--choose", action="append", default=[], metavar="REQUIREMENT=PATTERN")
    parser.add_argument("--no-page", action="store_true", help="print totals only")
    options = parser.parse_args(arguments)
    missing = [str(path) for path in options.corpora if not path.is_file()]
    if missing:
        parser.error(f"no such list: {', '.join(missing)}; give others with make corpus CORPUS=...")
    kept = KEPT / code_digest()
    kept.mkdir(parents=True, exist_ok=True)
    sections = []
    for corpus in options.corpora:
        start = time.monotonic()
        chosen = dict(text.rsplit("=", 1) for text in options.choose)
        entries = read_corpus(corpus, chosen, options.python_version)
        outcomes = check_corpus(entries, kept, options.jobs)
        print(f"{corpus.name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
        print("\n".join(totals(outcomes)))
        sections.append((corpus.stem, outcomes))
    if not options.no_page:
        PAGE.write_text("\n".join(page(sections, read_reasons())) + "\n", encoding="utf-8")
    return 0


def code_digest() -> str:
    """Changes with the code whose results are kept."""
    digest = hashlib.sha256()
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in CODE_SUFFIXES:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def read_corpus(path: Path, chosen: Mapping[str, str], python: str) -> list[Entry]:
    """The entries of a corpus, in its order.

    Args:
        path: the list.
        chosen: patterns of file names by requirement.
        python: for entries without a file name.
    """
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = []
    for line in lines:
        requirement, _, comment = (part.strip() for part in line.partition("#"))
        if not requirement:
            continue
        filename = comment if comment.endswith(WHEEL) else chosen.get(requirement, "")
        found.append(
            Entry(requirement=requirement, filename=filename, python="" if filename else python)
        )
    return found


def check_corpus(entries: Sequence[Entry], kept: Path, jobs: int) -> list[Outcome]:
    """Check what is not kept yet, some at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda entry: _checked(entry, kept), entries))


def _checked(entry: Entry, kept: Path) -> Outcome:
    path = kept / f"{entry.name}.json"
    if not path.exists():
        start = time.monotonic()
        result = _check(entry)
        if result is None:
            return Outcome(entry=entry, result=_failed(entry), seconds=time.monotonic() - start)
        document = {"result": result, "seconds": time.monotonic() - start}
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(document), encoding="utf-8")
        draft.rename(path)
    document = json.loads(path.read_text(encoding="utf-8"))
    outcome = Outcome(entry=entry, result=document["result"], seconds=document["seconds"])
    print(f"{outcome.seconds:6.1f} s  {outcome.verdict:24} {outcome.filename}", file=sys.stderr)
    return outcome


def _check(entry: Entry) -> Document | None:
    """The result of one check; None where the tool itself failed; it is tried again next time."""
    command = [sys.executable, "-m", "verify.cli", "check", "--json", "--quiet", "--ledger", "none"]
    which = ["--wheel", entry.filename] if entry.filename else ["--python-version", entry.python]
    done = subprocess.run(
        [*command, *which, entry.requirement],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        check=False,
    )
    try:
        results: list[Document] = json.loads(done.stdout)["results"]
    except (ValueError, KeyError):
        results = []
    if len(results) != 1:
        print(f"{entry.name}: {done.stderr.decode(errors='replace')}", file=sys.stderr)
        return None
    return results[0]


def _failed(entry: Entry) -> Document:
    return {
        "verdict": "failed",
        "reason": "no result",
        "requirement": entry.requirement,
        "attempts": [],
        "source": None,
        "recipe": None,
        "wheel": None,
        "trusted": False,
    }


def read_reasons() -> dict[str, str]:
    """Why an entry is not trusted, by file name, as a person found out."""
    if not REASONS.exists():
        return {}
    reasons: dict[str, str] = tomllib.loads(REASONS.read_text(encoding="utf-8"))["reasons"]
    return reasons


def totals(outcomes: Sequence[Outcome]) -> list[str]:
    """The rates."""
    sourced = [outcome for outcome in outcomes if outcome.has_source]
    count = len(sourced) or 1
    trusted = sum(bool(outcome.result["trusted"]) for outcome in sourced)
    reproduced = sum(outcome.result["verdict"] in REPRODUCED for outcome in sourced)
    first = sum(outcome.first_verdict in TRUSTED for outcome in sourced)
    attempts = [outcome.attempts for outcome in sourced]
    return [
        f"- {len(outcomes)} wheels, {len(sourced)} of them with a source",
        f"- trusted: {trusted} ({100 * trusted / count:.1f} %)",
        f"- identical or regenerated: {reproduced} ({100 * reproduced / count:.1f} %)",
        f"- trusted by the first attempt: {first} ({100 * first / count:.1f} %)",
        f"- attempts: median {statistics.median(attempts or [0]):g}",
        f"- attempts: mean {statistics.fmean(attempts or [0]):.2f}",
        f"- seconds a wheel: median {statistics.median(o.seconds for o in outcomes):.1f}",
        f"- seconds of all checks: {sum(o.seconds for o in outcomes):.0f}",
        f"- of these: {', '.join(_stages(outcomes))}",
    ]


def _stages(outcomes: Sequence[Outcome]) -> Iterable[str]:
    """What the seconds went to; the rest is start-up and probes of the search."""
    spent = [outcome.result.get("seconds") or {} for outcome in outcomes]
    for stage in STAGES:
        yield f"{stage} {sum(seconds.get(stage, 0.0) for seconds in spent):.0f}"


def page(
    sections: Iterable[tuple[str, Sequence[Outcome]]], reasons: dict[str, str]
) -> Iterable[str]:
    """`docs/corpus.md`."""
    yield "# The corpora"
    yield ""
    yield "Written by `make corpus`. Seconds are those of one machine with two checks at a time,"
    yield "and with what earlier runs had left in its cache."
    for title, outcomes in sections:
        yield from ("", f"## {title}", "")
        yield from totals(outcomes)
        for name, key in GROUPS.items():
            yield from ("", f"| {name} | wheels | trusted | by the first attempt |")
            yield "|---|---:|---:|---:|"
            yield from _group_rows(outcomes, key)
        yield from (
            "",
            "| wheel | verdict | attempts | seconds | why not |",
            "|---|---|---:|---:|---|",
        )
        for outcome in outcomes:
            name = outcome.filename
            reason = "" if outcome.result["trusted"] else reasons.get(name, "not looked into")
            cells = (name, outcome.verdict, str(outcome.attempts), f"{outcome.seconds:.1f}", reason)
            yield f"| {' | '.join(cells)} |"
        yield from _native_rows(outcomes)


def _native_rows(outcomes: Sequence[Outcome]) -> Iterable[str]:
    """Functions that are the same, and what of the code a person still has to read."""
    found = {outcome.filename: outcome.native for outcome in outcomes if outcome.native}
    if not found:
        return
    yield from ("", "| wheel | functions the same | of | bytes of code to read | of | share |")
    yield "|---|---:|---:|---:|---:|---:|"
    sums = {name: _summed(files) for name, files in found.items()}
    for name, (same, functions, to_read, code) in sums.items():
        share = 100 * to_read / (code or 1)
        yield f"| {name} | {same} | {functions} | {to_read} | {code} | {share:.1f} % |"
    same = sum(counts[0] for counts in sums.values())
    functions = sum(counts[1] for counts in sums.values())
    median = statistics.median(100 * to_read / (code or 1) for _, _, to_read, code in sums.values())
    yield ""
    yield f"{same} of {functions} functions are the same ({100 * same / (functions or 1):.1f} %);"
    yield f"the median share to read is {median:.1f} %."


def _summed(files: Sequence[Document]) -> tuple[int, int, int, int]:
    """Functions that are the same, all; bytes of code to read, all. Relinked ones are all read."""
    whole = [{"identical": one["functions"], "bytes_to_read": 0, **one} for one in files]
    same, functions, to_read, code = (
        sum(int(one[key]) for one in whole)
        for key in ("identical", "functions", "bytes_to_read", "code_bytes")
    )
    return same, functions, to_read, code


def _group_rows(outcomes: Sequence[Outcome], key: Callable[[Outcome], str]) -> Iterable[str]:
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[key(outcome)].append(outcome)
    for name, members in sorted(groups.items()):
        trusted = sum(bool(outcome.result["trusted"]) for outcome in members)
        first = sum(outcome.first_verdict in TRUSTED for outcome in members)
        yield f"| {name} | {len(members)} | {trusted} | {first} |"


def _backend(outcome: Outcome) -> str:
    recipe = outcome.result["recipe"]
    if recipe is None:
        return "none"
    backend = recipe["backend"]
    is_script = backend["mode"] == "setup.py"
    return "setup.py" if is_script else str(backend["backend"]).partition(":")[0].partition(".")[0]


def _year(outcome: Outcome) -> str:
    wheel = outcome.result["wheel"]
    return str(wheel["upload_time"])[:4] if wheel and wheel["upload_time"] else "unknown"


def _python(outcome: Outcome) -> str:
    recipe = outcome.result["recipe"]
    return str(recipe["python"]) if recipe else "none"


GROUPS: dict[str, Callable[[Outcome], str]] = {
    "backend": _backend,
    "year": _year,
    "Python": _python,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
