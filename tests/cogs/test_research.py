"""“research X and cite sources” in chat: who may ask, where, and what the answer looks like."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.research import DraftClaim, Passage, Quote, ResearchRules
from bot.research.answers import ResearchAnswers
from bot.research.library import ResearchLibrary
from tests.fakes.fake_research import FakeClaimWriter, FakeResearchSource
from tests.support.dev_channel import RUN_COGS, DevChannel, open_dev_channel

TEXT = "Requests of a bot are rate limited to 50 per second. Ask @everyone."
DOCS = Passage(
    kind="page",
    source="docs.example.org",
    version="read 2026-11-21",
    locator="Limits",
    url="https://docs.example.org/limits",
    text=TEXT,
)
ASKED = "research how requests are rate limited and cite sources"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        yield opened


def add_answers(room: DevChannel, *claims: DraftClaim) -> FakeResearchSource:
    source = FakeResearchSource([DOCS])
    library = ResearchLibrary([source], ResearchRules())
    writer = FakeClaimWriter(claims) if claims else None
    room.services.add(ResearchAnswers(library, room.world.clock, writer))
    return source


async def ask(room: DevChannel, who: str, channel: str = "dev") -> Message:
    said = await room[who].say(channel, f"<@{room.local.bot_user_id}> {ASKED}")
    return await room.wait_for_reply(who, said)


async def test_without_a_model_the_sources_are_quoted(room: DevChannel) -> None:
    add_answers(room)
    [embed] = (await ask(room, "dora"))["embeds"]
    assert embed["title"] == "Research: how requests are rate limited"
    assert "“Requests of a bot are rate limited to 50 per second." in embed["description"]
    assert (
        "[docs.example.org read 2026-11-21](https://docs.example.org/limits)"
        in (embed["description"])
    )
    assert "@everyone" not in embed["description"]


async def test_with_a_model_each_claim_has_its_source(room: DevChannel) -> None:
    quote = Quote(passage=1, text="Requests of a bot are rate limited to 50 per second")
    right = DraftClaim(text="Requests of a bot are limited to 50 per second.", quotes=(quote,))
    wrong = DraftClaim(text="Requests of a bot are limited to 500 per second.", quotes=(quote,))
    add_answers(room, right, wrong)
    [embed] = (await ask(room, "dora"))["embeds"]
    assert "**1.** Requests of a bot are limited to 50 per second." in embed["description"]
    assert "500" not in embed["description"]
    [dropped] = [each for each in embed["fields"] if each["name"].startswith("Not supported")]
    assert "the number 500 is not in its quote" in dropped["value"]


async def test_people_who_are_not_listed_cause_no_search(room: DevChannel) -> None:
    source = add_answers(room)
    answer = await ask(room, "mallory")
    assert "not on the list" in answer["content"]
    assert source.asked == []


async def test_in_a_public_channel_nothing_is_looked_up(room: DevChannel) -> None:
    source = add_answers(room)
    answer = await ask(room, "dora", "general")
    assert "the channel for my work" in answer["content"]
    assert source.asked == []


async def test_without_sources_it_says_so(room: DevChannel) -> None:
    assert "no sources" in (await ask(room, "dora"))["content"]
