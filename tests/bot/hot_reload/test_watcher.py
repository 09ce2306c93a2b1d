"""Edits are noticed automatically, collected, and processed once."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.domain.errors import StoreError
from bot.hot_reload.catalog import Catalog
from bot.hot_reload.watcher import FileWatcher
from tests.bot.hot_reload.hot_reload_room import Room, hot_room, skill


@asynccontextmanager
async def watching(room: Room, debounce: float = 0.05) -> AsyncIterator[FileWatcher]:
    catalog = Catalog(room.root, room.root / "data/config.yaml")
    watcher = FileWatcher(catalog, room.registry.look, debounce=debounce)
    task = asyncio.create_task(watcher.run_forever())
    try:
        await until(lambda: watcher.looks > 0)
        # what was written before the watching began is not told: one edit shows that it has
        await until(lambda: watcher.looks > 1 or (not watcher.pending and not _touched(room)))
        yield watcher
    finally:
        task.cancel()
        await asyncio.wait([task])


def _touched(room: Room) -> bool:
    (room.root / "prompts/marker.md").write_text(os.urandom(4).hex())
    return True


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - nobody else would set an event
            await asyncio.sleep(0.02)


async def test_an_edit_is_live_by_itself_and_so_are_a_new_file_and_a_renamed_one(
    tmp_path: Path,
) -> None:
    async with hot_room(tmp_path) as room, watching(room):
        room.write("prompts/persona.md", "Calm.\n")
        await until(lambda: room.registry.live.prompts["persona"] == "Calm.\n")
        room.write("prompts/skills/revert/SKILL.md", skill("revert"))
        await until(lambda: ("skill", "revert") in room.registry.live.states)
        beside = tmp_path / "prompts/persona.new"
        beside.write_text("Renamed.\n")
        beside.replace(tmp_path / "prompts/persona.md")  # as most editors save
        await until(lambda: room.registry.live.prompts["persona"] == "Renamed.\n")
        text = (tmp_path / "data/config.yaml").read_text()
        room.write("data/config.yaml", f"{text}# a note\n")
        await until(lambda: room.item("config", "config").version == 2)


async def test_many_edits_at_once_are_few_looks(tmp_path: Path) -> None:
    async with hot_room(tmp_path) as room, watching(room, debounce=0.3) as watcher:
        await until(lambda: not watcher.pending)
        before = watcher.looks
        for number in range(30):
            room.write(f"prompts/many{number}.md", "x\n")
            await asyncio.sleep(0)
        await until(lambda: "many29" in room.registry.live.prompts)
        assert watcher.looks - before <= 2


async def test_the_state_that_lies_beside_the_configuration_wakes_nobody(tmp_path: Path) -> None:
    async with hot_room(tmp_path) as room, watching(room) as watcher:
        await until(lambda: not watcher.pending)
        before = watcher.looks
        for number in range(10):
            room.write(f"data/state/journal/{number}.ndjson", "x\n")
            room.write("cogs/__pycache__/dice.pyc", str(number))
        room.write("prompts/last.md", "x\n")
        await until(lambda: "last" in room.registry.live.prompts)
        assert watcher.looks - before <= 2


async def test_a_look_that_fails_ends_nothing(tmp_path: Path) -> None:
    async with hot_room(tmp_path) as room:
        looks = 0

        async def look() -> None:
            nonlocal looks
            looks += 1
            raise StoreError("the disk is full")

        watcher = FileWatcher(Catalog(tmp_path), look, debounce=0.05)
        task = asyncio.create_task(watcher.run_forever())
        await until(lambda: looks == 1)
        await until(lambda: _touched(room) and looks > 1)
        task.cancel()
        await asyncio.wait([task])
