"""Tables behind the charts.

A script draws each chart from its table. The table stays on the page for readers who cannot see a
picture or who block scripts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from bot.domain.incident import Incident
from bot.domain.record_search import RunSummary

Unit = Literal["count", "percent", "seconds", "usd"]
Shape = Literal["stacked", "bars", "lines"]
Tone = Literal["good", "bad", "warn", "busy", "idle", "other"]
ChartValue = float | None

_PURPOSE_TONES: tuple[Tone, ...] = ("busy", "good", "warn", "other", "idle")


class ChartColumn(NamedTuple):
    """One series of a chart; its tone selects the colour."""

    name: str
    tone: Tone


class ChartRow(NamedTuple):
    """The values of one bucket that begins `at`; a value is `None` if it is unknown."""

    at: datetime
    values: tuple[ChartValue, ...]


class ChartMark(NamedTuple):
    """An event at one point in time, with a link to the page that describes it."""

    at: datetime
    label: str
    href: str
    tone: Literal["deploy", "incident"] = "deploy"


def build_incident_mark(incident: Incident) -> ChartMark:
    """Return the mark for the start of an incident."""
    return ChartMark(incident.since, incident.full_title, f"/incidents/{incident.id}", "incident")


def build_deploy_mark(run: RunSummary, at: datetime) -> ChartMark:
    """Return the mark for a run whose change went live at this time."""
    name = f"#{run.number}" if run.number is not None else run.id
    return ChartMark(at, f"{name} {run.about}", f"/runs/{run.id}")


class ChartTable(NamedTuple):
    """The data of a chart.

    `rows` are buckets of `seconds` each, oldest first. `limit` is drawn as a line across the chart.
    """

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
        """True if all values are zero or unknown."""
        return not any(value for row in self.rows for value in row.values)

    @property
    def non_empty_rows(self) -> list[ChartRow]:
        """The rows that hold a value, newest first, as readers of a table expect."""
        return [row for row in reversed(self.rows) if any(value for value in row.values)]


def list_buckets(since: datetime, until: datetime, seconds: int) -> list[datetime]:
    """Return the start, in UTC, of each bucket of `seconds` between the two times."""
    first, last = (int(at.timestamp()) // seconds for at in (since, until))
    return [datetime.fromtimestamp(place * seconds, UTC) for place in range(first, last + 1)]


def get_bucket(at: datetime, seconds: int) -> datetime:
    """Return the start of the bucket that contains this time."""
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)


def count_rows(
    starts: Sequence[datetime], seconds: int, columns: Sequence[Sequence[datetime]]
) -> tuple[ChartRow, ...]:
    """Return one row per bucket, with the number of times that fall into it for each column."""
    places = {at: place for place, at in enumerate(starts)}
    counts = [[0.0] * len(columns) for _ in starts]
    for number, times in enumerate(columns):
        for at in times:
            place = places.get(get_bucket(at, seconds))
            if place is not None:
                counts[place][number] += 1
    return tuple(ChartRow(at, tuple(row)) for at, row in zip(starts, counts, strict=True))


def get_tone(place: int) -> Tone:
    """Return the colour of a series whose colour carries no meaning."""
    return _PURPOSE_TONES[place % len(_PURPOSE_TONES)]


def format_width(seconds: int) -> str:
    """Return the length of a bucket as text: `an hour`, `6 hours`, `a day`, `3 days`."""
    hours = timedelta(seconds=seconds) // timedelta(hours=1)
    if hours >= 24:
        return "a day" if hours < 48 else f"{hours // 24} days"
    if not hours:
        return f"{max(seconds // 60, 1)} min"
    return "an hour" if hours == 1 else f"{hours} hours"
