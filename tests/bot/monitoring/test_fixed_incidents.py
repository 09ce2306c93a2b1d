"""A shipped fix is seen on its incident: watched, then over; the first failure opens it again."""

from pathlib import Path

import pytest

from bot.domain.proposal import Outcome
from bot.domain.run import Run, Status
from bot.domain.watch import Judgement, WatchRules
from bot.presentation.cards import incident_line
from tests.support.monitoring_world import MonitoringWorld

RULES = WatchRules(minutes=60, volume=30, least_minutes=10)


@pytest.fixture
def monitoring_world(tmp_path: Path) -> MonitoringWorld:
    monitoring_world = MonitoringWorld(tmp_path)
    monitoring_world.world.watch = RULES
    return monitoring_world


async def shipped(monitoring_world: MonitoringWorld) -> Run:
    """Let something fail, and ship what the bot proposes for it."""
    world = monitoring_world.world
    monitoring_world.happens(40)
    monitoring_world.fails(20)
    await monitoring_world.pass_time(10)
    run = await world.settled(monitoring_world.the_incident().run_id or "")
    await monitoring_world.agent.approve(world.word(run))
    run = await world.until(lambda each: each.status is Status.DONE, run.id)
    await monitoring_world.pass_time(15)
    return run


async def judged(monitoring_world: MonitoringWorld, run: Run, verdict: Judgement) -> None:
    """Let the fix have turned out so."""
    outcome = Outcome(run_id=run.id, verdict=verdict, at=monitoring_world.clock.now())
    await monitoring_world.world.store.append(run.id, outcome)
    await monitoring_world.pass_time(15)


async def test_a_shipped_fix_is_watched_and_no_longer_red(
    monitoring_world: MonitoringWorld,
) -> None:
    async with monitoring_world.running():
        await shipped(monitoring_world)
        incident = monitoring_world.the_incident()
        assert (incident.status, incident.watched) == ("open", True)
        assert "👀 Fix is live:" in monitoring_world.card()
        assert "and it was not seen since. I watch it until" in monitoring_world.card()
        assert incident_line(incident).startswith("👀 `")
        assert "fixed in #1, being watched" in incident_line(incident)


async def test_the_verdict_that_it_holds_ends_the_incident_everywhere(
    monitoring_world: MonitoringWorld,
) -> None:
    async with monitoring_world.running():
        run = await shipped(monitoring_world)
        monitoring_world.happens(45)
        await monitoring_world.pass_time(15 * 60)
        outcome = (await monitoring_world.world.store.history(run.id)).outcome
        assert outcome is not None
        assert outcome.verdict == "fixed"
        await monitoring_world.pass_time(15)
        incident = monitoring_world.the_incident()
        assert incident.status == "resolved"
        assert "✅ Fixed:" in monitoring_world.card()
        assert incident_line(incident).startswith("✅ `")
        assert "fixed in #1, not seen since" in incident_line(incident)
        before = monitoring_world.card()
        await monitoring_world.pass_time(60)
        assert (monitoring_world.the_incident().status, monitoring_world.card()) == (
            "resolved",
            before,
        )


async def test_the_first_failure_under_a_watched_fix_takes_it_off_the_incident(
    monitoring_world: MonitoringWorld,
) -> None:
    async with monitoring_world.running():
        await shipped(monitoring_world)
        count = monitoring_world.the_incident().count
        monitoring_world.fails(1)
        await monitoring_world.pass_time(15)
        incident = monitoring_world.the_incident()
        assert (incident.status, incident.fix, incident.again) == ("open", None, 1)
        assert incident.count == count + 1
        assert "again: " in monitoring_world.card()


async def test_the_first_failure_after_a_fix_that_held_is_another_incident_that_names_the_first(
    monitoring_world: MonitoringWorld,
) -> None:
    async with monitoring_world.running():
        run = await shipped(monitoring_world)
        await judged(monitoring_world, run, "fixed")
        old = monitoring_world.the_incident()
        monitoring_world.fails(1, user="u7")
        await monitoring_world.pass_time(15)
        new, closed = monitoring_world.monitoring.incidents()
        assert (new.status, new.count, new.affected) == ("open", 1, ("u7",))
        assert new.since == new.opened_at > old.last_at
        assert f"The same was incident `{old.id}`, fixed in #1" in monitoring_world.card(new)
        assert new.noticed in monitoring_world.card(new)
        assert (closed.id, closed.status, closed.count) == (old.id, "resolved", old.count)
        assert f"seen again after that: incident `{new.id}`" in monitoring_world.card(closed)
        monitoring_world.fails(6)
        await monitoring_world.pass_time(15)
        new, _ = monitoring_world.monitoring.incidents()
        assert new.count == 7


async def test_what_began_before_the_fix_came_live_opens_nothing(
    monitoring_world: MonitoringWorld,
) -> None:
    async with monitoring_world.running():
        run = await shipped(monitoring_world)
        await judged(monitoring_world, run, "fixed")
        monitoring_world.fails(1, duration_ms=3_600_000.0)
        await monitoring_world.pass_time(15)
        assert monitoring_world.the_incident().status == "resolved"


async def test_a_restart_keeps_what_was_ended_and_opens_one_for_what_came_meanwhile(
    monitoring_world: MonitoringWorld,
) -> None:
    async with monitoring_world.running():
        run = await shipped(monitoring_world)
        await judged(monitoring_world, run, "fixed")
    monitoring_world.fails(1)
    for _ in range(2):
        async with monitoring_world.running():
            await monitoring_world.pass_time(15)
            incidents = monitoring_world.monitoring.incidents()
            assert [(each.status, each.count) for each in incidents] == [
                ("open", 1),
                ("resolved", 20),
            ]


async def test_too_little_to_judge_by_ends_it_when_it_was_quiet_for_long(
    monitoring_world: MonitoringWorld,
) -> None:
    async with monitoring_world.running():
        run = await shipped(monitoring_world)
        await judged(monitoring_world, run, "inconclusive")
        assert monitoring_world.the_incident().status == "open"
        await monitoring_world.pass_time(monitoring_world.config.resolved_after_minutes * 60)
        assert monitoring_world.the_incident().status == "resolved"
