"""The grammar runs once for a message, wherever it is written."""

from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest

from bot.grammar import Intent, Setting, Utterance, parse
from cogs.conversation._message_reader import MessageReader
from tests.support.dev_channel import RUN_COGS, DevChannel, open_dev_channel

REQUEST = "rolling dice keeps crashing, fix it"


@pytest.fixture(params=[False, True], ids=["in a team", "alone with the bot"])
async def room(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(
        tmp_path, extensions=RUN_COGS, answers_unaddressed=request.param
    ) as opened:
        yield opened


async def say(room: DevChannel, text: str) -> discord.Message:
    """Post a message and return it as the client sees it."""
    posted = await room["alice"].say("dev", text)
    channel = room.client.get_channel(room.local.dev_channel_id)
    assert isinstance(channel, discord.TextChannel)
    return await channel.fetch_message(int(posted["id"]))


class CountedGrammar:
    """The grammar, and how often it ran."""

    def __init__(self) -> None:
        self.runs = 0

    def parse(self, text: str, setting: Setting) -> Utterance:
        self.runs += 1
        return parse(text, setting)


@pytest.mark.parametrize("addresses", [True, False])
async def test_a_message_is_parsed_once(room: DevChannel, addresses: bool) -> None:
    grammar = CountedGrammar()
    reader = MessageReader(room.client, grammar.parse)
    mention = f"<@{room.local.bot_user_id}> " if addresses else ""
    incoming = await reader.read(await say(room, mention + REQUEST))
    assert incoming is not None
    assert (incoming.request.intent, grammar.runs) == (Intent.FIX, 1)


async def test_a_missed_message_that_was_parsed_before_is_not_parsed_again(
    room: DevChannel,
) -> None:
    grammar = CountedGrammar()
    reader = MessageReader(room.client, grammar.parse)
    message = await say(room, REQUEST)
    first = await reader.read(message)
    assert first is not None
    again = await reader.read(message, utterance=first.request.utterance, missed=True)
    assert again is not None
    assert (again.request.utterance, grammar.runs) == (first.request.utterance, 1)


async def test_talk_where_only_the_bot_reads_is_not_for_it_unless_it_asks(
    room: DevChannel,
) -> None:
    reader, alone = MessageReader(room.client), room.client.identity.answers_unaddressed
    assert await reader.read(await say(room, "good morning")) is None
    question = await reader.read(await say(room, "what a morning, is it not?"))
    assert (question is not None) is alone
