"""If a thread is deleted or refuses messages, there is a second place for them."""

import asyncio
from pathlib import Path

import pytest

from bot.domain.errors import ChatRejected, NotAuthorized, WrongStage
from bot.domain.posts import Post
from bot.domain.run import Run, Stage, Status, Waiting
from tests.fakes.fake_chat import FakeChat
from tests.support.agent_harness import ALICE, BOB, DEV, MALLORY, AgentHarness
from tests.support.agent_under_test import AgentUnderTest


async def left_alone(world: AgentHarness, agent: AgentUnderTest) -> Run:
    """Return a run whose thread was deleted while it was at work, once it waits."""
    world.engine.hold()
    run = await agent.request(world.make_trigger())
    assert run.thread_id is not None
    world.chat.gone.add(run.thread_id)
    world.engine.release()
    return await world.wait_until(lambda now: now.waiting is Waiting.THREAD, run.id)


async def told_in(world: AgentHarness, channel: int, words: str) -> Post:
    """Return the post in a channel that contains this text, once it is there."""
    async with asyncio.timeout(10):
        while True:
            for said in world.chat.messages:
                if said.ref.channel_id == channel and words in said.post.text:
                    return said.post
            await world.clock.advance(0.1)


async def test_a_run_nobody_can_see_waits_where_it_needs_people_and_says_so_in_the_channel(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await left_alone(world, agent)
        told = await told_in(world, DEV, "nobody would see them")
        other = await world.propose_fix(agent)
    assert (run.stage, run.parked_until) == (Stage.SHIP, None)
    assert told.text.startswith(f"About `{run.id}`, fix **")
    assert [button.label for button in told.buttons] == ["Open a new thread", "Cancel"]
    assert other.thread_id != run.thread_id
    async with world.run_agent():
        await world.clock.advance(5)  # the next start survives it, and repeats no message
    assert (
        len([text for text in world.chat.list_texts(DEV) if "nobody would see them" in text]) == 1
    )


async def test_a_new_thread_is_opened_at_the_word_of_who_may_ask_and_the_proposal_is_there(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await left_alone(world, agent)
        with pytest.raises(NotAuthorized):
            await agent.requests.reopen(run.id, MALLORY)
        reopened = await agent.requests.reopen(run.id, ALICE)
        assert reopened.thread_id not in (None, run.thread_id)
        shown = await world.wait_until(lambda now: now.waiting is Waiting.APPROVAL, run.id)
        await agent.approve(world.build_approval(shown, BOB))
        done = await world.wait_until_ended(run.id)
        with pytest.raises(WrongStage, match="does not wait for that"):
            await agent.requests.reopen(run.id, ALICE)
    assert done.status is Status.DONE
    assert len(world.forge.merges) == 1


async def test_it_can_be_cancelled_and_that_is_said_where_people_are(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await left_alone(world, agent)
        await agent.cancel(run.id, ALICE)
        told = await told_in(world, DEV, "Cancelled by alice")
    assert told.buttons == ()


async def test_the_next_place_is_tried_until_one_takes_it(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.engine.hold()
    async with world.run_agent() as agent:
        run = await agent.request(world.make_trigger())
        assert run.thread_id is not None
        world.chat.gone |= {run.thread_id, DEV}
        world.engine.release()
        await told_in(world, -run.trigger.person.id, "nobody would see them")


async def test_a_run_that_cannot_be_taken_up_again_says_so_with_the_real_reason(
    tmp_path: Path,
) -> None:
    class NoCards(FakeChat):
        """Threads open, but take no card."""

        async def post(self, channel_id: int, post: Post, *, key: str) -> object:  # type: ignore[override]
            if key.endswith(":card"):
                raise ChatRejected("the card is too long")
            return await super().post(channel_id, post, key=key)

    world = AgentHarness(tmp_path)
    trigger = world.make_trigger()
    async with world.run_agent() as agent:
        made = await agent.request(trigger)
    half = await world.store.get(made.id)
    begun = {"stage": Stage.OBSERVE, "status": Status.WAITING, "waiting": Waiting.THREAD}
    await world.store.save(half.replace(**begun, card_id=None))
    world.chat = NoCards()
    async with world.run_agent():
        await told_in(world, DEV, "could not resume this run: I could not show my card in <#")
    ended = await world.store.get(made.id)
    assert (ended.status, "the card is too long" in ended.reason) == (Status.FAILED, True)
