"""What every key-value store promises, on the fake, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteKeyValueStore, SqlKeyValueStore
from bot.authority.pauses import Pause
from bot.domain.errors import StoreError
from bot.domain.people import Person
from bot.domain.posts import MessageRef
from bot.monitoring.target_records import TargetRecords
from bot.ports.key_value_store import KeyValueStore
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.support.postgres_server import open_schema

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
PAUSE = Pause(kind="person", why="rebasing ☂", by=Person(id=2**60, name="alice"), at=AT)


@pytest.fixture(
    params=["fake", "sqlite", pytest.param("postgres", marks=pytest.mark.slow), "target"]
)
async def key_values(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[KeyValueStore]:
    """Return an empty key-value store."""
    if request.param == "fake":
        yield FakeKeyValueStore()
        return
    if request.param == "target":
        shared = FakeKeyValueStore()
        await shared.put("pause", PAUSE.replace(why="of Theseus"))
        yield TargetRecords(shared, "welcome")
        return
    if request.param == "postgres":
        async with SqlKeyValueStore(open_schema(request)) as real:
            yield real
        return
    async with SqliteKeyValueStore(tmp_path / "theseus.sqlite3") as real:
        yield real


def ref(number: int) -> MessageRef:
    return MessageRef(channel_id=1, message_id=number)


async def test_what_was_put_is_found_as_it_was(key_values: KeyValueStore) -> None:
    await key_values.put("pause", PAUSE)
    assert await key_values.get("pause", Pause) == PAUSE


async def test_what_was_never_put_is_none(key_values: KeyValueStore) -> None:
    assert await key_values.get("pause", Pause) is None
    assert await key_values.list_records("pause", Pause) == ()


async def test_the_last_record_of_a_name_counts(key_values: KeyValueStore) -> None:
    await key_values.put("cursor", ref(1))
    await key_values.put("cursor", ref(2))
    assert await key_values.get("cursor", MessageRef) == ref(2)


async def test_records_come_in_the_order_of_their_names(key_values: KeyValueStore) -> None:
    for number in (3, 1, 2):
        await key_values.put(f"heard:{number}", ref(number))
    await key_values.put("heart", PAUSE)
    assert await key_values.list_records("heard:", MessageRef) == (ref(1), ref(2), ref(3))


@pytest.mark.parametrize("prefix", ["a%", "a_", "a*", "a[", "ä"])
async def test_a_prefix_is_no_pattern(key_values: KeyValueStore, prefix: str) -> None:
    await key_values.put("abc", ref(1))
    await key_values.put(prefix + "x", ref(2))
    assert await key_values.list_records(prefix, MessageRef) == (ref(2),)


async def test_what_was_removed_is_gone_and_again_is_harmless(key_values: KeyValueStore) -> None:
    await key_values.put("pause", PAUSE)
    await key_values.remove("pause")
    await key_values.remove("pause")
    assert await key_values.get("pause", Pause) is None


async def test_a_record_of_another_kind_is_named(key_values: KeyValueStore) -> None:
    await key_values.put("pause", ref(1))
    with pytest.raises(StoreError, match="pause in the store"):
        await key_values.get("pause", Pause)


async def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    async with SqliteKeyValueStore(tmp_path / "theseus.sqlite3") as first:
        await first.put("pause", PAUSE)
    async with SqliteKeyValueStore(tmp_path / "theseus.sqlite3") as second:
        assert await second.get("pause", Pause) == PAUSE
