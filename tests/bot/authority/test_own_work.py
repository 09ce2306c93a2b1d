"""Work that the bot starts by itself: limited, pausable, and never self-approved."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Autonomy
from bot.authority.policy import Act, authorize
from bot.domain.errors import NotAuthorized, OutOfBounds, Paused, WrongStage
from bot.domain.people import ITSELF, AllowList, PeopleList, Person, Place
from bot.domain.run import Goal, Status, Trigger
from bot.ports.agent import QuestionAsked
from tests.support.agent_harness import ALICE, DEV, DORA, FIX, GUILD, MALLORY, PEOPLE, AgentHarness
from tests.support.crash_point import CrashPoint, Killed

HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> AgentHarness:
    """Return a world with a fault in it, and two runs an hour at most."""
    world = AgentHarness(tmp_path)
    world.limits = replace(world.limits, autonomy=Autonomy(an_hour=2))
    return world


def own(world: AgentHarness, key: str = "incident:k7m2xq", *, goal: Goal = "fix") -> Trigger:
    """Return what an incident starts, told by a message in the dev channel."""
    message = world.chat.add_message(DEV)
    return Trigger(
        key=key,
        goal=goal,
        person=ITSELF,
        place=Place(channel_id=DEV, message_id=message.message_id, guild_id=GUILD),
        text="",
        subject="/roll",
        origin="incident",
        incident="k7m2xq",
        at=world.clock.now(),
    )


def told(world: AgentHarness) -> list[str]:
    """Return what was said in the dev channel itself."""
    return [said.post.text for said in world.chat.messages if said.ref.channel_id == DEV]


# ---------------------------------------------------------------------------------------- starting


async def test_fewer_runs_an_hour_count_at_once_and_more_than_were_granted_never(
    world: AgentHarness,
) -> None:
    agent = world.create_agent()
    assert agent.autonomy.reconfigure(Autonomy(an_hour=0)).an_hour == 0
    with pytest.raises(Paused, match=r"I start at most 0 runs an hour on my own"):
        await agent.start_itself(own(world))
    assert agent.autonomy.reconfigure(Autonomy(an_hour=9)).an_hour == 2
    for key in ("one", "two"):
        await agent.start_itself(own(world, key))
    with pytest.raises(Paused, match=r"I start at most 2 runs an hour on my own"):
        await agent.start_itself(own(world, "three"))
    assert "of 2 runs" in await agent.autonomy.format_vital_sign()


async def test_an_incident_starts_a_run_once_and_that_is_audited(world: AgentHarness) -> None:
    agent = world.create_agent()
    first, again = await asyncio.gather(*(agent.start_itself(own(world)) for _ in range(2)))
    assert first.id == again.id
    assert (first.trigger.origin, first.thread_id is not None) == ("incident", True)
    [entry] = await world.store.list_audit_entries()
    assert (entry.person, entry.allowed, entry.how) == (None, True, "incident")


async def test_no_more_than_so_many_an_hour_whatever_is_restarted(world: AgentHarness) -> None:
    keys = [f"incident:{number}" for number in range(12)]
    await world.create_agent().start_itself(own(world, keys[0]))
    agent = world.create_agent()
    results = await asyncio.gather(
        *(agent.start_itself(own(world, key)) for key in keys), return_exceptions=True
    )
    refused = [result for result in results if isinstance(result, Paused)]
    assert (len(refused), "2 runs an hour" in str(refused[0])) == (len(keys) - 2, True)
    with pytest.raises(Paused):
        await world.create_agent().start_itself(own(world, "incident:after-a-restart"))
    known = await world.create_agent().start_itself(
        own(world, keys[0])
    )  # that one is there already
    assert known.trigger.key == keys[0]
    await world.clock.advance(HOUR.total_seconds() + 1)
    assert await world.create_agent().start_itself(own(world, "incident:later"))


async def test_with_none_an_hour_nothing_is_started(world: AgentHarness) -> None:
    world.limits = replace(world.limits, autonomy=Autonomy(an_hour=0))
    with pytest.raises(Paused, match="an_hour"):
        await world.create_agent().start_itself(own(world))
    assert await world.store.find() == ()


async def test_where_nothing_can_be_confined_nothing_is_done_unasked(world: AgentHarness) -> None:
    why = "I cannot run commands in a sandbox on this machine: bubblewrap is not installed."
    world.limits = replace(world.limits, unconfined=why)
    agent = world.create_agent()
    with pytest.raises(Paused, match="bubblewrap is not installed"):
        await agent.start_itself(own(world))
    assert f"**Own work** ⛔ {why}" in await agent.format_vital_signs()
    assert await world.store.find() == ()


async def test_a_refusal_is_audited_once_however_often_it_is_tried(world: AgentHarness) -> None:
    agent = world.create_agent()
    await agent.autonomy.pause(ALICE)
    for _ in range(3):
        with pytest.raises(Paused):
            await agent.start_itself(own(world))
    refused = [entry for entry in await world.store.list_audit_entries() if not entry.allowed]
    assert [entry.note.count("incident") for entry in refused] == [1]


@pytest.mark.parametrize("disguise", [{"person": ALICE}, {"origin": "person"}])
async def test_what_a_person_asks_does_not_come_in_by_this_door(
    world: AgentHarness, disguise: dict[str, object]
) -> None:
    with pytest.raises(OutOfBounds):
        await world.create_agent().start_itself(own(world).replace(**disguise))


async def test_what_the_bot_starts_does_not_come_in_by_the_peoples_door(
    world: AgentHarness,
) -> None:
    with pytest.raises(NotAuthorized):
        await world.create_agent().request(own(world))


async def test_killed_at_any_moment_it_starts_once_and_a_pause_meanwhile_counts(
    tmp_path: Path,
) -> None:
    for moment in range(0, 60, 3):
        world = AgentHarness(tmp_path / str(moment))
        world.limits = replace(world.limits, autonomy=Autonomy(an_hour=1))
        trigger = own(world)
        with suppress(Killed):
            await world.create_agent(CrashPoint(moment)).start_itself(trigger)
        there = len(await world.store.find())
        agent = world.create_agent()
        await agent.autonomy.pause(ALICE)
        if not there:
            with pytest.raises(Paused, match="alice"):
                await agent.start_itself(trigger)
        await agent.autonomy.resume(ALICE)
        run = await agent.start_itself(trigger)
        assert [each.id for each in await world.store.find()] == [run.id], moment
        with pytest.raises(Paused, match="an hour"):
            await agent.start_itself(own(world, "incident:another"))


# ------------------------------------------------------------------------------ no word of its own


@pytest.mark.parametrize("act", list(Act))
def test_the_bot_itself_may_do_nothing_even_if_somebody_lists_it(act: Act) -> None:
    everybody = PeopleList(users=frozenset({ITSELF.id}), roles=frozenset({7}))
    people = AllowList(developers=everybody, approvers=everybody)
    disguised = Person(id=ITSELF.id, name="alice", role_ids=frozenset({7}))
    for person in (ITSELF, disguised):
        with pytest.raises(NotAuthorized):
            authorize(people, person, act)


async def test_a_run_of_its_own_waits_for_a_persons_word_like_any_other(
    world: AgentHarness,
) -> None:
    listed = PeopleList(users=PEOPLE.approvers.users | {ITSELF.id})
    world.limits = replace(world.limits, people=AllowList(approvers=listed))
    async with world.run_agent() as agent:
        run = await agent.start_itself(own(world))
        run = await world.wait_until_settled(run.id)
        assert (run.status, run.stage) == (Status.WAITING, "ship"), run.reason
        with pytest.raises(NotAuthorized):
            await agent.approve(world.build_approval(run, ITSELF))
        await world.clock.advance(30)
        assert (await world.store.get(run.id)).status is Status.WAITING
        opened = await world.forge.find(run.id)
        assert opened is not None
        assert opened.state == "open"
        await agent.approve(world.build_approval(run, ALICE))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


# ------------------------------------------------------------------------------- pause and resume


async def test_a_pause_says_who_why_and_until_when_and_outlives_a_restart(
    world: AgentHarness,
) -> None:
    until = world.clock.now() + HOUR
    await world.create_agent().autonomy.pause(ALICE, "we deploy the dice", until)
    [said] = told(world)
    assert "**alice** has paused my own work: we deploy the dice." in said
    assert f"<t:{until.timestamp():.0f}:R>" in said
    agent = world.create_agent()
    with pytest.raises(Paused, match="alice"):
        await agent.start_itself(own(world))
    [stop_guard] = [line for line in await agent.format_vital_signs() if "Own work" in line]
    assert "we deploy the dice" in stop_guard
    assert await agent.request(world.make_trigger())  # what people ask for is still done


async def test_a_pause_ends_by_itself_and_says_so_once(world: AgentHarness) -> None:
    agent = world.create_agent()
    await agent.autonomy.pause(ALICE, "", world.clock.now() + HOUR)
    await world.clock.advance(HOUR.total_seconds())
    assert await agent.autonomy.blocks.find_pause() is None
    assert await agent.start_itself(own(world))
    await agent.autonomy.look()
    await world.create_agent().autonomy.look()
    over = [text for text in told(world) if "has ended" in text]
    assert over == ["▶️ The pause of **alice** has ended; I have resumed my own work."]


async def test_resume_lifts_a_pause_and_is_said(world: AgentHarness) -> None:
    agent = world.create_agent()
    await agent.autonomy.pause(ALICE)
    await agent.autonomy.resume(DORA)
    assert await agent.autonomy.blocks.find_pause() is None
    assert told(world)[-1] == "▶️ **dora** has resumed my own work."
    with pytest.raises(WrongStage, match="not paused"):
        await agent.autonomy.resume(DORA)


async def test_who_is_not_listed_pauses_nothing_and_lifts_nothing(world: AgentHarness) -> None:
    agent = world.create_agent()
    for person in (MALLORY, ITSELF):
        with pytest.raises(NotAuthorized):
            await agent.autonomy.pause(person)
    await agent.autonomy.pause(ALICE)
    for person in (MALLORY, ITSELF):
        with pytest.raises(NotAuthorized):
            await agent.autonomy.resume(person)
    assert await agent.autonomy.blocks.find_pause() is not None


@pytest.mark.parametrize("off", [timedelta(0), -HOUR, timedelta(days=400)])
async def test_a_pause_ends_in_time_to_come(world: AgentHarness, off: timedelta) -> None:
    with pytest.raises(WrongStage):
        await world.create_agent().autonomy.pause(ALICE, "", world.clock.now() + off)
    assert told(world) == []


# ------------------------------------------------------------------------------------ how it reads


async def test_where_nobody_asked_nobody_is_named_or_rung(world: AgentHarness) -> None:
    asks = QuestionAsked(text="Should a face of 0 be refused?", default="Yes, refuse it.")
    world.engine.rounds = ([asks, FIX],)
    async with world.run_agent() as agent:
        trigger = own(world).replace(place=Place(channel_id=DEV, guild_id=GUILD))
        run = await agent.start_itself(trigger)
        assert told(world)[-1] == "Nobody asked me, but I work on a fix for: /roll"
        await world.wait_until(
            lambda now: bool(world.list_texts(now)[-1].startswith("❓ Should")), run.id
        )
        question = world.chat.messages[-1].post
        assert (question.notify, "<@" in question.text) == ((), False)
        await agent.answer(run.id, DORA, "refuse it")
        assert (await world.wait_until_settled(run.id)).stage == "ship"
