"""What goes on around a living fault: visitors come, code comes live, a service goes down."""

import asyncio
import contextlib
from contextlib import AsyncExitStack
from typing import Protocol, Self

from local_discord.person import Person

from bot.demo.faults import Change, Living, MetFault, ReplayedFault
from bot.demo.third_party import ThirdParty
from bot.demo.traffic import TrafficGenerator, TrafficPattern
from bot.demo.workspace import DemoWorkspace, deploy_commit

_USUAL = 'SOURCE = "https://dummyjson.com/quotes/random"'


class Restartable(Protocol):
    """The bot's process."""

    def restart(self) -> None:
        """End it; it is started again."""
        ...


class DemoScenario:
    """An async context manager: it goes on from when the bot is online until that is left."""

    def __init__(
        self,
        living: Living,
        base_url: str,
        workspace: DemoWorkspace,
        bot: Restartable,
        *,
        seed: int = 0,
    ) -> None:
        self._living = living
        self._base_url = base_url
        self._workspace = workspace
        self._bot = bot
        self.traffic = TrafficGenerator(
            base_url, TrafficPattern(living.acts, living.pause, living.rush), seed=seed
        )
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        self._running = asyncio.create_task(self._run(), name="demo-scenario")
        return self

    async def __aexit__(self, *_: object) -> None:
        """End."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def _run(self) -> None:
        async with Person(self._base_url, "alice") as somebody:
            await somebody.wait_for_bot(timeout=120)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.traffic.visit(), name="demo-traffic")
            if self._living.fault is not None and self._living.healthy_seconds:
                group.create_task(self._deploy(), name="deploy")

    async def _deploy(self) -> None:
        """Deploy the commit with the fault as usual: merge, pull, restart."""
        if self._living.fault is None:
            return
        await asyncio.sleep(self._living.healthy_seconds)
        await deploy_commit(self._living.fault, self._workspace)
        self._bot.restart()


async def start_service(
    fault: MetFault | Living | None, stack: AsyncExitStack
) -> tuple[Change, ...]:
    """Start the service that a fault needs, if it needs one, until the stack is closed.

    Returns the commit that makes the quotes cog use the service. It is a commit and not a setting,
    so that a replay of the code sends the same requests as the bot.
    """
    flaps = fault.flaps if isinstance(fault, Living) else 0.0
    limits = fault.limits if isinstance(fault, ReplayedFault) else 0
    if not (flaps or limits):
        return ()
    party = await stack.enter_async_context(ThirdParty(flaps, limits=limits))
    change = Change(
        name="quotes-service",
        file="cogs/quotes.py",
        replacements=((_USUAL, f'SOURCE = "{party.url}"'),),
        message="Quotes: ask the service of this machine",
        author="Theseus demo <demo@localhost>",
    )
    return (change,)
