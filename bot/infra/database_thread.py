"""A connection with a thread of its own, which runs complete functions one after the other."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

C = TypeVar("C")
T = TypeVar("T")


class DatabaseThread(Generic[C]):
    """Connects with `connect` when the first function runs, and again after `drop`."""

    def __init__(self, name: str, connect: Callable[[], C], close: Callable[[C], None]) -> None:
        self._connect = connect
        self._close_connection = close
        self._connection: C | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"sql-{name}")

    async def run(self, work: Callable[[C], T]) -> T:
        """Run `work`, connecting first if needed. If the caller is cancelled, it runs all the same.

        Without the shield, a cancellation would remove work that has not begun from the queue.
        """
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._executor, self._run, work))

    async def close(self) -> None:
        """Finish what was asked for, close the connection and end the thread."""
        loop = asyncio.get_running_loop()
        closing = loop.run_in_executor(self._executor, self.drop)
        self._executor.shutdown(wait=False)
        await asyncio.shield(closing)

    def drop(self) -> None:
        """Close the connection, if there is one; call it in the thread only."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._close_connection(connection)

    def _run(self, work: Callable[[C], T]) -> T:
        if self._connection is None:
            self._connection = self._connect()
        return work(self._connection)
