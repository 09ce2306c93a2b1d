"""The key figures as tiles: a name, a figure, a description, and the page with details."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bot.domain.run import Run, Status
from bot.learning.figures import Ratio
from bot.learning.key_figures import KeyFigures, Spread
from bot.presentation.counts import format_count
from bot.web._formats import PLACEHOLDER, format_duration, format_money
from bot.web._time_spans import ShownSpan

_NOW = frozenset({"Waiting", "Open incidents"})  # figures of this moment, not of a period


class Tile(NamedTuple):
    """One key figure. `tone` is the colour of a label, or empty.

    `trend` compares it with the period before. `is_blank` is true if there is nothing to show.
    """

    name: str
    figure: str
    description: str
    href: str
    tone: str = ""
    trend: str = ""

    @property
    def is_blank(self) -> bool:
        """True if it is zero or unknown, and was in the period before."""
        return self.figure in (PLACEHOLDER, "0") and not self.trend


def build_tiles(
    figures: KeyFigures,
    going_on: Sequence[Run],
    open_incidents: int,
    span: ShownSpan,
    before: KeyFigures | None = None,
) -> list[Tile]:
    """Return the tiles of a span; figures that need attention come first.

    Current runs count whenever they began. `before` are the figures of the period before.
    """
    tiles = _build_tiles(figures, going_on, open_incidents, span)
    if before is None or not before.begun:
        return tiles
    then = {tile.name: tile for tile in _build_tiles(before, (), 0, span) if tile.name not in _NOW}
    return [
        tile._replace(trend=_describe_trend(tile, then[tile.name])) if tile.name in then else tile
        for tile in tiles
    ]


def _build_tiles(
    figures: KeyFigures, going_on: Sequence[Run], open_incidents: int, span: ShownSpan
) -> list[Tile]:
    waiting = sum(run.status is Status.WAITING for run in going_on)
    period = f"in {span.name}"
    watched = [f"{figures.held.part:,} of {figures.held.total:,} judged"]
    watched += [f"{figures.unsure:,} unsure"] if figures.unsure else []
    watched += [f"{figures.still_watched:,} being watched"] if figures.still_watched else []
    return [
        Tile(
            "Waiting", f"{waiting:,}",
            f"and {format_count(len(going_on) - waiting, 'run')} at work, now",
            "/runs?show=waiting",
            "warn" if waiting else "",
        ),
        Tile(
            "Open incidents", f"{open_incidents:,}",
            f"{figures.incidents:,} began {period}", "/incidents",
            "bad" if open_incidents else "",
        ),
        Tile(
            "Went live", f"{figures.shipped:,}",
            f"of {figures.proposed:,} proposed, {format_count(figures.begun, 'run')} {period}",
            "/runs?show=done",
        ),
        Tile("Held", _format_percent(figures.held), ", ".join(watched), "/runs?show=done"),
        Tile(
            "Approval rate", _format_percent(figures.approved),
            _format_ratio(figures.approved, "proposals that were decided"), "/audit?act=ship",
        ),
        Tile(
            "Autonomy rate", _format_percent(figures.unaided),
            _format_ratio(figures.unaided, "tasks were done without human help"), "/growth",
        ),
        Tile(
            "Error recovery", _format_percent(figures.recovered),
            _format_ratio(figures.recovered, "incidents of our code ended by a fix"), "/growth",
        ),
        Tile(
            "Time to proposal", _format_median(figures.to_proposal, format_duration),
            _describe_spread(figures.to_proposal, format_duration, "proposal"), "#times-chart",
        ),
        Tile(
            "Time to live", _format_median(figures.to_live, format_duration),
            _describe_spread(figures.to_live, format_duration, "change"), "#times-chart",
        ),
        Tile(
            "Cost of a change", _format_median(figures.cost, format_money),
            _describe_spread(figures.cost, format_money, "change"), "/budget",
        ),
    ]  # fmt: skip


def _describe_trend(tile: Tile, then: Tile) -> str:
    """Return how the figure was in the period before; empty if there is nothing in either."""
    if then.is_blank:
        return "" if tile.is_blank else "none before"
    return "as before" if tile.figure == then.figure else f"before: {then.figure}"


def _format_percent(ratio: Ratio) -> str:
    return PLACEHOLDER if ratio.ratio is None else f"{100 * ratio.ratio:.0f} %"


def _format_ratio(ratio: Ratio, what: str) -> str:
    return f"{ratio.part:,} of {ratio.total:,} {what}"


def _format_median(spread: Spread, formatter: Callable[[float], str]) -> str:
    return PLACEHOLDER if spread.median is None else formatter(spread.median)


def _describe_spread(spread: Spread, formatter: Callable[[float], str], what: str) -> str:
    if spread.p90 is None:
        return f"median of {format_count(0, what)}"
    return f"median of {format_count(spread.number, what)}; 90 % within {formatter(spread.p90)}"
