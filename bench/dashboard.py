"""Pages of the dashboard over a large history, against the SQL that each of them needs.

The history has 5,000 runs with their records, 10,000 entries of the audit log and 100,000 records
of the journal. The pages are the overview of 90 days, a page of runs, and a search of the audit
log. A page is requested over HTTP as by a browser, without cached figures; the baseline reads the
needed rows by SQL alone. The difference is the cost of building records, of redaction, and of
rendering.
"""

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

from theseus_observe.redaction import redact

from bench.rows import Row, measure_pairs
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_ledger import SqliteLedger
from bot.adapters.sqlite_store import SqliteRecordSearch, SqliteStore
from bot.adapters.sqlite_store._audit import append as append_entry
from bot.adapters.sqlite_store._rows import append_record, insert_run, redact_record
from bot.domain.audit import AuditEntry
from bot.domain.budget import BudgetRules
from bot.domain.ids import create_sortable_id
from bot.domain.journal import Action, ActionOutcome, Capsule, Kind
from bot.domain.people import Person
from bot.domain.run import Status
from bot.infra.sqlite import stamp
from tests.bot.web.web_server import HttpClient, Room
from tests.support.dashboard_harness import StoredRuns
from tests.support.dashboard_records import work

RUNS, ENTRIES, RECORDS = 5_000, 10_000, 100_000
PAIRS = 7
ADA = Person(id=1, name="ada")
_DAYS = 85
_PAGES = {
    "overview of 90 days": "/?span=90d",
    "a page of runs": "/runs?page=3",
    "a search of the audit log": "/audit?q=number+77&person=ada",
}
_RUNS = "SELECT id, status, body, created_at FROM runs WHERE created_at >= ? ORDER BY created_at"
_STORED = (
    "SELECT run_id, kind, min(at) FROM stage_records WHERE kind IN ('Proposal', 'Shipment',"
    " 'Outcome', 'Watch') GROUP BY 1, 2"
)
_COUNTS = (
    "SELECT ts / 259200000000, event, count(*), sum(outcome <> 'ok') FROM records"
    " WHERE ts >= ? GROUP BY 1, 2"
)


async def measure() -> Sequence[Row]:
    """Return a row for each page."""
    room = Room()
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as home:
        folder = Path(home)
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(SqliteStore(folder / "theseus.sqlite3"))
            journal = await stack.enter_async_context(NdjsonJournal(folder, redact=redact))
            search = SqliteRecordSearch(folder / "theseus.sqlite3")
            room.without(
                store=store, journal=journal, agent=StoredRuns(store), budget=BudgetRules,
                search=await stack.enter_async_context(search),
                ledger=await stack.enter_async_context(SqliteLedger(folder / "ledger.sqlite3")),
            )  # fmt: skip
            await _fill(journal, room.clock.now(), folder)
            client = await stack.enter_async_context(room.serving())
            scans = _build_scans(folder, room.clock.now())
            return [await _measure_row(room, client, name, scans[name]) for name in _PAGES]


async def _measure_row(room: Room, client: HttpClient, name: str, scan: Callable[[], int]) -> Row:
    async def fetch_page() -> float:
        await room.clock.advance(10)  # expire the cached figures
        start = time.perf_counter()
        answer = await client.get(_PAGES[name])
        assert answer.status == 200
        return time.perf_counter() - start

    async def scan_rows() -> float:
        start = time.perf_counter()
        assert scan()
        return time.perf_counter() - start

    mine, theirs, ratio = await measure_pairs(fetch_page, scan_rows, pairs=PAIRS)
    return Row(
        bench="dashboard", name=name, ours=mine, baseline=theirs, baseline_name="bare SQL",
        ratio=ratio, pairs=PAIRS,
    )  # fmt: skip


def _build_scans(folder: Path, now: datetime) -> dict[str, Callable[[], int]]:
    """Return what reads the rows each page needs, and returns how many they were."""
    since = now - timedelta(days=90)
    stored = sqlite3.connect(folder / "theseus.sqlite3")
    index = sqlite3.connect(folder / "journal.sqlite3")

    def scan_overview() -> int:
        runs = stored.execute(_RUNS, (stamp(since),)).fetchall()
        kept = stored.execute(_STORED).fetchall()
        counts = index.execute(_COUNTS, (int(since.timestamp() * 1_000_000),)).fetchall()
        return len(runs) + len(kept) + len(counts)

    def scan_runs() -> int:
        sql = "SELECT * FROM runs ORDER BY created_at DESC LIMIT 51 OFFSET 100"
        return len(stored.execute(sql).fetchall())

    def scan_audit() -> int:
        sql = (
            "SELECT number, body FROM audit_log WHERE body LIKE '%number 77%'"
            " AND body LIKE '%ada%' ORDER BY number DESC LIMIT 51"
        )
        tail = "SELECT * FROM audit_log ORDER BY number DESC LIMIT 1000"
        return len(stored.execute(sql).fetchall()) + len(stored.execute(tail).fetchall())

    return dict(zip(_PAGES, (scan_overview, scan_runs, scan_audit), strict=True))


async def _fill(journal: NdjsonJournal, now: datetime, folder: Path) -> None:
    """Write all of it, in one transaction where that can be: who waits for a disk measures that."""
    luck = random.Random(7)  # noqa: S311 - only to be the same each time
    with sqlite3.connect(folder / "theseus.sqlite3") as stored:
        stored.row_factory = sqlite3.Row
        for number in range(RUNS):
            _add_run(stored, number, now - timedelta(days=_DAYS * number / RUNS), luck)
        for number in range(ENTRIES):
            entry = AuditEntry(
                at=now, action="ask", allowed=True, person=ADA, note=f"number {number}", how="text"
            )
            append_entry(stored, entry, b"key")
    stored.close()
    for action in _generate_actions(luck, now):
        journal.append(action)
    await journal.find_damage()  # waits until all of it is indexed


def _add_run(stored: sqlite3.Connection, number: int, at: datetime, luck: random.Random) -> None:
    about = {"created_at": at, "updated_at": at, "status": Status.DONE}
    run = Room().add_run(f"r{number:05}", cost_usd=luck.random(), **about)
    insert_run(stored, run)
    for record in work(run, number):
        append_record(stored, run, redact_record(record))


def _generate_actions(luck: random.Random, now: datetime) -> Iterator[Action]:
    for number in range(RECORDS):
        at = now - timedelta(days=_DAYS * (1 - number / RECORDS))
        failed = luck.random() < 0.05
        error = Capsule(exception="KeyError", message="tea", fingerprint=f"f{number % 40}")
        name = f"command{number % 30}"
        yield Action(
            ts=at, id=create_sortable_id(at), event=f"command.{name}", kind=Kind.COMMAND, name=name,
            outcome=ActionOutcome.ERROR if failed else ActionOutcome.OK,
            error=error if failed else None,
        )  # fmt: skip
