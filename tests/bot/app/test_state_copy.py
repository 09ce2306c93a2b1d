"""The state is copied to PostgreSQL and back without a difference."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.adapters.sqlite_store import SqliteKeyValueStore, SqliteOutbox, SqliteStore
from bot.app.state_copy import StateCopier
from bot.app.state_parts import PARTS
from bot.app.state_stores import StateStores
from bot.domain.audit import AuditEntry
from bot.domain.errors import ConfigError, StoreError
from bot.domain.live_items import FILE_AUTHOR, ItemVersion
from bot.domain.memory import Recall
from bot.domain.postgres_place import PostgresPlace
from bot.domain.posts import MessageRef
from bot.hot_reload.catalog import Key
from bot.hot_reload.content import ItemContent
from bot.hot_reload.versions import NewVersion, SavedItem
from bot.infra.schema_versions import DATABASES
from bot.settings import Environment
from tests.contracts.test_ledger_contract import DAY, charge
from tests.contracts.test_memory_contract import a_fix, a_note
from tests.contracts.test_outbox_contract import HELLO, REF
from tests.contracts.test_store_contract import ADA, NOW, a_diagnosis, a_run, an_approval
from tests.contracts.test_traffic_contract import asked, failed
from tests.fakes.fake_clock import START
from tests.support.postgres_server import run_server
from tests.support.stored_data import read_schema

GREETING: Key = ("prompt", "greeting")
NOT_COPIED = {"retention", "memory_words"}  # one row of the migrations; indexed again


def test_every_column_of_every_part_is_copied() -> None:
    copied = {
        (part.file, table.name): frozenset(table.columns) for part in PARTS for table in part.copied
    }
    schema = {
        (file, table): columns for (file, table), columns in read_schema().items()
        if file in {part.file for part in PARTS} and table not in NOT_COPIED
    }  # fmt: skip
    assert schema == copied
    assert {file for file, _ in copied} == set(DATABASES) - {"forge.sqlite3"}


@pytest.mark.parametrize(
    "url", ["mysql://a:hunter2@h/d", "postgresql://a:hunter2@h", "hunter2", "postgresql://[hunter2"]
)
def test_a_wrong_address_is_refused_without_showing_it(tmp_path: Path, url: str) -> None:
    environment = Environment(theseus_state_url=SecretStr(url))
    with pytest.raises(ConfigError, match="THESEUS_STATE_URL is not an address") as refused:
        StateStores.find(tmp_path, environment)
    assert "hunter2" not in str(refused.value)


def test_what_names_a_database_in_messages_has_no_user_and_no_password() -> None:
    place = PostgresPlace.parse("postgresql://ada:hunter2@db.example:5433/theseus?sslmode=require")
    assert place.name == "db.example:5433/theseus"
    assert "hunter2" not in repr(place)


async def fill(folder: Path) -> None:
    """Write something to each table, with gaps in the numbers."""
    file = folder / "theseus.sqlite3"
    async with (
        SqliteStore(file) as store,
        SqliteOutbox(file) as outbox,
        SqliteKeyValueStore(file) as key_values,
    ):
        for number in range(30):
            await store.create(a_run(f"run{number:03}", age=5))  # all of one age: rowid orders them
            await store.append(f"run{number:03}", *(a_diagnosis(f"{n}") for n in range(40)))
        await store.create(a_run())
        await store.approve(an_approval())
        for day in range(6):
            entry = AuditEntry(at=NOW.replace(day=day + 1), action="ask", allowed=True, person=ADA)
            await store.append_audit_entry(entry.replace(note=f"day {day} ☂"))
        await store.forget_audit_entries(NOW.replace(day=3), NOW)
        for key in ("sent", "waits", "refused"):
            await outbox.enqueue(key, 42, HELLO)
        await outbox.mark_sent("sent", REF)
        await outbox.mark_failed("refused", "no")
        await key_values.put("cursor", REF)


async def fill_other_parts(folder: Path) -> None:
    """Write something to each table of the other parts."""
    files = StateStores(folder, None)
    async with (
        files.build_memory() as memory,
        files.build_ledger() as ledger,
        files.build_traffic() as traffic,
        files.build_versions(10) as versions,
    ):
        await memory.remember(a_note("a note that is gone", "gone"))
        await memory.remember(a_note("the zebra is striped ☂", "zebra"))
        await memory.remember(a_fix("lion"))
        await memory.forget("note:gone")
        await ledger.charge(charge("old", 0.1, at=START - DAY), charge("a", 0.2), charge("b"))
        await ledger.forget(START)
        await ledger.hold(charge("waits", 0.4))
        await ledger.begin("run1", "claude", START, window=DAY, most=1)
        await traffic.record([asked(1), failed(2, "f")])
        content = ItemContent({"prompts/greeting.md": b"hello\xff\0"})
        version = ItemVersion(number=1, at=NOW, author=FILE_AUTHOR, size=8, digest=content.digest)
        await versions.save(
            [SavedItem(GREETING, 1, 1, "mark")], [NewVersion(GREETING, version, content)]
        )
        await versions.finish()


def dump(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    rows = {}
    for part in PARTS:
        with sqlite3.connect(part.get_file(folder)) as database:
            for table in part.copied:
                listed = f"SELECT {', '.join(sorted(table.columns))} FROM {table.name}"  # noqa: S608
                rows[table.name] = database.execute(listed).fetchall()
                assert rows[table.name], table.name
        database.close()
    return rows


def list_drafts(folder: Path) -> list[Path]:
    return list(folder.glob(".draft*"))


async def use_other_parts(stores: StateStores) -> None:
    """Find what was copied, and add to it."""
    async with stores.build_memory() as memory:
        found = await memory.recall(Recall(text="striped zebras"))
        assert [each.memory.key for each in found] == ["note:zebra"]
        await memory.remember(a_note("a later zebra", "later"))
    async with stores.build_ledger() as ledger:
        assert (await ledger.sum_costs()).cost_usd == pytest.approx(1.2)  # with what waited
        await ledger.charge(charge("later", 0.5))
    async with stores.build_versions(10) as versions:
        content = await versions.get_content(GREETING, 1)
        assert content is not None
        assert content.files["prompts/greeting.md"] == b"hello\xff\0"


@pytest.mark.slow
async def test_a_copy_and_a_copy_back_are_the_same_and_work_goes_on(tmp_path: Path) -> None:
    await fill(tmp_path)
    await fill_other_parts(tmp_path)
    with run_server() as server:
        place = server.make_place()
        copier = StateCopier(tmp_path, place)
        counts = await copier.copy_to_postgres()
        assert (counts["runs"], counts["stage_records"], counts["audit_log"]) == (31, 1_200, 5)
        assert (await copier.verify_audit_log(postgres=True)).broken is None
        with pytest.raises(StoreError, match="not empty"):
            await copier.copy_to_postgres()
        with pytest.raises(ConfigError, match=r"has a state already: theseus\.sqlite3, ledger"):
            await copier.copy_to_sqlite()
        original = tmp_path / "original"
        for part in PARTS:
            part.get_file(original).parent.mkdir(exist_ok=True)
            shutil.move(part.get_file(tmp_path), part.get_file(original))
        assert await copier.copy_to_sqlite() == counts
        assert dump(tmp_path) == dump(original)
        assert not list_drafts(tmp_path)
        for where in (place, None):
            await use_other_parts(StateStores(tmp_path, where))

        environment = Environment(theseus_state_url=SecretStr(place.url))
        stores = StateStores.find(tmp_path, environment)
        assert stores.place is not None and stores.place.url == place.url
        stores = StateStores(tmp_path, place)
        async with stores.build_store() as store, stores.build_outbox() as outbox:
            await store.append_audit_entry(AuditEntry(at=NOW, action="after", allowed=True))
            assert (await store.verify_audit_log()).broken is None
            newest = await store.find(limit=2)
            assert [each.id for each in newest] == ["abc123", "run029"]
            waiting = await outbox.enqueue("after", 1, HELLO)
            assert not isinstance(waiting, MessageRef)
            assert [each.key for each in await outbox.list_pending()] == ["waits", "after"]

        with pytest.raises(ConfigError, match=r"no schema .*, but .* exists\. Copy all"):
            StateStores(tmp_path, server.make_place()).require_copied()
        stores.require_copied()
        nul = tmp_path / "nul"
        await fill(nul)
        with sqlite3.connect(nul / "theseus.sqlite3") as database:
            database.execute("UPDATE shelf SET body = 'a' || char(0)")
        database.close()
        refused = server.make_place()
        with pytest.raises(StoreError, match="shelf contains a NUL"):
            await StateCopier(nul, refused).copy_to_postgres()
        async with StateStores(tmp_path, refused).build_store() as store:
            assert await store.find() == ()
