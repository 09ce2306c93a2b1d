"""Code that was taken back is an incident: opened once, and closed by later code or a person."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.alert import AlertRules
from bot.domain.errors import NotAuthorized, WrongStage
from bot.domain.incident import Severity
from bot.domain.restart import RestartReport
from bot.monitoring.alert_sources import AlertSources, IncidentSource
from bot.presentation.state_words import incident_state
from tests.support.monitoring_world import MonitoringWorld
from tests.support.world import ALICE, MALLORY

GOOD, BAD, LATER = "a" * 40, "b" * 40, "c" * 40
TOLD = RestartReport(
    at="2026-11-21T12:00:00+00:00", commit=BAD, previous=GOOD, run_id="k7m2xq",
    why="it ended with exit code 1", tail="Traceback: password=hunter2hunter2",
)  # fmt: skip


@pytest.fixture
def watched(tmp_path: Path) -> MonitoringWorld:
    return MonitoringWorld(tmp_path)


async def test_it_is_told_once_however_often_the_process_hears_of_it(
    watched: MonitoringWorld,
) -> None:
    for _ in range(2):  # killed before it had said so, the next process hears it again
        async with watched.running() as monitoring:
            await monitoring.taken_back(TOLD)
            await watched.pass_time(5)
            incident = watched.the_incident()
    assert (incident.severity, incident.count, incident.open) == (Severity.HIGH, 1, True)
    assert incident.title == "The code of bbbbbbb was taken back"
    assert watched.said() == [f"incident:{incident.id}"]
    post = watched.post()
    assert "I restarted onto `bbbbbbb`, and took it back: it ended with exit code 1." in post.text
    assert [each.label for each in post.buttons] == ["Revert it", "Close"]
    assert "hunter2" not in str(post) + str(incident)
    assert (
        incident.level == "By myself I only tell of it: what becomes of that commit, people decide."
    )


async def test_it_is_not_over_for_being_quiet_and_is_over_once_later_code_runs(
    watched: MonitoringWorld,
) -> None:
    async with watched.running() as monitoring:
        await monitoring.taken_back(TOLD)
        await watched.pass_time(timedelta(days=2).total_seconds())
        assert watched.the_incident().open
        watched.running_commit = LATER
        await watched.pass_time(10)
        incident = watched.the_incident()
        assert (incident.open, incident_state(incident)) == (False, "Closed")
        assert incident.closed_for == "`ccccccc` runs in its place"
        assert watched.post().text.startswith("✅ The code of bbbbbbb was taken back")
        assert watched.post().buttons == ()


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
    watched: MonitoringWorld, not_back: str, running: str, *, is_open: bool
) -> None:
    watched.running_commit = running
    async with watched.running() as monitoring:
        await monitoring.taken_back(TOLD.but(not_back=not_back))
        await watched.pass_time(10)
        assert watched.the_incident().open == is_open


async def test_what_cannot_be_taken_back_says_why_and_what_to_do(
    watched: MonitoringWorld,
) -> None:
    why = "theseus.sqlite3 has a migration. To go back all the same: `theseus restore it`"
    async with watched.running() as monitoring:
        await monitoring.taken_back(TOLD.but(not_back=why))
        await watched.pass_time(5)
        text = watched.post().text
    assert "I restarted onto `bbbbbbb`, and cannot go back: it ended with exit code 1." in text
    assert f"look at it on the machine. T{why[1:]}." in text
    assert watched.the_incident().title == "The code of bbbbbbb could not be taken back"


async def test_a_listed_person_closes_it_and_it_comes_back_with_the_next_roll_back(
    watched: MonitoringWorld,
) -> None:
    async with watched.running() as monitoring:
        await monitoring.taken_back(TOLD)
        incident = watched.the_incident()
        with pytest.raises(NotAuthorized):
            await monitoring.close(incident.id, MALLORY)
        closed = await monitoring.close(incident.id, ALICE)
        assert closed.closed_for == "alice closed it"
        assert await monitoring.close(incident.id, ALICE) == closed
        await monitoring.taken_back(TOLD.but(at="2026-11-22T12:00:00+00:00"))
        again = watched.the_incident()
        assert (again.id, again.open, again.again, again.count) == (incident.id, True, 1, 2)


async def test_what_was_noticed_closes_by_itself_alone(watched: MonitoringWorld) -> None:
    async with watched.running() as monitoring:
        watched.fails()
        await watched.pass_time(5)
        with pytest.raises(WrongStage, match="closes by itself"):
            await monitoring.close(watched.the_incident().id, ALICE)


async def test_nobody_is_alerted_of_it_a_second_time(watched: MonitoringWorld) -> None:
    async with watched.running() as monitoring:
        await monitoring.taken_back(TOLD)
        source = IncidentSource(monitoring.incidents, lambda _: False)
        sources = AlertSources(source, AlertRules(when="always"))
        now = watched.clock.now()
        assert sources.new((), now + timedelta(hours=1), None) == ()
