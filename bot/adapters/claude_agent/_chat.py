"""The claude companion: a program kept warm for each channel people talk in, and few of them."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from bot.adapters.claude_agent._chat_desk import ChatDesk
from bot.adapters.claude_agent._chat_seat import ChatSeat
from bot.adapters.claude_agent._program import Claude
from bot.domain.errors import AgentError
from bot.domain.roles import Role
from bot.ports.clock import Clock
from bot.ports.companion import Growing, Hands, Said, Turn
from bot.ports.journal import Journal
from bot.ports.memory import MemoryBook
from bot.prompts import Prompts

_LOOKS = 20  # at what idles, in the time something may idle


@dataclass(frozen=True)
class ChatDoors:
    """What a companion works with besides the model. Borrowed, for as long as it lives."""

    prompts: Prompts
    journal: Journal
    memory: MemoryBook
    clock: Clock


class ClaudeCompanion:
    """Implements `bot.ports.companion.Companion`.

    At most `channels` programs run at a time: where another is needed, the one nobody has talked to
    for longest is ended, or waited for where all of them are talking. After `idle` one is ended.
    """

    def __init__(
        self, claude: Claude, doors: ChatDoors, role: Role, *, channels: int, idle: timedelta
    ) -> None:
        self._claude = claude
        self._doors = doors
        self._role = role
        self._channels = channels
        self._idle = idle.total_seconds()
        self._seats: OrderedDict[int, ChatSeat] = OrderedDict()  # longest unused first
        self._freed = asyncio.Condition()
        self._ended = False

    @property
    def name(self) -> str:
        """Return the engine and model, for people and the journal."""
        return f"claude ({self._role.model})"

    @property
    def warm(self) -> tuple[int, ...]:
        """Return the channels a program is running for, longest unused first."""
        return tuple(channel for channel, seat in self._seats.items() if seat.warm)

    async def talk(self, turn: Turn, hands: Hands) -> AsyncGenerator[Growing | Said, None]:
        """Answer one message; see the door."""
        try:
            async with (
                self._seat(turn.channel_id) as seat,
                aclosing(seat.talk(turn, hands)) as answer,
            ):
                async for each in answer:
                    yield each
        except AgentError as error:
            if self._ended:  # nobody failed: whoever asked ends too, and is answered after it
                raise asyncio.CancelledError from error
            raise

    async def hush(self) -> None:
        """End all programs at once; turns under way fail, and later ones begin afresh."""
        await asyncio.gather(*(seat.end() for seat in list(self._seats.values())))

    async def run_forever(self) -> None:
        """End programs nobody talks to any more, until cancelled; then all of them."""
        try:
            while True:
                await self._doors.clock.sleep(self._idle / _LOOKS)
                await self._close_idle()
        finally:
            self._ended = True
            for seat in self._seats.values():
                await seat.end()

    async def _close_idle(self) -> None:
        since = self._doors.clock.monotonic() - self._idle
        async with self._freed:
            for channel, seat in list(self._seats.items()):
                if not seat.users and seat.used_at <= since:
                    del self._seats[channel]
                    await seat.close()
            self._freed.notify_all()

    @asynccontextmanager
    async def _seat(self, channel_id: int) -> AsyncIterator[ChatSeat]:
        async with self._freed:
            while (seat := await self._free_seat(channel_id)) is None:
                await self._freed.wait()
            seat.users += 1
            self._seats.move_to_end(channel_id)
        try:
            yield seat
        finally:
            seat.users -= 1
            async with self._freed:
                self._freed.notify_all()

    async def _free_seat(self, channel_id: int) -> ChatSeat | None:
        """Return the channel's seat, making room for one; `None` while everybody is talking."""
        if channel_id in self._seats:
            return self._seats[channel_id]
        if len(self._seats) >= self._channels:
            unused = next((each for each, seat in self._seats.items() if not seat.users), None)
            if unused is None:
                return None
            await self._seats.pop(unused).close()
        doors = self._doors
        desk = ChatDesk(doors.journal, doors.memory)
        seat = ChatSeat(channel_id, self._claude, self._role, doors.prompts, desk, doors.clock)
        self._seats[channel_id] = seat
        return seat
