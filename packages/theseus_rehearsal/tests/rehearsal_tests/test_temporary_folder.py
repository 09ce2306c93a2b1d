"""A folder is gone after use, also when its user is cancelled; the loop turns meanwhile."""

import asyncio
from pathlib import Path

import pytest
from theseus_rehearsal.temporary_folder import open_temporary_folder


async def test_the_event_loop_turns_while_the_folder_is_removed() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    async with open_temporary_folder("theseus-test-") as folder:
        (folder / "file").touch()
        before = turns
    counting.cancel()
    assert turns > before
    assert not folder.exists()


async def test_a_cancelled_user_waits_until_the_folder_is_gone() -> None:
    opened = asyncio.get_running_loop().create_future()

    async def hold() -> None:
        async with open_temporary_folder("theseus-test-") as folder:
            opened.set_result(folder)
            await asyncio.Event().wait()

    holding = asyncio.create_task(hold())
    folder: Path = await opened
    holding.cancel()
    await asyncio.sleep(0)
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    assert not folder.exists()  # noqa: ASYNC240 - nothing else runs
