"""A project's timeline for a person at a terminal: a time axis, the files in order, what came late.

Nothing depends on colour, and where the terminal knows ASCII only, so does the picture.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from textwrap import wrap

from rich.console import Console
from rich.text import Text

from reports.printable import printable
from verify.finding import Finding, RuleName
from verify.index.interface import FileKind, IndexFile
from verify.signals import SIGNALS
from verify.timeline.history import SAME_UPLOAD
from verify.timeline.timeline import Timeline, TimelineFile, TimelineRelease
from verify.timeline.words import counted

MAX_LISTED = 100
"""Releases of a project, or files of a release."""

MAX_QUIET = 20
"""Of these, listed although there is no signal about them: the newest releases, the first files."""

MAX_NAMED = 3
"""Files that are named under one signal."""

_NARROWEST, _WIDEST = 30, 100
_MARKED = "bold yellow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Glyphs:
    """What a time axis is drawn with."""

    line: str
    source: str
    wheel: str
    both: str
    release: str


UNICODE = Glyphs(line="─", source="◆", wheel="●", both="◈", release="│")
ASCII = Glyphs(line="-", source="S", wheel="w", both="*", release="|")


def render_timeline(timeline: Timeline, console: Console, *, verbose: bool = False) -> None:
    """Print the project in short, unless one release was asked for; then releases in detail."""
    page = _Page(timeline=timeline, console=console, verbose=verbose)
    if timeline.asked is None:
        page.project()
    for release in reversed(timeline.releases):
        if release.version in timeline.detailed:
            page.release(release)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Page:
    timeline: Timeline
    console: Console
    verbose: bool

    @property
    def width(self) -> int:
        return max(_NARROWEST, min(self.console.width, _WIDEST))

    @property
    def glyphs(self) -> Glyphs:
        return ASCII if self.console.options.ascii_only else UNICODE

    def say(self, text: str = "", style: str = "") -> None:
        self.console.print(Text(text, style=style))

    def project(self) -> None:
        """The whole project: each release in a line."""
        timeline = self.timeline
        times = [time for release in timeline.releases for time in (release.first, release.last)]
        files = counted(sum(len(release.files) for release in timeline.releases), "file")
        releases = counted(len(timeline.releases), "release")
        self.say(f"{timeline.project}: {releases}, {files}{_period(times)}", "bold")
        self.project_axis(times)
        self.say()
        self.say(f"  {'release':<16} {'uploaded':<10}  source  wheels  last wheel  signals", "dim")
        shown = self.listed()
        for release in shown:
            self.release_line(release)
        self.more(len(timeline.releases) - len(shown), "release")
        if timeline.others:
            others = counted(len(timeline.others), "file")
            self.say(f"  {others} of other kinds (installers, eggs, ...) not shown", "dim")
        self.untimed(timeline.untimed)
        self.meanings(timeline)
        self.say()

    def project_axis(self, times: Sequence[datetime | None]) -> None:
        glyphs = self.glyphs
        begun = [(release.first, glyphs.release) for release in self.timeline.releases]
        late = [
            (release.last, glyphs.wheel)
            for release in self.timeline.releases
            if release.first and release.last and release.last - release.first > SAME_UPLOAD
        ]
        self.axis(times, [*begun, *late])
        words = [(glyphs.release, "a release began")]
        if late:
            words += [(glyphs.wheel, "its last file came later"), (glyphs.both, "both")]
        self.legend(words)

    def legend(self, words: Iterable[tuple[str, str]]) -> None:
        self.say("  " + "   ".join(f"{glyph} {word}" for glyph, word in words), "dim")

    def listed(self) -> list[TimelineRelease]:
        """The releases to list: the newest ones, and those with signals; all with `-v`."""
        releases = self.timeline.releases[::-1]
        kept = self.kept([bool(release.rules) for release in releases])
        return [releases[at] for at in kept]

    def kept(self, telling: Sequence[bool]) -> list[int]:
        """The positions of what is listed, among those of which some have signals."""
        everything = range(len(telling))
        if self.verbose:
            return list(everything)
        quiet = set(everything[:MAX_QUIET])
        rest = [at for at in everything[MAX_QUIET:] if telling[at]]
        return sorted(quiet.union(rest[: MAX_LISTED - MAX_QUIET]))

    def release_line(self, release: TimelineRelease) -> None:
        version = _elided(str(release.version), 16)
        wheels = [line.after_source for line in release.wheels if line.after_source is not None]
        late = _after(max(wheels)) if wheels else ""
        source = "yes" if release.source else "no"
        line = (
            f"{'!' if release.rules else ' '} {version:<16} {_day(release.first):<10}  {source:<6}"
            f"  {len(release.wheels):>6}  {late:>10}  "
        )
        rules = [rule.removeprefix("release.") for rule in release.rules]
        words = rules if self.verbose else _fitting(rules, self.width - len(line))
        self.say(f"{line}{' '.join(words)}".rstrip(), _MARKED if rules else "")

    def release(self, release: TimelineRelease) -> None:
        """One release: its axis, its files, what is said of them."""
        count = Counter(line.file.kind for line in release.files)
        what = ", ".join(
            counted(count[kind], noun)
            for kind, noun in ((FileKind.SDIST, "source"), (FileKind.WHEEL, "wheel"))
            if count[kind]
        )
        times = [line.file.upload_time for line in release.files]
        name = f"{self.timeline.project} {release.version}"
        self.say(f"{name}: {what}{_period(times)}", "bold")
        self.release_axis(release, times)
        self.say()
        shown = self.kept([bool(line.signals) for line in release.files])
        for at in shown:
            self.file(release, release.files[at])
        self.more(len(release.files) - len(shown), "file")
        self.untimed(sum(time is None for time in times))
        self.signals(release)
        self.attestations(release)
        self.say()

    def release_axis(self, release: TimelineRelease, times: list[datetime | None]) -> None:
        glyphs = self.glyphs
        marks = [
            (line.file.upload_time, glyphs.source if line.file == release.source else glyphs.wheel)
            for line in release.files
        ]
        known = [time for time in times if time is not None]
        if not known or max(known) - min(known) <= SAME_UPLOAD:
            return
        self.axis(times, marks)
        others = [r.first for r in self.timeline.releases if r.version != release.version]
        row = self.row(times, [(time, glyphs.release) for time in others], " ")
        legend = [(glyphs.source, "source"), (glyphs.wheel, "wheels"), (glyphs.both, "both")]
        if row.strip():
            self.say(f"  {row.rstrip()}")
            legend.append((glyphs.release, "another release began"))
        self.legend(legend)

    def axis(
        self, times: Iterable[datetime | None], marks: Iterable[tuple[datetime | None, str]]
    ) -> None:
        """A line from the first time to the last with marks on it, if there is any between them."""
        known = [time for time in times if time is not None]
        if not known or min(known) == max(known):
            return
        first, last = _day(min(known)), _day(max(known))
        self.say(f"  {first}{last.rjust(self.width - 4 - len(first))}", "dim")
        self.say(f"  {self.row(known, marks, self.glyphs.line)}")

    def row(
        self,
        times: Iterable[datetime | None],
        marks: Iterable[tuple[datetime | None, str]],
        empty: str,
    ) -> str:
        known = [time for time in times if time is not None]
        cells = [empty] * (self.width - 4)
        start, length = min(known), max(known) - min(known)
        for time, glyph in marks:
            if time is not None and start <= time <= start + length:
                cell = round((time - start) / length * (len(cells) - 1))
                cells[cell] = glyph if cells[cell] in {empty, glyph} else self.glyphs.both
        return "".join(cells)

    def file(self, release: TimelineRelease, line: TimelineFile) -> None:
        file, source = line.file, release.source
        mark = "!" if line.signals else " "
        after = "source" if file == source else _after(line.after_source) if source else "no source"
        time = _moment(file.upload_time) if self.verbose else f"{_day(file.upload_time):<10}"
        start = f"{mark} {time}  {after:>9}  "
        yanked = "" if file.yanked is None else "  (yanked)"
        room = self.width - len(start) - len(yanked)
        name = printable(file.filename)
        name = name if self.verbose else _elided(name, room)
        self.say(f"{start}{name}{yanked}", _MARKED if line.signals else "")

    def signals(self, release: TimelineRelease) -> None:
        """Each signal once, with how many files it is about."""
        about: dict[tuple[RuleName, str], list[IndexFile]] = {}
        for line, found in _found(release):
            about.setdefault((found.rule, found.summary), []).append(line.file)
        for (rule, summary), files in about.items():
            self.say()
            self.say(f"  {rule}  {counted(len(files), 'file')}", _MARKED)
            self.wrapped(summary, "      ")
            if len(files) < len(release.wheels) or self.verbose:
                self.names(files)

    def wrapped(self, text: str, start: str, *, hanging: str = "", style: str = "") -> None:
        inner = hanging or f"{start}  "
        text = printable(text)
        for line in wrap(text, self.width, initial_indent=start, subsequent_indent=inner):
            self.say(line, style)

    def names(self, files: list[IndexFile]) -> None:
        shown = files if self.verbose else files[:MAX_NAMED]
        for file in shown:
            self.say(f"      {printable(file.filename)}", "dim")
        self.more(len(files) - len(shown), "file", indent="      ")

    def attestations(self, release: TimelineRelease) -> None:
        """Who published the files, as far as the index tells."""
        self.say()
        if not any(line.file.provenance for line in release.files):
            self.say("  The index lists no attestation for any of these files.", "dim")
            return
        for words, number in Counter(map(_attested, release.files)).items():
            self.wrapped(f"{counted(number, 'file')}: {words}", "  ")
        if self.timeline.unread:
            files = counted(self.timeline.unread, "attestation")
            self.say(f"  {files} not read, there being so many", "dim")

    def untimed(self, number: int) -> None:
        if number:
            files = counted(number, "file")
            self.say(f"  The index gives no upload time for {files}: when is not known.", "dim")

    def meanings(self, timeline: Timeline) -> None:
        rules = {rule for release in timeline.releases for rule in release.rules}
        if rules:
            self.say()
        for rule in (rule for rule in SIGNALS if rule in rules):
            name = rule.removeprefix("release.")
            self.wrapped(SIGNALS[rule], f"  {name:<22}  ", hanging=" " * 26, style="dim")

    def more(self, number: int, noun: str, indent: str = "  ") -> None:
        if number > 0:
            self.say(f"{indent}... and {counted(number, noun)} more (-v shows all)", "dim")


def _found(release: TimelineRelease) -> Iterator[tuple[TimelineFile, Finding]]:
    for line in release.files:
        for found in line.signals:
            yield line, found


def _attested(line: TimelineFile) -> str:
    if line.file.provenance is None:
        return "no attestation"
    attested = line.attested
    if attested is None:
        return "an attestation that was not read"
    who = ", ".join(map(str, attested.identities)) or "nobody"
    how = "verified" if attested.verified else f"not verified: {attested.detail}"
    return f"published by {who} ({how})"


def _after(delta: timedelta | None) -> str:
    """A signed span in nine characters or fewer, but for absurd ones: `+1,230 d`, `-5 min`."""
    if delta is None:
        return "?"
    sign, size = ("-" if delta < timedelta(0) else "+"), abs(delta)
    if size >= timedelta(days=1):
        return f"{sign}{size.days:,} d"
    if size >= timedelta(hours=1):
        return f"{sign}{size // timedelta(hours=1)} h"
    minutes = size // timedelta(minutes=1)
    return f"{sign}{minutes} min" if minutes else "0 min"


def _period(times: Iterable[datetime | None]) -> str:
    days = [_day(time) for time in sorted(time for time in times if time is not None)]
    if not days:
        return ""
    return f", {days[0]}" if days[0] == days[-1] else f", {days[0]} to {days[-1]}"


def _day(time: datetime | None) -> str:
    return "?" if time is None else time.date().isoformat()


def _moment(time: datetime | None) -> str:
    return f"{'?':<20}" if time is None else f"{time.isoformat()[:19]}Z"


def _fitting(words: Sequence[str], room: int) -> list[str]:
    """As many words as there is room for, and how many more there are."""
    kept = list(words)
    while len(kept) > 1 and len(" ".join(kept)) + 4 * (len(kept) < len(words)) > room:
        kept.pop()
    more = len(words) - len(kept)
    return [*kept, f"+{more}"] if more else kept


def _elided(text: str, room: int) -> str:
    """A text without its middle, if need be: its end tells files apart."""
    room = max(room, 12)
    if len(text) <= room:
        return text
    head = room // 3
    return f"{text[:head]}...{text[len(text) - (room - head - 3) :]}"
