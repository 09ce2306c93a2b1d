"""What every set of chat tools promises: they do what their person may, and refuse what not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.authority.policy import Act
from bot.domain.errors import NotAuthorized
from bot.grammar import Intent, Setting, Utterance
from bot.intake.message import Message
from bot.ports.chat_model import ChatTools
from cogs.conversation._attachments import Attached
from cogs.conversation._chat_tools import SpeakerTools
from cogs.conversation._content import MessageContent
from cogs.conversation._incoming_message import IncomingMessage
from cogs.ui import ClientHost, get_person, place_of
from tests.fakes.fake_chat_tools import FakeChatTools
from tests.support.dev_channel import DevChannel, open_dev_channel


@dataclass
class Glove:
    """Chat tools for anybody: `alice` is listed, `mallory` is not."""

    of: Callable[[str], Awaitable[ChatTools]]
    room: DevChannel | None = None


async def _fake(who: str) -> ChatTools:
    return FakeChatTools(who, listed=who != "mallory")


@pytest.fixture(params=["fake", "speaker's"])
async def glove(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Glove]:
    async with AsyncExitStack() as stack:
        if request.param == "fake":
            yield Glove(_fake)
            return
        room = await stack.enter_async_context(open_dev_channel(tmp_path))

        async def of(who: str) -> ChatTools:
            said = await room[who].say("dev", "I wonder")
            channel = room.client.get_channel(room.local.dev_channel_id)
            message = await channel.fetch_message(int(said["id"]))  # type: ignore[union-attr]
            person, talk = get_person(room.client, message.author), Utterance(intent=Intent.CHAT)
            heard = Message(
                message.id,
                "I wonder",
                person,
                place_of(message),
                message.created_at,
                talk,
                ClientHost(room.client, message),
            )
            content = MessageContent("I wonder", None, Attached())
            return SpeakerTools(
                room.client, IncomingMessage(message, heard, content, Setting(addressed=True))
            )

        yield Glove(of, room)


async def test_for_who_is_listed_they_do_it_and_say_what_became_of_it(glove: Glove) -> None:
    chat_tools = await glove.of("alice")
    assert await chat_tools.get_status()
    assert await chat_tools.ask("what did you change this week?")
    await chat_tools.read()
    assert "alice" in await chat_tools.investigate("rolling dice")
    other = await glove.of("alice")
    assert "alice" in await other.fix("rolling dice")
    if glove.room is not None:
        assert [run.goal for run in await glove.room.list_runs()] == ["fix", "investigate"]


@pytest.mark.parametrize("who", ["alice", "mallory"])
async def test_a_wish_is_taken_from_anybody_and_begins_nothing(glove: Glove, who: str) -> None:
    assert "wish" in await (await glove.of(who)).change("add a /coinflip command")
    if glove.room is not None:
        assert await glove.room.list_runs() == ()
        [wish] = await glove.room.agent.wishes.list_requests()
        assert [each.name for each in wish.requesters] == [who]


async def test_who_is_not_listed_is_refused_politely_and_nothing_is_done(glove: Glove) -> None:
    chat_tools = await glove.of("mallory")
    for act in (
        chat_tools.fix("dice"),
        chat_tools.investigate("dice"),
        chat_tools.ask("what did you change this week?"),
        chat_tools.get_status(),
        chat_tools.read(),
    ):
        with pytest.raises(NotAuthorized, match=r"^Sorry mallory, you are not on the list"):
            await act
    if glove.room is not None:
        assert await glove.room.list_runs() == ()
        acts = (Act.ASK, Act.ASK, Act.READ, Act.READ, Act.READ)
        assert await glove.room.list_refused() == [("mallory", act) for act in acts]
