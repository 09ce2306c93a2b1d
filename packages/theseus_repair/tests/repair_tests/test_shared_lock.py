"""An exclusive holder waits for shared holders, and keeps others out."""

import asyncio

from theseus_repair.shared_lock import SharedLock


async def test_who_is_alone_has_nobody_beside_it(seconds: float = 60.0) -> None:
    lock, inside, most, alone_with = SharedLock(seconds), 0, 0, []

    async def beside() -> None:
        nonlocal inside, most
        async with lock.hold_shared():
            inside += 1
            most = max(most, inside)
            for _ in range(3):
                await asyncio.sleep(0)
            inside -= 1

    async def alone() -> None:
        async with lock.hold_exclusive():
            for _ in range(3):
                alone_with.append(inside)
                await asyncio.sleep(0)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        for number in range(40):
            group.create_task(alone() if number % 8 == 5 else beside())
    assert (alone_with, most > 1) == ([0] * 15, True)


async def test_who_takes_very_long_does_not_keep_everybody_waiting() -> None:
    lock = SharedLock(seconds=0.01)
    async with asyncio.timeout(10), lock.hold_shared(), lock.hold_exclusive():
        pass
    async with asyncio.timeout(10), lock.hold_shared():
        pass


async def test_who_gives_up_waiting_leaves_the_lock_as_it_was() -> None:
    lock = SharedLock()
    async with lock.hold_shared():
        waiting = asyncio.ensure_future(lock.hold_exclusive().__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
    async with asyncio.timeout(10), lock.hold_exclusive():
        pass
    async with asyncio.timeout(10), lock.hold_shared():
        pass
