"""A request that no failure is there for is answered where it was said: no run, no thread."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.ids import shorten_id
from bot.domain.run import Status
from tests.support.agent_harness import make_capsule, make_failure
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
)

SHOW = make_capsule(exception="TypeError", file="cogs/tags.py", function="show", fingerprint="tag")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as opened:
        opened.world.runtime.known = dict.fromkeys(("roll", "tag show", "juggle balls"), "x")
        yield opened


async def reply(room: DevChannel, who: str, text: str) -> Message:
    """Say it in the dev channel; return the bot's reply."""
    return await room.wait_for_reply(who, await room[who].say("dev", text))


@pytest.mark.parametrize("ask", ["the juggling is broken", "the juggling is broken, fix it"])
async def test_what_never_failed_is_answered_in_the_channel_and_opens_no_thread(
    room: DevChannel, ask: str
) -> None:
    told = await reply(room, "alice", ask)
    assert told["content"].startswith(
        "🔎 Nothing in my journal matches that. I looked for failures"
    )
    assert "“juggling”" in told["content"]
    assert "3 IndexErrors from /roll" in told["content"]
    assert (
        "a command that crashes, a command that became slow, and a wrong answer"
        in (told["content"])
    )
    assert list_labels(told) == [
        "/roll",
        "/juggle balls",
        "Not what I meant",
    ]  # what failed, then near
    assert await room.list_runs() == ()
    assert await room["alice"].list_threads("dev") == []
    [asked] = [
        e for e in await room.world.store.list_audit_entries() if "answered at once" in e.note
    ]
    assert (asked.action, asked.allowed, asked.person and asked.person.name) == (
        "ask", True, "alice",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("ask", "offered"),
    [
        ("/juggle balls 3 crashes, fix it", ["/roll"]),  # named, and idle: what failed is left
        ("the memory of the juggling is broken", ["/roll", "/juggle balls"]),
    ],
)
async def test_offered_is_what_failed_and_no_command_of_our_own(
    room: DevChannel, ask: str, offered: list[str]
) -> None:
    room.world.runtime.known["memory search"] = "memory"
    assert list_labels(await reply(room, "alice", ask)) == [*offered, "Not what I meant"]


async def test_the_button_of_a_command_asks_about_that_one_under_the_pressers_own_rights(
    room: DevChannel,
) -> None:
    told = await reply(room, "alice", "the juggling is broken, fix it")
    button = get_custom_id(told, "/juggle balls")
    refused = await room["mallory"].press("dev", button, told)
    assert (await room.wait_for_answer("mallory", refused, "dev")).startswith("Sorry mallory")
    pressed = await room["alice"].press("dev", button, told)
    answer = await room.wait_for_answer("alice", pressed, "dev")
    assert "/juggle balls has not failed in that time." in answer
    assert await room.list_runs() == ()
    fails = make_failure(room.world.clock, SHOW.replace(fingerprint="jug"), name="juggle balls")
    room.world.journal.append(fails)
    pressed = await room["alice"].press("dev", button, told)
    assert (await room.wait_for_answer("alice", pressed, "dev")).startswith("On it: <#")
    run = await room.wait_until(lambda run: run.stage != "observe")
    assert (run.goal, run.trigger.subject) == ("fix", "/juggle balls")


async def test_which_failure_is_meant_is_asked_in_the_channel_and_the_press_begins_the_run(
    room: DevChannel,
) -> None:
    room.world.journal.append(make_failure(room.world.clock, SHOW, name="tag show"))
    newest = shorten_id(room.world.journal.actions[-1].id)
    told = await reply(room, "alice", "the tag colours dont work, look into it")
    assert told["content"].startswith("❓ I am not sure which failure you mean.")
    assert list_labels(told) == ["/tag show: TypeError", "Not what I meant"]
    assert await room.list_runs() == ()
    pressed = await room["alice"].press("dev", get_custom_id(told, "/tag show: TypeError"), told)
    assert (await room.wait_for_answer("alice", pressed, "dev")).startswith("On it: <#")
    run = await room.wait_until(lambda run: run.status is Status.DONE)
    assert (run.goal, run.trigger.error_id) == ("investigate", newest)


async def test_a_command_that_asks_about_nothing_known_is_answered_to_who_used_it(
    room: DevChannel,
) -> None:
    told = await room["alice"].run("dev", "investigate", what="juggling")
    assert "Nothing in my journal matches that" in await room.wait_for_answer("alice", told, "dev")
    assert await room.list_runs() == ()


async def test_what_was_fixed_already_is_said_in_the_channel(room: DevChannel) -> None:
    run, thread, _ = await room.request_proposal()
    await room["alice"].say(thread, "ship it")
    await room.wait_until(lambda now: now.id == run.id and now.status is Status.DONE)
    told = await reply(room, "bob", "rolling dice keeps crashing, fix it")
    assert told["content"].startswith("✅ The IndexError of /roll was fixed in")
    assert len(await room.list_runs()) == 1
