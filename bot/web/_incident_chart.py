"""How often something happened, and failed, as a chart."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.record_search import RunSummary
from bot.domain.samples import Sample
from bot.presentation.counts import counted as times
from bot.presentation.times import clock_time
from bot.web._chart_tables import (
    ChartColumn,
    ChartTable,
    buckets,
    counted_rows,
    deploy_mark,
    width_told,
)

BARS = 48
_MINUTE = 60


def chart_since(incident: Incident, now: datetime) -> datetime:
    """Return where the chart begins: an hour before it did, a day ago at most."""
    return max(incident.since - timedelta(hours=1), now - timedelta(days=1))


def incident_chart(
    incident: Incident,
    samples: Sequence[Sample],
    runs: Sequence[RunSummary],
    since: datetime,
    now: datetime,
) -> ChartTable:
    """Return how many actions there were over time, and how many of them the incident counts.

    Changes of these runs that came live meanwhile are marked.

    What is told of it in words is its own count, whatever part of that the picture shows.
    """
    length = max((now - since).total_seconds(), 1.0)
    seconds = max(int(length / BARS / _MINUTE + 0.5), 1) * _MINUTE
    counted, others = list[datetime](), list[datetime]()
    for sample in samples:
        ours = sample.when >= incident.since and incident.counts(sample)
        (counted if ours else others).append(sample.when)
    return ChartTable(
        "often", "How often",
        f"{times(incident.count, 'time')} since {clock_time(incident.since)}; "
        f"a bar is {width_told(seconds)}; what came live is marked",
        "count", "stacked", seconds,
        (ChartColumn("Counted by this incident", "bad"), ChartColumn("Others", "idle")),
        counted_rows(buckets(since, now, seconds), seconds, [counted, others]),
        tuple(
            deploy_mark(run, run.live_at)
            for run in reversed(runs)
            if run.live_at is not None and since <= run.live_at <= now
        ),
    )  # fmt: skip
