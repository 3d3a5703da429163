"""Markdown (GitHub's) for the comment on a pull request."""

from collections.abc import Iterator
from html import escape

from reports.printable import printable
from reports.renderers.interface import Document, Rendered
from reports.renderers.reading import read_results
from reports.renderers.results import Reported, Results, Trend, What, rules
from reports.renderers.words import CLAIM, WHAT, since, telling, told, trust, why
from verify.timeline.words import counted

MAX_CHARACTERS = 60_000
"""GitHub refuses comments of more than 65,536."""

_MAX_FINDINGS = 10
_MAX_TEXT = 300
_MARKUP = frozenset("\\`*_{}[]()<>#.!|~@:&$")
"""What can begin anything in GitHub's Markdown: structure, links, mentions, references."""


class MarkdownRenderer:
    """What is not trusted, the worst first, as long as there is room."""

    name = "markdown"
    filename = "summary.md"

    def render(self, document: Document) -> Iterator[Rendered]:
        """One file."""
        text = _text(read_results(document))
        yield Rendered(name=self.filename, content=text.encode())


def _text(results: Results) -> str:
    head = "\n".join(_head(results))
    open_ones = [result for result in results.worst_first if not result.trusted]
    sections: list[str] = []
    room = MAX_CHARACTERS - len(head)
    for result in open_ones:
        section = "\n".join(_section(result))
        room -= len(section) + 2
        if room < 0:
            break
        sections.append(section)
    left = len(open_ones) - len(sections)
    more = [f"... and {counted(left, 'wheel')} more that are not trusted."] if left else []
    return "\n\n".join([head, *sections, *more]) + "\n"


def _head(results: Results) -> Iterator[str]:
    total = len(results.results)
    yield f"### truewheel: {results.trusted:,} of {counted(total, 'wheel')} trusted"
    if results.failure is not None:
        yield ""
        yield f"**The run broke off:** {inert(results.failure)}"
    if results.trend is not None:
        yield ""
        yield from _since(results.trend)
    for number, words in ((len(results.left), "not looked at"), (results.faults, "not readable")):
        if number:
            noun = "wheel" if words == "not looked at" else "input"
            yield ""
            yield f"**{counted(number, noun)} {words}**"
    if results.by_verdict:
        yield ""
        yield "| verdict | wheels |"
        yield "|---|---:|"
        for verdict, count in results.by_verdict.items():
            yield f"| {verdict} | {count:,} |"
    if results.by_signal:
        yield ""
        yield "| signal | wheels |"
        yield "|---|---:|"
        for name, count in results.by_signal.items():
            yield f"| {code(name)} | {count:,} |"


def _since(trend: Trend) -> Iterator[str]:
    """What changed, and the names of what is not trusted any more."""
    yield f"{since(trend).capitalize()}"
    lost = [change for change in trend.changes if What.NEWLY_DISTRUSTED in change.what]
    if lost:
        names = ", ".join(code(change.label) for change in lost[:_MAX_FINDINGS])
        more = f" and {len(lost) - _MAX_FINDINGS:,} more" if len(lost) > _MAX_FINDINGS else ""
        yield ""
        yield f"**{WHAT[What.NEWLY_DISTRUSTED].capitalize()}:** {names}{more}"


def _section(result: Reported) -> Iterator[str]:
    yield f"**{result.verdict}** {code(result.label)}  "
    yield f"{CLAIM[result.verdict]} {trust(result).capitalize()}: {inert(why(result))}"
    lines = [
        f"- {finding.kind} {code(finding.rule)} {inert(told(finding))}"
        for finding in telling(result)
    ]
    lines += [f"- signal {code(rule)}" for rule in rules(result.signals)]
    if lines:
        yield ""
        yield from lines[:_MAX_FINDINGS]
    if len(lines) > _MAX_FINDINGS:
        yield f"- ... and {len(lines) - _MAX_FINDINGS:,} more"


def inert(text: str) -> str:
    """Hostile text on one line, in which nothing is markup, a link, a mention or a reference.

    A character reference is never structure (CommonMark 0.31, 2.5). Mentions and references are
    found after that, in the text of one element: so their sign stands in an element of its own.
    """
    text = printable(text)
    text = text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."
    return "".join(map(_character, text))


def code(text: str) -> str:
    """The same as code, in which GitHub looks for nothing at all."""
    return f"<code>{''.join(map(_reference, printable(text)[:_MAX_TEXT]))}</code>"


def _character(char: str) -> str:
    return f"<code>{_reference(char)}</code>" if char in "@#" else _reference(char)


def _reference(char: str) -> str:
    return f"&#{ord(char)};" if char in _MARKUP else escape(char)
