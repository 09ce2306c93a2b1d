"""A channel that takes no thread: the run goes on in the dev channel, and both places say so."""

from pathlib import Path

import pytest

from bot.domain.errors import ChatRejected
from bot.domain.people import Place
from bot.domain.posts import MessageRef
from bot.domain.run import Trigger
from tests.fakes.fake_chat import FakeChat
from tests.support.agent_harness import DEV, AgentHarness

LOUNGE, FORUM, POST_IN_FORUM = 7_001, 7_002, 7_003


def asked_in(world: AgentHarness, place: Place) -> Trigger:
    return world.make_trigger().replace(place=place.replace(guild_id=1))


class MuteThreads(FakeChat):
    """Threads open below one channel, but take no message."""

    def __init__(self, mute: int) -> None:
        super().__init__()
        self._mute = mute

    async def open_thread(self, ref: MessageRef, name: str) -> int:
        thread = await super().open_thread(ref, name)
        if ref.channel_id == self._mute:
            self.gone.add(thread)
        return thread


async def test_a_request_in_a_voice_channel_goes_on_in_the_dev_channel(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    world.chat.threadless.add(LOUNGE)
    async with world.run_agent() as agent:
        trigger = asked_in(world, Place(channel_id=LOUNGE, message_id=12))
        run = await agent.request(trigger)
        assert (await agent.request(trigger)).id == run.id
    assert run.thread_id in {r.message_id for r in world.chat.thread_of if r.channel_id == DEV}
    [notice] = [said.post for said in world.chat.messages if said.ref.channel_id == LOUNGE]
    assert notice.text.startswith(f"I go on in <#{run.thread_id}>: I could not open a thread")
    assert notice.reply_to == 12
    [root] = [text for text in world.chat.list_texts(DEV) if f"<#{LOUNGE}>" in text]
    assert "**alice** asked me to fix" in root
    assert "no threads" in root


async def test_a_post_of_a_forum_is_answered_there_and_worked_on_in_the_dev_channel(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.chat.gone.add(FORUM)  # a forum takes posts, and no messages
    place = Place(channel_id=FORUM, thread_id=POST_IN_FORUM, message_id=12)
    async with world.run_agent() as agent:
        run = await agent.request(asked_in(world, place))
    [notice] = world.chat.list_texts(POST_IN_FORUM)
    assert f"<#{run.thread_id}>" in notice


async def test_a_thread_that_takes_no_card_is_left_for_one_in_the_dev_channel(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.chat = MuteThreads(LOUNGE)
    async with world.run_agent() as agent:
        run = await agent.request(asked_in(world, Place(channel_id=LOUNGE, message_id=12)))
    assert run.thread_id not in world.chat.gone
    [notice] = world.chat.list_texts(LOUNGE)
    assert "could not show my card" in notice


async def test_a_channel_that_takes_no_notice_either_does_not_keep_the_run_from_beginning(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.chat.gone.add(LOUNGE)
    async with world.run_agent() as agent:
        run = await agent.request(asked_in(world, Place(channel_id=LOUNGE, message_id=12)))
    assert run.thread_id is not None
    assert [text for text in world.chat.list_texts(DEV) if f"<#{LOUNGE}>" in text] != []


async def test_where_the_dev_channel_takes_no_thread_either_the_request_is_refused(
    tmp_path: Path,
) -> None:
    world = AgentHarness(tmp_path)
    world.chat.threadless |= {LOUNGE, DEV}
    async with world.run_agent() as agent:
        with pytest.raises(ChatRejected, match="could not open a thread"):
            await agent.request(asked_in(world, Place(channel_id=LOUNGE, message_id=12)))
    assert [said for said in world.chat.messages if said.ref.channel_id == LOUNGE] == []


async def test_a_deleted_message_still_gives_a_thread_in_its_own_channel(tmp_path: Path) -> None:
    world = AgentHarness(tmp_path)
    async with world.run_agent() as agent:
        run = await agent.request(asked_in(world, Place(channel_id=LOUNGE, message_id=None)))
    assert run.thread_id in {r.message_id for r in world.chat.thread_of if r.channel_id == LOUNGE}
