"""Figures say what they are of, and nothing where there was nothing to count."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.record_search import RunSummary
from bot.domain.run import Status
from bot.monitoring.key_figures import key_figures, spread

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)


def a_run(status: Status = Status.DONE, **about: Any) -> RunSummary:
    """Return a run that was begun an hour ago."""
    begun = NOW - timedelta(hours=1)
    return RunSummary("abc123", "fix", status, "person", "dice", begun, NOW)._replace(**about)


def shipped(minutes: float, **about: Any) -> RunSummary:
    """Return one that was proposed at once, and was live after so many minutes."""
    begun = NOW - timedelta(hours=1)
    at = begun + timedelta(minutes=minutes)
    return a_run(proposed_at=begun, approved_at=at, live_at=at, watched=True, **about)


def test_nothing_is_no_rate_and_no_time() -> None:
    figures = key_figures([], [], NOW)
    ratios = (figures.unaided, figures.approved, figures.held, figures.recovered)
    assert [each.ratio for each in ratios] == [None] * 4
    assert (figures.to_live.median, figures.to_live.p90, figures.to_live.number) == (None, None, 0)


def test_each_rate_is_of_what_it_says() -> None:
    runs = [
        shipped(10, verdict="fixed", cost_usd=1.0),
        shipped(20, verdict="not_fixed", helped=True, cost_usd=3.0),
        shipped(30, verdict="inconclusive", cost_usd=2.0),
        shipped(40, origin="incident", cost_usd=2.0),
        a_run(Status.REJECTED, proposed_at=NOW),
        a_run(Status.WAITING, proposed_at=NOW),
        a_run(Status.FAILED),
        a_run(Status.RUNNING),
    ]
    figures = key_figures(runs, [], NOW - timedelta(days=1))
    assert (figures.begun, figures.ended) == (8, 6)
    assert (figures.proposed, figures.shipped, figures.by_itself) == (6, 4, 1)
    assert (figures.held, figures.unsure, figures.still_watched) == ((1, 2), 1, 1)
    assert (figures.approved, figures.unaided) == ((4, 5), (5, 6))
    assert (figures.to_live.median, figures.to_live.number) == (25 * 60, 4)
    assert figures.cost.median == 2.0


def test_the_ninetieth_of_a_hundred_lies_among_them() -> None:
    assert spread([7.0]) == (7.0, 7.0, 1)
    found = spread([float(each) for each in range(1, 102)])
    assert (found.median, found.p90) == (51.0, 91.0)
