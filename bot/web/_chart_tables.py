"""Charts as the tables they are drawn from: what a page shows where nothing can be drawn.

A script draws what a table holds; whoever cannot see a picture, or runs no scripts, reads it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from bot.domain.record_search import RunSummary

Unit = Literal["count", "percent", "seconds", "usd"]
Shape = Literal["stacked", "bars", "lines"]
Tone = Literal["good", "bad", "warn", "busy", "idle", "other"]
ChartValue = float | None

_PURPOSE_TONES: tuple[Tone, ...] = ("busy", "good", "warn", "other", "idle")


class ChartColumn(NamedTuple):
    """One series; its tone gives the colour."""

    name: str
    tone: Tone


class ChartRow(NamedTuple):
    """The values of one span of time, which begins `at`; nothing where nothing is known."""

    at: datetime
    values: tuple[ChartValue, ...]


class ChartMark(NamedTuple):
    """Something that happened at one time, with the page it is told on."""

    at: datetime
    label: str
    href: str


def build_deploy_mark(run: RunSummary, at: datetime) -> ChartMark:
    """Return the mark of a run's change that came live then."""
    name = f"#{run.number}" if run.number is not None else run.id
    return ChartMark(at, f"{name} {run.about}", f"/runs/{run.id}")


class ChartTable(NamedTuple):
    """A chart: its rows, oldest first, each of `seconds`; `limit` is a line across it."""

    id: str
    title: str
    description: str
    unit: Unit
    shape: Shape
    seconds: int
    columns: tuple[ChartColumn, ...]
    rows: tuple[ChartRow, ...]
    marks: tuple[ChartMark, ...] = ()
    limit: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see in it."""
        return not any(value for row in self.rows for value in row.values)

    @property
    def non_empty_rows(self) -> list[ChartRow]:
        """The rows that hold something, the newest first: a table is read, not looked at."""
        return [row for row in reversed(self.rows) if any(value for value in row.values)]


def list_buckets(since: datetime, until: datetime, seconds: int) -> list[datetime]:
    """Return when each span of so many seconds begins that holds a part of that time, in UTC."""
    first, last = (int(at.timestamp()) // seconds for at in (since, until))
    return [datetime.fromtimestamp(place * seconds, UTC) for place in range(first, last + 1)]


def get_bucket(at: datetime, seconds: int) -> datetime:
    """Return when the span begins that holds this time."""
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def count_rows(
    starts: Sequence[datetime], seconds: int, columns: Sequence[Sequence[datetime]]
) -> tuple[ChartRow, ...]:
    """Return how many of each column's times lie in each span."""
    places = {at: place for place, at in enumerate(starts)}
    counts = [[0.0] * len(columns) for _ in starts]
    for number, times in enumerate(columns):
        for at in times:
            place = places.get(get_bucket(at, seconds))
            if place is not None:
                counts[place][number] += 1
    return tuple(ChartRow(at, tuple(row)) for at, row in zip(starts, counts, strict=True))


def get_tone(place: int) -> Tone:
    """Return the colour of one of several series that mean nothing good or bad."""
    return _PURPOSE_TONES[place % len(_PURPOSE_TONES)]


def format_width(seconds: int) -> str:
    """Return how long a span is: `an hour`, `6 hours`, `a day`, `3 days`."""
    hours = timedelta(seconds=seconds) // timedelta(hours=1)
    if hours >= 24:
        return "a day" if hours < 48 else f"{hours // 24} days"
    if not hours:
        return f"{max(seconds // 60, 1)} min"
    return "an hour" if hours == 1 else f"{hours} hours"
