"""A backup of a month's state, made and read back, against `tar` and `cp -a` of the same folder."""

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rows import Row, measure_pairs
from bot.adapters.sqlite_store import SqliteStore
from bot.adapters.state_backups import StateBackups, extract
from bot.adapters.system_clock import SystemClock
from bot.domain.audit import AuditEntry
from bot.domain.ids import create_sortable_id

DAYS, LINES, ENTRIES = 30, 10_000, 2_000
PAIRS = 5
_ROOM = 10**12


async def measure(
    days: int = DAYS, lines: int = LINES, entries: int = ENTRIES, pairs: int = PAIRS
) -> Sequence[Row]:
    """Return rows for making and for reading back; `lines` are the journal's a day."""
    with TemporaryDirectory(prefix="theseus-bench-") as folder:
        home = Path(folder)
        state = home / "state"
        await _fill(state, days, lines, entries)
        store = StateBackups(state, home / "backups", SystemClock())
        kept = await store.take()
        tar = ("tar", "-czf", str(home / "plain.tar.gz"), "-C", folder, "state")
        copy = ("cp", "-a", str(state), str(home / "copy"))
        unpack = ("tar", "-xzf", str(home / "plain.tar.gz"), "-C", str(home / "unpacked"))

        async def back_up() -> None:
            made = await store.take()
            made.file.unlink()

        async def read_back() -> None:
            into = home / "out"
            into.mkdir()
            await asyncio.to_thread(extract, kept.file, into, room=_ROOM)
            shutil.rmtree(into)

        async def copy_state() -> None:
            await _run_command(*copy)
            shutil.rmtree(home / "copy")

        async def unpack_archive() -> None:
            (home / "unpacked").mkdir()
            await _run_command(*unpack)
            shutil.rmtree(home / "unpacked")

        async def pack_state() -> None:
            await _run_command(*tar)

        return [
            await _measure_row("made", back_up, "`tar -czf` of it", pack_state, pairs),
            await _measure_row("made", back_up, "`cp -a` of it", copy_state, pairs),
            await _measure_row("read and compared", read_back, "`tar -xzf`", unpack_archive, pairs),
            Row(
                bench="backup", name="size", unit="MB", ours=kept.size / 1e6,
                baseline=_measure_size(state) / 1e6, ratio=kept.size / _measure_size(state),
                baseline_name="the state",
            ),
        ]  # fmt: skip


async def _measure_row(
    name: str,
    ours: Callable[[], Awaitable[None]],
    baseline_name: str,
    baseline: Callable[[], Awaitable[None]],
    pairs: int,
) -> Row:
    mine, theirs, ratio = await measure_pairs(_time_work(ours), _time_work(baseline), pairs=pairs)
    return Row(
        bench="backup", name=name, unit="s", ours=mine, baseline=theirs, ratio=ratio,
        baseline_name=baseline_name,
    )  # fmt: skip


def _time_work(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[float]]:
    async def measure_once() -> float:
        began = time.perf_counter()
        await work()
        return time.perf_counter() - began

    return measure_once


async def _run_command(*command: str) -> None:
    child = await asyncio.create_subprocess_exec(*command)
    if await child.wait():
        raise RuntimeError(f"{command[0]} failed")


async def _fill(state: Path, days: int, lines: int, entries: int) -> None:
    """Write what a bot keeps in a month: days of journal, and an audit log."""
    now = datetime.now(UTC)
    (state / "journal").mkdir(parents=True)
    for number in range(days):
        at = now - timedelta(days=number)
        text = "".join(_format_line(at, each) for each in range(lines))
        (state / f"journal/{at:%Y-%m-%d}.ndjson").write_text(text, encoding="utf-8")
    async with SqliteStore(state / "theseus.sqlite3") as store:
        for number in range(entries):
            note = f"number {number}"
            await store.append_audit_entry(
                AuditEntry(at=now, action="asked", allowed=True, note=note)
            )


def _format_line(at: datetime, number: int) -> str:
    told = {
        "ts": (at + timedelta(microseconds=number)).isoformat(),
        "id": create_sortable_id(at + timedelta(microseconds=number)),
        "event": f"command.c{number % 20}", "kind": "command", "name": f"c{number % 20}",
        "outcome": "ok", "duration_ms": number % 997 / 10, "user": f"u-{number * 7919 % 4096:012x}",
        "channel_id": 2**60 + number % 50, "guild_id": 2**60, "commit": "f00d" * 10,
    }  # fmt: skip
    return json.dumps(told) + "\n"


def _measure_size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
