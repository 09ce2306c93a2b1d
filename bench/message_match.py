"""A report is understood and matched with a failure, with a day of a busy bot in the journal.

It is what a message to the bot waits for: the grammar with the learned table, then the matcher with
the real journal. The baseline is one read of the journal's failures, which the matcher needs. The
reports are those of `bench/data/matching`; whatever they are about, each searches all failures. A
report for which the journal is read more than once fails the measurement.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from theseus_observe.redaction import redact

from bench.matching import build_trigger, read_pairs
from bench.month import END, write_month
from bench.rows import Row, compute_median, compute_p95
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.app.demo import find_project_root
from bot.domain.journal import FailureGroup
from bot.intake.failures import FailureMatcher
from tests.fakes.fake_clock import FakeClock

DATA = "bench/data/matching/pairs.tsv"
RECORDS = 300_000
"""In 30 days: 10,000 of them, with 500 failures of 200 kinds, in the last one."""
_LOOKBACK = timedelta(days=1)
_ROUNDS = 5


class _CountedJournal(NdjsonJournal):
    """The real journal, which counts how often its failures are read."""

    reads = 0

    async def list_failures(self, *, since: datetime, limit: int = 50) -> Sequence[FailureGroup]:
        """Return the failures since then."""
        self.reads += 1
        return await super().list_failures(since=since, limit=limit)


async def measure(rounds: int = _ROUNDS) -> Sequence[Row]:
    """Return a row for the median and one for p95, next to one read of the journal."""
    reports = [pair.report for pair in read_pairs(find_project_root() / DATA)]
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        state = Path(folder)
        await asyncio.to_thread(write_month, state / "journal", RECORDS)
        async with _CountedJournal(state, redact=redact) as journal:
            await journal.find_damage()  # the index is complete
            mine, theirs = list[float](), list[float]()
            for report in reports * rounds:
                mine.append(await _match(journal, report))
                theirs.append(await _read(journal))
    return [
        Row(
            bench="matching", name=f"understood and matched, {name}", ours=compute(mine),
            baseline=compute(theirs), baseline_name="the journal read once",
            ratio=compute(mine) / compute(theirs), pairs=len(mine),
        )
        for name, compute in (("median", compute_median), ("p95", compute_p95))
    ]  # fmt: skip


async def _match(journal: _CountedJournal, report: str) -> float:
    matcher = FailureMatcher(journal, FakeClock(END), lookback=_LOOKBACK)
    before, began = journal.reads, time.perf_counter()
    await matcher.match(build_trigger(report))
    taken = time.perf_counter() - began
    if journal.reads != before + 1:
        raise RuntimeError(f"{report!r} read the journal {journal.reads - before} times")
    return taken


async def _read(journal: _CountedJournal) -> float:
    began = time.perf_counter()
    await journal.list_failures(since=END - _LOOKBACK)
    return time.perf_counter() - began
