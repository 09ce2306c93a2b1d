"""Key figures name their base, and show nothing if there was nothing to count."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.incident import Incident
from bot.domain.record_search import RunSummary
from bot.domain.restart import RestartReport
from bot.domain.run import Status
from bot.domain.shipped_fix import ShippedFix
from bot.learning.key_figures import compute_key_figures, compute_spread
from bot.presentation.state_labels import describe_incident

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
    figures = compute_key_figures([], [], NOW)
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
        a_run(Status.WAITING, proposed_at=NOW),  # neither done nor given up
        a_run(Status.FAILED),
        a_run(Status.RUNNING),
    ]
    figures = compute_key_figures(runs, [], NOW - timedelta(days=1))
    assert (figures.begun, figures.finished) == (8, 6)
    assert (figures.proposed, figures.shipped, figures.by_itself) == (6, 4, 1)
    assert (figures.held, figures.unsure, figures.still_watched) == ((1, 2), 1, 1)
    assert (figures.approved, figures.unaided) == ((4, 5), (3, 6))
    assert (figures.to_live.median, figures.to_live.number) == (25 * 60, 4)
    assert figures.cost.median == 2.0


def an_incident(**about: Any) -> Incident:
    """Return one that began an hour ago and is over."""
    begun = NOW - timedelta(hours=1)
    anomaly = Anomaly(
        rule=Rule.ERROR_RATE, event="command.roll", at=begun, value=1, threshold=0.3, volume=20
    )
    return Incident(
        id="i1", event="command.roll", title="/roll fails", anomalies=(anomaly,),
        opened_at=begun, last_at=begun, status="resolved", resolved_at=NOW,
    ).replace(**about)  # fmt: skip


def a_fix(**about: Any) -> ShippedFix:
    """Return one that is merged."""
    return ShippedFix(
        run_id="abc123", number=1, fingerprint="f", event="command.roll", merge_commit="c",
        merged_at=NOW,
    ).replace(**about)  # fmt: skip


@pytest.mark.parametrize(
    ("incident", "recovered", "state"),
    [
        (an_incident(), False, "Ended without a fix"),
        (an_incident(fix=a_fix(live_at=NOW, verdict="fixed")), True, "Fixed"),
        (
            an_incident(fix=a_fix(live_at=NOW, verdict="inconclusive")),
            True,
            "Not seen since the fix",
        ),
        (an_incident(fix=a_fix()), False, "Ended without a fix"),
        (an_incident(followed_by="i2"), False, "Came back"),
        (an_incident(status="open"), False, "Open"),
        (an_incident(status="open", fix=a_fix()), False, "Fix is merged, not live yet"),
        (
            an_incident(status="open", fix=a_fix(live_at=NOW)),
            False,
            "Fix is live and being watched",
        ),
        (an_incident(rollback=RestartReport(), closed_for="reverted"), False, "Closed"),
        (an_incident(rollback=RestartReport(not_back="no"), closed_for="by hand"), False, "Closed"),
    ],
)
def test_an_incident_of_ours_has_recovered_when_a_fix_ended_it(
    incident: Incident, recovered: bool, state: str
) -> None:
    figures = compute_key_figures([], [incident], NOW - timedelta(days=1))

    assert figures.recovered == (int(recovered), int(not incident.is_for_people))
    assert describe_incident(incident) == state


def test_the_ninetieth_of_a_hundred_lies_among_them() -> None:
    assert compute_spread([7.0]) == (7.0, 7.0, 1)
    found = compute_spread([float(each) for each in range(1, 102)])
    assert (found.median, found.p90) == (51.0, 91.0)


def test_what_is_live_and_watched_was_done_without_help() -> None:
    runs = [shipped(5, status=Status.WAITING), a_run(Status.WAITING)]
    assert compute_key_figures(runs, [], NOW - timedelta(days=1)).unaided == (1, 2)
