"""What is not there, not ours or not possible now is refused with Discord's own codes."""

import asyncio
from typing import Any

import pytest
from local_discord.world import Call, LocalPerson, World

UNKNOWN = 10**18


@pytest.fixture
def world() -> World:
    return World([LocalPerson("alice", listed=True)], guild_name="Theseus", channels=["dev"])


def ask(world: World, method: str, path: str, body: Any = None) -> tuple[int, int]:
    """Return the status and Discord's code, 0 where it is no error."""
    status, told = world.rest.answer(Call(method, path, body))
    return status, told["code"] if status >= 400 else 0


def said(world: World, content: str = "x") -> int:
    """Have alice say something."""
    alice = world.backend.users[world.people["alice"]]
    channel = world.backend.channels[world.channel_ids[0]]
    return int(world.actions.say(alice, channel, content).id)


def test_what_does_not_exist_is_unknown(world: World) -> None:
    here = f"/channels/{world.channel_ids[0]}"
    assert ask(world, "POST", f"/channels/{UNKNOWN}/messages", {"content": "x"}) == (404, 10003)
    assert ask(world, "GET", f"{here}/messages/{UNKNOWN}") == (404, 10008)
    assert ask(world, "PATCH", f"{here}/messages/{UNKNOWN}", {"content": "x"}) == (404, 10008)
    assert ask(world, "GET", f"/guilds/{UNKNOWN}") == (404, 10004)
    assert ask(world, "GET", f"/users/{UNKNOWN}") == (404, 10013)
    at = f"/guilds/{world.guild_id}/members/{UNKNOWN}"
    assert ask(world, "GET", at) == (404, 10007)
    message = f"{here}/messages/{said(world)}"
    assert ask(world, "PUT", f"{message}/reactions/nothing/@me") == (400, 10014)
    assert ask(world, "PUT", f"{message}/reactions/%F0%9F%91%80/@me") == (204, 0)
    assert ask(world, "DELETE", f"/applications/1/commands/{UNKNOWN}") == (404, 10063)


def test_anothers_message_cannot_be_edited(world: World) -> None:
    path = f"/channels/{world.channel_ids[0]}/messages/{said(world)}"
    assert ask(world, "PATCH", path, {"content": "mine now"}) == (403, 50005)


def test_a_message_has_one_thread(world: World) -> None:
    path = f"/channels/{world.channel_ids[0]}/messages/{said(world)}/threads"
    assert ask(world, "POST", path, {"name": "  "}) == (400, 50035)
    assert ask(world, "POST", path, {"name": "a run"}) == (201, 0)
    assert ask(world, "POST", path, {"name": "another"}) == (400, 160004)


def test_what_the_bot_may_not_do_is_told_apart_from_what_it_may_not_see(world: World) -> None:
    channel = world.channel_ids[0]
    deny = {"send": 1 << 11, "view": 1 << 10}
    path = f"/channels/{channel}/permissions/{world.guild_id}"
    put = {"type": 0, "allow": "0", "deny": str(deny["send"])}
    assert ask(world, "PUT", path, put)[0] == 204
    message = {"content": "x"}
    assert ask(world, "POST", f"/channels/{channel}/messages", message) == (403, 50013)
    put["deny"] = str(deny["view"])
    assert ask(world, "PUT", path, put)[0] == 204
    assert ask(world, "POST", f"/channels/{channel}/messages", message) == (403, 50001)


async def test_an_interaction_is_answered_once_and_in_time(world: World) -> None:
    rolled = [{"name": "roll", "description": "Roll dice"}]
    assert ask(world, "PUT", "/applications/1/commands", rolled)[0] == 200
    alice = world.backend.users[world.people["alice"]]
    channel = world.backend.channels[world.channel_ids[0]]
    record = world.interactions.run_command(alice, channel, "roll", {}, None)
    path = f"/interactions/{record.id}/{record.token}/callback"
    answer = {"type": 4, "data": {"content": "7"}}
    assert ask(world, "POST", path, {"type": 4, "data": {"content": "x" * 2_001}}) == (400, 50035)
    assert ask(world, "POST", path, answer) == (204, 0)
    assert ask(world, "POST", path, answer) == (400, 40060)
    assert ask(world, "POST", f"/interactions/{UNKNOWN}/x/callback", answer) == (404, 10062)
    late = world.interactions.run_command(alice, channel, "roll", {}, None)
    async with asyncio.timeout(10):
        told = await world.wait_for_outcome(late, reachable=False)
    assert told["result"] == "failed"
    path = f"/interactions/{late.id}/{late.token}/callback"
    assert ask(world, "POST", path, answer) == (404, 10062)
