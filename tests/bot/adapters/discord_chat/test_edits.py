"""Edits are rate-limited, the newest wins, and nothing is shown twice."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from bot.adapters.discord_chat._edits import PACE_SECONDS, PacedEdits
from bot.domain.posts import Image, MessageRef, Post
from tests.fakes.fake_clock import FakeClock

REF = MessageRef(channel_id=1, message_id=2)
OTHER = MessageRef(channel_id=1, message_id=3)


class Screen:
    """Notes what was shown, and when; `free` lets the next one begin, `confirmed` lets it end."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.shown: list[tuple[float, int, str]] = []
        self.free = asyncio.Event()
        self.free.set()
        self.confirmed = asyncio.Event()
        self.confirmed.set()

    async def show(self, ref: MessageRef, newest: Callable[[], Post]) -> Post:
        await self.free.wait()
        post = newest()
        self.shown.append((self._clock.monotonic(), ref.message_id, post.text))
        await self.confirmed.wait()
        return post


class Rig:
    """Paced edits, each brought up to date by a task."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self.clock = FakeClock()
        self.screen = Screen(self.clock)
        self.edits = PacedEdits(self.screen.show, self.clock)
        self._group = group

    def edit(self, text: str, ref: MessageRef = REF) -> None:
        if self.edits.request(ref, Post(text=text)):
            self._group.create_task(self.edits.update(ref))


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        yield Rig(group)


async def test_the_first_edit_is_shown_at_once_and_the_next_ones_at_the_pace(rig: Rig) -> None:
    rig.edit("one")
    await rig.clock.advance(0.5)
    rig.edit("two")
    await rig.clock.advance(0.5)
    rig.edit("three")
    await rig.clock.advance(5)
    assert rig.screen.shown == [(0.0, 2, "one"), (PACE_SECONDS, 2, "three")]


async def test_each_message_has_a_pace_of_its_own(rig: Rig) -> None:
    rig.edit("one")
    rig.edit("one", OTHER)
    await rig.clock.advance(0.1)
    assert rig.screen.shown == [(0.0, 2, "one"), (0.0, 3, "one")]


async def test_what_is_shown_already_is_not_shown_again(rig: Rig) -> None:
    rig.edit("one")
    await rig.clock.advance(5)
    rig.edit("one")
    await rig.clock.advance(5)
    assert len(rig.screen.shown) == 1


async def test_what_was_posted_is_not_shown_again(rig: Rig) -> None:
    rig.edits.note_post(REF, Post(text="one"))
    rig.edit("one")
    await rig.clock.advance(5)
    assert rig.screen.shown == []


async def test_an_edit_that_is_taken_back_while_it_waits_is_never_shown(rig: Rig) -> None:
    rig.edit("one")
    await rig.clock.advance(0.1)
    rig.edit("two")
    await rig.clock.advance(0.1)
    rig.edit("one")
    await rig.clock.advance(5)
    assert [text for _, _, text in rig.screen.shown] == ["one"]


async def test_what_is_wanted_while_the_chat_is_out_of_reach_wins(rig: Rig) -> None:
    rig.screen.free.clear()
    rig.edit("one")
    await rig.clock.advance(0.1)
    rig.edit("two")
    rig.screen.free.set()
    await rig.clock.advance(5)
    assert [text for _, _, text in rig.screen.shown] == ["two"]


async def test_waiting_ends_when_the_newest_is_shown(rig: Rig) -> None:
    rig.edit("one")
    await rig.clock.advance(0.1)
    rig.edit("two")
    waiting = asyncio.ensure_future(rig.edits.wait_until_displayed(REF))
    await rig.clock.advance(1)
    assert not waiting.done()
    await rig.clock.advance(1)
    await waiting
    assert rig.screen.shown[-1][2] == "two"


async def test_there_is_nothing_to_wait_for_where_nothing_is_under_way(rig: Rig) -> None:
    await rig.edits.wait_until_displayed(REF)
    rig.edit("one")
    await rig.clock.advance(5)
    await rig.edits.wait_until_displayed(REF)


async def test_of_many_messages_the_oldest_are_forgotten(rig: Rig) -> None:
    for number in range(1_500):
        rig.edits.note_post(MessageRef(channel_id=1, message_id=number), Post(text="x"))
    rig.edit("x", MessageRef(channel_id=1, message_id=1_400))
    rig.edit("x", MessageRef(channel_id=1, message_id=10))
    await rig.clock.advance(1)
    assert [number for _, number, _ in rig.screen.shown] == [10]


def charted(png: bytes) -> Post:
    return Post(text="t", images=(Image(name="a.png", png=png),))


async def test_the_same_picture_is_not_shown_again_and_another_is(rig: Rig) -> None:
    rig.edits.note_post(REF, charted(b"1"))
    assert rig.edits.has_picture(REF)
    assert not rig.edits.request(REF, charted(b"1"))
    assert rig.edits.request(REF, charted(b"2"))
    await rig.edits.update(REF)
    assert not rig.edits.request(REF, charted(b"2"))


async def test_what_is_taken_back_while_it_is_being_shown_is_shown_again(rig: Rig) -> None:
    rig.edits.note_post(REF, Post(text="one"))
    rig.screen.confirmed.clear()
    rig.edit("two")
    await rig.clock.advance(0.1)
    rig.edit("one")
    rig.screen.confirmed.set()
    await rig.clock.advance(5)
    assert [text for _, _, text in rig.screen.shown] == ["two", "one"]
