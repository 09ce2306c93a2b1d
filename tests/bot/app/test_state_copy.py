"""The state is copied to PostgreSQL and back without a difference."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.adapters.sqlite_store import (
    COPIED,
    SqliteKeyValueStore,
    SqliteOutbox,
    SqliteStore,
)
from bot.app.state_copy import StateCopier
from bot.app.state_stores import StateStores
from bot.domain.audit import AuditEntry
from bot.domain.errors import ConfigError, StoreError
from bot.domain.postgres_place import PostgresPlace
from bot.domain.posts import MessageRef
from bot.settings import Environment
from tests.contracts.test_outbox_contract import HELLO, REF
from tests.contracts.test_store_contract import ADA, NOW, a_diagnosis, a_run, an_approval
from tests.support.postgres_server import run_server
from tests.support.stored_data import read_schema


def test_every_column_of_the_store_is_copied() -> None:
    schema = {
        table: columns for (file, table), columns in read_schema().items()
        if file == "theseus.sqlite3" and table != "retention"
    }  # fmt: skip
    assert schema == COPIED


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


def dump(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(file) as database:
        rows = {
            table: database.execute(f"SELECT {', '.join(sorted(columns))} FROM {table}").fetchall()  # noqa: S608
            for table, columns in COPIED.items()
        }
    database.close()
    return rows


def list_drafts(folder: Path) -> list[Path]:
    return list(folder.glob("*.draft*"))


@pytest.mark.slow
async def test_a_copy_and_a_copy_back_are_the_same_and_work_goes_on(tmp_path: Path) -> None:
    await fill(tmp_path)
    file = tmp_path / "theseus.sqlite3"
    with run_server() as server:
        place = server.make_place()
        copier = StateCopier(tmp_path, place)
        counts = await copier.copy_to_postgres()
        assert (counts["runs"], counts["stage_records"], counts["audit_log"]) == (31, 1_200, 5)
        assert (await copier.verify_audit_log(postgres=True)).broken is None
        with pytest.raises(StoreError, match="not empty"):
            await copier.copy_to_postgres()
        with pytest.raises(ConfigError, match="exists already"):
            await copier.copy_to_sqlite()
        original = tmp_path / "original.sqlite3"
        shutil.move(file, original)
        assert await copier.copy_to_sqlite() == counts
        assert dump(file) == dump(original)
        assert not list_drafts(tmp_path)

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
