"""The key figures as tiles: a name, a figure, what it is of, and the page behind it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bot.domain.run import Run, Status
from bot.monitoring.key_figures import KeyFigures, Ratio, Spread
from bot.presentation.counts import counted
from bot.web._formats import NOTHING, duration, money
from bot.web._time_spans import ShownSpan


class Tile(NamedTuple):
    """One figure; its tone is that of a label, or empty."""

    name: str
    figure: str
    told: str
    href: str
    tone: str = ""


def tiles(
    figures: KeyFigures, going_on: Sequence[Run], open_incidents: int, span: ShownSpan
) -> list[Tile]:
    """Return the tiles of a span, what a person has to look at first.

    What goes on counts whenever it began.
    """
    waiting = sum(run.status is Status.WAITING for run in going_on)
    lately = f"in {span.name}"
    watched = [f"{figures.held.part:,} of {figures.held.whole:,} judged"]
    watched += [f"{figures.unsure:,} unsure"] if figures.unsure else []
    watched += [f"{figures.still_watched:,} being watched"] if figures.still_watched else []
    return [
        Tile(
            "Waiting", f"{waiting:,}",
            f"and {counted(len(going_on) - waiting, 'run')} at work, now", "/runs?show=waiting",
            "warn" if waiting else "",
        ),
        Tile(
            "Open incidents", f"{open_incidents:,}",
            f"{figures.recovered.whole:,} began {lately}", "/incidents",
            "bad" if open_incidents else "",
        ),
        Tile(
            "Came live", f"{figures.shipped:,}",
            f"of {figures.proposed:,} proposed, {counted(figures.begun, 'run')} {lately}",
            "/runs?show=done",
        ),
        Tile("Held", _percent(figures.held), ", ".join(watched), "/runs?show=done"),
        Tile(
            "Approval rate", _percent(figures.approved),
            _of(figures.approved, "proposals that were decided"), "/audit?act=ship",
        ),
        Tile(
            "Autonomy rate", _percent(figures.unaided),
            _of(figures.unaided, "ended runs got done without a person's help"), "/runs",
        ),
        Tile(
            "Recovery rate", _percent(figures.recovered),
            _of(figures.recovered, "incidents ended by a fix or a revert"), "/incidents",
        ),
        Tile(
            "Time to proposal", _typical(figures.to_proposal, duration),
            _most(figures.to_proposal, duration, "proposal"), "#times-chart",
        ),
        Tile(
            "Time to live", _typical(figures.to_live, duration),
            _most(figures.to_live, duration, "change"), "#times-chart",
        ),
        Tile(
            "Cost of a change", _typical(figures.cost, money),
            _most(figures.cost, money, "change"), "/budget",
        ),
    ]  # fmt: skip


def _percent(ratio: Ratio) -> str:
    return NOTHING if ratio.ratio is None else f"{100 * ratio.ratio:.0f} %"


def _of(ratio: Ratio, what: str) -> str:
    return f"{ratio.part:,} of {ratio.whole:,} {what}"


def _typical(spread: Spread, told: Callable[[float], str]) -> str:
    return NOTHING if spread.median is None else told(spread.median)


def _most(spread: Spread, told: Callable[[float], str], what: str) -> str:
    if spread.p90 is None:
        return f"median of {counted(0, what)}"
    return f"median of {counted(spread.number, what)}; 90 % within {told(spread.p90)}"
