"""Reloading 50 items against only reading them, the delay of an edit, and reloads under load.

Reading skills is what a program without a registry does at its start: bytes, YAML, schema
(`skill_of`). Prompts have no schema, so their baseline is the bytes alone. A reload checks, stores
and swaps all changed items; compression and comparison happen later and have a separate row. An
edit is live half a second after the last change, by the watcher's own rule. Under load, the same
commands run with and without reloads; the difference in memory is the growth by a reload.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.rows import Row, compute_median, measure_pairs
from bot.adapters.system_clock import SystemClock
from bot.domain.live_items import FILE_AUTHOR
from bot.hot_reload.catalog import Catalog
from bot.hot_reload.registry import FileLiveRegistry
from bot.hot_reload.validation import Validation
from bot.hot_reload.versions import VersionRepository
from bot.hot_reload.watcher import DEBOUNCE_SECONDS, FileWatcher
from bot.skills import build_skill
from tests.support.reload_load import measure_reloads

TEXTS, PAIRS, EDITS, VERSIONS = 50, 15, 5, 10
RELOADS, A_SECOND = 1_000, 200.0


async def measure(reloads: int = RELOADS) -> Sequence[Row]:
    """Return the rows; `reloads` is how many there are under load."""
    rows: list[Row] = []
    for texts in (SKILLS, PROMPTS):
        with tempfile.TemporaryDirectory(prefix="theseus-bench-") as made:
            rows += await _measure_texts(Path(made), texts)
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as made:
        rows += await _measure_under_load(Path(made), reloads)
    return rows


class _Texts(NamedTuple):
    """One kind of item: its paths, its header, and the baseline that only reads all of them."""

    what: str
    path: str
    head: str
    read: Callable[[Path], object]
    reading: str

    def write(self, root: Path, number: int) -> None:
        """Write all items again, with different content for each number."""
        for each in range(TEXTS):
            lines = "".join(f"{number} {each} {line} words and more words\n" for line in range(130))
            file = root / self.path.format(each)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.head.format(each) + lines, encoding="utf-8")


def _read_bytes(root: Path) -> object:
    return [file.read_bytes() for file in sorted((root / "prompts").glob("*.md"))]


def _read_skills(root: Path) -> None:
    for folder in (root / "prompts/skills").iterdir():
        files = {file.relative_to(root).as_posix(): file.read_bytes() for file in folder.iterdir()}
        build_skill(folder.name, files)


SKILLS = _Texts(
    "skills", "prompts/skills/text{0}/SKILL.md",
    "---\nname: text{0}\ndescription: What to do, and when.\n---\n", _read_skills, "reading them",
)  # fmt: skip
PROMPTS = _Texts("prompts", "prompts/text{0}.md", "", _read_bytes, "their bytes")


async def _measure_texts(root: Path, texts: _Texts) -> list[Row]:
    async with VersionRepository(root / "live.sqlite3") as versions:
        registry = FileLiveRegistry(Catalog(root), Validation(), versions, SystemClock())
        rows = await _compare_with_reading(root, registry, versions, texts)
        if texts is PROMPTS:
            rows.append(await _measure_until_live(root, registry))
        await versions.finish()
        return [*rows, _measure_versions(root, texts)]


async def _compare_with_reading(
    root: Path, registry: FileLiveRegistry, versions: VersionRepository, texts: _Texts
) -> list[Row]:
    """Return what reloading all of them takes against reading them, and what is done afterwards."""
    numbers, afterwards = iter(range(1_000)), list[float]()

    async def reload() -> float:
        texts.write(root, next(numbers))
        began = time.perf_counter()
        result = await registry.reload(FILE_AUTHOR)
        took = time.perf_counter() - began
        assert len(result.live) == TEXTS
        began = time.perf_counter()
        await versions.finish()
        afterwards.append(time.perf_counter() - began)
        return took

    async def reload_unchanged() -> float:
        began = time.perf_counter()
        assert (await registry.reload(FILE_AUTHOR)).is_unchanged
        return time.perf_counter() - began

    async def read() -> float:
        began = time.perf_counter()
        texts.read(root)
        return time.perf_counter() - began

    rows = []
    for ours, what in ((reload, "all changed"), (reload_unchanged, "none changed")):
        took, baseline, ratio = await measure_pairs(ours, read, pairs=PAIRS)
        rows.append(Row(
            bench="hot-reload", name=f"{TEXTS} {texts.what}, {what}", ours=took,
            baseline=baseline, baseline_name=texts.reading, ratio=ratio, pairs=PAIRS,
        ))  # fmt: skip
    name = f"{TEXTS} {texts.what}, compressed afterwards"
    return [
        *rows,
        Row(bench="hot-reload", name=name, ours=compute_median(afterwards[2:]), pairs=PAIRS),
    ]


async def _measure_until_live(root: Path, registry: FileLiveRegistry) -> Row:
    watcher = FileWatcher(Catalog(root), lambda: registry.reload(FILE_AUTHOR))
    task = asyncio.create_task(watcher.run_forever())
    found = []
    for number in range(EDITS + 1):
        text = f"edit {number}"
        await asyncio.sleep(1.0)  # let everything else finish
        began = time.perf_counter()
        (root / "prompts" / "text0.md").write_text(text, encoding="utf-8")
        while registry.live.prompts["text0"] != text:  # noqa: ASYNC110  the process is polled
            await asyncio.sleep(0.005)
        found.append(time.perf_counter() - began)
    task.cancel()
    await asyncio.wait([task])
    took = compute_median(found[1:])
    return Row(
        bench="hot-reload", name="an edit until it is live", ours=took, baseline=DEBOUNCE_SECONDS,
        baseline_name="the wait for quiet", ratio=took / DEBOUNCE_SECONDS, pairs=EDITS,
    )  # fmt: skip


def _measure_versions(root: Path, texts: _Texts) -> Row:
    size = sum(each.stat().st_size for each in root.glob("live.sqlite3*")) / 1024 / 1024
    name = f"{VERSIONS} versions of {TEXTS} {texts.what}, kept"
    return Row(bench="hot-reload", name=name, unit="MB", ours=size)


async def _measure_under_load(root: Path, reloads: int) -> list[Row]:
    """Return how long answers take under so many reloads, and what is left of them in memory."""
    commands = 8 * reloads
    alone = await measure_reloads(root / "alone", 0, commands=commands, a_second=A_SECOND)
    load = await measure_reloads(root / "load", reloads, commands=commands, a_second=A_SECOND)
    assert load.failed == (), load.failed[:3]
    assert load.more == 0, load.more
    rate = load.driven.answered / load.driven.seconds
    told = f"{load.driven.answered:,} commands, {rate:.0f}/s, {reloads:,} reloads"
    rows = [
        Row(
            bench="hot-reload", name=f"{told}: {what}", ours=ours, baseline=baseline,
            baseline_name="commands alone", ratio=ours / baseline,
        )
        for what, ours, baseline in (
            ("p95", load.driven.p95, alone.driven.p95),
            ("slowest", load.driven.slowest, alone.driven.slowest),
        )
    ]  # fmt: skip
    grown, other = (max(each.after - each.before, 0.1) for each in (load, alone))
    return [
        *rows,
        Row(
            bench="hot-reload", name=f"grown meanwhile ({load.objects:+,} objects)", unit="MB",
            ours=grown, baseline=other, baseline_name=f"commands alone ({alone.objects:+,})",
            ratio=grown / other,
        ),
    ]  # fmt: skip
