"""Lets a play's bot react, turn by turn, and lets the script's time pass."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bot.adapters.rehearsal._control import BotGoneError, ControlChannel, EndOfTurn
from bot.adapters.rehearsal._requests import RequestQueue

# What the bot wrote before it ended its turn lies in our sockets' buffers, and what we write for
# it goes out at once: a few turns of our own loop, and both are where they belong.
_LOOP_TURNS = 8


class BotDriver:
    """Time, and the bot in it. `seconds` have passed since the play began.

    `written` counts what the gateway has written to the bot.
    """

    def __init__(
        self, starts: datetime, requests: RequestQueue, written: Callable[[], int]
    ) -> None:
        self.seconds = 0.0
        self.channel: ControlChannel | None = None
        self._starts = starts
        self._requests = requests
        self._written = written
        self._read = 0  # of what was written, as far as the bot has found it

    def get_time(self) -> datetime:
        """Return the script's time."""
        return self._starts + timedelta(seconds=self.seconds)

    async def settle(self, **order: Any) -> EndOfTurn:
        """Let the bot react until it only waits for time to pass; answer all that it requests."""
        while True:
            ended = await self.turn(**order)
            order = {}
            request = self._requests.release_next()
            if request is None and self._written() == self._read:
                return ended
            if request is None:
                continue
            await _deliver()
            while not request.answered.is_set():  # more than the sockets hold at once
                await self.turn()
                await _deliver()

    async def turn(self, **order: Any) -> EndOfTurn:
        """Let the bot do what it can with what it has."""
        if self.channel is None:
            raise BotGoneError("there is no bot")
        await _deliver()
        self._read = self._written()
        ended = await self.channel.turn(self.seconds, **order)
        # Code that sleeps without `await` takes the whole bot's time.
        self.seconds = max(self.seconds, min(ended.seconds, self.seconds + 86_400))
        await _deliver()
        return ended

    async def pass_time(
        self, turn_end: EndOfTurn, until: float, enough: Callable[[EndOfTurn], bool]
    ) -> EndOfTurn:
        """Go from timer to timer, until `until` (the play's seconds) or until it is `enough`."""
        while not enough(turn_end):
            due = turn_end.next_timer
            if due is None or due > until:
                break
            self.seconds = max(self.seconds, due)
            turn_end = await self.settle()
        return turn_end

    async def wait(self, seconds: float) -> None:
        """Let so many seconds pass, with all that falls due on the way."""
        until = self.seconds + seconds
        await self.pass_time(await self.settle(), until, lambda _ended: False)
        self.seconds = max(self.seconds, until)
        await self.settle()


async def _deliver() -> None:
    for _ in range(_LOOP_TURNS):
        await asyncio.sleep(0)
