"""Visitors: people who use the everyday commands, so that there is something to notice."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from local_discord.person import Person, PersonRefusedError

from bot.demo.faults import FaultStep

VISITORS = ("erin", "frank", "grace")
"""None of them is listed."""

PLACE = "general"
"""Where they are: the dev channel is for what the bot has to say."""


@dataclass(frozen=True)
class TrafficPattern:
    """What visitors do: one of `acts`, then rest for about `pause` seconds, and again.

    The first `rush` acts of all visitors together come without a rest.
    """

    acts: Sequence[FaultStep]
    pause: float
    rush: int = 0


class TrafficGenerator:
    """Visitors of a local Discord. The same seed gives the same acts in the same order."""

    def __init__(
        self,
        base_url: str,
        pattern: TrafficPattern,
        *,
        names: Sequence[str] = VISITORS,
        seed: int = 0,
        channel: str = PLACE,
    ) -> None:
        self._base_url = base_url
        self._pattern = pattern
        self._names = tuple(names)
        self._seed = seed
        self._channel = channel
        self.acts = 0

    async def visit(self) -> None:
        """Let all visitors use the bot, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for at, name in enumerate(self._names):
                group.create_task(self._visit(name, at), name=f"visitor {name}")

    async def _visit(self, name: str, at: int) -> None:
        chance = random.Random(f"{self._seed} {name}")  # noqa: S311 - variety, not secrecy
        # The first visitors take one step more if the rush cannot be divided evenly.
        rush = len(range(at, self._pattern.rush, len(self._names)))
        async with Person(self._base_url, name) as person:
            for number in itertools.count():
                await self._act(person, chance.choice(self._pattern.acts))
                if number >= rush - 1:
                    await asyncio.sleep(self._pattern.pause * chance.uniform(0.5, 1.5))

    async def _act(self, person: Person, step: FaultStep) -> None:
        """Run a command. Where the bot is away, or does not know it, a person shrugs."""
        try:
            await person.run(self._channel, step.command, **step.options)
        except PersonRefusedError:
            return
        self.acts += 1
