"""The pages of a report, one after the other."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from reports.as_json import dump, moment_text
from reports.printable import printable
from reports.renderers.html.bars import pieces
from reports.renderers.html.findings import finding_view
from reports.renderers.html.names import page_names
from reports.renderers.html.page import fill
from reports.renderers.html.picture import picture
from reports.renderers.interface import Document, Rendered
from reports.renderers.reading import read_results
from reports.renderers.results import BY_WORST, Bytes, Reported, Results, rules
from reports.renderers.words import CLAIM, TELLING, trust, why
from verify import __version__
from verify.finding import FindingClass, JSONValue
from verify.signals import SIGNALS

_QUIET = [kind for kind in FindingClass if kind not in TELLING]


class HtmlRenderer:
    """`index.html`, and below `wheels/` a page and a recipe for each wheel."""

    name = "html"
    filename = "index.html"

    def render(self, document: Document) -> Iterator[Rendered]:
        """The pages, the worst first."""
        results = read_results(document)
        worst_first = results.worst_first
        names = page_names(worst_first)
        yield Rendered(name=self.filename, content=_overview(results, worst_first, names))
        for result, name in zip(worst_first, names, strict=True):
            recipe = None
            if result.recipe is not None:
                recipe = f"{name.removesuffix('.html')}.recipe.json"
                text = f"{dump(dict(result.recipe))}\n"
                yield Rendered(name=recipe, content=text.encode())
            yield Rendered(name=name, content=_page(result, recipe))


def _overview(results: Results, worst_first: Sequence[Reported], names: Sequence[str]) -> bytes:
    counts = [(verdict.value, count) for verdict, count in results.by_verdict.items()]
    return fill(
        "overview.html.j2",
        "overview.js",
        results=results,
        rows=list(zip(worst_first, names, strict=True)),
        bar=pieces(counts),
        order={verdict: place for place, verdict in enumerate(BY_WORST)},
        run=list(_facts(results.run)),
        inputs=list(_facts(results.inputs)),
        classes=FindingClass,
        rules=rules,
        trust=trust,
        moment=moment_text,
        meanings=SIGNALS,
        version=__version__,
    )


def _page(result: Reported, recipe: str | None) -> bytes:
    return fill(
        "wheel.html.j2",
        "wheel.js",
        result=result,
        claim=CLAIM[result.verdict],
        trust=trust(result),
        why=why(result),
        picture=_picture(result),
        bar=_bar(result.bytes),
        telling=[finding_view(finding) for finding in result.of(*TELLING)],
        quiet=[finding_view(finding) for finding in result.of(*reversed(_QUIET))],
        signals=[finding_view(finding) for finding in result.signals],
        logs=[attempt for attempt in result.attempts if attempt.log_tail],
        recipe=dump(dict(result.recipe)).splitlines() if result.recipe is not None else [],
        recipe_file=recipe.rpartition("/")[2] if recipe else None,
        command=_command(result),
        moment=moment_text,
        meanings=SIGNALS,
        version=__version__,
    )


def _picture(result: Reported) -> object:
    from markupsafe import Markup  # noqa: PLC0415 - only pages need it

    svg = picture(result)
    # It escapes whatever it shows.
    return None if svg is None else Markup(svg)  # noqa: S704


def _bar(found: Bytes | None) -> object:
    if found is None:
        return None
    whole = found.whole
    shares = ("reproduced", whole.reproduced), ("explained", whole.explained)
    return pieces((*shares, ("unexplained", whole.unexplained)))


def _command(result: Reported) -> str:
    quoted = partial(map, lambda text: shlex.quote(printable(text)))
    if result.wheel is None:
        return " ".join(quoted(("truewheel", "check", "--fresh", result.requirement)))
    words = ("truewheel", "check", "--fresh", result.requirement, "--wheel", result.label)
    return " ".join(quoted(words))


def _facts(value: JSONValue, name: str = "") -> Iterator[tuple[str, str]]:
    """What a document says in fields that later versions may change, as names and words."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _facts(item, f"{name} {key}".strip().replace("_", " "))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _facts(item, name)
    elif value is not None:
        yield name, str(value)
