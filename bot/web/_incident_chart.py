"""The chart of an incident: how often the action happened, and how often it failed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.record_search import RunSummary
from bot.domain.samples import Sample
from bot.presentation.counts import format_count as times
from bot.presentation.times import format_utc
from bot.web._chart_tables import (
    ChartColumn,
    ChartMark,
    ChartTable,
    build_deploy_mark,
    count_rows,
    format_width,
    list_buckets,
)

BARS = 48
_MINUTE = 60
_RESTART = timedelta(minutes=30)
"""The first action of a commit within this time after a run's change went live is that change's."""


def chart_since(incident: Incident, now: datetime) -> datetime:
    """Return the start of the chart: an hour before the incident began, at most a day ago."""
    return max(incident.since - timedelta(hours=1), now - timedelta(days=1))


def build_incident_chart(
    incident: Incident,
    samples: Sequence[Sample],
    runs: Sequence[RunSummary],
    since: datetime,
    now: datetime,
) -> ChartTable:
    """Return a chart of the actions over time, split into those the incident counts and others.

    Changes of `runs` that went live in this time are marked, and so is each other commit from the
    first action that it ran. The description gives the incident's own count, which may include
    actions before the start of the chart.
    """
    length = max((now - since).total_seconds(), 1.0)
    seconds = max(int(length / BARS / _MINUTE + 0.5), 1) * _MINUTE
    counted, others = list[datetime](), list[datetime]()
    for sample in samples:
        is_counted = sample.when >= incident.since and incident.should_count(sample)
        (counted if is_counted else others).append(sample.when)
    return ChartTable(
        "often", "How often",
        f"{times(incident.count, 'time')} since {format_utc(incident.since)}; "
        f"a bar is {format_width(seconds)}; changes that went live are marked",
        "count", "stacked", seconds,
        (ChartColumn("Counted by this incident", "bad"), ChartColumn("Others", "idle")),
        count_rows(list_buckets(since, now, seconds), seconds, [counted, others]),
        tuple(_list_releases(samples, runs, since, now)),
    )  # fmt: skip


def _list_releases(
    samples: Sequence[Sample], runs: Sequence[RunSummary], since: datetime, now: datetime
) -> list[ChartMark]:
    """Return the marks of what went live, oldest first."""
    marks = [
        build_deploy_mark(run, run.live_at)
        for run in reversed(runs)
        if run.live_at is not None and since <= run.live_at <= now
    ]
    known = next((each.commit for each in samples if each.commit), None)
    seen = {known}
    for sample in samples:
        if sample.commit is None or sample.commit in seen:
            continue
        seen.add(sample.commit)
        if not any(timedelta() <= sample.when - mark.at < _RESTART for mark in marks):
            marks.append(ChartMark(sample.when, f"Commit {sample.commit[:7]}", ""))
    return sorted(marks, key=lambda each: each.at)
