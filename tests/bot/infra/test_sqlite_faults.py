"""A state file that breaks while it is open: which fault it is, how it ends, what people read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from theseus_guard.record import Record

from bot.adapters.sqlite_store import SqliteKeyValueStore, SqliteStore
from bot.domain.errors import ConfigError, StoreError
from bot.domain.storage import StorageFault, StorageFaultKind
from tests.support.broken_states import corrupt_file, fill_disk, forbid_writing, make_room


class Note(Record):
    """Something to store."""

    text: str = "x"


LONG = Note(text="x" * 100_000)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteKeyValueStore]:
    async with SqliteKeyValueStore(tmp_path / "theseus.sqlite3") as opened:
        for number in range(50):
            await opened.put(f"note:{number}", Note(text=str(number) * 500))
        yield opened


async def test_a_damaged_file_says_so_names_the_restore_and_stays_damaged(
    store: SqliteKeyValueStore,
) -> None:
    await corrupt_file(store.database)
    with pytest.raises(StoreError, match=r"theseus\.sqlite3 is damaged.*`theseus restore"):
        await store.list_records("note:", Note)
    await store.database.probe()
    fault = store.database.fault
    assert fault is not None and fault.kind is StorageFaultKind.DAMAGED
    assert fault.reason == "the state file theseus.sqlite3 is damaged"


async def test_a_full_disk_says_so_and_ends_when_there_is_room(store: SqliteKeyValueStore) -> None:
    await fill_disk(store.database)
    with pytest.raises(StoreError, match=r"the disk is full.*Make room"):
        await store.put("long", LONG)
    assert store.database.fault is not None
    assert await store.get("note:7", Note) == Note(text="7" * 500)
    await make_room(store.database)
    await store.database.probe()
    assert store.database.fault is None


async def test_a_read_only_file_says_so_and_ends_when_it_can_be_written(
    store: SqliteKeyValueStore,
) -> None:
    await forbid_writing(store.database)
    await store.database.probe()
    fault = store.database.fault
    assert fault is not None and fault.kind is StorageFaultKind.READ_ONLY
    with pytest.raises(StoreError, match=r"it is read-only.*account write"):
        await store.put("note", Note())
    await forbid_writing(store.database, forbidden=False)
    await store.database.probe()
    assert store.database.fault is None


@pytest.mark.parametrize("replaced", [False, True], ids=["removed", "replaced"])
async def test_a_file_that_is_gone_or_another_one_is_noticed_though_writes_succeed(
    store: SqliteKeyValueStore, *, replaced: bool
) -> None:
    path = store.database.path
    path.rename(path.with_suffix(".moved"))
    if replaced:
        path.write_bytes(b"")
    await store.put("note", Note())
    await store.database.probe()
    fault = store.database.fault
    assert fault is not None and fault.kind is StorageFaultKind.MISSING


async def test_a_query_that_is_wrong_is_no_fault_of_the_file(store: SqliteKeyValueStore) -> None:
    with pytest.raises(StoreError, match="no such table"):
        await store.database.read(lambda each: each.execute("SELECT * FROM absent"))
    assert store.database.fault is None


async def test_a_file_that_is_damaged_before_the_start_names_the_restore_too(
    tmp_path: Path,
) -> None:
    path = tmp_path / "theseus.sqlite3"
    async with SqliteStore(path):
        pass
    path.write_bytes(b"no database" * 500)
    with pytest.raises(ConfigError, match=r"cannot be used.*`theseus restore"):
        await SqliteStore(path).open()


def test_a_file_that_is_built_from_others_needs_no_restore(tmp_path: Path) -> None:
    fault = StorageFault(kind=StorageFaultKind.DAMAGED, file=tmp_path / "index", derived=True)
    assert "restore" not in fault.text
    assert "built again" in fault.text
