"""A proposal is saved before people see its card; the card comes once, whatever comes between."""

import asyncio
from pathlib import Path

import pytest

from bot.authority.approvals import ApprovalRequest
from bot.domain.errors import StaleApproval
from bot.domain.history import History
from bot.domain.posts import MessageRef, Post
from bot.domain.run import Run, Status, Waiting
from tests.fakes.fake_chat import FakeChat, PostedMessage
from tests.support.agent_harness import ALICE, AgentHarness
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint, Killed


def card_in(world: AgentHarness) -> PostedMessage | None:
    """Return the proposal card in the chat, if there is one."""
    cards = [said for said in world.chat.messages if ":proposal:" in said.key]
    assert len(cards) <= 1
    return cards[0] if cards else None


async def shown_by_half(world: AgentHarness, agent: AgentUnderTest) -> tuple[Run, PostedMessage]:
    """Return a run whose card is in the chat, which has not confirmed it yet."""
    world.engine.hold()
    run = await agent.request(world.make_trigger())
    await world.wait_until(lambda now: now.stage == "execute", run.id)
    world.chat.hold()
    world.engine.release()
    async with asyncio.timeout(10):
        while (card := card_in(world)) is None:
            await world.clock.advance(0.25)
    return await world.store.get(run.id), card


def press(world: AgentHarness, run: Run, card: PostedMessage, head: str) -> ApprovalRequest:
    """Return what alice's press of the card's button asks for."""
    return world.build_approval(run, how="button", card_id=card.ref.message_id, head=head)


async def history_of(world: AgentHarness) -> History:
    """Return what the only run has recorded."""
    [run] = await world.store.find()
    return await world.store.get_history(run.id)


async def test_when_people_see_the_card_the_run_waits_for_their_word_already(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run, card = await shown_by_half(world, agent)
        assert run.waiting is Waiting.APPROVAL
        proposal = (await world.store.get_history(run.id)).proposal
        assert proposal is not None
        assert proposal.head[:7] in str(card.post.card)
        pressed = asyncio.create_task(agent.approve(press(world, run, card, proposal.head)))
        await asyncio.sleep(0)
        world.chat.release()
        _, approval, ships = await pressed
        assert (approval.head, ships) == (proposal.head, True)
        assert (await world.wait_until_ended(run.id)).status is Status.DONE


async def test_what_was_said_before_the_card_was_there_approves_nothing(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        said = world.chat.add_message(0)
        run, _ = await shown_by_half(world, agent)
        word = asyncio.create_task(
            agent.approve(world.build_approval(run, said_id=said.message_id))
        )
        await asyncio.sleep(0)
        world.chat.release()
        with pytest.raises(StaleApproval, match="older than the newest card"):
            await word
    assert world.forge.merges == []


async def test_a_card_that_comes_after_its_run_was_cancelled_offers_nothing(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run, card = await shown_by_half(world, agent)
        cancelled = asyncio.create_task(agent.cancel(run.id, ALICE))
        await world.wait_until(lambda now: now.has_ended, run.id)
        world.chat.release()
        await cancelled
    assert {button.action for button in card.post.buttons if not button.disabled} == {"plan", ""}


class FatalChat(FakeChat):
    """A chat in which posting the proposal card ends the program."""

    def __init__(self, fuse: CrashPoint, *, said: bool) -> None:
        super().__init__()
        self._fuse = fuse
        self._said = said

    async def post(self, channel_id: int, post: Post, *, key: str) -> MessageRef:
        """End the program at the card: before it is posted, or after, without an answer."""
        fatal = ":proposal:" in key and self._fuse.after is None
        if fatal:
            self._fuse.after = self._fuse.hits
        if fatal and not self._said:
            raise Killed
        return await super().post(channel_id, post, key=key)


@pytest.mark.parametrize("said", [False, True], ids=["not said", "said"])
async def test_killed_between_saving_and_showing_it_shows_the_card_once_at_the_next_start(
    tmp_path: Path, said: bool
) -> None:
    world, fuse = AgentHarness(tmp_path), CrashPoint()
    world.chat = FatalChat(fuse, said=said)
    async with world.run_agent(fuse) as agent:
        await agent.request(world.make_trigger())
        async with asyncio.timeout(10):
            while fuse.after is None:
                await world.clock.advance(0.25)
    saved = (await history_of(world)).proposal
    assert saved is not None
    assert saved.card_id is None
    assert (card_in(world) is not None) == said
    async with world.run_agent() as agent:
        [run] = await world.store.find()
        run = await world.wait_until_settled(run.id)
        card, shown = card_in(world), (await history_of(world)).proposal
        assert card is not None
        assert shown == saved.replace(card_id=card.ref.message_id)
        await agent.approve(press(world, run, card, saved.head))
        assert (await world.wait_until_ended(run.id)).status is Status.DONE
    assert len(world.forge.merges) == 1
