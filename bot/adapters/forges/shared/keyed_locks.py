"""Serialises the work on one item within this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class KeyedLocks:
    """Locks by the name of an item; one that no one holds is dropped."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, item: str) -> AsyncIterator[None]:
        """Hold the lock of an item, such as `"pull 7"`."""
        lock = self._locks.get(item)
        if lock is None:
            lock = self._locks[item] = asyncio.Lock()
        async with lock:
            yield
