"""Lets a script's bot react, turn by turn, and advances the script's time."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from theseus_rehearsal._control import BotGoneError, ControlChannel, EndOfTurn
from theseus_rehearsal._requests import RequestQueue

# What the bot wrote before the end of its turn is in our sockets' buffers, and our data for it is
# sent at once. After a few turns of our own loop, all of it has been delivered.
_LOOP_TURNS = 8


class BotDriver:
    """The script's time and its bot. `seconds` have passed since the start of the script.

    `written` returns how much the gateway has written to the bot.
    """

    def __init__(
        self, starts: datetime, requests: RequestQueue, written: Callable[[], int]
    ) -> None:
        self.seconds = 0.0
        self.channel: ControlChannel | None = None
        self._starts = starts
        self._requests = requests
        self._written = written
        self._read = 0  # the part of `written` that the bot has read

    def now(self) -> datetime:
        """Return the script's time."""
        return self._starts + timedelta(seconds=self.seconds)

    async def settle(self, **order: Any) -> EndOfTurn:
        """Let the bot react until it only waits for time to pass; answer all its requests."""
        while True:
            turn_end = await self.turn(**order)
            order = {}
            request = self._requests.release_next()
            if request is None and self._written() == self._read:
                return turn_end
            if request is None:
                continue
            await _deliver()
            while not request.answered.is_set():  # more data than the sockets hold at once
                await self.turn()
                await _deliver()

    async def turn(self, **order: Any) -> EndOfTurn:
        """Let the bot do what it can now. Raises `BotGoneError`."""
        if self.channel is None:
            raise BotGoneError("there is no bot")
        await _deliver()
        self._read = self._written()
        turn_end = await self.channel.turn(self.seconds, **order)
        # Blocking sleeps in the bot's code advance the time for the whole bot.
        self.seconds = max(self.seconds, min(turn_end.seconds, self.seconds + 86_400))
        await _deliver()
        return turn_end

    async def pass_time(
        self, turn_end: EndOfTurn, until: float, enough: Callable[[EndOfTurn], bool]
    ) -> EndOfTurn:
        """Advance from timer to timer, up to `until` (script seconds) or until it is `enough`."""
        while not enough(turn_end):
            due = turn_end.next_timer
            if due is None or due > until:
                break
            self.seconds = max(self.seconds, due)
            turn_end = await self.settle()
        return turn_end

    async def wait(self, seconds: float) -> None:
        """Let so many seconds pass, with all timers that become due."""
        until = self.seconds + seconds
        await self.pass_time(await self.settle(), until, lambda _ended: False)
        self.seconds = max(self.seconds, until)
        await self.settle()


async def _deliver() -> None:
    for _ in range(_LOOP_TURNS):
        await asyncio.sleep(0)
