"""PostgreSQL keeps the state as SQLite does: with two writers, killed, and under attack."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bot.adapters.sqlite_store import MIGRATIONS, SqlOutbox, SqlStore
from bot.app.state_stores import StateStores
from bot.domain.audit import AuditEntry
from bot.domain.errors import ConfigError, StoreConflict, StoreError
from bot.domain.postgres_place import PostgresPlace
from bot.domain.run import Run, Status
from bot.domain.storage import StorageFault, StorageFaultKind
from bot.infra.postgres import PostgresDatabase
from tests.contracts.test_outbox_contract import HELLO
from tests.contracts.test_store_contract import ADA, NOW, a_diagnosis, a_run
from tests.support.postgres_server import PostgresServer, run_server

WRITERS = 2
RUNS = 20

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Return a server of its own, because a test kills it."""
    with run_server() as own:
        yield own


def open_database(place: PostgresPlace) -> PostgresDatabase:
    return PostgresDatabase(place, MIGRATIONS, error=StoreError)


def list_faults(database: PostgresDatabase) -> list[StorageFault]:
    return [] if database.fault is None else [database.fault]


async def test_two_writers_share_runs_versions_messages_and_one_chain(
    server: PostgresServer, tmp_path: Path
) -> None:
    place = server.make_place()
    stores = [SqlStore(open_database(place), tmp_path) for _ in range(WRITERS)]
    await asyncio.gather(*(each.open() for each in stores))  # both migrate at once
    outboxes = [SqlOutbox(open_database(place)) for _ in range(WRITERS)]
    for number in range(RUNS):
        await stores[0].create(a_run(f"run{number:03}", age=number))

    async def work(store: SqlStore, outbox: SqlOutbox, name: str) -> list[Run]:
        taken = []
        await outbox.open()
        while run := await store.lease_next(name, NOW):
            run = await store.save(run.replace(activity=name), a_diagnosis(name))
            await store.append_audit_entry(
                AuditEntry(at=NOW, action="ship", allowed=True, person=ADA, note=f"{name}\0 ☂")
            )
            taken.append(run)
        for number in range(RUNS):
            await outbox.enqueue(f"card:{number}", 1, HELLO)
        return taken

    names = ("a", "b")
    taken = await asyncio.gather(*map(work, stores, outboxes, names))
    assert Counter(run.id for each in taken for run in each) == Counter(
        f"run{number:03}" for number in range(RUNS)
    )
    assert len(await outboxes[0].list_pending()) == RUNS
    state = await stores[1].verify_audit_log()
    assert (state.first, state.last, state.broken) == (1, RUNS, None)

    run = taken[0][0] if taken[0] else taken[1][0]
    saves = (
        each.save(run.replace(activity=name)) for each, name in zip(stores, names, strict=True)
    )
    results = await asyncio.gather(*saves, return_exceptions=True)
    assert sorted(type(each).__name__ for each in results) == ["Run", "StoreConflict"]
    assert issubclass(StoreConflict, StoreError)
    for each in (*stores, *outboxes):
        await each.close()


@pytest.mark.parametrize(
    ("attack", "refusal"),
    [
        ("UPDATE audit_log SET body = '{}'", "append-only"),
        ("DELETE FROM audit_log WHERE number = 2", "append-only"),
        ("TRUNCATE audit_log", "append-only"),
        ("TRUNCATE approvals, stage_records", "append-only"),
        ("INSERT INTO audit_log SELECT 1, at, run_id, action, body, previous, 'x', seal"
         " FROM audit_log WHERE number = 1", "append-only"),
        ("ALTER TABLE audit_log DISABLE TRIGGER ALL; UPDATE audit_log SET action = 'refused'"
         " WHERE number = 2", ""),
        ("ALTER TABLE audit_log DISABLE TRIGGER ALL; DELETE FROM audit_log WHERE number = 3", ""),
    ],
)  # fmt: skip
async def test_a_changed_chain_is_refused_or_found(
    server: PostgresServer, tmp_path: Path, attack: str, refusal: str
) -> None:
    place = server.make_place()
    async with SqlStore(open_database(place), tmp_path) as store:
        for number in range(3):
            await store.append_audit_entry(AuditEntry(at=NOW, action=f"{number}", allowed=True))
        with psycopg.connect(place.url, autocommit=True) as intruder:
            intruder.execute(f"SET search_path TO {place.schema}")
            if refusal:
                with pytest.raises(psycopg.Error, match=refusal):
                    intruder.execute(attack)
            else:
                intruder.execute(attack)
        broken = (await store.verify_audit_log()).broken
        assert (broken is None) == bool(refusal)


async def test_text_is_never_sql_and_never_a_pattern(
    server: PostgresServer, tmp_path: Path
) -> None:
    text = "'); DROP TABLE runs; -- %(p1)s %s $1 \\' E'\\x00' \0"
    async with SqlStore(open_database(server.make_place()), tmp_path) as store:
        run = await store.create(a_run(key=text).replace(activity=text))
        entry = AuditEntry(at=NOW, action=text, allowed=True, person=ADA, run_id="abc123")
        await store.append_audit_entry(entry)
        assert (await store.get(run.id)).activity == text
        assert [each.id for each in await store.find()] == [run.id]


async def test_after_the_server_was_killed_what_was_stored_is_there_and_work_goes_on(
    server: PostgresServer, tmp_path: Path
) -> None:
    database = open_database(server.make_place())
    async with SqlStore(database, tmp_path) as store:
        run = await store.create(a_run())
        await store.append_audit_entry(AuditEntry(at=NOW, action="one", allowed=True))
        server.kill()
        with pytest.raises(StoreError, match="cannot be reached"):
            await store.get(run.id)
        await database.probe()
        (fault,) = list_faults(database)
        assert fault.kind is StorageFaultKind.UNREACHABLE
        assert "theseus@" not in fault.text
        server.start()
        await database.probe()
        assert list_faults(database) == []
        assert (await store.save(run.replace(status=Status.DONE))).version == run.version + 1
        server.kill()
        server.start()
        # The first transaction finds the broken connection, before it has done anything.
        assert (await store.get(run.id)).status is Status.DONE
        assert (await store.verify_audit_log()).broken is None


async def test_other_tables_and_newer_schemas_are_refused_with_the_way_out(
    server: PostgresServer, tmp_path: Path
) -> None:
    place = server.make_place()
    with psycopg.connect(place.url, autocommit=True) as other:
        other.execute(f"CREATE SCHEMA {place.schema} CREATE TABLE notes (text text)")
    with pytest.raises(ConfigError, match="not those of Theseus"):
        await open_database(place).open()
    newer = server.make_place()
    database = open_database(newer)
    await database.open()
    await database.write(
        lambda connection: connection.execute(
            "INSERT INTO schema_migrations (name) VALUES (?)", ("9999_of_tomorrow",)
        )
    )
    await database.close()
    with pytest.raises(ConfigError, match="9999_of_tomorrow"):
        await open_database(newer).open()
    nowhere = PostgresPlace("postgresql://ada:hunter2@127.0.0.1:9/theseus")
    with pytest.raises(ConfigError, match="cannot be used"):
        StateStores(tmp_path, nowhere).check_server()
    StateStores(tmp_path, newer).check_server()
    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:9/theseus cannot be used") as refused:
        await open_database(nowhere).open()
    assert "hunter2" not in f"{refused.value}{nowhere!r}"
