"""Recalling among 100,000 memories, against a LIKE scan of the same texts in the same file.

The scan looks for the fingerprint and for each word in every text, and sorts by the number of
matches: the obvious solution without an index. Both get the same queries, in turns.
"""

import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.rows import Row, measure_pairs
from bot.adapters.sqlite_memory import SqliteMemory
from bot.domain.memory import Memory, Recall
from bot.domain.watch import Judgement

MEMORIES = 100_000
PAIRS = 11
ASKED = 5
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_VERBS = ("roll", "close", "deliver", "parse", "fetch", "render", "count", "merge", "sort", "load")
_NOUNS = ("dice", "poll", "reminder", "card", "thread", "token", "queue", "clock", "page", "list")
_OUTCOMES: tuple[Judgement | None, ...] = ("fixed", "fixed", None, "not_fixed")
_QUESTIONS = {
    "same failure": Recall(
        fingerprint="f4711", event="command.dice7", exception="KeyError", file="cogs/dice7.py",
        function="roll_dice7",
    ),
    "rare words": Recall(text="the roll of dice7 in tray4711 is wrong"),
    "words that stand everywhere": Recall(text="why does the roll of the dice fail"),
}  # fmt: skip


async def measure() -> Sequence[Row]:
    """Return a row for each kind of question."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        file = Path(folder) / "memory.sqlite3"
        async with SqliteMemory(file, redact=str, max_memories=MEMORIES + 1) as memory_store:
            await memory_store.remember_all(_generate_memories())
            scan = sqlite3.connect(file)
            try:
                return [await _measure_row(memory_store, scan, name) for name in _QUESTIONS]
            finally:
                scan.close()


async def _measure_row(memory_store: SqliteMemory, scan: sqlite3.Connection, name: str) -> Row:
    wanted = _QUESTIONS[name]

    async def measure_ours() -> float:
        start = time.perf_counter()
        found = await memory_store.recall(wanted)
        assert len(found) == wanted.limit
        return time.perf_counter() - start

    async def measure_scan() -> float:
        start = time.perf_counter()
        assert _scan_memories(scan, wanted)
        return time.perf_counter() - start

    mine, theirs, ratio = await measure_pairs(measure_ours, measure_scan, pairs=PAIRS)
    return Row(
        bench="recall", name=f"{name}, {MEMORIES:,}", ours=mine, baseline=theirs,
        baseline_name="LIKE scan", ratio=ratio, pairs=PAIRS,
    )  # fmt: skip


def _scan_memories(scan: sqlite3.Connection, wanted: Recall) -> list[str]:
    """Return the bodies of the best by a plain scan."""
    parts = [part for part in (wanted.fingerprint, *wanted.text.split()) if part]
    points = " + ".join("(body LIKE ?)" for _ in parts)
    rows = scan.execute(
        f"SELECT body, {points} AS points FROM memories "  # noqa: S608 - no values
        "WHERE points > 0 ORDER BY points DESC, at DESC LIMIT ?",
        (*(f"%{part}%" for part in parts), ASKED),
    )
    return [row[0] for row in rows]


def _generate_memories() -> Iterator[Memory]:
    chance = random.Random(7)  # noqa: S311 - only to be the same each time
    for number in range(MEMORIES):
        verb, thing = chance.choice(_VERBS), f"{chance.choice(_NOUNS)}{number % 50}"
        kind = chance.choice(("fault", "fault", "fault", "fix", "lesson", "note"))
        place = thing if kind != "note" else ""
        yield Memory(
            key=f"{kind}:{number}",
            kind=kind,
            text=f"The {verb} of {thing} in tray{number} fails again where nobody counts the dice",
            event=f"command.{place}" if place else "",
            fingerprint=f"f{number % 30_000}" if place else "",
            exception="KeyError" if place else "",
            file=f"cogs/{place}.py" if place else "",
            function=f"{verb}_{place}" if place else "",
            outcome=chance.choice(_OUTCOMES) if kind == "fix" else None,
            at=_AT + timedelta(minutes=number),
        )
