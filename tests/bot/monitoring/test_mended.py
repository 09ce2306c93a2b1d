"""A shipped fix is seen on its incident: watched, then over; the first failure opens it again."""

from pathlib import Path

import pytest

from bot.domain.cards import incident_line
from bot.domain.proposal import Outcome
from bot.domain.run import Run, Status
from bot.domain.watch import Judgement, WatchRules
from tests.support.lookout import Lookout

RULES = WatchRules(minutes=60, volume=30, least_minutes=10)


@pytest.fixture
def lookout(tmp_path: Path) -> Lookout:
    lookout = Lookout(tmp_path)
    lookout.world.watch = RULES
    return lookout


async def shipped(lookout: Lookout) -> Run:
    """Let something fail, and ship what the bot proposes for it."""
    world = lookout.world
    lookout.happens(40)
    lookout.fails(20)
    await lookout.pass_time(10)
    run = await world.settled(lookout.the_incident().run_id or "")
    await lookout.agent.approve(world.word(run))
    run = await world.until(lambda each: each.status is Status.DONE, run.id)
    await lookout.pass_time(15)
    return run


async def judged(lookout: Lookout, run: Run, verdict: Judgement) -> None:
    """Let the fix have turned out so."""
    outcome = Outcome(run_id=run.id, verdict=verdict, at=lookout.clock.now())
    await lookout.world.store.append(run.id, outcome)
    await lookout.pass_time(15)


async def test_a_shipped_fix_is_watched_and_no_longer_red(lookout: Lookout) -> None:
    async with lookout.running():
        await shipped(lookout)
        incident = lookout.the_incident()
        assert (incident.status, incident.watched) == ("open", True)
        assert "👀 Fix is live:" in lookout.card()
        assert "and it was not seen since. I watch it until" in lookout.card()
        assert incident_line(incident).startswith("👀 `")
        assert "fixed in #1, being watched" in incident_line(incident)


async def test_the_verdict_that_it_holds_ends_the_incident_everywhere(lookout: Lookout) -> None:
    async with lookout.running():
        run = await shipped(lookout)
        lookout.happens(45)
        await lookout.pass_time(15 * 60)
        outcome = (await lookout.world.store.history(run.id)).outcome
        assert outcome is not None
        assert outcome.verdict == "fixed"
        await lookout.pass_time(15)
        incident = lookout.the_incident()
        assert incident.status == "resolved"
        assert "✅ Fixed:" in lookout.card()
        assert incident_line(incident).startswith("✅ `")
        assert "fixed in #1, not seen since" in incident_line(incident)
        before = lookout.card()
        await lookout.pass_time(60)
        assert (lookout.the_incident().status, lookout.card()) == ("resolved", before)


@pytest.mark.parametrize("verdict", [None, "fixed"])
async def test_the_first_failure_after_it_opens_the_incident_again(
    lookout: Lookout, verdict: Judgement | None
) -> None:
    async with lookout.running():
        run = await shipped(lookout)
        if verdict is not None:
            await judged(lookout, run, verdict)
        count = lookout.the_incident().count
        lookout.fails(1)
        await lookout.pass_time(15)
        incident = lookout.the_incident()
        assert (incident.status, incident.fix, incident.again) == ("open", None, 1)
        assert incident.count == count + 1
        assert "again: " in lookout.card()


async def test_what_began_before_the_fix_came_live_opens_nothing(lookout: Lookout) -> None:
    async with lookout.running():
        run = await shipped(lookout)
        await judged(lookout, run, "fixed")
        lookout.fails(1, duration_ms=3_600_000.0)
        await lookout.pass_time(15)
        assert lookout.the_incident().status == "resolved"


async def test_a_restart_keeps_what_was_ended_and_opens_it_for_what_came_meanwhile(
    lookout: Lookout,
) -> None:
    async with lookout.running():
        run = await shipped(lookout)
        await judged(lookout, run, "fixed")
    lookout.fails(1)
    async with lookout.running():
        await lookout.pass_time(15)
        assert (lookout.the_incident().status, lookout.the_incident().again) == ("open", 1)


async def test_too_little_to_judge_by_ends_it_when_it_was_quiet_for_long(
    lookout: Lookout,
) -> None:
    async with lookout.running():
        run = await shipped(lookout)
        await judged(lookout, run, "inconclusive")
        assert lookout.the_incident().status == "open"
        await lookout.pass_time(lookout.config.resolved_after_minutes * 60)
        assert lookout.the_incident().status == "resolved"
