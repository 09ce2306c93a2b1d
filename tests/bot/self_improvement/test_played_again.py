"""The failing interaction is replayed with the merge: before it, and once it is live."""

import base64
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_rehearsal.records import (
    Actor,
    CommandStep,
    PlayedError,
    PlayedStep,
    Script,
    SeenEvent,
    Transcript,
)

from bot.domain.change import ANSWERED, CheckResult
from bot.domain.errors import RehearsalError
from bot.domain.history import History
from bot.domain.journal import ActionOutcome
from bot.domain.run import Run, Status
from bot.domain.traffic import TrafficRecord
from bot.domain.watch import Watch
from bot.presentation.missing_failure import build_diagnosis
from bot.self_improvement.checks.interaction_replays import InteractionReplays
from tests.fakes.fake_traffic import FakeSnapshots, catch_up
from tests.support.agent_under_test import AgentUnderTest
from tests.support.watch_harness import WatchHarness

ERROR = PlayedError(event="command.roll", error="IndexError", at="cogs/dice.py:face")
STATE = "dice.sqlite3"


class Plays(WatchHarness):
    """A world whose rolls fail where the cog's files are as they were, until they are fixed.

    `broken` says of a fixed source whether it fails all the same, `wanted` what it asks the web.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.broken: Callable[[], bool] = lambda: False
        self.wanted: tuple[str, ...] = ()
        self.rehearsal = FakeRehearsal(self._rolled)
        snapshots = FakeSnapshots(self.clock)
        snapshots.state[STATE] = b"rows"
        self.snapshots = snapshots
        self.replays = InteractionReplays(
            self.rehearsal, self.trees, self.traffic, snapshots, self.clock,
            catch_up=catch_up, lookback=timedelta(days=9),
        )  # fmt: skip

    async def recorded(self) -> None:
        """Make the newest failure a recorded one, with the files that the cog had."""
        newest = self.journal.actions[-1]
        assert newest.error is not None
        await self.snapshots.take("dice", newest.error.fingerprint, newest.id)
        step = CommandStep(by="asker", channel="general", command="roll", options={"dice": "2d6"})
        self.traffic.records.append(
            TrafficRecord(
                id=newest.id, at=newest.ts, event="command.roll", cog="dice", step=step,
                people=(Actor(name="asker"),), outcome=ActionOutcome.ERROR,
            )
        )  # fmt: skip

    def _rolled(self, tree: Path, script: Script) -> Transcript:
        fixed = "value - 1" in (tree / "cogs/dice.py").read_text("utf-8")
        held = script.world.files.get(STATE) == base64.b64encode(b"rows").decode()
        fails = self.broken() if fixed else held
        seen = SeenEvent(kind="message", channel="general", text="a secret of theirs")
        step = PlayedStep(
            step=script.steps[-1],
            seen=() if fails else (seen,),
            errors=(ERROR,) if fails else (),
            wanted=self.wanted if fixed else (),
        )
        return Transcript(steps=(step,))


@pytest.fixture
def world(tmp_path: Path) -> Plays:
    return Plays(tmp_path)


async def approved(world: Plays, agent: AgentUnderTest) -> Run:
    """Approve a proposal that replays have proven."""
    await world.recorded()
    run = await world.propose_fix(agent)
    plan = (await agent.get_history(run.id)).plan
    assert plan is not None
    assert plan.replay is not None
    await agent.approve(world.build_approval(run))
    return await world.wait_until(lambda now: now.has_ended or bool(now.reason), run.id)


def dry_run(history: History) -> CheckResult:
    assert history.full_tier is not None
    return next(each for each in history.full_tier.checks if each.name == ANSWERED)


async def test_what_failed_is_answered_before_the_merge_and_after_it(world: Plays) -> None:
    async with world.run_agent() as agent:
        run = await approved(world, agent)
        assert run.status is Status.DONE
        before = dry_run(await agent.get_history(run.id))
        assert (before.status, before.summary) == (
            "passed",
            "`/roll dice:2d6`: people get an answer",
        )
        await world.pass_minutes(2)
        shipment = (await agent.get_history(run.id)).shipment
        assert shipment is not None
        told = f"▶️ Replayed with `{shipment.merge_commit[:7]}`: `/roll dice:2d6`: people get an"
        assert [text for text in world.list_texts(run) if text.startswith("▶️")] == [
            f"{told} answer."
        ]
        played = len(world.rehearsal.replayed)
        await world.pass_minutes(2)
        assert len(world.rehearsal.replayed) == played  # once is enough
        again = await agent.request(world.make_trigger(goal="investigate"))
        evidence = (await agent.get_history((await world.wait_until_ended(again.id)).id)).evidence
        world.journal_rolls(well=45)
        await world.pass_minutes(15)
        outcome = await world.get_outcome(run)
    assert evidence is not None
    assert (
        "In a replay with the fix, the failed action gets an answer."
        in build_diagnosis(evidence).cause
    )
    assert outcome is not None
    assert outcome.verdict == "fixed"
    assert outcome.reasons[0].startswith("Replayed with")
    assert not any("secret" in text for text in world.list_texts(run))


async def test_what_fails_with_the_newest_base_is_not_merged(world: Plays) -> None:
    async with world.run_agent() as agent:
        await world.recorded()
        run = await world.propose_fix(agent)
        world.broken = lambda: True
        await agent.approve(world.build_approval(run))
        run = await world.wait_until(lambda now: now.has_ended or bool(now.reason), run.id)
    assert run.status is Status.WAITING
    assert run.reason.startswith(
        "Not shipped: full checks fail (`/roll dice:2d6`: at step 1 people"
    )
    assert world.forge.merges == []


async def test_what_fails_once_live_did_not_hold_at_once(world: Plays) -> None:
    async with world.run_agent() as agent:
        run = await approved(world, agent)
        world.broken = lambda: True
        await world.pass_minutes(2)
        outcome = await world.get_outcome(run)
        (text,) = [s.post.text for s in world.chat.messages if s.key == f"{run.id}:outcome"]
        await world.pass_minutes(2)
        assert await world.key_values.get(f"watch:{run.id}", Watch) is None
    assert outcome is not None
    assert outcome.verdict == "not_fixed"
    assert "`/roll dice:2d6`: at step 1 people get an error" in text


async def test_a_play_that_fails_once_only_is_not_believed(world: Plays) -> None:
    fails = iter([True])
    async with world.run_agent() as agent:
        await world.recorded()
        run = await world.propose_fix(agent)
        world.broken = lambda: next(fails, False)
        await agent.approve(world.build_approval(run))
        run = await world.wait_until_ended(run.id)
        assert dry_run(await agent.get_history(run.id)).status == "passed"
    assert run.status is Status.DONE


@pytest.mark.parametrize("missing", ["web", "sandbox"])
async def test_where_it_cannot_be_played_all_is_as_before(world: Plays, missing: str) -> None:
    async with world.run_agent() as agent:
        await world.recorded()
        run = await world.propose_fix(agent)
        if missing == "web":
            world.wanted = ("GET https://a.test",)
        else:
            world.rehearsal.error = RehearsalError("install bubblewrap")
        await agent.approve(world.build_approval(run))
        run = await world.wait_until_ended(run.id)
        skipped = dry_run(await agent.get_history(run.id))
        await world.pass_minutes(3)
        outcome = await world.get_outcome(run)
    assert run.status is Status.DONE
    assert skipped.status == "skipped"
    assert outcome is None
    assert not any(text.startswith("▶️") for text in world.list_texts(run))


async def test_a_watch_that_is_ended_while_it_is_played_stays_ended(world: Plays) -> None:
    async with world.run_agent() as agent:
        run = await approved(world, agent)

        def ended() -> bool:
            world.key_values.bodies.pop(f"watch:{run.id}", None)
            return False

        world.broken = ended
        await world.pass_minutes(2)
        assert await world.key_values.get(f"watch:{run.id}", Watch) is None
        assert (await agent.get_history(run.id)).outcome is None
