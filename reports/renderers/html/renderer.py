"""The pages of a report, one after the other."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from reports.as_json import dump, moment_text
from reports.printable import printable
from reports.renderers.html.bars import pieces
from reports.renderers.html.findings import finding_view
from reports.renderers.html.names import page_names
from reports.renderers.html.overview import SUMMARY, changes_by_wheel, overview, summary
from reports.renderers.html.page import fill
from reports.renderers.html.picture import picture
from reports.renderers.interface import Document, Rendered
from reports.renderers.reading import read_results
from reports.renderers.results import Bytes, Change, Reported
from reports.renderers.words import CLAIM, TELLING, WHAT, trust, why
from verify import __version__
from verify.finding import FindingClass

_QUIET = [kind for kind in FindingClass if kind not in TELLING]


class HtmlRenderer:
    """`index.html`, `summary.html`, and below `wheels/` a page and a recipe for each wheel."""

    name = "html"
    filename = "index.html"

    def render(self, document: Document) -> Iterator[Rendered]:
        """The pages, the worst first."""
        results = read_results(document)
        worst_first = results.worst_first
        names = page_names(worst_first)
        yield Rendered(name=self.filename, content=overview(results, worst_first, names))
        yield Rendered(name=SUMMARY, content=summary(results, worst_first))
        changes = changes_by_wheel(results.trend)
        for at, (result, name) in enumerate(zip(worst_first, names, strict=True)):
            recipe = None
            if result.recipe is not None:
                recipe = f"{name.removesuffix('.html')}.recipe.json"
                text = f"{dump(dict(result.recipe))}\n"
                yield Rendered(name=recipe, content=text.encode())
            around = _Around(
                before=_beside(names[at - 1]) if at else None,
                after=_beside(names[at + 1]) if at + 1 < len(names) else None,
                change=changes.get((result.label, result.sha256)),
            )
            yield Rendered(name=name, content=_page(result, recipe, around))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Around:
    """What a page says of what is not its wheel: the pages beside it, and the run before."""

    before: str | None
    after: str | None
    change: Change | None


def _beside(page: str) -> str:
    return page.rpartition("/")[2]


def _page(result: Reported, recipe: str | None, around: _Around) -> bytes:
    return fill(
        "wheel.html.j2",
        "wheel.js",
        result=result,
        before=around.before,
        after=around.after,
        change=around.change,
        what_words=WHAT,
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
        recipe_file=_beside(recipe) if recipe else None,
        command=_command(result),
        moment=moment_text,
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
