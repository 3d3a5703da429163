"""How long something may take, as an option says it."""

import click

_MOST = 10 * 365 * 86_400.0
"""Ten years: more than anybody waits, and less than what a clock of the system overflows at."""


class Seconds(click.FloatRange):
    """A number of seconds; `nan` lies in every range, and nothing can count to `inf`."""

    def convert(
        self, value: float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The seconds; fails where there are not so many."""
        seconds = float(super().convert(value, param, ctx))
        if not seconds <= _MOST:
            self.fail(f"{value} seconds are no time that anybody could wait.", param, ctx)
        return seconds
