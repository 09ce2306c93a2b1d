"""The REST front: tokens, exact headers, network faults, what discord.py makes of them."""

import asyncio
from typing import Any

import aiohttp
import discord
import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord
from local_discord_tests.sample_bot import SampleBot, run_bot

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUTH = {"Authorization": "Bot local-token"}


async def ask(
    local: LocalDiscord, method: str, path: str, body: Any = None, headers: Any = None
) -> tuple[int, Any, Any]:
    async with (
        aiohttp.ClientSession(headers=AUTH if headers is None else headers) as http,
        http.request(method, local.api_url + path, json=body) as response,
    ):
        return response.status, await response.json(content_type=None), response.headers


def dev(bot: SampleBot, local: LocalDiscord) -> discord.TextChannel:
    channel = bot.get_channel(local.dev_channel_id)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_json_is_answered_with_exactly_that_content_type(local: LocalDiscord) -> None:
    status, body, headers = await ask(local, "GET", "/users/@me")
    assert (status, body["username"]) == (200, "Theseus")
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bot wrong"}])
async def test_without_the_token_everything_is_401(
    local: LocalDiscord, headers: dict[str, str]
) -> None:
    status, body, _ = await ask(local, "GET", "/users/@me", headers=headers)
    assert (status, body) == (401, {"message": "401: Unauthorized", "code": 0})
    path = f"/channels/{local.dev_channel_id}/messages"
    assert (await ask(local, "POST", path, {"content": "x"}, headers))[0] == 401


async def test_the_gateway_is_named(local: LocalDiscord) -> None:
    assert (await ask(local, "GET", "/gateway", headers={}))[1] == {"url": local.gateway_url}
    status, body, _ = await ask(local, "GET", "/gateway/bot")
    assert (status, body["url"], body["shards"]) == (200, local.gateway_url, 1)


@pytest.mark.malformed_requests
async def test_malformed_requests_are_400_and_unknown_things_404(local: LocalDiscord) -> None:
    path = f"/channels/{local.dev_channel_id}/messages"
    async with (
        aiohttp.ClientSession(headers=AUTH) as http,
        http.post(
            local.api_url + path, data=b"{nope", headers={"Content-Type": "application/json"}
        ) as response,
    ):
        assert response.status == 400
    assert (await ask(local, "POST", path, {}))[0] == 400
    assert (await ask(local, "POST", path, {"content": "x" * 2001}))[0] == 400
    assert (await ask(local, "POST", path, {"content": "x", "nonce": "n" * 26}))[0] == 400
    assert (await ask(local, "GET", "/channels/1/messages"))[0] == 404
    assert (await ask(local, "GET", "/channels/x/messages"))[0] == 400
    assert (await ask(local, "GET", "/no/such/route"))[0] == 501


async def test_a_rate_limit_is_waited_out_by_discord_py(local: LocalDiscord, alice: Person) -> None:
    async with run_bot(SampleBot(), local) as bot:
        wanted = {"status": 429, "retry_after": 0.1, "path": "/channels/*/messages", "times": 2}
        planted = await alice.call("POST", "/local/faults", wanted)
        assert planted["kind"] == "status"
        await dev(bot, local).send("patient")
    assert [m["content"] for m in await alice.list_messages("dev")] == ["patient"]
    assert await alice.call("GET", "/local/faults") == {"faults": []}


async def test_a_server_error_is_retried_by_discord_py(local: LocalDiscord, alice: Person) -> None:
    async with run_bot(SampleBot(), local) as bot:
        await alice.call("POST", "/local/faults", {"status": 502, "method": "post"})
        await dev(bot, local).send("again")
    assert [m["content"] for m in await alice.list_messages("dev")] == ["again"]


async def test_a_swallowed_answer_and_a_nonce_send_one_message(
    local: LocalDiscord, alice: Person
) -> None:
    async with run_bot(SampleBot(), local) as bot:
        await alice.call("POST", "/local/faults", {"kind": "swallow", "path": "/messages"})
        with pytest.raises(aiohttp.ClientError):
            await dev(bot, local).send("card", nonce="run-1")
        await dev(bot, local).send("card", nonce="run-1")
        # A 502 after the fact: discord.py itself sends again, with the same nonce.
        await alice.call("POST", "/local/faults", {"kind": "swallow", "status": 502})
        await dev(bot, local).send("second", nonce="run-2")
    assert [m["content"] for m in await alice.list_messages("dev")] == ["card", "second"]


async def test_a_cut_request_performs_nothing(local: LocalDiscord, alice: Person) -> None:
    async with run_bot(SampleBot(), local) as bot:
        await alice.call("POST", "/local/faults", {"kind": "cut", "path": "/messages"})
        with pytest.raises(aiohttp.ClientError):
            await dev(bot, local).send("lost")
    assert await alice.list_messages("dev") == []


async def test_answers_can_be_delayed(local: LocalDiscord, alice: Person) -> None:
    await alice.call("POST", "/local/faults", {"seconds": 0.2, "times": None})
    started = asyncio.get_running_loop().time()
    await ask(local, "GET", "/users/@me")
    assert asyncio.get_running_loop().time() - started >= 0.2
    [fault] = (await alice.call("GET", "/local/faults"))["faults"]
    assert await alice.call("DELETE", f"/local/faults/{fault['id']}") == {"faults": []}


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "flood"}, "kind: 'flood' is unknown; the kinds are status"),
        ({}, "kind: None is unknown"),
        ({"kind": "status"}, "status: give the status"),
        ({"status": "many"}, "must be numbers"),
    ],
)
async def test_a_wrong_fault_is_explained(
    alice: Person, fault: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Exception, match=sentence):
        await alice.call("POST", "/local/faults", fault)


async def test_single_commands_can_be_added_changed_and_removed(local: LocalDiscord) -> None:
    path = f"/applications/{local.bot_user_id}/guilds/{local.guild_id}/commands"
    new = {"name": "ping", "description": "Ping", "type": 1}
    status, made, _ = await ask(local, "POST", path, new)
    assert (status, made["name"]) == (200, "ping")
    await ask(local, "PATCH", f"{path}/{made['id']}", {"description": "Pong"})
    assert (await ask(local, "GET", path))[1][0]["description"] == "Pong"
    assert (await ask(local, "GET", f"{path}/{made['id']}"))[0] == 200
    assert (await ask(local, "DELETE", f"{path}/{made['id']}"))[0] == 204
    assert (await ask(local, "GET", path))[1] == []


async def test_history_is_read_back_newest_first_and_paged(
    local: LocalDiscord, alice: Person
) -> None:
    for number in range(5):
        await alice.say("dev", str(number))
    async with run_bot(SampleBot(), local) as bot:
        read = [m.content async for m in dev(bot, local).history(limit=3)]
        [first] = [m async for m in dev(bot, local).history(limit=1, oldest_first=True)]
        later = [m.content async for m in dev(bot, local).history(after=first)]
    assert read == ["4", "3", "2"]
    assert later == ["1", "2", "3", "4"]


@pytest.mark.malformed_requests
async def test_members_are_searched_by_the_start_of_their_name(local: LocalDiscord) -> None:
    at = f"/guilds/{local.guild_id}/members/search"
    status, found, _ = await ask(local, "GET", f"{at}?query=AL&limit=10")
    assert (status, [each["user"]["username"] for each in found]) == (200, ["alice"])
    assert (await ask(local, "GET", f"{at}?query=zed"))[1] == []
    assert (await ask(local, "GET", at))[0] == 400


async def test_a_bot_nobody_has_invited_sees_no_guild(local: LocalDiscord, alice: Person) -> None:
    guild = f"/guilds/{local.guild_id}"
    fault = await alice.call("POST", "/local/faults", {"kind": "uninvited"})
    assert (await ask(local, "GET", "/users/@me/guilds"))[:2] == (200, [])
    assert (await ask(local, "GET", guild))[0] == 404
    await alice.call("DELETE", f"/local/faults/{fault['id']}")
    _, guilds, _ = await ask(local, "GET", "/users/@me/guilds")
    assert [each["id"] for each in guilds] == [str(local.guild_id)]
    assert (await ask(local, "GET", guild))[0] == 200
