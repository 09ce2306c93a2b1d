# ruff: noqa: S608  # statements with numbers of the test's own
"""Changes to the audit log by anyone who can write the database are detected."""

import asyncio
import errno
import hashlib
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.sqlite_store import SqliteStore
from bot.adapters.sqlite_store._audit import list_rows
from bot.adapters.sqlite_store._audit_anchor import Anchor
from bot.adapters.sqlite_store._audit_check import AuditChainCheck
from bot.adapters.sqlite_store._audit_rows import AuditRow, build_row
from bot.adapters.sqlite_store._schema import MIGRATIONS
from bot.domain.audit import AuditEntry, AuditHead, AuditState
from bot.domain.errors import StoreError
from bot.domain.people import Person
from bot.infra.sqlite import stamp
from tests.contracts.test_store_contract import NOW

ADA = Person(id=7, name="ada")
ROOT = Path(__file__).resolve().parents[3]
ENTRIES = 8


def entry(number: int) -> AuditEntry:
    """Return one of a kind."""
    at = NOW + timedelta(days=number)
    return AuditEntry(at=at, action="ship", allowed=True, person=ADA, run_id=f"run{number}")


async def written(path: Path, count: int = ENTRIES) -> AuditState:
    async with SqliteStore(path) as store:
        for number in range(count):
            await store.append_audit_entry(entry(number))
        return await store.verify_audit_log()


async def found(path: Path, *heads: AuditHead) -> AuditState:
    async with SqliteStore(path) as store:
        return await store.verify_audit_log(heads)


def tampered(path: Path, *statements: str) -> None:
    """Do that to the database, triggers or not."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for name in ("update", "delete", "replace"):
            connection.execute(f"DROP TRIGGER IF EXISTS audit_log_no_{name}")
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a log that holds, to be copied."""
    folder = tmp_path_factory.mktemp("log")
    assert asyncio.run(written(folder / "theseus.sqlite3")).broken is None
    return folder


@pytest.fixture
def path(pattern: Path, tmp_path: Path) -> Path:
    shutil.copytree(pattern, tmp_path / "state")
    return tmp_path / "state" / "theseus.sqlite3"


COLUMNS = ("number", "at", "run_id", "action", "body", "previous", "hash", "seal")
NUMBERS = st.integers(1, ENTRIES)
CHANGES = st.one_of(
    st.tuples(st.just("flip"), NUMBERS, st.sampled_from(COLUMNS[1:]), st.integers(0, 4_000)),
    st.tuples(st.just("cut"), NUMBERS),
    st.tuples(st.just("delete"), NUMBERS),
    st.tuples(st.just("swap"), NUMBERS, NUMBERS),
    st.tuples(st.just("again"), NUMBERS),
    st.tuples(st.just("renumber"), NUMBERS, st.integers(ENTRIES + 1, 90)),
    st.tuples(st.just("null"), NUMBERS),
)


def _change(connection: sqlite3.Connection, what: str, number: int, *more: object) -> None:
    where = f"WHERE number = {number}"
    if what == "flip":
        column, bit = more[0], int(str(more[1]))
        [text] = connection.execute(f"SELECT {column} FROM audit_log {where}").fetchone()
        raw = bytearray(str(text).encode()) or bytearray(b" ")  # a flip of nothing adds
        raw[(bit // 7) % len(raw)] ^= 1 << (bit % 7)
        new = raw.decode()
        connection.execute(f"UPDATE audit_log SET {column} = ? {where}", (new,))
    elif what == "cut":
        connection.execute(f"DELETE FROM audit_log WHERE number >= {number}")
    elif what == "delete":
        connection.execute(f"DELETE FROM audit_log {where}")
    elif what == "swap":
        _swap(connection, number, int(str(more[0])))
    elif what == "again":
        connection.execute(
            "INSERT INTO audit_log SELECT 9, at, run_id, action, body, previous, hash || ' ', seal"
            f" FROM audit_log {where}"
        )
    elif what == "renumber":
        connection.execute(f"UPDATE audit_log SET number = {more[0]} {where}")
    else:
        connection.execute(f"UPDATE audit_log SET run_id = NULL {where}")


def _swap(connection: sqlite3.Connection, one: int, other: int) -> None:
    for old, new in ((one, -1), (other, one), (-1, other)):
        connection.execute(f"UPDATE audit_log SET number = {new} WHERE number = {old}")


def _copy(path: Path) -> sqlite3.Connection:
    """Return the log in memory, without what guards its table."""
    copy = sqlite3.connect(":memory:")
    with closing(sqlite3.connect(path)) as connection:
        connection.backup(copy)
    for name in ("update", "delete", "replace"):
        copy.execute(f"DROP TRIGGER audit_log_no_{name}")
    return copy


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(change=CHANGES)
def test_whatever_is_changed_in_the_table_is_seen(pattern: Path, change: tuple[Any, ...]) -> None:
    anchor = Anchor(pattern)
    anchor.key = bytes.fromhex((pattern / "audit.key").read_text())
    head = anchor.read_head()
    assert head is not None
    with closing(_copy(pattern / "theseus.sqlite3")) as copy:
        before = list_rows(copy, None, -9, 100)
        _change(copy, *change)
        after = list_rows(copy, None, -9, 100)
    check = AuditChainCheck(anchor.key, (head,))
    for row in after:
        check.take(row)
    assert (check.finish(head, anchored=True).broken is not None) is (after != before)


def _redone(path: Path, key: bytes) -> None:
    """Rewrite the complete log with one name changed, and hashes and seals forged as far as
    possible.
    """
    with closing(sqlite3.connect(path)) as connection, connection:
        rows = [
            AuditRow(*row) for row in connection.execute("SELECT * FROM audit_log ORDER BY number")
        ]
        connection.execute("DELETE FROM audit_log")
        previous = ""
        for row in rows:
            assert row.entry is not None
            body = row.body.replace("ada", "eve")
            row = build_row(row.number, row.entry, body, previous, key)
            previous = row.hash
            connection.execute("INSERT INTO audit_log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


async def test_a_log_rewritten_whole_with_all_its_hashes_is_seen_by_its_seals(path: Path) -> None:
    tampered(path)
    _redone(path, b"a key of somebody's own")
    state = await found(path)
    assert state.broken is not None
    assert (state.broken.number, state.broken.kind) == (1, "seal")


async def test_with_the_key_as_well_it_is_seen_by_the_head_and_with_that_by_the_journal(
    path: Path,
) -> None:
    noted = (await found(path)).head
    tampered(path)
    _redone(path, bytes.fromhex((path.parent / "audit.key").read_text()))
    state = await found(path)
    assert state.broken is not None
    assert (state.broken.number, state.broken.kind) == (ENTRIES, "cut")
    forged = SqliteStore(path)
    await forged.open()
    forged._audited._anchor.force(state.head)
    await forged.close()
    assert (await found(path)).broken is None
    seen = (await found(path, noted)).broken
    assert seen is not None
    assert seen.kind == "journal"


async def test_seals_taken_off_are_missed(path: Path) -> None:
    old = "UPDATE audit_log SET hash = substr(hash, 3), seal = '' WHERE number = 4"
    tampered(path, old)
    assert (await found(path)).broken is not None


@pytest.mark.parametrize("name", ["audit.head", "audit.key"])
async def test_what_lies_outside_and_is_gone_is_missed(path: Path, name: str) -> None:
    (path.parent / name).unlink()
    assert (await found(path)).broken is not None
    async with SqliteStore(path) as store:  # and it goes on being missed
        await store.append_audit_entry(entry(99))
        assert (await store.verify_audit_log()).broken is not None


async def test_what_was_cut_off_stays_seen_while_the_bot_writes_on(path: Path) -> None:
    tampered(path, "DELETE FROM audit_log WHERE number > 4")
    async with SqliteStore(path) as store:
        for number in range(20):
            assert (await store.verify_audit_log()).broken is not None
            await store.append_audit_entry(entry(number))


async def test_an_older_copy_of_all_files_is_seen_by_the_journal(
    path: Path, tmp_path: Path
) -> None:
    shutil.copytree(path.parent, tmp_path / "copy")
    async with SqliteStore(path) as store:
        await store.append_audit_entry(entry(99))
        noted = (await store.verify_audit_log()).head
    copy = tmp_path / "copy" / path.name
    assert (await found(copy)).broken is None
    broken = (await found(copy, noted)).broken
    assert broken is not None
    assert (broken.number, broken.kind) == (ENTRIES + 1, "journal")


async def test_what_is_noted_counts_as_known_and_later_breaks_are_seen(path: Path) -> None:
    tampered(path, "DELETE FROM audit_log WHERE number > 4")
    async with SqliteStore(path) as store:
        await store.accept_audit_break(entry(50))
        state = await store.verify_audit_log()
        assert state.broken is None
        await store.append_audit_entry(entry(51))
        await store.append_audit_entry(entry(52))
    tampered(path, "DELETE FROM audit_log WHERE number = 6")
    broken = (await found(path)).broken
    assert broken is not None
    assert broken.number == 6


async def _of_an_older_version(path: Path) -> None:
    async with SqliteStore(path, migrations=MIGRATIONS[:4]):
        pass
    for name in ("audit.key", "audit.head"):
        (path.parent / name).unlink()
    previous = ""
    with closing(sqlite3.connect(path)) as connection, connection:
        for number, action in enumerate(("asked", "approved"), 1):
            body = f'{{"action":"{action}","allowed":true,"at":"{NOW.isoformat()}"}}'
            chained = hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()
            row = (number, stamp(NOW), None, action, body, previous, chained)
            connection.execute("INSERT INTO audit_log VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            previous = chained


async def test_entries_of_older_versions_hold_and_are_seen_when_changed(tmp_path: Path) -> None:
    path = tmp_path / "theseus.sqlite3"
    await _of_an_older_version(path)
    async with SqliteStore(path) as store:
        for number in range(3):
            await store.append_audit_entry(entry(number))
        state = await store.verify_audit_log()
        assert (state.first, state.last, state.sealed_from, state.broken) == (1, 5, 3, None)
        assert [each.action for each in await store.list_audit_entries()][-2:] == [
            "approved",
            "asked",
        ]
    tampered(path, "UPDATE audit_log SET body = replace(body, 'asked', 'liked') WHERE number = 1")
    broken = (await found(path)).broken
    assert broken is not None
    assert (broken.number, broken.kind) == (1, "changed")


async def test_removing_old_entries_breaks_nothing_again_and_again(path: Path) -> None:
    async with SqliteStore(path) as store:
        for day in range(1, 12):
            await store.forget_audit_entries(
                NOW + timedelta(days=day), NOW + timedelta(days=day + 30)
            )
            state = await store.verify_audit_log()
            assert state.broken is None, day
            await store.append_audit_entry(entry(20 + day))
    tampered(path, f"DELETE FROM audit_log WHERE number = {state.first}")
    assert (await found(path)).broken is not None


async def test_removing_many_entries_looks_at_each_once(path: Path) -> None:
    """A log of years: with each entry asking all others for its checkpoint it took minutes."""
    async with SqliteStore(path) as store:
        plan = await store._database.read(
            lambda connection: connection.execute(
                "EXPLAIN QUERY PLAN SELECT 1 FROM audit_log WHERE action = 'audit.checkpoint'"
                " AND number > 5 AND CAST(json_extract(body, '$.cut') AS INTEGER) >= 5"
            ).fetchall()
        )
    assert [row["detail"] for row in plan] == [
        "SEARCH audit_log USING INDEX audit_checkpoints (number>?)"
    ]


async def test_the_table_gives_up_nothing_that_no_checkpoint_covers(path: Path) -> None:
    async with SqliteStore(path) as store:
        await store.forget_audit_entries(NOW + timedelta(days=3), NOW + timedelta(days=30))
        first = (await store.verify_audit_log()).first
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        connection.execute(f"DELETE FROM audit_log WHERE number = {first}")


_WRITER = """
import asyncio, sys
from pathlib import Path
from bot.adapters.sqlite_store import SqliteStore
from bot.domain.audit import AuditEntry
ENTRY = AuditEntry(at="2026-11-21T12:00:00Z", action="ship", allowed=True)
async def main():
    async with SqliteStore(Path(sys.argv[1])) as store:
        while True:
            await store.append_audit_entry(ENTRY)
            print("kept", flush=True)
asyncio.run(main())
"""


def test_killed_while_it_writes_it_raises_no_false_alarm_and_loses_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "theseus.sqlite3"
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        kept = sum(bool(writer.stdout.readline()) for _ in range(7))
        writer.kill()
    state = asyncio.run(found(path))
    assert state.broken is None
    assert state.last >= kept == 7


@pytest.mark.parametrize("step", range(6))
async def test_ended_at_any_step_of_an_entry_it_raises_no_false_alarm(
    path: Path, step: int
) -> None:
    """The steps: before and after it is begun, the row, the lock, the head, and the end."""
    store = SqliteStore(path)
    await store.open()
    anchor, steps = store._audited._anchor, iter(range(6))

    class Ended(Exception):
        pass

    def at() -> None:
        if next(steps) == step:
            raise Ended

    whole, write = anchor.advance, anchor._write

    def advance(known: AuditHead | None, end: AuditHead) -> None:
        at()
        whole(known, end)
        at()

    def written_late(file: Path, head: AuditHead) -> None:
        at()
        write(file, head)
        at()

    anchor.advance, anchor._write = advance, written_late  # type: ignore[method-assign]
    for number in range(2):
        try:
            await store.append_audit_entry(entry(90 + number))
        except Ended:
            break
    await store.close()
    assert (await found(path)).broken is None
    async with SqliteStore(path) as again:
        await again.append_audit_entry(entry(99))
        assert (await again.verify_audit_log()).broken is None


async def test_an_entry_cut_off_between_its_commit_and_its_head_is_told_by_the_next(
    path: Path,
) -> None:
    """Killed in between, the head does not know the entry; that it was begun is known."""
    store = SqliteStore(path)
    await store.open()

    def killed(known: AuditHead | None, end: AuditHead) -> None:
        raise OSError(9, "killed here", "audit.head")

    store._audited._anchor.advance = killed  # type: ignore[method-assign]
    with pytest.raises(StoreError):
        await store.append_audit_entry(entry(99))
    assert (await store.verify_audit_log()).last == ENTRIES + 1
    await store.close()
    tampered(path, f"DELETE FROM audit_log WHERE number = {ENTRIES + 1}")
    async with SqliteStore(path) as again:
        await again.append_audit_entry(entry(100))
        newest = await again.list_audit_entries(limit=2)
        assert [each.action for each in newest] == ["ship", "audit.lost"]
        assert f"entry {ENTRIES + 1} (2:" in newest[1].note
        await again.append_audit_entry(entry(101))
        assert [each.action for each in await again.list_audit_entries(limit=2)] == ["ship", "ship"]
        assert (await again.verify_audit_log()).broken is None


def test_a_write_that_the_disk_refuses_names_the_file_and_leaves_no_draft(path: Path) -> None:
    """The system names no file when a write fails. A limit makes it fail, as a full disk does."""
    anchor = Anchor(path.parent)
    anchor.open(AuditHead(number=0, hash=""), sealed_rows=True)
    files = sorted(each.name for each in path.parent.iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(OSError, match="File too large") as refused:
            anchor.begin(AuditHead(number=9, hash="9"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert refused.value.filename == str(anchor.next_file)
    assert sorted(each.name for each in path.parent.iterdir()) == files


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space there."),
        (errno.EMFILE, "raise the limit (ulimit -n)"),
        (errno.EROFS, "Let this user write there."),
    ],
)
async def test_a_refused_entry_is_answered_with_the_way_out_and_the_next_one_is_written(
    path: Path, number: int, remedy: str
) -> None:
    async with SqliteStore(path) as store:
        anchor = store._audited._anchor
        begin = anchor.begin

        def refuse(end: AuditHead) -> None:
            raise OSError(number, os.strerror(number), str(anchor.next_file))

        anchor.begin = refuse  # type: ignore[method-assign]
        with pytest.raises(StoreError) as refused:
            await store.append_audit_entry(entry(99))
        assert f"{anchor.next_file} ({os.strerror(number)})" in str(refused.value)
        assert remedy in str(refused.value)
        anchor.begin = begin  # type: ignore[method-assign]
        assert (await store.verify_audit_log()).last == ENTRIES
        await store.append_audit_entry(entry(99))
        assert (await store.verify_audit_log()).last == ENTRIES + 1
