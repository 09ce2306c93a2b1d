"""The evidence pack over a million records, against jq counting the failures in the same files.

The pack contains more than the count: the matching failure, its timeline, the source around its
frames and suspect commits. The index exists, as in a running bot; the journal covers a month, and
the query covers all of it.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from theseus_observe.redaction import redact

from bench.evidence import import_file, make_repository, record_failures, request
from bench.month import END, check_room, write_month
from bench.rows import Row, measure_pairs
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_memory import SqliteMemory
from bot.intake import FailureMatcher
from bot.self_improvement.requests.evidence_collector import EvidenceCollector
from bot.telemetry import Recorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.small_bot_repository import FILE

RECORDS = 1_000_000
PAIRS = 3
COUNT = "reduce (inputs | select(.error != null)) as $r ({}; .[$r.error.fingerprint] += 1)"


async def measure() -> Sequence[Row]:
    """Return one row."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        return [await measure_scan(Path(folder), RECORDS)]


async def measure_scan(folder: Path, records: int) -> Row:
    """Return the row of a journal of so many records, made in that folder."""
    check_room(folder, records, index=True)
    root, state, clock = folder / "checkout", folder / "state", FakeClock(END)
    head = await asyncio.to_thread(make_repository, root)
    await asyncio.to_thread(write_month, state / "journal", records)
    async with (
        NdjsonJournal(state, redact=redact) as journal,
        SqliteMemory(state / "memory.sqlite3", redact=redact) as memory,
    ):
        recorder = Recorder(journal, clock, root, b"bench", lambda: head, redact=redact)
        record_failures(recorder, import_file(root / FILE))
        assert await journal.find_damage() == ()  # waits for the complete index
        lookback = timedelta(days=31)
        match = FailureMatcher(journal, clock, lookback=lookback).find_evidence
        observe = EvidenceCollector(
            journal, GitCheckout(root), clock, memory, match, lookback=lookback
        )

        async def measure_ours() -> float:
            started = time.perf_counter()
            evidence = await observe(request(clock.now()))
            assert evidence.capsule is not None
            return time.perf_counter() - started

        name = f"evidence of {records:,} records"
        files = sorted((state / "journal").iterdir())
        if shutil.which("jq") is None:
            return Row(
                bench="evidence-scan",
                name=f"{name}; jq is not installed",
                ours=await measure_ours(),
            )
        mine, theirs, ratio = await measure_pairs(
            measure_ours, lambda: _measure_jq(files), pairs=PAIRS
        )
    return Row(
        bench="evidence-scan", name=name, ours=mine, baseline=theirs,
        baseline_name="jq, failures counted", ratio=ratio, pairs=PAIRS,
    )  # fmt: skip


async def _measure_jq(files: Sequence[Path]) -> float:
    """Return how long jq takes to count the failures by fingerprint."""
    started = time.perf_counter()
    counting = await asyncio.create_subprocess_exec(
        "jq", "-n", COUNT, *files, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await counting.communicate()
    assert counting.returncode == 0
    assert b"fault0001" in told
    return time.perf_counter() - started
