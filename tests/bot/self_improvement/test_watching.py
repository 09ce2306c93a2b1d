"""After a merge, the fix is watched and judged in time, and its thread is informed once."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest

from bot.domain.errors import JournalError
from bot.domain.memory import Memory
from bot.domain.run import Run
from bot.domain.samples import Sample
from bot.domain.watch import Watch
from tests.fakes.fake_journal import FakeJournal
from tests.support.agent_harness import make_capsule
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint, Killed
from tests.support.dice_project import BROKEN
from tests.support.watch_harness import WatchHarness

OTHER = make_capsule(exception="KeyError", fingerprint="9e9e9e9e9e9e")


@pytest.fixture
def world(tmp_path: Path) -> WatchHarness:
    return WatchHarness(tmp_path)


def verdicts(world: WatchHarness, run: Run) -> list[str]:
    """Return what was said of the run's outcome."""
    return [said.post.text for said in world.chat.messages if said.key == f"{run.id}:outcome"]


async def shipped(world: WatchHarness, agent: AgentUnderTest) -> Run:
    """Return a run whose fault failed 23 times in 60 rolls before it was shipped."""
    world.journal_rolls(well=37, failed=20)
    return await world.ship_fix(agent)


async def remembered(world: WatchHarness, run: Run) -> Memory:
    memory = await world.memory.get(f"fix:{run.id}")
    assert memory is not None
    return memory


async def test_a_fix_that_holds_is_called_fixed_once_enough_was_seen(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        assert "I watch whether it works: verdict <t:" in world.list_texts(run)[-1]
        assert (await world.key_values.get(f"watch:{run.id}", Watch)) is not None
        await world.pass_minutes(5)
        world.journal_rolls(well=45)
        await world.pass_minutes(4)
        assert verdicts(world, run) == []  # ten minutes are the least
        await world.pass_minutes(3)
        (text,) = verdicts(world, run)
        assert text.startswith("✅ **Fixed.** [#1](http://forge.test/forge/pulls/1) works.")
        assert "23 in 60 actions before, 0 in 45 after, p < 0.0001." in text
        await world.pass_minutes(120)
    assert len(verdicts(world, run)) == 1
    assert await world.key_values.list_records("watch:", Watch) == ()
    outcome = await world.get_outcome(run)
    assert outcome is not None and outcome.comparison is not None
    assert (outcome.verdict, outcome.comparison.after.actions) == ("fixed", 45)
    assert (await remembered(world, run)).outcome == "fixed"
    card = world.chat.find_by_key(f"{run.id}:card").post.card
    assert card is not None and "✅ **Watch** — fixed" in card.body


async def test_a_wrong_fix_is_called_wrong_with_numbers_as_soon_as_that_is_plain(
    world: WatchHarness,
) -> None:
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        await world.pass_minutes(1)
        world.journal_rolls(well=6, failed=4)
        await world.pass_minutes(2)
        (text,) = verdicts(world, run)
        assert (
            "❌ **Not fixed.** The failure still occurs with [#1](http://forge.test/forge/pulls/1)."
            in text
        )
        assert "23 in 60 actions before, 4 in 10 after" in text
        (post,) = [said.post for said in world.chat.messages if said.key == f"{run.id}:outcome"]
        assert [button.custom_id for button in post.buttons] == [f"theseus:revert:{run.id}"]
        assert post.notify == (1,)
    assert (await remembered(world, run)).outcome == "not_fixed"


async def test_different_failures_since_then_are_a_regression(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        await world.pass_minutes(1)
        world.journal_rolls(well=10, failed=25, error=OTHER)
        await world.pass_minutes(2)
        (text,) = verdicts(world, run)
    assert "📉 **Regressed.**" in text
    assert "Different failures: 0 in 60 actions before, 25 in 35 after" in text


async def test_without_traffic_nobody_can_say_and_that_is_said_in_time(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        await world.pass_minutes(59)
        assert verdicts(world, run) == []
        await world.pass_minutes(2)
        (text,) = verdicts(world, run)
    assert text.startswith("🤷 **Inconclusive.**")
    assert "There was no traffic" in text
    assert (await remembered(world, run)).outcome == "inconclusive"


async def test_a_failure_begun_before_the_merge_is_not_held_against_it(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        world.journal_rolls(well=0, failed=3, ms=30_000)  # under way when it came live
        await world.pass_minutes(1)
        world.journal_rolls(well=45)
        await world.pass_minutes(12)
        (text,) = verdicts(world, run)
    assert text.startswith("✅ **Fixed.**")


async def test_a_watch_outlives_restarts_and_is_judged_late_rather_than_early(
    world: WatchHarness,
) -> None:
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
    world.journal_rolls(well=45)
    for _ in range(3):
        async with world.run_agent():
            await world.pass_minutes(2)
        assert verdicts(world, run) == []
    world.clock.tick(3 * 60 * 60)  # away for long
    async with world.run_agent():
        await world.pass_minutes(2)
        assert len(verdicts(world, run)) == 1


@pytest.mark.parametrize("calls", range(0, 24, 3))
async def test_killed_while_it_judges_it_says_the_verdict_once(
    world: WatchHarness, calls: int
) -> None:
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
    world.journal_rolls(well=45)
    world.clock.tick(20 * 60)
    fuse = CrashPoint()
    dying = world.create_agent(fuse)
    fuse.after = fuse.hits + calls
    with suppress(Killed):
        await dying.watch.look()
    async with world.run_agent():
        await world.pass_minutes(2)
    assert len(verdicts(world, run)) == 1
    assert (await remembered(world, run)).outcome == "fixed"
    assert await world.key_values.list_records("watch:", Watch) == ()


async def test_what_needs_a_restart_is_watched_from_the_restart_on(world: WatchHarness) -> None:
    world.runtime.failing = {"cogs.dice": "it does not load"}
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        world.journal_rolls(well=0, failed=9)  # the old code still runs
        await world.pass_minutes(90)
        assert verdicts(world, run) == []
    world.runtime.failing = {}
    async with world.run_agent():
        await world.pass_minutes(0.1)
        assert "is live since my restart. I watch whether it works" in world.list_texts(run)[-1]
        world.journal_rolls(well=60)
        await world.pass_minutes(30)
        (text,) = verdicts(world, run)
    assert text.startswith("✅ **Fixed.**")


async def test_the_next_change_of_the_same_action_ends_the_watch_of_the_one_before(
    world: WatchHarness,
) -> None:
    async with world.run_agent() as agent:
        first = await shipped(world, agent)
        world.journal_rolls(well=5)
        await world.pass_minutes(2)
        watch = await world.key_values.get(f"watch:{first.id}", Watch)
        assert watch is not None
        second = watch.replace(run_id="other1", began_at=world.clock.now())
        run, history = await world.store.get(first.id), await world.store.get_history(first.id)
        assert history.shipment is not None
        await agent.watch.watches.begin(run.replace(id=second.run_id), history, history.shipment)
        await world.pass_minutes(2)
        (text,) = verdicts(world, first)
    assert text.startswith("🤷 **Inconclusive.**")


class Unreadable(FakeJournal):
    """A journal whose disk is gone for a while."""

    broken = False

    async def list_samples(
        self, *, since: datetime, until: datetime, event: str | None = None
    ) -> Sequence[Sample]:
        """Fail while it is broken."""
        if self.broken:
            raise JournalError("the disk is gone")
        return await super().list_samples(since=since, until=until, event=event)


async def test_a_journal_that_cannot_be_read_is_read_again_later(world: WatchHarness) -> None:
    world.journal = journal = Unreadable(world.journal.actions)
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        world.journal_rolls(well=45)
        journal.broken = True
        await world.pass_minutes(15)
        assert verdicts(world, run) == []
        journal.broken = False
        await world.pass_minutes(2)
        assert len(verdicts(world, run)) == 1


async def test_without_rules_nothing_is_watched(tmp_path: Path) -> None:
    world = WatchHarness(tmp_path, rules=None)
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
    assert await world.key_values.list_records("watch:", Watch) == ()
    assert "I watch" not in world.list_texts(run)[-1]


@pytest.mark.parametrize(
    ("well", "verdict", "told"),
    [
        (20, "fixed", "✅ **Fixed.**"),
        (0, "inconclusive", "🤷 **Inconclusive.**"),
    ],
)
async def test_a_later_commit_that_brings_the_fault_back_is_not_held_against_the_fix(
    world: WatchHarness, well: int, verdict: str, told: str
) -> None:
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        await world.pass_minutes(1)
        world.journal_rolls(well=well, commit=await world.checkout.get_head())
        await world.pass_minutes(11)
        later = await world.push_commit({"cogs/dice.py": BROKEN})
        world.journal_rolls(well=6, failed=4, commit=later)
        await world.pass_minutes(2)
        (text,) = verdicts(world, run)
        assert told in text
        assert f"`{later[:7]}` changed the same code after the fix" in text
    outcome = await world.get_outcome(run)
    assert outcome is not None and outcome.verdict == verdict
    assert (await remembered(world, run)).outcome == verdict


async def test_a_fix_that_failed_by_itself_is_not_excused_by_a_later_commit(
    world: WatchHarness,
) -> None:
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        await world.pass_minutes(0.1)
        world.journal_rolls(well=6, failed=4, commit=await world.checkout.get_head())
        later = await world.push_commit({"cogs/dice.py": BROKEN})
        world.journal_rolls(well=2, failed=8, commit=later)
        await world.pass_minutes(2)
        (text,) = verdicts(world, run)
        assert "❌ **Not fixed.**" in text
        assert later[:7] not in text


async def test_a_later_commit_of_other_files_is_no_excuse(world: WatchHarness) -> None:
    async with world.run_agent() as agent:
        run = await shipped(world, agent)
        await world.pass_minutes(1)
        later = await world.push_commit({"docs/dice.md": "Dice"})
        world.journal_rolls(well=6, failed=4, commit=later)
        await world.pass_minutes(2)
        (text,) = verdicts(world, run)
        assert "❌ **Not fixed.**" in text
