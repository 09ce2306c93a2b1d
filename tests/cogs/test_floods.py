"""Who says very much at once is heard less; nobody else waits for it, and decisions are heard."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from local_discord.person import Message

from bot.domain.run import Status
from cogs.conversation._limits import LISTED, SIGN, STRANGERS
from tests.support.dev_channel import RUN_COGS, DevChannel, open_dev_channel, wait_for_message
from tests.support.failures import make_capsule, make_failure


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[DevChannel]:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS, per_person=5) as opened:
        yield opened


def replies(told: list[Message], said: list[Message]) -> list[str]:
    """Return what the bot answered to these messages."""
    ids = {each["id"] for each in said}
    to = ((each, (each.get("message_reference") or {}).get("message_id")) for each in told)
    return [str(each["content"]) for each, message_id in to if message_id in ids]


def signed(told: list[Message]) -> int:
    """Return how many messages bear the sign that they were read and not acted on."""
    signs = ([each["emoji"]["name"] for each in m.get("reactions") or ()] for m in told)
    return sum(SIGN in each for each in signs)


async def test_a_strangers_flood_is_answered_a_little_and_keeps_no_approver_waiting(
    room: DevChannel,
) -> None:
    _, thread, _ = await room.request_proposal()
    mention, began = f"<@{room.local.bot_user_id}>", room.client.clock.monotonic()
    said = [await room["mallory"].say("dev", f"{mention} fix number {n}") for n in range(60)]
    await room["alice"].say(thread, "ship it")
    await room.wait_until(lambda run: run.status is Status.DONE)
    seconds = room.client.clock.monotonic() - began  # in which some of it was there again
    told = replies(await room["alice"].list_messages("dev"), said)
    answers = [each for each in told if each.startswith("Sorry mallory")]
    assert STRANGERS.burst <= len(answers) <= STRANGERS.burst + seconds / STRANGERS.seconds + 1
    assert 1 <= len(told) - len(answers) <= len(answers) / 2, "it is said when it ends, once"
    assert len(await room.list_runs()) == 1


async def test_of_a_developers_requests_at_once_few_begin_and_all_are_answered(
    room: DevChannel,
) -> None:
    room.world.engine.hold()
    names = [f"roll-{letter}" for letter in "abcdefghijklmno"]
    for number, name in enumerate(names):
        error = make_capsule(fingerprint=f"{number:012x}")
        room.world.journal.append(make_failure(room.world.clock, error, name=name))
    said = [await room["dora"].say("dev", f"/{name} crashes, fix it") for name in names]
    async with asyncio.timeout(20):
        while True:
            told = await room["dora"].list_messages("dev")
            refused = replies(told, said)
            if len(await room.list_runs()) + len(refused) + signed(told) >= len(said):
                break
            await asyncio.sleep(0.05)
    assert len(await room.list_runs()) == 5
    assert all("from one person at once" in each for each in refused)
    assert 1 <= len(refused) < 10


async def test_who_said_too_much_ships_and_stops_all_the_same(room: DevChannel) -> None:
    _, thread, _ = await room.request_proposal()
    mention = f"<@{room.local.bot_user_id}>"
    for number in range(LISTED.burst * 3):
        await room["alice"].say("dev", f"{mention} hello {number}")
    await room["alice"].say(thread, "ship it")
    await room.wait_until(lambda run: run.status is Status.DONE)
    await room["alice"].say("dev", f"{mention} stop everything")
    assert "alice" in await wait_for_message(room, "⛔ Everything was stopped")
    assert "I act only on decisions such as ship, reject, cancel, stop" in await wait_for_message(
        room, "That is more than I accept"
    )
