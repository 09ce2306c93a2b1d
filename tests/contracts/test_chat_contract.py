"""What every chat promises, on the fake and on a local Discord over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

from bot.adapters.sqlite_store import SqliteOutbox
from bot.domain.errors import ChatRejected
from bot.domain.posts import Attachment, Button, Card, Image, MessageRef, Post
from bot.ports.chat import Chat
from tests.fakes.fake_chat import FakeChat
from tests.support.chat_clients import fetch_pictures, list_contents, open_chat

NOWHERE = 4242  # no channel has this id


@dataclass
class Rig:
    """A chat, a channel to talk in, and eyes."""

    chat: Chat
    channel: int
    read: Callable[[int], Awaitable[list[str]]]
    somebody_says: Callable[[], Awaitable[MessageRef]]
    pictures: Callable[[], Awaitable[list[bytes]]]  # of the newest message's card

    async def shown(self) -> list[str]:
        return await self.read(self.channel)


@pytest.fixture(params=["fake", "discord"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Return a chat with an empty channel."""
    if request.param == "fake":
        fake = FakeChat()
        fake.gone.add(NOWHERE)

        async def texts(channel: int) -> list[str]:
            return fake.list_texts(channel)

        async def heard() -> MessageRef:
            return fake.add_message(7)

        async def pictures() -> list[bytes]:
            return [image.png for image in fake.messages[-1].post.images]

        yield Rig(fake, 7, texts, heard, pictures)
        return
    async with (
        LocalDiscord([LocalPerson("alice", listed=True)], token="local-token") as local,
        Person(local.base_url, "alice") as alice,
        SqliteOutbox(tmp_path / "theseus.sqlite3") as outbox,
        open_chat(local, outbox) as real,
    ):

        async def read(channel: int) -> list[str]:
            return list_contents(await alice.list_messages(str(channel)))

        async def said() -> MessageRef:
            message = await alice.say("dev", "the dice are broken")
            return MessageRef(channel_id=local.dev_channel_id, message_id=int(message["id"]))

        async def on_card() -> list[bytes]:
            return await fetch_pictures((await alice.list_messages("dev"))[-1])

        yield Rig(real, local.dev_channel_id, read, said, on_card)


async def test_a_post_is_shown_and_says_where_it_stands(rig: Rig) -> None:
    ref = await rig.chat.post(rig.channel, Post(text="hello"), key="1")
    assert ref.channel_id == rig.channel
    assert await rig.shown() == ["hello"]


async def test_a_card_with_buttons_and_a_file_needs_no_text(rig: Rig) -> None:
    post = Post(
        card=Card(title="Run"),
        buttons=(Button(label="Ship it", action="ship", arguments=("r",)),),
        attachments=(Attachment(name="change.diff", text="+ 1"),),
    )
    await rig.chat.post(rig.channel, post, key="1")
    assert await rig.shown() == [""]


def pictured(text: str, png: bytes) -> Post:
    chart = Image(name="error rate.png", png=png, description="a rate that climbs")
    return Post(card=Card(title=text), images=(chart,))


async def test_a_picture_is_shown_on_the_card_and_an_edit_replaces_it(rig: Rig) -> None:
    ref = await rig.chat.post(rig.channel, pictured("one", b"\x89PNG 1"), key="1")
    assert await rig.pictures() == [b"\x89PNG 1"]
    await rig.chat.edit(ref, pictured("one", b"\x89PNG 2"), final=True)
    assert await rig.pictures() == [b"\x89PNG 2"]
    await rig.chat.edit(ref, Post(card=Card(title="two")), final=True)
    assert await rig.pictures() == []


async def test_a_picture_alone_is_something_to_say(rig: Rig) -> None:
    await rig.chat.post(rig.channel, Post(images=(Image(name="a.png", png=b"1"),)), key="1")
    assert await rig.shown() == [""]


async def test_the_same_key_again_says_nothing_and_leads_to_the_first(rig: Rig) -> None:
    first = await rig.chat.post(rig.channel, Post(text="hello"), key="1")
    assert await rig.chat.post(rig.channel, Post(text="other"), key="1") == first
    assert await rig.shown() == ["hello"]


async def test_the_same_key_from_many_at_once_is_one_message(rig: Rig) -> None:
    posts = (rig.chat.post(rig.channel, Post(text="hello"), key="1") for _ in range(5))
    assert len(set(await asyncio.gather(*posts))) == 1
    assert await rig.shown() == ["hello"]


async def test_a_channel_shows_messages_in_the_order_they_were_posted(rig: Rig) -> None:
    texts = [f"number {n}" for n in range(10)]
    await asyncio.gather(*(rig.chat.post(rig.channel, Post(text=t), key=t) for t in texts))
    assert await rig.shown() == texts


async def test_of_a_long_text_nothing_is_lost(rig: Rig) -> None:
    words = [f"word{n}" for n in range(700)]
    await rig.chat.post(rig.channel, Post(text=" ".join(words)), key="1")
    assert " ".join(await rig.shown()).split() == words


async def test_a_final_edit_has_returned_when_it_is_shown(rig: Rig) -> None:
    ref = await rig.chat.post(rig.channel, Post(text="one"), key="1")
    await rig.chat.edit(ref, Post(text="two"))
    await rig.chat.edit(ref, Post(text="three"))
    await rig.chat.edit(ref, Post(text="four"), final=True)
    assert await rig.shown() == ["four"]


async def test_a_final_edit_that_changes_nothing_returns(rig: Rig) -> None:
    ref = await rig.chat.post(rig.channel, Post(text="one"), key="1")
    await rig.chat.edit(ref, Post(text="one"), final=True)
    await rig.chat.edit(ref, Post(text="one"), final=True)
    assert await rig.shown() == ["one"]


async def test_an_edit_of_a_message_that_is_gone_is_left_alone(rig: Rig) -> None:
    gone = MessageRef(channel_id=NOWHERE, message_id=1)
    await rig.chat.edit(gone, Post(text="two"), final=True)


async def test_a_thread_is_opened_once_and_can_be_posted_in(rig: Rig) -> None:
    root = await rig.somebody_says()
    thread = await rig.chat.open_thread(root, "the dice")
    assert await rig.chat.open_thread(root, "another name") == thread
    await rig.chat.post(thread, Post(text="on it"), key="1")
    assert await rig.read(thread) == ["on it"]


async def test_a_channel_that_is_gone_refuses_and_so_does_its_key_for_ever(rig: Rig) -> None:
    for _ in range(2):
        with pytest.raises(ChatRejected):
            await rig.chat.post(NOWHERE, Post(text="hello"), key="1")
    with pytest.raises(ChatRejected):
        await rig.chat.post(rig.channel, Post(text="hello"), key="1")
    with pytest.raises(ChatRejected):
        await rig.chat.open_thread(MessageRef(channel_id=NOWHERE, message_id=1), "thread")
    await rig.chat.post(rig.channel, Post(text="still here"), key="2")
    assert await rig.shown() == ["still here"]


async def test_nothing_to_say_is_refused(rig: Rig) -> None:
    with pytest.raises(ChatRejected):
        await rig.chat.post(rig.channel, Post(), key="1")


async def test_a_caller_who_is_cancelled_leaves_the_message_queued(rig: Rig) -> None:
    caller = asyncio.ensure_future(rig.chat.post(rig.channel, Post(text="hello"), key="1"))
    await asyncio.sleep(0)  # it has begun
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    await rig.chat.post(rig.channel, Post(text="later"), key="2")
    shown = await rig.shown()
    await rig.chat.post(rig.channel, Post(text="hello"), key="1")
    assert shown == await rig.shown() == ["hello", "later"]


async def test_an_archived_thread_takes_no_edits_and_a_message_opens_it_again(rig: Rig) -> None:
    root = await rig.chat.post(rig.channel, Post(text="about the dice"), key="root")
    thread = await rig.chat.open_thread(root, "dice")
    said = await rig.chat.post(thread, Post(text="first"), key="first")
    await rig.chat.archive_thread(thread)
    await rig.chat.edit(said, Post(text="changed"), final=True)
    assert await rig.read(thread) == ["first"]
    await rig.chat.post(thread, Post(text="second"), key="second")
    await rig.chat.edit(said, Post(text="changed again"), final=True)
    assert await rig.read(thread) == ["changed again", "second"]
    await rig.chat.archive_thread(NOWHERE)
