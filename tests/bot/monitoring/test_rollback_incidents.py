"""A rollback is an incident: opened once, and closed by later code or a person."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.alert import AlertRules
from bot.domain.errors import NotAuthorized, WrongStage
from bot.domain.incident import Severity
from bot.domain.restart import RestartReport
from bot.monitoring.alert_sources import AlertSources, IncidentSource
from bot.presentation.state_labels import describe_incident
from tests.support.agent_harness import ALICE, MALLORY
from tests.support.monitoring_harness import MonitoringHarness

GOOD, BAD, LATER = "a" * 40, "b" * 40, "c" * 40
TOLD = RestartReport(
    at="2026-11-21T12:00:00+00:00", commit=BAD, previous=GOOD, run_id="k7m2xq",
    why="it ended with exit code 1", tail="Traceback: password=hunter2hunter2",
)  # fmt: skip


@pytest.fixture
def watched(tmp_path: Path) -> MonitoringHarness:
    return MonitoringHarness(tmp_path)


async def test_it_is_told_once_however_often_the_process_hears_of_it(
    watched: MonitoringHarness,
) -> None:
    for _ in range(2):  # killed before it had said so, the next process hears it again
        async with watched.run_monitoring() as monitoring:
            await monitoring.open_rollback_incident(TOLD)
            await watched.pass_time(5)
            incident = watched.get_incident()
    assert (incident.severity, incident.count, incident.open) == (Severity.HIGH, 1, True)
    assert incident.title == "The code of bbbbbbb was rolled back"
    assert watched.list_keys() == [f"incident:{incident.id}"]
    post = watched.get_post()
    assert "I restarted onto `bbbbbbb`, and rolled it back: it ended with exit code 1." in post.text
    assert [each.label for each in post.buttons] == ["Revert it", "Later", "Ignore", "Close"]
    assert "hunter2" not in str(post) + str(incident)
    assert (
        incident.level == "I only report this incident: people decide what to do with that commit."
    )


async def test_it_is_not_over_for_being_quiet_and_is_over_once_later_code_runs(
    watched: MonitoringHarness,
) -> None:
    async with watched.run_monitoring() as monitoring:
        await monitoring.open_rollback_incident(TOLD)
        await watched.pass_time(timedelta(days=2).total_seconds())
        assert watched.get_incident().open
        watched.running_commit = LATER
        await watched.pass_time(10)
        incident = watched.get_incident()
        assert (incident.open, describe_incident(incident)) == (False, "Closed")
        assert incident.closed_for == "`ccccccc` runs in its place"
        assert watched.get_post().text.startswith("✅ The code of bbbbbbb was rolled back")
        assert watched.get_post().buttons == ()


@pytest.mark.parametrize(
    ("not_back", "running", "is_open"),
    [
        ("", GOOD, True),
        ("", "", True),  # files of another commit wait for a restart
        ("", BAD, False),  # somebody had it started by hand
        ("the state is migrated", BAD, True),
        ("the state is migrated", LATER, False),
    ],
)
async def test_what_runs_says_whether_it_is_over(
    watched: MonitoringHarness, not_back: str, running: str, *, is_open: bool
) -> None:
    watched.running_commit = running
    async with watched.run_monitoring() as monitoring:
        await monitoring.open_rollback_incident(TOLD.replace(not_back=not_back))
        await watched.pass_time(10)
        assert watched.get_incident().open == is_open


async def test_what_cannot_be_taken_back_says_why_and_what_to_do(
    watched: MonitoringHarness,
) -> None:
    why = "theseus.sqlite3 has a migration. To go back all the same: `theseus restore it`"
    async with watched.run_monitoring() as monitoring:
        await monitoring.open_rollback_incident(TOLD.replace(not_back=why))
        await watched.pass_time(5)
        text = watched.get_post().text
    assert (
        "I restarted onto `bbbbbbb`, and could not roll it back: it ended with exit code 1." in text
    )
    assert f"look at it on the machine. T{why[1:]}." in text
    assert watched.get_incident().title == "The code of bbbbbbb could not be rolled back"


async def test_a_listed_person_closes_it_and_it_comes_back_with_the_next_roll_back(
    watched: MonitoringHarness,
) -> None:
    async with watched.run_monitoring() as monitoring:
        await monitoring.open_rollback_incident(TOLD)
        incident = watched.get_incident()
        with pytest.raises(NotAuthorized):
            await monitoring.close(incident.id, MALLORY)
        closed = await monitoring.close(incident.id, ALICE)
        assert closed.closed_for == "alice closed it"
        assert await monitoring.close(incident.id, ALICE) == closed
        await monitoring.open_rollback_incident(TOLD.replace(at="2026-11-22T12:00:00+00:00"))
        again = watched.get_incident()
        assert (again.id, again.open, again.recurrences, again.count) == (incident.id, True, 1, 2)


async def test_what_was_noticed_closes_by_itself_alone(watched: MonitoringHarness) -> None:
    async with watched.run_monitoring() as monitoring:
        watched.journal_failures()
        await watched.pass_time(5)
        with pytest.raises(WrongStage, match="closes by itself"):
            await monitoring.close(watched.get_incident().id, ALICE)


async def test_nobody_is_alerted_of_it_a_second_time(watched: MonitoringHarness) -> None:
    async with watched.run_monitoring() as monitoring:
        await monitoring.open_rollback_incident(TOLD)
        source = IncidentSource(monitoring.list_incidents, lambda _: False)
        sources = AlertSources(source, AlertRules(when="always"))
        now = watched.clock.now()
        assert sources.find_new((), now + timedelta(hours=1), None) == ()
