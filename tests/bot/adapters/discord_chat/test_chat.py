"""Messages reach Discord exactly once: through outages, crashes, cancellation, many at once."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson
from local_discord_tests.sample_bot import run_bot
from local_discord_tests.trust import trust_programs
from theseus_observe.redaction import redact

from bot.adapters.discord_chat import DiscordChat
from bot.adapters.sqlite_store import SqliteOutbox
from bot.domain.errors import ChatRejected, StoreError
from bot.domain.posts import Attachment, Button, Card, MessageRef, Post
from bot.ports.outbox import Pending
from tests.fakes.fake_clock import FakeClock
from tests.support.broken_states import forbid_writing
from tests.support.chat_clients import (
    SkippingClock,
    list_contents,
    make_client,
    open_chat,
    run_chat,
)

SEND = {"method": "POST", "path": "/channels/*/messages"}


@pytest.fixture
async def local() -> AsyncIterator[LocalDiscord]:
    people = [LocalPerson("alice", listed=True), LocalPerson("bob", listed=False)]
    trust = trust_programs()
    async with LocalDiscord(people, token="local-token", page_token=trust) as server:
        yield server


@pytest.fixture
async def alice(local: LocalDiscord) -> AsyncIterator[Person]:
    async with Person(local.base_url, "alice") as person:
        yield person


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[SqliteOutbox]:
    async with SqliteOutbox(tmp_path / "theseus.sqlite3") as opened:
        yield opened


@pytest.fixture
async def client(local: LocalDiscord) -> AsyncIterator[discord.Client]:
    async with run_bot(make_client(), local) as client:
        yield client


@pytest.fixture
async def chat(client: discord.Client, outbox: SqliteOutbox) -> AsyncIterator[DiscordChat]:
    async with run_chat(client, outbox) as chat:
        yield chat


async def plant(alice: Person, **fault: Any) -> None:
    await alice.call("POST", "/local/faults", fault)


async def said(alice: Person) -> list[str]:
    return list_contents(await alice.list_messages("dev"))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "status", "status": 429, "retry_after": 0.05}, id="rate limit"),
        pytest.param(
            {"kind": "status", "status": 429, "retry_after": 0.05, "global": True}, id="global"
        ),
        pytest.param({"kind": "status", "status": 503, "times": 3}, id="unavailable"),
        pytest.param({"kind": "cut", "times": 2}, id="cut before"),
        pytest.param({"kind": "swallow", "times": 2}, id="cut after"),
        pytest.param({"kind": "swallow", "status": 503}, id="done but 503"),
    ],
)
async def test_what_fails_on_the_way_arrives_once(
    local: LocalDiscord, chat: DiscordChat, alice: Person, fault: dict[str, Any]
) -> None:
    await plant(alice, **SEND, **fault)
    ref = await chat.post(local.dev_channel_id, Post(text="hello"), key="1")
    await chat.post(local.dev_channel_id, Post(text="later"), key="2")
    assert await said(alice) == ["hello", "later"]
    assert str(ref.message_id) == (await alice.list_messages("dev"))[0]["id"]


@pytest.mark.parametrize("lost", [1, 2, 3])
async def test_every_part_of_a_split_message_arrives_once(
    local: LocalDiscord, chat: DiscordChat, alice: Person, lost: int
) -> None:
    words = [f"word{n}" for n in range(700)]
    await plant(alice, **SEND, kind="swallow", times=lost)
    post = Post(text=" ".join(words), attachments=(Attachment(name="a.txt", text="whole"),))
    await chat.post(local.dev_channel_id, post, key="1")
    parts = await said(alice)
    assert " ".join(parts).split() == words
    assert len(parts) > 2
    assert len((await alice.list_messages("dev"))[0]["attachments"]) == 1


async def test_five_at_once_in_two_channels_keep_their_order(
    local: LocalDiscord, chat: DiscordChat, alice: Person
) -> None:
    world = await alice.get_world()
    general = next(int(c["id"]) for c in world["channels"] if c["name"] == "general")
    await plant(alice, **SEND, kind="cut", times=4)

    async def poster(who: int) -> None:
        for number in range(5):
            for channel in (local.dev_channel_id, general):
                key = f"{who}:{number}:{channel}"
                await chat.post(channel, Post(text=f"{who} {number}"), key=key)

    await asyncio.gather(*(poster(who) for who in range(5)))
    for channel in ("dev", "general"):
        told = list_contents(await alice.list_messages(channel))
        assert len(told) == len(set(told)) == 25
        for who in range(5):
            own = [text for text in told if text.startswith(f"{who} ")]
            assert own == [f"{who} {number}" for number in range(5)]


async def test_a_channel_out_of_reach_does_not_hold_up_another(
    local: LocalDiscord, client: discord.Client, outbox: SqliteOutbox, alice: Person
) -> None:
    world = await alice.get_world()
    general = next(int(c["id"]) for c in world["channels"] if c["name"] == "general")
    clock = FakeClock()
    await plant(
        alice, kind="cut", method="POST", path=f"/channels/{local.dev_channel_id}/messages", times=1
    )
    async with run_chat(client, outbox, clock) as chat:
        stuck = asyncio.ensure_future(chat.post(local.dev_channel_id, Post(text="a"), key="1"))
        await clock.wait_until_asleep()
        await chat.post(general, Post(text="b"), key="2")
        assert not stuck.done()
        await clock.advance(1)
        await stuck
    assert await said(alice) == ["a"]


class Announces(SqliteOutbox):
    """Signals when a row has been written."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.stored = asyncio.Event()

    async def enqueue(self, key: str, channel_id: int, post: Post) -> MessageRef | Pending:
        stored = await super().enqueue(key, channel_id, post)
        self.stored.set()
        return stored


async def test_what_was_queued_before_a_crash_is_sent_after_it_and_first(
    local: LocalDiscord, tmp_path: Path, client: discord.Client, alice: Person
) -> None:
    async with SqliteOutbox(tmp_path / "theseus.sqlite3") as killed:
        for text in ("one", "two"):
            await killed.enqueue(text, local.dev_channel_id, Post(text=text))
    async with Announces(tmp_path / "theseus.sqlite3") as outbox:
        chat = DiscordChat(client, outbox, SkippingClock(), redact)
        # The new process speaks before it has looked for what was left.
        post = Post(text="three")
        early = asyncio.ensure_future(chat.post(local.dev_channel_id, post, key="three"))
        await asyncio.wait_for(outbox.stored.wait(), 5)
        running = asyncio.ensure_future(chat.run_forever())
        await early
        running.cancel()
        await asyncio.wait([running])
    assert await said(alice) == ["one", "two", "three"]


class DiesBeforeNoting(SqliteOutbox):
    """The process is killed when Discord has the message and before the outbox knows."""

    async def mark_sent(self, key: str, ref: MessageRef) -> None:
        await asyncio.Event().wait()


async def test_what_was_sent_but_not_noted_before_a_crash_is_not_sent_again(
    local: LocalDiscord, tmp_path: Path, alice: Person
) -> None:
    path = tmp_path / "theseus.sqlite3"
    words = " ".join(f"word{n}" for n in range(500))
    async with DiesBeforeNoting(path) as dying, open_chat(local, dying) as chat:
        caller = asyncio.ensure_future(chat.post(local.dev_channel_id, Post(text=words), key="1"))
        await alice.wait_for("dev", lambda m: m["content"].endswith("word499"))
        caller.cancel()
    first = await alice.list_messages("dev")
    async with SqliteOutbox(path) as outbox, open_chat(local, outbox) as chat:
        ref = await chat.post(local.dev_channel_id, Post(text=words), key="1")
        assert await outbox.list_pending() == ()
    assert await alice.list_messages("dev") == first
    assert str(ref.message_id) == first[0]["id"]


async def test_a_key_that_was_sent_leads_to_its_message_in_the_next_process(
    local: LocalDiscord, outbox: SqliteOutbox, alice: Person
) -> None:
    async with open_chat(local, outbox) as chat:
        first = await chat.post(local.dev_channel_id, Post(text="hello"), key="1")
    async with open_chat(local, outbox) as chat:
        assert await chat.post(local.dev_channel_id, Post(text="hello"), key="1") == first
    assert await said(alice) == ["hello"]


class SlowToStore(SqliteOutbox):
    """Stores only when it is released."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def enqueue(self, key: str, channel_id: int, post: Post) -> MessageRef | Pending:
        self.asked.set()
        await self.go.wait()
        return await super().enqueue(key, channel_id, post)


async def test_a_caller_cancelled_while_the_row_is_written_leaves_the_message_queued(
    local: LocalDiscord, client: discord.Client, tmp_path: Path, alice: Person
) -> None:
    async with SlowToStore(tmp_path / "slow.sqlite3") as slow, run_chat(client, slow) as chat:
        caller = asyncio.ensure_future(chat.post(local.dev_channel_id, Post(text="a"), key="1"))
        await slow.asked.wait()
        caller.cancel()
        await asyncio.wait([caller])
        slow.go.set()
        await alice.wait_for("dev", lambda m: m["content"] == "a")


async def test_a_caller_cancelled_while_discord_is_out_of_reach_leaves_it_queued(
    local: LocalDiscord, client: discord.Client, outbox: SqliteOutbox, alice: Person
) -> None:
    clock = FakeClock()
    await plant(alice, **SEND, kind="cut")
    async with run_chat(client, outbox, clock) as chat:
        caller = asyncio.ensure_future(chat.post(local.dev_channel_id, Post(text="a"), key="1"))
        await clock.wait_until_asleep()
        caller.cancel()
        await asyncio.wait([caller])
        await clock.advance(1)
        await alice.wait_for("dev", lambda m: m["content"] == "a")
        await chat.post(local.dev_channel_id, Post(text="a"), key="1")
    assert await said(alice) == ["a"]


async def test_a_thread_whose_making_was_not_confirmed_is_the_same_thread(
    local: LocalDiscord, chat: DiscordChat, alice: Person
) -> None:
    message = await alice.say("dev", "the dice are broken")
    root = MessageRef(channel_id=local.dev_channel_id, message_id=int(message["id"]))
    await plant(alice, kind="swallow", method="POST", path="/channels/*/threads")
    thread = await chat.open_thread(root, "dice\n" + "x" * 200)
    assert await chat.open_thread(root, "dice") == thread
    (made,) = await alice.list_threads("dev")
    assert int(made["id"]) == thread


async def test_a_deleted_message_is_not_edited_and_the_next_edit_goes_on(
    local: LocalDiscord, chat: DiscordChat, client: discord.Client, alice: Person
) -> None:
    ref = await chat.post(local.dev_channel_id, Post(text="one"), key="1")
    await (
        client.get_partial_messageable(ref.channel_id).get_partial_message(ref.message_id).delete()
    )
    await chat.edit(ref, Post(text="two"), final=True)
    await chat.post(local.dev_channel_id, Post(text="three"), key="2")
    assert await said(alice) == ["three"]


async def test_an_edit_through_an_outage_shows_the_newest(
    local: LocalDiscord, client: discord.Client, outbox: SqliteOutbox, alice: Person
) -> None:
    clock = FakeClock()
    async with run_chat(client, outbox, clock) as chat:
        ref = await chat.post(local.dev_channel_id, Post(text="one"), key="1")
        await plant(alice, kind="cut", method="PATCH", path="/channels/*/messages/*")
        await chat.edit(ref, Post(text="two"))
        await clock.wait_until_asleep()
        await chat.edit(ref, Post(text="three"))
        last = asyncio.ensure_future(chat.edit(ref, Post(text="three"), final=True))
        await clock.advance(1)
        await last
    assert await said(alice) == ["three"]


async def test_an_edit_keeps_the_files_and_takes_the_card_and_buttons_along(
    local: LocalDiscord, chat: DiscordChat, alice: Person
) -> None:
    diff = Attachment(name="a.diff", text="+ 1")
    ship = Button(label="Ship it", action="ship", arguments=("r1",))
    post = Post(card=Card(title="Proposal"), buttons=(ship,), attachments=(diff,))
    ref = await chat.post(local.dev_channel_id, post, key="1")
    await chat.edit(ref, Post(card=Card(title="Shipped")), final=True)
    (message,) = await alice.list_messages("dev")
    assert message["embeds"][0]["title"] == "Shipped"
    assert not message["components"]
    assert [file["filename"] for file in message["attachments"]] == ["a.diff"]


async def test_nobody_is_pinged_by_a_post_or_an_edit_but_whom_the_post_names(
    local: LocalDiscord, outbox: SqliteOutbox, alice: Person
) -> None:
    bodies: list[dict[str, Any]] = []

    async def note(
        _session: object, _about: object, sent: aiohttp.TraceRequestChunkSentParams
    ) -> None:
        if b"@everyone" in sent.chunk:
            bodies.append(json.loads(sent.chunk))

    trace = aiohttp.TraceConfig()
    trace.on_request_chunk_sent.append(note)
    intents = discord.Intents(guilds=True)
    client = discord.Client(intents=intents, guild_ready_timeout=0.05, http_trace=trace)
    heard = await alice.say("dev", "hello")
    async with run_bot(client, local), run_chat(client, outbox) as chat:
        post = Post(text="@everyone", reply_to=int(heard["id"]))
        ref = await chat.post(local.dev_channel_id, post, key="1")
        await chat.edit(ref, Post(text="@everyone!"), final=True)
        asked = Post(text="@everyone <@5>?", notify=(5,))
        await chat.post(local.dev_channel_id, asked, key="2")
    only_one = {"parse": [], "users": [5]}
    assert bodies.pop()["allowed_mentions"] == only_one
    assert len(bodies) == 2
    for body in bodies:
        assert body["allowed_mentions"]["parse"] == []
        assert not body["allowed_mentions"].get("replied_user")


async def test_a_reply_to_a_message_that_is_gone_is_still_said(
    local: LocalDiscord, chat: DiscordChat, alice: Person
) -> None:
    heard = await alice.say("dev", "hello")
    await alice.delete("dev", heard)
    await chat.post(local.dev_channel_id, Post(text="hi", reply_to=int(heard["id"])), key="1")
    assert await said(alice) == ["hi"]


async def test_secrets_reach_neither_messages_nor_edits_nor_thread_names(
    local: LocalDiscord, client: discord.Client, outbox: SqliteOutbox, alice: Person
) -> None:
    secret = "ghp_" + "a1B2" * 9
    post = Post(
        text=f"token {secret}",
        card=Card(title=secret),
        attachments=(Attachment(name="log.txt", text=secret),),
    )
    async with run_chat(client, outbox, redact=redact) as chat:
        ref = await chat.post(local.dev_channel_id, post, key="1")
        await chat.edit(ref, post.replace(text=f"still {secret}"), final=True)
        await chat.open_thread(ref, f"about {secret}")
    (message,) = await alice.list_messages("dev")
    file = await client.http.get_from_cdn(message["attachments"][0]["url"])
    told = f"{message} {await alice.list_threads('dev')} {file.decode()}"
    assert "redacted" in told
    assert secret not in told


async def test_a_refused_message_does_not_hold_up_the_next(
    local: LocalDiscord, chat: DiscordChat, alice: Person
) -> None:
    await plant(alice, **SEND, kind="status", status=403)
    first, second = await asyncio.gather(
        chat.post(local.dev_channel_id, Post(text="a"), key="1"),
        chat.post(local.dev_channel_id, Post(text="b"), key="2"),
        return_exceptions=True,
    )
    assert isinstance(first, ChatRejected)
    assert isinstance(second, MessageRef)
    with pytest.raises(ChatRejected, match="403"):
        await chat.post(local.dev_channel_id, Post(text="a"), key="1")
    assert await said(alice) == ["b"]


@pytest.mark.parametrize(
    "post",
    [
        pytest.param(Post(text="x", buttons=(Button(label="", action="a" * 200),)), id="id"),
        pytest.param(Post(text="x", buttons=(Button(label="x", action="a"),) * 2), id="twice"),
        pytest.param(Post(text="x", buttons=(Button(label="x", action="a b" * 50),)), id="long"),
    ],
)
async def test_a_message_that_cannot_be_drawn_is_refused_and_the_next_goes_out(
    local: LocalDiscord, chat: DiscordChat, alice: Person, post: Post
) -> None:
    with pytest.raises(ChatRejected):
        await chat.post(local.dev_channel_id, post, key="1")
    ref = await chat.post(local.dev_channel_id, Post(text="next"), key="2")
    await chat.edit(ref, post, final=True)
    assert await said(alice) == ["next"]


async def test_a_nonce_has_at_most_25_characters_and_is_the_parts_own(
    local: LocalDiscord, client: discord.Client, outbox: SqliteOutbox
) -> None:
    heard_nonces: asyncio.Queue[str] = asyncio.Queue()

    async def on_message(message: discord.Message) -> None:
        heard_nonces.put_nowait(str(message.nonce))

    heard = discord.Client(
        intents=discord.Intents(guilds=True, messages=True), guild_ready_timeout=0.05
    )
    heard.event(on_message)
    async with run_bot(heard, local), run_chat(heard, outbox) as chat:
        await chat.post(local.dev_channel_id, Post(text="word " * 900), key="1")
        nonces = [await asyncio.wait_for(heard_nonces.get(), 5) for _ in range(3)]
    assert len(set(nonces)) == len(nonces)
    assert all(len(nonce) <= 25 for nonce in nonces)


async def test_the_waits_between_tries_grow_to_half_a_minute(
    local: LocalDiscord, client: discord.Client, outbox: SqliteOutbox, alice: Person
) -> None:
    clock = SkippingClock()
    await plant(alice, **SEND, kind="cut", times=8)
    async with run_chat(client, outbox, clock) as chat:
        await chat.post(local.dev_channel_id, Post(text="a"), key="1")
    assert clock.slept == [1, 2, 4, 8, 16, 30, 30, 30]


class FailingOutbox(SqliteOutbox):
    """An outbox that cannot note anything, so many times."""

    failures = 0

    async def mark_sent(self, key: str, ref: MessageRef) -> None:
        """Fail while there are failures left."""
        if self.failures:
            self.failures -= 1
            raise StoreError("the disk is full")
        await super().mark_sent(key, ref)


async def test_a_message_that_cannot_be_marked_as_sent_goes_out_once_and_ends_nothing(
    client: discord.Client, local: LocalDiscord, alice: Person, tmp_path: Path
) -> None:
    async with FailingOutbox(tmp_path / "failing.sqlite3") as outbox:
        outbox.failures = 5
        async with run_chat(client, outbox) as chat:
            await chat.post(local.dev_channel_id, Post(text="hello"), key="1")
            await chat.post(local.dev_channel_id, Post(text="later"), key="2")
            assert await outbox.list_pending() == ()
    assert await said(alice) == ["hello", "later"]


async def test_a_message_can_go_out_while_nothing_can_be_stored(
    chat: DiscordChat, outbox: SqliteOutbox, local: LocalDiscord, alice: Person
) -> None:
    await forbid_writing(outbox.database)
    with pytest.raises(StoreError, match="read-only"):
        await chat.post(local.dev_channel_id, Post(text="stored"), key="1")
    await chat.send_directly(local.dev_channel_id, Post(text="direct"))
    assert await said(alice) == ["direct"]
