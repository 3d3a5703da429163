"""A project's timeline as a picture (SVG 1.1): no script, no style sheet, nothing loaded.

The same timeline gives the same bytes. Shapes and words say what colours say as well: a square is
a source, a circle another file, a triangle a file with signals, a line another release.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

from reports.printable import printable
from verify.timeline.timeline import Timeline, TimelineFile, TimelineRelease
from verify.timeline.words import counted, span

MARK = '<svg xmlns="http://www.w3.org/2000/svg" data-from="truewheel timeline"'
"""How each picture begins; the name of the format is an XML namespace, which nobody loads."""

MAX_RELEASES = 50
"""Bands in one picture."""

_WIDTH, _MARGIN, _BAND = 960, 30, 130
_AXIS = 80
_MAX_NAMED = 12
_MAX_TICKS = 10


def timeline_svg(timeline: Timeline) -> str:
    """The releases that are shown in detail, the newest on top."""
    shown = [release for release in timeline.releases if release.version in timeline.detailed]
    shown = shown[-MAX_RELEASES:][::-1]
    height = max(len(shown), 1) * _BAND
    name = _text(f"Upload history of {timeline.project}")
    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    lines = [
        f'{MARK} {size} role="img" font-family="sans-serif" font-size="13">',
        f"<title>{name}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for position, release in enumerate(shown):
        lines.append(f'<g transform="translate(0 {position * _BAND})">')
        lines.extend(_band(release, timeline))
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Axis:
    """From moments to pixels."""

    first: datetime
    last: datetime

    def at(self, moment: datetime) -> int:
        length = self.last - self.first
        share = (moment - self.first) / length if length else 0.5
        return round(_MARGIN + share * (_WIDTH - 2 * _MARGIN))

    def holds(self, moment: datetime) -> bool:
        return self.first <= moment <= self.last


def _band(release: TimelineRelease, timeline: Timeline) -> Iterator[str]:
    files = counted(len(release.files), "file")
    title = _text(f"{timeline.project} {release.version}: {files}")
    yield f'<text x="{_MARGIN}" y="24" font-weight="bold">{title}</text>'
    first, last = release.first, release.last
    if first is None or last is None:
        yield f'<text x="{_MARGIN}" y="{_AXIS}">the index gives no upload times</text>'
        return
    axis = _Axis(first=first, last=last)
    end = _WIDTH - _MARGIN
    yield f'<path d="M{_MARGIN} {_AXIS}H{end}" stroke="#555555" stroke-width="2"/>'
    yield from _labels(axis)
    yield from _others(release, timeline, axis)
    yield from _marks(release, axis)
    words = _signals(release)
    if words:
        yield f'<text x="{_MARGIN}" y="44" fill="#8a4b00">{_text(words)}</text>'


def _labels(axis: _Axis) -> Iterator[str]:
    y = _AXIS + 36
    # Within a day, the day alone would tell both ends alike.
    shown = 10 if axis.first.date() != axis.last.date() else 16
    first, last = (time.isoformat(" ")[:shown] for time in (axis.first, axis.last))
    yield f'<text x="{_MARGIN}" y="{y}">{first}</text>'
    yield f'<text x="{_WIDTH - _MARGIN}" y="{y}" text-anchor="end">{last}</text>'
    years = range(axis.first.year + 1, axis.last.year + 1)
    for year in years[:: len(years) // _MAX_TICKS + 1]:
        x = axis.at(datetime(year, 1, 1, tzinfo=UTC))
        yield f'<path d="M{x} {_AXIS - 4}v8" stroke="#555555"/>'
        if 110 < x - _MARGIN < _WIDTH - 2 * _MARGIN - 110:
            yield f'<text x="{x}" y="{y}" text-anchor="middle" fill="#555555">{year}</text>'


def _others(release: TimelineRelease, timeline: Timeline, axis: _Axis) -> Iterator[str]:
    begun: dict[int, list[str]] = {}
    for other in timeline.releases:
        if other.version != release.version and other.first and axis.holds(other.first):
            begun.setdefault(axis.at(other.first), []).append(f"release {other.version}")
    for x, names in sorted(begun.items()):
        line = f'<path d="M{x} {_AXIS + 8}v10" stroke="#999999"/>'
        yield f"<g>{_title(names)}{line}</g>"


def _marks(release: TimelineRelease, axis: _Axis) -> Iterator[str]:
    """One mark for all files of a kind at one place, those with signals above the others."""
    placed: dict[tuple[int, int], list[str]] = {}
    for line in release.files:
        if line.file.upload_time is not None:
            place = _shape(line, release), axis.at(line.file.upload_time)
            placed.setdefault(place, []).append(_words(line))
    for (shape, x), names in sorted(placed.items()):
        yield f'<g transform="translate({x} {_AXIS})">{_title(names)}{_SHAPES[shape]}</g>'


_SHAPES = (
    '<circle r="5" fill="#2f6f4f"/>',
    '<rect x="-6" y="-6" width="12" height="12" fill="#1f4e8c"/>',
    '<polygon points="0,-12 10,6 -10,6" fill="#d97a00" stroke="#8a4b00"/>',
)


def _shape(line: TimelineFile, release: TimelineRelease) -> int:
    if line.signals:
        return 2
    return 1 if line.file == release.source else 0


def _words(line: TimelineFile) -> str:
    after, found = line.after_source, ", ".join(signal.rule for signal in line.signals)
    when = ""
    if after:
        order = "after" if after > timedelta(0) else "before"
        when = f", {span(after)} {order} the source"
    return f"{line.file.filename}{when}{': ' if found else ''}{found}"


def _signals(release: TimelineRelease) -> str:
    return ", ".join(f"{rule}: {counted(n, 'file')}" for rule, n in release.rules.items())


def _title(names: Iterable[str]) -> str:
    names = list(names)
    more = [f"and {len(names) - _MAX_NAMED:,} more"] if len(names) > _MAX_NAMED else []
    return f"<title>{_text(chr(10).join([*names[:_MAX_NAMED], *more]))}</title>"


def _text(text: str) -> str:
    """Text as XML may hold it, whoever wrote it."""
    return escape("\n".join(map(printable, text.split("\n"))))
