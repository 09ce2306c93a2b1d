"""What models cost, asked for by command and in words; and chatting when nothing is left."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from local_discord.person import Message

from bot.domain.account import Account, Charge
from bot.domain.budget import BudgetRules, Cap
from bot.ports.chat_model import ChatModel
from tests.fakes.fake_charts import PNG
from tests.fakes.fake_chat_model import FakeChatModel
from tests.support.agent_harness import DORA, AgentHarness
from tests.support.chat_clients import fetch_pictures
from tests.support.dev_channel import DevChannel, open_dev_channel


def poor(folder: Path) -> AgentHarness:
    """Return a world where a dollar may be spent in a day."""
    world = AgentHarness(folder)
    world.budget = BudgetRules(day=Cap(usd=1.0))
    return world


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, make_harness=poor) as opened:
        opened.services.add(FakeChatModel(), ChatModel)
        yield opened


async def spend(room: DevChannel, usd: float) -> None:
    """Have dora spend so much today."""
    charge = Charge(
        id=f"c{len(room.world.ledger.bodies)}",
        at=room.world.clock.now(),
        account=Account(purpose="chat", person_id=DORA.id),
        model="claude-sonnet",
        status=200,
        outcome="ok",
        cost_usd=usd,
    )
    await room.world.ledger.charge(charge)


def reports(messages: list[Message]) -> list[dict[str, Any]]:
    return [m for m in messages if m["embeds"] and m["embeds"][0]["title"] == "What models cost"]


async def said_to(room: DevChannel, who: str, text: str, channel: str = "dev") -> Message:
    """Say it to the bot; return its answer."""
    return await room.wait_for_reply(
        who, await room[who].say(channel, f"<@{room.local.bot_user_id}> {text}")
    )


async def test_listed_people_are_shown_the_budget_with_a_chart_in_the_dev_channel(
    room: DevChannel,
) -> None:
    await spend(room, 0.25)
    told = await room["mallory"].run("dev", "budget")
    assert (await room.wait_for_answer("mallory", told, "dev")).startswith("Sorry mallory")
    told = await room["dora"].run("general", "budget")
    assert (await room.wait_for_answer("dora", told, "general")).startswith("Please use this in <#")
    told = await room["dora"].run("dev", "budget")
    done = f"I posted what models cost in <#{room.local.dev_channel_id}>, for everyone there."
    assert await room.wait_for_answer("dora", told, "dev") == done
    (report,) = reports(await room["dora"].list_messages("dev"))
    assert "**Today** $0.25 of $1.00 (25%)" in report["embeds"][0]["description"]
    (picture,) = await fetch_pictures(report)
    assert picture.startswith(PNG)


async def test_in_words_no_model_is_asked_and_no_cap_is_changed(room: DevChannel) -> None:
    await spend(room, 0.25)
    told = await said_to(room, "dora", "how much have we spent?")
    assert len(reports([told])) == 1
    told = await said_to(room, "alice", "raise the budget to $500")
    assert told["content"].startswith("The caps are set under `budget`")
    assert (await said_to(room, "mallory", "budget"))["content"].startswith("Sorry mallory")
    elsewhere = await said_to(room, "dora", "budget", "general")
    assert elsewhere["content"].startswith("Please ask me in <#")
    chat_model = room.client.chat_model
    assert isinstance(chat_model, FakeChatModel)
    assert chat_model.turns == []


async def test_without_a_budget_chat_is_by_rules_and_says_so_once(room: DevChannel) -> None:
    await spend(room, 1.0)
    first = await said_to(room, "alice", "what do you make of the weather")
    assert "Today's budget is used up: $1.00 of $1.00" in first["content"]
    assert "<t:" in first["content"]
    second = await said_to(room, "alice", "and of the tides")
    assert "budget" not in second["content"]
    chat_model = room.client.chat_model
    assert isinstance(chat_model, FakeChatModel)
    assert chat_model.turns == []
