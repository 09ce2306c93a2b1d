"""Where it is not sure which failure is meant, people choose; where none is, they are told."""

from pathlib import Path

import pytest

from bot.domain.errors import NotAuthorized, WrongStage
from bot.domain.ids import short_id
from bot.domain.run import Goal, Run, Status
from bot.self_improvement import SelfImprovementAgent
from tests.support.world import ALICE, DORA, MALLORY, World, capsule, failure

SHOW = capsule(
    exception="TypeError",
    message="'NoneType' object is not subscriptable",
    file="cogs/tags.py",
    function="show",
    fingerprint="tag",
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.runtime.known = dict.fromkeys(("roll", "tag show", "tag delete"), "tags")
    world.journal.append(failure(world.clock, SHOW, name="tag show"))
    return world


async def unsure(world: World, agent: SelfImprovementAgent, goal: Goal = "fix") -> Run:
    run = await agent.request(world.trigger("delete tags", goal=goal))
    return await world.ended(run.id)


@pytest.mark.parametrize("goal", ["fix", "investigate"])
async def test_it_says_what_it_looked_for_and_offers_what_may_be_meant(
    world: World, goal: Goal
) -> None:
    newest = short_id(world.journal.actions[-1].id)
    async with world.running() as agent:
        run = await unsure(world, agent, goal)
    last = next(each.post for each in world.chat.said if each.key.endswith(":ended:1"))
    told = last.text or f"{last.card.title} {last.card.body}"  # type: ignore[union-attr]
    assert "I am not sure which failure you mean." in told
    assert "I looked for failures that fit “delete tags” (last 24 h)" in told
    assert "/tag delete has not failed in that time." in told
    assert "1. 1 TypeError from /tag show at 2026-11-21 14:00 UTC, in `cogs/tags.py:8`" in told
    assert [(each.label, each.arguments) for each in last.buttons] == [
        ("/tag show: TypeError", (run.id, newest))
    ]
    assert world.memory.kept == {}


async def test_whoever_may_ask_chooses_once_and_that_failure_is_worked_on(world: World) -> None:
    newest = short_id(world.journal.actions[-1].id)
    async with world.running() as agent:
        run = await unsure(world, agent, "investigate")
        with pytest.raises(NotAuthorized):
            await agent.requests.choose(run.id, newest, MALLORY)
        await agent.requests.choose(run.id, newest, DORA)
        await world.until(lambda each: each.attempt == 2 and each.ended, run.id)
        with pytest.raises(WrongStage, match="said already"):
            await agent.requests.choose(run.id, newest, ALICE)
    diagnosis = (await world.store.history(run.id)).diagnosis
    assert diagnosis is not None
    assert (diagnosis.fingerprint, diagnosis.choices) == ("tag", ())
    asked = [each for each in await world.store.audit_log() if "is meant" in each.note]
    assert [(each.person.name, each.allowed) for each in asked if each.person] == [
        ("alice", True), ("dora", True), ("mallory", False),
    ]  # fmt: skip


async def test_what_was_not_offered_cannot_be_chosen(world: World) -> None:
    rolled = short_id(world.journal.actions[0].id)
    async with world.running() as agent:
        run = await unsure(world, agent)
        with pytest.raises(WrongStage):
            await agent.requests.choose(run.id, rolled, ALICE)


@pytest.mark.parametrize("wish", ["tests for rolling dice", "typo in the /roll help text"])
async def test_a_wish_never_becomes_the_repair_of_a_failure(world: World, wish: str) -> None:
    async with world.running() as agent:
        trigger = world.trigger(wish).but(text=f"fix the {wish}")
        run = await world.ended((await agent.request(trigger)).id)
    assert (run.status, world.engine.asked) == (Status.FAILED, [])
    assert run.reason.startswith("That is a change you wish for, and nothing that failed.")
    assert "`/change` takes the wish" in run.reason
