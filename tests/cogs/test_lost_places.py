"""Guild or dev channel deleted during a run, and events that arrive twice or in another order."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.domain.run import Run, Status, Waiting
from tests.support.dev_channel import get_custom_id
from tests.support.restartable_channel import RestartableChannel, open_channel

REPORT = "rolling dice keeps crashing, fix it"
UNKNOWN_CHANNEL = 10003


@pytest.fixture
async def bay(tmp_path: Path) -> AsyncIterator[RestartableChannel]:
    async with open_channel(tmp_path) as opened:
        yield opened


async def plant(bay: RestartableChannel, **fault: Any) -> None:
    await bay["alice"].call("POST", "/local/faults", fault)


async def dispatch(bay: RestartableChannel, event: str, data: Mapping[str, Any]) -> None:
    await plant(bay, kind="gateway_dispatch", event=event, data=data)


async def wait_for_run(bay: RestartableChannel) -> Run:
    """Return the only run once its card is there."""
    found: tuple[Run, ...] = ()
    async with asyncio.timeout(10):
        while not found or found[0].card_id is None:
            await asyncio.sleep(0.01)
            found = await bay.world.store.find()
    return found[0]


def list_failures(bay: RestartableChannel, known: int) -> list[tuple[str, str]]:
    """Return what has failed, with its exception, leaving out the first records."""
    new = bay.world.journal.actions[known:]
    return [(each.name, each.error.exception) for each in new if each.error is not None]


async def delete_channels(bay: RestartableChannel, run: Run) -> None:
    for channel in (bay.local.dev_channel_id, run.thread_id):
        await plant(bay, status=404, code=UNKNOWN_CHANNEL, path=f"/channels/{channel}*", times=None)


@pytest.mark.parametrize("deleted", ["guild", "channel"])
async def test_deleted_during_a_run_it_waits_and_goes_on_where_people_say(
    deleted: str, bay: RestartableChannel
) -> None:
    guild, dev = str(bay.local.guild_id), str(bay.local.dev_channel_id)
    world = bay.world
    world.engine.hold()
    known = len(world.journal.actions)
    async with bay.run_bot():
        await bay.wait_until_settled()
        await bay["alice"].say("dev", REPORT)
        run = await wait_for_run(bay)
        await delete_channels(bay, run)
        if deleted == "guild":
            await dispatch(bay, "GUILD_DELETE", {"id": guild})
        else:
            gone = {"id": dev, "type": 0, "guild_id": guild, "name": "dev", "position": 0}
            await dispatch(bay, "CHANNEL_DELETE", gone)
        world.engine.release()
        waiting = await world.wait_until(lambda now: now.waiting is Waiting.THREAD, run.id)
        told = await bay["alice"].wait_for("@alice", lambda m: "nobody would see" in m["content"])
        assert run.id in told["content"]
    assert (waiting.status, world.forge.merges) == (Status.WAITING, [])
    await bay["alice"].call("DELETE", "/local/faults")
    async with bay.run_bot():
        await bay.wait_until_settled()
        await bay["alice"].press("@alice", get_custom_id(told, "Open a new thread"), told)
        again = await world.wait_until(lambda now: now.waiting is Waiting.APPROVAL, run.id)
        assert again.thread_id not in (None, run.thread_id)
        # The press is answered after that, and cannot be once the bot has left.
        await bay["alice"].wait_for("@alice", lambda m: True, after=told["id"])
    failed = list_failures(bay, known)
    assert [(name, error.rpartition(".")[2]) for name, error in failed] == [("propose", "NotFound")]


async def test_events_that_come_twice_and_late_are_one_request(bay: RestartableChannel) -> None:
    async with bay.run_bot():
        await bay.wait_until_settled()
        said = await bay["alice"].say("dev", REPORT)
        await wait_for_run(bay)
        guild = {"guild_id": str(bay.local.guild_id)}
        for event in ("MESSAGE_UPDATE", "MESSAGE_CREATE", "MESSAGE_CREATE"):
            await dispatch(bay, event, {**said, **guild})
        last = await bay["alice"].say("dev", f"{bay.mention} status")
        await bay.wait_for_answer("dev", last)
        assert len(await bay.world.store.find()) == 1


async def test_what_belongs_to_a_message_may_come_before_it(bay: RestartableChannel) -> None:
    known = len(bay.world.journal.actions)
    async with bay.run_bot():
        await bay.wait_until_settled()
        place = {"channel_id": str(bay.local.dev_channel_id), "guild_id": str(bay.local.guild_id)}
        later = str(int((await bay["alice"].say("general", "hello"))["id"]) + 1)
        alice = str(dict(bay.local.people)["alice"])
        emoji = {"id": None, "name": "👍"}
        reaction = {**place, "message_id": later, "user_id": alice, "emoji": emoji, "type": 0}
        await dispatch(bay, "MESSAGE_REACTION_ADD", reaction)
        await dispatch(bay, "MESSAGE_DELETE", {**place, "id": later})
        thread = {"id": later, "guild_id": place["guild_id"], "parent_id": place["channel_id"]}
        await dispatch(bay, "THREAD_DELETE", {**thread, "type": 11})
        asked = await bay["alice"].say("dev", f"{bay.mention} status")
        assert "not working on anything" in await bay.wait_for_answer("dev", asked)
    assert list_failures(bay, known) == []
