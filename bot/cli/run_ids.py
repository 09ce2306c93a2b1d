"""Completes ids of runs in a shell."""

import asyncio

from bot.app.state_stores import StateStores
from bot.domain.errors import TheseusError
from bot.domain.run import Run
from bot.settings import load_settings

_MOST = 200


def complete_run_id(incomplete: str) -> list[tuple[str, str]]:
    """Return the newest runs whose ids start with `incomplete`, each with its goal and status."""
    # The texts contain nothing that people wrote, because zsh evaluates them. Wrong settings are
    # ignored here, not to print an error into the line that a person types; the command reports it.
    try:
        settings = load_settings()
        stores = StateStores.find(settings.state, settings.environment)
        runs = asyncio.run(_load_runs(stores)) if stores.find_missing_file() is None else ()
    except TheseusError:
        return []
    fitting = (run for run in runs if run.id.startswith(incomplete))
    return [(run.id, f"{run.goal}, {run.status}") for run in fitting]


async def _load_runs(stores: StateStores) -> tuple[Run, ...]:
    async with stores.build_store() as store:
        return await store.find(limit=_MOST)
