"""Taking the world back to its start, for the next test of a module."""

from typing import Any

import pytest
from local_discord.person import Person, PersonRefusedError
from local_discord.server import LocalDiscord
from local_discord_tests.sample_bot import SampleBot, run_bot

pytestmark = pytest.mark.asyncio(loop_scope="module")


def lasting(world: dict[str, Any]) -> dict[str, Any]:
    return {key: told for key, told in world.items() if key != "last_event_id"}


async def test_whatever_happened_is_gone_and_ids_stay(local: LocalDiscord, alice: Person) -> None:
    before = await alice.get_world()
    said = await alice.say("dev", "hello", attachments=[{"filename": "a.txt", "content": "a"}])
    await alice.say("@alice", "in private")
    thread = await alice.call(
        "POST", "/local/threads", {"user": "alice", "channel": "dev", "name": "t", "message": said}
    )
    await alice.say(thread["id"], "in the thread")
    for fault in ({"status": 502}, {"kind": "uninvited"}):
        await alice.call("POST", "/local/faults", fault)
    local.leave("mallory")
    local.reset()
    assert lasting(await alice.get_world()) == lasting(before)
    assert await alice.list_messages("dev") == await alice.list_messages("@alice") == []
    assert await alice.list_threads("dev") == []
    assert (await alice.call("GET", "/local/faults"))["faults"] == []
    with pytest.raises(PersonRefusedError, match="404"):
        await alice.list_messages(thread["id"])
    with pytest.raises(PersonRefusedError, match="404: there is no attachment"):
        await alice.call("GET", said["attachments"][0]["url"].removeprefix(local.base_url))


async def test_what_happens_after_one_reset_is_gone_after_the_next(
    local: LocalDiscord, alice: Person
) -> None:
    for _ in range(2):
        await alice.say("dev", "once")
        assert [each["content"] for each in await alice.list_messages("dev")] == ["once"]
        local.reset()


async def test_a_page_is_told_to_load_again_and_goes_on(local: LocalDiscord, alice: Person) -> None:
    events = alice.stream_events()
    assert (await anext(events))["type"] == "hello"
    local.reset()
    await alice.say("dev", "after")
    assert (await anext(events))["type"] == "reset"
    assert (await anext(events))["message"]["content"] == "after"


async def test_a_connected_bot_goes_on_with_its_commands_and_sees_the_guild_as_it_is(
    local: LocalDiscord, alice: Person
) -> None:
    async with run_bot(SampleBot(), local) as bot:
        said = await alice.say("dev", "hello")
        await bot.wait_until(lambda: bot.received)
        await bot.received[0].create_thread(name="to be gone")
        local.leave("bob")
        local.reset()
        await alice.say("dev", "echo again", reply_to=None)
        await alice.wait_for("dev", lambda m: m["content"] == "again")
        guild = bot.get_guild(local.guild_id)
        assert guild is not None
        assert not guild.threads
        assert guild.get_member(local.people["bob"]) is not None
        assert (await alice.run("dev", "say", text="hi"))["message"]["content"] == "hi"
        with pytest.raises(PersonRefusedError, match="404: message: there is no message"):
            await alice.react("dev", said, "✅")


async def test_a_bot_that_left_is_forgotten_with_its_commands_and_session(
    local: LocalDiscord, alice: Person
) -> None:
    async with run_bot(SampleBot(), local):
        await alice.call("POST", "/local/faults", {"kind": "gateway_refuse", "times": None})
        await alice.call("POST", "/local/faults", {"kind": "gateway_drop"})
    local.reset()
    assert (await alice.call("GET", "/local/commands"))["commands"] == []
    with pytest.raises(PersonRefusedError, match="none yet"):
        await alice.run("dev", "say", text="hi")
    assert not (await alice.get_world())["bot"]["online"]
    async with run_bot(SampleBot(), local):
        assert (await alice.run("dev", "say", text="hi"))["message"]["content"] == "hi"
