"""Locks that serialise the decisions of people and of periodic tasks about one run."""

import asyncio
from weakref import WeakValueDictionary


class RunLocks:
    """One lock for each run, as long as someone holds or awaits it.

    Two decisions about the same run never overlap. Workers do not use these locks: the versions in
    the store detect their conflicts.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def get(self, run_id: str) -> asyncio.Lock:
        """Return the run's lock, for use with `async with`."""
        lock = self._locks.get(run_id)
        if lock is None:
            lock = self._locks[run_id] = asyncio.Lock()
        return lock
