"""Interactions while the bot is away, after it was restarted, and when it answers too late."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
import pytest_asyncio
from local_discord.person import Person, PersonRefusedError
from local_discord.server import LocalDiscord
from local_discord.world import RESPONSE_SECONDS
from local_discord_tests.people import people
from local_discord_tests.sample_bot import SampleBot, run_bot

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def hasty() -> AsyncIterator[LocalDiscord]:
    """Give a server that waits a tenth of the three seconds: for bots that never respond."""
    assert RESPONSE_SECONDS == 3.0
    server = LocalDiscord(people(), token="local-token", response_seconds=0.3)
    async with server:
        yield server


def interactions_of(bot: SampleBot) -> asyncio.Queue[discord.Interaction]:
    """Return a queue that gets each interaction as the bot reads it."""
    seen: asyncio.Queue[discord.Interaction] = asyncio.Queue()

    @bot.listen()
    async def on_interaction(interaction: discord.Interaction) -> None:
        seen.put_nowait(interaction)

    return seen


async def card(alice: Person) -> dict[str, Any]:
    await alice.say("dev", "card")
    return await alice.wait_for("dev", lambda message: message["content"] == "the card")


async def test_nobody_answers_while_no_bot_ever_came(local: LocalDiscord, alice: Person) -> None:
    with pytest.raises(PersonRefusedError, match="the bot has registered no command"):
        await alice.run("dev", "say", text="hi")


async def test_old_buttons_work_after_the_bot_was_restarted(
    local: LocalDiscord, alice: Person
) -> None:
    async with run_bot(SampleBot(), local):
        shown = await card(alice)
    async with run_bot(SampleBot(), local):
        told = await alice.press("dev", "card:ship", shown)
    assert told["message"]["content"] == "shipped by alice"


async def test_a_bot_that_does_not_answer_in_time_has_failed(
    hasty: LocalDiscord,
) -> None:
    async with Person(hasty.base_url, "alice") as alice, run_bot(SampleBot(), hasty):
        told = await alice.run("dev", "sleepy")
    assert told["result"] == "failed"
    assert told["error"] == "The application did not respond"


async def test_an_interaction_token_works_once(local: LocalDiscord, alice: Person) -> None:
    async with run_bot(SampleBot(), local) as bot:
        seen = interactions_of(bot)
        await alice.run("dev", "say", text="hi")
        again = discord.InteractionResponse(await seen.get())
        with pytest.raises(discord.HTTPException) as twice:
            await again.send_message("again")
    assert twice.value.code == 40060


async def test_an_interaction_token_does_not_work_after_its_time(hasty: LocalDiscord) -> None:
    async with Person(hasty.base_url, "alice") as alice, run_bot(SampleBot(), hasty) as bot:
        seen = interactions_of(bot)
        told = await alice.run("dev", "sleepy")
        assert told["result"] == "failed"
        asked = await seen.get()  # a slow machine's bot may read it only now
        with pytest.raises(discord.NotFound) as late:
            await asked.response.send_message("late")
    assert late.value.code == 10062
