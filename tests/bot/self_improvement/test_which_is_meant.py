"""If it is unclear which failure a report refers to, people choose."""

from pathlib import Path

import pytest

from bot.domain.errors import NotAuthorized, WrongStage
from bot.domain.ids import shorten_id
from bot.domain.run import Goal, Run, Status
from tests.support.agent_harness import (
    ALICE,
    DORA,
    MALLORY,
    AgentHarness,
    make_capsule,
    make_failure,
)
from tests.support.agent_under_test import AgentUnderTest

SHOW = make_capsule(
    exception="TypeError",
    message="'NoneType' object is not subscriptable",
    file="cogs/tags.py",
    function="show",
    fingerprint="tag",
)


@pytest.fixture
def world(tmp_path: Path) -> AgentHarness:
    world = AgentHarness(tmp_path)
    world.runtime.known = dict.fromkeys(("roll", "tag show", "tag delete"), "tags")
    world.journal.append(make_failure(world.clock, SHOW, name="tag show"))
    return world


async def unsure(world: AgentHarness, agent: AgentUnderTest, goal: Goal = "fix") -> Run:
    run = await agent.request(world.make_trigger("delete tags", goal=goal))
    return await world.wait_until_ended(run.id)


@pytest.mark.parametrize("goal", ["fix", "investigate"])
async def test_it_says_what_it_looked_for_and_offers_what_may_be_meant(
    world: AgentHarness, goal: Goal
) -> None:
    newest = shorten_id(world.journal.actions[-1].id)
    async with world.run_agent() as agent:
        run = await unsure(world, agent, goal)
    last = next(each.post for each in world.chat.messages if each.key.endswith(":ended:1"))
    told = last.text or f"{last.card.title} {last.card.body}"  # type: ignore[union-attr]
    assert "I am not sure which failure you mean." in told
    assert "I looked for failures that fit “delete tags” (last 24 h)" in told
    assert "/tag delete has not failed in that time." in told
    assert "1. 1 TypeError from /tag show at 2026-11-21 14:00 UTC, in `cogs/tags.py:8`" in told
    assert [(each.label, each.arguments) for each in last.buttons] == [
        ("/tag show: TypeError", (run.id, newest))
    ]
    assert world.memory.stored == {}


async def test_whoever_may_ask_chooses_once_and_that_failure_is_worked_on(
    world: AgentHarness,
) -> None:
    newest = shorten_id(world.journal.actions[-1].id)
    async with world.run_agent() as agent:
        run = await unsure(world, agent, "investigate")
        with pytest.raises(NotAuthorized):
            await agent.choose(run.id, newest, MALLORY)
        await agent.choose(run.id, newest, DORA)
        await world.wait_until(lambda each: each.attempt == 2 and each.has_ended, run.id)
        with pytest.raises(WrongStage, match="already chosen"):
            await agent.choose(run.id, newest, ALICE)
    diagnosis = (await world.store.get_history(run.id)).diagnosis
    assert diagnosis is not None
    assert (diagnosis.fingerprint, diagnosis.choices) == ("tag", ())
    asked = [each for each in await world.store.list_audit_entries() if "is meant" in each.note]
    assert [(each.person.name, each.allowed) for each in asked if each.person] == [
        ("alice", True), ("dora", True), ("mallory", False),
    ]  # fmt: skip


async def test_what_was_not_offered_cannot_be_chosen(world: AgentHarness) -> None:
    rolled = shorten_id(world.journal.actions[0].id)
    async with world.run_agent() as agent:
        run = await unsure(world, agent)
        with pytest.raises(WrongStage):
            await agent.choose(run.id, rolled, ALICE)


@pytest.mark.parametrize("wish", ["tests for rolling dice", "typo in the /roll help text"])
async def test_a_wish_never_becomes_the_repair_of_a_failure(world: AgentHarness, wish: str) -> None:
    async with world.run_agent() as agent:
        trigger = world.make_trigger(wish).replace(text=f"fix the {wish}")
        run = await world.wait_until_ended((await agent.request(trigger)).id)
    assert (run.status, world.engine.asked) == (Status.FAILED, [])
    assert run.reason.startswith("That is a request for a change, not a failure.")
    assert "Use `/change` for your request" in run.reason
