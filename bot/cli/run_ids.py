"""Ids of runs, for a shell that completes one."""

import asyncio
from pathlib import Path

from bot.adapters.sqlite_store import SqliteStore
from bot.domain.errors import TheseusError
from bot.domain.run import Run
from bot.settings import load_settings

_MOST = 200


def complete_run_id(incomplete: str) -> list[tuple[str, str]]:
    """Return the newest runs whose ids begin so, each with its goal and status.

    Nothing that people wrote: zsh evaluates what it is given. What is wrong with the settings is
    said by the command, and not in the middle of a line that somebody types.
    """
    try:
        kept = load_settings().state / "theseus.sqlite3"
        runs = asyncio.run(_load_runs(kept)) if kept.exists() else ()
    except TheseusError:
        return []
    fitting = (run for run in runs if run.id.startswith(incomplete))
    return [(run.id, f"{run.goal}, {run.status}") for run in fitting]


async def _load_runs(database: Path) -> tuple[Run, ...]:
    async with SqliteStore(database) as store:
        return await store.find(limit=_MOST)
