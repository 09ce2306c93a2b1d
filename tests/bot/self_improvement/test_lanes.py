"""Urgent work has separate workers, so that a long search does not delay a merge."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from structlog.contextvars import get_contextvars

from bot.domain.change import MergeResult
from bot.domain.errors import ForgeConflict, TooMany
from bot.domain.part_notes import BoardSeat
from bot.domain.people import ITSELF
from bot.domain.proposal import ForgeProposal
from bot.domain.run import Lane, Run, Stage, Status, get_lane
from bot.ports.agent import (
    Assignment,
    Budget,
    Checkup,
    News,
    Update,
    get_no_news,
    skip_checkup,
)
from bot.ports.workspace import Workspace
from bot.telemetry import build_pseudonym
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_forge import FakeForge
from tests.support.agent_harness import ALICE, BOB, FIX, AgentHarness
from tests.support.agent_under_test import AgentUnderTest


@dataclass
class MovingForge(FakeForge):
    """A forge at whose first merge another person pushes a commit first."""

    moves: int = 1

    async def merge(
        self, number: int, expected_head: str, result: MergeResult | None = None
    ) -> ForgeProposal:
        if self.moves:
            self.moves -= 1
            self.push((await self.get_proposal(number)).branch)
            raise ForgeConflict("The branch has moved.")
        return await super().merge(number, expected_head, result)


async def searching(world: AgentHarness, agent: AgentUnderTest) -> list[Run]:
    """Return two runs whose searches hold every worker there is for searches."""
    world.engine.hold()
    world.engine.asked.clear()
    runs = [await agent.request(world.make_trigger(f"dice {n}", key=f"held{n}")) for n in range(2)]
    for run in runs:
        await world.wait_until(lambda _: len(world.engine.asked) == 2, run.id)
    return runs


async def test_an_approved_merge_begins_while_searches_hold_every_worker(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.limits = replace(world.limits, workers=2)
    async with world.run_agent() as agent:
        run = await world.propose_fix(agent)
        held = await searching(world, agent)
        await agent.approve(world.build_approval(run))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE
        assert len(world.forge.merges) == 1
        stages = [(await world.store.get(each.id)).stage for each in held]
    assert stages == [Stage.EXECUTE] * 2


async def test_an_investigation_is_answered_while_searches_hold_every_worker(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.limits = replace(world.limits, workers=2)
    async with world.run_agent() as agent:
        await searching(world, agent)
        run = await agent.request(world.make_trigger(goal="investigate", key="asked"))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_a_merge_that_has_to_be_proven_again_leaves_its_worker_to_the_next_merge(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.limits = replace(world.limits, workers=2)
    world.forge = MovingForge(on_merge=world.forge.on_merge, fetched=world.forge.fetched)
    async with world.run_agent() as agent:
        first, second = [await world.propose_fix(agent, f"face {n}") for n in range(2)]
        await searching(world, agent)
        await agent.approve(world.build_approval(first))
        moved = await world.wait_until(lambda now: now.stage is Stage.VERIFY, first.id)
        moved = await world.wait_until(lambda now: now.status is Status.QUEUED, first.id)
        assert moved.lease_owner is None
        await agent.approve(world.build_approval(second))
        assert (await world.wait_until_ended(second.id)).status is Status.DONE


def test_what_nobody_asked_for_is_in_no_hurry_until_somebody_approves_it(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    asked = world.make_trigger(goal="investigate")
    now = world.clock.now()
    run = Run(id="a", goal="investigate", trigger=asked, created_at=now, updated_at=now)
    itself = run.replace(trigger=asked.replace(person=ITSELF, origin="incident"))
    assert (get_lane(run), get_lane(itself)) == (Lane.QUICK, Lane.SEARCH)
    assert get_lane(run.replace(goal="fix")) is Lane.SEARCH
    assert get_lane(run.replace(goal="revert", trigger=asked.replace(person=ALICE))) is Lane.QUICK
    assert get_lane(itself.replace(goal="fix", stage=Stage.SHIP)) is Lane.SHIPPING


# How much one person may have under way


async def test_of_fifteen_requests_at_once_five_get_threads_and_the_others_an_answer(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        triggers = [world.make_trigger(f"dice {n}", key=f"k{n}") for n in range(15)]
        asked = await asyncio.gather(*map(agent.request, triggers), return_exceptions=True)
        refused = [each for each in asked if isinstance(each, TooMany)]
        begun = [each for each in asked if isinstance(each, Run)]
        assert (len(begun), len(refused)) == (5, 10)
        assert len({run.thread_id for run in begun}) == 5
        assert f"<#{begun[0].thread_id}>" in str(refused[-1])
        assert "I accept at most 5 from one person at once" in str(refused[-1])
        assert (await agent.request(triggers[0])).id == begun[0].id, "it is begun already"
        assert (
            await agent.request(world.make_trigger(key="bob", person=BOB))
        ).thread_id is not None
        await agent.cancel(begun[0].id, ALICE)
        another = await agent.request(world.make_trigger(key="another"))
        assert another.thread_id is not None
        with pytest.raises(TooMany):
            await agent.retry(begun[0].id, ALICE)


async def test_a_proposal_that_waits_for_a_word_takes_no_room(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.limits = replace(world.limits, per_person=1)
    async with world.run_agent() as agent:
        for number in range(3):
            await world.propose_fix(agent, f"dice {number}")


class LabelledEngine(FakeAgent):
    """An engine that remembers what every line logged during its work would say."""

    labels: Mapping[str, object] = {}

    async def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = get_no_news,
        checkup: Checkup = skip_checkup,
        board: BoardSeat | None = None,
    ) -> AsyncGenerator[Update, None]:
        self.labels = get_contextvars()
        async for update in super().work(assignment, workspace, budget, news):
            yield update


async def test_what_a_stage_logs_names_the_run_and_who_asked_for_it(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine = engine = LabelledEngine(FIX)
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        await world.wait_until_settled(run.id)
    assert engine.labels == {"run": run.id, "person": build_pseudonym(ALICE.id, b"salt")}
