"""Turns: people and the sweep decide about one run one after another."""

import asyncio
from weakref import WeakValueDictionary


class RunLocks:
    """One lock a run, for as long as somebody holds or awaits it.

    Two decisions about the same run never overlap, so neither has to guess what the other is
    doing. Workers take no turn: the store's versions keep them apart.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def get(self, run_id: str) -> asyncio.Lock:
        """Return the run's lock, to be used with `async with`."""
        lock = self._locks.get(run_id)
        if lock is None:
            lock = self._locks[run_id] = asyncio.Lock()
        return lock
