"""What a restored bot takes for answered: no message is answered twice for a backup being older."""

import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

from theseus_guard.completion import run_in_thread

from bot.adapters.sqlite_store import SqliteKeyValueStore
from bot.domain.message_cursors import CURSORS, MARK, Cursor, HandledMark


async def carry_cursors(state: Path, staging: Path) -> None:
    """Copy the read positions of the old state to the restored one, so that nothing is read twice.

    If the old state has no position, the restored one starts with new messages, because it is
    unknown which ones were answered since the backup. Raises `StoreError`.
    """
    mark, cursors = await run_in_thread(_read_cursors, state / "theseus.sqlite3", staging)
    async with SqliteKeyValueStore(staging / "theseus.sqlite3") as store:
        if mark is None:
            await store.remove(MARK)
            return
        before = await store.get(MARK, HandledMark)
        newest = max(mark.message_id, before.message_id if before else 0)
        await store.put(MARK, HandledMark(message_id=newest))
        for cursor in cursors:
            name = f"{CURSORS}{cursor.channel_id}"
            known = await store.get(name, Cursor)
            if known is None or known.message_id < cursor.message_id:
                await store.put(name, cursor)


def _read_cursors(file: Path, aside: Path) -> tuple[HandledMark | None, tuple[Cursor, ...]]:
    """Read a copy made in `aside`; the store, of older code or damaged, stays as it is."""
    try:
        with tempfile.TemporaryDirectory(dir=aside) as folder:
            copy = Path(shutil.copy(file, folder))
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(f"{file}-wal", folder)
            with contextlib.closing(sqlite3.connect(copy)) as store:
                rows = dict(store.execute("SELECT name, body FROM shelf WHERE name GLOB 'heard*'"))
        mark = HandledMark.model_validate_json(rows.pop(MARK))
        return mark, tuple(map(Cursor.model_validate_json, rows.values()))
    except (sqlite3.Error, FileNotFoundError, KeyError, ValueError):
        return None, ()
