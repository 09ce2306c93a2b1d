"""How often something happened, and failed, as bars."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.domain.incident import Incident
from bot.domain.samples import Sample
from bot.presentation.counts import counted
from bot.presentation.times import clock_time

BARS = 48
_WIDTH, _HEIGHT, _GROUND = 960, 160, 150
_TOP = 10


class Bar(NamedTuple):
    """A rectangle, in the units of the picture; `name` is `all` or `failed`."""

    name: str
    x: str
    y: str
    width: str
    height: str


class BarChart(NamedTuple):
    """A picture: its size and the line it stands on in its own units, and what it says in words.

    `most` is the number of actions of the highest bar, which stands for so many `minutes`.
    """

    bars: list[Bar]
    told: str
    most: int
    minutes: str
    width: int = _WIDTH
    height: int = _HEIGHT
    ground: int = _GROUND


def chart_since(incident: Incident, now: datetime) -> datetime:
    """Return where the chart begins: an hour before it did, a day ago at most."""
    return max(incident.since - timedelta(hours=1), now - timedelta(days=1))


def bar_chart(
    incident: Incident, samples: Sequence[Sample], since: datetime, now: datetime
) -> BarChart:
    """Return how many actions there were over time, and how many of them the incident counts.

    What is told of it in words is its own count, whatever part of that the picture shows.
    """
    start, length = since.timestamp(), max((now - since).total_seconds(), 1.0)
    every, failed = [0] * BARS, [0] * BARS
    for sample in samples:
        place = min(max(int((sample.at - start) / length * BARS), 0), BARS - 1)
        every[place] += 1
        failed[place] += sample.when >= incident.since and incident.counts(sample)
    most = max(1, *every)
    bars = [
        _bar(place, count / most, name)
        for name, counts in (("all", every), ("failed", failed))
        for place, count in enumerate(counts)
        if count
    ]
    told = f"{counted(incident.count, 'time')} since {clock_time(incident.since)}"
    return BarChart(bars, told, most, f"{length / BARS / 60:.0f}")


def _bar(place: int, share: float, name: str) -> Bar:
    step, height = _WIDTH / BARS, round(share * (_GROUND - _TOP), 1)
    return Bar(
        name, f"{place * step + 1:.1f}", f"{_GROUND - height:.1f}", f"{step - 2:.1f}", f"{height}"
    )
