# ruff: noqa: ASYNC240  # small files of the test's own, read while nothing else runs
"""The store's file: migrations, damage, races, and what a killed process leaves."""

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.sqlite_store import SqliteOutbox, SqliteStore
from bot.adapters.sqlite_store._schema import MIGRATIONS
from bot.domain.audit import AuditEntry
from bot.domain.errors import ConfigError, StoreError
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.domain.run import Run
from tests.contracts.test_store_contract import NOW, a_diagnosis, a_run, an_approval


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the state file will be."""
    return tmp_path / "theseus.sqlite3"


async def test_a_file_of_the_first_migration_comes_up_to_date_with_its_rows(path: Path) -> None:
    async with SqliteStore(path, migrations=MIGRATIONS[:1]) as old:
        run = await old.save(await old.create(a_run()), a_diagnosis("kept"))
    async with SqliteStore(path) as store:
        assert await store.get(run.id) == run
        assert (await store.get_history(run.id)).diagnosis == a_diagnosis("kept")
        await store.approve(an_approval())
        await store.append_audit_entry(AuditEntry(at=NOW, action="approved", allowed=True))
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM schema_migrations ORDER BY number").fetchall()
    assert [name for (name,) in names] == [migration.name for migration in MIGRATIONS]


async def test_a_file_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    async with SqliteStore(path):
        pass
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO schema_migrations (name) VALUES ('9999_time_travel')")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="newer Theseus") as caught:
        await SqliteStore(path).open()
    assert str(path) in str(caught.value)
    assert "9999_time_travel" in str(caught.value)
    assert path.read_bytes() == before


async def test_fields_of_newer_code_are_passed_over_in_runs_and_not_in_what_permits(
    path: Path,
) -> None:
    async with SqliteStore(path) as store:
        run = await store.create(a_run())
        await store.approve(an_approval())
    added = "UPDATE {} SET body = json_set(body, '$.invented', 1, '$.trigger.later', json('[2]'))"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(added.format("runs"))
        connection.execute(
            "INSERT INTO approvals (run_id, head, person_id, at, body) SELECT run_id, 'newer',"
            " person_id, at, json_set(body, '$.only_after', 'noon') FROM approvals"
        )
    async with SqliteStore(path) as store:
        assert await store.get(run.id) == run
        with pytest.raises(StoreError, match="cannot be read by this version"):
            await store.get_approval(run.id, "newer")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE runs SET body = json_set(body, '$.stage', 'unheard of')")
    async with SqliteStore(path) as store:
        with pytest.raises(StoreError, match="cannot be read by this version"):
            await store.get(run.id)


async def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("this is not a database, it is a letter\n" * 100)
    with pytest.raises(ConfigError, match="move it away"):
        await SqliteStore(path).open()
    assert path.read_text().startswith("this is not")


async def test_a_damaged_file_is_refused(path: Path) -> None:
    async with SqliteStore(path) as store:
        for number in range(200):
            await store.create(a_run(f"run{number:03}"))
    damaged = bytearray(path.read_bytes())
    damaged[8192 : 8192 + 40_000] = os.urandom(40_000)
    path.write_bytes(bytes(damaged))
    with pytest.raises(ConfigError, match=r"theseus\.sqlite3 cannot be used"):
        await SqliteStore(path).open()


async def test_somebody_elses_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(ConfigError, match="not one of Theseus's"):
        await SqliteStore(path).open()


async def test_a_folder_in_place_of_the_file_is_named(path: Path) -> None:
    path.mkdir()
    with pytest.raises(ConfigError, match="THESEUS_STATE"):
        await SqliteStore(path).open()


async def test_a_closed_store_says_so(path: Path) -> None:
    store = SqliteStore(path)
    async with store:
        pass
    await store.close()
    with pytest.raises(StoreError, match="not open"):
        await store.find()


async def test_many_open_a_new_file_at_once(path: Path) -> None:
    stores = [SqliteStore(path) for _ in range(6)]
    await asyncio.gather(*(store.open() for store in stores))
    for number, store in enumerate(stores):
        await store.create(a_run(f"run{number}"))
    assert len(await stores[0].find()) == 6
    for store in stores:
        await store.close()


async def test_two_approvals_at_the_same_instant_are_one(path: Path) -> None:
    async with SqliteStore(path) as one, SqliteStore(path) as two:
        await one.create(a_run())
        bob = Person(id=2, name="Bob")
        for number in range(20):
            head = f"head{number}"
            answers = await asyncio.gather(
                one.approve(an_approval(head=head)), two.approve(an_approval(bob, head=head))
            )
            assert answers[0] == answers[1] == await one.get_approval("abc123", head)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM approvals").fetchone() == (20,)


async def test_two_workers_never_lease_the_same_run(path: Path) -> None:
    async with SqliteStore(path) as one, SqliteStore(path) as two:
        for number in range(20):
            await one.create(a_run(f"run{number:02}", age=number))

        async def take_all(store: SqliteStore, owner: str) -> list[Run]:
            taken = []
            while (run := await store.lease_next(owner, NOW)) is not None:
                taken.append(run)
            return taken

        first, second = await asyncio.gather(take_all(one, "one"), take_all(two, "two"))
        assert sorted(run.id for run in first + second) == [f"run{n:02}" for n in range(20)]
        for run in first + second:
            assert (await one.get(run.id)).lease_owner == run.lease_owner


async def test_the_same_trigger_from_two_connections_is_one_run(path: Path) -> None:
    async with SqliteStore(path) as one, SqliteStore(path) as two:
        for number in range(20):
            key = f"message:{number}"
            first, second = await asyncio.gather(
                one.create(a_run(f"one{number}", key=key)),
                two.create(a_run(f"two{number}", key=key)),
            )
            assert first == second
        assert len(await one.find()) == 20


async def test_of_two_saves_at_the_same_instant_one_wins(path: Path) -> None:
    async with SqliteStore(path) as one, SqliteStore(path) as two:
        run = await one.create(a_run())
        answers = await asyncio.gather(
            one.save(run.replace(activity="one"), a_diagnosis("one")),
            two.save(run.replace(activity="two"), a_diagnosis("two")),
            return_exceptions=True,
        )
        winners = [answer for answer in answers if isinstance(answer, Run)]
        assert len(winners) == 1
        diagnosis = (await one.get_history(run.id)).diagnosis
        assert diagnosis == a_diagnosis(winners[0].activity)


async def test_a_cancelled_save_is_whole_or_not_at_all(path: Path) -> None:
    async with SqliteStore(path) as store:
        run = await store.create(a_run())
        for number in range(30):
            saving = asyncio.ensure_future(
                store.save(run.replace(activity=str(number)), a_diagnosis(str(number)))
            )
            for _ in range(number % 5):
                await asyncio.sleep(0)
            saving.cancel()
            await asyncio.gather(saving, return_exceptions=True)
            run = await store.get(run.id)
            diagnosis = (await store.get_history(run.id)).diagnosis
            assert diagnosis == (a_diagnosis(run.activity) if run.activity else None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET action = 'nothing'",
        "DELETE FROM audit_log",
        "INSERT OR REPLACE INTO audit_log SELECT number, at, run_id, 'x', body, previous, 'y', ''"
        " FROM audit_log",
        "UPDATE approvals SET head = 'beef'",
        "DELETE FROM approvals",
        "INSERT OR REPLACE INTO approvals SELECT run_id, head, 1, at, body FROM approvals",
        "DELETE FROM stage_records",
    ],
)
async def test_what_was_written_down_cannot_be_changed(path: Path, statement: str) -> None:
    async with SqliteStore(path) as store:
        await store.save(await store.create(a_run()), a_diagnosis("kept"))
        await store.approve(an_approval())
        await store.append_audit_entry(AuditEntry(at=NOW, action="approved", allowed=True))
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
        connection,
    ):
        connection.execute(statement)


async def test_audits_from_two_connections_stay_one_chain(path: Path) -> None:
    async with SqliteStore(path) as one, SqliteStore(path) as two:
        entry = AuditEntry(at=NOW, action="asked", allowed=True)
        await asyncio.gather(
            *(store.append_audit_entry(entry) for _ in range(20) for store in (one, two))
        )
        assert len(await one.list_audit_entries()) == 40
        assert (await one.verify_audit_log()).broken is None


async def test_the_outbox_keeps_what_waits_across_a_restart(path: Path) -> None:
    async with SqliteOutbox(path) as outbox:
        waiting = await outbox.enqueue("card:1", 42, Post(text="hello"))
    async with SqliteOutbox(path) as outbox:
        assert await outbox.list_pending() == (waiting,)
        assert await outbox.enqueue("card:1", 42, Post(text="hello")) == waiting


async def test_the_same_message_from_two_connections_waits_once(path: Path) -> None:
    async with SqliteOutbox(path) as one, SqliteOutbox(path) as two:
        for number in range(20):
            answers = await asyncio.gather(
                one.enqueue(f"key{number}", 42, Post(text="one")),
                two.enqueue(f"key{number}", 42, Post(text="two")),
            )
            assert answers[0] == answers[1]
        assert len(await one.list_pending()) == 20


_WRITER = """
import asyncio, sys
from pathlib import Path
from bot.adapters.sqlite_store import SqliteStore
from tests.contracts.test_store_contract import a_diagnosis, a_run

async def main():
    async with SqliteStore(Path(sys.argv[1])) as store:
        run = await store.create(a_run())
        while True:
            run = await store.save(run.replace(activity=str(run.version + 1)),
                                   a_diagnosis(str(run.version + 1)))
            sys.stdout.write(f"{run.version}\\n")
            sys.stdout.flush()

asyncio.run(main())
"""


async def test_everything_a_killed_process_had_saved_is_there(path: Path) -> None:
    root = Path(__file__).parents[3]
    for turn in range(3):
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _WRITER, str(path), cwd=root, stdout=asyncio.subprocess.PIPE
        )
        assert writer.stdout is not None
        async with asyncio.timeout(30):
            for _ in range(10 + turn):
                confirmed = int(await writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = (await writer.stdout.read()).split()
        await writer.wait()
        confirmed = int(rest[-1]) if rest else confirmed
        async with SqliteStore(path) as store:
            run = await store.get("abc123")
            assert run.version in (confirmed, confirmed + 1)
            assert (await store.get_history(run.id)).diagnosis == a_diagnosis(run.activity)
            assert run.activity == str(run.version)


async def test_a_lease_ends_when_it_was_said_to(path: Path) -> None:
    async with SqliteStore(path) as store:
        await store.create(a_run())
        until = NOW + timedelta(seconds=5, microseconds=1)
        await store.lease_next("worker", until)
        assert (await store.get("abc123")).lease_until == until
