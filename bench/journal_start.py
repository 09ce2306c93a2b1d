"""A start with a month of journal, five million records: the first answers, with and without an
index.

The baseline reads every line and parses those that contain the text.
"""

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

from theseus_observe.redaction import redact

from bench.month import END, check_room, write_month
from bench.rows import Row
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.domain.journal import JournalQuery

RECORDS = 5_000_000
SCAN = "plain scan"

Asked = Callable[[NdjsonJournal], Awaitable[object]]


async def measure() -> Sequence[Row]:
    """Return rows for a first start, for the index, and for a start with it."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        return await measure_month(Path(folder), RECORDS)


async def measure_month(state: Path, records: int) -> Sequence[Row]:
    """Return the rows of a journal of so many records, made in that folder."""
    check_room(state, records, index=True)
    await asyncio.to_thread(write_month, state / "journal", records)
    started = time.perf_counter()
    counted = await asyncio.to_thread(_scan_failures, state / "journal")
    scan = time.perf_counter() - started
    rows = [await _measure_start(state, name, ask, scan) for name, ask in _list_questions(counted)]
    rows.append(await _measure_index(state))
    rows += [
        await _measure_start(state, name, ask, scan, "index")
        for name, ask in _list_questions(counted)
    ]
    return rows


def _list_questions(counted: Counter[str]) -> Sequence[tuple[str, Asked]]:
    async def read_day_failures(journal: NdjsonJournal) -> None:
        found = await journal.list_failures(since=END - timedelta(days=1), limit=1_000)
        assert {group.fingerprint: group.count for group in found} == counted

    async def read_newest(journal: NdjsonJournal) -> None:
        assert len(await journal.read(JournalQuery(limit=500))) == 500

    return (("newest 500", read_newest), ("failures of a day", read_day_failures))


async def _measure_start(state: Path, name: str, ask: Asked, scan: float, index: str = "") -> Row:
    """Measure from opening to the answer; without an index it is deleted first."""
    if not index:
        _forget_index(state)
    started = time.perf_counter()
    async with NdjsonJournal(state, redact=redact) as journal:
        await ask(journal)
        ours = time.perf_counter() - started
    return Row(
        bench="journal-start", name=f"{name}, {index or 'no index'}", ours=ours, baseline=scan,
        baseline_name=SCAN, ratio=ours / scan,
    )  # fmt: skip


def _forget_index(state: Path) -> None:
    for part in state.glob("journal.sqlite3*"):
        part.unlink()


async def _measure_index(state: Path) -> Row:
    """Measure until the complete index is built, without the pauses in which others work."""
    started = time.perf_counter()
    async with NdjsonJournal(state, redact=redact) as journal:
        assert await journal.find_damage() == ()
        ours = time.perf_counter() - started
    return Row(bench="journal-start", name="the whole index made", ours=ours)


def _scan_failures(folder: Path) -> Counter[str]:
    """Count the failures of the last day by reading every line."""
    since, counted = (END - timedelta(days=1)).isoformat()[:19], Counter[str]()
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            for line in file:
                if b'"fingerprint"' in line:
                    fields = json.loads(line)
                    if fields["ts"] >= since:
                        counted[fields["error"]["fingerprint"]] += 1
    return counted
