"""While people edit the code, the bot does not change it, and says so once for each case."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.errors import Paused
from bot.domain.people import ITSELF, Person, Place
from bot.domain.run import Run, Stage, Status, Trigger
from tests.support.agent_harness import (
    ALICE,
    DEV,
    DORA,
    GUILD,
    AgentHarness,
    make_capsule,
    make_failure,
)
from tests.support.agent_under_test import AgentUnderTest

EDITED: dict[str, str | bytes | None] = {"cogs/dice.py": "half way\n"}


@pytest.fixture
def world(tmp_path: Path) -> AgentHarness:
    """Return a world in which dev mode is looked for."""
    world = AgentHarness(tmp_path)
    world.limits = replace(world.limits, dev_mode=True)
    return world


def own(world: AgentHarness, *, person: Person = ITSELF) -> Trigger:
    """Return what an incident starts about the newest failure."""
    newest = world.journal.actions[-1]
    return Trigger(
        key=f"incident:{newest.id}",
        goal="fix",
        person=person,
        place=Place(channel_id=DEV, guild_id=GUILD),
        text="",
        subject="/roll",
        error_id=newest.id,
        origin="incident",
        incident="k7m2xq",
        at=world.clock.now(),
    )


def told(world: AgentHarness) -> list[str]:
    """Return what was said in the dev channel about pauses."""
    texts = [said.post.text for said in world.chat.messages if said.ref.channel_id == DEV]
    return [text for text in texts if text[:1] in "⏸▶"]


async def looks(agent: AgentUnderTest, world: AgentHarness, seconds: float) -> None:
    """Let that time pass, with a look every five seconds."""
    for _ in range(int(seconds // 5)):
        await world.clock.advance(5)
        await agent.autonomy.look()


# ------------------------------------------------------------------------------------ the checkout


async def test_a_dirty_checkout_stops_what_nobody_asked_for_at_once(world: AgentHarness) -> None:
    agent = world.create_agent()
    world.checkout.edit(EDITED)
    with pytest.raises(Paused, match=r"Dev mode .*cogs/dice\.py"):
        await agent.start_itself(own(world))
    assert await agent.request(world.make_trigger())  # people may ask all the same


async def test_a_diverged_checkout_does_as_well(world: AgentHarness) -> None:
    world.checkout.diverged = True
    with pytest.raises(Paused, match="`main` at the forge lacks"):
        await world.create_agent().start_itself(own(world))


async def test_settings_of_this_place_are_no_work_on_the_code(world: AgentHarness) -> None:
    world.checkout.edit({"data/config.yaml": "people: {}\n", ".env": "X=1\n"})
    assert await world.create_agent().start_itself(own(world))


async def test_it_begins_and_ends_with_a_word_each(world: AgentHarness) -> None:
    agent = world.create_agent()
    world.checkout.edit(EDITED)
    await looks(agent, world, 120)
    [begun] = told(world)
    assert "uncommitted changes in `cogs/dice.py`" in begun
    assert "when that is over" in begun
    world.checkout.edited.clear()
    await looks(agent, world, 120)
    assert told(world)[1:] == [
        "▶️ No one is working on my code any more; I have resumed my own work."
    ]
    assert await agent.start_itself(own(world))


async def test_the_end_of_one_pause_does_not_hide_another(world: AgentHarness) -> None:
    agent = world.create_agent()
    world.checkout.edit(EDITED)
    await looks(agent, world, 60)
    await agent.autonomy.pause(ALICE, "we deploy", world.clock.now() + timedelta(hours=1))
    world.checkout.edited.clear()
    await looks(agent, world, 90)
    begins = (
        "▶️ No one is working on my code any more, but: **alice** has paused my own work: we deploy."
    )
    assert told(world)[-1].startswith(begins)
    world.checkout.edit(EDITED)
    await world.clock.advance(3_600)
    await agent.autonomy.look()
    assert told(world)[-1].startswith(
        "▶️ The pause of **alice** has ended, but: Dev mode has paused"
    )


async def test_a_change_that_comes_and_goes_is_not_told_again_and_again(
    world: AgentHarness,
) -> None:
    agent = world.create_agent()
    for _ in range(20):
        world.checkout.edit(EDITED)
        await looks(agent, world, 20)
        world.checkout.edited.clear()
        await looks(agent, world, 20)
    assert told(world) == []
    world.checkout.edit(EDITED)
    await looks(agent, world, 60)
    for _ in range(20):
        world.checkout.edited.clear()
        await looks(agent, world, 40)
        world.checkout.edit(EDITED)
        await looks(agent, world, 40)
    assert len(told(world)) == 1


async def test_a_restart_in_the_middle_of_it_says_nothing_twice(world: AgentHarness) -> None:
    world.checkout.edit(EDITED)
    for _ in range(5):
        await looks(world.create_agent(), world, 60)
    assert len(told(world)) == 1
    world.checkout.edited.clear()
    agent = world.create_agent()
    with pytest.raises(Paused):  # it may be edited again in a moment
        await agent.start_itself(own(world))
    await looks(agent, world, 90)
    assert len(told(world)) == 2


async def test_looking_is_cheap(world: AgentHarness) -> None:
    agent = world.create_agent()
    await looks(agent, world, 300)
    assert world.checkout.looks <= 300 / 15 + 1


async def test_health_says_what_people_are_doing(world: AgentHarness) -> None:
    world.checkout.edit(EDITED)
    signs = "\n".join(await world.create_agent().format_vital_signs())
    assert "**Own work** ⏸️ Dev mode has paused my own work: uncommitted changes" in signs


# ------------------------------------------------------------------------------------ the branches


async def test_a_branch_on_the_same_files_keeps_the_bot_from_them_alone(
    world: AgentHarness,
) -> None:
    world.checkout.worked_on["faster-dice"] = ("cogs/dice.py", "cogs/polls.py")
    agent = world.create_agent()
    with pytest.raises(Paused, match=r"`faster-dice` changes `cogs/dice\.py` too"):
        await agent.start_itself(own(world))
    elsewhere = make_capsule(file="cogs/reminders.py", fingerprint="other")
    world.journal.append(make_failure(world.clock, elsewhere, name="remind"))
    assert await agent.start_itself(own(world))
    await looks(agent, world, 120)
    assert told(world) == []


# -------------------------------------------------------------------------------- what is under way


async def held(world: AgentHarness, agent: AgentUnderTest) -> Run:
    """Return a run of the bot's own that met a pause before its next stage."""
    run = await agent.start_itself(own(world))
    await agent.autonomy.pause(ALICE, "we deploy")
    return await world.wait_until(
        lambda now: now.status is Status.WAITING and now.is_parked, run.id
    )


async def test_a_pause_holds_own_runs_before_their_next_stage_and_resume_lets_them_go(
    world: AgentHarness,
) -> None:
    async with world.run_agent() as agent:
        run = await held(world, agent)
        assert run.stage is not Stage.SHIP
        assert "we deploy" in run.reason
        await world.clock.advance(3_600)
        assert [text for text in world.list_texts(run) if "Held" in text] == [run.reason]
        assert await world.forge.find(run.id) is None
        await agent.autonomy.resume(DORA)
        run = await world.wait_until_settled(run.id)
        assert (run.stage, run.status) == (Stage.SHIP, Status.WAITING)


async def test_a_held_run_stays_held_through_a_restart(world: AgentHarness) -> None:
    async with world.run_agent() as agent:
        run = await held(world, agent)
    async with world.run_agent() as agent:
        await world.clock.advance(60)
        assert (await world.store.get(run.id)).status is Status.WAITING
        assert len([text for text in world.list_texts(run) if "Held" in text]) == 1
        await agent.autonomy.resume(ALICE)
        assert (await world.wait_until_settled(run.id)).stage is Stage.SHIP


async def test_a_pause_stops_neither_what_people_ask_nor_what_they_approved(
    world: AgentHarness,
) -> None:
    async with world.run_agent() as agent:
        run = await agent.start_itself(own(world))
        run = await world.wait_until_settled(run.id)
        await agent.autonomy.pause(ALICE)
        asked = await world.propose_fix(agent)
        assert asked.trigger.person == ALICE
        await agent.approve(world.build_approval(run, ALICE))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_a_run_that_a_person_starts_again_is_theirs(world: AgentHarness) -> None:
    async with world.run_agent() as agent:
        run = await agent.start_itself(own(world))
        await agent.cancel(run.id, ALICE)
        await agent.autonomy.pause(ALICE)
        again = await agent.retry(run.id, DORA)
        assert (again.trigger.person, again.trigger.origin) == (DORA, "person")
        assert (await world.wait_until_settled(run.id)).stage is Stage.SHIP
