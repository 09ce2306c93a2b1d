"""The Python client of the person side."""

import asyncio

import pytest
from local_discord.person import Person, PersonRefusedError
from local_discord.server import LocalDiscord

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_waiting_finds_what_is_there_and_what_comes(alice: Person) -> None:
    await alice.say("dev", "early")
    assert (await alice.wait_for("dev", lambda m: m["content"] == "early"))["content"] == "early"
    waiting = asyncio.create_task(alice.wait_for("dev", lambda m: m["content"] == "late"))
    said = await alice.say("dev", "not yet")
    await alice.edit("dev", said, "late")
    assert (await waiting)["id"] == said["id"]


async def test_waiting_in_vain_tells_what_was_there(alice: Person) -> None:
    await alice.say("dev", "hello")
    with pytest.raises(TimeoutError, match=r"0.1 s passed .* in dev; there were: alice: 'hello'"):
        await alice.wait_for("dev", lambda m: m["content"] == "never", timeout=0.1)


async def test_waiting_in_one_channel_is_not_disturbed_by_another(alice: Person) -> None:
    waiting = asyncio.create_task(alice.wait_for("dev", lambda m: m["content"] == "x"))
    await alice.say("general", "x")
    said = await alice.say("dev", "x")
    assert (await waiting)["id"] == said["id"]


async def test_an_unknown_channel_is_refused_at_once(alice: Person) -> None:
    with pytest.raises(PersonRefusedError, match="there is no 'nowhere'"):
        await alice.wait_for("nowhere", lambda _: True)


async def test_a_thread_is_waited_for(alice: Person, local: LocalDiscord) -> None:
    waiting = asyncio.create_task(alice.wait_for_thread("dev", lambda t: t["name"] == "talk"))
    body = {"user": "mallory", "channel": "dev", "name": "talk"}
    made = await alice.call("POST", "/local/threads", body)
    assert (await waiting)["id"] == made["id"]
