"""What goes on around a living fault: visitors come, code comes live, a service goes down."""

import asyncio
import contextlib
from contextlib import AsyncExitStack
from typing import Protocol, Self

from bot.local.crowd import Crowd, Habits
from bot.local.faults import Living
from bot.local.homestead import Homestead, bring_in
from bot.local.person import Person
from bot.local.third_party import ThirdParty


class Restartable(Protocol):
    """The bot's process."""

    def restart(self) -> None:
        """End it; it is started again."""
        ...


class Happening:
    """An async context manager: it goes on from when the bot is online until that is left."""

    def __init__(
        self, living: Living, base_url: str, stead: Homestead, bot: Restartable, *, seed: int = 0
    ) -> None:
        self._living = living
        self._base_url = base_url
        self._stead = stead
        self._bot = bot
        self.crowd = Crowd(base_url, Habits(living.acts, living.pause, living.rush), seed=seed)
        self._going_on: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        self._going_on = asyncio.create_task(self._go_on(), name="happening")
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        if self._going_on is not None:
            self._going_on.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._going_on

    async def _go_on(self) -> None:
        async with Person(self._base_url, "alice") as somebody:
            await somebody.wait_for_bot(timeout=120)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.crowd.visit(), name="crowd")
            if self._living.fault is not None and self._living.healthy_seconds:
                group.create_task(self._deploy(), name="deploy")

    async def _deploy(self) -> None:
        """Have somebody's commit come live, as it would anywhere: merged, pulled, restarted."""
        if self._living.fault is None:
            return
        await asyncio.sleep(self._living.healthy_seconds)
        await bring_in(self._living.fault, self._stead)
        self._bot.restart()


async def third_party(living: Living, stead: Homestead, stack: AsyncExitStack) -> None:
    """Start the service that a living fault needs, if it needs one, and tell the bot's cogs."""
    if not living.flaps:
        return
    party = await stack.enter_async_context(ThirdParty(living.flaps))
    (stead.state / "quotes.url").write_text(party.url, encoding="utf-8")
