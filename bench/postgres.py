"""A stage saved in PostgreSQL, on a Unix socket, against SQLite; both wait for the same disk."""

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rows import Row, Timed, measure_pairs
from bot.adapters.sqlite_store import MIGRATIONS, SqliteStore, SqlStore
from bot.domain.audit import AuditEntry
from bot.domain.errors import StoreError
from bot.domain.evidence import Diagnosis
from bot.domain.people import Person, Place
from bot.domain.run import Run, Trigger
from bot.infra.postgres import PostgresDatabase
from tests.support.postgres_server import PostgresServer

SAVES, PAIRS = 50, 7
_NOW = datetime(2026, 11, 21, tzinfo=UTC)
_RECORD = Diagnosis(found=True, headline="Rolling dice fails", cause="off by one " * 200)


async def measure(saves: int = SAVES, pairs: int = PAIRS) -> Sequence[Row]:
    """Return a row for each kind of access, for one call of it. Needs PostgreSQL's programs."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(PostgresServer.run(durable=True))
        # In the same folder as the server's data: TMPDIR may be in memory.
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="theseus-bench-", dir="/tmp")))
        database = PostgresDatabase(server.make_place(), MIGRATIONS, error=StoreError)
        ours = await stack.enter_async_context(SqlStore(database, folder / "postgres"))
        theirs = await stack.enter_async_context(SqliteStore(folder / "sqlite" / "theseus.sqlite3"))
        for store in (ours, theirs):
            await store.create(_make_run())
        makers = {
            "a stage's record": _time_saves,
            "a history": _time_reads,
            "an audit entry": _time_entries,
        }
        return [
            await _measure_row(name, make(ours, saves), make(theirs, saves), pairs)
            for name, make in makers.items()
        ]


def _make_run() -> Run:
    person, place = Person(id=1, name="Ada"), Place(channel_id=1)
    trigger = Trigger(key="k", goal="fix", person=person, place=place, text="dice fail", at=_NOW)
    return Run(id="abc123", goal="fix", trigger=trigger, created_at=_NOW, updated_at=_NOW)


def _time_saves(store: SqlStore, count: int) -> Timed:
    async def save() -> float:
        run = await store.get("abc123")
        start = time.perf_counter()
        for _ in range(count):
            run = await store.save(run, _RECORD)
        return (time.perf_counter() - start) / count

    return save


def _time_reads(store: SqlStore, count: int) -> Timed:
    async def read() -> float:
        start = time.perf_counter()
        for _ in range(count):
            await store.get_history("abc123")
        return (time.perf_counter() - start) / count

    return read


def _time_entries(store: SqlStore, count: int) -> Timed:
    async def append() -> float:
        start = time.perf_counter()
        for _ in range(count):
            await store.append_audit_entry(AuditEntry(at=_NOW, action="ask", allowed=True))
        return (time.perf_counter() - start) / count

    return append


async def _measure_row(name: str, ours: Timed, theirs: Timed, pairs: int) -> Row:
    mine, baseline, ratio = await measure_pairs(ours, theirs, pairs=pairs)
    return Row(
        bench="postgres", name=name, ours=mine, baseline=baseline, baseline_name="SQLite",
        ratio=ratio, pairs=pairs,
    )  # fmt: skip
