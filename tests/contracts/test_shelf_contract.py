"""What every shelf promises, on the fake and on SQLite."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteShelf
from bot.domain.errors import StoreError
from bot.domain.pauses import Pause
from bot.domain.people import Person
from bot.domain.posts import MessageRef
from bot.ports.shelf import Shelf
from tests.fakes.fake_shelf import FakeShelf

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
PAUSE = Pause(kind="person", why="rebasing ☂", by=Person(id=2**60, name="alice"), at=AT)


@pytest.fixture(params=["fake", "sqlite"])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shelf]:
    """Return an empty shelf."""
    if request.param == "fake":
        yield FakeShelf()
        return
    async with SqliteShelf(tmp_path / "theseus.sqlite3") as real:
        yield real


def ref(number: int) -> MessageRef:
    return MessageRef(channel_id=1, message_id=number)


async def test_what_was_put_is_found_as_it_was(shelf: Shelf) -> None:
    await shelf.put("pause", PAUSE)
    assert await shelf.get("pause", Pause) == PAUSE


async def test_what_was_never_put_is_none(shelf: Shelf) -> None:
    assert await shelf.get("pause", Pause) is None
    assert await shelf.all("pause", Pause) == ()


async def test_the_last_record_of_a_name_counts(shelf: Shelf) -> None:
    await shelf.put("cursor", ref(1))
    await shelf.put("cursor", ref(2))
    assert await shelf.get("cursor", MessageRef) == ref(2)


async def test_records_come_in_the_order_of_their_names(shelf: Shelf) -> None:
    for number in (3, 1, 2):
        await shelf.put(f"heard:{number}", ref(number))
    await shelf.put("heart", PAUSE)
    assert await shelf.all("heard:", MessageRef) == (ref(1), ref(2), ref(3))


@pytest.mark.parametrize("prefix", ["a%", "a_", "a*", "a[", "ä"])
async def test_a_prefix_is_no_pattern(shelf: Shelf, prefix: str) -> None:
    await shelf.put("abc", ref(1))
    await shelf.put(prefix + "x", ref(2))
    assert await shelf.all(prefix, MessageRef) == (ref(2),)


async def test_what_was_removed_is_gone_and_again_is_harmless(shelf: Shelf) -> None:
    await shelf.put("pause", PAUSE)
    await shelf.remove("pause")
    await shelf.remove("pause")
    assert await shelf.get("pause", Pause) is None


async def test_a_record_of_another_kind_is_named(shelf: Shelf) -> None:
    await shelf.put("pause", ref(1))
    with pytest.raises(StoreError, match="pause on the shelf"):
        await shelf.get("pause", Pause)


async def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    async with SqliteShelf(tmp_path / "theseus.sqlite3") as first:
        await first.put("pause", PAUSE)
    async with SqliteShelf(tmp_path / "theseus.sqlite3") as second:
        assert await second.get("pause", Pause) == PAUSE
