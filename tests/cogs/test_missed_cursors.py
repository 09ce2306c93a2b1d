"""A channel's cursor: moves past what was handled to the end, whatever the order."""

import asyncio

import pytest

from bot.domain.message_cursors import Cursor
from cogs.conversation._cursors import CHATTER, Cursors, MessageTurn
from tests.fakes.fake_key_value_store import FakeKeyValueStore

DEV = 7


@pytest.fixture
def key_values() -> FakeKeyValueStore:
    return FakeKeyValueStore()


async def opened(key_values: FakeKeyValueStore, mark: int = 100) -> Cursors:
    """Return the cursors of a bot that has listened before and missed nothing."""
    cursors = Cursors(key_values)
    if not await cursors.open():
        await cursors.settle(mark)
    await cursors.release()
    return cursors


async def say(cursors: Cursors, message_id: int, *, addressed: bool = True) -> None:
    async with MessageTurn(cursors, DEV, message_id) as turn:
        turn.addressed = addressed


async def kept(key_values: FakeKeyValueStore) -> int:
    """Return where a bot that starts now would begin."""
    cursors = Cursors(key_values)
    await cursors.open()
    return cursors.get(DEV)


async def test_on_the_first_start_there_is_nothing_before(key_values: FakeKeyValueStore) -> None:
    assert not await Cursors(key_values).open()
    await opened(key_values, mark=100)
    assert await Cursors(key_values).open()
    assert await kept(key_values) == 100


async def test_a_cursor_waits_for_the_oldest_message_in_hand(key_values: FakeKeyValueStore) -> None:
    cursors = await opened(key_values)
    async with MessageTurn(cursors, DEV, 101) as first:
        first.addressed = True
        await say(cursors, 102)
        assert await kept(key_values) == 100
    assert await kept(key_values) == 102


async def test_a_message_that_comes_late_does_not_move_it_back(
    key_values: FakeKeyValueStore,
) -> None:
    cursors = await opened(key_values)
    await say(cursors, 105)
    await say(cursors, 103)
    assert await kept(key_values) == 105


async def test_chatter_is_kept_now_and_then_only(key_values: FakeKeyValueStore) -> None:
    cursors = await opened(key_values)
    for number in range(CHATTER - 1):
        await say(cursors, 101 + number, addressed=False)
    assert await kept(key_values) == 100
    assert cursors.get(DEV) == 100 + CHATTER - 1
    await say(cursors, 200, addressed=False)
    assert await kept(key_values) == 200


async def test_it_moves_past_what_failed_but_not_past_what_was_cut_off(
    key_values: FakeKeyValueStore,
) -> None:
    cursors = await opened(key_values)
    with pytest.raises(ZeroDivisionError):
        async with MessageTurn(cursors, DEV, 101) as turn:
            turn.addressed = True
            raise ZeroDivisionError
    assert await kept(key_values) == 101
    with pytest.raises(asyncio.CancelledError):
        async with MessageTurn(cursors, DEV, 102):
            raise asyncio.CancelledError
    await say(cursors, 103)
    assert await kept(key_values) == 101


async def test_none_moves_while_something_may_be_missing(key_values: FakeKeyValueStore) -> None:
    cursors = await opened(key_values)
    cursors.hold()
    await say(cursors, 110)
    assert await kept(key_values) == 100
    cursors.take(DEV, [104, 106], newest=109)
    await cursors.release()
    assert await kept(key_values) == 103
    await say(cursors, 104)
    assert await kept(key_values) == 105
    await say(cursors, 106)
    assert await kept(key_values) == 110


async def test_once_all_was_seen_old_cursors_are_given_up_but_for_direct_channels(
    key_values: FakeKeyValueStore,
) -> None:
    cursors = await opened(key_values)
    await say(cursors, 101)
    async with MessageTurn(cursors, 8, 102) as direct:
        direct.addressed, direct.person_id = True, 42
    await cursors.settle(150)
    assert await key_values.list_records("heard:", Cursor) == (
        Cursor(channel_id=8, message_id=102, person_id=42),
    )
    assert (await kept(key_values), cursors.get(8), cursors.direct) == (150, 150, {42: 8})


async def test_what_is_in_hand_is_never_given_up(key_values: FakeKeyValueStore) -> None:
    cursors = await opened(key_values)
    cursors.take(DEV, [120])
    await cursors.settle(150)
    assert await kept(key_values) == 119
