"""The forge's own checks: waiting needs no worker, failures are reported, drafts published."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.change import MergeResult
from bot.domain.errors import ForgePending, StaleApproval, WrongStage
from bot.domain.proposal import ForgeProposal
from bot.domain.run import Run, Stage, Status
from tests.fakes.fake_forge import FakeForge
from tests.support.agent_harness import ALICE, FILES, FIXED, AgentHarness
from tests.support.agent_under_test import AgentUnderTest

PENDING = "Required checks of #1 are still running."


@dataclass
class SlowForge(FakeForge):
    """A forge whose checks still run when it is asked to merge, so many times."""

    times: int = 0

    async def merge(
        self, number: int, expected_head: str, result: MergeResult | None = None
    ) -> ForgeProposal:
        if self.times > 0:
            self.times -= 1
            raise ForgePending(PENDING)
        return await super().merge(number, expected_head, result)


def slow_checks(world: AgentHarness, times: int) -> None:
    """Keep the forge's checks running for this many attempts to merge."""
    world.forge = SlowForge(
        on_merge=world.forge.on_merge,
        fetched=world.forge.fetched,
        trees=world.forge.trees,
        times=times,
    )


def _card(world: AgentHarness, run: Run) -> str:
    card = world.chat.find_by_key(f"{run.id}:card").post.card
    return card.body if card else ""


async def _approved(world: AgentHarness, agent: AgentUnderTest) -> Run:
    run = await world.propose_fix(agent)
    await agent.approve(world.build_approval(run))
    return await world.wait_until(lambda now: now.is_parked, run.id)


async def test_a_merge_waits_for_the_forges_checks_without_a_worker_and_ships(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    slow_checks(world, 4)
    async with world.run_agent() as agent:
        run = await _approved(world, agent)
        assert (run.stage, run.lease_owner) == (Stage.SHIP, None)
        await world.wait_until(lambda _: PENDING in _card(world, run), run.id)
        assert run.parked_until is not None
        assert f"<t:{run.parked_until.timestamp():.0f}:R>" in _card(world, run)
        started = world.clock.monotonic()
        done = await world.wait_until_ended(run.id)
    assert done.status is Status.DONE
    assert world.clock.monotonic() - started >= 30
    assert len(world.forge.merges) == 1


async def test_checks_that_never_end_are_given_up_with_words_and_may_be_tried_again(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.limits = replace(world.limits, forge_checks=timedelta(minutes=2))
    slow_checks(world, 1_000)
    async with world.run_agent() as agent:
        run = await _approved(world, agent)
        limit = run.parked_until
        run = await world.wait_until(lambda now: now.reason.startswith("Not shipped"), run.id)
        assert limit is not None
        assert run.parked_until is None
        assert timedelta(0) <= world.clock.now() - limit < timedelta(seconds=20)
        assert f"{PENDING} I waited 2 min for this." in run.reason
        await world.wait_until(
            lambda now: "say “ship it” again" in world.list_texts(now)[-1], run.id
        )
        assert world.forge.merges == []
        again = await _reapproved(world, agent, run)
        assert again.parked_until is not None
        assert again.parked_until > world.clock.now() + timedelta(seconds=100)


async def _reapproved(world: AgentHarness, agent: AgentUnderTest, run: Run) -> Run:
    await agent.approve(world.build_approval(run))
    return await world.wait_until(lambda now: now.is_parked, run.id)


async def test_after_a_restart_it_waits_on_until_the_same_limit(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    slow_checks(world, 3)
    async with world.run_agent() as agent:
        run = await _approved(world, agent)
        limit = run.parked_until
    async with world.run_agent():
        now = await world.store.get(run.id)
        assert now.parked_until == limit
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_a_commit_pushed_meanwhile_is_checked_and_nothing_is_merged(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    slow_checks(world, 1_000)
    async with world.run_agent() as agent:
        run = await _approved(world, agent)
        old = (await agent.get_history(run.id)).proposal
        assert old is not None
        hand = FILES | {"cogs/dice.py": FIXED.replace("letter", "name")}
        world.forge.push(old.branch, world.workspaces.add_snapshot(hand))
        await world.wait_until(lambda now: now.round == 2, run.id)
        run = await world.wait_until_settled(run.id)
        assert run.parked_until is None
        with pytest.raises(StaleApproval):
            await agent.approve(world.build_approval(run, card_id=old.card_id, head=old.head))
    assert world.forge.merges == []


async def test_a_word_to_revise_while_it_waits_for_checks_stops_the_shipment(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    slow_checks(world, 1_000)
    async with world.run_agent() as agent:
        run = await _approved(world, agent)
        await agent.revise(run.id, ALICE, "also handle 0d6")
        assert (await world.store.get(run.id)).stage is not Stage.SHIP
        with pytest.raises(WrongStage, match="revising"):
            await agent.approve(world.build_approval(run))


async def test_rejecting_while_it_waits_for_checks_ends_it(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    slow_checks(world, 1_000)
    async with world.run_agent() as agent:
        run = await _approved(world, agent)
        ended = await agent.reject(run.id, ALICE)
        await world.clock.advance(60)
    assert (ended.status, ended.parked_until) == (Status.REJECTED, None)
    assert (await world.store.get(run.id)).status is Status.REJECTED


@pytest.mark.parametrize(
    ("checks", "published"), [("pending", False), ("none", True), ("passed", True)]
)
async def test_a_draft_is_published_once_the_forges_checks_are_done(
    tmp_path: Path, checks: str, published: bool
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        await world.propose_fix(agent)
        world.forge.show(1, draft=True, checks=checks)
        await world.clock.advance(30)
        assert (await world.forge.get_proposal(1)).draft is not published


async def test_checks_that_fail_at_the_forge_are_told_once(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        world.forge.show(1, draft=True, checks="failed")
        await world.clock.advance(60)
        assert not (await world.forge.get_proposal(1)).draft
    told = [text for text in world.list_texts(run) if "The forge's own checks fail" in text]
    assert len(told) == 1
    assert (await world.store.get(run.id)).status is Status.WAITING
