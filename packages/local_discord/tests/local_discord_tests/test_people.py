"""The person side by itself: what the page and every check outside rely on."""

import asyncio
import random
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from local_discord.person import Person, PersonRefusedError
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.people import page_token_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_world_shows_guild_channels_and_people(
    local: LocalDiscord, alice: Person
) -> None:
    world = await alice.get_world()
    assert world["guild"] == {"id": str(local.guild_id), "name": "Theseus"}
    assert world["bot"] == {"id": str(local.bot_user_id), "name": "Theseus", "online": False}
    shown = [(c["name"], c["type"]) for c in world["channels"]]
    assert shown == [("dev", 0), ("general", 0), ("@alice", 1), ("@bob", 1), ("@mallory", 1)]
    assert world["channels"][0]["id"] == str(local.dev_channel_id)
    assert [(u["name"], u["listed"], u["bot"]) for u in world["users"]] == [
        ("alice", True, False),
        ("bob", True, False),
        ("mallory", False, False),
        ("Theseus", False, True),
    ]
    assert [u["id"] for u in world["users"]][:1] == [str(local.people["alice"])]
    assert [r["name"] for r in world["roles"]] == ["approvers"]


@pytest.mark.parametrize("user", ["alice", "@alice", "Alice", "id", "number"])
@pytest.mark.parametrize("channel", ["dev", "#dev", "id", "number"])
async def test_people_and_channels_go_by_name_or_id(
    local: LocalDiscord, alice: Person, user: str, channel: str
) -> None:
    people = {"id": str(local.people["alice"]), "number": local.people["alice"]}
    places = {"id": str(local.dev_channel_id), "number": local.dev_channel_id}
    body = {"user": people.get(user, user), "channel": places.get(channel, channel)}
    said = await alice.call("POST", "/local/messages", {**body, "content": "hi"})
    assert said["author"]["username"] == "alice"
    assert said["channel_id"] == str(local.dev_channel_id)


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("messages", {"user": "eve", "channel": "dev", "content": "x"}, 404,
         "user: there is no 'eve' here; there are alice, bob, mallory"),
        ("messages", {"user": "alice", "channel": "nope", "content": "x"}, 404,
         "channel: there is no 'nope'; there are dev, general"),
        ("messages", {"channel": "dev", "content": "x"}, 400, "user: missing"),
        ("messages", {"user": "alice", "channel": "dev"}, 400, "content: a message needs text"),
        ("messages", {"user": "alice", "channel": "dev", "content": "x" * 2001}, 400,
         "content: 2001 characters"),
        ("messages", {"user": "alice", "channel": "dev", "content": "x", "reply_to": "7"}, 404,
         "reply_to: there is no message '7' in dev"),
        ("messages", {"user": "Theseus", "channel": "dev", "content": "x"}, 403,
         "user: Theseus is the bot"),
        ("messages", {"user": ["alice"], "channel": "dev", "content": "x"}, 400, "user: give an"),
        ("reactions", {"user": "alice", "channel": "dev", "message": "7", "emoji": "✅"}, 404,
         "message: there is no message '7'"),
        ("threads", {"user": "alice", "channel": "dev", "name": ""}, 400, "name:"),
        ("nope", {}, 404, "see the REFERENCE.md of local_discord"),
    ],
)  # fmt: skip
async def test_a_mistake_is_answered_with_the_key_and_the_way_out(
    alice: Person, path: str, body: dict[str, Any], status: int, sentence: str
) -> None:
    with pytest.raises(PersonRefusedError) as refused:
        await alice.call("POST", f"/local/{path}", body)
    assert refused.value.status == status
    assert sentence in str(refused.value)


async def test_a_body_that_is_no_json_object_is_refused(local: LocalDiscord) -> None:
    async with aiohttp.ClientSession() as http:
        for body in (b"{", b"[]", b'"x"', b"\xff"):
            async with http.post(local.base_url + "/local/messages", data=body) as response:
                assert response.status == 400
                assert "object" in (await response.json())["error"]


async def test_nothing_a_page_can_send_breaks_the_server(
    local: LocalDiscord, alice: Person
) -> None:
    said = await alice.say("dev", "x")
    odd = ["alice", "dev", 1, -1, None, True, [], {}, [1], {"id": "x"}, said["id"], "", "✅", 1.5]
    odd += ["9" * 40, 10**30, "²", {"name": "x", "options": 3}, {"custom_id": "x", "fields": True}]
    keys = "content reply_to attachments nonce message emoji remove name command component modal"
    keys += " autocomplete options values option value target fields"
    chance = random.Random(7)
    for number in range(300):
        body = {key: chance.choice(odd) for key in keys.split() if chance.random() < 0.3}
        body |= {"user": "alice", "channel": "dev"} if number % 5 else {}
        for path in ("messages", "reactions", "threads", "interactions"):
            try:
                await alice.call("POST", f"/local/{path}", body)
            except PersonRefusedError as refused:
                assert refused.status < 500, (path, body, refused)


async def test_only_an_emoji_or_its_name_is_a_reaction(alice: Person) -> None:
    said = await alice.say("dev", "x")
    for emoji in ("🚢", ":white_check_mark:", "ship", "1️⃣", "<:party:123456>"):
        await alice.react("dev", said, emoji)
    with pytest.raises(PersonRefusedError, match="'shipit' is not known"):
        await alice.react("dev", said, "shipit")
    names = [r["emoji"]["name"] for r in (await alice.list_messages("dev"))[0]["reactions"]]
    assert names == ["🚢", "✅", "1️⃣", "party"]


async def test_nobody_changes_the_message_of_another(alice: Person, mallory: Person) -> None:
    said = await alice.say("dev", "mine")
    with pytest.raises(PersonRefusedError, match="not mallory's own"):
        await mallory.edit("dev", said, "theirs")
    with pytest.raises(PersonRefusedError, match="not mallory's own"):
        await mallory.delete("dev", said)


async def test_a_nonce_posts_a_persons_message_once(alice: Person) -> None:
    body = {"user": "alice", "channel": "dev", "content": "once", "nonce": "page-1"}
    both = await asyncio.gather(
        alice.call("POST", "/local/messages", body), alice.call("POST", "/local/messages", body)
    )
    assert both[0]["id"] == both[1]["id"]
    assert len(await alice.list_messages("dev")) == 1


async def test_messages_can_be_paged(alice: Person) -> None:
    said = [await alice.say("dev", str(number)) for number in range(6)]
    path = "/local/channels/dev/messages"
    newest = await alice.call("GET", f"{path}?limit=2")
    assert [m["content"] for m in newest] == ["4", "5"]
    part = await alice.call("GET", f"{path}?after={said[0]['id']}&before={said[3]['id']}")
    assert [m["content"] for m in part] == ["1", "2"]
    later = await alice.wait_for("dev", lambda _: True, after=said[2]["id"])
    assert later["content"] == "3"
    with pytest.raises(PersonRefusedError, match="limit: give a number"):
        await alice.call("GET", f"{path}?limit=many")


async def test_events_are_streamed_in_order_and_replayed(
    local: LocalDiscord, alice: Person
) -> None:
    start = (await alice.get_world())["last_event_id"]
    said = await alice.say("dev", "one")
    await alice.edit("dev", said, "two")
    await alice.react("dev", said, "✅")
    await alice.react("dev", said, "✅", remove=True)
    await alice.call("POST", "/local/threads", _act(name="talk", message=said["id"]))
    await alice.call("POST", "/local/typing", _act())
    await alice.delete("dev", said)
    names = []
    async for event in alice.stream_events(start):
        names.append(event["type"])
        if event["type"] == "message_delete":
            break
    assert names == [
        "hello",
        "message_create",
        "message_update",
        "reaction_add",
        "reaction_remove",
        "thread_create",
        "message_update",
        "typing",
        "message_delete",
    ]


async def test_a_stream_continues_from_the_last_event_id_header(
    local: LocalDiscord, alice: Person
) -> None:
    start = (await alice.get_world())["last_event_id"]
    for number in range(3):
        await alice.say("dev", str(number))
    headers = {"Last-Event-ID": str(start + 1)}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(local.base_url + "/local/events") as response,
    ):
        assert response.headers["Content-Type"] == "text/event-stream"
        raw = b""
        while raw.count(b"event: message_create") < 2:
            raw += await asyncio.wait_for(response.content.readany(), 5)
    lines = raw.decode().splitlines()
    assert [line for line in lines if line.startswith("id:")] == [
        f"id: {start + 1}",
        f"id: {start + 2}",
        f"id: {start + 3}",
    ]


async def test_a_stream_asked_for_something_unknown_says_reset(alice: Person) -> None:
    events = alice.stream_events(1)
    assert [(await anext(events))["type"], (await anext(events))["type"]] == ["reset", "hello"]
    await events.aclose()  # type: ignore[attr-defined]


async def test_a_page_of_another_origin_can_do_nothing(local: LocalDiscord) -> None:
    body = {"user": "alice", "channel": "dev", "content": "ship it"}
    url = local.base_url + "/local/messages"
    async with aiohttp.ClientSession() as http:
        foreign = {"Origin": "https://evil.example"}
        async with http.post(url, json=body, headers=foreign) as response:
            assert response.status == 403
        rebound = {"Host": "evil.example", "Origin": "http://evil.example"}
        async with http.post(url, json=body, headers=rebound) as response:
            assert response.status == 403
        own = {"Origin": local.base_url, "X-Page-Token": await page_token_of(local)}
        async with http.post(url, json=body, headers=own) as response:
            assert response.status == 200
        for path in ("/", "/local/world", "/static/js/main.js", "/api/v10/gateway"):
            async with http.get(local.base_url + path) as response:  # a click on it in a frame
                assert response.headers["X-Frame-Options"] == "DENY", path
                assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin", path


async def test_a_file_never_runs_as_a_page(local: LocalDiscord, alice: Person) -> None:
    page = {"filename": "x.html", "content": "<script>alert(1)</script>"}
    said = await alice.say("dev", "", attachments=[page])
    async with (
        aiohttp.ClientSession() as http,
        http.get(said["attachments"][0]["url"]) as response,
    ):
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_caller_adds_routes_and_the_port_must_be_free() -> None:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    people = [LocalPerson("ann", listed=True)]
    extra = [web.get("/pulls/1", hello)]
    async with LocalDiscord(people, token="t", extra_routes=extra) as local:
        url = local.base_url + "/pulls/1"
        async with aiohttp.ClientSession() as http, http.get(url) as response:
            assert await response.text() == "hello"
        with pytest.raises(OSError, match="address already in use"):
            async with LocalDiscord(people, token="t", port=local.port):
                pass


def _act(**more: Any) -> dict[str, Any]:
    return {"user": "alice", "channel": "dev", **more}
