"""What every outbox promises, on the fake, on SQLite and on PostgreSQL."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteOutbox, SqlOutbox
from bot.domain.errors import ChatRejected, StoreError
from bot.domain.posts import Button, Card, Image, MessageRef, Post
from bot.ports.outbox import OutboxDepth, OutboxStore, Pending
from tests.fakes.fake_outbox import FakeOutbox
from tests.support.postgres_server import open_schema

HELLO = Post(text="hello\u2028\x00 ☂", card=Card(title="Run"), buttons=(Button(label="Ship it"),))
REF = MessageRef(channel_id=2**62, message_id=2**62 + 1)


@pytest.fixture(params=["fake", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OutboxStore]:
    """Return an empty outbox."""
    if request.param == "fake":
        yield FakeOutbox()
        return
    if request.param == "postgres":
        async with SqlOutbox(open_schema(request)) as real:
            yield real
        return
    async with SqliteOutbox(tmp_path / "theseus.sqlite3") as real:
        yield real


async def test_a_new_message_waits(outbox: OutboxStore) -> None:
    waiting = await outbox.enqueue("card:1", 42, HELLO)
    assert isinstance(waiting, Pending)
    assert (waiting.key, waiting.channel_id, waiting.post) == ("card:1", 42, HELLO)
    assert 0 < len(waiting.nonce) <= 25
    assert await outbox.list_pending() == (waiting,)


async def test_the_same_key_twice_is_one_message_the_first(outbox: OutboxStore) -> None:
    first = await outbox.enqueue("card:1", 42, HELLO)
    assert await outbox.enqueue("card:1", 43, Post(text="other")) == first
    assert len(await outbox.list_pending()) == 1


async def test_messages_wait_in_order_each_with_its_own_nonce(outbox: OutboxStore) -> None:
    for key in ("b", "a", "c"):
        await outbox.enqueue(key, 42, HELLO)
    waiting = await outbox.list_pending()
    assert [message.key for message in waiting] == ["b", "a", "c"]
    assert [message.number for message in waiting] == sorted(m.number for m in waiting)
    assert len({message.nonce for message in waiting}) == 3


async def test_what_was_sent_says_where_it_stands(outbox: OutboxStore) -> None:
    await outbox.enqueue("card:1", 42, HELLO)
    await outbox.mark_sent("card:1", REF)
    assert await outbox.list_pending() == ()
    assert await outbox.enqueue("card:1", 42, HELLO) == REF


async def test_noting_twice_that_it_was_sent_keeps_the_first_place(outbox: OutboxStore) -> None:
    await outbox.enqueue("card:1", 42, HELLO)
    await outbox.mark_sent("card:1", REF)
    await outbox.mark_sent("card:1", MessageRef(channel_id=1, message_id=1))
    await outbox.mark_failed("card:1", "too late")
    assert await outbox.enqueue("card:1", 42, HELLO) == REF


async def test_what_the_chat_refused_is_not_tried_again(outbox: OutboxStore) -> None:
    await outbox.enqueue("card:1", 42, HELLO)
    await outbox.mark_failed("card:1", "the channel is gone")
    assert await outbox.list_pending() == ()
    with pytest.raises(ChatRejected, match="the channel is gone"):
        await outbox.enqueue("card:1", 42, HELLO)
    assert await outbox.list_pending() == ()


async def test_its_depth_is_what_waits_and_what_was_refused(outbox: OutboxStore) -> None:
    assert await outbox.get_depth() == OutboxDepth()
    for key in ("sent", "refused", "waits", "waits too"):
        await outbox.enqueue(key, 42, HELLO)
    await outbox.mark_sent("sent", REF)
    await outbox.mark_failed("refused", "no")
    first, _ = await outbox.list_pending()
    assert await outbox.get_depth() == OutboxDepth(waiting=2, oldest=first.number, refused=1)


async def test_an_unknown_key_is_named(outbox: OutboxStore) -> None:
    with pytest.raises(StoreError, match="card:9"):
        await outbox.mark_sent("card:9", REF)
    with pytest.raises(StoreError, match="card:9"):
        await outbox.mark_failed("card:9", "gone")


async def test_text_that_is_not_quite_unicode_is_taken(outbox: OutboxStore) -> None:
    await outbox.enqueue("card:1", 42, Post(text="half a \ud83d pair"))
    (waiting,) = await outbox.list_pending()
    assert waiting.post.text.startswith("half a ")


async def test_a_picture_waits_byte_by_byte(outbox: OutboxStore) -> None:
    post = Post(images=(Image(name="a.png", png=bytes(range(256)), description="☂"),))
    await outbox.enqueue("card:1", 42, post)
    (waiting,) = await outbox.list_pending()
    assert waiting.post == post


async def test_what_was_sent_keeps_no_text_and_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "theseus.sqlite3"
    post = Post(text="a ☂ and a \x00", images=(Image(name="a.png", png=bytes(300_000)),))
    async with SqliteOutbox(path) as outbox:
        await outbox.enqueue("card:1", 42, post)
        await outbox.mark_sent("card:1", REF)
        assert await outbox.enqueue("card:1", 42, post) == REF
    with sqlite3.connect(path) as connection:
        (body,) = connection.execute("SELECT post FROM outbox").fetchone()
    connection.close()
    assert body == ""


async def test_what_was_sent_or_refused_before_a_message_can_be_forgotten(
    outbox: OutboxStore,
) -> None:
    for key in ("refused", "old", "waits", "refused later", "new"):
        await outbox.enqueue(key, 42, HELLO)
    await outbox.mark_failed("refused", "no")
    await outbox.mark_sent("old", MessageRef(channel_id=1, message_id=100))
    await outbox.mark_failed("refused later", "no")
    await outbox.mark_sent("new", MessageRef(channel_id=1, message_id=200))
    assert await outbox.forget(200) == 2
    assert [each.key for each in await outbox.list_pending()] == ["waits"]
    assert isinstance(await outbox.enqueue("old", 42, HELLO), Pending)
    with pytest.raises(ChatRejected):
        await outbox.enqueue("refused later", 42, HELLO)
    assert await outbox.forget(100) == 0
