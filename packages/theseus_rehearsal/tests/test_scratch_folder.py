"""The temporary folder of a coroutine."""

import asyncio

from theseus_rehearsal.scratch_folder import open_scratch_folder


async def test_others_run_while_the_folder_is_removed() -> None:
    turns: list[str] = []
    async with open_scratch_folder("theseus-") as folder:
        (folder / "file").write_text("x")
        asyncio.get_running_loop().call_soon(turns.append, "another")
    assert turns == ["another"]
    assert not folder.exists()
