"""Chatting with the whole bot: the real program, a scripted model, and a kill in the middle."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.small_bot_repository import SPIN
from tests.support.casts import make_claude_cast
from tests.support.page_reader import PageReader
from tests.support.small_bot_harness import SmallBotHarness, open_small_bot
from tests.twins.model import Turn, call_tool, fall_silent, say_text

pytestmark = pytest.mark.slow

FOUND = "The wheel of /spin broke once today, with an IndexError; nothing else did."
HALF = "I have been through all of the journal by now, and what stands out is"
WHOLE = "Nothing stands out, all in all it was a quiet afternoon."


async def answer(world: SmallBotHarness, who: PageReader, text: str) -> str:
    """Say it to the bot in the dev channel, and return its whole answer."""
    said = await who.person.say("dev", f"<@{world.discord.bot_user_id}> {text}")
    told = await who.person.wait_for(
        "dev", lambda m: answers(said, m) and not m["content"].endswith(" …"), timeout=30
    )
    return str(told["content"])


def answers(said: dict[str, Any], message: dict[str, Any]) -> bool:
    return bool((message.get("message_reference") or {}).get("message_id") == said["id"])


async def test_a_chat_looks_things_up_remembers_and_is_answered_once_whatever_is_killed(
    tmp_path: Path,
) -> None:
    voice: Sequence[Turn] = (
        call_tool("mcp__theseus__journal_search", text="spin"),
        say_text(FOUND),
        fall_silent(say_text(HALF)),
        say_text(WHOLE),
        say_text("You are welcome, any time."),
    )
    async with open_small_bot(tmp_path, make_claude_cast({"voice": voice})) as world:
        alice, model = world.alice, world.cast.model
        assert model is not None
        await world.break_command(SPIN)
        assert await answer(world, alice, "how was your day at the wheel") == FOUND
        [found] = model.list_tool_results("voice")
        assert "IndexError" in found.text

        said = await alice.person.say(
            "dev", f"<@{world.discord.bot_user_id}> and beside the wheel, anything curious"
        )
        await alice.person.wait_for(
            "dev", lambda m: answers(said, m) and m["content"] == f"{HALF} …", timeout=30
        )
        world.kill()
        await world.wait_until_restarted(2)
        whole = await alice.person.wait_for("dev", lambda m: m["content"] == WHOLE, timeout=30)
        told = [m for m in await alice.person.list_messages("dev") if answers(said, m)]
        assert [m["id"] for m in told] == [whole["id"]]
        again = model.list_requests("voice")[-1].text
        assert FOUND in again, "what was said before is told to the new program"

        assert "for the people on my list" in await answer(world, world.bob, "tell me a story")
        assert await answer(world, alice, "lovely, that was all") == "You are welcome, any time."
        assert world.list_runs() == []
        assert model.list_unused("voice") == []
        assert model.list_requests("reader"), "a model says first what a message asks for"
