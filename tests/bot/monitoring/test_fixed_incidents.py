"""A shipped fix is seen on its incident: watched, then over; the first failure opens it again."""

from pathlib import Path

import pytest

from bot.domain.proposal import Outcome
from bot.domain.run import Run, Status
from bot.domain.watch import Judgement, WatchRules
from bot.presentation.cards import format_incident_line
from tests.support.monitoring_harness import MonitoringHarness

RULES = WatchRules(minutes=60, volume=30, least_minutes=10)


@pytest.fixture
def monitoring_world(tmp_path: Path) -> MonitoringHarness:
    monitoring_world = MonitoringHarness(tmp_path)
    monitoring_world.world.watch = RULES
    return monitoring_world


async def shipped(monitoring_world: MonitoringHarness) -> Run:
    """Let something fail, and ship what the bot proposes for it."""
    world = monitoring_world.world
    monitoring_world.journal_actions(40)
    monitoring_world.journal_failures(20)
    await monitoring_world.pass_time(10)
    run = await world.wait_until_settled(monitoring_world.get_incident().run_id or "")
    await monitoring_world.agent.approve(world.build_approval(run))
    run = await world.wait_until(lambda each: each.status is Status.DONE, run.id)
    await monitoring_world.pass_time(15)
    return run


async def judged(monitoring_world: MonitoringHarness, run: Run, verdict: Judgement) -> None:
    """Let the fix have turned out so."""
    outcome = Outcome(run_id=run.id, verdict=verdict, at=monitoring_world.clock.now())
    await monitoring_world.world.store.append(run.id, outcome)
    await monitoring_world.pass_time(15)


async def test_a_shipped_fix_is_watched_and_no_longer_red(
    monitoring_world: MonitoringHarness,
) -> None:
    async with monitoring_world.run_monitoring():
        await shipped(monitoring_world)
        incident = monitoring_world.get_incident()
        assert (incident.status, incident.is_watched) == ("open", True)
        assert "👀 Fix is live:" in monitoring_world.get_card_text()
        assert (
            "and the fault has not been seen since. I watch it until"
            in monitoring_world.get_card_text()
        )
        assert format_incident_line(incident).startswith("👀 `")
        assert "fixed in #1, being watched" in format_incident_line(incident)


async def test_the_verdict_that_it_holds_ends_the_incident_everywhere(
    monitoring_world: MonitoringHarness,
) -> None:
    async with monitoring_world.run_monitoring():
        run = await shipped(monitoring_world)
        monitoring_world.journal_actions(45)
        await monitoring_world.pass_time(15 * 60)
        outcome = (await monitoring_world.world.store.get_history(run.id)).outcome
        assert outcome is not None
        assert outcome.verdict == "fixed"
        await monitoring_world.pass_time(15)
        incident = monitoring_world.get_incident()
        assert incident.status == "resolved"
        assert "✅ Fixed:" in monitoring_world.get_card_text()
        assert format_incident_line(incident).startswith("✅ `")
        assert "fixed in #1, not seen since" in format_incident_line(incident)
        before = monitoring_world.get_card_text()
        await monitoring_world.pass_time(60)
        assert (monitoring_world.get_incident().status, monitoring_world.get_card_text()) == (
            "resolved",
            before,
        )


async def test_the_first_failure_under_a_watched_fix_takes_it_off_the_incident(
    monitoring_world: MonitoringHarness,
) -> None:
    async with monitoring_world.run_monitoring():
        await shipped(monitoring_world)
        count = monitoring_world.get_incident().count
        monitoring_world.journal_failures(1)
        await monitoring_world.pass_time(15)
        incident = monitoring_world.get_incident()
        assert (incident.status, incident.fix, incident.recurrences) == ("open", None, 1)
        assert incident.count == count + 1
        assert "again: " in monitoring_world.get_card_text()


async def test_the_first_failure_after_a_fix_that_held_is_another_incident_that_names_the_first(
    monitoring_world: MonitoringHarness,
) -> None:
    async with monitoring_world.run_monitoring():
        run = await shipped(monitoring_world)
        await judged(monitoring_world, run, "fixed")
        old = monitoring_world.get_incident()
        monitoring_world.journal_failures(1, user="u7")
        await monitoring_world.pass_time(15)
        new, closed = monitoring_world.monitoring.list_incidents()
        assert (new.status, new.count, new.affected) == ("open", 1, ("u7",))
        assert new.since == new.opened_at > old.last_at
        assert (
            f"The same fault was incident `{old.id}`, fixed in #1"
            in monitoring_world.get_card_text(new)
        )
        assert new.noticed in monitoring_world.get_card_text(new)
        assert (closed.id, closed.status, closed.count) == (old.id, "resolved", old.count)
        assert f"occurred again later: incident `{new.id}`" in monitoring_world.get_card_text(
            closed
        )
        monitoring_world.journal_failures(6)
        await monitoring_world.pass_time(15)
        new, _ = monitoring_world.monitoring.list_incidents()
        assert new.count == 7


async def test_what_began_before_the_fix_came_live_opens_nothing(
    monitoring_world: MonitoringHarness,
) -> None:
    async with monitoring_world.run_monitoring():
        run = await shipped(monitoring_world)
        await judged(monitoring_world, run, "fixed")
        monitoring_world.journal_failures(1, duration_ms=3_600_000.0)
        await monitoring_world.pass_time(15)
        assert monitoring_world.get_incident().status == "resolved"


async def test_a_restart_keeps_what_was_ended_and_opens_one_for_what_came_meanwhile(
    monitoring_world: MonitoringHarness,
) -> None:
    async with monitoring_world.run_monitoring():
        run = await shipped(monitoring_world)
        await judged(monitoring_world, run, "fixed")
    monitoring_world.journal_failures(1)
    for _ in range(2):
        async with monitoring_world.run_monitoring():
            await monitoring_world.pass_time(15)
            incidents = monitoring_world.monitoring.list_incidents()
            assert [(each.status, each.count) for each in incidents] == [
                ("open", 1),
                ("resolved", 20),
            ]


async def test_too_little_to_judge_by_ends_it_when_it_was_quiet_for_long(
    monitoring_world: MonitoringHarness,
) -> None:
    async with monitoring_world.run_monitoring():
        run = await shipped(monitoring_world)
        await judged(monitoring_world, run, "inconclusive")
        assert monitoring_world.get_incident().status == "open"
        await monitoring_world.pass_time(monitoring_world.config.resolved_after_minutes * 60)
        assert monitoring_world.get_incident().status == "resolved"
