"""Wishes where no engine can write a change: kept through every way in, shown, and forgotten."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from tests.support.dev_channel import DevChannel, get_reply_text, open_dev_channel

WISH = "add a /coinflip command"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path) as opened:
        yield opened


async def votes(room: DevChannel) -> list[tuple[str, list[str]]]:
    """Return every wish with who wants it, the most wanted first."""
    wishes = await room.agent.wishes.list_requests()
    return [(wish.text, [each.name for each in wish.requesters]) for wish in wishes]


async def said(room: DevChannel, who: str, text: str, channel: str = "dev") -> Message:
    return await room[who].say(channel, text)


async def test_a_wish_in_words_is_kept_and_told_what_it_takes(room: DevChannel) -> None:
    told = await get_reply_text(room, await said(room, "alice", WISH))
    for part in ("need a model", "`wish:", "1 person", "`/capabilities`", "ANTHROPIC_API_KEY"):
        assert part in told
    assert await votes(room) == [(WISH, ["alice"])]
    assert await room.list_runs() == ()


async def test_everybody_has_a_wish_and_the_same_one_counts_each_once(room: DevChannel) -> None:
    await get_reply_text(room, await said(room, "alice", WISH))
    told = await get_reply_text(
        room,
        await said(room, "mallory", f"<@{room.local.bot_user_id}> can we have a coinflip command?"),
    )
    assert "2 people" in told
    assert "ANTHROPIC_API_KEY" not in told
    await get_reply_text(room, await said(room, "alice", "please add /coinflip"))
    assert await votes(room) == [(WISH, ["alice", "mallory"])]


@pytest.mark.parametrize("command", ["change", "fix"])
async def test_a_command_takes_a_wish_and_no_failure_is_taken_for_it(
    room: DevChannel, command: str
) -> None:
    told = await room["bob"].run("dev", command, what="add a /roll command with advantage")
    assert "`wish:" in await room.wait_for_answer("bob", told, "dev")
    assert await room.list_runs() == ()


@pytest.mark.parametrize("menu", ["Make this happen", "Fix this"])
async def test_of_somebody_elses_message_who_presses_has_the_wish(
    room: DevChannel, menu: str
) -> None:
    message = await said(room, "mallory", WISH, "general")
    told = await room["bob"].use_menu("general", menu, message)
    assert "`wish:" in await room.wait_for_answer("bob", told, "general")
    assert await votes(room) == [(WISH, ["bob"])]


async def test_a_message_without_a_word_is_no_wish(room: DevChannel) -> None:
    message = await said(room, "mallory", "🎲", "general")
    told = await room["bob"].use_menu("general", "Make this happen", message)
    assert "Tell me what to change" in await room.wait_for_answer("bob", told, "general")
    assert await votes(room) == []


async def test_what_it_can_do_and_what_is_wished_for_is_shown_to_everybody(
    room: DevChannel,
) -> None:
    for who, wish in (("alice", "add dark mode"), ("bob", WISH), ("mallory", WISH)):
        await room.wait_for_answer(who, await room[who].run("dev", "change", what=wish), "dev")
    for who in ("alice", "mallory"):
        shown = await room.wait_for_answer(who, await room[who].run("dev", "capabilities"), "dev")
        assert "`/change`" in shown
        assert ("`/fix`" in shown) == ("`Fix this`" in shown) == (who == "alice")
        assert ("more for people on my list" in shown) == (who == "mallory")
        assert "rules, without a model" in shown
        assert shown.index("2 people: “add a /coinflip") < shown.index("1 person: “add dark mode")
    told = await get_reply_text(
        room, await said(room, "alice", f"<@{room.local.bot_user_id}> what can you do?")
    )
    assert "2 people: “add a /coinflip" in told


async def test_words_of_a_wish_ring_nobody_and_mark_up_nothing(room: DevChannel) -> None:
    told = await room["mallory"].run("dev", "change", what="add **@everyone** to [x](http://x.y)")
    await room.wait_for_answer("mallory", told, "dev")
    shown = await room.wait_for_answer(
        "alice", await room["alice"].run("dev", "capabilities"), "dev"
    )
    assert "@everyone" not in shown
    assert "x](http" not in shown


async def test_a_wish_is_forgotten_by_its_key_in_words_and_by_command(room: DevChannel) -> None:
    await get_reply_text(room, await said(room, "alice", WISH))
    [wish] = await room.agent.wishes.list_requests()
    by_words = f"<@{room.local.bot_user_id}> forget wish:{wish.id}"
    assert (await get_reply_text(room, await said(room, "bob", by_words))).startswith(
        "Forgotten: the request"
    )
    assert await votes(room) == []
    asked = await room["bob"].run("dev", "memory forget", memory=f"wish:{wish.id}")
    gone = await room["bob"].wait_for(
        "dev", lambda m: m["id"] == asked["message"]["id"] and bool(m["content"])
    )
    assert gone["content"].startswith("I have no such request")


async def test_in_the_thread_of_a_run_words_of_change_revise_it(room: DevChannel) -> None:
    _, thread, _ = await room.request_proposal()
    await said(room, "alice", "add a test for 0d6", thread)
    await room["alice"].wait_for(thread, lambda m: "revis" in str(m).lower())
    assert await votes(room) == []


async def test_what_nothing_serves_is_noted_and_shown_without_names(room: DevChannel) -> None:
    for who in ("alice", "bob"):
        asked = await room[who].say(
            "dev", f"<@{room.local.bot_user_id}> connect the jira mcp server"
        )
        assert "I noted that you miss it" in (await room.wait_for_reply(who, asked))["content"]
    question = await room["dora"].say("dev", f"<@{room.local.bot_user_id}> what can't you do yet?")
    told = (await room.wait_for_reply("dora", question))["content"]
    assert "- 2 people, 2 times: “connect the jira mcp server” · it takes an MCP server" in told
    assert "alice" not in told
