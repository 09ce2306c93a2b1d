"""Lets a new member join the server of the demo some time after the bot is online."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from local_discord.person import Person
from local_discord.server import LocalDiscord, LocalPerson

NEWCOMER, MEMBERS = "dave", "members"
_JOINS_AFTER_SECONDS = 20.0
_PATIENCE_SECONDS = 120.0


@asynccontextmanager
async def join_newcomer(
    discord: LocalDiscord, after: float = _JOINS_AFTER_SECONDS
) -> AsyncIterator[None]:
    """Let a member join `after` seconds after the bot is online, unless the context ends before."""

    async def join() -> None:
        async with Person(discord.base_url, "alice") as observer:
            await observer.wait_for_bot(timeout=_PATIENCE_SECONDS)
        await asyncio.sleep(after)
        discord.join(LocalPerson(NEWCOMER, listed=False, roles=(MEMBERS,)))

    joining = asyncio.create_task(join(), name="demo-newcomer")
    try:
        yield
    finally:
        joining.cancel()
        await asyncio.wait({joining})
