"""Reloading 50 texts against merely reading them, an edit until it is live, and reloads under load.

Reading is `Path.read_bytes` of the same files. An edit is live half a second of quiet after it, by
the watcher's own rule. Under load the same commands are given with and without reloads: what the
process grows by a reload is the difference.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.rows import Row, in_turns, median
from bot.adapters.system_clock import SystemClock
from bot.domain.live_items import FILE_AUTHOR
from bot.hot_reload.catalog import Catalog
from bot.hot_reload.registry import FileLiveRegistry
from bot.hot_reload.validation import Validation
from bot.hot_reload.versions import VersionRepository
from bot.hot_reload.watcher import DEBOUNCE_SECONDS, FileWatcher
from tests.support.reload_load import reloads_under_load

TEXTS, PAIRS, EDITS, VERSIONS = 50, 15, 5, 10
RELOADS = 1_000


async def measure(reloads: int = RELOADS) -> Sequence[Row]:
    """Return the rows; `reloads` is how many there are under load."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as made:
        root = Path(made)
        async with VersionRepository(root / "live.sqlite3") as versions:
            registry = FileLiveRegistry(Catalog(root), Validation(), versions, SystemClock())
            _write(root, 0)
            await registry.start()
            rows = [await _against_reading(root, registry, changed=TEXTS)]
            rows.append(await _against_reading(root, registry, changed=0))
            rows.append(await _until_live(root, registry))
            rows.append(_of_versions(root))
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as made:
        rows += await _under_load(Path(made), reloads)
    return rows


async def _against_reading(root: Path, registry: FileLiveRegistry, *, changed: int) -> Row:
    numbers = iter(range(1, 1_000))

    async def reload() -> float:
        if changed:
            _write(root, next(numbers))
        began = time.perf_counter()
        result = await registry.reload(FILE_AUTHOR)
        took = time.perf_counter() - began
        assert len(result.live) == changed
        return took

    async def look() -> float:
        began = time.perf_counter()
        for file in sorted((root / "prompts").rglob("*.md")):
            file.read_bytes()
        return time.perf_counter() - began

    ours, baseline, ratio = await in_turns(reload, look, pairs=PAIRS)
    return Row(
        bench="hot-reload", name=f"{TEXTS} texts, {changed} of them changed", ours=ours,
        baseline=baseline, baseline_name="reading them", ratio=ratio, pairs=PAIRS,
    )  # fmt: skip


async def _until_live(root: Path, registry: FileLiveRegistry) -> Row:
    watcher = FileWatcher(Catalog(root), lambda: registry.reload(FILE_AUTHOR))
    task = asyncio.create_task(watcher.run_forever())
    found = []
    for number in range(EDITS + 1):
        text = f"edit {number}"
        await asyncio.sleep(1.0)  # nothing else is under way
        began = time.perf_counter()
        (root / "prompts" / "text0.md").write_text(text, encoding="utf-8")
        while registry.live.prompts["text0"] != text:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0.005)
        found.append(time.perf_counter() - began)
    task.cancel()
    await asyncio.wait([task])
    took = median(found[1:])
    return Row(
        bench="hot-reload", name="an edit until it is live", ours=took, baseline=DEBOUNCE_SECONDS,
        baseline_name="the wait for quiet", ratio=took / DEBOUNCE_SECONDS, pairs=EDITS,
    )  # fmt: skip


def _of_versions(root: Path) -> Row:
    size = sum(each.stat().st_size for each in root.glob("live.sqlite3*")) / 1024 / 1024
    name = f"{VERSIONS} versions of {TEXTS} texts of 4 KB, kept"
    return Row(bench="hot-reload", name=name, unit="MB", ours=size)


async def _under_load(root: Path, reloads: int) -> list[Row]:
    """Return how long so many reloads take under commands, and what is left of them in memory."""
    await reloads_under_load(root / "warm", 5)
    alone = await reloads_under_load(root / "alone", 0, commands=3 * reloads)
    load = await reloads_under_load(root / "load", reloads, commands=3 * reloads)
    assert load.failed == (), load.failed[:3]
    assert load.more == 0, load.more
    grown, other = load.after - load.before, max(alone.after - alone.before, 0.1)
    told = f"{load.commands:,} commands, {reloads:,} reloads"
    return [
        Row(
            bench="hot-reload", name=told, ours=load.seconds, baseline=alone.seconds,
            baseline_name=f"{alone.commands:,} commands", ratio=load.seconds / alone.seconds,
        ),
        Row(
            bench="hot-reload", name="grown meanwhile", unit="MB", ours=max(grown, 0.0),
            baseline=other, baseline_name="commands alone", ratio=max(grown, 0.0) / other,
        ),
    ]  # fmt: skip


def _write(root: Path, number: int) -> None:
    (root / "prompts").mkdir(exist_ok=True)
    for each in range(TEXTS):
        text = "".join(f"{number} {each} {line} words and more words\n" for line in range(130))
        (root / "prompts" / f"text{each}.md").write_text(text, encoding="utf-8")
