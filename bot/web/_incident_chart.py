"""How often something happened, and failed, as a chart."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.record_search import RunSummary
from bot.domain.samples import Sample
from bot.presentation.counts import format_count as times
from bot.presentation.times import format_utc
from bot.web._chart_tables import (
    ChartColumn,
    ChartTable,
    build_deploy_mark,
    count_rows,
    format_width,
    list_buckets,
)

BARS = 48
_MINUTE = 60


def chart_since(incident: Incident, now: datetime) -> datetime:
    """Return where the chart begins: an hour before it did, a day ago at most."""
    return max(incident.since - timedelta(hours=1), now - timedelta(days=1))


def build_incident_chart(
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
        ours = sample.when >= incident.since and incident.should_count(sample)
        (counted if ours else others).append(sample.when)
    return ChartTable(
        "often", "How often",
        f"{times(incident.count, 'time')} since {format_utc(incident.since)}; "
        f"a bar is {format_width(seconds)}; what came live is marked",
        "count", "stacked", seconds,
        (ChartColumn("Counted by this incident", "bad"), ChartColumn("Others", "idle")),
        count_rows(list_buckets(since, now, seconds), seconds, [counted, others]),
        tuple(
            build_deploy_mark(run, run.live_at)
            for run in reversed(runs)
            if run.live_at is not None and since <= run.live_at <= now
        ),
    )  # fmt: skip
