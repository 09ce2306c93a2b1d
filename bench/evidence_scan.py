"""The evidence pack over a million records, against jq counting the failures in the same files.

The pack is more than that: the failure that is meant, its timeline, the source around its frames,
suspect commits. The index is there, as in a bot that runs; the journal is a month, all of it asked.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bench.evidence import imported, record_failures, repository, request
from bench.month import END, room_for, write_month
from bench.rows import Row, in_turns
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_memory import SqliteMemory
from bot.redaction import redact
from bot.self_improvement.steps.observe import EvidenceCollector
from bot.telemetry import Recorder
from tests.fakes.fake_clock import FakeClock
from tests.fakes.small_bot_repository import FILE

RECORDS = 1_000_000
PAIRS = 3
COUNT = "reduce (inputs | select(.error != null)) as $r ({}; .[$r.error.fingerprint] += 1)"


async def measure() -> Sequence[Row]:
    """Return one row."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        return [await scan(Path(folder), RECORDS)]


async def scan(folder: Path, records: int) -> Row:
    """Return the row of a journal of so many records, made in that folder."""
    room_for(folder, records, index=True)
    root, state, clock = folder / "checkout", folder / "state", FakeClock(END)
    head = await asyncio.to_thread(repository, root)
    await asyncio.to_thread(write_month, state / "journal", records)
    async with (
        NdjsonJournal(state, redact=redact) as journal,
        SqliteMemory(state / "memory.sqlite3", redact=redact) as memory,
    ):
        recorder = Recorder(journal, clock, root, b"bench", lambda: head, redact=redact)
        record_failures(recorder, imported(root / FILE))
        assert await journal.damaged() == ()  # waits for the whole index
        observe = EvidenceCollector(
            journal, GitCheckout(root), clock, memory, lookback=timedelta(days=31)
        )

        async def ours() -> float:
            started = time.perf_counter()
            evidence = await observe(request(clock.now()))
            assert evidence.capsule is not None
            return time.perf_counter() - started

        name = f"evidence of {records:,} records"
        files = sorted((state / "journal").iterdir())
        if shutil.which("jq") is None:
            return Row(
                bench="evidence-scan", name=f"{name}; jq is not installed", ours=await ours()
            )
        mine, theirs, ratio = await in_turns(ours, lambda: _jq(files), pairs=PAIRS)
    return Row(
        bench="evidence-scan", name=name, ours=mine, baseline=theirs,
        baseline_name="jq, failures counted", ratio=ratio, pairs=PAIRS,
    )  # fmt: skip


async def _jq(files: Sequence[Path]) -> float:
    """Return how long jq takes to count the failures by fingerprint."""
    started = time.perf_counter()
    counting = await asyncio.create_subprocess_exec(
        "jq", "-n", COUNT, *files, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await counting.communicate()
    assert counting.returncode == 0
    assert b"fault0001" in told
    return time.perf_counter() - started
